"""Attio's webhooks are signed with a secret as text, and name what is to be looked up."""

import hashlib
import hmac
import json
from contextlib import suppress
from datetime import UTC, datetime
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
from tests.bot.crm.vendors import BOUNDED, hostile, payload, payloads, read_safely

ATTIO = load_providers()["attio"]
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
OBJECT = "97052eb9-e65e-443f-a297-f2d9a4a7f795"
RECORD = "bf071e1f-6035-429d-b874-d83ea64ea13b"
LIST = "33ebdbe9-e529-47c9-b894-0ba25e9c15c0"


def read(name: str, message_id: str | None = "m1") -> Reading:
    return ATTIO.parse(payload("attio", name), message_id, NOW)


def of(event: dict[str, Any]) -> Reading:
    body = json.dumps({"webhook_id": "w", "events": [event]}).encode()
    return ATTIO.parse(body, "m1", NOW)


def wanted(reading: Reading) -> list[tuple[str, str, str]]:
    return [(stub.kind, stub.id, stub.hint) for stub in reading.stubs]


# Authenticity

SECRET = "1" * 64
#: The bytes that were signed with OpenSSL: the documented event, without any space.
SIGNED = json.dumps(json.loads(payload("attio", "record_updated")), separators=(",", ":")).encode()
SIGNATURE = b"d21dcd51286e574bbc5084e6cdd6242a01072e0048d6d0c19ab064f9d1e5db9a"


def checked(
    signature: bytes = SIGNATURE,
    *secrets: str,
    body: bytes = SIGNED,
    name: bytes = b"attio-signature",
    **more: bytes,
) -> str | None:
    headers = {name: signature} | {key.replace("_", "-").encode(): v for key, v in more.items()}
    return ATTIO.verify(Request(headers, body), Account(secrets or (SECRET,)), 0.0)


def test_a_signature_made_elsewhere_verifies_and_no_other_does() -> None:
    assert checked() is None
    assert checked(name=b"x-attio-signature") is None
    assert checked(SIGNATURE, "another", SECRET) is None
    by_hex = hmac.new(bytes.fromhex(SECRET), SIGNED, hashlib.sha256).hexdigest().encode()
    for wrong in (by_hex, b"", SIGNATURE[:-1], b"t=1,v1=" + SIGNATURE, b"\xff"):
        with pytest.raises(SignatureError):
            checked(wrong)
    with pytest.raises(SignatureError):
        checked(body=SIGNED + b" ")


def test_without_a_secret_nothing_is_signed() -> None:
    unkeyed = hmac.new(b"", SIGNED, hashlib.sha256).hexdigest().encode()
    with pytest.raises(SignatureError):
        checked(unkeyed, "")
    with pytest.raises(SignatureError):
        ATTIO.verify(Request({}, SIGNED), Account(()), 0.0)


def test_a_repeat_is_known_by_its_key() -> None:
    assert checked(idempotency_key=b"k-1") == "k-1"
    for odd in (b"", b"a b", b"\xff", b"x" * 300):
        assert checked(idempotency_key=odd) is None


def test_every_answer_is_a_2xx_and_the_secret_is_attios() -> None:
    for taken in (Taken(1), Taken(error="x"), Taken(rejected=[(0, "x")]), Taken(duplicates=1)):
        assert ATTIO.reply(taken).status == 202
    assert ATTIO.new_secret is None


# What is to be looked up


@pytest.mark.parametrize(
    ("name", "kind", "id", "hint"),
    [
        ("record_created", f"record/{OBJECT}", RECORD, "created"),
        ("record_updated", f"record/{OBJECT}", RECORD, ""),
        ("list_entry_created", f"entry/{LIST}", "2e6e29ea-c4e0-4f44-842d-78a891f8c156", "created"),
        ("list_entry_updated", f"entry/{LIST}", "2e6e29ea-c4e0-4f44-842d-78a891f8c156", ""),
        ("task_created", "task", "649e34f4-c39a-4f4d-99ef-48a36bef8f04", "created"),
        ("task_updated", "task", "649e34f4-c39a-4f4d-99ef-48a36bef8f04", ""),
        ("task_deleted", "task", "649e34f4-c39a-4f4d-99ef-48a36bef8f04", ""),
        ("note_created", "note", "ff3f3bd4-40f4-4f80-8187-cd02385af424", "created"),
    ],
)
def test_what_each_payload_names(name: str, kind: str, id: str, hint: str) -> None:
    assert wanted(read(name)) == [(kind, id, hint)]
    assert not read(name).events


