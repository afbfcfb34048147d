"""What people decide counts once, for them alone, and only what the screen offers can be done."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.coaching import decisions, following, ticking
from bot.coaching.decisions import Opened
from bot.coaching.permission import Refusal
from bot.runtime.parts import Parts
from coach.action import ActionView, FieldErrors, Submission
from coach.models import (
    DealStatus,
    Insight,
    InsightState,
    Ref,
    SubjectKind,
    TaskPriority,
    TaskStatus,
)
from coach.phrases import Phrase
from coach.screens import Control, DateField, DraftedMail, Item, TextField
from coach.wording import plain
from coach.writes import CompleteTask, CreateTask, MoveDeal, RescheduleTask
from storage import crm_writes, insights
from storage.crm_writes import StoredWrite
from storage.tables import crm_writes as writes_table
from storage.tables import decisions as decisions_table
from storage.tables import tasks as tasks_table
from tests.bot.coaching.test_ticking import tick_after
from tests.world import (
    ANA,
    BEGINNING,
    BEN,
    CONNECTION,
    WORKSPACE,
    FixedClock,
    by,
    connect,
    deliver,
    enrol,
    insights_of,
    mirrored,
    native,
    told,
    won,
)

LONG_AGO = BEGINNING - timedelta(weeks=3)
CALLBACK = "https://crm.example/callback"


async def referral(parts: Parts, callback: str | None = CALLBACK) -> Insight:
    """Ana's insight to ask for a referral; its Take Action creates a task."""
    await connect(parts, native(callback))
    ana = await enrol(parts, ANA)
    await deliver(parts, won())
    (insight,) = await insights_of(parts, ana)
    return insight


async def overdue(parts: Parts, count: int = 3) -> Insight:
    """Ana's insight about her overdue tasks; its Take Action shows them with controls."""
    await connect(parts, native(CALLBACK))
    ana = await enrol(parts, ANA)
    for number in range(count):
        task = {"id": f"T-{number}", "title": f"Task {number}", "due_date": f"2026-11-1{number}"}
        await deliver(parts, told("task_created", task=task, at=LONG_AGO))
    await ticking.tick(parts)
    (insight,) = await insights_of(parts, ana)
    return insight


async def stuck(parts: Parts) -> Insight:
    """Ana's insight about a deal that is stuck; its Take Action shows the deal to move it."""
    await connect(parts, native(CALLBACK))
    ana = await enrol(parts, ANA)
    for stage, weeks in (("Prospecting", 5), ("Proposal", 3)):
        deal = {"id": "D-1", "title": "Acme", "stage": stage, "contact_id": "C-1"}
        contact = {"id": "C-1", "name": "Ann", "status": "CUSTOMER"}
        at = BEGINNING - timedelta(weeks=weeks)
        await deliver(parts, told("deal_stage_changed", deal=deal, contact=contact, at=at))
    other = {"id": "D-2", "stage": "Closed Won", "status": "won"}
    await deliver(parts, told("deal_closed", deal=other, at=LONG_AGO))
    await ticking.tick(parts)
    (insight,) = await insights_of(parts, ana)
    return insight


async def kept_writes(parts: Parts) -> list[StoredWrite]:
    async with parts.database.read() as tx:
        keys = (await tx.execute(select(writes_table.c.fingerprint).distinct())).scalars().all()
        return [write for key in keys for write in await crm_writes.of_insight(tx, WORKSPACE, key)]


async def decided(parts: Parts) -> list[str]:
    async with parts.database.read() as tx:
        return sorted((await tx.execute(select(decisions_table.c.decision))).scalars())


async def count(parts: Parts, table: Any) -> int:
    async with parts.database.read() as tx:
        return int((await tx.execute(select(func.count()).select_from(table))).scalar_one())


def items(opened: Opened) -> Sequence[Item]:
    return [each for each in opened.screen.elements if isinstance(each, Item)]


def standing(opened: Opened) -> dict[str, bool]:
    """The things on a screen in their order, and whether each is done."""
    return {each.ref.id: bool(each.done) for each in items(opened)}


async def all_at_once(times: int, press: Callable[[], Awaitable[object]]) -> list[object]:
    return list(await asyncio.gather(*(press() for _ in range(times)), return_exceptions=True))


