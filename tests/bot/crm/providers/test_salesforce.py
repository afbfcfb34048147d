"""Outbound messages and JSON of Salesforce: whose they are, and what they say."""

import json
import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.crm.provider import (
    Account,
    PayloadError,
    Reading,
    Request,
    SignatureError,
    Stub,
    Taken,
    load_providers,
)
from bot.crm.providers.salesforce.soap import DEPTH
from bot.crm.providers.salesforce.things import MARK, id_of
from coach.events import Change, Event, Owner
from coach.models import DealStatus, SubjectKind, TaskPriority, TaskStatus, Verb
from tests.bot.crm.vendors import BOUNDED, hostile, payload, payloads, read_safely

SALESFORCE = load_providers()["salesforce"]
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
WON_AT = datetime(2026, 6, 2, 9, tzinfo=UTC)
DEAL, CONTACT, TASK = SubjectKind.DEAL, SubjectKind.CONTACT, SubjectKind.TASK
WON = "outbound_message_opportunity_won.xml"
DONE = "outbound_message_task_completed.xml"
APEX = "apex_callout_opportunity_updated"


def read(name: str) -> Reading:
    return SALESFORCE.parse(payload("salesforce", name), None, NOW)


def message(name: str = WON, **fields: str | None) -> Reading:
    """What a message says with other fields in its (first) record; `None` leaves one out."""
    body = payload("salesforce", name).decode()
    for field, value in fields.items():
        tag = f"<sf:{field}>"
        if tag in body:
            begin, end = body.index(tag), body.index(f"</sf:{field}>") + len(f"</sf:{field}>")
            body = body[:begin] + body[end:]
        if value is not None:
            body = body.replace("</sObject>", f"{tag}{value}</sf:{field}></sObject>", 1)
    return SALESFORCE.parse(body.encode(), None, NOW)


def one(name: str = WON, **fields: str | None) -> Event:
    (found,) = message(name, **fields).events
    return found


def posted(value: object) -> Reading:
    return SALESFORCE.parse(json.dumps(value).encode(), None, NOW)


# Authenticity

ORGANIZATION = Account(("t0ken",), id="00D000000000001EAA", bearer="bearer")


def checked(body: bytes, account: Account = ORGANIZATION, **headers: bytes) -> str | None:
    named = {name.encode(): value for name, value in headers.items()}
    return SALESFORCE.verify(Request(named, body), account, 0.0)


def test_a_message_must_be_of_this_organization_in_either_form_of_its_id() -> None:
    body = payload("salesforce", WON)
    assert checked(body) is None
    assert checked(body, Account(id="00D000000000001")) is None
    # Nobody has told yet which one it is.
    assert checked(body, Account()) is None
    for other in ("00D000000000002EAA", "00d000000000001EAA"):
        with pytest.raises(SignatureError, match="another organization"):
            checked(body, Account(id=other))


@pytest.mark.parametrize(
    "body",
    [
        payload("salesforce", "hostile_xxe.xml"),
        payload("salesforce", "outbound_message_no_notifications.xml"),
        b"<",
        b"<a/>",
        b"<?xml version='1.0' encoding='utf-16'?><a/>",
    ],
)
@pytest.mark.parametrize("account", [ORGANIZATION, Account()])
def test_a_message_that_does_not_say_whose_it_is_is_refused(body: bytes, account: Account) -> None:
    with pytest.raises(SignatureError):
        checked(body, account)


def test_json_comes_with_the_token() -> None:
    body = payload("salesforce", APEX)
    assert checked(body, authorization=b"Bearer t0ken") is None
    assert checked(body, authorization=b"bearer bearer") is None
    for wrong in (b"", b"Bearer ", b"Bearer other", b"Basic t0ken", b"Bearer \xff"):
        with pytest.raises(SignatureError):
            checked(body, authorization=wrong)
    with pytest.raises(SignatureError):
        checked(body, Account(("",)), authorization=b"Bearer ")
    # Whoever brings the token may send what they like; whoever brings a wrong one, nothing.
    assert checked(b"<a/>", authorization=b"Bearer t0ken") is None
    with pytest.raises(SignatureError):
        checked(payload("salesforce", WON), authorization=b"Bearer other")


