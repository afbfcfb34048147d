"""Tests of the changes the coach makes in a CRM."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from coach import writes
from coach.events import Owner
from coach.mirror import blank, fold
from coach.models import (
    Contact,
    Deal,
    DealStatus,
    Origin,
    SubjectKind,
    Task,
    TaskPriority,
    TaskStatus,
    Verb,
)
from coach.stages import settled
from coach.writes import (
    CompleteTask,
    CreateTask,
    CrmWrite,
    DeleteTask,
    LogContact,
    MoveDeal,
    ReopenTask,
    RescheduleTask,
)
from tests.coach.values import ANN, CALL, NOW, WON

OWNER = Owner("ana@northwind.example")

CREATE = CreateTask(
    "c1", "coach-1", "Ask Ann", date(2026, 11, 24), TaskPriority.HIGH, "By mail.", "C-9", "D-17"
)

ALL: list[CrmWrite] = [
    CREATE,
    CompleteTask("c1", "T-1"),
    RescheduleTask("c1", "T-1", date(2026, 12, 1)),
    LogContact("c1", "C-9"),
    LogContact("c1", "C-9", Verb.EMAIL_LOGGED),
    MoveDeal("c1", "D-17", "Negotiation"),
    MoveDeal("c1", "D-17", "Closed Won"),
    ReopenTask("c1", "T-1"),
    DeleteTask("c1", "T-1"),
]


def test_each_write_of_an_insight_has_its_own_key_and_a_repeat_the_same() -> None:
    assert len({writes.key(write, "f") for write in ALL}) == len(ALL)
    for write in ALL:
        assert writes.key(write, "f") == writes.key(replace(write), "f")
        assert writes.key(write, "f") != writes.key(write, "g")


def test_an_insight_creates_one_task_whatever_its_title() -> None:
    assert writes.key(CREATE, "f") == writes.key(replace(CREATE, title="Other"), "f")


def told(write: CrmWrite, before: Task | Contact | Deal | None = None) -> tuple[Verb, object]:
    """The verb of a write, and the thing after it."""
    event = settled(writes.event(write, dedupe_key="k", at=NOW, owner=OWNER), {})
    (change,) = event.changes
    subject = before or blank(change.kind, "c1", change.id)
    assert subject.id == change.id
    return event.verb, fold(subject, change, "p1")


def test_a_write_is_an_event_like_the_crms_own() -> None:
    event = writes.event(CREATE, dedupe_key="coach:f:create_task", at=NOW, owner=OWNER)
    assert event.dedupe_key == "coach:f:create_task"
    assert (event.origin, event.occurred_at, event.owner) == (Origin.SELF, NOW, OWNER)
    assert event.subject_id(SubjectKind.TASK) == "coach-1"


def test_a_created_task_belongs_to_the_person_and_waits() -> None:
    verb, task = told(CREATE)
    assert verb is Verb.TASK_CREATED
    assert isinstance(task, Task)
    assert (task.title, task.status, task.priority) == (
        "Ask Ann",
        TaskStatus.PENDING,
        TaskPriority.HIGH,
    )
    assert (task.due_date, task.note) == (date(2026, 11, 24), "By mail.")
    assert (task.contact_id, task.deal_id, task.person_id) == ("C-9", "D-17", "p1")
    assert task.created_at == NOW


def test_a_completed_task_is_done_now() -> None:
    verb, task = told(CompleteTask("c1", "T-1"), CALL)
    assert verb is Verb.TASK_COMPLETED
    assert isinstance(task, Task)
    assert (task.status, task.completed_at) == (TaskStatus.COMPLETED, NOW)
    assert task.person_id == CALL.person_id


def test_a_moved_task_has_its_new_date() -> None:
    verb, task = told(RescheduleTask("c1", "T-1", date(2026, 12, 1)), CALL)
    assert verb is Verb.TASK_RESCHEDULED
    assert isinstance(task, Task)
    assert (task.due_date, task.status) == (date(2026, 12, 1), TaskStatus.PENDING)


@pytest.mark.parametrize("verb", [Verb.CALL_LOGGED, Verb.EMAIL_LOGGED, Verb.MEETING_BOOKED])
def test_a_logged_contact_is_contacted_now(verb: Verb) -> None:
    told_verb, contact = told(LogContact("c1", "C-9", verb), ANN)
    assert told_verb is verb
    assert isinstance(contact, Contact)
    assert contact.last_contacted_at == contact.silent_since == NOW


@pytest.mark.parametrize(
    ("stage", "verb", "status"),
    [
        ("Negotiation", Verb.DEAL_STAGE_CHANGED, DealStatus.OPEN),
        ("Closed Won", Verb.DEAL_CLOSED, DealStatus.WON),
        ("Closed Lost", Verb.DEAL_CLOSED, DealStatus.LOST),
    ],
)
def test_a_moved_deal_is_in_its_new_stage_and_closed_by_a_last_one(
    stage: str, verb: Verb, status: DealStatus
) -> None:
    before = replace(WON, stage="Proposal", status=DealStatus.OPEN, closed_at=None)
    told_verb, deal = told(MoveDeal("c1", "D-17", stage), before)
    assert told_verb is verb
    assert isinstance(deal, Deal)
    assert (deal.stage, deal.status) == (stage, status)
    assert deal.closed_at == (None if status is DealStatus.OPEN else NOW)


def test_a_change_can_be_told_of_a_thing_by_the_name_the_crm_has_for_it() -> None:
    for write in ALL:
        kind, id = writes.subject(write)
        assert writes.subject(writes.renamed(write, f"their-{id}")) == (kind, f"their-{id}")
        assert writes.renamed(writes.renamed(write, "x"), id) == write


LATER = NOW + timedelta(minutes=3)


@pytest.mark.parametrize(
    ("write", "thing", "back"),
    [
        (CREATE, None, DeleteTask("c1", "coach-1")),
        (CompleteTask("c1", "T-1"), CALL, ReopenTask("c1", "T-1")),
        (
            RescheduleTask("c1", "T-1", date(2026, 12, 1)),
            CALL,
            RescheduleTask("c1", "T-1", date(2026, 11, 20)),
        ),
        (LogContact("c1", "C-9"), ANN, None),
        (
            MoveDeal("c1", "D-17", "Closed Won"),
            replace(WON, stage="Proposal", status=DealStatus.OPEN, closed_at=None),
            MoveDeal("c1", "D-17", "Proposal"),
        ),
    ],
)
def test_a_change_taken_back_leaves_the_thing_as_it_was_and_has_an_opposite(
    write: CrmWrite, thing: Task | Contact | Deal | None, back: CrmWrite | None
) -> None:
    if isinstance(thing, Task):
        thing = replace(thing, due_date=date(2026, 11, 20))
    kept = writes.before(write, thing)
    assert writes.opposite(write, kept) == back
    _, changed = told(write, thing)
    assert isinstance(changed, Task | Contact | Deal)
    assert writes.still_stands(write, NOW, changed)
    event = writes.undoing(write, kept, made_at=NOW, dedupe_key="k", at=LATER)
    assert event.origin is Origin.SELF
    (change,) = event.changes
    after = fold(changed, change, None)
    assert not writes.still_stands(write, NOW, after)
    if thing is None:
        assert after.deleted
    else:
        first_said = getattr(changed, "created_at", None)
        assert replace(after, told={}) == replace(thing, told={}, created_at=first_said) or (
            isinstance(after, Contact) and after.last_contacted_at is None
        )


def test_without_a_date_or_stage_of_before_no_crm_is_told_the_opposite() -> None:
    moved = RescheduleTask("c1", "T-1", date(2026, 12, 1))
    undated = replace(CALL, due_date=None)
    assert writes.opposite(moved, writes.before(moved, undated)) is None
    first = MoveDeal("c1", "D-17", "Proposal")
    assert writes.opposite(first, writes.before(first, Deal("c1", "D-17"))) is None


def test_what_was_changed_since_no_longer_stands() -> None:
    moved = RescheduleTask("c1", "T-1", date(2026, 12, 1))
    assert not writes.still_stands(moved, NOW, replace(CALL, due_date=date(2026, 12, 2)))
    assert not writes.still_stands(moved, NOW, None)
    called = replace(ANN, last_contacted_at=LATER)
    assert not writes.still_stands(LogContact("c1", "C-9"), NOW, called)
