"""Close's webhooks: signed with a key written in hex, one event each, with what was before.

https://developer.close.com/topics/webhooks; the event log holds the same events.
"""

import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.crm.provider import Account, PayloadError, Reading, Request, SignatureError, Stub
from bot.crm.providers.close.things import KINDS, MARK, change_of, status_of
from bot.crm.things import contacted, content, gone, key, moment, name_of, needed, words
from coach.events import Change, Event, Owner
from coach.models import DealStatus, Origin, SubjectKind, TaskStatus, Verb

#: How far a request's time may be from our clock, in seconds. Close documents no bound; this one
#: takes it that a repeat is signed anew.
TOLERANCE = 300

_SECONDS = re.compile(rb"[0-9]{1,12}")

_VERBS: Mapping[tuple[str, str], Verb] = {
    ("opportunity", "created"): Verb.DEAL_CREATED,
    ("opportunity", "deleted"): Verb.DEAL_DELETED,
    ("lead", "created"): Verb.CONTACT_CREATED,
    ("lead", "updated"): Verb.CONTACT_UPDATED,
    ("lead", "deleted"): Verb.CONTACT_DELETED,
    ("task.lead", "created"): Verb.TASK_CREATED,
    ("task.lead", "deleted"): Verb.TASK_DELETED,
}

#: Only then has it come about: a call has ended, a mail has left or come.
_OVER = {
    "activity.call": ("completed",),
    "activity.email": ("sent", "inbox"),
    "activity.sms": ("sent", "inbox"),
}

_LOGGED = {
    "activity.note": Verb.NOTE_LOGGED,
    "activity.call": Verb.CALL_LOGGED,
    "activity.email": Verb.EMAIL_LOGGED,
    "activity.meeting": Verb.MEETING_BOOKED,
    # There is no word of ours for it, but somebody was in touch.
    "activity.sms": Verb.CONTACT_UPDATED,
}


def verify(request: Request, account: Account, wall: float) -> str | None:
    """Check the signature over time and raw body; Close gives its requests no id."""
    given = request.headers.get(b"close-sig-hash", b"").lower()
    timestamp = request.headers.get(b"close-sig-timestamp", b"")
    if not _SECONDS.fullmatch(timestamp):
        raise SignatureError("close-sig-timestamp must be whole seconds since 1970.")
    if abs(wall - int(timestamp)) > TOLERANCE:
        raise SignatureError(
            "close-sig-timestamp is more than five minutes off; check this machine's clock."
        )
    good = False
    for secret in account.signing:
        try:
            signing_key = bytes.fromhex(secret)
        except ValueError:
            signing_key = b""
        if not signing_key:
            # Whoever has no key must not be able to sign with none.
            continue
        digest = hmac.digest(signing_key, timestamp + request.body, "sha256")
        good |= hmac.compare_digest(given, binascii.hexlify(digest))
    if not good:
        raise SignatureError("close-sig-hash does not match; check the webhook's signature_key.")
    return None


def parse(body: bytes, message_id: str | None, received_at: datetime) -> Reading:
    """The one event of a webhook, or what to look up because of it."""
    event = content(body).get("event")
    if not isinstance(event, dict):
        raise PayloadError("There is no event: this is no webhook of Close's.")
    return reading_of(event, received_at)


@dataclass(frozen=True, slots=True)
class _Notice:
    """One event, as webhooks and the event log have it."""

    kind: str
    action: str
    #: Which thing it is about.
    id: str
    key: str
    at: datetime
    data: Mapping[str, Any]
    previous: Mapping[str, Any]
    changed: Sequence[str]
    lead: str | None
    user: Owner | None
    by_api: bool


def reading_of(event: Mapping[str, Any], received_at: datetime) -> Reading:
    """What one event says. Raises `PayloadError` when that cannot be read."""
    notice = _notice(event, received_at)
    if notice.kind in KINDS:
        return _of_thing(notice)
    if notice.kind == "contact" and notice.lead is not None:
        # The people of a lead are told with it.
        return _wanted(notice, "lead", notice.lead)
    if notice.kind in {"status.opportunity", "pipeline"}:
        return _wanted(notice, "stages", "all")
    if notice.kind in _LOGGED:
        return _of_activity(notice)
    return _passed(f"{words(notice.kind, 60)}.{words(notice.action, 20)} is not followed")


