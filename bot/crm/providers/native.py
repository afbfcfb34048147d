"""The native webhook: for any CRM, automation tool or script that can post JSON."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from bot.crm.calls import Answer, Call
from bot.crm.native_faults import accepted, read
from bot.crm.native_form import (
    ContactForm,
    DealForm,
    EventForm,
    TaskForm,
    clean,
)
from bot.crm.native_minimal import Extra, expanded
from bot.crm.provider import (
    Account,
    PayloadError,
    Provider,
    Reading,
    Reply,
    Taken,
    Told,
    Writing,
    acknowledged,
    told_by_status,
)
from bot.crm.standard_webhooks import new_secret, signature, verify
from bot.crm.things import NAMES, TOLD, fields_of
from bot.web.strict_json import JsonError, loads
from coach.events import Change, Event, Owner
from coach.models import (
    CONTACT_VERBS,
    Contact,
    Deal,
    DealStatus,
    SubjectKind,
    Task,
    TaskStatus,
    Verb,
)
from coach.writes import DeleteTask, LogContact, MoveDeal, Outgoing, ReopenTask, RescheduleTask

#: Moments at which something has happened.
_PAST = frozenset({"created_at", "closed_at", "completed_at", "last_contacted_at"})


def parse(body: bytes, message_id: str | None, received_at: datetime) -> Reading:
    """The events of a body, and the items of a batch that cannot be read."""
    try:
        value = loads(body)
    except JsonError as error:
        raise PayloadError(f"The body cannot be read: {error}.") from error
    if not isinstance(value, dict):
        raise PayloadError("The body must be a JSON object.")
    if value.get("type") != "batch":
        key = message_id or _body_key(body, None if _dated(value) else received_at)
        return Reading([_event(value, key, received_at)])
    data = value.get("data")
    items = data.get("events") if isinstance(data, dict) else None
    if not isinstance(items, list):
        raise PayloadError("A batch needs data.events, a list.")
    key = message_id or _body_key(body, None if all(map(_dated, items)) else received_at)
    return _batch(items, key, received_at)


def _dated(value: object) -> bool:
    if not isinstance(value, dict):
        return True
    metadata = value.get("metadata")
    return bool(
        value.get("timestamp") or (isinstance(metadata, dict) and metadata.get("timestamp"))
    )


def _body_key(body: bytes, received_at: datetime | None) -> str:
    # The same dated body again is the same event. Without a date two calls on one day look alike,
    # so only the moment of arrival tells them apart.
    digest = hashlib.sha256(body).hexdigest()
    return f"body:{digest}" + (f"@{received_at.isoformat()}" if received_at else "")


def _batch(items: Sequence[object], message_id: str, received_at: datetime) -> Reading:
    events: list[Event] = []
    rejected: list[tuple[int, str]] = []
    for index, item in enumerate(items):
        try:
            if not isinstance(item, dict):
                raise PayloadError("An event must be a JSON object.")
            own = item.get("id")
            key = _item_key(own) if isinstance(own, str | int | float) else ""
            events.append(_event(item, key or f"{message_id}#{index}", received_at))
        except PayloadError as error:
            rejected.append((index, str(error)))
    return Reading(events, rejected)


def _item_key(own: str | float) -> str:
    key = str(clean(str(own)))
    # Cut, two long ids could become one.
    return key if len(key) <= 255 else f"id:{hashlib.sha256(key.encode()).hexdigest()}"


def _event(value: Mapping[str, Any], dedupe_key: str, received_at: datetime) -> Event:
    extra = Extra()
    if "action" in value:
        form, extra = expanded(value)
    else:
        form = read(EventForm, value, value)
    if form.type is Verb.COMMAND_USED:
        types = accepted(EventForm, ["type"])
        raise PayloadError(f"type: command_used is the coach's own; give {types}.")
    # What has happened does not lie ahead, whatever the sender's clock says.
    at = min(form.timestamp or received_at, received_at)
    owner = form.owner.owner() if form.owner else None
    changes = _changes(form, at, owner)
    for change in changes:
        for name in _PAST & change.fields.keys():
            if change.fields[name] is not None:
                change.fields[name] = min(change.fields[name], received_at)
        if change.kind is SubjectKind.DEAL:
            change.before.update(extra.before)
    return Event(
        dedupe_key,
        form.type,
        at,
        tuple(changes),
        owner,
        details=dict(extra.details) or None,
        actor=form.actor.actor() if form.actor else None,
    )


def _changes(form: EventForm, at: datetime, owner: Owner | None) -> list[Change]:
    verb, data = form.type, form.data
    about = verb.partition("_")[0]
    if about in {"deal", "contact", "task"} and getattr(data, about) is None:
        raise PayloadError(f"data.{about}: {verb} needs it, with its id.")
    changes: list[Change] = []
    if data.deal is not None:
        fields = fields_of(data.deal)
        _settle(verb, fields)
        change = _change(SubjectKind.DEAL, data.deal, at, fields, owner)
        if verb is Verb.DEAL_OWNER_CHANGED:
            # Here the owner is the very thing that is told.
            change = replace(change, owner_assumed=False)
        changes.append(change)
    if data.contact is not None:
        fields = fields_of(data.contact)
        if verb in CONTACT_VERBS:
            # The object may have been read before the call was in it.
            fields["last_contacted_at"] = max(fields.get("last_contacted_at") or at, at)
        changes.append(_change(SubjectKind.CONTACT, data.contact, at, fields, owner))
    elif verb in CONTACT_VERBS and data.deal is not None and data.deal.contact_id:
        told = {"last_contacted_at": at}
        changes.append(Change(SubjectKind.CONTACT, data.deal.contact_id, at, told))
    if data.task is not None:
        fields = fields_of(data.task)
        if verb is Verb.TASK_COMPLETED:
            fields["status"] = TaskStatus.COMPLETED
            fields["completed_at"] = fields.get("completed_at") or at
        changes.append(_change(SubjectKind.TASK, data.task, at, fields, owner))
    if verb in {Verb.DEAL_DELETED, Verb.CONTACT_DELETED, Verb.TASK_DELETED}:
        changes = [_deleted(change, about) for change in changes]
    return changes


def _change(
    kind: SubjectKind,
    form: DealForm | ContactForm | TaskForm,
    at: datetime,
    fields: dict[str, Any],
    owner: Owner | None,
) -> Change:
    own = form.owner()
    if own is not None or "person_id" in fields:
        return Change(kind, form.id, at, fields, own)
    # Whoever the event belongs to owns what it is about, when nothing else is known.
    return Change(kind, form.id, at, fields, owner, owner_assumed=True)


def _settle(verb: Verb, fields: dict[str, Any]) -> None:
    """Have a deal's status agree with what happened; the stage is judged where stages are known."""
    if verb is Verb.DEAL_REOPENED:
        fields["status"] = DealStatus.OPEN
    if verb is not Verb.DEAL_CLOSED:
        return
    status = fields.get("status")
    if status is DealStatus.OPEN or (status is None and not fields.get("stage")):
        raise PayloadError("data.deal.status: deal_closed needs won or lost.")


