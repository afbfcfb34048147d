"""Close's webhooks are signed with a key in hex, and become what happened."""

import hashlib
import hmac
import json
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from bot.crm.provider import (
    Account,
    PayloadError,
    Reading,
    Request,
    SignatureError,
    Taken,
    load_providers,
)
from bot.crm.providers.close.things import MARK
from coach.events import Change, Event, Owner
from coach.models import DealStatus, Origin, SubjectKind, TaskStatus, Verb
from tests.bot.crm.vendors import BOUNDED, hostile, payload, payloads, read_safely

CLOSE = load_providers()["close"]
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
WON_AT = datetime(2019, 1, 15, 12, 48, 23, 395000, tzinfo=UTC)
DEAL, CONTACT, TASK = SubjectKind.DEAL, SubjectKind.CONTACT, SubjectKind.TASK
LEAD = "lead_zwqYhEFwzPyfCErS8uQ77is2wFLvr9BgVi6cTfbFM68"


def read(name: str) -> Reading:
    return CLOSE.parse(payload("close", name), None, NOW)


def of(name: str = "opportunity_updated_won", **changed: Any) -> Reading:
    """What a payload says with other values in its event: `data__status_type="lost"`."""
    value = json.loads(payload("close", name))
    for place, new in changed.items():
        *way, last = place.split("__")
        at = value["event"]
        for each in way:
            at = at[each]
        at[last] = new
    return CLOSE.parse(json.dumps(value).encode(), None, NOW)


def one(name: str, **changed: Any) -> Event:
    (found,) = of(name, **changed).events
    return found


# Authenticity

#: Published by a client for Python, with the body as it was signed.
KEY = "b9260244ef33625f9b4b26a27db08758cdd39478b852c73f2d33ab042eb8abb4"
SIGNED_AT = b"1557751596"
SIGNED = (
    b'{"event": {"id": "ev_4YUAT9G7PQNYEX0V7HpiZa", "date_created": '
    b'"2019-01-01T13:33:00.842000", "data": {"object_type": "activity.note", "action": '
    b'"created", "note": "test content"}}, "subscription_id": "whsub_mBTylJxRXaBOXcuQmgUdmL"}'
)
SIGNATURE = b"e6cf27a55de463dc46d8b5c16d2afe74d766e8f0c9892422c93573521cd377ed"
#: What comes of taking the key for text.
BY_TEXT = b"59913793034b5fd9c60cdc5599ce5461eb6900e7d8517946eafcf18aaf82568e"


def checked(
    signature: bytes = SIGNATURE,
    *keys: str,
    body: bytes = SIGNED,
    at: bytes = SIGNED_AT,
    late: float = 5,
) -> str | None:
    headers = {b"close-sig-hash": signature, b"close-sig-timestamp": at}
    wall = int(SIGNED_AT) + late
    return CLOSE.verify(Request(headers, body), Account(keys or (KEY,)), wall)


def test_the_published_signature_verifies_and_no_other_does() -> None:
    assert checked() is None
    assert checked(SIGNATURE.upper()) is None
    assert checked(SIGNATURE, "00" * 32, KEY) is None
    for wrong in (BY_TEXT, b"", SIGNATURE[:-1], b"\xff" * 64):
        with pytest.raises(SignatureError):
            checked(wrong)
    with pytest.raises(SignatureError):
        checked(body=SIGNED + b" ")


def test_a_key_that_is_no_hex_signs_nothing() -> None:
    assert hmac.new(KEY.encode(), SIGNED_AT + SIGNED, hashlib.sha256).hexdigest() == (
        BY_TEXT.decode()
    )
    for key in ("not hex", "é", ""):
        with pytest.raises(SignatureError):
            checked(BY_TEXT, key)
    unkeyed = hmac.new(b"", SIGNED_AT + SIGNED, hashlib.sha256).hexdigest().encode()
    for key in ("not hex", ""):
        with pytest.raises(SignatureError):
            checked(unkeyed, key)
    with pytest.raises(SignatureError):
        CLOSE.verify(Request({}, SIGNED), Account((KEY,)), 0.0)


