"""Twenty: signed webhooks that tell a record whole, and its REST API.

Signature, envelope and records: github.com/twentyhq/twenty, `call-webhook.job.ts` and the standard
objects; the API: https://docs.twenty.com/developers/extend/api.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

from bot.crm.calls import Account, Answer, Call, Pace, json_call
from bot.crm.provider import (
    Fetch,
    Fetched,
    Fetching,
    History,
    PayloadError,
    Provider,
    Reading,
    Request,
    SignatureError,
    Stub,
    Told,
    Want,
    Writing,
)
from bot.crm.setup import Credential, Identity, RefusedError, Setup, Talk, granted
from bot.crm.things import (
    answered,
    contacted,
    content,
    gone,
    inner,
    key,
    moment,
    name_of,
    needed,
    rows,
    thing,
    told_with,
    utc,
    words,
)
from coach.events import Change, Event, Owner
from coach.models import DealStatus, SubjectKind, TaskStatus, Verb
from coach.stages import Stage, meaning_of_name
from coach.writes import (
    CompleteTask,
    CreateTask,
    DeleteTask,
    MoveDeal,
    Outgoing,
    ReopenTask,
    RescheduleTask,
)

#: How far a request's timestamp may be from our clock, in seconds, either way.
TOLERANCE = 300

#: As many records as Twenty gives on a page.
PAGE = 60

#: Where the API is, for every workspace that is not on a server of its own.
API = "https://api.twenty.com"

#: The last stage of the pipeline a new workspace has; it has none for what is lost.
WON = "CUSTOMER"

_KINDS: Mapping[str, SubjectKind] = {
    "opportunity": SubjectKind.DEAL,
    "person": SubjectKind.CONTACT,
    "task": SubjectKind.TASK,
}
_FOLLOWED = {*_KINDS, "taskTarget", "noteTarget", "workspaceMember"}
_PLURALS = {"opportunity": "opportunities", "person": "people", "task": "tasks"}

_TIMESTAMP = re.compile(rb"[0-9]{1,15}")
_MICROS = re.compile(r"-?[0-9]{1,30}")


# Authenticity


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


# What comes in


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
    if what not in _KINDS:
        attached = action == "created"
        return Reading(_attached(which, what, value, record, at) if attached else ())
    if action in {"deleted", "destroyed"}:
        verb, change = Verb(f"{_KINDS[what]}_deleted"), gone(_KINDS[what], id, at)
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
    change = _deal(record, at)
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
    return verb, _person(record, at)


def _of_task(
    record: Mapping[str, Any], at: datetime, action: str, changed: set[str]
) -> tuple[Verb, Change]:
    change = _task(record, at)
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
    about = _about(record)
    if what == "noteTarget":
        author = Owner.of(id=name_of(value.get("workspaceMemberId")) or _maker(record))
        changes = contacted(about.get("contact_id"), at)
        return [Event(which, Verb.NOTE_LOGGED, at, changes, author)] if changes else ()
    if not about:
        return ()
    change = thing(SubjectKind.TASK, {"id": record.get("taskId"), **about}, at)
    return [Event(which, Verb.TASK_UPDATED, at, (change,), observed=True)]


def _about(target: Mapping[str, Any]) -> dict[str, str]:
    """The person or the deal that something is attached to."""
    # Older servers call it personId, newer ones targetPersonId.
    person = name_of(target.get("targetPersonId") or target.get("personId"))
    deal = name_of(target.get("targetOpportunityId") or target.get("opportunityId"))
    return ({"contact_id": person} if person else {}) | ({"deal_id": deal} if deal else {})


def _meaning(stage: str) -> DealStatus:
    """What a stage says of a deal: there is nothing else in Twenty that would."""
    return DealStatus.WON if stage.upper() == WON else meaning_of_name(stage)


def _deal(record: Mapping[str, Any], at: datetime) -> Change:
    told = _some(
        record,
        id="id",
        title="name",
        contact_id="pointOfContactId",
        owner_id="ownerId",
        expected_close_date="closeDate",
    )
    if stage := words(record.get("stage"), 120):
        told |= {"stage": stage, "status": _meaning(stage)}
    amount = record.get("amount")
    if "amount" in record and isinstance(amount, dict | None):
        told["value"] = _whole(inner(amount, "amountMicros"))
        told |= _some(amount or {}, currency="currencyCode")
    return _owned(SubjectKind.DEAL, record, told, at)


def _whole(micros: object) -> Decimal | None:
    """An amount in whole units; JSON has millionths as a number or as text."""
    text = str(micros) if isinstance(micros, int | str) and not isinstance(micros, bool) else ""
    return Decimal(text) / 1_000_000 if _MICROS.fullmatch(text) else None


def _person(record: Mapping[str, Any], at: datetime) -> Change:
    told = _some(record, id="id")
    if name := _full_name(record.get("name")):
        told["name"] = name
    if "emails" in record:
        told["email"] = inner(record["emails"], "primaryEmail")
    return _owned(SubjectKind.CONTACT, record, told, at)


def _full_name(name: object) -> str:
    return " ".join(filter(None, (words(inner(name, part)) for part in ("firstName", "lastName"))))


def _task(record: Mapping[str, Any], at: datetime) -> Change:
    told = _some(record, id="id", title="title", due_date="dueAt", owner_id="assigneeId")
    if status := words(record.get("status"), 60):
        told["status"] = TaskStatus.COMPLETED if status == "DONE" else TaskStatus.PENDING
    if "bodyV2" in record:
        told["note"] = words(inner(record["bodyV2"], "markdown"), 5000) or None
    for target in rows(record.get("taskTargets")):
        # Only where the task was looked up: a webhook has them by themselves.
        told |= _about(target)
    return _owned(SubjectKind.TASK, record, told, at)


def _some(record: Mapping[str, Any], **names: str) -> dict[str, Any]:
    """What is told of these, by our names; what is not told is left out."""
    return {ours: record[theirs] for ours, theirs in names.items() if theirs in record}


def _owned(
    kind: SubjectKind, record: Mapping[str, Any], told: Mapping[str, Any], at: datetime
) -> Change:
    created = moment(record.get("createdAt"))
    change = thing(kind, {**told, **({"created_at": created} if created else {})}, at)
    if "owner_id" in told:
        return change
    # Nobody owns a person in Twenty, and in older versions no opportunity.
    return replace(change, owner=Owner.of(id=_maker(record)), owner_assumed=True)


def _maker(record: Mapping[str, Any]) -> str | None:
    return name_of(inner(record.get("createdBy"), "workspaceMemberId"))


_OF = {SubjectKind.DEAL: _deal, SubjectKind.CONTACT: _person, SubjectKind.TASK: _task}


# What is looked up


def _request(
    account: Account,
    method: str,
    path: str,
    told: Mapping[str, Any] | None = None,
    *,
    repeatable: bool = True,
) -> Call:
    headers = {"authorization": f"Bearer {account.access.get('api_key', '')}"}
    address = (account.address or API).rstrip("/")
    url = f"{address}/rest/{path}"
    return json_call(method, url, told, headers=headers, repeatable=repeatable)


def _path(kind: str) -> str:
    return _PLURALS.get(kind, "workspaceMembers")


def _depth(kind: str) -> dict[str, str]:
    # With what a task is attached to.
    return {"depth": "1" if kind == "task" else "0"}


def _thing_call(account: Account, fetch: Fetch) -> Call:
    asked = urlencode(_depth(fetch.kind))
    return _request(account, "GET", f"{_path(fetch.kind)}/{quote(fetch.id, safe='')}?{asked}")


def _read_thing(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    kind = _KINDS.get(fetch.kind)
    if kind is not None and answer.gone:
        which = key("gone", fetch.kind, fetch.id)
        change = gone(kind, fetch.id, at)
        return Fetched([Event(which, Verb(f"{kind}_deleted"), at, (change,), observed=True)])
    if answer.gone:
        return Fetched()
    record = inner(content(answer.body), "data", fetch.kind)
    if not isinstance(record, dict):
        raise PayloadError("The answer has no such record.")
    if kind is None:
        return Fetched(owners=_owners([record]))
    return Fetched([_seen(fetch.kind, record, at)])


def _seen(kind: str, record: Mapping[str, Any], at: datetime) -> Event:
    """How a record is now."""
    told_at = min(moment(record.get("updatedAt")) or at, at)
    which = key("seen", kind, record.get("id"), record.get("updatedAt") or at.isoformat())
    verb = Verb(f"{_KINDS[kind]}_updated")
    return Event(which, verb, told_at, (_OF[_KINDS[kind]](record, told_at),), observed=True)


def _page(account: Account, fetch: Fetch) -> Call:
    asked = {"limit": str(PAGE), "order_by": "updatedAt[AscNullsFirst]", **_depth(fetch.kind)}
    if fetch.since is not None:
        asked["filter"] = f"updatedAt[gte]:{utc(fetch.since)}"
    if fetch.cursor:
        asked["starting_after"] = fetch.cursor
    return _request(account, "GET", f"{_path(fetch.kind)}?{urlencode(asked)}")


def _listed(fetch: Fetch, answer: Answer) -> tuple[list[Any], str | None]:
    """The records of a page, and where the next one begins."""
    value = content(answer.body)
    records = inner(value, "data", _path(fetch.kind))
    if not isinstance(records, list):
        raise PayloadError("The answer has no list of records.")
    more = inner(value, "pageInfo", "hasNextPage") is True
    further = words(inner(value, "pageInfo", "endCursor"), 500) if more else ""
    return records, further or None


def _read_history(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    records, further = _listed(fetch, answer)
    events: list[Event] = []
    rejected: list[tuple[int, str]] = []
    for index, record in enumerate(records):
        try:
            if not isinstance(record, dict):
                raise PayloadError("It is not an object.")
            events.append(_seen(fetch.kind, record, at))
        except PayloadError as error:
            rejected.append((index, str(error)))
    return Fetched(events, rejected=rejected, next=further)


def _read_owners(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    records, further = _listed(Fetch(Want.OWNERS), answer)
    return Fetched(owners=_owners(rows(records)), next=further)


def _owners(members: Sequence[Mapping[str, Any]]) -> list[Owner]:
    found = (
        Owner.of(
            id=name_of(each.get("id")),
            email=words(each.get("userEmail"), 320) or None,
            name=_full_name(each.get("name"))[:120] or None,
        )
        for each in members
    )
    return [owner for owner in found if owner is not None]


def _read_stages(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    """The choices of an opportunity's field `stage`; a deal names them by their values."""
    data = content(answer.body).get("data")
    objects = rows(data if isinstance(data, list) else inner(data, "objects"))
    fields = [
        field
        for each in objects
        if each.get("nameSingular") == "opportunity"
        for field in rows(each.get("fields"))
        if field.get("name") == "stage"
    ]
    found = (_stage(option) for field in fields for option in rows(field.get("options")))
    return Fetched(stages=[stage for stage in found if stage is not None])