def test_a_new_token_is_long() -> None:
    assert SALESFORCE.new_secret is not None
    assert SALESFORCE.new_secret(lambda size: b"\x05" * size) == "05" * 32


def test_the_whole_message_is_acknowledged_whatever_was_in_it() -> None:
    for taken in (Taken(1), Taken(error="x"), Taken(rejected=[(0, "x")]), Taken(duplicates=1)):
        answer = SALESFORCE.reply(taken)
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/xml")
        assert b"<Ack>true</Ack>" in answer.body


def test_a_session_is_not_kept() -> None:
    body = payload("salesforce", "outbound_message_batch_2_contacts.xml")
    kept = SALESFORCE.kept(body.replace(b"[redacted]", b"00D!\nsecret"))
    assert b"secret" not in kept
    assert b"<SessionId/>" in kept
    assert SALESFORCE.parse(kept, None, NOW) == SALESFORCE.parse(body, None, NOW)
    prefixed = SALESFORCE.kept(b'<a><x:SessionId y="1">secret</x:SessionId ></a>')
    assert prefixed == b"<a><x:SessionId/></a>"
    # In another encoding it could be hidden.
    assert SALESFORCE.kept("<SessionId>secret</SessionId>".encode("utf-16")) == b""
    hidden = b"<a><SessionId><![CDATA[secret]]></SessionId></a>"
    assert SALESFORCE.kept(hidden) == SALESFORCE.kept(b"<a><SessionId>") == b""
    assert SALESFORCE.kept(b'{"a": 1}') == b'{"a": 1}'
    none = payload("salesforce", WON)
    alike = none.replace(b"</sObject>", b"<sf:LastSessionId>7</sf:LastSessionId></sObject>")
    assert SALESFORCE.kept(alike) == alike


