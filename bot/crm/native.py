"""The native webhook: any CRM, automation tool or script that can post signed JSON.

The signatures are those of Standard Webhooks
(https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from bot.provider import PayloadError, Post, Provider, Reading, Request, Secrets, SignatureError
from bot.strict_json import JsonError, loads
from coach.events import Change, Event, Owner
from coach.models import (
    CONTACT_VERBS,
    Contact,
    Deal,
    DealStatus,
    SubjectKind,
    Task,
    TaskPriority,
    TaskStatus,
    Verb,
)
from coach.writes import Outgoing, status_of_stage

#: How far a request's timestamp may be from our clock, in seconds, either way.
TOLERANCE = 300

_PREFIX = "whsec_"
_ID = re.compile(rb"[\x21-\x7e]{1,255}")
_TIMESTAMP = re.compile(rb"\d{1,12}")


def new_secret(entropy: Callable[[int], bytes]) -> str:
    """A signing secret of 32 random bytes in the form the standard asks for."""
    return _PREFIX + base64.b64encode(entropy(32)).decode()


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        return secret.encode()


def signature(secret: str, id: bytes, timestamp: bytes, body: bytes) -> bytes:
    """The `v1` signature: HMAC-SHA256 over `id.timestamp.body`, in base64."""
    digest = hmac.new(_key(secret), b".".join((id, timestamp, body)), hashlib.sha256).digest()
    return b"v1," + base64.b64encode(digest)


def verify(request: Request, secrets: Secrets, wall: float) -> str | None:
    """Check a request on its raw bytes; returns its `webhook-id`.

    A request without a signature may carry `Authorization: Bearer …` instead: for tools that
    cannot sign, at the price of no protection against replay.
    """
    headers = request.headers
    id = headers.get(b"webhook-id", b"")
    given = headers.get(b"webhook-signature")
    if given is None:
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer":
            raise SignatureError(
                "Sign the request as Standard Webhooks (webhook-id, webhook-timestamp, "
                "webhook-signature), or send Authorization: Bearer with the connection's token."
            )
        if not hmac.compare_digest(token.strip(), secrets.bearer.encode()):
            raise SignatureError("The bearer token is not this connection's.")
        return id.decode() if _ID.fullmatch(id) else None
    timestamp = headers.get(b"webhook-timestamp", b"")
    if not _ID.fullmatch(id):
        raise SignatureError("webhook-id must be 1 to 255 visible ASCII characters.")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise SignatureError("webhook-timestamp must be whole seconds since 1970.")
    if abs(wall - int(timestamp)) > TOLERANCE:
        raise SignatureError("webhook-timestamp is more than five minutes off; check the clock.")
    offered = given.split(b" ")[:16]
    good = False
    for secret in secrets.signing:
        expected = signature(secret, id, timestamp, request.body)
        for each in offered:
            # Every pair is compared, so that the time taken tells nothing.
            good |= hmac.compare_digest(each, expected)
    if not good:
        raise SignatureError("The signature does not match; check the connection's signing secret.")
    return id.decode()


def _clean(value: object) -> object:
    # Databases take neither NUL nor half of a surrogate pair.
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode().strip()
    return value


def _cut(length: int) -> Callable[[str], str]:
    return lambda text: text[:length]


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _aware(moment: datetime) -> datetime:
    if not 1970 <= moment.year < 2200:
        raise ValueError("must lie between 1970 and 2200")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _https(url: str) -> str | None:
    # Links lead out of Slack: nothing but plain web addresses.
    return url if re.fullmatch(r"https://[^\s<>|\"']{1,2000}", url) else None


Id = Annotated[str, BeforeValidator(_clean), StringConstraints(min_length=1, max_length=255)]
Title = Annotated[str, BeforeValidator(_clean), AfterValidator(_cut(500))]
Short = Annotated[str, BeforeValidator(_clean), AfterValidator(_cut(120))]
Long = Annotated[str, BeforeValidator(_clean), AfterValidator(_cut(5000))]
Email = Annotated[str, BeforeValidator(_clean), StringConstraints(max_length=320)]
Moment = Annotated[datetime, AfterValidator(_aware)]
Url = Annotated[str, BeforeValidator(_clean), AfterValidator(_https)]
Amount = Annotated[Decimal, Field(ge=Decimal("-1e15"), le=Decimal("1e15"), allow_inf_nan=False)]


def _date_of(value: object) -> object:
    # Vendors send a due date with or without a time of day.
    if isinstance(value, str) and len(value) > 10 and value[10:11] in {"T", " "}:
        return value[:10]
    return value


class _Form(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)


class OwnerForm(_Form):
    """Who something belongs to."""

    email: Email | None = None
    id: Id | None = None
    name: Short | None = None

    def owner(self) -> Owner | None:
        """In the domain's terms."""
        return Owner.of(email=self.email, id=self.id, name=self.name)


