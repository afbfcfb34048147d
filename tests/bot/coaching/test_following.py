"""What was said follows the CRM: it changes, ends or is never said, and a card shows it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.coaching import decisions, enrolling, following, ticking
from bot.coaching.adopting import adopt
from bot.coaching.permission import Refusal
from bot.playground.slack.api import words_of
from bot.runtime.parts import Parts
from coach.models import (
    Enrolment,
    Insight,
    InsightState,
    Level,
    MessageState,
    Person,
    Ref,
    SubjectKind,
)
from coach.screens import Control
from coach.truth import Standing, TruthLook
from coach.verdicts import Reason, Verdict
from coach.wording import plain
from storage import insights, messages, workspaces
from storage.tables import decisions as decisions_table
from storage.tables import insights as insights_table
from tests.bot.coaching.test_ticking import LONG_AGO, lead, open_deal, pass_time, task
from tests.together import World
from tests.world import (
    ANA,
    BEGINNING,
    BEN,
    CONNECTION,
    WORKSPACE,
    batch,
    by,
    deliver,
    enrol,
    insights_of,
    standings,
    store,
    things,
    told,
    won,
)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

OPEN = {"id": "D-1", "title": "Blue pilot", "status": "open", "stage": "Proposal"}


def late(count: int) -> dict[str, Any]:
    """So many tasks of Ana's that are overdue, in one request."""
    events = [{**task(f"T-{n}", f"2026-11-1{n}"), "id": f"made-{n}"} for n in range(count)]
    return batch(*events)


def done(id: str, at: datetime = BEGINNING, **more: Any) -> dict[str, Any]:
    """Somebody has completed a task in the CRM."""
    return told("task_completed", task={"id": id, "status": "completed", **more}, at=at)


def reopened(id: str = "D-1") -> dict[str, Any]:
    """A deal that was won is open once more."""
    deal = {"id": id, "status": "open", "stage": "Proposal"}
    return told("deal_updated", deal=deal, at=BEGINNING + timedelta(seconds=1))


def words(insight: Insight) -> str:
    """What an insight says, or has come to."""
    return plain(insight.outcome or insight.message)


def overdue(count: int) -> str:
    """What is said of so many tasks."""
    if count == 1:
        return "You have 1 overdue task. Let's get it done!"
    return f"You have {count} overdue tasks. Let's clear the backlog!"


async def the(parts: Parts, person: Person, rule: str) -> Insight:
    """The one insight of a rule."""
    (found,) = [each for each in await insights_of(parts, person) if each.rule == rule]
    return found


async def last_word(parts: Parts, insight: Insight) -> tuple[str, str]:
    """Attention's verdict on an insight, and why."""
    table = insights_table
    query = select(table.c.verdict, table.c.verdict_reason).where(
        table.c.fingerprint == insight.fingerprint
    )
    async with parts.database.read() as tx:
        verdict, reason = (await tx.execute(query)).one()
    return verdict, reason


def has_buttons(world: World, place: int = -1) -> bool:
    """Whether that card has any."""
    return any(block["type"] == "actions" for block in world.messages(ANA)[place].blocks)


# A card


async def test_a_card_counts_down_and_at_last_is_settled_by_itself(world: World) -> None:
    await world.as_it_comes(ANA)
    await world.post(late(5))
    await world.settle()
    await world.tick()
    (card,) = world.messages(ANA)
    assert card.text == f"Coach: {overdue(5)}"
    await world.post(done("T-0"))
    await world.settle()
    (card,) = world.messages(ANA)
    assert card.text == f"Coach: {overdue(4)}"
    assert "The oldest is “Task T-1”" in words_of(card)
    assert has_buttons(world)
    assert await things(world.parts, (await world.insights(ANA))[0]) == ["T-1", "T-2", "T-3", "T-4"]
    await world.post(batch(*({**done(f"T-{n}"), "id": f"d{n}"} for n in (1, 2, 3))))
    await world.settle()
    assert world.texts(ANA) == [f"Coach: {overdue(1)}"]
    await world.post(done("T-4"))
    await world.settle()
    (card,) = world.messages(ANA)
    assert card.text == "Coach: Done in the CRM: Task T-4."
    assert not has_buttons(world)
    (insight,) = await world.insights(ANA)
    assert insight.state is InsightState.RESOLVED
    # It was said: that stays attention's word on it.
    assert await last_word(world.parts, insight) == (Verdict.NOW, Reason.SAID)
    assert len(world.posts(ANA)) == 1