@pytest.mark.parametrize("late", [301, -301])
def test_a_time_far_from_ours_is_refused_both_ways(late: float) -> None:
    with pytest.raises(SignatureError, match="five minutes"):
        checked(late=late)


@pytest.mark.parametrize("at", [b"", b"soon", b"1557751596.5", b"\xd9\xa1", b"9" * 40])
def test_a_time_that_is_none_is_refused(at: bytes) -> None:
    with pytest.raises(SignatureError):
        checked(at=at)


def test_every_answer_is_a_2xx_and_the_key_is_closes() -> None:
    for taken in (Taken(1), Taken(error="x"), Taken(rejected=[(0, "x")]), Taken(duplicates=1)):
        assert CLOSE.reply(taken).status == 202
    assert CLOSE.new_secret is None


# What happened


@pytest.mark.parametrize(
    ("name", "verb", "kind", "id"),
    [
        ("opportunity_created", Verb.DEAL_CREATED, DEAL, "oppo_7H4sjNso7FyBFaeR3RXi5PMJbilfo0c6"),
        ("opportunity_updated_won", Verb.DEAL_CLOSED, DEAL, "oppo_7H4sjNso7FyBFaeR3RXi5PMJbilfo"),
        ("opportunity_updated_lost", Verb.DEAL_CLOSED, DEAL, "oppo_7H4sjNso7FyBFaeR3RXi5PMJbil"),
        ("opportunity_updated_consolidated_same_id", Verb.DEAL_CLOSED, DEAL, "oppo_7H4sjNso7Fy"),
        ("lead_created", Verb.CONTACT_CREATED, CONTACT, "lead_9k2R7wYtVbXmS3Ac6Fq1Zp"),
        ("task_lead_updated_completed", Verb.TASK_COMPLETED, TASK, "task_CIRBr39mOsTfWAc3Erih"),
        ("activity_note_created", Verb.NOTE_LOGGED, CONTACT, "lead_9k2R7wYtVbXmS3Ac6Fq1Zp"),
        ("activity_call_created", Verb.CALL_LOGGED, CONTACT, "lead_9k2R7wYtVbXmS3Ac6Fq1Zp"),
    ],
)
def test_what_each_payload_says(name: str, verb: Verb, kind: SubjectKind, id: str) -> None:
    (found,) = read(name).events
    assert found.verb is verb
    assert (found.subject_id(kind) or "").startswith(id)


def test_a_note_with_nothing_but_its_text_is_a_note() -> None:
    (found,) = read("minimal_activity_note").events
    assert (found.verb, found.changes) == (Verb.NOTE_LOGGED, ())


def test_one_change_of_status_is_told_once() -> None:
    # Close tells it as an activity, too.
    found = read("activity_opportunity_status_change_created")
    assert not found.dedupe_keys
    assert not found.rejected
    assert [index for index, _ in found.passed] == [0]


def test_every_payload_is_read() -> None:
    for name in payloads("close"):
        found = read(name)
        assert len(found.events) + len(found.stubs) + len(found.passed) == 1, name