def _notice(event: Mapping[str, Any], received_at: datetime) -> _Notice:
    data = event.get("data")
    data = data if isinstance(data, dict) else {}
    previous = event.get("previous_data")
    # Shortened ones have the name of the thing within.
    kind = event.get("object_type") or data.get("object_type")
    action = event.get("action") or data.get("action")
    if not isinstance(kind, str) or not isinstance(action, str):
        raise PayloadError("The event does not say what happened to what.")
    told_at = event.get("date_updated") or event.get("date_created")
    at = min(moment(told_at) or received_at, received_at)
    changed = event.get("changed_fields")
    id = name_of(event.get("object_id")) or name_of(data.get("id")) or ""
    by_api = bool(event.get("api_key_id") or event.get("oauth_client_id"))
    own = name_of(event.get("id")) or needed(id)
    return _Notice(
        kind,
        action,
        id,
        # The same event comes again with what happened to the thing since.
        key(own, told_at if isinstance(told_at, str) else None),
        at,
        data,
        previous if isinstance(previous, dict) else {},
        [each for each in changed if isinstance(each, str)] if isinstance(changed, list) else [],
        name_of(event.get("lead_id")) or name_of(data.get("lead_id")),
        Owner.of(id=name_of(event.get("user_id"))),
        by_api,
    )


def _wanted(notice: _Notice, kind: str, id: str) -> Reading:
    return Reading((), stubs=[Stub(notice.key, kind, id)])


def _passed(why: str) -> Reading:
    return Reading((), passed=[(0, why)])


def _of_thing(notice: _Notice) -> Reading:
    kind = KINDS[notice.kind]
    verb = _VERBS.get((notice.kind, notice.action))
    if notice.action == "deleted" and verb is not None:
        return _one(notice, verb, (gone(kind, notice.id, notice.at),))
    if notice.action not in {"created", "updated"} or not notice.data:
        # Two leads became one, or the log keeps what is in it from whoever is no administrator.
        return _wanted(notice, notice.kind, needed(notice.id))
    change = change_of(notice.kind, notice.data, notice.id, notice.at)
    if kind is SubjectKind.DEAL:
        verb, change = _of_opportunity(notice, change)
    elif verb is None:
        verb, change = _of_task(notice, change)
    # A change may be known by now, by an earlier word of the same event; and by API the coach
    # itself makes changes, and tasks, too.
    return _one(notice, verb, (change,), observed=notice.action == "updated" or notice.by_api)


def _one(
    notice: _Notice, verb: Verb, changes: tuple[Change, ...], *, observed: bool = False
) -> Reading:
    origin = Origin.API if notice.by_api else Origin.UI
    return Reading(
        [Event(notice.key, verb, notice.at, changes, notice.user, origin, observed=observed)]
    )


def _of_opportunity(notice: _Notice, change: Change) -> tuple[Verb, Change]:
    if notice.action == "created":
        return Verb.DEAL_CREATED, replace(change, came=True)
    before: dict[str, Any] = {}
    for ours, theirs in (("stage", "status_id"), ("pipeline", "pipeline_id")):
        if (was := name_of(notice.previous.get(theirs))) is not None:
            before[ours] = was
    status, was_status = change.fields.get("status"), status_of(notice.previous.get("status_type"))
    if was_status is not None:
        before["status"] = was_status
    change = replace(change, before=before)
    if was_status is not None and status is not None and status is not was_status:
        verb = Verb.DEAL_REOPENED if status is DealStatus.OPEN else Verb.DEAL_CLOSED
    elif "status_id" in notice.changed or "pipeline_id" in notice.changed:
        # From one won status to another it is not won once more.
        verb = Verb.DEAL_STAGE_CHANGED if status is DealStatus.OPEN else Verb.DEAL_UPDATED
    elif "user_id" in notice.changed:
        verb = Verb.DEAL_OWNER_CHANGED
    elif "value" in notice.changed:
        verb = Verb.DEAL_AMOUNT_CHANGED
    else:
        verb = Verb.DEAL_UPDATED
    return verb, change


def _of_task(notice: _Notice, change: Change) -> tuple[Verb, Change]:
    done = change.fields.get("status") is TaskStatus.COMPLETED
    if done and "is_complete" in notice.changed:
        fields = {"completed_at": notice.at, **change.fields}
        return Verb.TASK_COMPLETED, replace(change, fields=fields)
    if {"date", "due_date"} & set(notice.changed):
        return Verb.TASK_RESCHEDULED, change
    return Verb.TASK_UPDATED, change


def _of_activity(notice: _Notice) -> Reading:
    over = _OVER.get(notice.kind)
    now, status = notice.action == "created", notice.data.get("status")
    if over is not None and isinstance(status, str):
        now = status in over and (now or "status" in notice.changed)
    if not now and over is not None:
        return _passed(f"{notice.kind} is followed once it has come about")
    if not now:
        return _passed(f"{notice.kind}.{words(notice.action, 20)} is not followed")
    if notice.by_api and words(notice.data.get("note"), 20_000).endswith(MARK):
        # The coach has logged it; the mirror has had it since.
        return Reading(())
    return _one(notice, _LOGGED[notice.kind], contacted(notice.lead, notice.at))
