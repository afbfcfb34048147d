"""What was decided or done is taken back for ten minutes, once, in the mirror and in the CRM."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.coaching import decisions, following, ticking, undoing
from bot.coaching.actor import Actor
from bot.coaching.permission import Refusal
from bot.coaching.undoing import Undone
from bot.runtime.parts import Parts
from coach.models import DealStatus, Insight, InsightState, SubjectKind, TaskStatus
from coach.screens import Control
from coach.wording import plain
from coach.writes import DeleteTask, MoveDeal, ReopenTask, RescheduleTask
from storage import activities, crm_writes, insights
from storage.crm_writes import restored
from storage.tables import contacts_made
from storage.tables import crm_writes as writes_table
from storage.tables import messages as messages_table
from tests.bot.coaching.test_decisions import (
    TASK,
    all_at_once,
    decided,
    overdue,
    referral,
    stuck,
    use,
)
from tests.world import (
    ANA,
    BEGINNING,
    BEN,
    WORKSPACE,
    FixedClock,
    by,
    deliver,
    enrol,
    mirrored,
    told,
)

MINUTES = timedelta(minutes=10)


async def undo(parts: Parts, insight: Insight, who: Actor | None = None) -> Undone:
    return await undoing.undo(parts, who or by(ANA), insight.fingerprint)


def said(undone: Undone) -> str:
    return plain(undone.said) if undone.said else ""


async def get(parts: Parts, insight: Insight) -> Insight:
    async with parts.database.read() as tx:
        found = await insights.get(tx, WORKSPACE, insight.fingerprint)
    assert found is not None
    return found


async def pass_time(parts: Parts, by_: timedelta) -> None:
    assert isinstance(parts.clock, FixedClock)
    parts.clock.advance(by_)


async def to_tell(parts: Parts) -> list[tuple[str, Mapping[str, Any]]]:
    """Every change as it stands, in the order in which they were made to each thing."""
    query = select(writes_table.c.state, writes_table.c.write).order_by(
        writes_table.c.created_at, writes_table.c.turn
    )
    async with parts.database.read() as tx:
        return [(row[0], row[1]) for row in await tx.execute(query)]


async def the_crm_has(parts: Parts, state: str = "done") -> None:
    async with parts.database.write() as tx:
        await tx.execute(
            update(writes_table)
            .where(writes_table.c.state == "queued")
            .values(state=state, attempts=1)
        )


# A dismissal


async def test_a_dismissal_is_taken_back_once(parts: Parts) -> None:
    insight = await referral(parts)
    await decisions.dismiss(parts, by(ANA), insight.fingerprint)
    results = await all_at_once(5, lambda: undo(parts, insight))
    assert len([each for each in results if isinstance(each, Undone)]) == 1
    assert {str(each) for each in results if isinstance(each, Refusal)} == {
        "This is open already; there is nothing to undo."
    }
    assert (await get(parts, insight)).state is InsightState.OPEN
    assert await decided(parts) == ["dismissed", "undone"]
    # It can be sent away, and taken, as before.
    await decisions.dismiss(parts, by(ANA), insight.fingerprint)
    await undo(parts, insight)
    assert isinstance(await decisions.submit(parts, by(ANA), insight.fingerprint, TASK), Insight)


async def test_after_ten_minutes_it_is_too_late_and_somebody_else_never_can(
    sqlite_parts: Parts,
) -> None:
    parts = sqlite_parts
    insight = await referral(parts)
    await decisions.dismiss(parts, by(ANA), insight.fingerprint)
    await enrol(parts, BEN)
    with pytest.raises(Refusal, match="for somebody else"):
        await undo(parts, insight, by(BEN))
    await pass_time(parts, MINUTES)
    with pytest.raises(Refusal, match="Only for ten minutes"):
        await undo(parts, insight)
    assert (await get(parts, insight)).state is InsightState.DISMISSED


async def test_what_is_not_true_any_more_is_not_open_again(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    insight = await overdue(parts, 1)
    await decisions.dismiss(parts, by(ANA), insight.fingerprint)
    await deliver(parts, told("task_completed", task={"id": "T-0"}))
    undone = await undo(parts, insight)
    assert undone.insight.state is InsightState.RESOLVED
    assert not undone.is_shown
    assert said(undone) == ("Undone. The advice is not open again: Done in the CRM: Task 0.")


async def test_what_has_run_out_meanwhile_is_not_open_again(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    insight = await referral(parts)
    await pass_time(parts, timedelta(days=3) - timedelta(minutes=1))
    await decisions.dismiss(parts, by(ANA), insight.fingerprint)
    await pass_time(parts, timedelta(minutes=2))
    undone = await undo(parts, insight)
    assert undone.insight.state is InsightState.EXPIRED
    assert said(undone) == "Undone. The advice is not open again: its time is up."


async def test_the_clock_takes_the_button_away(parts: Parts) -> None:
    insight = await referral(parts)
    async with parts.database.write() as tx:
        await tx.execute(update(messages_table).values(state="sent", draw_due=False))
    await decisions.dismiss(parts, by(ANA), insight.fingerprint)
    async with parts.database.write() as tx:
        await tx.execute(update(messages_table).values(draw_due=False))
    await ticking.tick(parts)
    query = select(messages_table.c.draw_due)
    async with parts.database.read() as tx:
        assert list((await tx.execute(query)).scalars()) == [False]
    await pass_time(parts, MINUTES)
    await ticking.tick(parts)
    async with parts.database.read() as tx:
        assert list((await tx.execute(query)).scalars()) == [True]
    assert (await get(parts, insight)).undo_until is None


# What was done


async def test_a_task_that_was_created_is_withdrawn_while_the_crm_has_not_heard_of_it(
    parts: Parts,
) -> None:
    insight = await referral(parts)
    await decisions.submit(parts, by(ANA), insight.fingerprint, TASK)
    results = await all_at_once(5, lambda: undo(parts, insight))
    (undone,) = [each for each in results if isinstance(each, Undone)]
    assert undone.insight.state is InsightState.OPEN
    assert said(undone) == "Undone: Created “Ask Ann Lee for referral”."
    assert undone.is_shown
    ((state, write),) = await to_tell(parts)
    assert state == "withdrawn"
    assert (await mirrored(parts, SubjectKind.TASK, write["task_id"])).deleted
    # Done once more, it is another task, and it is told.
    await decisions.submit(parts, by(ANA), insight.fingerprint, TASK)
    _, (state, again) = await to_tell(parts)
    assert (state, again["kind"]) == ("queued", "create_task")
    assert again["task_id"] != write["task_id"]
    assert not (await mirrored(parts, SubjectKind.TASK, again["task_id"])).deleted


async def test_a_task_the_crm_has_is_deleted_there(parts: Parts) -> None:
    insight = await referral(parts)
    await decisions.submit(parts, by(ANA), insight.fingerprint, TASK)
    await the_crm_has(parts)
    undone = await undo(parts, insight)
    assert (
        said(undone)
        == "Undone. The CRM is told to take this back: Created “Ask Ann Lee for referral”."
    )
    (_, made), (state, back) = await to_tell(parts)
    assert (state, restored(back)) == ("queued", DeleteTask("native", made["task_id"]))


async def test_of_a_change_that_was_tried_the_crm_is_told_the_opposite_after_it(
    parts: Parts,
) -> None:
    insight = await referral(parts)
    await decisions.submit(parts, by(ANA), insight.fingerprint, TASK)
    async with parts.database.write() as tx:
        await tx.execute(update(writes_table).values(attempts=1))
    await undo(parts, insight)
    assert [state for state, _ in await to_tell(parts)] == ["queued", "queued"]
    async with parts.database.write() as tx:
        now = parts.clock.now()
        (first,) = await crm_writes.claim(
            tx, parts.database, now, lease=timedelta(minutes=1), most=5
        )
    assert first.key == f"{insight.fingerprint}:create_task"


async def test_where_the_crm_cannot_take_it_back_it_is_said_that_it_stays(parts: Parts) -> None:
    insight = await referral(parts)
    await decisions.submit(parts, by(ANA), insight.fingerprint, TASK)
    await the_crm_has(parts)
    cannot = undoing_without(parts)
    undone = await undo(cannot, insight)
    assert said(undone) == (
        "Undone here, but it stays in the CRM: Created “Ask Ann Lee for referral”."
    )
    assert [state for state, _ in await to_tell(parts)] == ["done"]


def undoing_without(parts: Parts) -> Parts:
    """The same, of a CRM that can take nothing back."""
    return replace(parts, takes_back={})


async def test_completed_and_moved_tasks_are_as_they_were_and_the_list_is_whole_again(
    parts: Parts,
) -> None:
    insight = await overdue(parts)
    opened = await use(parts, insight, Control.COMPLETE_TASK, "T-0")
    await use(parts, insight, Control.RESCHEDULE_TASK, "T-1", "2026-12-01", on=opened)
    await the_crm_has(parts)
    undone = await undo(parts, insight)
    assert undone.insight.state is InsightState.OPEN
    assert plain(undone.insight.message).startswith("You have 3 overdue tasks.")
    assert undone.insight.progress is None
    assert (await mirrored(parts, SubjectKind.TASK, "T-0")).status is TaskStatus.PENDING
    assert str((await mirrored(parts, SubjectKind.TASK, "T-1")).due_date) == "2026-11-11"
    told_of = [restored(write) for state, write in await to_tell(parts) if state == "queued"]
    assert set(told_of) == {
        ReopenTask("native", "T-0"),
        RescheduleTask("native", "T-1", (await mirrored(parts, SubjectKind.TASK, "T-1")).due_date),
    }
    # And it can be done again.
    await use(parts, insight, Control.COMPLETE_TASK, "T-0")
    assert (await get(parts, insight)).progress == (1, 3)
    assert (await mirrored(parts, SubjectKind.TASK, "T-0")).status is TaskStatus.COMPLETED


async def test_a_worked_off_list_is_open_again(parts: Parts) -> None:
    insight = await overdue(parts, 2)
    opened = await use(parts, insight, Control.COMPLETE_TASK, "T-0")
    await use(parts, insight, Control.COMPLETE_TASK, "T-1", on=opened)
    assert (await get(parts, insight)).state is InsightState.TAKEN
    undone = await undo(parts, insight)
    assert undone.insight.state is InsightState.OPEN
    assert plain(undone.insight.message).startswith("You have 2 overdue tasks.")


async def test_what_was_done_long_before_the_last_thing_stays_done(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    insight = await overdue(parts)
    await use(parts, insight, Control.COMPLETE_TASK, "T-0")
    await pass_time(parts, timedelta(hours=1))
    await use(parts, insight, Control.COMPLETE_TASK, "T-1")
    undone = await undo(parts, insight)
    assert said(undone) == "Undone: Completed “Task 1”."
    assert undone.insight.progress == (1, 3)
    assert not undone.is_shown


async def test_a_deal_is_back_in_its_stage_for_as_long_as_it_has_been_there(parts: Parts) -> None:
    insight = await stuck(parts)
    before = await mirrored(parts, SubjectKind.DEAL, "D-1")
    await pass_time(parts, timedelta(hours=1))
    await use(parts, insight, Control.MOVE_DEAL, "D-1", "Closed Won")
    assert (await mirrored(parts, SubjectKind.DEAL, "D-1")).status is DealStatus.WON
    await decisions.leave(parts, by(ANA), insight.fingerprint)
    await the_crm_has(parts)
    undone = await undo(parts, insight)
    after = await mirrored(parts, SubjectKind.DEAL, "D-1")
    assert (after.stage, after.status, after.closed_at) == ("Proposal", DealStatus.OPEN, None)
    assert after.stage_entered_at == before.stage_entered_at
    assert undone.insight.state is InsightState.OPEN
    assert [restored(write) for state, write in await to_tell(parts) if state == "queued"] == [
        MoveDeal("native", "D-1", "Proposal")
    ]
    # What the win had called forth is not true any more.
    assert {each.rule for each in await following.pending(parts, WORKSPACE, insight.person_id)} == {
        "stuck_deals"
    }


async def test_a_call_that_was_logged_by_mistake_has_not_been(parts: Parts) -> None:
    insight = await stuck(parts)
    before = await mirrored(parts, SubjectKind.CONTACT, "C-1")
    await use(parts, insight, Control.LOG_CALL, "C-1")
    await decisions.leave(parts, by(ANA), insight.fingerprint)
    await the_crm_has(parts)
    undone = await undo(parts, insight)
    assert said(undone) == "Undone here, but it stays in the CRM: Logged a call with Ann."
    after = await mirrored(parts, SubjectKind.CONTACT, "C-1")
    assert (after.last_contacted_at, after.silent_since) == (
        before.last_contacted_at,
        before.silent_since,
    )
    async with parts.database.read() as tx:
        assert (await tx.execute(select(contacts_made))).all() == []
        verbs = {each.verb for each in await activities.recent(tx, WORKSPACE)}
    assert not {"call_logged", "contact_updated"} & verbs


async def test_what_the_crm_has_changed_since_is_left_as_it_is(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    insight = await stuck(parts)
    await use(parts, insight, Control.MOVE_DEAL, "D-1", "Closed Won")
    await decisions.leave(parts, by(ANA), insight.fingerprint)
    moved = {"id": "D-1", "stage": "Prospecting", "status": "open"}
    at = BEGINNING + timedelta(minutes=1)
    await pass_time(parts, timedelta(minutes=2))
    await deliver(parts, told("deal_stage_changed", deal=moved, at=at))
    undone = await undo(parts, insight)
    assert "Changed since, and left as it is: Moved “Acme” to Closed Won" in said(undone)
    assert (await mirrored(parts, SubjectKind.DEAL, "D-1")).stage == "Prospecting"


async def test_what_was_only_looked_at_has_no_undo(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    insight = await stuck(parts)
    await decisions.submit(parts, by(ANA), insight.fingerprint, {})
    assert not (await get(parts, insight)).can_be_undone(parts.clock.now())
    with pytest.raises(Refusal, match="Only for ten minutes"):
        await undo(parts, insight)


async def test_undoing_and_doing_at_once_leave_one_of_both(parts: Parts) -> None:
    insight = await overdue(parts, 2)
    opened = await use(parts, insight, Control.COMPLETE_TASK, "T-0")
    await asyncio.gather(
        undo(parts, insight),
        use(parts, insight, Control.COMPLETE_TASK, "T-1", on=opened),
        return_exceptions=True,
    )
    (found,) = await following.pending(parts, WORKSPACE, insight.person_id) or [
        await get(parts, insight)
    ]
    pending = [
        id
        for id in ("T-0", "T-1")
        if (await mirrored(parts, SubjectKind.TASK, id)).status is TaskStatus.PENDING
    ]
    assert found.message.count == len(pending)
