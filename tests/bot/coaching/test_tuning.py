"""Why something was sent away counts once, for its person, and its message says what it changes."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.coaching import attending, decisions, ticking, tuning, undoing
from bot.coaching.permission import Refusal
from bot.runtime.parts import Parts
from coach.models import Dismissed, Insight, InsightState, Often
from coach.wording import Voice, plain
from storage import insights, people
from storage.tables import insights as insights_table
from storage.tables import mutes as mutes_table
from tests.bot.coaching.test_decisions import all_at_once, overdue, referral, stuck
from tests.world import (
    ANA,
    BEGINNING,
    BEN,
    WORKSPACE,
    FixedClock,
    by,
    connect,
    deliver,
    enrol,
    insights_of,
    native,
    told,
    won,
)

MADRID = Voice(time_zone="Europe/Madrid")


async def dismiss(parts: Parts, insight: Insight, why: Dismissed) -> Insight:
    """Send it away and say why."""
    await say_sent(parts, insight)
    await decisions.dismiss(parts, by(ANA), insight.fingerprint)
    return await tuning.explain(parts, by(ANA), insight.fingerprint, why)


async def say_sent(parts: Parts, insight: Insight) -> None:
    """Its message stands in Slack."""
    async with parts.database.write() as tx:
        await insights.said(tx, WORKSPACE, [insight.fingerprint], "card", parts.clock.now())


def line(insight: Insight) -> str:
    """What its message says of it."""
    return plain(insight.outcome, MADRID) if insight.outcome else ""


async def muted(parts: Parts) -> list[str]:
    async with parts.database.read() as tx:
        return list((await tx.execute(select(mutes_table.c.what))).scalars())


async def pass_time(parts: Parts, by_: timedelta) -> None:
    assert isinstance(parts.clock, FixedClock)
    parts.clock.advance(by_)


async def referrals(parts: Parts, count: int) -> list[Insight]:
    """So many insights of one kind, one after the other."""
    await connect(parts, native())
    ana = await enrol(parts, ANA)
    for number in range(count):
        await pass_time(parts, timedelta(minutes=1))
        at = parts.clock.now()
        await deliver(parts, won(f"D-{number}", contact=f"Client {number}", at=at))
    found = await insights_of(parts, ana)
    return [each for each in reversed(found) if each.rule == "referral_ask"]


async def verdict(parts: Parts, insight: Insight) -> tuple[str, str]:
    """Attention's last word on it."""
    table = insights_table
    query = select(table.c.verdict, table.c.verdict_reason).where(
        table.c.fingerprint == insight.fingerprint
    )
    async with parts.database.read() as tx:
        found = (await tx.execute(query)).one()
    return found[0], found[1]


async def test_not_relevant_three_times_running_is_for_the_digest_and_six_times_muted(
    parts: Parts,
) -> None:
    all_ = await referrals(parts, 7)
    lines = [line(await dismiss(parts, each, Dismissed.NOT_RELEVANT)) for each in all_[:3]]
    assert lines == [
        "Not relevant. After 2 times more in a row, “Referrals” interrupts you no more.",
        "Not relevant. After 1 time more in a row, “Referrals” interrupts you no more.",
        "Not relevant 3 times running. “Referrals” comes in your digest from now on.",
    ]
    while await attending.turn(parts):
        pass
    assert await verdict(parts, all_[6]) == ("digest", "not_relevant")
    assert await muted(parts) == []
    for each in all_[3:5]:
        await dismiss(parts, each, Dismissed.NOT_RELEVANT)
    sixth = await dismiss(parts, all_[5], Dismissed.NOT_RELEVANT)
    assert line(sixth) == (
        "Not relevant 6 times running. “Referrals”: you hear nothing of it any more."
    )
    assert await muted(parts) == ["rule:referral_ask"]
    while await attending.turn(parts):
        pass
    assert await verdict(parts, all_[6]) == ("hold", "muted")
    # Undo takes all of it back.
    undone = await undoing.undo(parts, by(ANA), sixth.fingerprint)
    assert (undone.insight.state, undone.insight.dismissed_as) == (InsightState.OPEN, None)
    assert await muted(parts) == []


