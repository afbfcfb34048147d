"""Once a week a team's figures are looked at: what passes is told, and taken back when over."""

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot.coaching import decisions, pattern_turns, ticking
from bot.coaching.patterns import found_in
from bot.runtime.parts import Parts
from coach.models import Deal, DealStatus, Insight, InsightState, InsightType, Level, Person
from coach.phrases import from_json, say
from coach.screens import Control, Item
from coach.wording import plain
from storage import mirror, people, rounds
from storage import patterns as kept
from storage.patterns import Kept
from storage.tables import deals as deals_table
from storage.tables import pattern_turns as turns_table
from tests.world import (
    ANA,
    BEGINNING,
    BEN,
    CONNECTION,
    WORKSPACE,
    FixedClock,
    by,
    deliver,
    enrol,
    insights_of,
    running_parts,
)
from tests.world import told as told_event

DAY = timedelta(days=1)

#: Tuesday at nine in Madrid: work begins.
TUESDAY = datetime(2026, 12, 1, 8, tzinfo=UTC)


@pytest.fixture
async def parts(database_url: str) -> AsyncIterator[Parts]:
    async with running_parts(database_url) as made:
        yield made


async def team(parts: Parts, *, better: float = 0.65, old: int = 0) -> Person:
    """Ana among six, who win more of what comes by referral; she hears of everything."""
    ana = await enrol(parts, ANA, level=Level.ACTIVE.value)
    ids = [ana.id, *(f"p{number}" for number in range(5))]
    async with parts.database.write() as tx:
        others = [{"id": id, "name": id} for id in ids[1:]]
        await people.make(tx, WORKSPACE, others, parts.clock.now())
        await mirror.save(tx, WORKSPACE, history(ids, better, old))
        await rounds.enlist(tx, ["patterns"], parts.clock.now())
    return ana


