"""What HubSpot tells of deals, contacts, tasks, stages and owners; changes as calls to it."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.crm.calls import Answer, Call
from bot.crm.provider import Account, Fetch, Fetched, PayloadError, Told, Want
from bot.crm.providers.hubspot import PROVIDER as HUBSPOT
from coach.events import Change, Event, Owner
from coach.models import (
    DealStatus,
    Origin,
    SubjectKind,
    Task,
    TaskPriority,
    TaskStatus,
    Verb,
)
from coach.stages import Stage
from coach.writes import (
    CompleteTask,
    CreateTask,
    CrmWrite,
    DeleteTask,
    LogContact,
    MoveDeal,
    Outgoing,
    ReopenTask,
    RescheduleTask,
)

AT = datetime(2026, 11, 25, 10, tzinfo=UTC)
ACCOUNT = Account(
    id="62515",
    address="https://api.hubapi.com",
    access={
        "token": "pat-1",
        "time_zone": "Australia/Sydney",
        "currency": "AUD",
        "ui_domain": "app.hubspot.com",
    },
)
DEAL: dict[str, Any] = {
    "id": "5001",
    "properties": {
        "dealname": "Acme renewal",
        "dealstage": "closedwon",
        "pipeline": "default",
        "amount": "12000.50",
        "deal_currency_code": None,
        "closedate": "2026-11-24T20:00:00Z",
        "createdate": "2026-11-01T08:00:00Z",
        "hubspot_owner_id": "77",
        "closed_lost_reason": None,
    },
    "propertiesWithHistory": {
        "dealstage": [
            {"value": "closedwon", "timestamp": "2026-11-25T09:00:00Z"},
            {"value": "contractsent", "timestamp": "2026-11-10T09:00:00Z"},
        ]
    },
    "createdAt": "2026-11-01T08:00:00.123Z",
    "updatedAt": "2026-11-25T09:00:01Z",
    "associations": {"contacts": {"results": [{"id": "5101", "type": "deal_to_contact"}]}},
}
TASK: dict[str, Any] = {
    "id": "7001",
    "properties": {
        "hs_task_subject": "Call Acme",
        "hs_task_body": "<p>Ask for A &amp; B<br>and C</p>",
        "hs_task_status": "COMPLETED",
        "hs_task_priority": "HIGH",
        "hs_timestamp": "2026-11-24T21:00:00Z",
        "hs_task_completion_date": "2026-11-25T08:00:00Z",
        "hubspot_owner_id": "",
    },
    "updatedAt": "2026-11-25T08:00:00Z",
    "associations": {"deals": {"results": [{"id": "5001"}]}},
}
CONTACT: dict[str, Any] = {
    "id": "5101",
    "properties": {
        "firstname": "Ann",
        "lastname": "Lee",
        "email": "ann@acme.example",
        "company": "Acme",
        "lifecyclestage": "marketingqualifiedlead",
        "notes_last_contacted": "2026-11-20T08:00:00Z",
        "createdate": "2026-11-01T08:00:00Z",
    },
    "updatedAt": "2026-11-25T08:00:00Z",
}


def read(
    want: Want, value: object, *, kind: str = "deal", at: datetime = AT, **more: Any
) -> Fetched:
    fetch = Fetch(want, kind, **more)
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return HUBSPOT.fetching[want].read(ACCOUNT, fetch, Answer(200, {}, body), at)


def one(value: dict[str, Any], kind: str = "deal", *hints: str) -> Event:
    (event,) = read(Want.THING, value, kind=kind, id=value["id"], hints=hints).events
    return event


def asked(want: Want, **more: Any) -> Call:
    return HUBSPOT.fetching[want].call(ACCOUNT, Fetch(want, **more))


# Things


def test_a_deal_is_told_with_the_way_it_came_and_its_days_are_those_of_the_account() -> None:
    event = one(DEAL)
    assert (event.verb, event.observed, event.origin) == (Verb.DEAL_UPDATED, True, Origin.API)
    facts, *way = event.changes
    assert facts == Change(
        SubjectKind.DEAL,
        "5001",
        datetime(2026, 11, 25, 9, 0, 1, tzinfo=UTC),
        {
            "title": "Acme renewal",
            "pipeline": "default",
            "value": Decimal("12000.50"),
            "currency": "AUD",
            "expected_close_date": date(2026, 11, 25),
            "lost_reason": None,
            "created_at": datetime(2026, 11, 1, 8, tzinfo=UTC),
            "contact_id": "5101",
            "url": "https://app.hubspot.com/contacts/62515/record/0-3/5001",
        },
        Owner(id="77"),
    )
    assert [(each.at.day, each.fields, each.came) for each in way] == [
        (10, {"stage": "contractsent"}, True),
        (25, {"stage": "closedwon"}, True),
    ]


def test_a_way_that_does_not_end_where_the_deal_is_tells_nothing() -> None:
    stale = {**DEAL, "properties": {**DEAL["properties"], "dealstage": "qualifiedtobuy"}}
    (facts,) = one(stale).changes
    assert facts.fields["stage"] == "qualifiedtobuy"


def test_a_new_deal_is_new_once_it_was_made() -> None:
    event = one(DEAL, "deal", "changed", "created")
    assert (event.verb, event.occurred_at.day) == (Verb.DEAL_CREATED, 1)


@pytest.mark.parametrize(
    ("hints", "origin"),
    [
        (("imported",), Origin.IMPORT),
        (("created by import", "imported"), Origin.IMPORT),
        (("imported", "changed"), Origin.API),
        ((), Origin.API),
    ],
)
def test_what_an_import_brought_is_no_deed_of_anybody(
    hints: tuple[str, ...], origin: Origin
) -> None:
    assert one(DEAL, "deal", *hints).origin is origin


def test_the_same_answer_is_the_same_event_and_another_is_another() -> None:
    assert one(DEAL).dedupe_key == one(DEAL).dedupe_key
    other = {**DEAL, "associations": {"contacts": {"results": [{"id": "9"}]}}}
    assert one(other).dedupe_key != one(DEAL).dedupe_key


def test_a_task_is_told_as_people_read_it() -> None:
    event = one(TASK, "task")
    assert event.verb is Verb.TASK_UPDATED
    assert event.changes[0].fields == {
        "title": "Call Acme",
        "note": "Ask for A & B\nand C",
        "status": TaskStatus.COMPLETED,
        "priority": TaskPriority.HIGH,
        # Eight in the morning in Sydney.
        "due_date": date(2026, 11, 25),
        "completed_at": datetime(2026, 11, 25, 8, tzinfo=UTC),
        "contact_id": None,
        "deal_id": "5001",
        "person_id": None,
        "url": "https://app.hubspot.com/contacts/62515/record/0-27/7001",
    }


@pytest.mark.parametrize(
    ("life", "lead", "status"),
    [
        ("lead", "", "LEAD"),
        ("salesqualifiedlead", "CONNECTED", "LEAD"),
        ("lead", "UNQUALIFIED", "UNQUALIFIED"),
        ("customer", "OPEN", "customer"),
        ("", "NEW", "LEAD"),
        ("", "", None),
    ],
)
def test_a_contact_is_a_lead_by_its_stage_of_life_unless_it_was_given_up(
    life: str, lead: str, status: str | None
) -> None:
    told = {**CONTACT["properties"], "lifecyclestage": life, "hs_lead_status": lead}
    fields = one({**CONTACT, "properties": told}, "contact").changes[0].fields
    assert (fields["name_given"], fields.get("status")) == ("Ann Lee", status)
    assert fields["last_contacted_at"] == datetime(2026, 11, 20, 8, tzinfo=UTC)


def test_what_hubspot_knows_no_more_is_gone() -> None:
    fetch = Fetch(Want.THING, "deal", "5001")
    (event,) = HUBSPOT.fetching[Want.THING].read(ACCOUNT, fetch, Answer(404), AT).events
    assert (event.verb, event.changes[0].fields) == (Verb.DEAL_DELETED, {"deleted": True})


def test_what_has_another_id_since_a_merge_is_gone_by_the_old_one() -> None:
    first, second = read(Want.THING, {**CONTACT, "id": "5103"}, kind="contact", id="5101").events
    assert (first.verb, first.changes[0].id) == (Verb.CONTACT_DELETED, "5101")
    assert (second.verb, second.changes[0].id) == (Verb.CONTACT_UPDATED, "5103")


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b"{}", b'{"id": {}}'])
def test_garbage_is_refused(body: bytes) -> None:
    for want in (Want.THING, Want.HISTORY, Want.STAGES, Want.OWNERS):
        with pytest.raises(PayloadError):
            read(want, body, id="5001")


def test_things_hostile_to_a_reader_are_read_as_far_as_they_can_be() -> None:
    told = {"dealname": "x" * 9000, "amount": "1e999999", "closedate": [], "dealstage": {}}
    (facts,) = one({"id": "5001", "properties": told, "propertiesWithHistory": 7}).changes
    assert len(facts.fields["title"]) == 500
    assert not {"value", "stage"} & facts.fields.keys()
    assert one({"id": "1", "properties": []}).changes[0].fields["value"] is None


# Pages


def test_a_thing_is_asked_for_with_all_that_is_read_of_it() -> None:
    call = asked(Want.THING, kind="deal", id="50/01")
    assert call.url.startswith("https://api.hubapi.com/crm/v3/objects/deals/50%2F01?properties=")
    assert "propertiesWithHistory=dealstage&associations=contacts" in call.url
    assert call.headers == {"authorization": "Bearer pat-1"}


def test_all_there_is_is_paged_through_by_hubspots_own_cursor() -> None:
    assert "limit=50" in asked(Want.HISTORY, kind="deal").url
    assert "limit=100&after=7&" in asked(Want.HISTORY, kind="contact", cursor="7").url
    page = read(Want.HISTORY, {"results": [DEAL, 7], "paging": {"next": {"after": "51"}}})
    assert (page.next, [index for index, _ in page.rejected]) == ("51", [1])
    (event,) = page.events
    # When it was won, whenever it was read and changed.
    assert (event.origin, event.occurred_at) == (Origin.IMPORT, event.changes[-1].at)
    assert read(Want.HISTORY, {"results": []}).next is None


def test_what_changed_is_searched_for_and_anew_before_a_search_ends() -> None:
    since = AT - timedelta(days=1)
    first = asked(Want.HISTORY, kind="contact", since=since)
    body = json.loads(first.body)
    assert (first.method, first.url[-16:]) == ("POST", "/contacts/search")
    assert body["filterGroups"] == [
        {
            "filters": [
                {
                    "propertyName": "lastmodifieddate",
                    "operator": "GTE",
                    "value": str(int(since.timestamp() * 1000)),
                }
            ]
        }
    ]
    assert "after" not in body
    start = int(since.timestamp() * 1000)
    page: dict[str, Any] = {"results": [CONTACT], "paging": {"next": {"after": "200"}}}
    place = read(Want.HISTORY, page, kind="contact", since=since).next
    assert place == f"{start}:200"
    assert (
        json.loads(asked(Want.HISTORY, kind="contact", since=since, cursor=place).body)["after"]
        == "200"
    )
    last = {**CONTACT, "properties": {"lastmodifieddate": "2026-11-25T08:00:00Z"}}
    end = {"results": [last], "paging": {"next": {"after": "9801"}}}
    place = read(Want.HISTORY, end, kind="contact", since=since, cursor=place).next
    assert place == f"{int(datetime(2026, 11, 25, 8, tzinfo=UTC).timestamp() * 1000)}:"
    again = json.loads(asked(Want.HISTORY, kind="contact", since=since, cursor=place).body)
    assert "after" not in again
    # Ten thousand of one moment do not keep it from going on.
    stuck = read(Want.HISTORY, end, kind="contact", since=since, cursor=place).next
    assert stuck == f"{int(place.rstrip(':')) + 1}:"


def test_a_search_says_nothing_of_whom_a_deal_is_with() -> None:
    found = {name: DEAL[name] for name in ("id", "properties", "updatedAt")}
    (event,) = read(Want.HISTORY, {"results": [found]}, since=AT).events
    assert "contact_id" not in event.changes[0].fields
    assert event.changes[0].fields["stage"] == "closedwon"


def test_stages_mean_what_their_probability_says() -> None:
    def stage(id: str, closed: object, probability: object) -> dict[str, Any]:
        meta = {"isClosed": closed, "probability": probability}
        return {"id": id, "label": f"Stage {id}", "displayOrder": int(id), "metadata": meta}

    value = {
        "results": [
            {
                "id": "default",
                "stages": [
                    stage("1", "false", "0.2"),
                    stage("2", "true", "1.0"),
                    stage("3", True, "0.0"),
                    stage("4", None, "soon"),
                    {"id": None},
                ],
            }
        ]
    }
    assert list(read(Want.STAGES, value).stages) == [
        Stage("1", "Stage 1", "default", 1, DealStatus.OPEN, Decimal("0.2")),
        Stage("2", "Stage 2", "default", 2, DealStatus.WON, Decimal("1.0")),
        Stage("3", "Stage 3", "default", 3, DealStatus.LOST, Decimal("0.0")),
        Stage("4", "Stage 4", "default", 4, DealStatus.OPEN, None),
    ]


def test_owners_come_in_pages_and_then_those_who_have_left() -> None:
    person = {"id": "77", "email": "Ana@Northwind.example", "firstName": "Ana", "lastName": "Ruiz"}
    page = {"results": [person, {}], "paging": {"next": {"after": "2"}}}
    found = read(Want.OWNERS, page)
    assert found.owners == [Owner("ana@northwind.example", "77", "Ana Ruiz")]
    assert found.next == "active:2"
    assert "archived=false&after=2" in asked(Want.OWNERS, cursor="active:2").url
    found = read(Want.OWNERS, {"results": []}, cursor="active:2")
    assert found.next == "archived:"
    assert asked(Want.OWNERS, cursor="archived:").url.endswith("limit=100&archived=true")
    assert read(Want.OWNERS, page, cursor="archived:").next == "archived:2"
    assert read(Want.OWNERS, {"results": []}, cursor="archived:2").next is None


# Changes


def outgoing(write: CrmWrite, **more: Any) -> Outgoing:
    subject = {"owner": Owner(id="77"), **more}
    return Outgoing("k", write, Verb.TASK_UPDATED, AT, Task("h", "7001"), **subject)


def called(write: CrmWrite, **more: Any) -> tuple[str, str, Any, bool]:
    writing = HUBSPOT.writing
    assert writing is not None
    call = writing.call(ACCOUNT, outgoing(write, **more), 0.0)
    assert call is not None
    path = call.url.removeprefix("https://api.hubapi.com/crm/v3/objects/")
    return call.method, path, json.loads(call.body or b"null"), call.repeatable


def test_a_new_task_is_made_once_with_what_it_is_about() -> None:
    write = CreateTask(
        "h", "coach-1", "Call Acme", date(2026, 12, 1), TaskPriority.URGENT, "Ask", "5101", "5001"
    )
    method, path, body, repeatable = called(write)
    assert (method, path, repeatable) == ("POST", "tasks", False)
    assert body["properties"] == {
        "hs_timestamp": "2026-12-01T09:00:00.000+11:00",
        "hs_task_subject": "Call Acme",
        "hs_task_body": "Ask",
        "hs_task_status": "NOT_STARTED",
        "hs_task_type": "TODO",
        "hs_task_priority": "HIGH",
        "hubspot_owner_id": "77",
    }
    assert [
        (each["to"]["id"], each["types"][0]["associationTypeId"]) for each in body["associations"]
    ] == [
        ("5101", 204),
        ("5001", 216),
    ]
    plain = replace(write, due_date=None, note=None, contact_id=None, deal_id=None)
    _, _, body, _ = called(plain, owner=None)
    # HubSpot wants a day; in Sydney it is the 25th until one in the afternoon, UTC.
    assert body["properties"]["hs_timestamp"] == "2026-11-25T09:00:00.000+11:00"
    assert not {"hubspot_owner_id", "hs_task_body"} & body["properties"].keys()
    assert body["associations"] == []


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (CompleteTask("h", "7001"), {"hs_task_status": "COMPLETED"}),
        (ReopenTask("h", "7001"), {"hs_task_status": "NOT_STARTED"}),
        (
            RescheduleTask("h", "7001", date(2026, 12, 1)),
            {"hs_timestamp": "2026-12-01T09:00:00.000+11:00"},
        ),
    ],
)
def test_a_task_is_changed_by_its_properties(write: CrmWrite, told: dict[str, str]) -> None:
    assert called(write) == ("PATCH", "tasks/7001", {"properties": told}, True)


def test_a_task_is_deleted_and_one_that_is_gone_already_is_well() -> None:
    assert called(DeleteTask("h", "7001")) == ("DELETE", "tasks/7001", None, True)
    writing = HUBSPOT.writing
    assert writing is not None
    assert writing.read(outgoing(DeleteTask("h", "7001")), Answer(404)) == Told()
    assert writing.read(outgoing(CompleteTask("h", "7001")), Answer(404)).refusal is not None


def test_a_call_is_logged_as_a_note_with_the_contact() -> None:
    method, path, body, repeatable = called(LogContact("h", "5101"))
    assert (method, path, repeatable) == ("POST", "notes", False)
    assert body["properties"] == {
        "hs_timestamp": "2026-11-25T10:00:00.000+00:00",
        "hs_note_body": "Called. Logged from Slack.",
        "hubspot_owner_id": "77",
    }
    assert body["associations"][0]["types"][0]["associationTypeId"] == 202


def test_what_was_said_in_a_call_goes_with_it_as_text() -> None:
    body = called(LogContact("h", "5101", note="Wants <b>10 %</b>\nless"))[2]
    said = "Called. Logged from Slack.<br>Wants &lt;b&gt;10 %&lt;/b&gt;<br>less"
    assert body["properties"]["hs_note_body"] == said


def test_a_deal_moves_to_a_stage_by_its_id_and_only_where_stages_are_known() -> None:
    stage = Stage("closedwon", "Signed", "default")
    assert called(MoveDeal("h", "5001", "Signed"), stage=stage) == (
        "PATCH",
        "deals/5001",
        {"properties": {"dealstage": "closedwon", "pipeline": "default"}},
        True,
    )
    writing = HUBSPOT.writing
    assert writing is not None
    assert writing.call(ACCOUNT, outgoing(MoveDeal("h", "5001", "Signed")), 0.0) is None


def test_what_was_made_is_known_by_hubspots_id_and_a_refusal_in_its_words() -> None:
    writing = HUBSPOT.writing
    assert writing is not None
    write = outgoing(CompleteTask("h", "7001"))
    assert writing.read(write, Answer(201, {}, b'{"id": "7002"}')) == Told(remote_id="7002")
    refused = Answer(400, {}, b'{"message": "Property values were not valid"}')
    assert writing.read(write, refused) == Told(refusal="HTTP 400: Property values were not valid")
    assert writing.read(write, Answer(502)).again == "HTTP 502"


def test_without_the_accounts_own_host_there_is_no_link() -> None:
    nameless = replace(ACCOUNT, access={"token": "x"})
    fetch, answer = Fetch(Want.THING, "deal", "5001"), Answer(200, {}, json.dumps(DEAL).encode())
    (event,) = HUBSPOT.fetching[Want.THING].read(nameless, fetch, answer, AT).events
    assert event.changes[0].fields["url"] is None