@pytest.mark.parametrize(
    "name", ["activity_updated", "activity_record_deleted", "note_content_updated"]
)
def test_what_is_not_followed_is_passed_over(name: str) -> None:
    found = read(name)
    assert not found.dedupe_keys
    assert not found.rejected
    assert [index for index, _ in found.passed] == [0]


def test_every_payload_is_read() -> None:
    for name in payloads("attio"):
        found = read(name)
        events = json.loads(payload("attio", name))["events"]
        assert len(found.stubs) + len(found.passed) == len(events), name


def test_several_events_of_one_record_are_looked_up_as_one() -> None:
    found = read("two_events_in_one_delivery")
    assert len(set(wanted(found))) == 1
    assert len(set(found.dedupe_keys)) == 2


def test_of_a_merger_both_records_are_looked_up() -> None:
    ids = {"workspace_id": "w", "object_id": OBJECT, "record_id": "r1", "duplicate_record_id": "r2"}
    assert wanted(of({"event_type": "record.merged", "id": ids})) == [
        (f"record/{OBJECT}", "r1", ""),
        (f"record/{OBJECT}", "r2", "merged"),
    ]
    # Newer pages tell it as two events.
    alone = {"workspace_id": "w", "object_id": OBJECT, "record_id": "r2"}
    assert wanted(of({"event_type": "record.merged", "id": alone})) == [
        (f"record/{OBJECT}", "r2", "merged")
    ]


@pytest.mark.parametrize(
    ("type", "kind"),
    [
        ("object-attribute.updated", "stages"),
        ("list-attribute.updated", "stages"),
        ("workspace-member.created", "owners"),
    ],
)
def test_stages_and_members_are_looked_up_anew(type: str, kind: str) -> None:
    assert wanted(of({"event_type": type, "id": {}})) == [(kind, "all", "")]


def test_an_event_without_an_envelope_is_read_too() -> None:
    event = json.loads(payload("attio", "record_updated"))["events"][0]
    found = ATTIO.parse(json.dumps(event).encode(), "m1", NOW)
    assert wanted(found) == [(f"record/{OBJECT}", RECORD, "")]


def test_two_events_alike_to_the_byte_are_two_and_a_repeat_is_none() -> None:
    again = read("record_updated", "m2")
    assert again.dedupe_keys != read("record_updated").dedupe_keys
    assert read("record_updated").dedupe_keys == read("record_updated").dedupe_keys
    body = payload("attio", "record_updated")
    later = ATTIO.parse(body, None, NOW.replace(minute=1))
    assert later.dedupe_keys != read("record_updated", None).dedupe_keys


# Strangers


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"events": 7}', b'{"events": {}}'])
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(PayloadError):
        ATTIO.parse(body, None, NOW)


@pytest.mark.parametrize(
    "event",
    [
        7,
        {},
        {"event_type": "record.updated"},
        {"event_type": "record.updated", "id": {"object_id": "x" * 60, "record_id": "r"}},
        {"event_type": "task.created", "id": {"task_id": None}},
    ],
)
def test_one_bad_event_stops_no_other(event: Any) -> None:
    good = json.loads(payload("attio", "task_created"))["events"][0]
    found = ATTIO.parse(json.dumps({"events": [event, good]}).encode(), "m1", NOW)
    assert [index for index, _ in found.rejected] == [0]
    assert len(found.stubs) == 1


@given(hostile(payloads("attio")))
@BOUNDED
def test_hostile_bodies_do_no_harm(body: bytes) -> None:
    read_safely(ATTIO, body, NOW)
    with suppress(SignatureError):
        checked(body=body)