def test_a_won_opportunity_is_read_whole() -> None:
    (found,) = read("opportunity_updated_won").events
    assert (found.occurred_at, found.origin, found.observed) == (WON_AT, Origin.UI, True)
    assert found.owner == Owner(id="user_N6KhMpzHRCYQHdn4gRNIFNN5JExnsrprKA6ekxM63XA")
    assert found.changes == (
        Change(
            DEAL,
            "oppo_7H4sjNso7FyBFaeR3RXi5PMJbilfo0c6UPCxsJtEhCO",
            WON_AT,
            {
                "title": "KLine",
                "account": "KLine",
                "value": Decimal(1000),
                "currency": "USD",
                "probability": Decimal(1),
                "stage": "stat_wMS9M6HC2O3CSEOzF5g2vEGt6RM5R3RfhIQixdnmjf2",
                "status": DealStatus.WON,
                "closed_at": WON_AT,
                "contact_id": LEAD,
                "url": f"https://app.close.com/lead/{LEAD}/",
                "created_at": datetime(2019, 1, 15, 12, 41, 24, 496000, tzinfo=UTC),
                "other": {"period": "one_time"},
            },
            Owner(id="user_N6KhMpzHRCYQHdn4gRNIFNN5JExnsrprKA6ekxM63XA", name="Joe Kemp"),
            before={
                "stage": "stat_3FD9DnGUCJzccBKTh8LiiKoyVPpMJsOkJdcGoA5AYKH",
                "status": DealStatus.OPEN,
            },
        ),
    )


def test_cents_are_money_and_a_day_hoped_for_is_no_day_of_winning() -> None:
    (change,) = one(
        "opportunity_created",
        data__date_won="2019-02-01",
        data__value=12345,
        data__value_period="monthly",
    ).changes
    assert change.fields["value"] == Decimal("123.45")
    assert change.fields["other"] == {"period": "monthly"}
    assert change.fields["expected_close_date"] == date(2019, 2, 1)
    assert change.came is True
    assert "closed_at" not in change.fields


def test_what_was_won_earlier_was_won_then() -> None:
    (change,) = one("opportunity_updated_won", data__date_won="2019-01-10").changes
    assert change.fields["closed_at"] == datetime(2019, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changed", "previous", "type", "verb"),
    [
        (["status_id"], {"status_id": "a", "status_type": "won"}, "active", Verb.DEAL_REOPENED),
        (["status_id"], {"status_id": "a"}, "active", Verb.DEAL_STAGE_CHANGED),
        # From one won status to another.
        (["status_id"], {"status_id": "a"}, "won", Verb.DEAL_UPDATED),
        (["user_id"], {"user_id": "u"}, "active", Verb.DEAL_OWNER_CHANGED),
        (["value"], {"value": 1}, "active", Verb.DEAL_AMOUNT_CHANGED),
        (["note"], {"note": ""}, "active", Verb.DEAL_UPDATED),
    ],
)
def test_changes_are_told_apart(
    changed: list[str], previous: dict[str, Any], type: str, verb: Verb
) -> None:
    found = one(
        "opportunity_updated_won",
        changed_fields=changed,
        previous_data=previous,
        data__status_type=type,
    )
    assert found.verb is verb


def test_a_deleted_opportunity_is_deleted() -> None:
    found = one("opportunity_updated_won", action="deleted", data={})
    assert found.verb is Verb.DEAL_DELETED
    assert found.changes[0].fields == {"deleted": True}


def test_a_lead_is_a_contact_with_its_company_and_first_address() -> None:
    (change,) = one("lead_created").changes
    assert change.fields == {
        "name_given": "Acme Rocket Co",
        "company": "Acme Rocket Co",
        "status": "Potential",
        "email": "dana@acmerocket.example",
        "url": "https://app.close.com/lead/lead_9k2R7wYtVbXmS3Ac6Fq1Zp/",
        "created_at": datetime(2026, 7, 10, 15, 2, 11, 198000, tzinfo=UTC),
    }


def test_a_task_is_done_put_off_or_changed() -> None:
    done = one("task_lead_updated_completed")
    (change,) = done.changes
    assert change.fields["status"] is TaskStatus.COMPLETED
    assert change.fields["completed_at"] == done.occurred_at
    assert change.fields["due_date"] == date(2025, 3, 1)
    assert change.fields["contact_id"] == "lead_mtonPqjLkC0X93AW6evKVa1Sbpq7l8opyuaV5olT2Cf"
    name = "task_lead_updated_completed"
    assert one(name, changed_fields=["date"]).verb is Verb.TASK_RESCHEDULED
    assert one(name, changed_fields=["text"]).verb is Verb.TASK_UPDATED
    assert one(name, action="created").verb is Verb.TASK_CREATED
    assert one(name, action="deleted", data={}).verb is Verb.TASK_DELETED