def history(ids: list[str], better: float, old: int = 0) -> list[Deal]:
    draw = random.Random(3)
    found = []
    for number in range(360):
        created = BEGINNING - timedelta(days=draw.randrange(60, 400), minutes=number)
        is_referral = number % 4 == 0
        won = draw.random() < (better if is_referral else 0.2)
        found.append(
            Deal(
                CONNECTION,
                f"D-{number}",
                f"Deal {number}",
                status=DealStatus.WON if won else DealStatus.LOST,
                source="Referral" if is_referral else "Web",
                person_id=ids[number // 4 % len(ids)],
                created_at=created,
                closed_at=created + timedelta(days=draw.randrange(2, 50)),
            )
        )
    for number in range(old):
        since = BEGINNING - timedelta(days=200 + number)
        found.append(
            Deal(
                CONNECTION,
                f"O-{number}",
                f"Old {number}",
                stage="Offer",
                person_id=ids[0],
                created_at=since,
                stage_entered_at=since,
            )
        )
    return found


async def known(parts: Parts) -> dict[str, Kept]:
    async with parts.database.read() as tx:
        return await kept.of(tx, WORKSPACE)


async def due_at(parts: Parts) -> tuple[datetime, str | None]:
    async with parts.database.read() as tx:
        row = (await tx.execute(select(turns_table.c.due_at, turns_table.c.error))).one()
    return row.due_at, row.error


def at(parts: Parts, moment: datetime) -> None:
    clock = parts.clock
    assert isinstance(clock, FixedClock)
    clock.moment = moment


async def told(parts: Parts, ana: Person) -> list[Insight]:
    return [each for each in await insights_of(parts, ana) if each.rule == "patterns"]


async def test_what_passes_is_kept_and_told_once_as_the_week_has_begun(parts: Parts) -> None:
    ana = await team(parts)
    assert await pattern_turns.turn(parts)
    assert not await pattern_turns.turn(parts)
    assert (await due_at(parts))[0] == BEGINNING + 7 * DAY
    referral = next(each for each in (await known(parts)).values() if each.person_id is None)
    assert referral.pattern == "won_by_source"
    await ticking.tick(parts)
    assert await told(parts, ana) == []
    at(parts, TUESDAY)
    await ticking.tick(parts)
    (insight,) = await told(parts, ana)
    assert insight.type is InsightType.PATTERN
    assert insight.state is InsightState.OPEN
    assert "; everything else: " in plain(insight.message)
    # In the same week nothing more is told, whatever else was found.
    at(parts, TUESDAY + 2 * DAY)
    await ticking.tick(parts)
    assert len(await told(parts, ana)) == 1


async def test_what_something_surer_tells_as_well_holds_on(parts: Parts) -> None:
    await team(parts)
    found = await found_in(parts.database, WORKSPACE, BEGINNING)
    others = [each for each in found.candidates if each.is_told]
    assert others
    before = [replace(each, held_by=None) if each in others else each for each in found.candidates]
    said = pattern_turns.followed(replace(found, candidates=before), {}, BEGINNING)
    assert len(said) == len(others) + sum(each.passed for each in found.candidates)
    now = pattern_turns.followed(found, {each.key: each for each in said}, BEGINNING + 7 * DAY)
    assert [each.gone_at for each in now] == [None] * len(said)
    # It is no news, though.
    anew = pattern_turns.followed(found, {}, BEGINNING)
    assert len(anew) == len(said) - len(others)


async def test_what_its_two_sides_are_called_is_kept_with_its_figures(parts: Parts) -> None:
    await team(parts)
    found = await found_in(parts.database, WORKSPACE, BEGINNING)
    plainly = pattern_turns.followed(found, {}, BEGINNING)
    assert all("its" not in each.figures for each in plainly)
    pattern = found.patterns["won_by_source"]
    called = replace(pattern, sides=lambda looked: (say("these"), say("those")))
    found = replace(found, patterns={**found.patterns, "won_by_source": called})
    for each in pattern_turns.followed(found, {}, BEGINNING):
        sides = [each.figures["its"], each.figures["others"]]
        assert [plain(from_json(side)) for side in sides] == ["these", "those"]


async def test_with_nothing_to_find_nothing_is_kept(parts: Parts) -> None:
    await team(parts, better=0.2)
    assert await pattern_turns.turn(parts)
    assert await known(parts) == {}


async def test_what_later_deals_no_longer_show_is_taken_back_in_words(parts: Parts) -> None:
    ana = await team(parts)
    await pattern_turns.turn(parts)
    at(parts, TUESDAY)
    await ticking.tick(parts)
    (insight,) = await told(parts, ana)
    async with parts.database.write() as tx:
        # What was won by referral turns out to have been lost.
        lost = update(deals_table).where(deals_table.c.source == "Referral")
        await tx.execute(lost.values(status=DealStatus.LOST.value))
        lost = update(deals_table).where(deals_table.c.source != "Referral")
        await tx.execute(lost.values(status=DealStatus.LOST.value))
    at(parts, BEGINNING + 8 * DAY)
    assert await pattern_turns.turn(parts)
    assert {each.gone_at for each in (await known(parts)).values()} == {BEGINNING + 8 * DAY}
    (insight,) = await told(parts, ana)
    assert insight.state is InsightState.RESOLVED
    assert insight.outcome is not None
    assert plain(insight.outcome) == "Taken back: later deals no longer show it."


async def test_what_was_taken_back_is_not_said_again_before_half_a_year(parts: Parts) -> None:
    ana = await team(parts)
    await pattern_turns.turn(parts)
    async with parts.database.write() as tx:
        await tx.execute(update(deals_table).values(status=DealStatus.LOST.value))
    at(parts, BEGINNING + 8 * DAY)
    await pattern_turns.turn(parts)
    ids = [ana.id, *(f"p{number}" for number in range(5))]
    async with parts.database.write() as tx:
        await mirror.save(tx, WORKSPACE, history(ids, 0.65))
    at(parts, BEGINNING + 16 * DAY)
    await pattern_turns.turn(parts)
    assert {each.gone_at for each in (await known(parts)).values()} == {BEGINNING + 8 * DAY}
    again = BEGINNING + 190 * DAY
    at(parts, again)
    await pattern_turns.turn(parts)
    teams = [each for each in (await known(parts)).values() if each.person_id is None]
    assert {(each.found_at, each.gone_at) for each in teams if each.tested_at == again} == {
        (again, None)
    }


async def test_numbers_stay_as_they_were_said_while_it_holds(parts: Parts) -> None:
    await team(parts)
    await pattern_turns.turn(parts)
    before = await known(parts)
    async with parts.database.write() as tx:
        more = [
            replace(each, id=f"L-{each.id}", closed_at=BEGINNING + DAY)
            for each in history(["p0"], 0.65)[:3]
        ]
        await mirror.save(tx, WORKSPACE, more)
    at(parts, BEGINNING + 8 * DAY)
    await pattern_turns.turn(parts)
    after = await known(parts)
    for key, each in before.items():
        assert after[key].tested_at == BEGINNING + 8 * DAY
        assert (after[key].message, after[key].figures) == (each.message, each.figures)


async def test_old_deals_come_as_one_list_and_their_number_follows(parts: Parts) -> None:
    ana = await team(parts, better=0.2, old=12)
    await pattern_turns.turn(parts)
    at(parts, TUESDAY)
    await ticking.tick(parts)
    (insight,) = await told(parts, ana)
    assert plain(insight.message).startswith("12 of your 12 open deals are older than 49 days; ")
    assert insight.suggestion.action == "view_old_deals"
    assert insight.suggestion.params["count"] == 12


async def test_each_old_deal_is_seen_to_in_the_list_and_the_card_counts_what_is_left(
    parts: Parts,
) -> None:
    for stage, ago in (("Offer", 2), ("Talks", 1)):
        other = {"id": "D-x", "stage": stage}
        at_ = BEGINNING - ago * DAY
        await deliver(parts, told_event("deal_stage_changed", deal=other, at=at_))
    ana = await team(parts, better=0.2, old=12)
    await pattern_turns.turn(parts)
    at(parts, TUESDAY)
    await ticking.tick(parts)
    (insight,) = await told(parts, ana)
    opened = await decisions.open_screen(parts, by(ANA), insight.fingerprint)
    items = [each for each in opened.screen.elements if isinstance(each, Item)]
    # The oldest first.
    assert [each.ref.id for each in items][:2] == ["O-11", "O-10"]
    assert items[0].stages[:2] == ["Offer", "Talks"]
    refs = [each.ref for each in items]
    done = await decisions.use_control(
        parts, by(ANA), insight.fingerprint, Control.MOVE_DEAL, refs[0], "Talks", refs
    )
    (first, second, *_) = (each for each in done.screen.elements if isinstance(each, Item))
    assert (first.ref, first.controls) == (refs[0], ())
    assert second.controls == (Control.MOVE_DEAL,)
    (left,) = await told(parts, ana)
    assert left.state is InsightState.OPEN
    assert plain(left.message).startswith("11 of your 13 open deals are older than 49 days; ")
    assert left.progress == (1, 12)


async def test_of_several_processes_one_looks(parts: Parts) -> None:
    await team(parts)
    now = parts.clock.now()
    async with parts.database.write() as tx:
        first = await kept.claim(tx, WORKSPACE, now, now + DAY)
        second = await kept.claim(tx, WORKSPACE, now, now + DAY)
    assert first is not None
    assert second is None
    assert not await pattern_turns.turn(parts)
    # Whoever was too slow changes nothing any more.
    at(parts, now + 2 * DAY)
    assert await pattern_turns.turn(parts)
    async with parts.database.write() as tx:
        assert not await kept.is_ours(tx, first)
        await kept.again(tx, first, now)
    assert (await due_at(parts))[0] == now + 9 * DAY


async def test_a_team_with_nothing_to_count_is_asked_again_the_next_day(parts: Parts) -> None:
    await enrol(parts, BEN)
    assert await pattern_turns.turn(parts)
    assert await due_at(parts) == (BEGINNING + DAY, None)


async def test_what_fails_is_kept_and_tried_again_later(parts: Parts) -> None:
    await team(parts)
    async with parts.database.write() as tx:
        await tx.execute(update(deals_table).values(status="odd"))
    assert await pattern_turns.turn(parts)
    when, error = await due_at(parts)
    assert when == BEGINNING + timedelta(hours=1)
    assert error is not None
    assert "odd" in error
    at(parts, when)
    assert await pattern_turns.turn(parts)
    assert (await due_at(parts))[0] == when + timedelta(hours=2)