async def test_what_comes_up_after_it_was_settled_is_a_new_insight(sqlite_world: World) -> None:
    world = sqlite_world
    await world.as_it_comes(ANA)
    await world.post(late(1))
    await world.settle()
    await world.tick()
    await world.post(done("T-0"))
    await world.settle()
    await world.post(task("T-9", "2026-11-24"))
    await world.settle()
    # On the next morning: the day after tomorrow, as half a day is over only tonight.
    await world.pass_time(23 * HOUR)
    settled, new = world.messages(ANA)
    assert settled.text == "Coach: Done in the CRM: Task T-0."
    assert new.text == f"Coach: {overdue(1)}"
    states = [each.state for each in await world.insights(ANA)]
    assert states == [InsightState.OPEN, InsightState.RESOLVED]


async def test_with_another_date_it_is_about_the_task_as_it_is_now(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, late(1))
    await ticking.tick(parts)
    moved = {"id": "T-0", "due_date": "2026-11-12"}
    await deliver(parts, told("task_rescheduled", task=moved))
    said = await the(parts, ana, "overdue_tasks")
    assert plain(said.reason) == "It is “Task T-0”, due Thu 12 Nov, 13 days late."
    async with parts.database.read() as tx:
        found = await insights.subjects(tx, WORKSPACE, [said.fingerprint])
    assert [each.mark for each in found[said.fingerprint]] == ["2026-11-12"]


