"""Twenty's webhooks: signed, one event each, with the record whole.

Signature and envelope: github.com/twentyhq/twenty, `call-webhook.job.ts`.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.crm.provider import Account, PayloadError, Reading, Request, SignatureError, Stub
from bot.crm.providers.twenty.things import KINDS, about, deal, maker, person, task
from bot.crm.things import contacted, content, gone, key, moment, name_of, needed, thing
from coach.events import Change, Event, Owner
from coach.models import SubjectKind, TaskStatus, Verb

#: How far a request's timestamp may be from our clock, in seconds, either way.
TOLERANCE = 300

_FOLLOWED = {*KINDS, "taskTarget", "noteTarget", "workspaceMember"}

_TIMESTAMP = re.compile(rb"[0-9]{1,15}")


def new_secret(entropy: Callable[[int], bytes]) -> str:
    """The word to paste into the webhook's field “Secret”."""
    return entropy(32).hex()


def _signature(secret: str, timestamp: bytes, body: bytes) -> bytes:
    return hmac.new(secret.encode(), timestamp + b":" + body, hashlib.sha256).hexdigest().encode()


def verify(request: Request, account: Account, wall: float) -> str | None:
    """Check the signature, its time, and the workspace; Twenty signs no id of the request."""
    given = request.headers.get(b"x-twenty-webhook-signature", b"")
    timestamp = request.headers.get(b"x-twenty-webhook-timestamp", b"")
    if not given or not _TIMESTAMP.fullmatch(timestamp):
        raise SignatureError("The webhook is not signed; fill in its field Secret in Twenty.")
    if abs(wall - int(timestamp) / 1000) > TOLERANCE:
        raise SignatureError("The webhook is more than five minutes off; check the clock.")
    good = False
    for secret in account.signing:
        # Every one is compared, so that the time taken tells nothing.
        good |= hmac.compare_digest(given, _signature(secret, timestamp, request.body))
    if not good:
        raise SignatureError("The signature does not match; check the webhook's field Secret.")
    try:
        workspace = name_of(content(request.body).get("workspaceId"))
    except PayloadError:
        # It comes from the right hands; reading it says what is wrong.
        return None
    if account.id is not None and workspace is not None and workspace != account.id:
        raise SignatureError(f"This webhook is of workspace {workspace}, not of this connection's.")
    return None


def parse(body: bytes, message_id: str | None, received_at: datetime) -> Reading:
    """The one event of a webhook. Whatever else a workspace has is told too, and says nothing."""
    value = content(body)
    name, record = value.get("eventName"), value.get("record")
    if not isinstance(name, str):
        raise PayloadError("There is no eventName: this is no webhook of Twenty's.")
    what, _, action = name.partition(".")
    if what not in _FOLLOWED:
        return Reading(())
    if not isinstance(record, dict):
        raise PayloadError(f"{what}: there is no record.")
    at = _when(value, record, action, received_at)
    id = needed(record.get("id"))
    made = value.get("eventDate") or received_at.isoformat()
    which = key(name, id, made, record.get("updatedAt"))
    updated = value.get("updatedFields")
    changed = {str(each) for each in updated} if isinstance(updated, list) else set()
    if what == "workspaceMember":
        return Reading((), stubs=[Stub(which, what, id)])
    if what not in KINDS:
        attached = action == "created"
        return Reading(_attached(which, what, value, record, at) if attached else ())
    if action in {"deleted", "destroyed"}:
        verb, change = Verb(f"{KINDS[what]}_deleted"), gone(KINDS[what], id, at)
    elif action in {"created", "updated", "restored"}:
        verb, change = _HAPPENED[what](record, at, action, changed)
    else:
        return Reading(())
    # Told whole each time, and of our own changes as of anybody's.
    return Reading([Event(which, verb, at, (change,), observed=True)])


def _when(
    value: Mapping[str, Any], record: Mapping[str, Any], action: str, received_at: datetime
) -> datetime:
    """When it happened: the record knows better than the envelope, which is made later."""
    own = record.get("deletedAt" if action in {"deleted", "destroyed"} else "updatedAt")
    return min(moment(own) or moment(value.get("eventDate")) or received_at, received_at)


def _of_deal(
    record: Mapping[str, Any], at: datetime, action: str, changed: set[str]
) -> tuple[Verb, Change]:
    change = deal(record, at)
    if action == "created":
        return Verb.DEAL_CREATED, replace(change, came=True)
    if "stage" in changed:
        return Verb.DEAL_STAGE_CHANGED, replace(change, came=True)
    if "ownerId" in changed:
        return Verb.DEAL_OWNER_CHANGED, change
    return Verb.DEAL_AMOUNT_CHANGED if "amount" in changed else Verb.DEAL_UPDATED, change


def _of_person(
    record: Mapping[str, Any], at: datetime, action: str, changed: set[str]
) -> tuple[Verb, Change]:
    verb = Verb.CONTACT_CREATED if action == "created" else Verb.CONTACT_UPDATED
    return verb, person(record, at)


def _of_task(
    record: Mapping[str, Any], at: datetime, action: str, changed: set[str]
) -> tuple[Verb, Change]:
    change = task(record, at)
    if action == "created":
        return Verb.TASK_CREATED, change
    if "status" in changed and change.fields.get("status") is TaskStatus.COMPLETED:
        done = {**change.fields, "completed_at": at}
        return Verb.TASK_COMPLETED, replace(change, fields=done)
    return Verb.TASK_RESCHEDULED if "dueAt" in changed else Verb.TASK_UPDATED, change


_HAPPENED = {"opportunity": _of_deal, "person": _of_person, "task": _of_task}


def _attached(
    which: str, what: str, value: Mapping[str, Any], record: Mapping[str, Any], at: datetime
) -> Sequence[Event]:
    """Whom or what a task or a note is about: told by itself, after the task or the note."""
    whom = about(record)
    if what == "noteTarget":
        author = Owner.of(id=name_of(value.get("workspaceMemberId")) or maker(record))
        changes = contacted(whom.get("contact_id"), at)
        return [Event(which, Verb.NOTE_LOGGED, at, changes, author)] if changes else ()
    if not whom:
        return ()
    change = thing(SubjectKind.TASK, {"id": record.get("taskId"), **whom}, at)
    return [Event(which, Verb.TASK_UPDATED, at, (change,), observed=True)]
