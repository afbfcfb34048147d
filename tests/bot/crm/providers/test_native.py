"""Tests of the native webhook: what each event means, and what strangers may try."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.crm.calls import Answer, Call
from bot.crm.native_faults import accepted
from bot.crm.native_form import Form
from bot.crm.provider import Account, PayloadError, Reading, Request, Taken, Told
from bot.crm.providers.native import PROVIDER, call, parse, reply, told
from bot.crm.standard_webhooks import verify
from coach.events import Change, Event, Owner
from coach.mirror import blank, fold
from coach.models import (
    Contact,
    Deal,
    DealStatus,
    Origin,
    Subject,
    SubjectKind,
    Task,
    TaskPriority,
    TaskStatus,
    Verb,
)
from coach.writes import CompleteTask, Outgoing

FIXTURES = Path(__file__).parent / "fixtures" / "native"

RECEIVED = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

ANA = Owner("ana@northwind.example")
BEN = Owner("ben@northwind.example")

DEAL, CONTACT, TASK = SubjectKind.DEAL, SubjectKind.CONTACT, SubjectKind.TASK


VERBS = ", ".join(verb for verb in Verb if verb is not Verb.COMMAND_USED)


def utc(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """A moment of November 2026."""
    return datetime(2026, 11, day, hour, minute, second, tzinfo=UTC)


def fixture(name: str) -> dict[str, Any]:
    """What a file of the folder holds."""
    value: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return value


def read(name: str) -> Event:
    """The one event of a file."""
    (event,) = parse((FIXTURES / f"{name}.json").read_bytes(), f"msg_{name}", RECEIVED).events
    return event


def event(**value: Any) -> Event:
    """The one event of a body."""
    (found,) = parse(json.dumps(value).encode(), "msg_1", RECEIVED).events
    return found


def deal_event(type: str = "deal_amount_changed", **deal: Any) -> Event:
    """An event about one deal."""
    return event(type=type, timestamp="2026-11-22T09:00:00Z", data={"deal": {"id": "D-1", **deal}})


def fault(value: object) -> str:
    """Why a body is refused."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    with pytest.raises(PayloadError) as caught:
        parse(body, "msg_1", RECEIVED)
    return str(caught.value)


def change_of(event: Event, kind: SubjectKind) -> Change:
    """What an event changes in the thing of that kind."""
    (change,) = [change for change in event.changes if change.kind is kind]
    return change


def after(event: Event, kind: SubjectKind) -> Subject:
    """The thing of that kind when nothing else was ever told of it."""
    change = change_of(event, kind)
    return fold(blank(kind, "c1", change.id), change, "p1" if change.owner else None)


# Every verb


def test_a_created_deal_is_read_whole() -> None:
    event = read("deal_created")
    assert event == Event(
        "msg_deal_created",
        Verb.DEAL_CREATED,
        utc(20, 8, 15),
        (
            Change(
                DEAL,
                "D-104",
                utc(20, 8, 15),
                {
                    "title": "Harbour café refit",
                    "stage": "Qualified",
                    "status": DealStatus.OPEN,
                    "value": Decimal("18250.50"),
                    "currency": "EUR",
                    "source": "trade fair",
                    "contact_id": "C-31",
                    "created_at": utc(20, 8, 15),
                    "url": "https://crm.northwind.example/deals/104",
                },
                ANA,
            ),
        ),
        ANA,
        Origin.API,
    )


def test_a_changed_stage_tells_the_stage() -> None:
    event = read("deal_stage_changed")
    assert event.verb is Verb.DEAL_STAGE_CHANGED
    assert event.occurred_at == utc(21, 8, 30)
    assert change_of(event, DEAL).fields["stage"] == "Proposal"


def test_a_closed_deal_comes_with_its_contact() -> None:
    event = read("deal_closed")
    assert event.verb is Verb.DEAL_CLOSED
    fields = change_of(event, DEAL).fields
    assert (fields["status"], fields["closed_at"]) == (DealStatus.WON, utc(22, 9, 39, 12))
    contact = after(event, CONTACT)
    assert isinstance(contact, Contact)
    assert (contact.name, contact.email) == ("Lena Østby", "lena@harbour.example")
    assert contact.last_contacted_at == utc(19, 13)


def test_a_reopened_deal_is_open() -> None:
    event = read("deal_reopened")
    assert event.verb is Verb.DEAL_REOPENED
    assert change_of(event, DEAL).fields["status"] is DealStatus.OPEN
    assert deal_event("deal_reopened").changes[0].fields["status"] is DealStatus.OPEN


def test_a_changed_amount_changes_nothing_else() -> None:
    event = read("deal_amount_changed")
    assert event.verb is Verb.DEAL_AMOUNT_CHANGED
    assert change_of(event, DEAL).fields == {"value": Decimal(21000), "currency": "EUR"}


def test_a_changed_owner_is_the_deals_own_from_now_on() -> None:
    event = read("deal_owner_changed")
    assert event.verb is Verb.DEAL_OWNER_CHANGED
    change = change_of(event, DEAL)
    assert (change.owner, change.owner_assumed) == (BEN, False)


@pytest.mark.parametrize("kind", SubjectKind)
def test_a_deleted_thing_is_deleted_and_nothing_else(kind: SubjectKind) -> None:
    event = read(f"{kind}_deleted")
    assert event.verb is Verb(f"{kind}_deleted")
    assert change_of(event, kind).fields == {"deleted": True}
    assert after(event, kind).deleted