@pytest.mark.parametrize("piece", [b"<SessionId>", b"<SessionId ", b"<x:SessionId></", b"<"])
def test_taking_out_a_session_takes_no_time_whatever_the_body(piece: bytes) -> None:
    began = time.process_time()
    SALESFORCE.kept(b"<a>" + piece * (2_000_000 // len(piece)))
    assert time.process_time() - began < 5


# Messages


@pytest.mark.parametrize(
    ("name", "verbs"),
    [
        (WON, [(Verb.DEAL_CLOSED, DEAL, "006000000000001AAA")]),
        (DONE, [(Verb.TASK_COMPLETED, TASK, "00T000000000001AAA")]),
        (
            "outbound_message_mixed_new_and_seen.xml",
            [
                (Verb.DEAL_CLOSED, DEAL, "006000000000001AAA"),
                (Verb.DEAL_UPDATED, DEAL, "006000000000002AAA"),
            ],
        ),
        (
            "outbound_message_batch_2_contacts.xml",
            [
                (Verb.CONTACT_UPDATED, CONTACT, "0031I0000081tbPQAQ"),
                (Verb.CONTACT_UPDATED, CONTACT, "0031I0000081tb0QAA"),
            ],
        ),
        ("outbound_message_no_notifications.xml", []),
        (
            "apex_callout_opportunity_created",
            [(Verb.DEAL_CREATED, DEAL, "00646000003IyLaAAK")],
        ),
        (APEX, [(Verb.DEAL_UPDATED, DEAL, "00646000003IyLaAAK")]),
    ],
)
def test_what_each_payload_says(name: str, verbs: list[tuple[Verb, SubjectKind, str]]) -> None:
    found = read(name)
    told = [
        (each.verb, each.changes[-1].kind, each.subject_id(each.changes[-1].kind))
        for each in found.events
    ]
    assert told == verbs
    assert not found.rejected


def test_what_names_a_record_only_is_looked_up() -> None:
    (stub,) = read("outbound_message_no_session.xml").stubs
    assert (stub.kind, stub.id) == ("Contact", "aContactId")


def test_change_events_are_kept_and_not_followed() -> None:
    for name in payloads("salesforce"):
        if name.startswith("cdc_"):
            found = read(name)
            assert not found.events
            assert found.rejected == [(0, "Change events are not followed.")]


def test_entities_and_definitions_of_any_kind_are_refused() -> None:
    with pytest.raises(PayloadError):
        read("hostile_xxe.xml")
    body = payload("salesforce", WON)
    harmless = body.replace(b"<soapenv:Envelope", b"<!DOCTYPE x>\n<soapenv:Envelope", 1)
    with pytest.raises(PayloadError):
        SALESFORCE.parse(harmless, None, NOW)
    with pytest.raises(SignatureError):
        checked(harmless)


def test_a_won_opportunity_is_read_whole() -> None:
    (found,) = read(WON).events
    assert (found.occurred_at, found.observed) == (WON_AT, True)
    assert found.changes == (
        Change(
            DEAL,
            "006000000000001AAA",
            WON_AT,
            {
                "title": "Acme & Sons - 400 Widgets",
                "stage": "Closed Won",
                "status": DealStatus.WON,
                "value": Decimal("12000.0"),
                "closed_at": WON_AT,
                "url": "https://example.my.salesforce.com/006000000000001AAA",
            },
            Owner(id="005000000000001AAA"),
        ),
    )


def test_a_deal_that_is_open_has_a_day_and_a_lost_one_an_end() -> None:
    (change,) = one(IsWon="false", IsClosed="false", Probability="60.0").changes
    assert change.fields["status"] is DealStatus.OPEN
    assert change.fields["expected_close_date"] == date(2026, 6, 30)
    assert change.fields["probability"] == Decimal("0.6")
    lost = one(IsWon="false")
    assert (lost.verb, lost.changes[0].fields["status"]) == (Verb.DEAL_CLOSED, DealStatus.LOST)
    unsure = one(IsWon=None)
    assert (unsure.verb, "status" in unsure.changes[0].fields) == (Verb.DEAL_UPDATED, False)


def test_what_was_won_long_ago_is_no_news_when_it_is_first_heard_of() -> None:
    old = one(CloseDate="2025-01-31")
    assert old.verb is Verb.DEAL_CLOSED
    assert old.occurred_at.date() == date(2025, 1, 31)
    assert old.changes[0].at == WON_AT
    moved = one(LastStageChangeDate="2026-05-01T08:00:00.000Z")
    came, now = moved.changes
    at = datetime(2026, 5, 1, 8, tzinfo=UTC)
    assert moved.occurred_at == now.fields["closed_at"] == at
    assert came == Change(DEAL, "006000000000001AAA", at, {"stage": "Closed Won"}, came=True)


def test_what_was_changed_last_when_it_was_made_is_new() -> None:
    made = "2026-06-02T09:00:00.000Z"
    new = one(CreatedDate=made, IsWon="false", IsClosed="false")
    assert new.verb is Verb.DEAL_CREATED
    assert new.changes[-1].came is True
    assert one(CreatedDate="2026-06-01T09:00:00.000Z", IsWon="false", IsClosed="false").verb is (
        Verb.DEAL_UPDATED
    )
    assert one(DONE, CreatedDate=made, LastModifiedDate=made, IsClosed="false").verb is (
        Verb.TASK_CREATED
    )


def test_a_task_belongs_to_its_opportunity_and_its_person() -> None:
    (change,) = one(
        DONE,
        WhoId="003000000000001AAA",
        Priority="High",
        ActivityDate="2026-06-03",
        CompletedDateTime="2026-06-01T08:00:00.000Z",
    ).changes
    assert change.fields == {
        "title": "Call Acme",
        "status": TaskStatus.COMPLETED,
        "completed_at": datetime(2026, 6, 1, 8, tzinfo=UTC),
        "priority": TaskPriority.HIGH,
        "due_date": date(2026, 6, 3),
        "deal_id": "006000000000001AAA",
        "contact_id": "003000000000001AAA",
        "url": "https://example.my.salesforce.com/00T000000000001AAA",
    }
    other = one(DONE, WhatId="001000000000001AAA", WhoId="", IsClosed=None, Status="Waiting")
    assert other.verb is Verb.TASK_UPDATED
    assert other.changes[0].fields["deal_id"] is other.changes[0].fields["contact_id"] is None
    assert other.changes[0].fields["status"] is TaskStatus.PENDING


def test_a_call_that_is_entered_when_it_is_over_is_a_call() -> None:
    made = "2026-06-02T09:00:00.000Z"
    told = {"CreatedDate": made, "WhoId": "003000000000001AAA", "TaskSubtype": "Call"}
    call = one(DONE, LastModifiedDate=made, **told)
    assert call.verb is Verb.CALL_LOGGED
    assert call.subject_id(CONTACT) == "003000000000001AAA"
    later = one(DONE, LastModifiedDate="2026-06-03T09:00:00.000Z", **told)
    assert (later.verb, later.subject_id(CONTACT)) == (Verb.TASK_COMPLETED, "003000000000001AAA")
    assert one(DONE, **(told | {"TaskSubtype": "Task"})).subject_id(CONTACT) is None


def test_what_the_coach_has_logged_is_not_told_again() -> None:
    assert message(DONE, Subject=f"Call {MARK}").events == []


def test_a_lead_is_somebody_to_be_won_until_it_is_converted() -> None:
    body = payload("salesforce", WON).replace(b"sf:Opportunity", b"sf:Lead")

    def status(converted: bytes) -> object:
        changed = body.replace(b"<sf:IsWon>true</sf:IsWon>", converted)
        (found,) = SALESFORCE.parse(changed, None, NOW).events
        assert found.verb is Verb.CONTACT_UPDATED
        return found.changes[0].fields["status"]

    assert status(b"<sf:IsConverted>false</sf:IsConverted>") == "LEAD"
    assert status(b"<sf:IsConverted>true</sf:IsConverted>") == "CONVERTED"


def test_each_notification_is_known_again_by_itself() -> None:
    first, mixed = read(WON), read("outbound_message_mixed_new_and_seen.xml")
    assert first.dedupe_keys == mixed.dedupe_keys[:1]
    assert len(set(mixed.dedupe_keys)) == 2


def test_one_record_that_is_not_followed_stops_no_other() -> None:
    body = payload("salesforce", "outbound_message_mixed_new_and_seen.xml")
    found = SALESFORCE.parse(body.replace(b"sf:Opportunity", b"sf:Case", 1), None, NOW)
    assert found.passed == [(0, "Case is not followed.")]
    assert (len(found.events), found.rejected) == (1, [])


def test_an_empty_field_is_emptied() -> None:
    body = payload("salesforce", WON).replace(
        b"<sf:Amount>12000.0</sf:Amount>", b'<sf:Amount xsi:nil="true"/>'
    )
    (found,) = SALESFORCE.parse(body, None, NOW).events
    assert found.changes[0].fields["value"] is None


# JSON


def test_apex_tells_how_it_was_and_so_that_it_came_to_its_stage() -> None:
    (found,) = read(APEX).events
    (change,) = found.changes
    assert change.before == {"stage": "Proposal/Price Quote"}
    assert change.fields["stage"] == "Negotiation/Review"
    assert change.fields["probability"] == Decimal("0.9")
    assert change.fields["account"] == "Burlington Textiles Corp of America"
    assert change.fields["expected_close_date"] == date(2015, 2, 5)
    assert change.fields["url"] == "https://symdev1-dev-ed.my.salesforce.com/00646000003IyLaAAK"
    assert change.owner == Owner("owner@example.com", "00546000000ZJrdAAG", "Stanley Symph Dev")
    same = json.loads(payload("salesforce", APEX))
    same["previous"]["opportunity"]["StageName"] = "Negotiation/Review"
    assert posted(same).events[0].changes[0].before == {}


def test_apex_tells_what_was_deleted_and_many_at_once() -> None:
    gone = {"previous": {"opportunity": {"Id": "006000000000001"}}, "current": None}
    found = posted([gone, 7, {"current": {"case": {"Id": "5"}}}, {"current": {"task": []}}])
    (event,) = found.events
    assert (event.verb, event.changes) == (
        Verb.DEAL_DELETED,
        (Change(DEAL, "006000000000001AAA", NOW, {"deleted": True}),),
    )
    assert [index for index, _ in found.rejected] == [1, 3]
    assert [index for index, _ in found.passed] == [2]


def test_the_same_dated_change_is_one_and_undated_ones_are_two() -> None:
    body = json.loads(payload("salesforce", APEX))
    later = NOW + timedelta(minutes=1)
    undated = json.dumps(body).encode()
    first = SALESFORCE.parse(undated, None, NOW).dedupe_keys
    assert SALESFORCE.parse(undated, None, later).dedupe_keys != first
    body["current"]["opportunity"]["LastModifiedDate"] = "2026-11-23T08:00:00.000Z"
    dated = json.dumps(body).encode()
    first = SALESFORCE.parse(dated, None, NOW).dedupe_keys
    assert SALESFORCE.parse(dated, None, later).dedupe_keys == first


def test_a_record_named_in_json_is_looked_up() -> None:
    found = posted({"current": {"opportunity": {"Id": "006000000000001"}}})
    assert found.stubs == [Stub(found.dedupe_keys[0], "Opportunity", "006000000000001AAA")]


def test_both_forms_of_an_id_are_one() -> None:
    assert id_of("0031I0000081tbP") == "0031I0000081tbPQAQ"
    assert id_of("00646000003IyLa") == "00646000003IyLaAAK"
    assert id_of("0031I0000081tbPQAQ") == "0031I0000081tbPQAQ"
    assert id_of("x-1") == "x-1"
    assert id_of(None) is None


# Strangers


@pytest.mark.parametrize("body", [b"", b"7", b"{", b"<", b"<a/>", b"\xff", b"\x00", b'<a b="'])
def test_anything_else_is_refused(body: bytes) -> None:
    try:
        found = SALESFORCE.parse(body, None, NOW)
    except PayloadError:
        return
    assert found.rejected
    assert not found.events


def test_what_is_too_deep_or_has_too_much_in_it_is_refused() -> None:
    deep = b"<a>" * (DEPTH + 1) + b"</a>" * (DEPTH + 1)
    for body in (deep, b"<a>" * 100_000, b"<a>" + b"<b/>" * 60_000 + b"</a>"):
        with pytest.raises(PayloadError, match="too deep"):
            SALESFORCE.parse(body, None, NOW)
        with pytest.raises(SignatureError):
            checked(body)


def test_nothing_happens_in_the_future() -> None:
    assert one(LastModifiedDate="2027-01-01T00:00:00.000Z").changes[-1].at == NOW


def test_only_pages_of_salesforce_are_linked() -> None:
    body = payload("salesforce", WON).replace(b"example.my.salesforce.com", b"evil.example")
    (found,) = SALESFORCE.parse(body, None, NOW).events
    assert "url" not in found.changes[0].fields
    value = json.loads(payload("salesforce", APEX))
    value["current"]["opportunity"]["Link"] = "https://evil.example/my.salesforce.com/x"
    assert "url" not in posted(value).events[0].changes[0].fields


JSON = {name: body for name, body in payloads("salesforce").items() if name.endswith(".json")}
XML = {name: body for name, body in payloads("salesforce").items() if name.endswith(".xml")}


@given(hostile(JSON))
@BOUNDED
def test_hostile_json_does_no_harm(body: bytes) -> None:
    read_safely(SALESFORCE, body, NOW)
    with suppress(SignatureError):
        checked(body, authorization=b"Bearer t0ken")


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A message with pieces of it gone, doubled, or replaced by what does not belong there."""
    body = XML[draw(st.sampled_from(sorted(XML)))]
    for _ in range(draw(st.integers(1, 3))):
        begin = draw(st.integers(0, len(body)))
        end = min(begin + draw(st.integers(0, 60)), len(body))
        piece = draw(
            st.sampled_from([b"", b"<", b">", b"&lt;", b"&x;", b"\x00", b"\xff", b"<![CDATA[x]]>"])
            | st.just(body[begin:end] * 2)
            | st.text(max_size=8).map(lambda text: text.encode("utf-8", "surrogatepass"))
        )
        body = body[:begin] + piece + body[end:]
    return body


@given(broken())
@BOUNDED
def test_hostile_xml_does_no_harm(body: bytes) -> None:
    read_safely(SALESFORCE, body, NOW)
    read_safely(SALESFORCE, SALESFORCE.kept(body), NOW)
    with suppress(SignatureError):
        checked(body)