class _Owned(_Form):
    id: Id
    url: Url | None = None
    created_at: Moment | None = None
    owner_email: Email | None = None
    owner_id: Id | None = None
    owner_name: Short | None = None

    def owner(self) -> Owner | None:
        return Owner.of(email=self.owner_email, id=self.owner_id, name=self.owner_name)


class DealForm(_Owned):
    """A deal, whole or in part."""

    title: Title | None = None
    stage: Short | None = None
    status: Annotated[DealStatus, BeforeValidator(_lower)] | None = None
    value: Amount | None = None
    currency: Annotated[str, BeforeValidator(_clean), StringConstraints(max_length=8)] | None = None
    source: Short | None = None
    contact_id: Id | None = None
    closed_at: Moment | None = None


class ContactForm(_Owned):
    """A contact, whole or in part."""

    name: Title | None = None
    email: Email | None = None
    status: Short | None = None
    source: Short | None = None
    last_contacted_at: Moment | None = None


class TaskForm(_Owned):
    """A task, whole or in part."""

    title: Title | None = None
    status: Annotated[TaskStatus, BeforeValidator(_lower)] | None = None
    priority: Annotated[TaskPriority, BeforeValidator(_lower)] | None = None
    due_date: Annotated[date, BeforeValidator(_date_of)] | None = None
    note: Long | None = None
    completed_at: Moment | None = None
    contact_id: Id | None = None
    deal_id: Id | None = None


class DataForm(_Form):
    """The objects an event is about."""

    deal: DealForm | None = None
    contact: ContactForm | None = None
    task: TaskForm | None = None


class EventForm(_Form):
    """One event in the native form."""

    id: Id | None = None
    type: Verb
    timestamp: Moment | None = None
    owner: OwnerForm | None = None
    data: DataForm


class MinimalForm(_Form):
    """The minimal form: what happened to what, with the object's fields in `metadata`."""

    id: Id | None = None
    action: Short
    entity_type: Literal["deal", "contact", "task"]
    entity_id: Id
    metadata: dict[str, Any] = Field(default_factory=dict)


_NAMES = {"name": "name_given"}


def parse(body: bytes, message_id: str | None, received_at: datetime) -> Reading:
    """The events of a body, and the items of a batch that cannot be read."""
    try:
        value = loads(body)
    except JsonError as error:
        raise PayloadError(f"The body is {error}.") from error
    if not isinstance(value, dict):
        raise PayloadError("The body must be a JSON object.")
    if value.get("type") == "batch":
        return _batch(value, message_id or _body_key(body, received_at), received_at)
    dated = value.get("timestamp") is not None or (
        isinstance(value.get("metadata"), dict) and value["metadata"].get("timestamp") is not None
    )
    key = message_id or (_body_key(body, None if dated else received_at))
    return Reading([_event(value, key, received_at)])


