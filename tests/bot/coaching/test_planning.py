"""Checks made afterwards: for a new rule, in a rolling deploy, and when settings change."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update

from bot.coaching import enrolling, planning, ticking
from bot.coaching.checking import GONE
from bot.runtime.parts import Parts
from coach import engine
from coach.backlogs import QUIET
from coach.engine import time_rules
from coach.models import Contact, Settings, SubjectKind
from coach.wording import plain
from storage import check_plans, merging, mirror, rounds
from storage.tables import check_plans as plans_table
from storage.tables import checks as checks_table
from storage.tables import rounds as rounds_table
from tests.bot.coaching.test_ticking import LONG_AGO, lead, open_deal, pass_time, tick_after
from tests.world import (
    ANA,
    BEGINNING,
    BEN,
    CONNECTION,
    WORKSPACE,
    by,
    deliver,
    enrol,
    insights_of,
)

DAY = timedelta(days=1)


def older(parts: Parts, *lacks: str) -> Parts:
    """A version that does not know these rules yet."""
    known = {name: rule for name, rule in parts.rules.items() if name not in lacks}
    return replace(parts, rules=known)


async def announce(parts: Parts) -> None:
    async with parts.database.write() as tx:
        await planning.announce(parts, tx)


async def unfinished(parts: Parts) -> check_plans.Plan | None:
    async with parts.database.read() as tx:
        return await check_plans.unfinished(tx, parts.rules)


async def never_heard_of(parts: Parts, rule: str) -> None:
    """Let the database be one in which there has never been this rule."""
    async with parts.database.write() as tx:
        for table in (plans_table, checks_table, rounds_table):
            await tx.execute(delete(table).where(table.c.rule == rule))


async def check_count(parts: Parts, rule: str) -> int:
    async with parts.database.read() as tx:
        query = select(func.count()).where(checks_table.c.rule == rule)
        return int((await tx.execute(query)).scalar_one())


# A new rule


async def test_a_rule_that_is_new_gets_the_checks_of_what_was_there_before_it(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    await never_heard_of(parts, "stuck_deals")
    before = older(parts, "stuck_deals")
    await deliver(before, open_deal("D-1"), open_deal("D-2", since=BEGINNING))
    assert (await ticking.tick(parts)).due == 0
    await announce(parts)
    assert (await ticking.tick(parts)).due == 0
    # What it finds was so before: that comes in one summary, once all of it is there.
    assert (await tick_after(parts, QUIET)).due == 1
    assert [each.rule for each in await insights_of(parts, ana)] == ["stuck_deals"]
    assert await check_count(parts, "stuck_deals") == 2


async def test_many_checks_are_made_page_by_page_and_the_rule_speaks_when_all_are_there(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    await never_heard_of(parts, "stale_leads")
    count = 2 * planning.PAGE + 345
    leads = [
        Contact(
            CONNECTION, f"C-{n:05}", f"L{n:05}", status="LEAD", person_id=ana.id,
            silent_since=LONG_AGO,
        )
        for n in range(count)
    ]  # fmt: skip
    async with parts.database.write() as tx:
        await mirror.save(tx, WORKSPACE, leads)
    await announce(parts)
    now = parts.clock.now()
    for page in (1, 2):
        assert await planning.plan_some(parts, now)
        assert await check_count(parts, "stale_leads") == page * planning.PAGE
        async with parts.database.read() as tx:
            assert await rounds.due(tx, time_rules(parts.rules), now, 9) == []
    await ticking.tick(parts)
    await tick_after(parts, QUIET)
    (insight,) = await insights_of(parts, ana)
    assert f" and {count - 3:,} more haven't " in plain(insight.message)


async def test_a_start_later_looks_through_nothing_again(parts: Parts) -> None:
    await enrol(parts, ANA)
    await deliver(parts, open_deal("D-1"))
    await never_heard_of(parts, "stuck_deals")
    await announce(parts)
    assert await unfinished(parts) is not None
    await ticking.tick(parts)
    assert await unfinished(parts) is None
    await announce(parts)
    assert await unfinished(parts) is None


async def test_an_empty_workspace_has_nothing_to_be_made(parts: Parts) -> None:
    assert await unfinished(parts) is None


async def test_what_cannot_be_read_is_passed_by_and_kept_while_the_others_get_their_checks(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, *(open_deal(f"D-{n}") for n in range(3)))
    await never_heard_of(parts, "stuck_deals")
    deals = mirror.TABLES[SubjectKind.DEAL]
    async with parts.database.write() as tx:
        await tx.execute(update(deals).where(deals.c.id == "D-1").values(status="eaten"))
    await announce(parts)
    now = parts.clock.now()
    while await planning.plan_some(parts, now):
        pass
    async with parts.database.read() as tx:
        rows = (await tx.execute(select(checks_table).order_by(checks_table.c.subject_id))).all()
    assert [(row.subject_id, row.person_id, row.error) for row in rows] == [
        ("D-0", ana.id, None),
        ("D-1", ana.id, "ValueError: 'eaten' is not a valid DealStatus"),
        ("D-2", ana.id, None),
    ]


# Two versions at once


async def test_an_older_version_leaves_the_rounds_of_a_rule_it_does_not_know(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, open_deal("D-1"))
    assert (await ticking.tick(older(parts, "stuck_deals"))).due == 0
    assert (await ticking.tick(parts)).due == 1
    assert len(await insights_of(parts, ana)) == 1


async def test_what_an_older_version_takes_in_the_newer_rule_is_asked_about(
    parts: Parts,
) -> None:
    ana, ben = await enrol(parts, ANA), await enrol(parts, BEN)
    before = older(parts, "stuck_deals", "stale_leads")
    await deliver(parts, open_deal("D-kept"))
    await deliver(
        before,
        open_deal("D-old"),
        open_deal("D-young", since=BEGINNING),
        lead("C-1", "Ann"),
        lead("C-young", "Bob", BEGINNING),
        # What was known of it no longer holds: it is Ben's now.
        open_deal("D-kept", owner=BEN),
    )
    await ticking.tick(before)
    assert await insights_of(parts, ana) == []
    await ticking.tick(parts)
    found = await insights_of(parts, ana)
    assert [each.subject for each in found if each.rule == "stuck_deals"] == ["deal:native:D-old"]
    assert [plain(each.message) for each in found if each.rule == "stale_leads"] == [
        "Warm lead going cold: Ann hasn't been contacted in 21 days."
    ]
    assert [each.subject for each in await insights_of(parts, ben)] == ["deal:native:D-kept"]
    # The young ones have the checks they should have.
    assert (await tick_after(parts, 9 * DAY)).due >= 1
    later = [plain(each.message) for each in await insights_of(parts, ana)]
    assert "Warm leads going cold: Bob and Ann haven't been contacted in 9+ days." in later


async def test_a_rule_that_is_gone_for_long_costs_nothing_and_begins_anew_when_it_returns(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, open_deal("D-1", since=BEGINNING))
    without = older(parts, "stuck_deals")
    pass_time(parts, GONE + timedelta(seconds=1))
    await deliver(without, open_deal("D-2"))
    assert await check_count(parts, "stuck_deals") == 1
    assert (await tick_after(without, 30 * DAY)).due == 0
    async with parts.database.read() as tx:
        rules = {each.rule for each in await check_plans.announced(tx, WORKSPACE)}
    assert rules == engine.time_rules(without.rules).keys()
    await announce(parts)
    await ticking.tick(parts)
    await tick_after(parts, QUIET)
    found = await insights_of(parts, ana)
    assert sorted(each.subject for each in found) == ["deal:native:D-1", "deal:native:D-2"]


# Settings


async def test_a_threshold_moves_the_checks_of_its_own_rule_only(parts: Parts) -> None:
    await enrol(parts, ANA)
    await deliver(parts, open_deal("D-1", since=BEGINNING), lead("C-1", "Ann", BEGINNING))

    async def moments() -> dict[str, datetime]:
        async with parts.database.read() as tx:
            found = await tx.execute(select(checks_table.c.rule, checks_table.c.due_at))
            return {row[0]: row[1] for row in found}

    before = await moments()
    settings = Settings(stuck_deal_days=2)
    await enrolling.save_settings(parts, by(ANA), settings)
    plan = await unfinished(parts)
    assert plan is not None
    assert plan.rule == "stuck_deals"
    await ticking.tick(parts)
    after = await moments()
    assert after["stuck_deals"] == BEGINNING + 2 * DAY < before["stuck_deals"]
    assert after["stale_leads"] == before["stale_leads"]
    async with parts.database.read() as tx:
        left = select(func.count()).where(plans_table.c.person_id != "")
        assert (await tx.execute(left)).scalar_one() == 0


async def test_two_people_who_turn_out_to_be_one_are_looked_at_once_with_all_their_things(
    parts: Parts,
) -> None:
    ana, ben = await enrol(parts, ANA), await enrol(parts, BEN)
    await deliver(parts, lead("C-1", "Ann"), lead("C-2", "Bob", owner=BEN))
    async with parts.database.write() as tx:
        await merging.merge(tx, WORKSPACE, gone=ben.id, into=ana.id)
    await ticking.tick(parts)
    assert [plain(each.message) for each in await insights_of(parts, ana)] == [
        "Warm leads going cold: Ann and Bob haven't been contacted in 21 days."
    ]
