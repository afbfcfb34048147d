"""Why something was sent away counts once, for its person, and its message says what it changes."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.coaching import attending, decisions, muting, snoozing, ticking, tuning, undoing
from bot.coaching.muting import Choice
from bot.coaching.permission import Refusal
from bot.playground.slack.api import words_of
from bot.runtime.parts import Parts
from coach.models import Dismissed, Insight, InsightState, Often
from coach.phrases import say
from coach.wording import Voice, plain
from storage import insights, people, sayings
from storage.tables import insights as insights_table
from storage.tables import mutes as mutes_table
from tests.bot.coaching.test_decisions import all_at_once, overdue, referral, stuck
from tests.together import World
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
    standing,
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
        await sayings.said(tx, WORKSPACE, [insight.fingerprint], "card", parts.clock.now())


def line(insight: Insight) -> str:
    """What its message says of it."""
    return plain(insight.outcome, MADRID) if insight.outcome else ""


async def muted(parts: Parts) -> list[str]:
    async with parts.database.read() as tx:
        return list((await tx.execute(select(mutes_table.c.what))).scalars())


async def stored(parts: Parts, insight: Insight) -> Insight:
    async with parts.database.read() as tx:
        found = await insights.get(tx, WORKSPACE, insight.fingerprint)
    assert found is not None
    return found


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
    # What is open of it says so, and Undo has it open again.
    assert await standing(parts, all_[6].fingerprint) == "muted"
    undone = await undoing.undo(parts, by(ANA), sixth.fingerprint)
    assert (undone.insight.state, undone.insight.dismissed_as) == (InsightState.OPEN, None)
    assert await muted(parts) == []
    assert (await stored(parts, all_[6])).state is InsightState.OPEN


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
        "The CRM says: Acme – no value, Stage: Proposal, for 21 days; "
        "Ann – Customer, Never contacted in 35 days. "
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
    # It is put off as by its menu, so that takes it back, as it was.
    with pytest.raises(Refusal, match="put this off since"):
        await undoing.undo(parts, by(ANA), insight.fingerprint)
    back = await snoozing.undo(parts, by(ANA), insight.fingerprint)
    assert (back.snoozed_until, back.expires_at) == (None, insight.expires_at)
    assert not back.can_be_undone(parts.clock.now())


async def test_a_bad_time_for_what_is_over_by_now_or_muted_since_brings_nothing_back(
    sqlite_parts: Parts,
) -> None:
    parts = sqlite_parts
    insight = await referral(parts)
    await pass_time(parts, insight.expires_at - BEGINNING - timedelta(minutes=1))
    await decisions.dismiss(parts, by(ANA), insight.fingerprint)
    await pass_time(parts, timedelta(minutes=2))
    over = await tuning.explain(parts, by(ANA), insight.fingerprint, Dismissed.BAD_TIMING)
    assert over.state is InsightState.DISMISSED
    assert line(over).startswith("Its time is up, so it does not come back.")
    now = parts.clock.now()
    await deliver(parts, won("D-2", contact="Bo Cox", at=now))
    another = (await insights_of(parts, await enrol(parts, ANA)))[0]
    await decisions.dismiss(parts, by(ANA), another.fingerprint)
    await muting.mute(parts, by(ANA), Choice("rule:referral_ask"), None)
    silent = await tuning.explain(parts, by(ANA), another.fingerprint, Dismissed.BAD_TIMING)
    assert (silent.state, line(silent)) == (InsightState.MUTED, "Muted: Referrals")


async def test_what_stands_of_a_kind_that_is_stopped_says_so_and_undo_has_it_back(
    world: World,
) -> None:
    for number in (1, 2):
        await world.post(won(f"D-{number}", contact=f"Client {number}", at=world.clock.now()))
        await world.settle()
        await world.pass_time(timedelta(minutes=2))
    first, second = world.messages(ANA)
    # A third one waits for its turn.
    await world.post(won("D-3", contact="Client 3", at=world.clock.now()))
    await world.settle()
    await world.slack.press(ANA, first.ts, label="Dismiss")
    await world.settle()
    (gone,) = [each for each in await world.insights(ANA) if each.dismissed]
    stop = f"stop_kind:{gone.fingerprint}"
    await world.slack.press(ANA, first.ts, action_id="insight:why_not", choose=stop)
    await world.settle()
    first, second, *rest = world.messages(ANA)
    assert "you hear nothing of it any more" in words_of(first)
    assert words_of(second).startswith("Muted: Referrals")
    assert "insight:take" not in str([each.blocks for each in world.messages(ANA)])
    await world.pass_time(timedelta(minutes=3))
    assert [each.ts for each in world.messages(ANA)] == [each.ts for each in (first, second, *rest)]
    await world.slack.press(ANA, first.ts, label="Undo")
    await world.settle()
    await world.pass_time(timedelta(minutes=2))
    texts = [words_of(each) for each in world.messages(ANA)]
    assert sum("insight:take" in str(each.blocks) for each in world.messages(ANA)) == 3, texts
    assert len({each.ts for each in world.messages(ANA)}) == 3


async def test_what_was_muted_before_it_was_stopped_stays_so_when_that_is_taken_back(
    sqlite_parts: Parts,
) -> None:
    parts = sqlite_parts
    insight = await referral(parts)
    await decisions.dismiss(parts, by(ANA), insight.fingerprint)
    await muting.mute(parts, by(ANA), Choice("rule:referral_ask"), None)
    await pass_time(parts, timedelta(minutes=1))
    await tuning.explain(parts, by(ANA), insight.fingerprint, Dismissed.STOP_KIND)
    undone = await undoing.undo(parts, by(ANA), insight.fingerprint)
    assert await muted(parts) == ["rule:referral_ask"]
    # It would be open again, had it not been muted since.
    assert undone.insight.state is InsightState.MUTED
    assert plain(undone.said or say("")) == (
        "Undone. The advice is not open again: you have muted it."
    )
    await muting.unmute(parts, by(ANA), "rule:referral_ask")
    assert (await stored(parts, insight)).state is InsightState.OPEN


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
