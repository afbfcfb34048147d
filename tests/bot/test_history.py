"""What history tells: since when a deal is in its stage, the way of stages, and what was taken."""

import itertools
from datetime import timedelta
from typing import Any

import pytest

from bot.coaching import decisions
from bot.runtime.parts import Parts
from coach.models import Deal, SubjectKind
from storage import insights, stages, visits
from tests.world import (
    ANA,
    BEGINNING,
    BEN,
    CONNECTION,
    EMAILS,
    WORKSPACE,
    by,
    deliver,
    enrol,
    insights_of,
    mirrored,
    told,
    won,
)

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


async def deal_of(parts: Parts) -> Deal:
    found = await mirrored(parts, SubjectKind.DEAL, "D-1")
    assert isinstance(found, Deal)
    return found


def at(hours_ago: int) -> str:
    """A time stamp of so many hours ago."""
    return (BEGINNING - hours_ago * HOUR).isoformat()


async def test_a_deal_first_heard_of_late_is_not_called_stuck_since_its_creation(
    parts: Parts,
) -> None:
    moved = {"id": "D-1", "stage": "Proposal", "created_at": (BEGINNING - 90 * DAY).isoformat()}
    await enrol(parts, ANA)
    await deliver(parts, told("deal_stage_changed", deal=moved))
    found = await deal_of(parts)
    assert found.created_at == BEGINNING - 90 * DAY
    assert found.stage_entered_at == BEGINNING


async def test_of_a_deal_that_is_only_told_to_be_in_a_stage_it_is_not_known_since_when(
    parts: Parts,
) -> None:
    worth = {"id": "D-1", "stage": "Proposal", "value": "10"}
    await deliver(parts, told("deal_amount_changed", deal=worth, at=BEGINNING - DAY))
    await deliver(parts, told("deal_amount_changed", deal=worth))
    found = await deal_of(parts)
    assert (found.stage_entered_at, found.stage_seen_at) == (None, BEGINNING - DAY)
    assert found.created_at is None
    await deliver(parts, told("deal_created", deal=worth, at=BEGINNING - 9 * DAY))
    found = await deal_of(parts)
    assert (found.stage_entered_at, found.stage_seen_at) == (BEGINNING - 9 * DAY, None)
    assert found.created_at == BEGINNING - 9 * DAY


async def test_a_newer_deal_told_before_an_older_word_keeps_its_stage_and_time(
    parts: Parts,
) -> None:
    created = (BEGINNING - 30 * DAY).isoformat()
    late = {"id": "D-1", "stage": "Proposal", "created_at": created}
    await deliver(parts, told("deal_stage_changed", deal=late, at=BEGINNING - HOUR))
    first = {"id": "D-1", "stage": "Qualified", "created_at": created}
    await deliver(parts, told("deal_created", deal=first, at=BEGINNING - 2 * DAY))
    found = await deal_of(parts)
    assert (found.stage, found.stage_entered_at) == ("Proposal", BEGINNING - HOUR)


WORDS: list[tuple[int, dict[str, Any]]] = [
    (9, {"stage": "Qualified", "title": "Acme"}),
    (7, {"stage": "Proposal"}),
    (5, {"stage": "Qualified", "value": "10"}),
    (3, {"title": "Acme renewal"}),
    (1, {"stage": "Negotiation"}),
]


@pytest.mark.parametrize("start", range(4))
async def test_the_mirror_is_the_same_for_every_order_of_deliveries(
    sqlite_parts: Parts, start: int
) -> None:
    """A way through all orders in four parts, each with deals of their own."""
    found = set()
    for order in itertools.islice(itertools.permutations(WORDS), start * 7, 120, 28):
        number = f"D-{order}"
        for ago, fields in order:
            event = told("deal_amount_changed", deal={"id": number, **fields})
            await deliver(sqlite_parts, {**event, "timestamp": at(ago)})
        deal = await mirrored(sqlite_parts, SubjectKind.DEAL, number)
        async with sqlite_parts.database.read() as tx:
            went = (await visits.load(tx, WORKSPACE, CONNECTION, [number]))[number]
        found.add((deal.stage, deal.title, deal.value, deal.stage_seen_at, tuple(went)))
    ((stage, title, _, seen_at, visits_found),) = found
    assert (stage, title, seen_at) == ("Negotiation", "Acme renewal", BEGINNING - HOUR)
    assert [each.stage for each in visits_found] == [
        "Qualified",
        "Proposal",
        "Qualified",
        "Negotiation",
    ]


async def test_stages_come_in_the_order_deals_go_through_them_however_often_they_are_told(
    parts: Parts,
) -> None:
    for hours_ago in range(30, 10, -1):
        told_again = told("deal_amount_changed", deal={"id": "D-1", "stage": "Qualified"})
        await deliver(parts, {**told_again, "timestamp": at(hours_ago)})
    for hours_ago, id, stage in ((9, "D-1", "Proposal"), (8, "D-2", "Proposal"), (7, "D-2", "Won")):
        event = told("deal_stage_changed", deal={"id": id, "stage": stage})
        await deliver(parts, {**event, "timestamp": at(hours_ago)})
    async with parts.database.read() as tx:
        assert await stages.of_deal(tx, WORKSPACE, Deal(CONNECTION, "D")) == [
            "Qualified",
            "Proposal",
            "Won",
        ]


async def test_a_contact_stays_its_owners_when_somebody_else_calls_them(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await enrol(parts, BEN)
    lead = {"id": "C-1", "name": "Bo", "status": "LEAD", "owner_email": EMAILS[ANA]}
    await deliver(parts, told("contact_created", contact=lead))
    await deliver(parts, told("call_logged", owner=BEN, contact={"id": "C-1"}))
    contact = await mirrored(parts, SubjectKind.CONTACT, "C-1")
    assert contact.person_id == ana.id
    assert contact.last_contacted_at == BEGINNING


async def test_what_was_taken_is_remembered_as_taken(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, won())
    (insight,) = await insights_of(parts, ana)
    task = {"title": "Ask Ann", "due_date": "2026-11-27", "priority": "high"}
    await decisions.submit(parts, by(ANA), insight.fingerprint, task)
    async with parts.database.read() as tx:
        past = await insights.past(tx, WORKSPACE, ["referral_ask"], [ana.id], parts.clock.now())
    (earlier,) = past["referral_ask", ana.id]
    assert earlier.taken
    assert earlier.dismissed_at is None