def test_a_call_counts_when_it_is_over_and_a_mail_when_it_has_left() -> None:
    for status in ("created", "in-progress", "no-answer"):
        ringing = of("activity_call_created", data__status=status)
        assert (ringing.dedupe_keys, ringing.rejected) == ((), ())
        assert ringing.passed == [(0, "activity.call is followed once it has come about")]
    over = {"action": "updated", "changed_fields": ["status", "duration"]}
    assert one("activity_call_created", **over).verb is Verb.CALL_LOGGED
    assert not of("activity_call_created", action="updated", changed_fields=["note"]).events
    assert not of("activity_call_created", object_type="activity.email").events
    for status in ("sent", "inbox"):
        mail = one("activity_call_created", object_type="activity.email", data__status=status)
        assert mail.verb is Verb.EMAIL_LOGGED
    text = one("activity_call_created", object_type="activity.sms", data__status="sent")
    assert text.verb is Verb.CONTACT_UPDATED
    assert "last_contacted_at" in text.changes[0].fields
    meeting = one("activity_note_created", object_type="activity.meeting")
    assert meeting.verb is Verb.MEETING_BOOKED


@pytest.mark.parametrize(
    ("changed", "kind", "id"),
    [
        ({"object_type": "contact", "lead_id": "lead_1"}, "lead", "lead_1"),
        ({"object_type": "lead", "action": "merged", "object_id": "lead_1"}, "lead", "lead_1"),
        ({"object_type": "status.opportunity"}, "stages", "all"),
        ({"object_type": "pipeline"}, "stages", "all"),
        # Whoever is no administrator sees in the log that something happened, and not what.
        ({"data": None, "object_id": "oppo_1"}, "opportunity", "oppo_1"),
    ],
)
def test_what_is_only_named_is_looked_up(changed: dict[str, Any], kind: str, id: str) -> None:
    (stub,) = of("opportunity_updated_won", **changed).stubs
    assert (stub.kind, stub.id) == (kind, id)


# Identity, and our own changes


def test_the_same_event_with_more_in_it_is_another_and_a_repeat_is_none() -> None:
    first = read("opportunity_updated_won")
    assert read("opportunity_updated_consolidated_same_id").dedupe_keys != first.dedupe_keys
    assert of("opportunity_updated_won", request_id="another").dedupe_keys == first.dedupe_keys
    keys = [key for name in payloads("close") for key in read(name).dedupe_keys]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("whose", ["api_key_id", "oauth_client_id"])
def test_what_was_done_by_api_may_have_been_us(whose: str) -> None:
    found = one("opportunity_created", **{whose: "api_1"})
    assert (found.origin, found.observed) == (Origin.API, True)
    assert not one("opportunity_created").observed
    for name in ("activity_call_created", "activity_note_created"):
        text = f"Call {MARK}"
        assert of(name, **{whose: "api_1", "data__note": text}) == Reading(())
        assert of(name, data__note=text).events


# Strangers


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"event": 7}', b'{"event": {"id": "e"}}'])
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(PayloadError):
        CLOSE.parse(body, None, NOW)


def test_nothing_happens_in_the_future() -> None:
    at = (NOW + timedelta(days=1)).isoformat()
    assert one("opportunity_updated_won", date_updated=at).occurred_at == NOW


def test_only_leads_of_close_are_linked() -> None:
    (change,) = one("opportunity_created", data__lead_id="x/../../evil").changes
    assert "url" not in change.fields


@given(hostile(payloads("close")))
@BOUNDED
def test_hostile_bodies_do_no_harm(body: bytes) -> None:
    read_safely(CLOSE, body, NOW)
    with suppress(SignatureError):
        checked(body=body)
