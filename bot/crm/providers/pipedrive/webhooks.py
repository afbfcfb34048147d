"""Pipedrive's webhooks: HTTP Basic with a long password, one event each, with what was before.

https://pipedrive.readme.io/docs/guide-for-webhooks-v2; those of the first version are read too.
"""

import base64
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.crm.provider import Account, PayloadError, Reading, Request, SignatureError, Stub
from bot.crm.providers.pipedrive.things import (
    KINDS,
    MARK,
    TYPES,
    change_of,
    company_of,
    is_deleted,
    owner_of,
    plain,
    status_of,
)
from bot.crm.things import contacted, content, gone, inner, key, moment, name_of, words
from coach.events import Change, Event, Owner
from coach.models import DealStatus, Origin, SubjectKind, TaskStatus, Verb

#: So old a webhook may be, in seconds: the last try is made some three minutes after the event.
OLDEST = 3600

#: The user of HTTP Basic; the password is what is secret.
USER = "coach"

_ACTIONS = {
    **{"create": "create", "change": "change", "delete": "delete"},
    **{"added": "create", "updated": "change", "merged": "change", "deleted": "delete"},
}

_CREATED = {
    SubjectKind.DEAL: Verb.DEAL_CREATED,
    SubjectKind.CONTACT: Verb.CONTACT_CREATED,
    SubjectKind.TASK: Verb.TASK_CREATED,
}
_UPDATED = {
    SubjectKind.DEAL: Verb.DEAL_UPDATED,
    SubjectKind.CONTACT: Verb.CONTACT_UPDATED,
    SubjectKind.TASK: Verb.TASK_UPDATED,
}
_DELETED = {
    SubjectKind.DEAL: Verb.DEAL_DELETED,
    SubjectKind.CONTACT: Verb.CONTACT_DELETED,
    SubjectKind.TASK: Verb.TASK_DELETED,
}


def new_secret(entropy: Callable[[int], bytes]) -> str:
    """User and password, of which Pipedrive is told each by itself."""
    return f"{USER}:{entropy(32).hex()}"


def verify(request: Request, account: Account, wall: float) -> str | None:
    """Check user and password, and that the event is of this account and just now.

    Pipedrive signs nothing, so whoever has the password could send anything: what else can be
    checked is checked, too. Returns the event's id.
    """
    scheme, _, given = request.headers.get(b"authorization", b"").partition(b" ")
    good = False
    for secret in account.signing:
        expected = base64.b64encode(secret.encode())
        # Every one is compared, so that the time taken tells nothing.
        good |= hmac.compare_digest(given.strip(), expected)
    if scheme.lower() != b"basic" or not good:
        raise SignatureError(
            "HTTP Basic does not match; give the webhook this connection's user and password."
        )
    try:
        meta = inner(content(request.body), "meta")
    except PayloadError:
        # It comes from the right hands; reading it says what is wrong.
        return None
    company, webhook = company_of(meta), name_of(inner(meta, "webhook_id"))
    if account.id is not None and company is not None and company != account.id:
        raise SignatureError(f"This webhook is of company {company}, not of this connection's.")
    if account.subscription and webhook is not None and webhook not in account.subscription:
        raise SignatureError("This webhook is none of those the connection has subscribed to.")
    at = moment(inner(meta, "timestamp"))
    if at is not None and wall - at.timestamp() > OLDEST:
        raise SignatureError("This webhook is more than an hour old.")
    id = inner(meta, "id")
    return words(id, 255) or None


@dataclass(frozen=True, slots=True)
class _Notice:
    """What either version tells."""

    action: str
    entity: str
    id: str
    data: Mapping[str, Any]
    #: The old values of what has changed.
    previous: Mapping[str, Any]
    meta: Mapping[str, Any]
    at: datetime
    key: str

    @property
    def by_api(self) -> bool:
        return self.meta.get("change_source") == "api"


def parse(body: bytes, message_id: str | None, received_at: datetime) -> Reading:
    """The one event of a webhook, or what to look up because of it."""
    notice = _notice(content(body), received_at)
    if notice.entity in KINDS:
        if _is_ours(notice):
            return Reading(())
        return Reading([_event(notice)])
    if notice.entity == "note":
        return _note(notice)
    if notice.entity in {"stage", "pipeline"}:
        return Reading((), stubs=[Stub(notice.key, "stages", "all")])
    if notice.entity == "user":
        return Reading((), stubs=[Stub(notice.key, "user", notice.id)])
    return _passed(f"{words(notice.entity, 40) or 'it'} is not followed")


def _passed(why: str) -> Reading:
    return Reading((), passed=[(0, why)])