async def test_without_a_digest_it_is_not_said_that_it_comes_there(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    all_ = await referrals(parts, 3)
    async with parts.database.write() as tx:
        await people.change(tx, WORKSPACE, all_[0].person_id, digest=Often.OFF.value)
    lines = [line(await dismiss(parts, each, Dismissed.NOT_RELEVANT)) for each in all_]
    assert lines[2].endswith("“Referrals” comes no more by itself: `/coach insights` shows it.")


async def test_done_already_is_no_dismissal_for_the_gaps(parts: Parts) -> None:
    insight = await overdue(parts)
    done = await dismiss(parts, insight, Dismissed.ALREADY_DONE)
    assert line(done).startswith("Counted as done. The CRM may not know it yet")
    async with parts.database.read() as tx:
        past = await insights.past(
            tx, WORKSPACE, ["overdue_tasks"], [insight.person_id], parts.clock.now()
        )
    ((earlier,),) = past.values()
    assert (earlier.taken, earlier.dismissed_at) == (True, None)


async def test_what_is_wrong_is_silent_until_it_changes_and_says_what_the_crm_says(
    parts: Parts,
) -> None:
    insight = await stuck(parts)
    wrong = await dismiss(parts, insight, Dismissed.WRONG_DATA)
    assert line(wrong) == (
        "The CRM says: Acme – no value, Stage: Proposal, for 21 days. "
        "Put it right there: until it changes, you hear nothing of it."
    )
    for _ in range(30):
        await pass_time(parts, timedelta(days=1))
        await ticking.tick(parts)
    ana = await enrol(parts, ANA)
    assert [each.rule for each in await insights_of(parts, ana)] == ["stuck_deals"]
    # In another stage it is another matter.
    deal = {"id": "D-1", "stage": "Prospecting"}
    await deliver(parts, told("deal_stage_changed", deal=deal, at=parts.clock.now()))
    for _ in range(30):
        await pass_time(parts, timedelta(days=1))
        await ticking.tick(parts)
    assert len(await insights_of(parts, ana)) > 1


async def test_a_bad_time_puts_it_off_until_the_next_day_of_work(parts: Parts) -> None:
    insight = await referral(parts)
    later = await dismiss(parts, insight, Dismissed.BAD_TIMING)
    assert later.state is InsightState.OPEN
    assert later.is_put_off(parts.clock.now())
    # A Wednesday: on Thursday at nine, in Madrid.
    assert str(later.snoozed_until) == "2026-11-26 08:00:00+00:00"
    assert later.expires_at > BEGINNING + timedelta(days=1, hours=4)
    undone = await undoing.undo(parts, by(ANA), insight.fingerprint)
    assert (undone.insight.state, undone.insight.snoozed_until) == (InsightState.OPEN, None)


async def test_a_kind_is_stopped_and_has_back_by_undo(parts: Parts) -> None:
    insight = await referral(parts)
    stopped = await dismiss(parts, insight, Dismissed.STOP_KIND)
    assert line(stopped) == "“Referrals”: you hear nothing of it any more."
    assert await muted(parts) == ["rule:referral_ask"]
    await undoing.undo(parts, by(ANA), insight.fingerprint)
    assert await muted(parts) == []


async def test_of_ten_reasons_at_once_one_counts(parts: Parts) -> None:
    insight = await referral(parts)
    await decisions.dismiss(parts, by(ANA), insight.fingerprint)
    results = await all_at_once(
        10,
        lambda: tuning.explain(parts, by(ANA), insight.fingerprint, Dismissed.ALREADY_DONE),
    )
    assert len([each for each in results if isinstance(each, Insight)]) == 1
    assert {str(each) for each in results if isinstance(each, Refusal)} == {
        "You have said already why you dismissed this."
    }


async def test_who_is_late_or_somebody_else_is_told_so(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    insight = await referral(parts)
    await enrol(parts, BEN)
    why = Dismissed.NOT_RELEVANT
    with pytest.raises(Refusal, match="not dismissed any more"):
        await tuning.explain(parts, by(ANA), insight.fingerprint, why)
    await decisions.dismiss(parts, by(ANA), insight.fingerprint)
    with pytest.raises(Refusal, match="for somebody else"):
        await tuning.explain(parts, by(BEN), insight.fingerprint, why)
    await pass_time(parts, timedelta(minutes=10))
    with pytest.raises(Refusal, match="more than ten minutes ago"):
        await tuning.explain(parts, by(ANA), insight.fingerprint, why)