async def test_a_deal_that_is_won_again_on_the_same_day_is_a_new_insight(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    pass_time(parts, MINUTE)
    again = {**won(at=BEGINNING + MINUTE), "id": "won-again"}
    for happened in (won(), reopened(), again, {**again, "id": "echo"}):
        await deliver(parts, happened)
    states = sorted(each.state for each in await insights_of(parts, ana))
    assert states == [InsightState.OPEN, InsightState.RESOLVED]


async def test_what_waited_behind_a_settled_card_has_its_turn(sqlite_world: World) -> None:
    world = sqlite_world
    await world.post(won("D-1"))
    await world.settle()
    await world.post(won("D-2"))
    await world.settle()
    assert len(world.messages(ANA)) == 1
    await world.post(reopened())
    await world.settle()
    first, second = world.messages(ANA)
    assert first.text == "Coach: Acme renewal is not won any more."
    assert "for a referral" in second.text


async def test_a_press_on_a_settled_card_is_told_what_has_settled_it(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, won())
    insight = await the(parts, ana, "referral_ask")
    await deliver(parts, reopened())
    with pytest.raises(Refusal, match="Acme renewal is not won any more"):
        await decisions.dismiss(parts, by(ANA), insight.fingerprint)


# What was not said yet


async def test_a_due_one_is_taken_back_and_the_reason_kept(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, won())
    assert await standings(parts, ana) == ["due"]
    for bell in (parts.wake.sender, parts.wake.attention):
        bell.clear()
    await deliver(parts, reopened())
    insight = await the(parts, ana, "referral_ask")
    assert (insight.state, words(insight)) == (
        InsightState.RESOLVED,
        "Acme renewal is not won any more.",
    )
    async with parts.database.read() as tx:
        (message,) = await messages.showing(tx, WORKSPACE, insight.fingerprint)
        query = select(decisions_table.c.decision)
        assert list((await tx.execute(query)).scalars()) == ["resolved"]
    assert message.state is MessageState.WITHDRAWN
    assert await last_word(parts, insight) == (Verdict.DROP, Reason.UNTRUE)
    assert plain(Reason.UNTRUE.sentence) == "It was settled before it was said."
    # Nobody else would tell them that there is something to do.
    assert parts.wake.sender.is_set()
    assert parts.wake.attention.is_set()


async def test_a_held_one_is_dropped_and_never_said(sqlite_world: World) -> None:
    world = sqlite_world
    ben = await world.enrol(BEN, Enrolment.INVITED)
    await world.post(won(owner=BEN))
    await world.settle()
    assert await standings(world.parts, ben) == ["consent"]
    await world.post(reopened())
    await world.settle()
    await enrolling.turn_on(world.parts, by(BEN))
    await world.settle()
    assert world.messages(BEN) == []
    (insight,) = await world.insights(BEN)
    assert await last_word(world.parts, insight) == (Verdict.DROP, Reason.UNTRUE)


# What concerns it, though it is not about it


@pytest.mark.parametrize(
    ("rule", "happened", "title"),
    [
        ("referral_ask", won(), "Ask for a referral"),
        ("follow_up", told("deal_created", deal=OPEN), "Call"),
    ],
)
async def test_a_task_for_the_deal_settles_what_suggested_one(
    parts: Parts, rule: str, happened: dict[str, Any], title: str
) -> None:
    # No other rule has it asked about.
    parts = replace(parts, rules={rule: parts.rules[rule]})
    ana = await enrol(parts, ANA, level=Level.ACTIVE)
    other = told("task_created", task={"id": "T-0", "title": title, "deal_id": "D-9"})
    await deliver(parts, happened, other)
    assert (await the(parts, ana, rule)).state is InsightState.OPEN
    planned = {"id": "T-1", "title": title, "deal_id": "D-1"}
    await deliver(parts, told("task_created", task=planned, owner=BEN))
    assert words(await the(parts, ana, rule)) == f"Planned in the CRM: {title}."


async def test_what_is_not_the_first_any_more_is_not_called_so(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    for number, due in (("1", "2026-12-01"), ("2", "2026-12-02")):
        given = {"id": f"T-{number}", "title": f"Task {number}", "priority": "high"}
        await deliver(parts, told("task_created", task={**given, "due_date": due}, at=LONG_AGO))
    await deliver(parts, done("T-0", title="Small"))
    assert words(await the(parts, ana, "next_priority")) == "Nice work! Next priority: Task 1"
    renamed = {"id": "T-1", "title": "Call Ann"}
    await deliver(parts, told("task_updated", task=renamed))
    assert words(await the(parts, ana, "next_priority")) == "Nice work! Next priority: Call Ann"
    # By what is told of another one.
    moved = {"id": "T-2", "due_date": "2026-11-30"}
    at = BEGINNING + timedelta(seconds=1)
    await deliver(parts, told("task_rescheduled", task=moved, at=at))
    assert words(await the(parts, ana, "next_priority")) == "Task 2 comes first now."


async def test_what_becomes_somebody_elses_is_left_out(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await enrol(parts, BEN)
    await deliver(parts, lead("C-1", "Ann"), lead("C-2", "Bo"))
    await ticking.tick(parts)
    contact = {"id": "C-1", "owner_email": "ben@northwind.example"}
    await deliver(parts, told("contact_updated", contact=contact, owner=None))
    cold = "Warm lead going cold: Bo hasn't been contacted in 21 days."
    assert words(await the(parts, ana, "stale_leads")) == cold


async def test_with_whom_a_deal_was_won_is_no_warm_lead_any_more(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, lead("C-1", "Ann"), lead("C-2", "Bo"))
    await ticking.tick(parts)

    def closed(id: str, **more: Any) -> dict[str, Any]:
        deal = {"id": f"D-{id}", "title": "Pilot", "status": "won", "contact_id": id, **more}
        # Whoever won it.
        return told("deal_updated", deal=deal, owner=BEN, at=BEGINNING)

    await deliver(parts, closed("C-1"))
    cold = await the(parts, ana, "stale_leads")
    assert words(cold) == "Warm lead going cold: Bo hasn't been contacted in 21 days."
    assert cold.suggestion.params == {"contacts": [[CONNECTION, "C-2"]], "count": 1}
    await deliver(parts, closed("C-2"))
    assert words(await the(parts, ana, "stale_leads")) == "A client now: Bo."
    pass_time(parts, 2 * DAY)
    assert (await ticking.tick(parts)).due == 0
    # Undone, it is a lead that goes cold as before.
    undone = {"id": "D-C-2", "status": "open", "stage": "New"}
    await deliver(parts, told("deal_updated", deal=undone, at=BEGINNING + MINUTE))
    await ticking.tick(parts)
    again = [each for each in await insights_of(parts, ana) if each.state is InsightState.OPEN]
    assert [words(each) for each in again if each.rule == "stale_leads"] == [
        "Warm lead going cold: Bo hasn't been contacted in 23 days."
    ]


async def test_a_lead_whose_only_deal_is_lost_is_warm_no_more_until_it_is_opened_again(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, lead("C-1", "Ann"))
    await ticking.tick(parts)
    assert (await the(parts, ana, "stale_leads")).state is InsightState.OPEN
    deal = {"id": "D-1", "title": "Pilot", "contact_id": "C-1"}
    await deliver(parts, told("deal_closed", deal={**deal, "status": "lost"}, owner=BEN))
    over = "No longer warm, for their deals were lost: Ann."
    assert words(await the(parts, ana, "stale_leads")) == over
    pass_time(parts, 2 * DAY)
    await ticking.tick(parts)
    assert words(await the(parts, ana, "stale_leads")) == over
    at = BEGINNING + DAY
    reopened = {**deal, "status": "open", "stage": "Demo"}
    await deliver(parts, told("deal_updated", deal=reopened, at=at, owner=BEN))
    await ticking.tick(parts)
    latest = (await insights_of(parts, ana))[0]
    assert words(latest) == "Warm lead going cold: Ann hasn't been contacted in 23 days."


async def test_a_lead_whose_only_deal_is_lost_is_warm_again_with_another_one(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    lost = {"id": "D-1", "title": "Pilot", "contact_id": "C-1", "status": "lost"}
    await deliver(parts, lead("C-1", "Ann"), told("deal_closed", deal=lost, owner=BEN))
    await ticking.tick(parts)
    assert await insights_of(parts, ana) == []
    another = {"id": "D-2", "title": "Another", "contact_id": "C-1", "stage": "Demo"}
    await deliver(parts, told("deal_created", deal=another, owner=BEN))
    await ticking.tick(parts)
    assert words(await the(parts, ana, "stale_leads")) == (
        "Warm lead going cold: Ann hasn't been contacted in 21 days."
    )


async def test_deals_that_share_a_title_are_told_apart_in_what_is_said_anew(
    sqlite_parts: Parts,
) -> None:
    parts = sqlite_parts
    ana = await enrol(parts, ANA)
    await deliver(parts, open_deal("D-1", 100), open_deal("D-2", 90, BEGINNING))
    await ticking.tick(parts)
    renamed = {"id": "D-1", "title": "Deal D-2"}
    await deliver(parts, told("deal_updated", deal=renamed))
    said = await the(parts, ana, "stuck_deals")
    assert words(said).startswith("Deal “Deal D-2 (100)” has been in Proposal for")


# What the coach has done itself


async def complete(parts: Parts, insight: Insight, id: str) -> None:
    """Ana completes a task on the screen behind this insight."""
    await decisions.use_control(
        parts, by(ANA), insight.fingerprint, Control.COMPLETE_TASK, Ref(CONNECTION, id), None
    )


async def test_what_is_done_on_its_screen_settles_no_insight(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    given = {"id": "T-0", "title": "Task T-0", "priority": "high", "due_date": "2026-11-10"}
    await deliver(parts, told("task_created", task=given, at=LONG_AGO))
    await deliver(parts, done("T-5", title="Small"))
    insight = await the(parts, ana, "next_priority")
    await complete(parts, insight, "T-0")
    assert (await the(parts, ana, "next_priority")).state is InsightState.OPEN
    # The CRM tells of the change that we have made, and somebody asks for a list.
    echo = BEGINNING + MINUTE
    changed = {"id": "T-0", "status": "completed", "title": "Now T-0"}
    await deliver(parts, told("task_updated", task=changed, at=echo))
    (listed,) = await following.pending(parts, WORKSPACE, ana.id)
    assert listed.fingerprint == insight.fingerprint
    assert await decisions.leave(parts, by(ANA), insight.fingerprint)
    insight = await the(parts, ana, "next_priority")
    assert insight.state is InsightState.TAKEN
    assert "CRM" not in words(insight)


async def test_a_list_that_was_worked_off_here_is_taken_whatever_the_crm_tells_of_it(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, late(2))
    await ticking.tick(parts)
    insight = await the(parts, ana, "overdue_tasks")
    await complete(parts, insight, "T-0")
    assert plain((await the(parts, ana, "overdue_tasks")).message) == overdue(1)
    await complete(parts, insight, "T-1")
    echo = BEGINNING + MINUTE
    for id in ("T-0", "T-1"):
        changed = {"id": id, "status": "completed", "title": f"Now {id}"}
        await deliver(parts, told("task_updated", task=changed, at=echo))
    insight = await the(parts, ana, "overdue_tasks")
    assert insight.state is InsightState.TAKEN
    assert "CRM" not in words(insight)


async def test_another_insight_about_it_follows_and_does_not_say_that_the_crm_did_it(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    given = {"id": "T-0", "title": "Task T-0", "priority": "high", "due_date": "2026-11-10"}
    await deliver(parts, told("task_created", task=given, at=LONG_AGO))
    await deliver(parts, done("T-5", title="Small"))
    await ticking.tick(parts)
    next_ = await the(parts, ana, "next_priority")
    await complete(parts, next_, "T-0")
    other = await the(parts, ana, "overdue_tasks")
    assert (other.state, words(other)) == (InsightState.RESOLVED, "Done: Task T-0.")
    assert (await the(parts, ana, "next_priority")).state is InsightState.OPEN


async def test_the_task_that_was_asked_for_settles_only_others(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, won())
    insight = await the(parts, ana, "referral_ask")
    values = {"title": "Ask Ann for a referral", "priority": "high", "due_date": None}
    await decisions.submit(parts, by(ANA), insight.fingerprint, values)
    taken = await the(parts, ana, "referral_ask")
    assert taken.state is InsightState.TAKEN
    assert "Created the task" in words(taken)


async def test_what_was_said_of_the_double_of_our_task_is_said_of_ours(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    ana = await enrol(parts, ANA)
    # The CRM tells of the task that we have made before it has told us its name for it.
    given = {"title": "Ours", "priority": "high", "due_date": "2026-12-01"}
    await deliver(parts, told("task_created", task={"id": "remote", **given}))
    ours = {"id": "ours", **given, "due_date": "2026-12-02"}
    await deliver(parts, told("task_created", task=ours, at=LONG_AGO))
    await deliver(parts, done("T-5", title="Small"))
    said = await the(parts, ana, "next_priority")
    assert said.suggestion.params["task_id"] == "remote"
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, WORKSPACE)
        await adopt(parts, tx, WORKSPACE, CONNECTION, SubjectKind.TASK, "ours", "remote")
    said = await the(parts, ana, "next_priority")
    assert said.suggestion.params["task_id"] == "ours"
    assert await things(parts, said) == ["T-5", "ours"]


# Faults


async def test_a_rule_that_fails_over_it_stops_nothing(
    sqlite_parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: TruthLook) -> Standing:
        raise ZeroDivisionError

    rules = dict(sqlite_parts.rules)
    rules["referral_ask"] = replace(rules["referral_ask"], still_true=fail)
    parts = replace(sqlite_parts, rules=rules)
    ana = await enrol(parts, ANA)
    await deliver(parts, won("D-1"), won("D-2"))
    assert (await deliver(parts, reopened("D-1"))).failed == 0
    assert {each.state for each in await insights_of(parts, ana)} == {InsightState.OPEN}
    assert "referral_ask cannot tell whether" in caplog.text


# Time


async def test_what_lay_too_long_before_it_was_worked_on_is_not_said(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    given = {"id": "T-1", "title": "Call", "priority": "high"}
    await deliver(parts, told("task_created", task=given, at=LONG_AGO))
    await store(parts, done("T-0", title="Small"))
    pass_time(parts, HOUR)
    told_at = BEGINNING + HOUR
    await store(parts, done("T-2", title="Large", at=told_at))
    await store(parts, won(at=told_at))
    pass_time(parts, 3 * HOUR)
    await deliver(parts)
    found = {each.subject: each.expires_at for each in await insights_of(parts, ana)}
    # Four hours and three days after each was told of, and not after it was worked on.
    assert found == {
        "task:native:T-1": told_at + 4 * HOUR,
        "deal:native:D-1": told_at + 3 * DAY,
    }


async def test_a_stuck_deal_is_told_with_its_contact_and_follows_a_call(world: World) -> None:
    now = world.clock.now()
    called = (now - 4 * DAY).isoformat()
    contact = {"id": "C-1", "name": "Jonas Weber", "last_contacted_at": called}
    await world.post(told("contact_created", contact=contact, at=now - 9 * DAY))
    deal = open_deal("D-1", 28500)
    deal["data"]["deal"] |= {"contact_id": "C-1", "currency": "EUR"}
    await world.post(deal)
    await world.settle()
    await world.tick()
    await world.settle()
    assert "€28,500, " in blocks(world)
    assert "last contacted 4 days ago" in blocks(world)
    call = told("call_logged", contact={"id": "C-1"}, at=now)
    await world.post(call)
    await world.settle()
    assert "last contacted today" in blocks(world)
    assert len(world.posts(ANA)) == 1


def blocks(world: World) -> str:
    """All that Ana's latest message says."""
    return str(world.messages(ANA)[-1].blocks)