def _deleted(change: Change, about: str) -> Change:
    if change.kind != about:
        return change
    return Change(change.kind, change.id, change.at, {"deleted": True})


def reply(taken: Taken) -> Reply:
    """Counts; and a 400 for a body that says nothing, because its sender is a script being written.

    Such a sender has nobody else to hear it from, and none of them punishes a 400.
    """
    if taken.error is not None:
        return Reply(400, json.dumps({"error": taken.error}, ensure_ascii=False).encode())
    return acknowledged(taken)


def call(account: Account, outgoing: Outgoing, wall: float) -> Call | None:
    """The change in the same form as comes in, with the whole thing, signed in the same way.

    Its `webhook-id` follows from the change, so that a repeat is recognised.
    """
    if account.address is None:
        return None
    id = f"coach_{hashlib.sha256(outgoing.key.encode()).hexdigest()[:32]}".encode()
    timestamp = str(int(wall)).encode()
    body = _body(outgoing)
    headers = {
        "content-type": "application/json",
        "webhook-id": id.decode(),
        "webhook-timestamp": timestamp.decode(),
        "webhook-signature": signature(account.signing[0], id, timestamp, body).decode(),
    }
    return Call("POST", account.address, headers, body)


def _body(outgoing: Outgoing) -> bytes:
    subject = outgoing.subject
    form: type[DealForm | ContactForm | TaskForm]
    match subject:
        case Deal():
            kind, form = SubjectKind.DEAL, DealForm
        case Contact():
            kind, form = SubjectKind.CONTACT, ContactForm
        case Task():
            kind, form = SubjectKind.TASK, TaskForm
    data = {name: getattr(subject, NAMES.get(name, name)) for name in ["id", *TOLD[form]]}
    if subject.other:
        data["other"] = subject.other
    if outgoing.owner_email:
        data["owner_email"] = outgoing.owner_email
    body = {
        "type": outgoing.verb,
        "timestamp": outgoing.at.isoformat(),
        "owner": {"email": outgoing.owner_email} if outgoing.owner_email else None,
        "data": {kind: data},
    }
    if isinstance(outgoing.write, LogContact) and outgoing.write.note:
        body["note"] = outgoing.write.note
    return json.dumps(body, default=_written, ensure_ascii=False).encode()


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def told(outgoing: Outgoing, answer: Answer) -> Told:
    """By the status; the body may hold `id`, what the receiver calls the thing, or an `error`."""
    said = told_by_status(answer)
    try:
        value = loads(answer.body)
    except JsonError:
        return said
    if not isinstance(value, dict):
        return said
    id, error = value.get("id"), value.get("error")
    if answer.ok and isinstance(id, str | int) and not isinstance(id, bool):
        remote_id = str(clean(str(id)))
        return replace(said, remote_id=remote_id if 0 < len(remote_id) <= 255 else None)
    if said.refusal and isinstance(error, str) and (words := str(clean(error))[:200]):
        return replace(said, refusal=f"{said.refusal}: {words}")
    return said


PROVIDER = Provider(
    summary="Any CRM, Zapier, n8n or script that can post JSON.",
    verify=verify,
    parse=parse,
    new_secret=new_secret,
    reply=reply,
    writing=Writing(
        call,
        told,
        takes_back=frozenset({MoveDeal, RescheduleTask, ReopenTask, DeleteTask}),
    ),
)
