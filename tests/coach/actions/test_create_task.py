"""Tests of creating a task from an insight."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from coach.action import FieldErrors, Shows, Submission
from coach.actions.create_task import ACTION, NOTE, TITLE, next_working_day
from coach.models import TaskPriority
from coach.phrases import Phrase, Thing, say, to_json, verbatim
from coach.screens import ChoiceField, DateField, DraftedMail, TextField
from coach.wording import plain
from coach.writes import CreateTask
from tests.coach.values import ANN, WON, setting, view

PARAMS: dict[str, Any] = {
    "connection_id": "c1",
    "title": to_json(say("Ask {contact} for referral", contact=Thing("Ann Lee"))),
    "priority": "high",
    "deal_id": "D-17",
    "contact_id": "C-9",
}

FILLED: dict[str, str | None] = {
    "title": "Ask Ann Lee for referral",
    "due_date": "2026-11-24",
    "priority": "high",
    "note": "By mail.",
}


def submitted(**values: str | None) -> CreateTask:
    """The task that is created with these values."""
    result = ACTION.submit(view(params=PARAMS), {**FILLED, **values})
    assert isinstance(result, Submission)
    (write,) = result.writes
    assert isinstance(write, CreateTask)
    return write


def outcome(**values: str | None) -> str:
    """The card's words after it."""
    result = ACTION.submit(view(params=PARAMS), {**FILLED, **values})
    assert isinstance(result, Submission)
    return plain(result.outcome)


def faults(**values: str | None) -> dict[str, str]:
    """What is to be corrected."""
    result = ACTION.submit(view(params=PARAMS), {**FILLED, **values})
    assert isinstance(result, FieldErrors)
    return {name: plain(said) for name, said in result.errors.items()}


def test_the_promise_names_the_task() -> None:
    assert plain(ACTION.promise(PARAMS)) == (
        "Take Action opens a task to check and create: “Ask Ann Lee for referral”."
    )
    assert ACTION.shows is Shows.ABOUT


def test_the_form_is_prefilled_and_due_on_the_next_working_day() -> None:
    screen = ACTION.screen(view(params=PARAMS))
    title, due, priority, note = screen.elements
    assert isinstance(title, TextField)
    assert (title.name, title.optional) == ("title", False)
    assert isinstance(title.initial, Phrase)
    assert plain(title.initial) == "Ask Ann Lee for referral"
    assert isinstance(due, DateField)
    assert (due.name, due.initial, due.optional) == ("due_date", date(2026, 11, 24), True)
    assert isinstance(priority, ChoiceField)
    assert (priority.name, priority.initial) == ("priority", "high")
    assert [value for value, _ in priority.choices] == ["urgent", "high", "medium", "low"]
    assert isinstance(note, TextField)
    assert (note.name, note.long, note.optional) == ("note", True, True)


def test_a_title_that_was_kept_as_bare_words_is_one_all_the_same() -> None:
    # So they were kept before there were phrases.
    bare = {**PARAMS, "title": "Ask {Ann} for referral"}
    title = ACTION.screen(view(params=bare)).elements[0]
    assert isinstance(title, TextField)
    assert title.initial == verbatim("Ask {Ann} for referral")


def note(**things: Any) -> list[str]:
    """The lines of the note that is offered."""
    field = ACTION.screen(view(params=PARAMS, **things)).elements[3]
    assert isinstance(field, TextField)
    assert isinstance(field.initial, tuple)
    return [plain(each) for each in field.initial]


def test_the_note_names_the_deal_and_the_contact_as_they_are_now() -> None:
    assert note(deal=WON, contact=ANN) == [
        "Deal: Acme renewal",
        "Contact: Ann Lee, ann@acme.example",
    ]
    assert note(deal=WON, contact=replace(ANN, email=None))[1:] == ["Contact: Ann Lee"]
    assert note(deal=WON, contact=replace(ANN, name_given=""))[1:] == ["Contact: ann@acme.example"]


