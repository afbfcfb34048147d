"""What is muted is not spoken of, not counted and not listed, until then or for good."""

from datetime import datetime, timedelta

import pytest

from bot.coaching import attending, following, muting, ticking
from bot.coaching.muting import Choice
from bot.coaching.permission import Refusal
from bot.playground.slack.api import words_of
from bot.runtime.parts import Parts
from coach.history import Mute
from coach.models import Insight, InsightState, Person
from coach.muting import mute_of
from coach.screens import Control
from coach.wording import plain
from tests.bot.coaching.test_decisions import overdue, use
from tests.bot.coaching.test_following import late
from tests.bot.coaching.test_ticking import DAY, lead, open_deal, pass_time
from tests.together import World
from tests.world import (
    ANA,
    BEGINNING,
    BEN,
    WORKSPACE,
    by,
    deliver,
    enrol,
    insights_of,
    standing,
    told,
    won,
)

LEADS = Choice("rule:stale_leads")


async def open_ones(parts: Parts, person: Person) -> list[Insight]:
    return [each for each in await insights_of(parts, person) if each.state is InsightState.OPEN]


async def messages_of(parts: Parts, person: Person) -> list[str]:
    return [plain(each.message) for each in await open_ones(parts, person)]


async def mute(parts: Parts, what: str, until: datetime | None = None, name: str = "x") -> None:
    await muting.mute(parts, by(ANA), Choice(what, name), until)
    await attending.turn(parts)


async def refused(parts: Parts, what: str) -> str:
    with pytest.raises(Refusal) as error:
        await muting.unmute(parts, by(ANA), what)
    return plain(error.value.said)