def test_deleting_a_deal_leaves_its_contact() -> None:
    found = event(
        type="deal_deleted", data={"deal": {"id": "D-1"}, "contact": {"id": "C-1", "name": "Ann"}}
    )
    assert change_of(found, CONTACT).fields == {"name_given": "Ann"}


def test_a_created_contact_is_a_lead() -> None:
    event = read("contact_created")
    contact = after(event, CONTACT)
    assert isinstance(contact, Contact)
    assert event.verb is Verb.CONTACT_CREATED
    assert contact.is_lead
    assert contact.created_at == contact.silent_since == utc(18, 16, 44, 50)


def test_an_updated_contact_is_not_contacted_and_its_address_may_be_emptied() -> None:
    event = read("contact_updated")
    assert event.verb is Verb.CONTACT_UPDATED
    assert change_of(event, CONTACT).fields == {"status": "PROSPECT", "email": None}


def test_a_created_task_is_read_whole() -> None:
    event = read("task_created")
    task = after(event, TASK)
    assert isinstance(task, Task)
    assert event.verb is Verb.TASK_CREATED
    assert (task.title, task.note) == ("Send Lena the floor plan", "The one with the terrace.")
    assert (task.status, task.priority) == (TaskStatus.PENDING, TaskPriority.HIGH)
    assert (task.due_date, task.contact_id, task.deal_id) == (date(2026, 11, 25), "C-31", "D-104")


def test_a_completed_task_is_done_when_the_crm_says() -> None:
    event = read("task_completed")
    task = after(event, TASK)
    assert isinstance(task, Task)
    assert event.verb is Verb.TASK_COMPLETED
    assert (task.status, task.completed_at) == (TaskStatus.COMPLETED, utc(21, 17, 19, 30))


def test_a_task_completed_without_any_detail_is_done_at_the_time_of_the_event() -> None:
    told = {"id": "T-1", "status": "pending", "completed_at": None}
    task = after(event(type="task_completed", data={"task": told}), TASK)
    assert isinstance(task, Task)
    assert (task.status, task.completed_at) == (TaskStatus.COMPLETED, RECEIVED)


def test_a_moved_task_has_its_new_date_with_or_without_a_time_of_day() -> None:
    event = read("task_rescheduled")
    assert event.verb is Verb.TASK_RESCHEDULED
    assert change_of(event, TASK).fields == {"due_date": date(2026, 11, 27)}


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("note_logged", utc(20, 13)),
        ("call_logged", utc(20, 15, 30)),
        ("email_logged", utc(20, 16)),
        ("meeting_booked", utc(20, 16, 30)),
    ],
)
def test_a_logged_note_call_mail_or_meeting_is_a_contact(name: str, at: datetime) -> None:
    event = read(name)
    assert event.verb is Verb(name)
    contact = after(event, CONTACT)
    assert isinstance(contact, Contact)
    assert contact.id == "C-31"
    assert contact.last_contacted_at == at


def test_a_call_about_nobody_is_an_activity_all_the_same() -> None:
    found = event(type="call_logged", owner={"email": ANA.email}, data={})
    assert (found.verb, found.owner, found.changes) == (Verb.CALL_LOGGED, ANA, ())


def test_every_verb_has_a_file() -> None:
    names = {path.stem for path in FIXTURES.glob("*.json")}
    assert names == {verb.value for verb in Verb} - {"command_used"} | {"batch", "minimal"}


# Statuses


def test_what_a_stage_means_is_judged_where_stages_are_known() -> None:
    found = deal_event("deal_stage_changed", stage="Closed Won")
    assert (found.verb, found.changes[0].fields) == (
        Verb.DEAL_STAGE_CHANGED,
        {"stage": "Closed Won"},
    )
    assert deal_event("deal_closed", stage="Signed").changes[0].fields == {"stage": "Signed"}


def test_a_closed_deal_must_be_won_or_lost() -> None:
    value = {"type": "deal_closed", "data": {"deal": {"id": "D-1", "status": "open"}}}
    assert fault(value) == "data.deal.status: deal_closed needs won or lost."
    assert fault({"type": "deal_closed", "data": {"deal": {"id": "D-1"}}}) == (
        "data.deal.status: deal_closed needs won or lost."
    )


# In part


def test_what_is_missing_is_left_alone() -> None:
    assert deal_event().changes[0].fields == {}
    assert deal_event(title="Acme").changes[0].fields == {"title": "Acme"}


@pytest.mark.parametrize(
    "empty", [None, "", "  "], ids=["null", "an empty text", "nothing but space"]
)
def test_what_is_empty_is_emptied_and_no_name_or_status_is(empty: str | None) -> None:
    names = ("stage", "value", "currency", "source", "contact_id", "closed_at", "url")
    kept = ("title", "status", "created_at")
    fields = deal_event(**dict.fromkeys([*names, *kept], empty)).changes[0].fields
    assert fields == dict.fromkeys(names)


@pytest.mark.parametrize("id", ["", " ", None])
def test_what_an_event_is_about_besides_is_passed_over_when_it_has_no_id(id: object) -> None:
    # So templates have it of a deal without a contact.
    nobody = {"id": id, "name": "", "email": None}
    told = event(
        type="deal_updated", data={"deal": {"id": "D-1", "contact_id": id}, "contact": nobody}
    )
    (change,) = told.changes
    assert (change.kind, change.fields) == (SubjectKind.DEAL, {"contact_id": None})
    call = event(type="call_logged", data={"deal": {"id": "D-1"}, "contact": nobody})
    assert [change.kind for change in call.changes] == [SubjectKind.DEAL]


