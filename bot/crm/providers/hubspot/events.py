"""HubSpot's webhooks: up to a hundred thin events in a list, or one object that a workflow sends.

Two families of names say the same: `deal.propertyChange`, and `object.propertyChange` with an
`objectTypeId`. Samples of the documentation say `eventType` where requests say `subscriptionType`.
https://developers.hubspot.com/docs/api/webhooks
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.crm.provider import PayloadError, Reading, Stub
from bot.crm.things import gone, key, moment, name_of, needed, rows
from bot.web.strict_json import JsonError, loads
from coach.events import Change, Event
from coach.models import SubjectKind, Verb

#: What is known here of the types of object, by HubSpot's ids and names.
KINDS: Mapping[str, SubjectKind] = {
    "0-1": SubjectKind.CONTACT,
    "0-3": SubjectKind.DEAL,
    "0-27": SubjectKind.TASK,
    "contact": SubjectKind.CONTACT,
    "deal": SubjectKind.DEAL,
    "task": SubjectKind.TASK,
}

DELETED = {
    SubjectKind.CONTACT: Verb.CONTACT_DELETED,
    SubjectKind.DEAL: Verb.DEAL_DELETED,
    SubjectKind.TASK: Verb.TASK_DELETED,
}

#: What the reader of a thing will want to know: it is new; it comes from an import; or neither.
CREATED, IMPORTED, CREATED_BY_IMPORT, CHANGED = (
    "created",
    "imported",
    "created by import",
    "changed",
)

_IMPORTS = frozenset({"IMPORT", "MIGRATION"})

#: What is left of somebody who asked to be forgotten.
_ERASED = {
    "name_given": "", "email": None, "company": None, "source": None, "status": None, "url": None,
}  # fmt: skip


def _value(body: bytes) -> list[Any] | dict[str, Any]:
    try:
        value = loads(body)
    except JsonError as error:
        raise PayloadError(f"The body cannot be read: {error}.") from error
    if not isinstance(value, list | dict):
        raise PayloadError("The body is neither a list of events nor an object.")
    return value


def split(body: bytes) -> dict[str, bytes]:
    """Each account's part of a request, for an app that several accounts have installed."""
    value = _value(body)
    if isinstance(value, dict):
        return {_portal(value): body}
    parts: dict[str, list[dict[str, Any]]] = {}
    for each in rows(value):
        parts.setdefault(_portal(each), []).append(each)
    return {portal: json.dumps(items).encode() for portal, items in parts.items()}


def _portal(value: Mapping[str, Any]) -> str:
    return name_of(value.get("portalId", value.get("portal-id"))) or ""


def parse(body: bytes, message_id: str | None, received_at: datetime) -> Reading:
    """What is gone, as events, and what is to be looked up; what concerns nothing here is left."""
    value = _value(body)
    if isinstance(value, dict):
        return _of_workflow(value, body)
    events: list[Event] = []
    stubs: list[Stub] = []
    rejected: list[tuple[int, str]] = []
    for index, item in enumerate(value):
        try:
            if not isinstance(item, dict):
                raise PayloadError("An event must be an object.")
            told, named = _event(item, received_at)
            events += told
            stubs += named
        except PayloadError as error:
            rejected.append((index, str(error)))
    return Reading(events, rejected, stubs)


def _of_workflow(value: Mapping[str, Any], body: bytes) -> Reading:
    """A workflow's “send a webhook” posts one object whole, a contact in a form of its own."""
    type_ = value.get("objectTypeId") or str(value.get("objectType", "")).lower()
    kind = KINDS.get(type_) if isinstance(type_, str) else None
    id = value.get("objectId")
    if value.get("is-contact") is True:
        kind, id = SubjectKind.CONTACT, value.get("canonical-vid", value.get("vid"))
    if kind is None:
        if "properties" not in value:
            raise PayloadError("The body is no object that a workflow sends.")
        return Reading(())
    # It holds the time of each property: the same body is the same state.
    digest = hashlib.sha256(body).hexdigest()
    return Reading((), stubs=(Stub(f"workflow:{digest}", kind.value, needed(id), CHANGED),))