TASK = {"title": "Ask Ann Lee for referral", "due_date": "2026-11-27", "priority": "high"}


# Take Action that creates a task


async def test_the_screen_of_a_referral_is_prefilled_and_opening_it_is_seen(parts: Parts) -> None:
    insight = await referral(parts)
    assert not insight.seen
    opened = await decisions.open_screen(parts, by(ANA), insight.fingerprint)
    title, due, *_ = opened.screen.elements
    assert isinstance(title, TextField)
    assert isinstance(due, DateField)
    assert isinstance(title.initial, Phrase)
    assert plain(title.initial) == "Ask Ann Lee for referral"
    assert str(due.initial) == "2026-11-26"
    async with parts.database.read() as tx:
        after = await insights.get(tx, WORKSPACE, insight.fingerprint)
    assert after is not None
    assert after.seen
    assert await decided(parts) == ["opened"]


async def test_the_note_and_the_mail_of_a_referral_go_by_what_the_crm_says_now(
    parts: Parts,
) -> None:
    insight = await referral(parts)
    renamed = {"id": "D-1", "title": "Acme <!channel>", "contact_id": "C-2"}
    cy = {"id": "C-2", "name": "Cy Cole", "email": "cy@acme.example", "status": "CUSTOMER"}
    await deliver(parts, told("deal_updated", deal=renamed, contact=cy))
    opened = await decisions.open_screen(parts, by(ANA), insight.fingerprint)
    *_, note, mail = opened.screen.elements
    assert isinstance(note, TextField)
    assert isinstance(note.initial, tuple)
    lines = [plain(each) for each in note.initial]
    assert lines == ["Deal: Acme <!channel>", "Contact: Cy Cole, cy@acme.example"]
    assert isinstance(mail, DraftedMail)
    assert (mail.to, plain(mail.body[0][0])) == ("cy@acme.example", "Hello Cy Cole,")


async def test_submitting_creates_the_task_in_the_mirror_and_on_its_way_to_the_crm(
    parts: Parts,
) -> None:
    insight = await referral(parts)
    taken = await decisions.submit(parts, by(ANA), insight.fingerprint, TASK)
    assert isinstance(taken, Insight)
    assert taken.state is InsightState.TAKEN
    assert taken.outcome is not None
    assert plain(taken.outcome) == "Created the task “Ask Ann Lee for referral” for Fri 27 Nov."
    (write,) = await kept_writes(parts)
    task = await mirrored(parts, SubjectKind.TASK, write.subject_id)
    assert (task.title, str(task.due_date), task.priority) == (
        "Ask Ann Lee for referral",
        "2026-11-27",
        "high",
    )
    assert (task.person_id, task.deal_id) == (insight.person_id, "D-1")
    assert write.write == CreateTask(
        CONNECTION,
        task.id,
        task.title,
        task.due_date,
        TaskPriority.HIGH,
        note=task.note,
        contact_id="C-D-1",
        deal_id="D-1",
    )
    assert write.person_id == insight.person_id
    assert parts.wake.outbox.is_set()
    assert parts.wake.sender.is_set()


async def test_a_changes_key_follows_from_the_insight_so_that_a_crm_knows_a_repeat(
    parts: Parts,
) -> None:
    insight = await referral(parts)
    await decisions.submit(parts, by(ANA), insight.fingerprint, TASK)
    (write,) = await kept_writes(parts)
    assert write.key == f"{insight.fingerprint}:create_task"


async def test_without_a_callback_the_task_is_in_the_mirror_and_nothing_waits_to_be_sent(
    sqlite_parts: Parts,
) -> None:
    parts = sqlite_parts
    insight = await referral(parts, callback=None)
    await decisions.submit(parts, by(ANA), insight.fingerprint, TASK)
    assert len(await kept_writes(parts)) == 1
    async with parts.database.read() as tx:
        assert await crm_writes.counts(tx, WORKSPACE) == {"local": 1}
        assert not await crm_writes.any_due(tx, parts.clock.now() + timedelta(days=1))