def test_the_note_names_nothing_that_is_gone_or_has_no_name() -> None:
    nobody = replace(ANN, name_given="", email=None)
    assert note() == []
    assert note(deal=replace(WON, deleted=True), contact=replace(ANN, deleted=True)) == []
    assert note(deal=replace(WON, title=""), contact=nobody) == []
    assert note(deal=replace(WON, account="Acme Ltd"), contact=nobody) == [
        "Deal: Acme renewal",
        "Company: Acme Ltd",
    ]


def test_a_mail_is_drafted_to_whom_the_deal_is_with_where_the_rule_names_one() -> None:
    assert len(ACTION.screen(view(params=PARAMS, deal=WON, contact=ANN)).elements) == 4
    named = {**PARAMS, "mail": "referral"}
    mail = ACTION.screen(view(params=named, deal=WON, contact=ANN)).elements[4]
    assert isinstance(mail, DraftedMail)
    assert mail.to == "ann@acme.example"
    gone = ACTION.screen(view(params=named, contact=replace(ANN, deleted=True))).elements[4]
    assert isinstance(gone, DraftedMail)
    assert (gone.to, plain(gone.body[0][0])) == (None, "Hello,")


@pytest.mark.parametrize(
    ("today", "week", "expected"),
    [
        (date(2026, 11, 20), (1, 2, 3, 4, 5), date(2026, 11, 23)),
        (date(2026, 11, 23), (1, 2, 3, 4, 5), date(2026, 11, 24)),
        (date(2026, 11, 20), (6,), date(2026, 11, 21)),
        (date(2026, 11, 20), (5,), date(2026, 11, 27)),
        (date(2026, 11, 20), (), date(2026, 11, 21)),
    ],
)
def test_the_next_working_day_is_the_persons_own(
    today: date, week: tuple[int, ...], expected: date
) -> None:
    assert next_working_day(today, week) == expected
    person = setting(working_days=week)
    due = ACTION.screen(replace(view(params=PARAMS), today=today, person=person)).elements[1]
    assert isinstance(due, DateField)
    assert due.initial == expected


def test_submitting_creates_the_task_as_it_was_filled_in() -> None:
    assert submitted() == CreateTask(
        connection_id="c1",
        task_id="coach-new",
        title="Ask Ann Lee for referral",
        due_date=date(2026, 11, 24),
        priority=TaskPriority.HIGH,
        note="By mail.",
        contact_id="C-9",
        deal_id="D-17",
    )


def test_the_card_says_what_was_created_and_for_when() -> None:
    assert outcome() == "Created the task “Ask Ann Lee for referral” for Tue 24 Nov."
    assert outcome(due_date=None) == (
        "Created the task “Ask Ann Lee for referral” without a due date."
    )


def test_empty_fields_are_empty() -> None:
    task = submitted(due_date=None, note=None, priority=None)
    assert (task.due_date, task.note, task.priority) == (None, None, TaskPriority.MEDIUM)
    assert submitted(note="  ").note is None


def test_what_is_too_long_is_cut() -> None:
    task = submitted(title="t" * 999, note="n" * 9999)
    assert (len(task.title), len(task.note or "")) == (TITLE, NOTE)


def test_a_title_of_several_lines_becomes_one() -> None:
    assert submitted(title=" Ask\n  Ann ").title == "Ask Ann"


def test_today_is_not_too_late() -> None:
    assert submitted(due_date="2026-11-23").due_date == date(2026, 11, 23)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"title": ""}, {"title": "Give the task a title."}),
        ({"title": None}, {"title": "Give the task a title."}),
        ({"title": " \n "}, {"title": "Give the task a title."}),
        ({"due_date": "2026-11-22"}, {"due_date": "Pick today or a later day."}),
        ({"due_date": "soon"}, {"due_date": "Pick a date."}),
        ({"priority": "huge"}, {"priority": "Choose one of these."}),
        (
            {"title": "", "due_date": "2026-11-22"},
            {"title": "Give the task a title.", "due_date": "Pick today or a later day."},
        ),
    ],
)
def test_what_cannot_be_used_is_said_at_its_field(
    values: dict[str, str | None], expected: dict[str, str]
) -> None:
    assert faults(**values) == expected
