"""Who removes the app hears nothing more, has a month to come back, and is forgotten whole then."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bot.coaching import departing
from bot.coaching.departing import GRACE
from bot.slack.installed import NotInstalledError
from coach.models import Enrolment
from storage import connections, departures, installations, people, workspaces
from storage.workspaces import Workspace
from tests.bot.slack.oauth_stand_in import Office, Team, running_office
from tests.world import native, store, won

ACME, ZEBRA = Team("T0ACME", "Acme"), Team("T0ZEBRA", "Zebra")
GRID = Team("E0GRID", "Grid", whole=True)
SECOND = timedelta(seconds=1)
STEADY = ("people", "connections", "activities", "deals", "contacts")


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    async with running_office(database_url) as made:
        yield made


def removed(team_id: str, type: str = "app_uninstalled") -> dict[str, object]:
    event: dict[str, object] = {"type": type}
    if type == "tokens_revoked":
        event["tokens"] = {"bot": ["UBOT"], "oauth": []}
    return {"type": "event_callback", "team_id": team_id, "event": event}


async def kept(office: Office, workspace_id: str) -> Workspace:
    async with office.bot.parts.database.read() as tx:
        found = await workspaces.get(tx, workspace_id)
    assert found is not None
    return found


async def furnish(office: Office, workspace_id: str, how_many: int = 3) -> None:
    """People, a CRM and a past."""
    parts, now = office.bot.parts, office.clock.now()
    async with parts.database.write() as tx:
        crm = native(workspace_id=workspace_id, token=f"token-of-{workspace_id}")
        await connections.save(tx, parts.seal, crm, now)
        for number in range(how_many):
            person = await people.ensure_slack_user(
                tx, workspace_id, f"U{number}", now, parts.new_id, "Ana"
            )
            await people.enrol(
                tx, workspace_id, person.id, Enrolment.STARTED, only_from=[Enrolment.NEW]
            )
    for number in range(how_many):
        await store(parts, won(f"D-{number}"), workspace=workspace_id)
    async with asyncio.timeout(30):
        while (await count(office, workspace_id))["activities"] < how_many:
            parts.wake.worker.set()
            await asyncio.sleep(0.01)


async def had(office: Office, workspace_id: str) -> dict[str, int]:
    """The same of what the bot does not add to by itself."""
    found = await count(office, workspace_id)
    return {name: found[name] for name in STEADY}


async def count(office: Office, workspace_id: str) -> dict[str, int]:
    """How many rows each table has of a workspace."""
    async with office.bot.parts.database.read() as tx:
        return {
            table.name: (
                await tx.execute(select(func.count()).where(table.c.workspace_id == workspace_id))
            ).scalar_one()
            for table in departures.OF_A_WORKSPACE
        }


@pytest.mark.parametrize("type", ["app_uninstalled", "tokens_revoked"])
async def test_the_token_goes_at_once_and_everything_else_stays_for_a_month(
    office: Office, type: str
) -> None:
    acme, zebra = await office.install(ACME), await office.install(ZEBRA)
    await furnish(office, acme)
    before = await had(office, acme)
    assert await office.slack_sends(removed(ACME.id, type)) == 200
    left = await kept(office, acme)
    assert left.slack_error is not None
    assert (left.left_at, left.delete_at) == (office.clock.now(), office.clock.now() + GRACE)
    slack, parts = office.bot.slack, office.bot.parts
    assert slack is not None
    with pytest.raises(NotInstalledError):
        await slack.of(acme)
    async with parts.database.read() as tx:
        assert await installations.get(tx, parts.seal, ACME.id) is None
    assert (await slack.of(zebra)).team_id == ZEBRA.id
    office.clock.advance(GRACE - SECOND)
    assert await departing.delete_due(parts) == 0
    assert await had(office, acme) == before
    # Installed again, it has all of it back, and nothing is deleted any more.
    assert await office.install(ACME) == acme
    back = await kept(office, acme)
    assert (back.slack_error, back.left_at, back.delete_at) == (None, None, None)
    assert (await slack.of(acme)).team_id == ACME.id
    office.clock.advance(GRACE)
    assert await departing.delete_due(parts) == 0
    assert await had(office, acme) == before


async def test_after_a_month_all_of_it_is_deleted_and_nothing_of_another(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    acme, zebra = await office.install(ACME), await office.install(ZEBRA)
    for each in (acme, zebra):
        await furnish(office, each, 5)
    others = await had(office, zebra)
    await office.slack_sends(removed(ACME.id))
    office.clock.advance(GRACE)
    parts = office.bot.parts
    with caplog.at_level(logging.INFO, "bot.coaching.departing"):
        assert await departing.delete_due(parts, together=2) == 1
    assert f"deleted the workspace {acme}" in caplog.text
    assert set((await count(office, acme)).values()) == {0}
    assert await had(office, zebra) == others
    async with parts.database.read() as tx:
        assert await workspaces.get(tx, acme) is None
    assert await departing.delete_due(parts) == 0
    # Who comes back later begins anew.
    assert await office.install(ACME) not in {acme, zebra, workspaces.DEFAULT}


async def test_who_comes_back_while_it_is_deleted_begins_anew(office: Office) -> None:
    acme, parts = await office.install(ACME), office.bot.parts
    await furnish(office, acme)
    await office.slack_sends(removed(ACME.id))
    office.clock.advance(GRACE)
    now = office.clock.now()
    async with parts.database.write() as tx:
        (found,) = await departures.due(tx, now)
        assert await departures.begin(tx, found, now + departing.TURN)
        # Of several who found it one has the turn.
        assert not await departures.begin(tx, found, now + departing.TURN)
    again = await office.install(ACME)
    assert again != acme
    assert await departing.delete_due(parts) == 0
    # Who had the turn has died in it: another goes on, and touches nothing of what is new.
    office.clock.advance(departing.TURN)
    assert await departing.delete_due(parts) == 1
    assert set((await count(office, acme)).values()) == {0}
    assert (await kept(office, again)).team_id == ACME.id


async def test_a_team_of_an_organisation_leaves_alone_and_the_organisation_with_all(
    office: Office,
) -> None:
    await office.install(GRID)
    opened = {"type": "app_home_opened", "user": "U1", "tab": "home"}
    for team in ("T0ONE", "T0TWO"):
        body = {"type": "event_callback", "team_id": team, "enterprise_id": GRID.id}
        assert await office.slack_sends({**body, "event": opened}) == 200
    one, two = await office.workspace("T0ONE"), await office.workspace("T0TWO")
    slack = office.bot.slack
    assert slack is not None
    await office.slack_sends({**removed("T0ONE"), "enterprise_id": GRID.id})
    with pytest.raises(NotInstalledError):
        await slack.of(one)
    assert (await slack.of(two)).team_id == "T0TWO"
    await office.slack_sends({**removed(GRID.id), "enterprise_id": GRID.id})
    assert (await kept(office, two)).delete_at == office.clock.now() + GRACE
    with pytest.raises(NotInstalledError):
        await slack.of(two)
    assert await office.workspace(GRID.id) == ""
    await office.install(GRID)
    assert (await slack.of(two)).team_id == "T0TWO"
    assert (await kept(office, two)).delete_at is None


async def test_what_is_the_operators_own_is_not_deleted(office: Office) -> None:
    parts = office.bot.parts
    async with parts.database.write() as tx:
        await workspaces.change(tx, workspaces.DEFAULT, team_id=ACME.id)
    assert await office.install(ACME) == workspaces.DEFAULT
    await office.slack_sends(removed(ACME.id))
    left = await kept(office, workspaces.DEFAULT)
    assert (left.left_at, left.delete_at) == (office.clock.now(), None)
    office.clock.advance(GRACE)
    assert await departing.delete_due(parts) == 0
    assert await office.install(ACME) == workspaces.DEFAULT


async def test_nobody_else_can_have_a_workspace_deleted(office: Office) -> None:
    acme = await office.install(ACME)
    for body in (
        removed("T0OTHER"),
        {**removed("T0OTHER"), "enterprise_id": "E0OTHER"},
        removed("E0OTHER"),
    ):
        assert await office.slack_sends(body) == 200
    assert (await kept(office, acme)).left_at is None