def _notice(value: Mapping[str, Any], received_at: datetime) -> _Notice:
    meta = value.get("meta")
    if not isinstance(meta, dict):
        raise PayloadError("There is no meta: this is no webhook of Pipedrive's.")
    first = value.get("v") == 1 or meta.get("v") == 1
    action = _ACTIONS.get(str(meta.get("action")))
    entity = meta.get("object" if first else "entity")
    id = name_of(meta.get("id" if first else "entity_id"))
    if action is None or not isinstance(entity, str) or id is None:
        raise PayloadError("meta does not say what happened to what.")
    data, previous = _object(value, "current" if first else "data"), _object(value, "previous")
    if first and data:
        # The first version tells all of how it was, too.
        previous = {k: v for k, v in previous.items() if k in data and data[k] != v}
    at = moment(meta.get("timestamp")) or received_at
    if first:
        own: object = meta.get("timestamp_micro") or meta.get("timestamp")
    else:
        # Of a user the id of the event is that of the user.
        own = f"{meta.get('id')}@{meta.get('timestamp')}" if entity == "user" else meta.get("id")
    which = key(entity, id, action, own if own is not None else received_at.isoformat())
    return _Notice(action, entity, id, data, previous, meta, min(at, received_at), which)


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _is_ours(notice: _Notice) -> bool:
    """Whether it is a call or a mail that the coach has logged; the mirror has had it since."""
    return (
        notice.by_api
        and notice.entity == "activity"
        and words(notice.data.get("subject"), 1000).endswith(MARK)
    )


def _event(notice: _Notice) -> Event:
    kind = KINDS[notice.entity]
    details: dict[str, Any] | None = None
    if notice.action == "delete" or is_deleted(notice.entity, notice.data):
        change, verb = gone(kind, notice.id, notice.at), _DELETED[kind]
        if (into := name_of(notice.meta.get("merged_to_id"))) is not None:
            # It goes on in another one: nobody has deleted anything.
            verb, details = _UPDATED[kind], {"merged_to": into}
        return Event(notice.key, verb, notice.at, (change,), None, _origin(notice), details)
    change = change_of(notice.entity, notice.data, notice.at, notice.meta.get("host"))
    if change.id != notice.id:
        raise PayloadError("meta and data speak of two things.")
    if (source := name_of(notice.meta.get("merged_from_id"))) is not None:
        details = {"merged_from": source}
    changes: tuple[Change, ...]
    if kind is SubjectKind.DEAL:
        verb, changes = _of_deal(notice, change)
    elif kind is SubjectKind.TASK:
        verb, changes = _of_activity(notice, change)
    else:
        verb, changes = (_CREATED if notice.action == "create" else _UPDATED)[kind], (change,)
    return Event(
        notice.key,
        verb,
        notice.at,
        changes,
        None,
        _origin(notice),
        details,
        # A change may be known by now; and by API the coach itself makes them, and activities, too.
        observed=notice.by_api or notice.action == "change",
    )


def _origin(notice: _Notice) -> Origin:
    if True in (notice.meta.get("is_bulk_edit"), notice.meta.get("is_bulk_update")):
        return Origin.IMPORT
    return Origin.API if notice.by_api else Origin.UI


def _of_deal(notice: _Notice, change: Change) -> tuple[Verb, tuple[Change, ...]]:
    if notice.action == "create":
        return Verb.DEAL_CREATED, (replace(change, came=True),)
    previous, status = notice.previous, status_of(notice.data)
    before: dict[str, Any] = {}
    for ours, theirs in (("stage", "stage_id"), ("pipeline", "pipeline_id")):
        if (was := name_of(previous.get(theirs))) is not None:
            before[ours] = was
    if (was_status := status_of(previous)) is not None:
        before["status"] = was_status
    change = replace(change, before=before)
    if "status" in before and status is not None and status is not was_status:
        verb = Verb.DEAL_REOPENED if status is DealStatus.OPEN else Verb.DEAL_CLOSED
    elif {"stage", "pipeline"} & before.keys():
        # One that is won and moved is not won once more.
        verb = Verb.DEAL_STAGE_CHANGED if status is DealStatus.OPEN else Verb.DEAL_UPDATED
    elif owner_of(previous):
        verb = Verb.DEAL_OWNER_CHANGED
    elif "value" in previous:
        verb = Verb.DEAL_AMOUNT_CHANGED
    else:
        verb = Verb.DEAL_UPDATED
    return verb, (change,)


def _of_activity(notice: _Notice, change: Change) -> tuple[Verb, tuple[Change, ...]]:
    done = change.fields.get("status") is TaskStatus.COMPLETED
    just_now = done and (notice.action == "create" or notice.previous.get("done") is False)
    if not just_now:
        if notice.action == "create":
            return Verb.TASK_CREATED, (change,)
        moved = "due_date" in notice.previous
        return (Verb.TASK_RESCHEDULED if moved else Verb.TASK_UPDATED), (change,)
    change = replace(change, fields={"completed_at": notice.at, **change.fields})
    logged = TYPES.get(str(notice.data.get("type")))
    with_whom = contacted(notice.data.get("person_id"), notice.at) if logged else ()
    # What is entered when it is over was never a task.
    verb = logged if logged and notice.action == "create" else Verb.TASK_COMPLETED
    return verb, (change, *with_whom)


def _note(notice: _Notice) -> Reading:
    if notice.action != "create":
        return _passed("a changed note is not followed")
    if notice.by_api and plain(notice.data.get("content")).endswith(MARK):
        return Reading(())
    changes = contacted(notice.data.get("person_id"), notice.at)
    if (deal := name_of(notice.data.get("deal_id"))) is not None:
        changes += (Change(SubjectKind.DEAL, deal, notice.at),)
    owner = Owner.of(id=name_of(notice.data.get("user_id")))
    return Reading(
        [Event(notice.key, Verb.NOTE_LOGGED, notice.at, changes, owner, _origin(notice))]
    )