async def test_wrong_values_are_named_by_their_field_and_nothing_is_done(parts: Parts) -> None:
    insight = await referral(parts)
    wrong = {"title": "  ", "due_date": "2026-11-01", "priority": "high"}
    result = await decisions.submit(parts, by(ANA), insight.fingerprint, wrong)
    assert isinstance(result, FieldErrors)
    assert set(result.errors) == {"title", "due_date"}
    assert await kept_writes(parts) == []
    assert isinstance(await decisions.submit(parts, by(ANA), insight.fingerprint, TASK), Insight)


async def test_a_choice_that_was_not_offered_is_told_at_its_field_without_asking_the_action(
    parts: Parts,
) -> None:
    insight = await referral(parts)

    def trusting(_: ActionView, values: Mapping[str, str | None]) -> Submission:
        raise AssertionError(f"asked about {values}")

    action = replace(parts.actions["create_task"], submit=trusting)
    trusts = replace(parts, actions={**parts.actions, "create_task": action})
    forged = {**TASK, "priority": "eternal"}
    answer = await decisions.submit(trusts, by(ANA), insight.fingerprint, forged)
    assert isinstance(answer, FieldErrors)
    assert {name: plain(told) for name, told in answer.errors.items()} == {
        "priority": "Choose one of these."
    }


async def test_of_twenty_submissions_at_once_one_counts_and_one_task_is_made(parts: Parts) -> None:
    insight = await referral(parts)
    results = await all_at_once(
        20, lambda: decisions.submit(parts, by(ANA), insight.fingerprint, TASK)
    )
    assert len([each for each in results if isinstance(each, Insight)]) == 1
    refused = [each for each in results if isinstance(each, Refusal)]
    assert len(refused) == 19
    assert str(refused[0]).startswith("You have already taken care of this. Created the task")
    assert len(await kept_writes(parts)) == 1
    assert await count(parts, tasks_table) == 1
    assert await decided(parts) == ["taken"]


async def test_of_twenty_dismissals_at_once_one_counts(parts: Parts) -> None:
    insight = await referral(parts)
    results = await all_at_once(20, lambda: decisions.dismiss(parts, by(ANA), insight.fingerprint))
    assert len([each for each in results if isinstance(each, Insight)]) == 1
    assert {str(each) for each in results if isinstance(each, Refusal)} == {
        "You have already dismissed this."
    }
    assert await decided(parts) == ["dismissed"]


async def test_taken_or_dismissed_but_never_both(parts: Parts) -> None:
    insight = await referral(parts)

    async def take() -> object:
        return await decisions.submit(parts, by(ANA), insight.fingerprint, TASK)

    async def dismiss() -> object:
        return await decisions.dismiss(parts, by(ANA), insight.fingerprint)

    presses = [press() for _ in range(5) for press in (take, dismiss)]
    results = await asyncio.gather(*presses, return_exceptions=True)
    (counted,) = [each for each in results if isinstance(each, Insight)]
    made = 1 if counted.state is InsightState.TAKEN else 0
    assert await count(parts, tasks_table) == made
    assert all(isinstance(each, Insight | Refusal) for each in results)


# Whose, and when


