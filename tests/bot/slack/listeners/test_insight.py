"""Tests of Take Action and Dismiss: each does what it says, once, and never silently."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from bot.coaching import ticking
from bot.playground.slack.api import Fault, words_of
from coach.models import Contact, Deal, InsightState, Task, TaskStatus
from coach.stages import Seen
from coach.wording import plain
from storage import activities, crm_writes, lists, stages
from tests.bot.surface import ANA, BEN, CRM, WS, Surface, deal, lead, staged, task, words

OVERDUE: dict[str, Any] = {"action": "view_overdue_tasks", "params": {}}


async def tasks_of(surface: Surface, slack_user_id: str) -> list[Task]:
    person = await surface.person(slack_user_id)
    async with surface.parts.database.read() as tx:
        return await lists.tasks_of(tx, WS, person.id)


async def writes_of(surface: Surface, fingerprint: str) -> list[str]:
    async with surface.parts.database.read() as tx:
        return [plain(each.words) for each in await crm_writes.of_insight(tx, WS, fingerprint)]


async def test_take_action_opens_the_prefilled_form_and_creates_the_task(surface: Surface) -> None:
    fingerprint, card = await surface.card()

    answer = await surface.slack.press(ANA, card.ts, label="Take Action")
    await surface.settle()
    view = surface.view(ANA)
    assert answer.ok
    assert view["title"]["text"] == "Create a task"
    assert "Ask Ann Lee for referral" in words(view)
    assert (await surface.stored(fingerprint)).seen

    done = await surface.submit(ANA, {"due_date": "2026-11-27"})
    await surface.settle()
    assert done.ok
    assert surface.slack.top_view(ANA) is None
    (made,) = await tasks_of(surface, ANA)
    assert (made.title, made.due_date) == ("Ask Ann Lee for referral", date(2026, 11, 27))
    assert (await surface.stored(fingerprint)).state is InsightState.TAKEN
    assert "Created the task “Ask Ann Lee for referral” for Fri 27 Nov." in surface.said(ANA)
    assert surface.last(ANA).ts == card.ts
    assert "Take Action" not in surface.said(ANA)


async def test_the_task_gets_the_note_that_was_offered_and_names_whom_the_deal_is_with_by_now(
    surface: Surface,
) -> None:
    person = await surface.person(ANA)
    await surface.save(
        deal(person_id=person.id, contact_id="C-9"),
        lead(person_id=person.id),
    )
    params = {"connection_id": CRM, "title": "Ask", "deal_id": "D-17", "mail": "referral"}
    _, card = await surface.card(params=params)
    await surface.slack.press(ANA, card.ts, label="Take Action")
    await surface.settle()
    assert "Hello Ann Lee,\\n\\nThank you" in words(surface.view(ANA))

    assert (await surface.submit(ANA, {})).ok
    await surface.settle()
    (made,) = await tasks_of(surface, ANA)
    assert made.note == "Deal: Acme renewal\nContact: Ann Lee, ann@acme.example"


async def test_a_fault_in_the_form_is_shown_at_its_field_and_nothing_is_made(
    surface: Surface,
) -> None:
    fingerprint, card = await surface.card()
    await surface.slack.press(ANA, card.ts, label="Take Action")
    await surface.settle()

    done = await surface.submit(ANA, {"due_date": "2026-11-20"})

    assert done.errors == {"due_date": "Pick today or a later day."}
    assert await tasks_of(surface, ANA) == []
    assert await surface.standing(fingerprint) == "sent"


async def test_dismiss_shrinks_the_card_to_one_line(surface: Surface) -> None:
    fingerprint, card = await surface.card()

    answer = await surface.slack.press(ANA, card.ts, label="Dismiss")
    await surface.settle()

    assert answer.ok
    assert (await surface.stored(fingerprint)).dismissed
    # One line, and what can be pressed once it is gone.
    assert [each["type"] for each in surface.last(ANA).blocks] == ["rich_text", "actions"]
    assert "Dismissed" in surface.said(ANA)
    assert surface.ephemerals(ANA) == []


async def test_why_it_was_dismissed_is_chosen_on_the_same_message_and_all_of_it_undone(
    surface: Surface,
) -> None:
    fingerprint, card = await surface.card()
    await surface.slack.press(ANA, card.ts, label="Dismiss")
    await surface.settle()
    chosen = f"already_done:{fingerprint}"
    await surface.slack.press(ANA, card.ts, action_id="insight:why_not", choose=chosen)
    await surface.settle()
    assert "Counted as done." in surface.said(ANA)
    assert "Why?" not in str(surface.last(ANA).blocks)

    await surface.slack.press(ANA, card.ts, label="Undo")
    await surface.settle()
    # What it was about is not in the CRM of this test: it does not matter here.
    assert (await surface.stored(fingerprint)).dismissed_as is None
    assert surface.last(ANA).ts == card.ts
    assert "Dismissed" not in surface.said(ANA)


async def test_undo_takes_the_task_back_and_stands_there_for_ten_minutes(
    surface: Surface,
) -> None:
    fingerprint, card = await surface.card()
    await surface.slack.press(ANA, card.ts, label="Take Action")
    await surface.settle()
    await surface.submit(ANA, {"due_date": "2026-11-27"})
    await surface.settle()
    assert "Undo" in str(surface.last(ANA).blocks)
    await surface.slack.press(ANA, card.ts, label="Undo")
    await surface.settle()
    assert await tasks_of(surface, ANA) == []
    assert "Undone: Created “Ask Ann Lee for referral”." in str(
        [surface.said(ANA), *surface.ephemerals(ANA)]
    )
    assert await writes_of(surface, fingerprint) == []


async def test_after_ten_minutes_the_card_stands_there_without_undo(surface: Surface) -> None:
    _, card = await surface.card()
    await surface.slack.press(ANA, card.ts, label="Dismiss")
    await surface.settle()
    surface.clock.moment += timedelta(minutes=10)
    await ticking.tick(surface.parts)
    await surface.settle()
    assert [each["type"] for each in surface.last(ANA).blocks] == ["rich_text"]


@pytest.mark.parametrize("label", ["Take Action", "Dismiss"])
async def test_a_second_click_is_answered_and_does_nothing(surface: Surface, label: str) -> None:
    fingerprint, card = await surface.card()
    await surface.slack.press(ANA, card.ts, label="Dismiss")
    await surface.settle()

    await surface.slack.press(ANA, card.ts, label=label, stale=True)
    await surface.settle()

    assert surface.ephemerals(ANA) == [
        "You have already dismissed this.\nYou have already dismissed this."
    ]
    assert surface.slack.top_view(ANA) is None
    assert (await surface.stored(fingerprint)).dismissed


async def test_of_many_clicks_at_once_one_counts_and_each_other_is_answered(
    surface_on_both: Surface,
) -> None:
    surface = surface_on_both
    fingerprint, card = await surface.card()

    answers = await asyncio.gather(
        *(surface.slack.press(ANA, card.ts, label="Dismiss", stale=True) for _ in range(5))
    )
    await surface.settle()

    assert all(answer.ok for answer in answers)
    assert (await surface.stored(fingerprint)).dismissed
    assert len(surface.ephemerals(ANA)) == 4


async def test_a_form_submitted_twice_at_once_makes_one_task(surface_on_both: Surface) -> None:
    surface = surface_on_both
    _, card = await surface.card()
    await surface.slack.press(ANA, card.ts, label="Take Action")
    await surface.settle()

    await asyncio.gather(surface.submit(ANA, {}), surface.submit(ANA, {}))
    await surface.settle()

    assert len(await tasks_of(surface, ANA)) == 1


async def test_somebody_else_is_refused_and_nothing_happens(surface: Surface) -> None:
    fingerprint, card = await surface.card()

    for label in ("Take Action", "Dismiss"):
        await surface.slack.press(ANA, card.ts, label=label, by=BEN)
    await surface.settle()

    told = surface.ephemerals(BEN)
    assert len(told) == 2
    assert all("for somebody else" in each for each in told)
    assert await surface.standing(fingerprint) == "sent"


async def test_an_expired_insight_says_so(surface: Surface) -> None:
    _, card = await surface.card(lasts=timedelta(hours=1))
    surface.clock.moment += timedelta(hours=2)

    await surface.slack.press(ANA, card.ts, label="Take Action", stale=True)
    await surface.settle()

    assert any("expired" in each for each in surface.ephemerals(ANA))
    assert surface.slack.top_view(ANA) is None


async def test_an_unknown_insight_says_so(surface: Surface) -> None:
    made = {"type": "button", "text": {"type": "plain_text", "text": "Take Action"}}
    button = {**made, "action_id": "insight:take", "value": "0" * 32}
    message = surface.slack.post(ANA, "old", [{"type": "actions", "elements": [button]}])

    await surface.slack.press(ANA, message.ts, label="Take Action")
    await surface.settle()

    assert any("not known any more" in each for each in surface.ephemerals(ANA))


async def test_a_button_of_an_older_version_says_so(surface: Surface) -> None:
    made = {"type": "button", "text": {"type": "plain_text", "text": "Snooze"}}
    button = {**made, "action_id": "insight:gone", "value": "x"}
    message = surface.slack.post(ANA, "old", [{"type": "actions", "elements": [button]}])

    await surface.slack.press(ANA, message.ts, label="Snooze")
    await surface.settle()

    assert any("older version" in each for each in surface.ephemerals(ANA))


async def test_a_click_survives_a_restart(sqlite_url: str) -> None:
    async with staged(sqlite_url) as before:
        fingerprint = await before.insight()
    async with staged(sqlite_url) as surface:
        await surface.settle()
        await surface.slack.press(ANA, surface.last(ANA).ts, label="Dismiss")
        await surface.settle()
        assert (await surface.stored(fingerprint)).dismissed


async def test_completing_an_overdue_task_on_its_screen_changes_it_and_the_card_says_so(
    surface: Surface,
) -> None:
    person = await surface.person(ANA)
    await surface.save(task("T-1", person_id=person.id), task("T-2", person_id=person.id))
    fingerprint, card = await surface.card(**OVERDUE)
    await surface.slack.press(ANA, card.ts, label="Take Action")
    await surface.settle()

    pressed = await surface.slack.press_in_view(ANA, surface.view(ANA)["id"], label="Complete")
    await surface.settle()

    assert pressed.ok
    assert "Completed “Send the offer”" in words(surface.view(ANA))
    left = await tasks_of(surface, ANA)
    assert len(left) == 1
    assert (await surface.submit(ANA, {})).ok
    await surface.settle()
    # Completing it also called forth a next priority, which is the latest message now.
    assert "Done so far: Completed “Send the offer”" in words_of(
        surface.slack.conversations[ANA][card.ts]
    )
    assert await writes_of(surface, fingerprint) == ["Completed “Send the offer”"]


async def test_one_control_pressed_twice_at_once_acts_once(surface_on_both: Surface) -> None:
    surface = surface_on_both
    person = await surface.person(ANA)
    await surface.save(task("T-1", person_id=person.id))
    fingerprint, card = await surface.card(**OVERDUE)
    await surface.slack.press(ANA, card.ts, label="Take Action")
    await surface.settle()
    view_id = surface.view(ANA)["id"]

    await asyncio.gather(
        *(surface.slack.press_in_view(ANA, view_id, label="Complete") for _ in range(3))
    )
    await surface.settle()

    assert await writes_of(surface, fingerprint) == ["Completed “Send the offer”"]
    assert "Completed “Send the offer”" in words(surface.view(ANA))


async def test_moving_a_tasks_date_on_its_screen_moves_it(surface: Surface) -> None:
    person = await surface.person(ANA)
    await surface.save(task("T-1", person_id=person.id))
    _, card = await surface.card(
        action="view_task", params={"connection_id": CRM, "task_id": "T-1"}
    )
    await surface.slack.press(ANA, card.ts, label="Take Action")
    await surface.settle()

    await surface.slack.press_in_view(
        ANA, surface.view(ANA)["id"], action_id="do:reschedule_task", choose="2026-12-01"
    )
    await surface.settle()

    moved = await surface.stored_subjects(Task, "T-1")
    assert isinstance(moved, Task)
    assert moved.due_date == date(2026, 12, 1)
    assert moved.status is TaskStatus.PENDING
    assert "to Tue 1 Dec" in words(surface.view(ANA))


@pytest.mark.parametrize(
    ("choice", "verb", "said"),
    [
        ("log_call", "call_logged", "Logged a call with Ann Lee"),
        ("log_email", "email_logged", "Logged a mail to Ann Lee"),
        ("log_meeting", "meeting_booked", "Logged a meeting with Ann Lee"),
    ],
)
async def test_logging_a_contact_on_its_screen_is_recorded(
    surface: Surface, choice: str, verb: str, said: str
) -> None:
    person = await surface.person(ANA)
    await surface.save(lead(person_id=person.id))
    _, card = await surface.card(action="view_stale_leads", params={"contacts": [[CRM, "C-9"]]})
    await surface.slack.press(ANA, card.ts, label="Take Action")
    await surface.settle()

    view_id = surface.view(ANA)["id"]
    await surface.slack.press_in_view(ANA, view_id, action_id="do:log", choose=choice)
    await surface.settle()

    assert said in words(surface.view(ANA))
    async with surface.parts.database.read() as tx:
        assert verb in {each.verb for each in await activities.recent(tx, WS)}
    changed = await surface.stored_subjects(Contact, "C-9")
    assert isinstance(changed, Contact)
    assert changed.last_contacted_at == surface.clock.now()


async def test_moving_a_deals_stage_on_its_screen_moves_it(surface: Surface) -> None:
    person = await surface.person(ANA)
    await surface.save(deal(person_id=person.id), deal("D-2", stage="Negotiation"))
    seen = Seen(visits=1, places=1, told_open=1)
    async with surface.parts.database.write() as tx:
        await stages.add(tx, WS, CRM, {"Proposal": seen, "Negotiation": seen})
    _, card = await surface.card(
        action="view_deal", params={"connection_id": CRM, "deal_id": "D-17"}
    )
    await surface.slack.press(ANA, card.ts, label="Take Action")
    await surface.settle()

    await surface.slack.press_in_view(
        ANA, surface.view(ANA)["id"], action_id="do:move_deal", choose="Negotiation"
    )
    await surface.settle()

    moved = await surface.stored_subjects(Deal, "D-17")
    assert isinstance(moved, Deal)
    assert moved.stage == "Negotiation"
    assert "to Negotiation" in words(surface.view(ANA))


async def test_a_thing_that_is_gone_from_the_crm_is_told_plainly(surface: Surface) -> None:
    _, card = await surface.card(action="view_deal", params={"connection_id": CRM, "deal_id": "X"})
    await surface.slack.press(ANA, card.ts, label="Take Action")
    await surface.settle()
    assert any("no longer in the CRM" in each for each in surface.ephemerals(ANA))


async def test_a_control_of_a_decided_insight_says_so_in_its_window(surface: Surface) -> None:
    person = await surface.person(ANA)
    await surface.save(task("T-1", person_id=person.id))
    _, card = await surface.card(**OVERDUE)
    await surface.slack.press(ANA, card.ts, label="Take Action")
    await surface.settle()
    await surface.slack.press(ANA, card.ts, label="Dismiss")
    await surface.settle()

    await surface.slack.press_in_view(ANA, surface.view(ANA)["id"], label="Complete")
    await surface.settle()

    assert "already dismissed" in words(surface.view(ANA))
    assert len(await tasks_of(surface, ANA)) == 1


async def test_a_form_of_a_decided_insight_says_so_in_its_window(surface: Surface) -> None:
    _, card = await surface.card()
    await surface.slack.press(ANA, card.ts, label="Take Action")
    await surface.settle()
    await surface.slack.press(ANA, card.ts, label="Dismiss")
    await surface.settle()

    assert (await surface.submit(ANA, {})).ok
    assert "already dismissed" in words(surface.view(ANA))
    assert await tasks_of(surface, ANA) == []


async def test_a_press_is_acknowledged_while_the_database_is_busy_and_the_window_waits(
    sqlite_url: str,
) -> None:
    async with staged(sqlite_url, patience=0.05, ack_within=0.1) as surface:
        _, card = await surface.card()
        async with surface.parts.database.write():
            answer = await surface.slack.press(ANA, card.ts, label="Take Action")
            assert answer.ok
            await surface.slack.until(lambda: surface.slack.top_view(ANA), "a window")
            assert "One moment" in words(surface.view(ANA))
        await surface.settle()
        assert surface.view(ANA)["title"]["text"] == "Create a task"


async def test_a_form_that_cannot_be_stored_in_time_is_finished_afterwards(
    sqlite_url: str,
) -> None:
    async with staged(sqlite_url, patience=0.05, ack_within=0.1) as surface:
        _, card = await surface.card()
        await surface.slack.press(ANA, card.ts, label="Take Action")
        await surface.settle()
        async with surface.parts.database.write():
            answer = await surface.submit(ANA, {})
            assert answer.ok
            assert answer.ms < 2000
            assert "It is being done" in words(surface.view(ANA))
        await surface.settle()
        assert "Done." in words(surface.view(ANA))
        assert len(await tasks_of(surface, ANA)) == 1


async def test_a_window_that_slack_will_not_open_is_explained(surface: Surface) -> None:
    _, card = await surface.card()
    surface.slack.faults["views.open"] = [Fault(error="expired_trigger_id")]
    await surface.slack.press(ANA, card.ts, label="Take Action")
    await surface.settle()
    assert any("took too long" in each for each in surface.ephemerals(ANA))


async def test_what_nobody_expected_gets_a_reference_that_stands_in_the_log(
    surface: Surface, caplog: pytest.LogCaptureFixture
) -> None:
    # The insight's own data is broken: it lacks what its action needs.
    _, card = await surface.card()
    async with surface.parts.database.write() as tx:
        await tx.exec_driver_sql("UPDATE insights SET params = '{}'")
    await surface.slack.press(ANA, card.ts, label="Take Action")
    await surface.settle()
    (told,) = [each for each in surface.ephemerals(ANA) if "reference" in each]
    reference = told.rsplit("reference: ", 1)[1].strip(".")
    assert any(reference in record.getMessage() for record in caplog.records)


async def test_closing_the_window_after_doing_something_counts_as_taking_action(
    surface: Surface,
) -> None:
    person = await surface.person(ANA)
    await surface.save(task("T-1", person_id=person.id))
    fingerprint, card = await surface.card(**OVERDUE)
    await surface.slack.press(ANA, card.ts, label="Take Action")
    await surface.settle()
    view_id = surface.view(ANA)["id"]
    await surface.slack.press_in_view(ANA, view_id, label="Complete")
    await surface.settle()

    await surface.slack.dismiss(ANA)
    await surface.settle()

    assert (await surface.stored(fingerprint)).state is InsightState.TAKEN
    assert "Completed “" in surface.said(ANA)
    assert "Take Action" not in surface.said(ANA)


async def test_closing_the_window_after_only_looking_leaves_the_card_open(surface: Surface) -> None:
    person = await surface.person(ANA)
    await surface.save(task("T-1", person_id=person.id))
    fingerprint, card = await surface.card(**OVERDUE)
    await surface.slack.press(ANA, card.ts, label="Take Action")
    await surface.settle()

    await surface.slack.dismiss(ANA)
    await surface.settle()

    assert await surface.standing(fingerprint) == "sent"
    assert "Take Action" in str(surface.last(ANA).blocks)


async def test_a_list_has_one_button_to_leave_it_and_each_control_its_label(
    surface: Surface,
) -> None:
    person = await surface.person(ANA)
    await surface.save(task(due_date=date(2026, 11, 20), person_id=person.id))
    _, card = await surface.card(**OVERDUE)
    await surface.slack.press(ANA, card.ts, label="Take Action")
    await surface.settle()
    view = surface.view(ANA)
    assert not view.get("submit")
    assert view["close"]["text"] == "Done"
    (picker,) = [
        each
        for block in view["blocks"]
        for each in block.get("elements", ())
        if each["type"] == "datepicker"
    ]
    assert picker["placeholder"]["text"] == "Move its date"
    # A first date would stand in its place.
    assert "initial_date" not in picker