def _stage(option: Mapping[str, Any]) -> Stage | None:
    value, label = words(option.get("value"), 120), words(option.get("label"), 120)
    if not value or not label:
        return None
    place = option.get("position")
    known = isinstance(place, int) and not isinstance(place, bool) and abs(place) < 2**31
    return Stage(value, label, place=place if known else None, meaning=_meaning(value))


# What goes out


def call(account: Account, outgoing: Outgoing, wall: float) -> Call | None:
    """The change as Twenty takes it; a task is made without what it is about, see the docs."""
    id = quote(outgoing.subject.id, safe="")
    match outgoing.write:
        case CreateTask() as new:
            made: dict[str, Any] = {"title": new.title, "status": "TODO"}
            if new.due_date is not None:
                made["dueAt"] = f"{new.due_date.isoformat()}T00:00:00.000Z"
            if new.note:
                made["bodyV2"] = {"markdown": new.note}
            if outgoing.owner is not None and outgoing.owner.id:
                made["assigneeId"] = outgoing.owner.id
            return _request(account, "POST", "tasks", made, repeatable=False)
        case CompleteTask():
            return _request(account, "PATCH", f"tasks/{id}", {"status": "DONE"})
        case ReopenTask():
            return _request(account, "PATCH", f"tasks/{id}", {"status": "TODO"})
        case RescheduleTask(due_date=due):
            at = f"{due.isoformat()}T00:00:00.000Z"
            return _request(account, "PATCH", f"tasks/{id}", {"dueAt": at})
        case DeleteTask():
            return _request(account, "DELETE", f"tasks/{id}?soft_delete=true")
        case MoveDeal(stage=name):
            stage = outgoing.stage.id if outgoing.stage else name
            return _request(account, "PATCH", f"opportunities/{id}", {"stage": stage})
    # Twenty has notes, but no calls and mails that could be logged.
    return None