def test_a_task_without_a_date_any_more_is_undated() -> None:
    told = {"id": "T-1", "due_date": "", "note": None}
    fields = event(type="task_rescheduled", data={"task": told}).changes[0].fields
    assert fields == {"due_date": None, "note": None}


def test_several_things_of_one_event_are_all_told() -> None:
    found = event(
        type="deal_created",
        data={"deal": {"id": "D-1"}, "contact": {"id": "C-1"}, "task": {"id": "T-1"}},
    )
    assert {change.kind for change in found.changes} == set(SubjectKind)


def test_an_event_without_a_time_happened_when_it_came() -> None:
    assert event(type="deal_created", data={"deal": {"id": "D-1"}}).occurred_at == RECEIVED


def test_fields_nobody_knows_are_kept_by_their_names_and_do_no_harm() -> None:
    long = "x" * 1000
    given = deal_event(colour="red", told={"title": 1}, deleted=True, Score=7, note="", more=long)
    assert given.changes[0].fields == {
        "other": {"colour": "red", "deleted": "true", "Score": "7", "note": None, "more": "x" * 300}
    }
    assert deal_event(other={"Region": "South"}).changes[0].fields == {"other": {"Region": "South"}}


def test_a_deal_tells_its_account_product_pipeline_and_how_it_is_expected_to_end() -> None:
    fields = {
        "account": "Acme",
        "product": "GTX",
        "pipeline": "Renewals",
        "expected_close_date": "2026-12-24T00:00:00Z",
        "probability": "0.35",
        "lost_reason": "Price",
    }
    assert deal_event(**fields).changes[0].fields == {
        **fields,
        "expected_close_date": date(2026, 12, 24),
        "probability": Decimal("0.35"),
    }
    told_of = event(type="contact_updated", data={"contact": {"id": "C-1", "company": "Acme"}})
    assert told_of.changes[0].fields == {"company": "Acme"}


@pytest.mark.parametrize(
    ("given", "probability"),
    [(60, "0.6"), ("60 %", "0.6"), ("1%", "0.01"), (1, "1"), (0, "0"), ("", None), (0.25, "0.25")],
)
def test_a_probability_may_be_told_in_percent(given: object, probability: str | None) -> None:
    found = deal_event(probability=given).changes[0].fields["probability"]
    assert found == (Decimal(probability) if probability else None)


@pytest.mark.parametrize("given", [101, -0.1, "likely", True, "1e999999999", "NaN"])
def test_what_is_no_probability_is_explained(given: object) -> None:
    body = {"type": "deal_updated", "data": {"deal": {"id": "D-1", "probability": given}}}
    assert "data.deal.probability" in fault(body)


# Owners


def test_the_owner_of_a_thing_is_its_own_and_the_events_only_assumed() -> None:
    found = event(
        type="deal_closed",
        owner={"email": "BEN@northwind.example"},
        data={
            "deal": {"id": "D-1", "status": "won", "owner_email": "Ana@Northwind.example"},
            "contact": {"id": "C-1"},
        },
    )
    assert found.owner == BEN
    deal, contact = change_of(found, DEAL), change_of(found, CONTACT)
    assert (deal.owner, deal.owner_assumed) == (ANA, False)
    assert (contact.owner, contact.owner_assumed) == (BEN, True)


def test_an_owner_may_be_known_by_id_or_name() -> None:
    assert deal_event(owner_id=77).changes[0].owner == Owner(id="77")
    assert deal_event(owner_name="Ana  Ruiz").changes[0].owner == Owner(name="Ana Ruiz")


def test_a_thing_without_an_owner_any_more_is_nobodys() -> None:
    change = deal_event(owner_email=None).changes[0]
    assert (change.owner, change.fields) == (None, {"person_id": None})


# Batches


def test_a_batch_takes_what_is_good_and_says_what_is_not() -> None:
    reading = parse((FIXTURES / "batch.json").read_bytes(), "msg_b", RECEIVED)
    assert [event.dedupe_key for event in reading.events] == ["evt-1", "4711", "msg_b#4"]
    assert [event.verb.value for event in reading.events] == [
        "deal_amount_changed",
        "task_created",
        "contact_updated",
    ]
    (second, why), fourth = reading.rejected
    assert second == 1
    assert why.startswith("type: ")
    assert fourth == (3, "An event must be a JSON object.")


def test_an_empty_batch_is_empty() -> None:
    reading = parse(b'{"type": "batch", "data": {"events": []}}', "msg_1", RECEIVED)
    assert reading == Reading([], [])


@pytest.mark.parametrize("data", [None, {}, [], {"events": {}}, {"events": None}])
def test_a_batch_needs_a_list(data: object) -> None:
    assert fault({"type": "batch", "data": data}) == "A batch needs data.events, a list."


def test_a_batch_in_a_batch_is_refused() -> None:
    inner = {"type": "batch", "data": {"events": []}}
    body = json.dumps({"type": "batch", "data": {"events": [inner]}}).encode()
    assert [index for index, _ in parse(body, "msg_1", RECEIVED).rejected] == [0]


# Identity


def test_an_event_is_known_by_the_id_of_its_request() -> None:
    assert read("deal_created").dedupe_key == "msg_deal_created"


def key_of(value: dict[str, Any], received: datetime = RECEIVED) -> list[str]:
    """The keys of a body that came without an id."""
    reading = parse(json.dumps(value).encode(), None, received)
    return [event.dedupe_key for event in reading.events]


