"""Whoever has installed the app is greeted once, and sees each of the three steps done."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bot.slack import arriving
from coach.events import Owner
from storage import connections, owners, people
from storage.tables import messages
from tests.bot.slack.oauth_stand_in import Json, Office, Team, running_office
from tests.world import CONNECTION, native

ACME, ZEBRA = Team("T0ACME", "Acme", "U0INSTALLER"), Team("T0ZEBRA", "Zebra", "U0OTHER")
GRID = Team("E0GRID", "Grid", "U0INSTALLER", whole=True)
AT_FIRST = timedelta(seconds=10)


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    async with running_office(database_url) as made:
        yield made


def said(office: Office) -> list[tuple[str, Json]]:
    """What the team was told, by method."""
    return [
        (each.method, each.args)
        for each in office.teams.calls
        if each.method in {"chat.postMessage", "chat.update"}
    ]


async def until(office: Office, seen: Callable[[], bool]) -> None:
    """Wait until that is so, while the bot is told to look."""
    async with asyncio.timeout(30):
        while not seen():
            office.bot.parts.wake.ring({"greeting", "sender"})
            await asyncio.sleep(0.02)


async def rest(office: Office) -> None:
    """Let it look once more, whatever comes of it."""
    await arriving.greet_due(office.bot.parts)
    office.bot.parts.wake.sender.set()
    await asyncio.sleep(0.2)


async def greetings(office: Office) -> int:
    """How many there are, sent or to be sent."""
    async with office.bot.parts.database.read() as tx:
        query = select(func.count()).where(messages.c.kind == "arrival")
        return int((await tx.execute(query)).scalar_one())


def steps(told: Json) -> list[bool]:
    """Which of the steps are ticked."""
    blocks = json.loads(told["blocks"]) if isinstance(told["blocks"], str) else told["blocks"]
    texts = [each["text"]["text"] for each in blocks if each["type"] == "section"][1:]
    return [each.startswith(":white_check_mark:") for each in texts]


async def test_who_has_installed_it_is_greeted_once_and_nobody_else(office: Office) -> None:
    await office.install(ACME)
    await until(office, lambda: bool(said(office)))
    await office.install(ZEBRA)
    await until(office, lambda: len(said(office)) == 2)
    for _ in range(3):
        office.clock.advance(timedelta(hours=1))
        await rest(office)
    assert await greetings(office) == 2
    assert [(method, args["channel"]) for method, args in said(office)] == [
        ("chat.postMessage", ACME.installer),
        ("chat.postMessage", ZEBRA.installer),
    ]
    assert [steps(args) for _, args in said(office)] == [[False] * 3] * 2


async def test_each_step_is_ticked_when_it_is_done_and_then_it_is_left_alone(
    office: Office,
) -> None:
    workspace, parts = await office.install(ACME), office.bot.parts
    await until(office, lambda: bool(said(office)))
    crm = replace(native(), workspace_id=workspace)
    async with parts.database.write() as tx:
        await connections.save(tx, parts.seal, crm, office.clock.now())
        lee = Owner.of(email="lee@acme.example", name="Lee")
        assert lee is not None
        made = await owners.resolve(
            tx, workspace, CONNECTION, [lee], office.clock.now(), parts.new_id
        )
        await people.change(tx, workspace, made[lee], lookup_after=None)
    office.clock.advance(AT_FIRST)
    await until(office, lambda: len(said(office)) == 2)
    assert steps(said(office)[-1][1]) == [True, False, False]
    assert "1 owner in the CRM is nobody in Slack yet" in json.dumps(said(office)[-1][1])
    async with parts.database.write() as tx:
        await people.change(tx, workspace, made[lee], slack_user_id="U0LEE")
    pressed = {
        "type": "block_actions",
        "team": {"id": ACME.id},
        "user": {"id": ACME.installer, "name": "chris", "team_id": ACME.id},
        "trigger_id": "1.2",
        "response_url": f"{office.teams.url}/response/1",
        "container": {"type": "message", "message_ts": "1.1", "channel_id": "D0"},
        "actions": [{"type": "button", "action_id": "welcome:start", "block_id": "b"}],
    }
    assert await office.slack_sends(pressed, form=True) == 200
    office.clock.advance(AT_FIRST)
    await until(office, lambda: len(said(office)) >= 3)
    assert steps(said(office)[-1][1]) == [True, True, True]
    assert {method for method, _ in said(office)[1:]} == {"chat.update"}
    office.clock.advance(timedelta(days=1))
    assert await arriving.greet_due(parts) == 0
    # Installed again with all of it done, there is nothing to be greeted with.
    await office.install(ACME)
    await arriving.greet_due(parts)
    assert await greetings(office) == 1


async def test_who_is_missing_is_told_to_administrators_only(office: Office) -> None:
    workspace, parts = await office.install(ACME), office.bot.parts
    async with parts.database.write() as tx:
        lee = Owner.of(email="lee@acme.example", name="Lee Ray")
        assert lee is not None
        crm = replace(native(), workspace_id=workspace)
        await connections.save(tx, parts.seal, crm, office.clock.now())
        await owners.resolve(tx, workspace, CONNECTION, [lee], office.clock.now(), parts.new_id)
    for user, shown in ((ACME.installer, True), ("U0SOMEBODY", False)):
        pressed = {
            "type": "block_actions",
            "team": {"id": ACME.id},
            "user": {"id": user, "name": "chris", "team_id": ACME.id},
            "trigger_id": "1.2",
            "response_url": f"{office.teams.url}/response/1",
            "container": {"type": "message", "message_ts": "1.1", "channel_id": "D0"},
            "actions": [{"type": "button", "action_id": "arrival:people", "block_id": "b"}],
        }
        assert await office.slack_sends(pressed, form=True) == 200
        told = office.teams.asked("response_url")[-1].args
        assert ("Lee Ray" in json.dumps(told)) is shown


async def test_of_an_organisation_who_installed_it_is_greeted_when_a_team_first_speaks(
    office: Office,
) -> None:
    await office.install(GRID)
    await rest(office)
    assert said(office) == []
    body = {
        "type": "event_callback",
        "team_id": "T0ONE",
        "enterprise_id": GRID.id,
        "event": {"type": "app_home_opened", "user": "U1", "tab": "home"},
    }
    assert await office.slack_sends(body) == 200
    office.clock.advance(arriving.LATER)
    await until(office, lambda: bool(said(office)))
    assert [args["channel"] for _, args in said(office)] == [GRID.installer]


async def test_who_does_not_go_on_is_not_followed_for_ever(office: Office) -> None:
    await office.install(ACME)
    await until(office, lambda: bool(said(office)))
    office.clock.advance(arriving.ENOUGH + timedelta(days=1))
    await arriving.greet_due(office.bot.parts)
    office.clock.advance(timedelta(days=1))
    assert await arriving.greet_due(office.bot.parts) == 0