async def test_a_list_leaves_out_what_is_muted_and_does_not_count_it(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    names = ["Ann", "Bob", "Cem", "Dee", "Eve"]
    await deliver(parts, *(lead(f"C-{n}", name) for n, name in enumerate(names)))
    await mute(parts, "contact:native:C-1", name="Bob")
    assert (await ticking.tick(parts)).insights == 1
    (said,) = await messages_of(parts, ana)
    assert "Ann, Cem, Dee and 1 more haven't" in said


async def test_what_is_said_already_of_a_list_follows_at_once_and_ends_when_all_is_muted(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, lead("C-1", "Ann"), lead("C-2", "Bob"), lead("C-3", "Cem"))
    await ticking.tick(parts)
    await mute(parts, "contact:native:C-2", name="Bob")
    (said,) = await messages_of(parts, ana)
    assert "Ann and Cem haven't" in said
    await mute(parts, "contact:native:C-1", name="Ann")
    (insight,) = await open_ones(parts, ana)
    assert "Cem hasn't" in plain(insight.message)
    # The last one is what it is about by itself.
    await mute(parts, "contact:native:C-3", name="Cem")
    (insight,) = await insights_of(parts, ana)
    assert (insight.state, plain(insight.outcome or insight.reason)) == (
        InsightState.MUTED,
        "Muted: Cem",
    )
    # Taken back, it is open again, with what is not muted.
    await muting.unmute(parts, by(ANA), "contact:native:C-3")
    (insight,) = await open_ones(parts, ana)
    assert "Cem hasn't" in plain(insight.message)


async def test_a_muted_kind_is_answered_at_once_and_nothing_of_it_comes_or_is_listed(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, lead("C-1", "Ann"), open_deal("D-1"))
    await ticking.tick(parts)
    await mute(parts, LEADS.what)
    states = {each.rule: each.state for each in await insights_of(parts, ana)}
    assert states == {"stale_leads": InsightState.MUTED, "stuck_deals": InsightState.OPEN}
    for _ in range(3):
        pass_time(parts, DAY)
        await ticking.tick(parts)
        await attending.turn(parts)
    new = [each for each in await open_ones(parts, ana) if each.rule == "stale_leads"]
    assert {await standing(parts, each.fingerprint) for each in new} <= {"muted"}
    listed = await following.pending(parts, WORKSPACE, ana.id)
    assert {each.rule for each in listed} == {"stuck_deals"}


async def test_a_muted_deal_is_not_spoken_of_by_any_rule_and_leaves_its_place_to_others(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, *(open_deal(f"D-{n}", value=900 - n) for n in range(3)))
    await mute(parts, "deal:native:D-0", name="Deal D-0")
    await ticking.tick(parts)
    assert {each.subject for each in await open_ones(parts, ana)} == {
        "deal:native:D-1",
        "deal:native:D-2",
    }
    # Won, it would be an occasion to ask for a referral.
    await deliver(parts, won("D-0"))
    (referral,) = [each for each in await open_ones(parts, ana) if each.rule == "referral_ask"]
    assert await standing(parts, referral.fingerprint) == "muted"


async def test_what_is_one_thing_is_offered_first_and_of_a_list_its_kind(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, open_deal("D-1"), lead("C-1", "Ann"))
    await ticking.tick(parts)
    first = {}
    for each in await open_ones(parts, ana):
        _, found = await muting.choices(parts, by(ANA), each.fingerprint)
        first[each.rule] = [one.what for one in found][:2]
    assert first == {
        "stuck_deals": ["deal:native:D-1", "rule:stuck_deals"],
        "stale_leads": ["rule:stale_leads", "contact:native:C-1"],
    }


async def test_muted_until_then_it_comes_again_by_itself(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, open_deal("D-1"))
    until = parts.clock.now() + 2 * DAY
    await mute(parts, "deal:native:D-1", until)
    assert (await ticking.tick(parts)).insights == 0
    pass_time(parts, 2 * DAY - timedelta(minutes=1))
    assert (await ticking.tick(parts)).insights == 0
    assert await muting.of(parts, WORKSPACE, ana.id)
    pass_time(parts, timedelta(minutes=1))
    assert (await ticking.tick(parts)).insights == 1
    assert await muting.of(parts, WORKSPACE, ana.id) == []
    assert await refused(parts, "deal:native:D-1") == "This is not muted any more."


async def test_taken_back_it_is_open_again_in_time_and_expired_after_it(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, lead("C-1", "Ann"), lead("C-2", "Bob"))
    await ticking.tick(parts)
    (before,) = await open_ones(parts, ana)
    await mute(parts, LEADS.what)
    await muting.undo(parts, by(ANA), before.fingerprint)
    assert await open_ones(parts, ana) == [before]
    with pytest.raises(Refusal, match="not muted any more"):
        await muting.undo(parts, by(ANA), before.fingerprint)
    await mute(parts, LEADS.what)
    pass_time(parts, 2 * DAY)
    await muting.unmute(parts, by(ANA), LEADS.what)
    (after,) = await insights_of(parts, ana)
    assert after.state is InsightState.EXPIRED
    assert (await ticking.tick(parts)).insights == 1


async def test_until_then_what_it_ended_is_open_again_as_if_it_were_taken_back(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, won("D-1"), lead("C-1", "Ann"), lead("C-2", "Bob"))
    await ticking.tick(parts)
    until = parts.clock.now() + 2 * DAY
    await mute(parts, "rule:referral_ask", until)
    await mute(parts, LEADS.what, until)
    assert await open_ones(parts, ana) == []
    pass_time(parts, 2 * DAY)
    await ticking.tick(parts)
    states = {each.rule: each.state for each in reversed(await insights_of(parts, ana))}
    # A referral is of use for three days; of the leads it is said anew.
    assert states == {"referral_ask": InsightState.OPEN, "stale_leads": InsightState.OPEN}
    ended = [each for each in await insights_of(parts, ana) if each.state is InsightState.EXPIRED]
    assert [each.rule for each in ended] == ["stale_leads"]


async def test_what_was_done_of_a_list_before_it_was_muted_is_said_again_after_it(
    parts: Parts,
) -> None:
    insight = await overdue(parts)
    await use(parts, insight, Control.COMPLETE_TASK, "T-0")
    await mute(parts, "rule:overdue_tasks")
    await muting.unmute(parts, by(ANA), "rule:overdue_tasks")
    (after,) = await insights_of(parts, await enrol(parts, ANA))
    assert (after.state, after.progress) == (InsightState.OPEN, (1, 3))


async def test_a_muted_task_is_not_recommended_and_stands_in_no_others_way(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    at = parts.clock.now()
    for number, day in ((1, "26"), (2, "27"), (3, "28")):
        task = {"id": f"T-{number}", "title": f"Task {number}", "priority": "high"}
        await deliver(parts, told("task_created", task={**task, "due_date": f"2026-11-{day}"}))
    await mute(parts, "task:native:T-1", name="Task 1")
    done = {"id": "T-9", "title": "Call", "status": "completed"}
    await deliver(parts, told("task_completed", task=done, at=at))
    (next_,) = await open_ones(parts, ana)
    assert plain(next_.message) == "Nice work! Next priority: Task 2"
    # It is still the first of those that count.
    assert await following.pending(parts, WORKSPACE, ana.id) == [next_]


async def test_what_is_muted_twice_stays_so_until_both_are_taken_back(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, open_deal("D-1"))
    await ticking.tick(parts)
    await mute(parts, "deal:native:D-1")
    await mute(parts, "rule:stuck_deals")
    await muting.unmute(parts, by(ANA), "deal:native:D-1")
    assert await open_ones(parts, ana) == []
    await muting.unmute(parts, by(ANA), "rule:stuck_deals")
    assert len(await open_ones(parts, ana)) == 1


async def test_what_one_person_mutes_others_hear(parts: Parts) -> None:
    ana, ben = await enrol(parts, ANA), await enrol(parts, BEN)
    await deliver(parts, lead("C-1", "Ann"), lead("C-2", "Bob", owner=BEN))
    await mute(parts, LEADS.what)
    await mute(parts, "contact:native:C-2")
    await ticking.tick(parts)
    await attending.turn(parts)
    assert len(await following.pending(parts, WORKSPACE, ben.id)) == 1
    assert await following.pending(parts, WORKSPACE, ana.id) == []
    (other,) = await insights_of(parts, ben)
    with pytest.raises(Refusal, match="somebody else"):
        await muting.choices(parts, by(ANA), other.fingerprint)


async def test_a_brief_says_what_was_muted_in_it_and_takes_it_back(world: World) -> None:
    await world.post(late(2))
    await world.settle()
    await world.tick()
    await world.settle()
    (message,) = world.messages(ANA)
    await world.slack.press(ANA, message.ts, action_id="insight:menu", choose="mute")
    await world.settle()
    view = world.slack.top_view(ANA)
    assert view is not None
    options = view["blocks"][1]["element"]["options"]
    assert [each["text"]["text"] for each in options] == ["Overdue tasks", "Task T-0", "Task T-1"]
    answer = await world.slack.submit(ANA, view["id"], {"day": "2026-11-30"})
    assert answer.ok
    await world.settle()
    (message,) = world.messages(ANA)
    assert "Muted until Mon 30 Nov, 09:00: Overdue tasks" in words_of(message)
    assert "insight:take" not in str(message.blocks)
    await world.slack.press(ANA, message.ts, label="Undo")
    await world.settle()
    (message,) = world.messages(ANA)
    assert "You have 2 overdue tasks" in words_of(message)
    assert "insight:take" in str(message.blocks)
    await world.slack.press(ANA, message.ts, label="Undo", stale=True)
    await world.settle()
    assert "not muted any more" in words_of(world.messages(ANA)[-1])


async def test_what_is_not_true_any_more_is_not_open_again(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, open_deal("D-1"))
    await ticking.tick(parts)
    await mute(parts, "rule:stuck_deals")
    moved = {"id": "D-1", "stage": "Negotiation"}
    await deliver(parts, told("deal_stage_changed", deal=moved, at=parts.clock.now()))
    await muting.unmute(parts, by(ANA), "rule:stuck_deals")
    (after,) = await insights_of(parts, ana)
    assert after.state is InsightState.RESOLVED


async def test_nobody_takes_back_what_another_has_muted(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await enrol(parts, BEN)
    await deliver(parts, open_deal("D-1"))
    await ticking.tick(parts)
    await mute(parts, "rule:stuck_deals")
    (silent,) = await insights_of(parts, ana)
    with pytest.raises(Refusal, match="somebody else"):
        await muting.undo(parts, by(BEN), silent.fingerprint)
    assert await muting.of(parts, WORKSPACE, ana.id)


def test_of_several_mutes_the_longest_counts() -> None:
    soon, late = Mute("rule:a", BEGINNING + DAY), Mute("deal:c:1", BEGINNING + 2 * DAY)
    names = {"rule:a", "deal:c:1", "deal:c:2"}
    assert mute_of(names, [soon, late], BEGINNING) == late
    assert mute_of(names, [late, Mute("deal:c:2")], BEGINNING) == Mute("deal:c:2")
    assert mute_of({"rule:a"}, [soon, late], BEGINNING + DAY) is None
