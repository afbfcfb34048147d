"""What is asked of Attio's API and told to it, and what its answers mean."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from bot.crm.calls import Answer, Call
from bot.crm.provider import Account, Fetch, Fetched, PayloadError, Told, Want, load_providers
from bot.crm.providers.attio.linking import EVENTS, SCOPES
from bot.crm.providers.attio.lookups import PAGE
from bot.crm.providers.attio.things import MARK
from bot.crm.setup import Identity, RefusedError, Subscription
from coach.events import Change, Event, Owner
from coach.models import DealStatus, SubjectKind, TaskPriority, TaskStatus, Verb
from coach.stages import Stage
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
from tests.bot.crm.vendors import (
    BOUNDED,
    answers_do_no_harm,
    change,
    found,
    hostile,
    talked,
    written,
)

ATTIO = load_providers()["attio"]
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
DEAL, CONTACT, TASK = SubjectKind.DEAL, SubjectKind.CONTACT, SubjectKind.TASK
DEALS, PEOPLE = "97052eb9-e65e-443f-a297-f2d9a4a7f795", "50cf242c-7fa3-4cad-87d0-75b1af71c57b"
ACCOUNT = Account(
    ("s",),
    address="https://api.attio.com",
    access={"api_key": "t0ken", "object_deals": DEALS, "object_people": PEOPLE},
)
LISTED = replace(ACCOUNT, access={**ACCOUNT.access, "pipeline": "list-1/phase"})

MADE, MOVED, PRICED = (
    "2026-11-01T08:00:00.123456789Z",
    "2026-11-20T10:00:00.000000000Z",
    "2026-11-21T10:00:00.000000000Z",
)


def status(title: str, since: str = MOVED) -> list[dict[str, Any]]:
    return [{"active_from": since, "active_until": None, "status": {"title": title}}]


RECORD = {
    "id": {"workspace_id": "w", "object_id": DEALS, "record_id": "r1"},
    "created_at": MADE,
    "web_url": "https://app.attio.com/northwind/deals/r1",
    "values": {
        "name": [{"active_from": MADE, "value": "Acme renewal"}],
        "stage": status("In Progress"),
        "value": [{"active_from": PRICED, "currency_value": 1200.5, "currency_code": "EUR"}],
        "owner": [
            {
                "active_from": MADE,
                "referenced_actor_type": "workspace-member",
                "referenced_actor_id": "m1",
            }
        ],
        "associated_people": [{"active_from": MADE, "target_record_id": "p1"}],
        "close_date": [{"active_from": PRICED, "value": "2026-12-24"}],
    },
}
PERSON = {
    "id": {"workspace_id": "w", "object_id": PEOPLE, "record_id": "p1"},
    "created_at": MADE,
    "values": {
        "name": [{"active_from": MADE, "full_name": "Ann Lee", "first_name": "Ann"}],
        "email_addresses": [{"active_from": MADE, "email_address": "ann@acme.example"}],
        "last_interaction": [{"active_from": MOVED, "interacted_at": MOVED}],
    },
}
ENTRY = {
    "id": {"workspace_id": "w", "list_id": "list-1", "entry_id": "e1"},
    "parent_record_id": "p1",
    "parent_object": "people",
    "created_at": MADE,
    "entry_values": {"phase": status("Demo")},
}
TODO = {
    "id": {"workspace_id": "w", "task_id": "t1"},
    "content_plaintext": "Call Ann\nabout the renewal",
    "deadline_at": "2026-11-24T12:00:00.000000000Z",
    "is_completed": False,
    "linked_records": [
        {"target_object_id": DEALS, "target_record_id": "r1"},
        {"target_object_id": "people", "target_record_id": "p1"},
        {"target_object_id": "companies", "target_record_id": "c1"},
    ],
    "assignees": [{"referenced_actor_type": "workspace-member", "referenced_actor_id": "m1"}],
    "created_at": MADE,
}
NOTE = {
    "id": {"workspace_id": "w", "note_id": "n1"},
    "parent_object": "people",
    "parent_record_id": "p1",
    "title": "Talked to Ann",
    "created_by_actor": {"type": "workspace-member", "id": "m1"},
    "created_at": PRICED,
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text[:26] + "+00:00")


def asked(fetch: Fetch, account: Account = ACCOUNT) -> Call:
    return ATTIO.fetching[fetch.want].call(account, fetch)


def read(fetch: Fetch, answer: Answer, account: Account = ACCOUNT) -> Fetched:
    return ATTIO.fetching[fetch.want].read(account, fetch, answer, NOW)


def record(data: Any, *hints: str, object: str = DEALS) -> list[Event]:
    fetch = Fetch(Want.THING, f"record/{object}", "r1", hints=hints)
    return list(read(fetch, found({"data": data})).events)


# Looking up


@pytest.mark.parametrize(
    ("fetch", "path"),
    [
        (Fetch(Want.THING, f"record/{DEALS}", "r1"), f"/v2/objects/{DEALS}/records/r1"),
        (Fetch(Want.THING, "entry/list-1", "../e"), "/v2/lists/list-1/entries/..%2Fe"),
        (Fetch(Want.THING, "title/people/p1", "e1"), "/v2/objects/people/records/p1"),
        (Fetch(Want.THING, "task", "t1"), "/v2/tasks/t1"),
        (Fetch(Want.THING, "note", "n1"), "/v2/notes/n1"),
        (Fetch(Want.THING, "owners", "all"), "/v2/workspace_members"),
        (Fetch(Want.THING, "stages", "all"), "/v2/objects/deals/attributes/stage/statuses"),
        (Fetch(Want.STAGES), "/v2/objects/deals/attributes/stage/statuses"),
        (Fetch(Want.OWNERS), "/v2/workspace_members"),
        (
            Fetch(Want.HISTORY, "task", cursor="500"),
            "/v2/tasks?limit=500&offset=500&sort=created_at:asc",
        ),
        (Fetch(Want.HISTORY, "entries"), "/v2/self"),
    ],
)
def test_where_things_are_looked_up(fetch: Fetch, path: str) -> None:
    call = asked(fetch)
    assert written(call) == ("GET", path, None)
    assert call.headers["authorization"] == "Bearer t0ken"


def test_records_and_entries_are_asked_for_in_pages_oldest_first() -> None:
    page = {
        "limit": 500,
        "offset": 1000,
        "sorts": [{"attribute": "created_at", "direction": "asc"}],
    }
    deals = asked(Fetch(Want.HISTORY, "deals", cursor="1000"))
    assert written(deals) == ("POST", "/v2/objects/deals/records/query", page)
    assert deals.repeatable
    entries = asked(Fetch(Want.HISTORY, "entries", cursor="1000"), LISTED)
    assert written(entries) == ("POST", "/v2/lists/list-1/entries/query", page)
    stages = asked(Fetch(Want.STAGES), LISTED)
    assert written(stages)[1] == "/v2/lists/list-1/attributes/phase/statuses"


def test_a_deal_is_told_as_of_when_each_value_holds() -> None:
    came, rest = record(RECORD)
    moved, made, priced = at(MOVED), at(MADE), at(PRICED)
    assert (came.verb, came.occurred_at) == (Verb.DEAL_STAGE_CHANGED, moved)
    assert came.changes == (Change(DEAL, "r1", moved, {"stage": "In Progress"}, came=True),)
    assert (rest.verb, rest.occurred_at) == (Verb.DEAL_UPDATED, NOW)
    assert came.observed
    assert rest.observed
    assert rest.changes == (
        Change(
            DEAL,
            "r1",
            made,
            {
                "created_at": made,
                "url": "https://app.attio.com/northwind/deals/r1",
                "title": "Acme renewal",
                "contact_id": "p1",
            },
            Owner(id="m1"),
        ),
        Change(
            DEAL,
            "r1",
            priced,
            {
                "value": Decimal("1200.5"),
                "currency": "EUR",
                "expected_close_date": date(2026, 12, 24),
            },
        ),
    )


def test_the_same_stay_in_a_stage_is_one_event_however_often_it_is_seen() -> None:
    first, second = record(RECORD)[0], record(RECORD | {"created_at": PRICED})[0]
    assert first.dedupe_key == second.dedupe_key
    again = record(RECORD | {"values": {"stage": status("In Progress", PRICED)}})[0]
    assert again.dedupe_key != first.dedupe_key


def test_what_a_deal_has_no_more_is_empty_as_of_now() -> None:
    _, rest = record(RECORD | {"values": {"stage": status("Lost"), "owner": []}})
    (now,) = [each for each in rest.changes if each.at == NOW]
    assert now.fields["value"] is now.fields["contact_id"] is now.fields["person_id"] is None
    assert "title" not in now.fields


def test_a_new_deal_is_created_with_all_there_is() -> None:
    (event,) = record(RECORD, "created")
    assert (event.verb, len(event.changes)) == (Verb.DEAL_CREATED, 3)
    assert event.observed


def test_a_person_is_a_contact_and_was_last_spoken_to_when_attio_says() -> None:
    (event,) = record(PERSON, object=PEOPLE)
    assert event.verb is Verb.CONTACT_UPDATED
    made, touched = event.changes
    assert made.fields["name_given"] == "Ann Lee"
    assert made.fields["email"] == "ann@acme.example"
    assert touched == Change(CONTACT, "p1", at(MOVED), {"last_contacted_at": at(MOVED)})
    values: dict[str, Any] = {"last_calendar_interaction": [{"interacted_at": "2027-01-01T08:00Z"}]}
    (planned,) = record(PERSON | {"values": values}, object=PEOPLE)
    assert not any("last_contacted_at" in each.fields for each in planned.changes)
    (new,) = record(PERSON, "created", object=PEOPLE)
    assert new.verb is Verb.CONTACT_CREATED


def test_what_nobody_follows_brings_nothing() -> None:
    assert record(RECORD, object="companies") == []
    assert read(Fetch(Want.THING, "entry/list-9", "e1"), found({"data": ENTRY}), LISTED) == (
        Fetched()
    )
    assert read(Fetch(Want.THING, "entry/list-1", "e1"), found({"data": ENTRY})) == Fetched()
    for kind in ("note", "title/people/p1"):
        assert read(Fetch(Want.THING, kind, "x"), Answer(404)) == Fetched()


@pytest.mark.parametrize(
    ("kind", "verb"),
    [
        (f"record/{DEALS}", Verb.DEAL_DELETED),
        (f"record/{PEOPLE}", Verb.CONTACT_DELETED),
        ("entry/list-1", Verb.DEAL_DELETED),
        ("task", Verb.TASK_DELETED),
    ],
)
def test_what_is_gone_is_deleted(kind: str, verb: Verb) -> None:
    (event,) = read(Fetch(Want.THING, kind, "r1"), Answer(404), LISTED).events
    assert (event.verb, event.observed) == (verb, True)
    assert event.changes[0].fields == {"deleted": True}


def test_what_was_merged_into_another_was_not_deleted_by_anybody() -> None:
    fetch = Fetch(Want.THING, f"record/{PEOPLE}", "p1", hints=("merged",))
    (event,) = read(fetch, Answer(404)).events
    assert (event.verb, event.details) == (Verb.CONTACT_UPDATED, {"merged": True})
    assert event.changes[0].fields == {"deleted": True}


def test_an_entry_of_the_pipeline_is_a_deal_named_by_its_record() -> None:
    brought = read(Fetch(Want.THING, "entry/list-1", "e1"), found({"data": ENTRY}), LISTED)
    came, rest = brought.events
    assert came.changes == (Change(DEAL, "e1", at(MOVED), {"stage": "Demo"}, came=True),)
    assert rest.changes[0].fields["contact_id"] == "p1"
    (stub,) = brought.stubs
    assert (stub.kind, stub.id) == ("title/people/p1", "e1")
    (named,) = read(Fetch(Want.THING, stub.kind, stub.id), found({"data": PERSON}), LISTED).events
    assert named.changes == (Change(DEAL, "e1", at(MADE), {"title": "Ann Lee"}),)
    company = {"values": {"name": [{"active_from": MADE, "value": "Acme"}]}}
    (named,) = read(Fetch(Want.THING, stub.kind, stub.id), found({"data": company})).events
    assert named.changes[0].fields == {"title": "Acme", "account": "Acme"}


def test_a_task_is_read_with_its_day_its_deal_its_person_and_its_owner() -> None:
    (event,) = read(Fetch(Want.THING, "task", "t1"), found({"data": TODO})).events
    assert (event.verb, event.observed) == (Verb.TASK_UPDATED, True)
    assert event.changes == (
        Change(
            TASK,
            "t1",
            NOW,
            {
                "title": "Call Ann",
                "note": "about the renewal",
                "status": TaskStatus.PENDING,
                "due_date": date(2026, 11, 24),
                "created_at": at(MADE),
                "deal_id": "r1",
                "contact_id": "p1",
            },
            Owner(id="m1"),
        ),
    )
    new = Fetch(Want.THING, "task", "t1", hints=("created",))
    assert read(new, found({"data": TODO})).events[0].verb is Verb.TASK_CREATED
    by_app = [{"referenced_actor_type": "app", "referenced_actor_id": "x"}]
    done = TODO | {"is_completed": True, "deadline_at": None, "assignees": by_app}
    (event,) = read(new, found({"data": done})).events
    assert event.verb is Verb.TASK_UPDATED
    assert event.changes[0].fields["status"] is TaskStatus.COMPLETED
    assert event.changes[0].fields["due_date"] is event.changes[0].fields["person_id"] is None


def test_a_note_is_a_contact_unless_the_coach_has_written_it() -> None:
    fetch = Fetch(Want.THING, "note", "n1")
    (event,) = read(fetch, found({"data": NOTE})).events
    assert (event.verb, event.occurred_at) == (Verb.NOTE_LOGGED, at(PRICED))
    assert event.owner == Owner(id="m1")
    assert event.changes == (Change(CONTACT, "p1", at(PRICED), {"last_contacted_at": at(PRICED)}),)
    of_deal = NOTE | {"parent_object": "deals", "parent_record_id": "r1"}
    assert read(fetch, found({"data": of_deal})).events[0].subject_id(DEAL) == "r1"
    marked = NOTE | {"title": f"Call {MARK}"}
    ours = marked | {"created_by_actor": {"type": "api-token", "id": "x"}}
    assert read(fetch, found({"data": ours})) == Fetched()
    assert read(fetch, found({"data": marked})).events


def test_history_comes_in_pages_and_what_cannot_be_read_of_one_is_said() -> None:
    brought = read(Fetch(Want.HISTORY, "deals"), found({"data": [RECORD, 7, {"id": {}}]}))
    assert len(brought.events) == 2
    assert [index for index, _ in brought.rejected] == [1, 2]
    assert brought.next is None
    full = found({"data": [TODO] * PAGE})
    assert read(Fetch(Want.HISTORY, "task", cursor="500"), full).next == "1000"
    entries = read(Fetch(Want.HISTORY, "entries"), found({"data": [ENTRY]}), LISTED)
    assert (len(entries.events), len(entries.stubs)) == (2, 1)
    people = read(Fetch(Want.HISTORY, "people"), found({"data": [PERSON]}))
    assert people.events[0].verb is Verb.CONTACT_UPDATED


def test_deals_may_be_switched_off_and_lists_may_be_none() -> None:
    assert read(Fetch(Want.HISTORY, "deals"), Answer(404)) == Fetched()
    assert read(Fetch(Want.HISTORY, "entries"), found({"workspace_id": "w"})) == Fetched()
    assert read(Fetch(Want.STAGES), Answer(404)) == Fetched()


def stages(*listed: Any) -> list[Stage]:
    return list(read(Fetch(Want.STAGES), found({"data": listed})).stages)


def one(id: str, title: str, **more: Any) -> dict[str, Any]:
    return {"id": {"status_id": id}, "title": title, **more}


def test_a_stage_that_alone_is_celebrated_is_won_and_no_other_is_said_to_be() -> None:
    cheered = {"celebration_enabled": True}
    assert stages(
        one("s1", "Lead"),
        one("s2", "Old", is_archived=True),
        one("s3", "Signed", **cheered),
        {},
        one("s4", "Lost"),
    ) == [
        Stage("s1", "Lead", "", 0, None),
        Stage("s3", "Signed", "", 1, DealStatus.WON),
        Stage("s4", "Lost", "", 3, None),
    ]
    both = stages(one("s1", "Demo", **cheered), one("s2", "Signed", **cheered))
    assert [stage.meaning for stage in both] == [None, None]
    assert stages(one("s1", "Lost", **cheered))[0].meaning is None


def test_members_are_owners_with_their_addresses() -> None:
    ana = {
        "id": {"workspace_member_id": "m1"},
        "first_name": "Ana",
        "last_name": "Ruiz",
        "email_address": "a@b.example",
    }
    owners = [Owner("a@b.example", "m1", "Ana Ruiz")]
    assert read(Fetch(Want.OWNERS), found({"data": [ana, {}, 7]})).owners == owners
    assert read(Fetch(Want.THING, "owners", "all"), found({"data": [ana]})).owners == owners


def test_an_answer_that_is_none_is_said_to_be_so() -> None:
    for fetch in (Fetch(Want.THING, "task", "t"), Fetch(Want.HISTORY, "task"), Fetch(Want.STAGES)):
        for body in (b"", b"[]", b"\xff"):
            with pytest.raises(PayloadError):
                read(fetch, Answer(200, {}, body))
    for fetch in (Fetch(Want.THING, "task", "t"), Fetch(Want.HISTORY, "task")):
        with pytest.raises(PayloadError):
            read(fetch, found({"data": 7}))
    with pytest.raises(PayloadError):
        read(Fetch(Want.THING, "note", "n"), found({"data": {"id": {}}}))


# Writing

NEW = CreateTask(
    "c1", "task_1", "Call Ann", date(2026, 11, 24), TaskPriority.HIGH, "Soon", "p1", "r1"
)
LINKS = [
    {"target_object": "deals", "target_record_id": "r1"},
    {"target_object": "people", "target_record_id": "p1"},
]


def call(write: CrmWrite, account: Account = ACCOUNT, **more: Any) -> Call | None:
    assert ATTIO.writing is not None
    return ATTIO.writing.call(account, change(write, **more), 0.0)


def told(write: CrmWrite, answer: Answer) -> Told:
    assert ATTIO.writing is not None
    return ATTIO.writing.read(change(write), answer)


@pytest.mark.parametrize(
    ("write", "method", "path", "data"),
    [
        (
            NEW,
            "POST",
            "/v2/tasks",
            {
                "content": "Call Ann\nSoon",
                "format": "plaintext",
                "deadline_at": "2026-11-24T12:00:00.000Z",
                "is_completed": False,
                "linked_records": LINKS,
                "assignees": [
                    {"referenced_actor_type": "workspace-member", "referenced_actor_id": "m1"}
                ],
            },
        ),
        (CompleteTask("c1", "t1"), "PATCH", "/v2/tasks/t1", {"is_completed": True}),
        (ReopenTask("c1", "t1"), "PATCH", "/v2/tasks/t1", {"is_completed": False}),
        (
            RescheduleTask("c1", "t1", date(2026, 11, 24)),
            "PATCH",
            "/v2/tasks/t1",
            {"deadline_at": "2026-11-24T12:00:00.000Z"},
        ),
        (
            MoveDeal("c1", "r1", "Won"),
            "PATCH",
            "/v2/objects/deals/records/r1",
            {"values": {"stage": "s3"}},
        ),
        (
            LogContact("c1", "p1", Verb.CALL_LOGGED),
            "POST",
            "/v2/notes",
            {
                "parent_object": "people",
                "parent_record_id": "p1",
                "title": f"Call {MARK}",
                "format": "plaintext",
                "content": f"Call {MARK}",
            },
        ),
    ],
)
def test_each_change_is_one_call(write: CrmWrite, method: str, path: str, data: object) -> None:
    made = call(write, owner=Owner(id="m1"), stage=Stage("s3", "Won"))
    assert written(made) == (method, path, {"data": data})
    assert made is not None
    # What would be made a second time must not be repeated by itself.
    assert made.repeatable is (method != "POST")


def test_what_was_said_goes_with_the_log() -> None:
    made = written(call(LogContact("c1", "p1", Verb.CALL_LOGGED, "Wants 10 % less")))
    assert made[2]["data"]["content"] == f"Call {MARK}\n\nWants 10 % less"


def test_what_was_made_can_be_removed_and_an_undated_task_has_no_deadline() -> None:
    assert written(call(DeleteTask("c1", "t1"))) == ("DELETE", "/v2/tasks/t1", None)
    bare = written(call(CreateTask("c1", "t", "Call", None, TaskPriority.LOW)))[2]["data"]
    assert (bare["content"], bare["deadline_at"]) == ("Call", None)
    assert bare["linked_records"] == bare["assignees"] == []


def test_in_a_list_the_entry_is_moved_and_a_task_belongs_to_the_person() -> None:
    moved = written(call(MoveDeal("c1", "e1", "Demo"), LISTED))
    assert moved == (
        "PATCH",
        "/v2/lists/list-1/entries/e1",
        {"data": {"entry_values": {"phase": "Demo"}}},
    )
    assert written(call(NEW, LISTED))[2]["data"]["linked_records"] == LINKS[1:]


def test_the_answer_names_what_was_made_or_says_why_not() -> None:
    assert told(NEW, found({"data": {"id": {"task_id": "t9"}}})) == Told(remote_id="t9")
    assert told(NEW, found({"message": "No such record", "code": "x"}, 400)) == Told(
        refusal="HTTP 400: No such record"
    )
    assert told(NEW, Answer(429)) == Told(again="HTTP 429")
    assert told(DeleteTask("c1", "t1"), Answer(404)) == Told()
    assert told(CompleteTask("c1", "t1"), Answer(404)).refusal


def test_attio_is_left_alone_until_the_moment_it_names() -> None:
    asked = Answer(429, {"retry-after": "Mon, 23 Nov 2026 09:00:07 GMT"})
    assert ATTIO.rest(asked, NOW) == timedelta(seconds=7)
    assert ATTIO.rest(Answer(200), NOW) is None


# Linking

URL = "https://coach.example/webhooks/attio/t"
SETUP = ATTIO.setup
assert SETUP is not None
assert SETUP.subscribing is not None
PROBE, SUBSCRIBING = SETUP.probe, SETUP.subscribing


class Workspace:
    """What a workspace answers to whoever links it."""

    def __init__(self) -> None:
        self.me: dict[str, Any] = {
            "active": True,
            "workspace_id": "w",
            "workspace_name": "Northwind",
            "scope": " ".join(SCOPES),
        }
        self.deals = found({"data": [RECORD]})
        self.there: dict[str, dict[str, Any]] = {
            "w0": {"id": {"webhook_id": "w0"}, "target_url": "https://else.example"}
        }
        self.made = 0

    def __call__(self, call: Call) -> Answer:
        method, path, body = written(call)
        match method, path.partition("?")[0].strip("/").split("/")[1:]:
            case "GET", ["self"]:
                return found(self.me)
            case "GET", ["objects"]:
                slugs = [("deals", DEALS), ("people", PEOPLE), ("companies", "c")]
                return found(
                    {"data": [{"api_slug": s, "id": {"object_id": id}} for s, id in slugs]}
                )
            case "POST", ["objects", "deals", "records", "query"]:
                return self.deals
            case "GET", ["lists"]:
                return found({"data": [{"id": {"list_id": id}} for id in ("list-0", "list-1")]})
            case "GET", ["lists", list_id, "attributes"]:
                return found(
                    {"data": [{"type": "text"}, {"type": "status", "api_slug": f"of-{list_id}"}]}
                )
            case "GET", ["lists", "list-1", "attributes", _, "statuses"]:
                return found({"data": [{"title": "Won 🎉"}, {"title": "Lost"}]})
            case "GET", ["lists", _, "attributes", _, "statuses"]:
                return found({"data": [{"title": "Applied"}, {"title": "Hired"}]})
            case "GET", ["webhooks"]:
                return found({"data": list(self.there.values())})
            case "DELETE", ["webhooks", id]:
                return found({}) if self.there.pop(id, None) else Answer(404)
            case "POST", ["webhooks"]:
                assert not call.repeatable
                self.made += 1
                new = {"id": {"webhook_id": f"w{self.made}"}, "status": "active"}
                self.there[f"w{self.made}"] = {**new, **body["data"]}
                return found({"data": {**new, "secret": f"secret {self.made}"}})
        raise AssertionError(path)


def test_the_token_says_whose_workspace_it_is_and_what_it_calls_its_objects() -> None:
    access = {"object_deals": DEALS, "object_people": PEOPLE}
    assert talked(PROBE(ACCOUNT), Workspace()) == Identity("w", "Northwind", access, [])


@pytest.mark.parametrize("deals", [Answer(404), found({"data": []}), Answer(403)])
def test_where_there_is_no_deal_a_list_in_which_something_is_won_is_the_pipeline(
    deals: Answer,
) -> None:
    workspace = Workspace()
    workspace.deals = deals
    assert talked(PROBE(ACCOUNT), workspace).access["pipeline"] == "list-1/of-list-1"


def test_a_scope_that_is_missing_is_said() -> None:
    workspace = Workspace()
    workspace.me["scope"] = " ".join({*SCOPES, "task:read"} - {"task:read-write"})
    (lacking,) = talked(PROBE(ACCOUNT), workspace).lacking
    assert "task:read-write" in lacking
    # More than was asked for is enough.
    workspace.me["scope"] = " ".join(SCOPES).replace("management:read", "management:read-write")
    assert not talked(PROBE(ACCOUNT), workspace).lacking


@pytest.mark.parametrize("answer", [Answer(401), Answer(200), found({"active": False})])
def test_a_token_that_says_nothing_is_refused(answer: Answer) -> None:
    with pytest.raises(RefusedError):
        talked(PROBE(ACCOUNT), lambda call: answer)


def test_subscribing_twice_leaves_one_with_the_newest_secret() -> None:
    workspace = Workspace()
    talked(SUBSCRIBING.subscribe(ACCOUNT, URL), workspace)
    again = talked(SUBSCRIBING.subscribe(ACCOUNT, URL), workspace)
    assert again == Subscription(("w2",), "secret 2")
    assert set(workspace.there) == {"w0", "w2"}
    subscriptions = workspace.there["w2"]["subscriptions"]
    assert [each["event_type"] for each in subscriptions] == list(EVENTS)


def test_a_webhook_that_is_degraded_or_removed_is_missed() -> None:
    workspace = Workspace()
    talked(SUBSCRIBING.subscribe(ACCOUNT, URL), workspace)
    assert talked(SUBSCRIBING.look(ACCOUNT, URL), workspace) is None
    workspace.there["w1"]["status"] = "degraded"
    assert talked(SUBSCRIBING.look(ACCOUNT, URL), workspace) == "Attio calls its webhook degraded."
    talked(SUBSCRIBING.unsubscribe(ACCOUNT, URL), workspace)
    assert set(workspace.there) == {"w0"}
    assert talked(SUBSCRIBING.look(ACCOUNT, URL), workspace) == (
        "Attio has no webhook to this address any more."
    )


def test_a_webhook_without_a_secret_is_no_use() -> None:
    def silent(call: Call) -> Answer:
        return found({"data": [] if call.method == "GET" else {"id": {"webhook_id": "w1"}}})

    with pytest.raises(RefusedError):
        talked(SUBSCRIBING.subscribe(ACCOUNT, URL), silent)


def test_what_somebody_else_removes_meanwhile_is_gone_as_well() -> None:
    listed = found({"data": [{"id": {"webhook_id": "w1"}, "target_url": URL}]})

    def slow(call: Call) -> Answer:
        return listed if call.method == "GET" else Answer(404)

    talked(SUBSCRIBING.unsubscribe(ACCOUNT, URL), slow)


# Strangers

ANSWERS = {
    "deal": json.dumps({"data": RECORD}).encode(),
    "person": json.dumps({"data": PERSON}).encode(),
    "entry": json.dumps({"data": ENTRY}).encode(),
    "task": json.dumps({"data": TODO}).encode(),
    "note": json.dumps({"data": NOTE, "message": "x"}).encode(),
    "things": json.dumps({"data": [RECORD, PERSON, ENTRY, TODO]}).encode(),
    "stages": json.dumps({"data": [one("s", "A", celebration_enabled=True)]}).encode(),
    "me": json.dumps(
        {"active": True, "workspace_id": "w", "scope": "a", "data": [one("s", "A")]}
    ).encode(),
}


@given(hostile(ANSWERS))
@BOUNDED
def test_hostile_answers_do_no_harm(body: bytes) -> None:
    kinds = [f"record/{DEALS}", f"record/{PEOPLE}", "entry/list-1", "task", "note", "stages"]
    histories = [history.kind for history in ATTIO.histories]
    every = [*kinds, "title/people/p1", "owners", *histories]
    answers_do_no_harm(ATTIO, LISTED, body, change(NEW), every)