def _event(item: Mapping[str, Any], received_at: datetime) -> tuple[Sequence[Event], list[Stub]]:
    type_ = item.get("subscriptionType") or item.get("eventType")
    if not isinstance(type_, str):
        raise PayloadError("An event must say its subscriptionType.")
    family, _, what = type_.partition(".")
    if what == "associationChange":
        return (), _of_association(item, family)
    kind = _kind(item.get("objectTypeId") if family == "object" else family)
    if kind is None:
        return (), []
    at = min(moment(item.get("occurredAt")) or received_at, received_at)
    match what:
        case "deletion":
            return [_gone(kind, item.get("objectId"), at, _key(item))], []
        case "privacyDeletion":
            return [_erased(needed(item.get("objectId")), at, _key(item))], []
        case "merge":
            return _merged(kind, item, at)
        case "creation" | "propertyChange" | "restore":
            return (), [_stub(item, kind, item.get("objectId"), _hint(item, what))]
        case _:
            return (), []


def _kind(named: object) -> SubjectKind | None:
    return KINDS.get(named) if isinstance(named, str) else None


def _key(item: Mapping[str, Any], *more: object) -> str:
    """What tells an event from others: `eventId` alone is not unique, a repeat counts its tries."""
    names = ("portalId", "subscriptionType", "eventType", "objectTypeId", "objectId", "occurredAt",
             "eventId", "propertyName", "propertyValue")  # fmt: skip
    return key(*(_short(item.get(name)) for name in names), *more)


def _short(value: object) -> object:
    # Whatever stands there, it has to be told from other things only.
    return value if value is None or isinstance(value, str | int) else json.dumps(value)


def _hint(item: Mapping[str, Any], what: str) -> str:
    source = item.get("changeSource")
    imported = isinstance(source, str) and source in _IMPORTS
    if what == "creation":
        return CREATED_BY_IMPORT if imported else CREATED
    return IMPORTED if imported else CHANGED


def _stub(item: Mapping[str, Any], kind: SubjectKind, id: object, hint: str) -> Stub:
    return Stub(_key(item, kind, id), kind.value, needed(id), hint)


def _gone(kind: SubjectKind, id: object, at: datetime, key: str) -> Event:
    # Observed: what the coach has deleted itself is told, too, and is no news.
    return Event(key, DELETED[kind], at, (gone(kind, id, at),), observed=True)


def _erased(id: str, at: datetime, key: str) -> Event:
    change = Change(SubjectKind.CONTACT, id, at, {**_ERASED, "deleted": True})
    return Event(key, Verb.CONTACT_DELETED, at, (change,), observed=True)


def _merged(
    kind: SubjectKind, item: Mapping[str, Any], at: datetime
) -> tuple[Sequence[Event], list[Stub]]:
    """Two have become one: what is left is looked up, the others are gone."""
    primary = needed(item.get("primaryObjectId", item.get("objectId")))
    left = name_of(item.get("newObjectId")) or primary
    others = item.get("mergedObjectIds")
    named = [primary, *(map(name_of, others) if isinstance(others, list) else ())]
    ended = dict.fromkeys(id for id in named if id is not None and id != left)
    return (
        [_gone(kind, id, at, _key(item, "merged", id)) for id in ended],
        [_stub(item, kind, left, CHANGED)],
    )


#: Which end of an association holds it here: a task its deal and contact, a deal its contact.
_HOLDS = (SubjectKind.TASK, SubjectKind.DEAL)


def _of_association(item: Mapping[str, Any], family: str) -> list[Stub]:
    # DEAL_TO_CONTACT; in the newer family each end has its type beside it.
    from_, _, to = str(item.get("associationType") or "").lower().partition("_to_")
    ends = {
        _kind(item.get("fromObjectTypeId") or from_ or family): item.get("fromObjectId"),
        _kind(item.get("toObjectTypeId") or to): item.get("toObjectId"),
    }
    for kind in _HOLDS:
        if kind in ends:
            key_ = _key(item, item.get("associationType"), *map(_short, ends.values()),
                        item.get("associationRemoved"))  # fmt: skip
            return [Stub(key_, kind.value, needed(ends[kind]), CHANGED)]
    return []