def test_without_an_id_the_same_dated_body_is_the_same_event() -> None:
    later = RECEIVED + timedelta(minutes=1)
    for name in ("deal_created", "minimal", "batch"):
        assert key_of(fixture(name)) == key_of(fixture(name), later)
    other = {**fixture("deal_created"), "timestamp": "2026-11-20T08:15:01Z"}
    assert key_of(fixture("deal_created")) != key_of(other)


def test_without_an_id_and_a_date_each_request_is_an_event_of_its_own() -> None:
    later = RECEIVED + timedelta(minutes=1)
    undated = {"type": "call_logged", "data": {"contact": {"id": "C-1"}}}
    minimal = {"action": "created", "entity_type": "deal", "entity_id": "D-1"}
    batch = {"type": "batch", "data": {"events": [undated]}}
    for value in (undated, minimal, batch):
        assert key_of(value) != key_of(value, later)


def test_the_same_body_always_reads_the_same() -> None:
    body = (FIXTURES / "batch.json").read_bytes()
    assert parse(body, None, RECEIVED) == parse(body, None, RECEIVED)


def test_no_key_holds_what_a_database_refuses_and_none_loses_its_end() -> None:
    def keys(*ids: object) -> list[str]:
        items = [
            {"id": id, "type": "call_logged", "timestamp": "2026-11-22T09:00:00Z", "data": {}}
            for id in ids
        ]
        return key_of({"type": "batch", "data": {"events": items}})

    assert keys("a\0b", " c ") == ["ab", "c"]
    assert keys("\ud800") == ["?"]
    assert keys("\0") == []
    long = parse(
        json.dumps(
            {"type": "batch", "data": {"events": [{"type": "call_logged", "data": {}}] * 2}}
        ).encode(),
        "m" * 255,
        RECEIVED,
    )
    assert len({event.dedupe_key for event in long.events}) == 2


# The minimal form


def test_the_minimal_form_is_read_as_the_same_event() -> None:
    found = read("minimal")
    assert (found.verb, found.occurred_at) == (Verb.DEAL_CREATED, utc(22, 9))
    assert found.changes == (
        Change(
            DEAL,
            "5021",
            utc(22, 9),
            {"title": "Bakery oven lease", "stage": "Qualified", "value": Decimal(7400)},
            BEN,
        ),
    )


@pytest.mark.parametrize(
    ("action", "entity", "verb"),
    [
        ("created", "contact", Verb.CONTACT_CREATED),
        ("Completed", "task", Verb.TASK_COMPLETED),
        ("task_completed", "task", Verb.TASK_COMPLETED),
        ("deleted", "deal", Verb.DEAL_DELETED),
        ("call_logged", "contact", Verb.CALL_LOGGED),
    ],
)
def test_the_minimal_form_names_verbs_with_or_without_the_thing(
    action: str, entity: str, verb: Verb
) -> None:
    assert event(action=action, entity_type=entity, entity_id="1").verb is verb


def test_the_minimal_form_may_carry_time_and_owner_beside_or_within() -> None:
    outside = event(
        action="created", entity_type="deal", entity_id="1",
        timestamp="2026-11-22T09:00:00Z", owner={"email": ANA.email},
    )  # fmt: skip
    within = event(
        action="created", entity_type="deal", entity_id="1",
        metadata={"timestamp": "2026-11-22T09:00:00Z", "owner": {"email": ANA.email}},
    )  # fmt: skip
    assert outside.occurred_at == within.occurred_at == utc(22, 9)
    assert outside.owner == within.owner == ANA


def minimal(action: str, **metadata: Any) -> Event:
    """The event of a minimal form about one thing."""
    kind = "task" if "task" in action else "deal"
    return event(action=action, entity_type=kind, entity_id="X-1", metadata=metadata)


@pytest.mark.parametrize(
    ("won", "status"),
    [(True, DealStatus.WON), (False, DealStatus.LOST), ("true", DealStatus.WON)],
)
def test_a_minimal_deal_was_won_or_not(won: object, status: DealStatus) -> None:
    found = minimal("deal_closed", won=won, value=1200)
    assert found.verb is Verb.DEAL_CLOSED
    assert change_of(found, DEAL).fields == {"status": status, "value": Decimal(1200)}
    assert found.details is None


def test_only_of_a_closed_deal_does_not_won_say_that_it_is_lost() -> None:
    assert change_of(minimal("deal_updated", won=False), DEAL).fields == {}
    assert change_of(minimal("deal_updated", won=True), DEAL).fields == {"status": DealStatus.WON}
    assert change_of(minimal("deal_closed", won=False, status="won"), DEAL).fields == {
        "status": DealStatus.WON
    }


def test_a_minimal_deal_goes_from_its_old_stage_to_its_new_one() -> None:
    found = minimal("deal_stage_changed", old_stage="Qualified", new_stage="Proposal")
    change = change_of(found, DEAL)
    assert found.verb is Verb.DEAL_STAGE_CHANGED
    assert change.fields == {"stage": "Proposal"}
    assert change.before == {"stage": "Qualified"}
    assert found.details is None


def test_a_minimal_task_says_how_long_it_took_and_whether_it_has_a_date() -> None:
    found = minimal(
        "task_completed", title="Call Ann", days_to_complete=3, has_due_date=False, contact_id=9
    )
    assert found.verb is Verb.TASK_COMPLETED
    fields = change_of(found, TASK).fields
    assert (fields["title"], fields["contact_id"], fields["due_date"]) == ("Call Ann", "9", None)
    assert found.details == {"days_to_complete": 3, "has_due_date": False}
    dated = minimal("task_created", has_due_date=True, due_date="2026-11-27")
    assert change_of(dated, TASK).fields == {"due_date": date(2026, 11, 27)}