def _body_key(body: bytes, received_at: datetime | None) -> str:
    # The same dated body again is the same event. Without a date two calls on one day look alike,
    # so only the moment of arrival tells them apart.
    digest = hashlib.sha256(body).hexdigest()
    return f"body:{digest}" + (f"@{received_at.isoformat()}" if received_at else "")


def _batch(value: Mapping[str, Any], message_id: str, received_at: datetime) -> Reading:
    data = value.get("data")
    items = data.get("events") if isinstance(data, dict) else None
    if not isinstance(items, list):
        raise PayloadError("A batch needs data.events, a list.")
    events: list[Event] = []
    rejected: list[tuple[int, str]] = []
    for index, item in enumerate(items):
        try:
            if not isinstance(item, dict):
                raise PayloadError("An event must be a JSON object.")
            own = item.get("id")
            key = str(own) if isinstance(own, str | int) and own != "" else f"{message_id}#{index}"
            events.append(_event(item, key[:255], received_at))
        except PayloadError as error:
            rejected.append((index, str(error)))
    return Reading(events, rejected)


def _event(value: Mapping[str, Any], dedupe_key: str, received_at: datetime) -> Event:
    try:
        form = _expanded(value) if "action" in value else EventForm.model_validate(value)
    except ValidationError as error:
        raise PayloadError(_explained(error)) from error
    if form.type is Verb.COMMAND_USED:
        raise PayloadError("type: command_used is the coach's own.")
    at = form.timestamp or received_at
    owner = form.owner.owner() if form.owner else None
    verb, changes = _changes(form, at, owner)
    return Event(dedupe_key, verb, at, tuple(changes), owner)


def _expanded(value: Mapping[str, Any]) -> EventForm:
    form = MinimalForm.model_validate(value)
    names = {form.action.lower(), f"{form.entity_type}_{form.action.lower()}"}
    verb = next((verb for verb in Verb if verb.value in names), None)
    if verb is None:
        raise PayloadError(f"action: {form.action[:50]!r} is not something that can happen here.")
    fields = {**form.metadata, "id": form.entity_id}
    return EventForm.model_validate(
        {
            "id": form.id,
            "type": verb,
            "timestamp": form.metadata.get("timestamp"),
            "owner": form.metadata.get("owner"),
            "data": {form.entity_type: fields},
        }
    )


