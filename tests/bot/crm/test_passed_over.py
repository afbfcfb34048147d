"""What a vendor tells and nobody needs is accepted and kept as passed over, and is no fault."""

import base64
import hmac
import json
import time
from typing import Any

import pytest

from bot.crm import worker
from bot.doctor.findings import State
from bot.doctor.store import check_work
from bot.runtime.parts import Parts
from storage import connections, deliveries
from tests.bot.crm.test_intake import Gate
from tests.bot.crm.vendors import payload
from tests.together import Reply
from tests.world import WORKSPACE, connect, native

TOKEN = "token-of-a-vendor-0123456789"
KEY = "ab" * 32
LOGIN = "coach:a-password"


def body_of(vendor: str, name: str, **changed: Any) -> bytes:
    """A real body of a vendor's with some values changed, `a__b` within `a`."""
    value = json.loads(payload(vendor, name))
    event = value.get("event", value)
    for path, new in changed.items():
        *within, last = path.split("__")
        place = event
        for part in within:
            place = place[part]
        place[last] = new
    return json.dumps(value).encode()


def signed(vendor: str, body: bytes) -> dict[str, str]:
    """The headers with which a vendor posts it."""
    if vendor == "pipedrive":
        return {"authorization": f"Basic {base64.b64encode(LOGIN.encode()).decode()}"}
    at = str(int(time.time()))
    digest = hmac.digest(bytes.fromhex(KEY), at.encode() + body, "sha256")
    return {"close-sig-timestamp": at, "close-sig-hash": digest.hex()}


async def posted(parts: Parts, vendor: str, body: bytes) -> tuple[Gate, Reply]:
    """The gate, and its answer to a vendor whose account is linked."""
    secret = LOGIN if vendor == "pipedrive" else KEY
    link = native(id=vendor, provider=vendor, token=TOKEN, secrets=(secret,), bearer=None)
    await connect(parts, link)
    gate = Gate(parts)
    reply = await gate.ask(body, signed(vendor, body), path=f"/webhooks/{vendor}/{TOKEN}")
    return gate, reply


@pytest.mark.parametrize(
    ("vendor", "body", "why"),
    [
        (
            "close",
            body_of("close", "activity_call_created", data__status="ringing"),
            "activity.call is followed once it has come about",
        ),
        (
            "close",
            body_of("close", "activity_call_created", object_type="activity.email",
                    data__status="draft"),
            "activity.email is followed once it has come about",
        ),
        (
            "close",
            body_of("close", "activity_note_created", action="updated"),
            "activity.note.updated is not followed",
        ),
        (
            "pipedrive",
            body_of("pipedrive", "v2_create_note", meta__action="change",
                    meta__timestamp="2099-01-01T00:00:00Z"),
            "a changed note is not followed",
        ),
        (
            "pipedrive",
            body_of("pipedrive", "v2_change_lead", meta__timestamp="2099-01-01T00:00:00Z"),
            "lead is not followed",
        ),
    ],
    ids=["ringing", "draft", "note of Close", "note of Pipedrive", "lead"],
)  # fmt: skip
async def test_an_event_nobody_needs_is_kept_as_passed_over(
    parts: Parts, vendor: str, body: bytes, why: str
) -> None:
    gate, reply = await posted(parts, vendor, body)
    assert 200 <= reply.status < 300, reply
    assert await gate.stored() == [("passed", f"event 0: {why}", body)]
    # There is nothing to work off, and the connection is not silent.
    assert (await worker.work_off(gate.crm)).deliveries == 0
    async with parts.database.read() as tx:
        assert await deliveries.counts(tx, WORKSPACE) == {"passed": 1}
        assert await deliveries.failed(tx, WORKSPACE) == []
        found = [each async for each in check_work(tx, parts.clock.now(), most=None)]
        linked = await connections.one(tx, parts.seal, WORKSPACE, vendor)
    assert linked is not None
    assert linked.last_delivery_at == parts.clock.now()
    (line,) = [each for each in found if "nothing the coach needs" in each.text]
    assert line.state is State.OK
    assert why in line.details[0]


async def test_what_cannot_be_read_is_a_failure_still(sqlite_parts: Parts) -> None:
    body = body_of("close", "activity_call_created", object_type=None, data__object_type=None)
    gate, reply = await posted(sqlite_parts, "close", body)
    assert reply.status == 202
    assert await gate.stored() == [
        ("failed", "The event does not say what happened to what.", body)
    ]


async def test_what_is_told_again_leaves_one_copy(sqlite_parts: Parts) -> None:
    body = body_of(
        "pipedrive", "v2_create_note", meta__action="change",
        meta__timestamp="2099-01-01T00:00:00Z",
    )  # fmt: skip
    gate, _ = await posted(sqlite_parts, "pipedrive", body)
    await gate.ask(body, signed("pipedrive", body), path=f"/webhooks/pipedrive/{TOKEN}")
    assert len(await gate.stored()) == 1