def test_the_kind_of_thing_may_follow_from_the_action() -> None:
    found = event(action="deal_closed", entity_id="D-1", metadata={"won": True})
    assert change_of(found, DEAL).id == "D-1"
    assert event(action="Updated", entity_type="Deal", entity_id=1).verb is Verb.DEAL_UPDATED
    assert event(action="call_logged", entity_id="C-1").changes[0].kind is CONTACT


def test_what_the_minimal_form_tells_beyond_the_fields_is_kept_within_bounds() -> None:
    told = {
        "mood": "\x00 sunny ",
        "score": 4.5,
        "huge": 10**40,
        "nested": {"a": [1, 2]},
        "nothing": None,
        "long": "x" * 5000,
        "n" * 200: True,
    }
    details = minimal("deal_created", title="Acme", **told).details
    assert details == {
        "mood": "sunny",
        "score": 4.5,
        "huge": "1" + "0" * 40,
        "nested": '{"a": [1, 2]}',
        "long": "x" * 500,
        "n" * 60: True,
    }
    many = minimal("deal_created", **{f"field{number}": number for number in range(100)})
    assert many.details is not None
    assert len(many.details) == 20


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (
            {"action": "exploded", "entity_type": "deal", "entity_id": "1"},
            f'action: "exploded" is not accepted; give one of {VERBS}.',
        ),
        (
            {"action": "task_completed", "entity_type": "deal", "entity_id": "1"},
            "data.task: task_completed needs it, with its id.",
        ),
        (
            {"action": "created", "entity_type": "deal"},
            "entity_id: say which deal it is about.",
        ),
        (
            {"action": "used", "entity_type": "command", "entity_id": "1"},
            'entity_type: "command" is not accepted; give one of "deal", "contact", "task".',
        ),
        (
            {"action": "command_used", "entity_id": "1"},
            f'action: "command_used" is not accepted; give one of {VERBS}.',
        ),
        ({"action": " "}, f"action: it is missing; give one of {VERBS}."),
        (
            {"action": "deal_created", "entity_id": True},
            (
                "entity_id: true is not accepted; give text or a number of 1 to 255 characters, "
                'as "D-17".'
            ),
        ),
        (
            {
                "action": "deal_created",
                "metadata": {"id": "x" * 256, "probability": 150, "owner": "ana"},
            },
            (
                'metadata.owner: "ana" is not accepted; give an object, as {"email": '
                '"ana@example.com"}. metadata.id: 256 characters are too many; give text or a '
                'number of 1 to 255 characters, as "D-17". metadata.probability: 150 is not '
                'accepted; give a number from 0 to 1, as 0.6, or percent, as 60 or "60%".'
            ),
        ),
        (
            {"action": "deal_closed", "entity_id": 1, "metadata": {"won": "maybe"}},
            'metadata.won: "maybe" is not accepted; give true or false.',
        ),
    ],
)
def test_a_wrong_minimal_form_is_refused_with_the_reason(
    value: dict[str, Any], sentence: str
) -> None:
    assert fault(value) == sentence