def _explained(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    told = [f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}" for fault in faults[:3]]
    return "; ".join(told)[:500]


def _changes(form: EventForm, at: datetime, owner: Owner | None) -> tuple[Verb, list[Change]]:
    verb, data = form.type, form.data
    about = verb.value.partition("_")[0]
    if about in {"deal", "contact", "task"} and getattr(data, about) is None:
        raise PayloadError(f"data.{about}: {verb} needs it, with its id.")
    changes: list[Change] = []
    if data.deal is not None:
        fields = _told(data.deal)
        verb = _close(verb, fields)
        changes.append(_change(SubjectKind.DEAL, data.deal, at, fields, owner))
    if data.contact is not None:
        fields = _told(data.contact)
        if verb in CONTACT_VERBS:
            fields.setdefault("last_contacted_at", at)
        changes.append(_change(SubjectKind.CONTACT, data.contact, at, fields, owner))
    elif verb in CONTACT_VERBS and data.deal is not None and data.deal.contact_id:
        told = {"last_contacted_at": at}
        changes.append(Change(SubjectKind.CONTACT, data.deal.contact_id, at, told))
    if data.task is not None:
        fields = _told(data.task)
        if verb is Verb.TASK_COMPLETED:
            fields["status"] = TaskStatus.COMPLETED
            fields.setdefault("completed_at", at)
        changes.append(_change(SubjectKind.TASK, data.task, at, fields, owner))
    if verb in {Verb.DEAL_DELETED, Verb.CONTACT_DELETED, Verb.TASK_DELETED}:
        changes = [_deleted(change, about) for change in changes]
    return verb, changes


def _told(form: DealForm | ContactForm | TaskForm) -> dict[str, Any]:
    """Names and values of what was told, in the domain's terms; an empty date is not told."""
    skipped = {"id", "owner_email", "owner_id", "owner_name"}
    fields: dict[str, Any] = {}
    for name in form.model_fields_set - skipped:
        value = getattr(form, name)
        if value is None and name in {"title", "name", "status", "priority", "created_at"}:
            continue
        fields[_NAMES.get(name, name)] = value
    owned = {"owner_email", "owner_id", "owner_name"} & form.model_fields_set
    if owned and form.owner() is None:
        fields["person_id"] = None
    return fields


def _change(
    kind: SubjectKind,
    form: DealForm | ContactForm | TaskForm,
    at: datetime,
    fields: dict[str, Any],
    owner: Owner | None,
) -> Change:
    own = form.owner()
    if own is None and "person_id" not in fields:
        # Whoever the event belongs to owns what it is about, when nothing else is said.
        own = owner
    return Change(kind, form.id, at, fields, own)


def _close(verb: Verb, fields: dict[str, Any]) -> Verb:
    """Settle the status from verb and stage, and the verb from the status."""
    stage = fields.get("stage")
    if verb is Verb.DEAL_REOPENED:
        fields["status"] = DealStatus.OPEN
    elif "status" not in fields and stage:
        fields["status"] = status_of_stage(stage)
    if verb is Verb.DEAL_CLOSED and fields.get("status") not in {DealStatus.WON, DealStatus.LOST}:
        raise PayloadError("data.deal.status: deal_closed needs won or lost.")
    if verb is Verb.DEAL_STAGE_CHANGED and fields.get("status") not in {None, DealStatus.OPEN}:
        # Many CRMs say no more than that the deal came to its last stage.
        return Verb.DEAL_CLOSED
    return verb


def _deleted(change: Change, about: str) -> Change:
    if change.kind != about:
        return change
    return Change(change.kind, change.id, change.at, {"deleted": True})


def write(outgoing: Outgoing) -> str | None:
    """The change in the same form as comes in, with the whole object."""
    subject = outgoing.subject
    data: dict[str, Any] = {"id": subject.id, "owner_email": outgoing.owner_email}
    names: tuple[str, ...]
    match subject:
        case Deal():
            kind, names = "deal", ("title", "stage", "status", "value", "currency", "source")
            data["contact_id"], data["closed_at"] = subject.contact_id, subject.closed_at
        case Contact():
            kind, names = "contact", ("name", "email", "status", "source", "last_contacted_at")
        case Task():
            kind, names = "task", ("title", "status", "priority", "due_date", "note")
            data["completed_at"] = subject.completed_at
            data["contact_id"], data["deal_id"] = subject.contact_id, subject.deal_id
    for name in names:
        data[name] = getattr(subject, name)
    body = {
        "type": outgoing.verb,
        "timestamp": outgoing.at.isoformat(),
        "owner": {"email": outgoing.owner_email} if outgoing.owner_email else None,
        "data": {kind: data},
    }
    return json.dumps(body, default=str, ensure_ascii=False)


def post(url: str, key: str, body: str, secrets: Secrets, wall: float) -> Post:
    """The signed request; its `webhook-id` follows from the write, so a repeat is recognised."""
    id = f"coach_{hashlib.sha256(key.encode()).hexdigest()[:32]}".encode()
    timestamp = str(int(wall)).encode()
    raw = body.encode()
    headers = {
        "content-type": "application/json",
        "webhook-id": id.decode(),
        "webhook-timestamp": timestamp.decode(),
        "webhook-signature": signature(secrets.signing[0], id, timestamp, raw).decode(),
    }
    return Post(url, headers, raw)


PROVIDER = Provider(
    summary="Any CRM, Zapier, n8n or script that can post JSON.",
    verify=verify,
    parse=parse,
    new_secret=new_secret,
    write=write,
    post=post,
)