def told(outgoing: Outgoing, answer: Answer) -> Told:
    """What Twenty calls what was made, or why it did not make it."""
    value = answered(answer)
    reasons = value.get("messages")
    why = reasons[0] if isinstance(reasons, list) and reasons else value.get("message")
    return told_with(outgoing, answer, id=inner(value, "data", "createTask", "id"), why=why)


# Linking


def probe(account: Account) -> Talk[Identity]:
    """Whose key it is: it names its workspace, and that it works a call shows."""
    asked = "see who works in the workspace"
    granted((yield _request(account, "GET", "workspaceMembers?limit=1")), asked)
    workspace = _workspace_of(account.access.get("api_key", ""))
    if workspace is None:
        raise RefusedError("This is no API key of a workspace; make one under APIs & Webhooks.")
    return Identity(workspace)


def _workspace_of(api_key: str) -> str | None:
    """The workspace that an API key, a JSON Web Token, is for."""
    claims = [*api_key.split("."), ""][1]
    try:
        return name_of(content(base64.urlsafe_b64decode(claims + "===")).get("workspaceId"))
    except (PayloadError, binascii.Error, ValueError):
        return None


def steps(account: Account, url: str) -> Sequence[str]:
    """What is to be clicked: the webhook."""
    return (
        "In Twenty: Settings, APIs & Webhooks, Create webhook.",
        f"Endpoint URL: {url}",
        "Filters: all objects, all actions.",
        f"Secret: {account.signing[0]}" if account.signing else "Secret: the signing secret.",
    )


PROVIDER = Provider(
    summary="Twenty, by an API key.",
    unproven=(
        (
            "What the version of the instance sends: what cannot be read is kept, and is "
            "shown here as a fault."
        ),
    ),
    verify=verify,
    parse=parse,
    new_secret=new_secret,
    writing=Writing(
        call, told, takes_back=frozenset({MoveDeal, RescheduleTask, ReopenTask, DeleteTask})
    ),
    fetching={
        Want.THING: Fetching(_thing_call, _read_thing),
        Want.HISTORY: Fetching(_page, _read_history),
        Want.STAGES: Fetching(
            lambda account, fetch: _request(account, "GET", "metadata/objects"), _read_stages
        ),
        Want.OWNERS: Fetching(_page, _read_owners),
    },
    histories=(
        History("person", "contacts", since=True),
        History("opportunity", "deals", since=True),
        History("task", "tasks", since=True),
    ),
    setup=Setup(
        credentials=(
            Credential(
                "api_key", "API key", "in Twenty: Settings, APIs & Webhooks, Create API key"
            ),
        ),
        probe=probe,
        api_url=API,
        steps=steps,
    ),
    # A hundred calls a minute; some are left to others.
    pace=Pace(together=2, calls=80, within=timedelta(minutes=1)),
)