# What strangers may try


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[1, 2]", "must be a JSON object"),
        (b'"text"', "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b"{}", "type: it is missing; give one of deal_created, "),
        (b'{"type": "deal_created", "type": "batch"}', "'type' stands twice"),
        (b'{"type": NaN}', "NaN is not JSON"),
        (b'{"type": 1e999}', "too large"),
        (b'{"type": ' + b"9" * 5000 + b"}", "too long"),
        (b'{"type": ' + b"[" * 90 + b"]" * 90 + b"}", "deeper than 64"),
        (b'{"type": "deal_created"}', "data: it is missing; give an object"),
        (b'{"type": "deal_created", "data": {}}', "data.deal: deal_created needs it"),
        (
            b'{"type": "deal_created", "data": {"deal": {}}}',
            "data.deal.id: it is missing; give text",
        ),
        (b'{"type": "deal_created", "data": {"deal": {"id": ""}}}', "data.deal.id"),
        (b'{"type": "deal_created", "data": {"deal": {"id": "\\u0000"}}}', "data.deal.id"),
        (b'{"type": "deal_created", "data": {"deal": {"id": null}}}', "data.deal.id"),
        (b'{"type": "deal_created", "data": {"deal": []}}', "data.deal"),
        (b'{"type": "deal_created", "data": "x"}', "data"),
        (b'{"type": "deal_exploded", "data": {"deal": {"id": "1"}}}', "type"),
        (b'{"type": 7, "data": {}}', "type"),
        (b'{"type": "command_used", "data": {}}', "the coach's own"),
        (b'{"type": "call_logged", "owner": "ana", "data": {}}', "owner"),
    ],
)
def test_a_body_of_another_form_is_refused_with_the_reason(body: bytes, part: str) -> None:
    told = fault(body)
    assert part in told
    assert len(told) <= 500


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("value", "NaN"),
        ("value", "Infinity"),
        ("value", "-inf"),
        ("value", "1e400"),
        ("value", 10**400),
        ("value", "1e16"),
        ("value", "twelve"),
        ("value", True),
        ("value", [1]),
        ("value", {"amount": 1}),
        ("title", ["Acme"]),
        ("title", {"en": "Acme"}),
        ("title", True),
        ("status", "perhaps"),
        ("status", 1),
        ("currency", "x" * 9),
        ("created_at", "yesterday"),
        ("created_at", "2026-13-01T00:00:00Z"),
        ("created_at", "1969-12-31T00:00:00Z"),
        ("created_at", "2200-01-01T00:00:00Z"),
        ("created_at", "9999-12-31T23:59:59-12:00"),
        ("created_at", "0001-01-01T00:00:00+14:00"),
        ("created_at", 10**400),
        ("created_at", "NaN"),
        ("created_at", {}),
        ("contact_id", "x" * 256),
        ("id", "x" * 256),
        ("id", 10**400),
        ("id", True),
        ("owner_email", "x" * 321),
    ],
)
def test_a_value_that_cannot_be_is_refused_at_its_field(name: str, value: object) -> None:
    told = fault({"type": "deal_created", "data": {"deal": {"id": "1", name: value}}})
    assert told.startswith(f"data.deal.{name}: ")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "id",
            "x" * 300,
            '300 characters are too many; give text or a number of 1 to 255 characters, as "D-17".',
        ),
        (
            "probability",
            150,
            '150 is not accepted; give a number from 0 to 1, as 0.6, or percent, as 60 or "60%".',
        ),
        (
            "probability",
            "150 %",
            (
                '"150 %" is not accepted; give a number from 0 to 1, as 0.6, or '
                'percent, as 60 or "60%".'
            ),
        ),
        (
            "created_at",
            "yesterday",
            (
                '"yesterday" is not accepted; give a moment from 1970 to 2199 '
                'in ISO 8601, as "2026-11-22T10:00:00Z".'
            ),
        ),
        (
            "expected_close_date",
            "2026-02-30",
            (
                '"2026-02-30" is not accepted; give a day from 1970 '
                'to 2199 in ISO 8601, as "2026-11-22".'
            ),
        ),
        (
            "value",
            "1,5",
            (
                '"1,5" is not accepted; give a number up to 1e15 with a point before its '
                "decimals, as 12000.50."
            ),
        ),
        (
            "status",
            "\ud800" * 99,
            f'"{"?" * 39}… is not accepted; give one of "open", "won", "lost".',
        ),
        (
            "contact_id",
            [],
            '[] is not accepted; give text or a number of 1 to 255 characters, as "D-17".',
        ),
    ],
)
def test_what_is_wrong_is_said_with_what_is_accepted_and_an_example(
    name: str, value: object, sentence: str
) -> None:
    told = fault({"type": "deal_created", "data": {"deal": {"id": "1", name: value}}})
    assert told == f"data.deal.{name}: {sentence}"


@pytest.mark.parametrize("type", ["deal_exploded", "Batch", "command_used"])
def test_the_types_that_are_told_are_those_that_are_taken(type: str) -> None:
    told = fault({"type": type, "data": {}})
    named = told.rpartition("give one of ")[2].rstrip(".").split(", ")
    assert set(named) == {*Verb, "batch"} - {Verb.COMMAND_USED}


def test_every_field_has_words_for_what_it_accepts() -> None:
    forms, fields = [Form], 0
    for form in forms:
        forms += form.__subclasses__()
        for name, field in form.model_fields.items():
            # Anything at all is read elsewhere, and never wrong here.
            if field.annotation is not Any:
                assert accepted(form, [name])
                fields += 1
    assert fields > 50


def test_of_many_faults_whole_sentences_are_told_as_far_as_there_is_room() -> None:
    deal = {"id": "1", "created_at": "x" * 99, "closed_at": "x" * 99, "value": "x" * 99}
    told = fault({"type": "exploded", "owner": 1, "data": {"deal": deal}})
    assert len(told) <= 500
    assert told.endswith(".")
    assert told.startswith('type: "exploded" is not accepted; ')


@pytest.mark.parametrize("due", ["9999-12-31", "0001-01-01", "soon", 1e17, [], "2026-02-30"])
def test_a_due_date_that_cannot_be_is_refused(due: object) -> None:
    told = fault({"type": "task_created", "data": {"task": {"id": "1", "due_date": due}}})
    assert told.startswith("data.task.due_date: ")


def test_text_is_cleaned_of_what_databases_refuse() -> None:
    fields = deal_event(title=" A\0c\ud800me ", source="\0").changes[0].fields
    assert fields == {"title": "Ac?me", "source": ""}


def test_long_text_is_cut() -> None:
    fields = deal_event(title="t" * 9999, stage="s" * 9999).changes[0].fields
    assert (len(fields["title"]), len(fields["stage"])) == (500, 120)
    note = event(type="task_created", data={"task": {"id": "1", "note": "n" * 9999}})
    assert len(note.changes[0].fields["note"]) == 5000


@pytest.mark.parametrize("value", ["0e-999999999", "0e999999", "1e-400", "0." + "0" * 4000 + "1"])
def test_an_amount_nobody_could_write_out_becomes_one_that_can_be(value: str) -> None:
    amount = deal_event(value=value).changes[0].fields["value"]
    assert len(f"{amount:f}") < 20
    assert amount == 0


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("12000.50", Decimal("12000.50")),
        (12000.5, Decimal("12000.5")),
        (0.1, Decimal("0.1")),
        ("1.2e4", Decimal(12000)),
        (-3, Decimal(-3)),
        ("0.12345678", Decimal("0.123457")),
        ("1e15", Decimal(10**15)),
    ],
)
def test_amounts_are_exact(value: object, amount: Decimal) -> None:
    assert deal_event(value=value).changes[0].fields["value"] == amount


def test_numbers_may_be_ids_and_names() -> None:
    change = event(type="deal_created", data={"deal": {"id": 17, "title": 42}}).changes[0]
    assert (change.id, change.fields["title"]) == ("17", "42")