async def test_nobody_else_can_open_take_or_dismiss_it(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    insight = await referral(parts)
    await enrol(parts, BEN)
    for who in (BEN, "U99NOBODY"):
        for press in (
            decisions.open_screen(parts, by(who), insight.fingerprint),
            decisions.submit(parts, by(who), insight.fingerprint, TASK),
            decisions.dismiss(parts, by(who), insight.fingerprint),
        ):
            with pytest.raises(Refusal, match="for somebody else"):
                await press
    assert await decided(parts) == []


async def test_an_expired_insight_is_refused_even_before_the_clock_has_ticked(
    parts: Parts,
) -> None:
    insight = await referral(parts)
    assert isinstance(parts.clock, FixedClock)
    parts.clock.advance(timedelta(days=3))
    for press in (
        decisions.open_screen(parts, by(ANA), insight.fingerprint),
        decisions.submit(parts, by(ANA), insight.fingerprint, TASK),
        decisions.dismiss(parts, by(ANA), insight.fingerprint),
    ):
        with pytest.raises(Refusal, match="has expired"):
            await press
    assert await kept_writes(parts) == []


async def test_an_unknown_insight_is_refused(sqlite_parts: Parts) -> None:
    await enrol(sqlite_parts, ANA)
    for unknown in ("0" * 32, "", "x\x00" * 400):
        with pytest.raises(Refusal, match="not known any more"):
            await decisions.dismiss(sqlite_parts, by(ANA), unknown)


async def test_of_another_workspace_it_is_unknown(sqlite_parts: Parts) -> None:
    insight = await referral(sqlite_parts)
    with pytest.raises(Refusal, match="not known any more"):
        await decisions.dismiss(sqlite_parts, by(ANA, "elsewhere"), insight.fingerprint)


async def test_a_deal_that_is_gone_is_said_to_be_gone(sqlite_parts: Parts) -> None:
    insight = await stuck(sqlite_parts)
    await deliver(sqlite_parts, told("deal_deleted", deal={"id": "D-1"}))
    with pytest.raises(Refusal, match="No longer in the CRM: "):
        await decisions.open_screen(sqlite_parts, by(ANA), insight.fingerprint)


# Controls


async def use(
    parts: Parts,
    insight: Insight,
    control: Control,
    id: str,
    value: str | None = None,
    *,
    on: Opened | None = None,
) -> Opened:
    """Use a control on the screen that is open, or on one that is opened for it."""
    on = on or await decisions.open_screen(parts, by(ANA), insight.fingerprint)
    standing = [each.ref for each in items(on)]
    return await decisions.use_control(
        parts, by(ANA), insight.fingerprint, control, Ref(CONNECTION, id), value, standing
    )


async def test_overdue_tasks_are_shown_as_they_are_and_completed_or_moved(parts: Parts) -> None:
    insight = await overdue(parts)
    opened = await decisions.open_screen(parts, by(ANA), insight.fingerprint)
    assert [each.ref.id for each in items(opened)] == ["T-0", "T-1", "T-2"]
    opened = await use(parts, insight, Control.COMPLETE_TASK, "T-0", on=opened)
    assert standing(opened) == {"T-0": True, "T-1": False, "T-2": False}
    opened = await use(parts, insight, Control.RESCHEDULE_TASK, "T-1", "2026-12-01", on=opened)
    # In the order in which they stood, whatever was done to them.
    assert standing(opened) == {"T-0": True, "T-1": True, "T-2": False}
    assert list(standing(opened)) == ["T-0", "T-1", "T-2"]
    assert (await mirrored(parts, SubjectKind.TASK, "T-0")).status is TaskStatus.COMPLETED
    assert str((await mirrored(parts, SubjectKind.TASK, "T-1")).due_date) == "2026-12-01"
    assert [each.write for each in await kept_writes(parts)] == [
        CompleteTask(CONNECTION, "T-0"),
        RescheduleTask(CONNECTION, "T-1", date(2026, 12, 1)),
    ]


async def test_a_list_lives_until_it_is_done(parts: Parts) -> None:
    insight = await overdue(parts)
    opened = await use(parts, insight, Control.COMPLETE_TASK, "T-1")
    # Whichever way the screen is left.
    assert await decisions.leave(parts, by(ANA), insight.fingerprint)
    left = await decisions.submit(parts, by(ANA), insight.fingerprint, {})
    assert isinstance(left, Insight)
    assert (left.state, left.progress) == (InsightState.OPEN, (1, 3))
    assert left.outcome is not None
    assert plain(left.outcome) == "Completed “Task 1”"
    assert plain(left.message).startswith("You have 2 overdue tasks.")
    again = await decisions.open_screen(parts, by(ANA), insight.fingerprint)
    assert list(standing(again)) == ["T-0", "T-2"]
    # One that was open all the time goes on as it was.
    opened = await use(parts, insight, Control.COMPLETE_TASK, "T-2", on=opened)
    assert standing(opened) == {"T-0": False, "T-1": True, "T-2": True}
    opened = await use(parts, insight, Control.COMPLETE_TASK, "T-0", on=opened)
    assert standing(opened) == {"T-0": True, "T-1": True, "T-2": True}
    taken = await decisions.submit(parts, by(ANA), insight.fingerprint, {})
    assert isinstance(taken, Insight)
    assert taken.state is InsightState.TAKEN
    assert taken.outcome is not None
    assert plain(taken.outcome).startswith("3 things done: Completed “Task")
    assert await decided(parts) == ["opened", "taken"]


async def test_what_is_left_of_a_list_follows_the_crm_while_it_is_worked_on(parts: Parts) -> None:
    insight = await overdue(parts)
    await use(parts, insight, Control.COMPLETE_TASK, "T-1")
    await deliver(parts, told("task_completed", task={"id": "T-0"}))
    (now_so,) = await following.pending(parts, WORKSPACE, insight.person_id)
    assert now_so.progress == (1, 2)
    await deliver(parts, told("task_completed", task={"id": "T-2"}))
    assert await following.pending(parts, WORKSPACE, insight.person_id) == []
    async with parts.database.read() as tx:
        settled = await insights.get(tx, WORKSPACE, insight.fingerprint)
    assert settled is not None
    assert settled.state is InsightState.RESOLVED


async def test_of_a_list_of_one_nothing_is_left_when_that_is_done(sqlite_parts: Parts) -> None:
    insight = await overdue(sqlite_parts, 1)
    await use(sqlite_parts, insight, Control.COMPLETE_TASK, "T-0")
    assert not await following.pending(sqlite_parts, WORKSPACE, insight.person_id)
    assert await decided(sqlite_parts) == ["opened", "taken"]


async def test_a_list_that_was_only_looked_at_stays(sqlite_parts: Parts) -> None:
    insight = await overdue(sqlite_parts)
    left = await decisions.submit(sqlite_parts, by(ANA), insight.fingerprint, {})
    assert isinstance(left, Insight)
    assert (left.state, left.progress) == (InsightState.OPEN, None)


async def test_leads_keep_their_places_on_the_screen_while_they_are_seen_to(
    sqlite_parts: Parts,
) -> None:
    parts = sqlite_parts
    await connect(parts, native(CALLBACK))
    ana = await enrol(parts, ANA)
    for number, days in enumerate((3, 1, 4, 2)):
        lead = {"id": f"C-{number}", "name": f"Lead {number}", "status": "LEAD"}
        at = LONG_AGO - timedelta(days=days)
        await deliver(parts, told("contact_created", contact=lead, at=at))
    await ticking.tick(parts)
    (insight,) = await insights_of(parts, ana)
    opened = await decisions.open_screen(parts, by(ANA), insight.fingerprint)
    before = list(standing(opened))
    assert before != sorted(before)
    opened = await use(parts, insight, Control.LOG_CALL, "C-1", on=opened)
    # Somebody called another one meanwhile: it stays where it is, too.
    contact = {"id": "C-0", "last_contacted_at": BEGINNING.isoformat()}
    await deliver(parts, told("contact_updated", contact=contact))
    opened = await use(parts, insight, Control.LOG_EMAIL, "C-2", on=opened)
    assert list(standing(opened)) == before
    (left,) = await following.pending(parts, WORKSPACE, ana.id)
    assert left.progress == (2, 3)
    again = await decisions.open_screen(parts, by(ANA), insight.fingerprint)
    assert list(standing(again)) == ["C-3"]


async def test_a_control_pressed_twenty_times_does_it_once(parts: Parts) -> None:
    insight = await overdue(parts)
    on = await decisions.open_screen(parts, by(ANA), insight.fingerprint)
    results = await all_at_once(
        20, lambda: use(parts, insight, Control.COMPLETE_TASK, "T-0", on=on)
    )
    assert all(isinstance(each, Opened) for each in results), results
    assert len(await kept_writes(parts)) == 1


async def test_a_deal_is_moved_to_a_stage_there_is_and_a_won_one_is_closed(parts: Parts) -> None:
    insight = await stuck(parts)
    opened = await decisions.open_screen(parts, by(ANA), insight.fingerprint)
    deal, contact = items(opened)
    assert (deal.ref.id, contact.ref.id) == ("D-1", "C-1")
    assert set(deal.stages) == {"Proposal", "Prospecting", "Closed Won"}
    await use(parts, insight, Control.MOVE_DEAL, "D-1", "Closed Won")
    moved = await mirrored(parts, SubjectKind.DEAL, "D-1")
    assert (moved.stage, moved.status) == ("Closed Won", DealStatus.WON)
    (write,) = await kept_writes(parts)
    assert write.write == MoveDeal(CONNECTION, "D-1", "Closed Won")


async def test_a_contact_logged_on_the_screen_is_a_contact_made(parts: Parts) -> None:
    insight = await stuck(parts)
    await use(parts, insight, Control.LOG_CALL, "C-1")
    assert (await mirrored(parts, SubjectKind.CONTACT, "C-1")).last_contacted_at == BEGINNING
    (write,) = await kept_writes(parts)
    assert plain(write.words) == "Logged a call with Ann"


async def test_only_what_the_screen_offers_can_be_done(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    insight = await stuck(parts)
    forged: list[tuple[Control, str, str | None, str]] = [
        (Control.MOVE_DEAL, "D-2", "Proposal", "no longer on the screen"),
        (Control.COMPLETE_TASK, "D-1", None, "cannot be done here"),
        (Control.LOG_CALL, "D-1", None, "cannot be done here"),
        (Control.MOVE_DEAL, "D-1", "Invented", "one of the stages"),
        (Control.MOVE_DEAL, "D-1", None, "one of the stages"),
        (Control.MOVE_DEAL, "unknown", "Proposal", "no longer on the screen"),
    ]
    for control, id, value, said in forged:
        with pytest.raises(Refusal, match=said):
            await use(parts, insight, control, id, value)
    with pytest.raises(Refusal, match="no longer on the screen"):
        await decisions.use_control(
            parts,
            by(ANA),
            insight.fingerprint,
            Control.MOVE_DEAL,
            Ref("another", "D-1"),
            "Prospecting",
        )
    assert await kept_writes(parts) == []


async def test_a_task_cannot_be_moved_to_what_is_no_date(sqlite_parts: Parts) -> None:
    insight = await overdue(sqlite_parts)
    on = await decisions.open_screen(sqlite_parts, by(ANA), insight.fingerprint)
    for value in (None, "", "tomorrow", "2026-13-45"):
        with pytest.raises(Refusal, match="Pick a date"):
            await use(sqlite_parts, insight, Control.RESCHEDULE_TASK, "T-0", value, on=on)
    with pytest.raises(Refusal, match="today or a later day"):
        await use(sqlite_parts, insight, Control.RESCHEDULE_TASK, "T-0", "2026-11-24", on=on)


async def test_a_control_of_a_decided_insight_does_nothing(sqlite_parts: Parts) -> None:
    insight = await overdue(sqlite_parts)
    on = await decisions.open_screen(sqlite_parts, by(ANA), insight.fingerprint)
    await decisions.dismiss(sqlite_parts, by(ANA), insight.fingerprint)
    with pytest.raises(Refusal, match="already dismissed"):
        await use(sqlite_parts, insight, Control.COMPLETE_TASK, "T-0", on=on)
    assert (await mirrored(sqlite_parts, SubjectKind.TASK, "T-0")).status is TaskStatus.PENDING


async def test_a_change_made_here_and_one_told_by_the_crm_at_once_lose_neither(
    parts: Parts,
) -> None:
    insight = await stuck(parts)
    renamed = told("deal_amount_changed", deal={"id": "D-1", "title": "Renamed", "value": "77"})
    await asyncio.gather(
        use(parts, insight, Control.MOVE_DEAL, "D-1", "Prospecting"), deliver(parts, renamed)
    )
    found = await mirrored(parts, SubjectKind.DEAL, "D-1")
    assert (found.stage, found.title, str(found.value)) == ("Prospecting", "Renamed", "77")


async def test_of_a_list_that_was_begun_the_rest_is_in_hand(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    insight = await overdue(parts)
    await use(parts, insight, Control.COMPLETE_TASK, "T-1")
    await decisions.leave(parts, by(ANA), insight.fingerprint)
    ana = await enrol(parts, ANA)
    for _ in range(3):
        await tick_after(parts, timedelta(days=1))
        assert len(await insights_of(parts, ana)) == 1
    # On Monday.
    await tick_after(parts, timedelta(days=2))
    assert len(await insights_of(parts, ana)) == 2
