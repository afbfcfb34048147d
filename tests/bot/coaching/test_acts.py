"""What a person has done themselves, what somebody or something else did, and what no act is."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.crm.providers import native
from bot.runtime.parts import Parts
from coach.events import AUTOMATION, Event, Owner
from coach.models import Verb
from storage import people
from storage.tables import activities, insights
from tests.together import World
from tests.world import (
    ANA,
    BEGINNING,
    BEN,
    EMAILS,
    WORKSPACE,
    batch,
    deliver,
    enrol,
    insights_of,
    standings,
    store,
    told,
    won,
)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def read(body: dict[str, Any]) -> Event:
    (event,) = native.parse(json.dumps(body).encode(), "k", BEGINNING).events
    return event


@pytest.mark.parametrize(
    ("actor", "own"),
    [
        (None, True),
        (EMAILS[ANA], True),
        ({"email": EMAILS[ANA], "type": "user"}, True),
        ({}, True),
        (EMAILS[BEN], False),
        ({"email": "nobody@elsewhere.example"}, False),
        ({"id": "77"}, False),
        ("Ana Ruiz", True),
        ("Ben Okafor", False),
        ("workflow", False),
        ("api", False),
        ({"type": "automation", "email": EMAILS[ANA]}, False),
    ],
)
async def test_who_did_it_decides_whether_the_answer_waits_for_work(
    sqlite_parts: Parts, actor: Any, own: bool
) -> None:
    parts = sqlite_parts
    ana = await enrol(parts, ANA)
    await enrol(parts, BEN)
    parts.clock.advance(12 * HOUR)  # type: ignore[attr-defined]
    now = parts.clock.now()
    await deliver(parts, {**won(at=now), "actor": actor})
    assert await standings(parts, ana) == ["due" if own else "hours"]


async def test_who_did_it_is_kept_with_what_happened_and_nobody_is_made_of_it(
    parts: Parts,
) -> None:
    await enrol(parts, ANA)
    for n, actor in enumerate((None, "workflow", {"email": "X@Elsewhere.example"}, 77)):
        await deliver(parts, {**won(f"D-{n}"), "actor": actor})
    async with parts.database.read() as tx:
        query = select(activities.c.actor).order_by(activities.c.deal_id)
        assert list((await tx.execute(query)).scalars()) == [
            None, AUTOMATION, "email:x@elsewhere.example", "id:77",
        ]  # fmt: skip
    async with parts.database.read() as tx:
        counts = await people.enrolled_counts(tx, WORKSPACE)
    assert sum(counts.values()) == 1


def test_the_minimal_form_names_an_actor_too() -> None:
    given = {"action": "deal_closed", "entity_type": "deal", "entity_id": "D-1"}
    for body in (
        {**given, "actor": "automation", "metadata": {"won": True}},
        {**given, "metadata": {"won": True, "actor": "automation"}},
    ):
        event = read(body)
        assert (event.actor, event.details) == (AUTOMATION, None)
    person = {**given, "metadata": {"won": True, "actor": {"name": "Ana Ruiz"}}}
    assert read(person).actor == Owner(name="Ana Ruiz")


@pytest.mark.parametrize("odd", [1.5, [], [1], True])
def test_an_actor_that_is_nobody_is_no_reason_to_refuse_an_event(odd: object) -> None:
    assert read({**won(), "actor": odd}).verb is Verb.DEAL_CLOSED


# Bulk


def forty(first: int = 0, last: int = 40, at: datetime = BEGINNING) -> list[dict[str, Any]]:
    """Deals that were won, each with a client of its own."""
    return [{**won(f"D-{n}", at=at), "id": f"w{n}"} for n in range(first, last)]


async def test_forty_deals_won_in_one_go_speak_once_in_the_digest(world: World) -> None:
    # On a Monday: without more a referral would be asked for three days long.
    world.clock.advance(5 * DAY)
    await world.post(batch(*forty(at=world.clock.now())))
    await world.settle()
    assert world.messages(ANA) == []
    for _ in range(16):
        await world.pass_time(6 * HOUR)
        await world.settle()
    assert world.messages(ANA) == []
    for _ in range(4):
        await world.pass_time(3 * HOUR)
    (digest,) = world.texts(ANA)
    assert digest == "Worth a look when you have time: 40 things"
    for _ in range(20):
        await world.pass_time(12 * HOUR)
    assert len(world.posts(ANA)) == 1


async def test_forty_deals_in_two_pieces_are_one_card_at_most(world: World) -> None:
    await world.post(batch(*forty(0, 2)))
    await world.settle()
    world.clock.advance(timedelta(seconds=8))
    await world.post(batch(*forty(2)))
    await world.settle()
    for _ in range(10):
        await world.pass_time(2 * MINUTE)
        await world.settle()
    assert len(world.posts(ANA)) == 1


async def test_when_it_was_told_is_kept_however_late_it_is_worked_on(
    sqlite_parts: Parts,
) -> None:
    parts = sqlite_parts
    await enrol(parts, ANA)
    await store(parts, won())
    parts.clock.advance(MINUTE)  # type: ignore[attr-defined]
    await deliver(parts)
    async with parts.database.read() as tx:
        told_at = (await tx.execute(select(insights.c.told_at))).scalar_one()
    assert told_at == BEGINNING


async def test_one_answer_to_many_tasks_done_at_once_is_no_card(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    ana = await enrol(parts, ANA)
    next_ = {"id": "T-x", "title": "Next", "priority": "urgent", "due_date": "2026-11-30"}
    await deliver(parts, told("task_created", task=next_))
    tasks = [
        {**told("task_completed", task={"id": f"T-{n}", "title": f"T {n}"}), "id": f"t{n}"}
        for n in range(5)
    ]
    await deliver(parts, batch(*tasks))
    assert len(await insights_of(parts, ana)) == 1
    assert await standings(parts, ana) == ["bulk"]