def test_what_happened_does_not_lie_ahead() -> None:
    found = event(
        type="contact_updated",
        timestamp="2199-01-01T00:00:00Z",
        data={
            "contact": {
                "id": "C-1",
                "created_at": "2199-01-01T00:00:00Z",
                "last_contacted_at": "2150-06-01T00:00:00Z",
            }
        },
    )
    assert found.occurred_at == found.changes[0].at == RECEIVED
    assert found.changes[0].fields == {"created_at": RECEIVED, "last_contacted_at": RECEIVED}


def test_an_ancient_event_is_taken_with_its_own_time() -> None:
    found = event(type="call_logged", timestamp="1971-01-01T00:00:00", data={})
    assert found.occurred_at == datetime(1971, 1, 1, tzinfo=UTC)
    assert fault({"type": "call_logged", "timestamp": "1812-01-01T00:00:00Z", "data": {}}) == (
        'timestamp: "1812-01-01T00:00:00Z" is not accepted; give a moment from 1970 to 2199 in '
        'ISO 8601, as "2026-11-22T10:00:00Z".'
    )


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://crm.example/deals/1", "https://crm.example/deals/1"),
        ("http://crm.example/1", None),
        ("javascript:alert(1)", None),
        ("https://a.example|<!channel>", None),
        ('https://a.example/"x', None),
        ("https://a.example/a b", None),
        ("https://" + "x" * 3000, None),
    ],
)
def test_only_plain_web_addresses_become_links(url: str, kept: str | None) -> None:
    assert deal_event(url=url).changes[0].fields["url"] == kept


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters())
    | st.sampled_from(["won", "2026-11-22T09:00:00Z", "deal_closed", "\0", "\ud800", "1e400"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "type", "data", "deal", "contact", "task", "events", "value"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


# On a busy machine making the examples takes long, which says nothing of what is tested.
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.sampled_from([*Verb, "batch", "nothing"]),
    st.dictionaries(st.sampled_from(["deal", "contact", "task", "events"]), JSON, max_size=3),
    st.dictionaries(st.sampled_from(["timestamp", "owner", "id", "metadata", "action"]), JSON),
)
def test_whatever_comes_is_read_or_refused(
    type: str, data: dict[str, Any], around: dict[str, Any]
) -> None:
    body = json.dumps({**around, "type": type, "data": data}).encode()
    try:
        reading = parse(body, None, RECEIVED)
    except PayloadError:
        reading = Reading([])
    for event in reading.events:
        event.dedupe_key.encode()
        assert "\0" not in event.dedupe_key
        for change in event.changes:
            after(Event("k", event.verb, RECEIVED, (change,)), change.kind)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with pytest.raises(PayloadError):
        parse(body, "msg_1", RECEIVED)


# Out


ACCOUNT = Account(
    ("whsec_bmV3ZXN0LXNlY3JldA==", "whsec_b2xkZXItc2VjcmV0"), "token", address="https://crm.example"
)


def outgoing(
    verb: Verb, subject: Subject, email: str | None = ANA.email, key: str = "f:k"
) -> Outgoing:
    """A change on its way out; what was asked for exactly does not matter to the native form."""
    write = CompleteTask("c1", subject.id)
    return Outgoing(key, write, verb, RECEIVED, subject, owner_email=email)


def made(verb: Verb, subject: Subject, email: str | None = ANA.email) -> Call:
    """The call that tells of a change."""
    found = call(ACCOUNT, outgoing(verb, subject, email), 1_000_000.7)
    assert found is not None
    return found


def told_back(verb: Verb, subject: Subject) -> Subject:
    """What the mirror has of a thing that went out and came back."""
    body = made(verb, subject).body
    (event,) = parse(body, "msg_1", RECEIVED + timedelta(hours=1)).events
    assert (event.verb, event.occurred_at, event.owner) == (verb, RECEIVED, ANA)
    (change,) = event.changes
    assert (change.owner, change.owner_assumed) == (ANA, False)
    return fold(blank(change.kind, subject.connection_id, change.id), change, subject.person_id)


WHOLE_DEAL = Deal(
    "c1", "D-104", "Harbour café “refit”", "Proposal", DealStatus.OPEN, Decimal("18250.50"),
    "EUR", "trade fair", "C-31", "p1", "https://crm.example/104", utc(20, 8, 15),
)  # fmt: skip
WHOLE_CONTACT = Contact(
    "c1", "C-31", "Lena Østby", "lena@harbour.example", "LEAD", "web", "p1",
    "https://crm.example/31", utc(1, 8), RECEIVED, RECEIVED,
)  # fmt: skip
WHOLE_TASK = Task(
    "c1", "T-77", "Send it", TaskStatus.PENDING, TaskPriority.URGENT, date(2026, 11, 25),
    "By mail.\nToday.", None, "C-31", "D-104", "p1", "https://crm.example/77", utc(20, 10),
)  # fmt: skip


@pytest.mark.parametrize(
    ("verb", "subject"),
    [
        (Verb.DEAL_STAGE_CHANGED, WHOLE_DEAL),
        (
            Verb.DEAL_CLOSED,
            Deal("c1", "D-1", "A", "Won", DealStatus.WON, person_id="p1",
                 created_at=utc(2), closed_at=utc(21, 9)),
        ),
        (Verb.CALL_LOGGED, WHOLE_CONTACT),
        # A task that was completed is to be done after all.
        (Verb.TASK_UPDATED, WHOLE_TASK),
        (Verb.TASK_CREATED, WHOLE_TASK),
        (Verb.TASK_RESCHEDULED, Task("c1", "T-1", "A", person_id="p1", created_at=utc(2))),
        (
            Verb.TASK_COMPLETED,
            Task("c1", "T-1", "A", TaskStatus.COMPLETED, completed_at=utc(21, 9),
                 person_id="p1", created_at=utc(2)),
        ),
    ],
)  # fmt: skip
def test_what_goes_out_comes_back_as_the_same_thing(verb: Verb, subject: Subject) -> None:
    found = told_back(verb, subject)
    for name in type(subject).__dataclass_fields__:
        if name != "told":
            assert getattr(found, name) == getattr(subject, name), name


@given(
    title=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(str.strip),
    value=st.none() | st.decimals(-(10**12), 10**12, places=2),
    stage=st.sampled_from(["Proposal", "Qualified"]),
)
def test_any_deal_that_goes_out_comes_back_the_same(
    title: str, value: Decimal | None, stage: str
) -> None:
    subject = Deal("c1", "D-1", title, stage, value=value, created_at=utc(2))
    found = told_back(Verb.DEAL_STAGE_CHANGED, subject)
    assert isinstance(found, Deal)
    assert (found.title, found.value, found.stage) == (title, value, stage)


def test_a_contact_without_a_name_is_not_given_one() -> None:
    value = json.loads(made(Verb.CALL_LOGGED, Contact("c1", "C-1"), None).body)
    assert value["data"]["contact"]["name"] == ""
    assert value["owner"] is None
    assert "owner_email" not in value["data"]["contact"]


def test_what_goes_out_is_of_the_documented_form() -> None:
    assert json.loads(made(Verb.TASK_CREATED, WHOLE_TASK).body) == {
        "type": "task_created",
        "timestamp": "2026-11-22T10:00:00+00:00",
        "owner": {"email": "ana@northwind.example"},
        "data": {
            "task": {
                "id": "T-77",
                "title": "Send it",
                "status": "pending",
                "priority": "urgent",
                "due_date": "2026-11-25",
                "note": "By mail.\nToday.",
                "completed_at": None,
                "contact_id": "C-31",
                "deal_id": "D-104",
                "url": "https://crm.example/77",
                "created_at": "2026-11-20T10:00:00+00:00",
                "owner_email": "ana@northwind.example",
            }
        },
    }


def test_what_goes_out_is_signed_with_the_newest_secret() -> None:
    sent = made(Verb.TASK_CREATED, WHOLE_TASK)
    assert (sent.method, sent.url, sent.repeatable) == ("POST", "https://crm.example", True)
    assert sent.headers["content-type"] == "application/json"
    headers = {name.encode(): value.encode() for name, value in sent.headers.items()}
    newest = Account(ACCOUNT.signing[:1])
    assert verify(Request(headers, sent.body), newest, 1_000_000) == sent.headers["webhook-id"]


def test_a_repeated_write_has_the_same_id_and_another_one_another() -> None:
    def id_of(key: str, wall: float) -> str:
        found = call(ACCOUNT, outgoing(Verb.TASK_CREATED, WHOLE_TASK, key=key), wall)
        assert found is not None
        return found.headers["webhook-id"]

    assert id_of("f:create_task", 1) == id_of("f:create_task", 99)
    assert id_of("f:create_task", 1) != id_of("f:complete:T-1", 1)


def test_without_an_address_there_is_no_way_to_tell() -> None:
    nowhere = Account(ACCOUNT.signing)
    assert call(nowhere, outgoing(Verb.TASK_CREATED, WHOLE_TASK), 1.0) is None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(204), Told()),
        (Answer(200, body=b"OK"), Told()),
        (Answer(201, body=b'{"id": "T-9"}'), Told(remote_id="T-9")),
        (Answer(201, body=b'{"id": 9}'), Told(remote_id="9")),
        (Answer(200, body=b'{"id": true}'), Told()),
        (Answer(200, body=b'{"id": " "}'), Told()),
        (Answer(200, body=b'["T-9"]'), Told()),
        (Answer(200, body=b'{"id": "' + b"x" * 300 + b'"}'), Told()),
        (
            Answer(422, body=b'{"error": "No such owner."}'),
            Told(refusal="HTTP 422: No such owner."),
        ),
        (Answer(404, body=b"<html>"), Told(refusal="HTTP 404")),
        (Answer(307), Told(refusal="HTTP 307")),
        (Answer(503, body=b'{"error": "later"}'), Told(again="HTTP 503")),
        (Answer(429), Told(again="HTTP 429")),
    ],
)
def test_the_answer_tells_the_id_there_or_why_not(answer: Answer, said: Told) -> None:
    assert told(outgoing(Verb.TASK_CREATED, WHOLE_TASK), answer) == said


def test_who_sends_what_cannot_be_read_is_told_so_and_everybody_else_is_given_counts() -> None:
    assert reply(Taken(error="The body cannot be read.")).status == 400
    answered = reply(Taken(1, 2, [(3, "no id")]))
    assert (answered.status, json.loads(answered.body)) == (
        202,
        {"accepted": 1, "duplicates": 2, "rejected": [{"index": 3, "error": "no id"}]},
    )


def test_the_provider_is_complete() -> None:
    assert PROVIDER.parse is parse
    assert PROVIDER.verify is verify
    assert PROVIDER.reply is reply
    assert PROVIDER.writing is not None
    assert (PROVIDER.writing.call, PROVIDER.writing.read) == (call, told)
