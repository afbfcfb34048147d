"""What Salesforce sends: outbound messages of a Flow, or JSON of a Flow's callout or of Apex.

Neither is signed. A message names its organization and comes to an address nobody can guess; JSON
brings the connection's token as well, kept by Salesforce in a Named Credential.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.crm.provider import (
    Account,
    PayloadError,
    Reading,
    Reply,
    Request,
    SignatureError,
    Stub,
    Taken,
)
from bot.crm.providers.salesforce import soap
from bot.crm.providers.salesforce.things import (
    KINDS,
    MARK,
    changes_of,
    closed_at,
    id_of,
    is_new,
    status_of,
    told_at,
)
from bot.crm.things import contacted, gone, key, words
from bot.web.strict_json import JsonError, loads
from coach.events import Event
from coach.models import DealStatus, SubjectKind, TaskStatus, Verb

#: An organization's id has fifteen characters; three more say the same again.
_ID = 15

DELETED = {
    SubjectKind.DEAL: Verb.DEAL_DELETED,
    SubjectKind.CONTACT: Verb.CONTACT_DELETED,
    SubjectKind.TASK: Verb.TASK_DELETED,
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
_LOGGED = {"Call": Verb.CALL_LOGGED, "Email": Verb.EMAIL_LOGGED}


def new_secret(entropy: Callable[[int], bytes]) -> str:
    """The token that JSON comes with."""
    return entropy(32).hex()


def verify(request: Request, account: Account, wall: float) -> str | None:
    """Check the token, or whose message it is; neither has an id for all of it."""
    if not soap.is_xml(request.body) or b"authorization" in request.headers:
        _check_token(request, account)
        return None
    try:
        organization = soap.read(request.body).organization
    except PayloadError as error:
        # Whoever sent it did not say who they are.
        raise SignatureError(f"The message does not say whose it is: {error}") from error
    if account.id is not None and organization[:_ID] != account.id[:_ID]:
        raise SignatureError("The message is of another organization than this connection's.")
    if not organization and account.id is None:
        raise SignatureError("The message does not say of which organization it is.")
    return None


def _check_token(request: Request, account: Account) -> None:
    scheme, _, given = request.headers.get(b"authorization", b"").partition(b" ")
    good = False
    for token in (*account.signing, account.bearer):
        # Every one is compared, so that the time taken tells nothing.
        good |= bool(token) and hmac.compare_digest(given.strip(), token.encode())
    if scheme.lower() != b"bearer" or not good:
        raise SignatureError("Send Authorization: Bearer with this connection's token.")


def reply(taken: Taken) -> Reply:
    """The acknowledgement of the whole message, whatever was in it."""
    return soap.ACKNOWLEDGED


def parse(body: bytes, message_id: str | None, received_at: datetime) -> Reading:
    """What records a request tells of, and which must be looked up."""
    if soap.is_xml(body):
        message = soap.read(body)
        return _joined(
            lambda each: _notified(each, message.host, received_at), message.notifications
        )
    try:
        value = loads(body)
    except JsonError as error:
        raise PayloadError(f"The body cannot be read: {error}.") from error
    items = value if isinstance(value, list) else [value]
    return _joined(lambda each: _of_json(each, received_at), items)


def _joined(read: Callable[[Any], Reading], items: Iterable[Any]) -> Reading:
    events: list[Event] = []
    rejected: list[tuple[int, str]] = []
    stubs: list[Stub] = []
    passed: list[tuple[int, str]] = []
    for index, item in enumerate(items):
        try:
            reading = read(item)
        except PayloadError as error:
            rejected.append((index, str(error)))
        else:
            events += reading.events
            stubs += reading.stubs
            passed += [(index, why) for _, why in reading.passed]
    return Reading(events, rejected, stubs, passed)


def _passed(why: str) -> Reading:
    return Reading((), passed=[(0, why)])


def _notified(told: soap.Notification, host: str, received_at: datetime) -> Reading:
    if not told.id:
        raise PayloadError("A notification has no id.")
    return _of_record(told.sobject, told.fields, key("om", told.id), received_at, host)


def _of_json(value: object, received_at: datetime) -> Reading:
    if not isinstance(value, dict):
        raise PayloadError("A change must be a JSON object.")
    if "ChangeEventHeader" in value:
        raise PayloadError("Change events are not followed.")
    sobject, current = _one(value.get("current"))
    kind, previous = _one(value.get("previous"))
    sobject = sobject or kind
    fields = current if current is not None else previous
    if sobject is None or fields is None:
        raise PayloadError('Give {"current": {"opportunity": {…}}}, and previous for changes.')
    modified = fields.get("LastModifiedDate")
    # What is not dated may well happen twice.
    dated = modified if isinstance(modified, str) and modified else received_at.isoformat()
    digest = hashlib.sha256(repr(value).encode("utf-8", "replace")).hexdigest()[:32]
    which = key("json", sobject, fields.get("Id"), dated, digest)
    if current is None:
        kind_ = KINDS.get(sobject)
        if kind_ is None:
            return _passed(f"{words(sobject, 40)} is not followed.")
        at = received_at
        change = gone(kind_, id_of(fields.get("Id")), at)
        return Reading([Event(which, DELETED[kind_], at, (change,))])
    reading = _of_record(sobject, current, which, received_at, new=previous is None)
    was = (previous or {}).get("StageName")
    if not reading.events or not isinstance(was, str) or was == current.get("StageName"):
        return reading
    # Who tells how it was tells that it came to its stage just now.
    return Reading([_from_stage(event, words(was, 120)) for event in reading.events])


def _from_stage(event: Event, stage: str) -> Event:
    changes = tuple(
        replace(each, before={"stage": stage}) if each.kind is SubjectKind.DEAL else each
        for each in event.changes
    )
    return replace(event, changes=changes)


def _one(value: object) -> tuple[str | None, Mapping[str, Any] | None]:
    """The one record within, under the name of what it is."""
    if not isinstance(value, dict) or len(value) != 1:
        return None, None
    ((name, fields),) = value.items()
    known = {sobject.lower(): sobject for sobject in KINDS}
    return known.get(name.lower(), name), fields if isinstance(fields, dict) else None


def _of_record(
    sobject: str,
    fields: Mapping[str, Any],
    which: str,
    received_at: datetime,
    host: str = "",
    *,
    new: bool = False,
) -> Reading:
    kind = KINDS.get(sobject)
    if not words(sobject, 40):
        raise PayloadError("A record does not say of which type it is.")
    if kind is None:
        return _passed(f"{words(sobject, 40)} is not followed.")
    if set(fields) <= {"Id", "attributes"}:
        # Nothing else was chosen for the message, or the record was deleted before it was sent.
        id = id_of(fields.get("Id"))
        if id is None:
            raise PayloadError("It does not say which thing it is about.")
        return Reading((), stubs=[Stub(which, sobject, id)])
    return Reading(event_of(sobject, fields, which, received_at, host, new=new))


def event_of(
    sobject: str,
    fields: Mapping[str, Any],
    which: str,
    received_at: datetime,
    host: str = "",
    *,
    new: bool = False,
) -> Sequence[Event]:
    """What a record tells; nothing when it is what the coach has logged itself.

    Salesforce tells how a record is and not what was done: of one that is known, what happened is
    what differs.
    """
    at = told_at(fields, received_at)
    changes = changes_of(sobject, fields, at, host)
    kind, new, happened_at = KINDS[sobject], new or is_new(fields), at
    verb = (_CREATED if new else _UPDATED)[kind]
    if kind is SubjectKind.DEAL and status_of(fields) in (DealStatus.WON, DealStatus.LOST):
        # One that was closed long ago and is heard of for the first time is no news.
        verb, happened_at = Verb.DEAL_CLOSED, closed_at(fields, at) or at
    if kind is SubjectKind.TASK:
        if words(fields.get("Subject"), 1000).endswith(MARK):
            return ()
        if changes[-1].fields.get("status") is TaskStatus.COMPLETED:
            logged = _LOGGED.get(words(fields.get("TaskSubtype")))
            verb = logged if logged and new else Verb.TASK_COMPLETED
            if logged:
                changes += contacted(changes[-1].fields.get("contact_id"), at)
    return (Event(which, verb, happened_at, changes, observed=True),)
