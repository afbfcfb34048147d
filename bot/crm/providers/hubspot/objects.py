"""HubSpot's deals, contacts and tasks as events."""

import hashlib
import html
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from bot.crm.calls import Answer
from bot.crm.pages import page
from bot.crm.provider import Account, Fetch, Fetched, PayloadError
from bot.crm.providers.hubspot.calls import TYPES, following
from bot.crm.providers.hubspot.events import CREATED, CREATED_BY_IMPORT, DELETED, IMPORTED
from bot.crm.things import content, gone, inner, moment, name_of, needed, rows, thing, words
from coach.events import Change, Event
from coach.models import Origin, SubjectKind, TaskPriority, TaskStatus, Verb

#: So many of the latest stages of a deal are read.
STAGES = 30


def read_thing(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    """One object; it is gone when HubSpot knows it no more, or by another id since a merge."""
    kind = SubjectKind(fetch.kind)
    if answer.gone:
        return Fetched([_deleted(kind, fetch.id, at)])
    value = content(answer.body)
    imported = bool(fetch.hints) and set(fetch.hints) <= {IMPORTED, CREATED_BY_IMPORT}
    event = _event(
        account,
        kind,
        value,
        at,
        created=bool({CREATED, CREATED_BY_IMPORT} & set(fetch.hints)),
        origin=Origin.IMPORT if imported else Origin.API,
    )
    if event.changes[0].id == fetch.id:
        return Fetched([event])
    return Fetched([_deleted(kind, fetch.id, at), event])


def _deleted(kind: SubjectKind, id: str, at: datetime) -> Event:
    key = f"{kind}:{id}:gone@{at.isoformat()}"
    return Event(key, DELETED[kind], at, (gone(kind, id, at),), observed=True)


def read_history(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    """A page of objects; one that cannot be read keeps no other from counting."""
    kind = SubjectKind(fetch.kind)
    value = content(answer.body)
    results = value.get("results")
    if not isinstance(results, list):
        raise PayloadError("The answer has no list of results.")
    events: list[Event] = []
    rejected: list[tuple[int, str]] = []
    for index, item in enumerate(results):
        try:
            events.append(_event(account, kind, item, at, created=False, origin=Origin.IMPORT))
        except PayloadError as error:
            rejected.append((index, str(error)))
    after = name_of(inner(value, "paging", "next", "after"))
    further = after if fetch.since is None else following(fetch, kind, rows(results), after)
    return Fetched(events, rejected=rejected, next=further)


def _event(
    account: Account,
    kind: SubjectKind,
    value: object,
    at: datetime,
    *,
    created: bool,
    origin: Origin,
) -> Event:
    """An object as it was found; what has happened follows from how the mirror had it."""
    if not isinstance(value, dict):
        raise PayloadError("An object must be an object.")
    told = value.get("properties")
    told = told if isinstance(told, dict) else {}
    modified = moment(value.get("updatedAt")) or moment(told.get(TYPES[kind].modified)) or at
    modified = min(modified, at)
    id = needed(value.get("id"))
    named = {"id": id, "owner_id": told.get("hubspot_owner_id"), "url": _url(account, kind, id)}
    match kind:
        case SubjectKind.DEAL:
            fields, verb = _deal(account, told, value), Verb.DEAL_UPDATED
        case SubjectKind.CONTACT:
            fields, verb = _contact(told), Verb.CONTACT_UPDATED
        case SubjectKind.TASK:
            fields, verb = _task(account, told, value), Verb.TASK_UPDATED
    way = _way(id, value, modified) if kind is SubjectKind.DEAL else []
    if way:
        del fields["stage"]
    changes = (thing(kind, {**named, **fields}, modified), *way)
    happened = modified
    if way and not created and origin is Origin.IMPORT:
        # Of a deal that nobody here has heard of, what can be told is when it came to its stage.
        verb, happened = Verb.DEAL_STAGE_CHANGED, way[-1].at
    if created:
        verb = _CREATED[kind]
        happened = min(moment(value.get("createdAt")) or modified, at)
    digest = hashlib.sha256(repr(changes).encode("utf-8", "replace")).hexdigest()[:16]
    key = f"{kind}:{id}@{modified.isoformat()}:{digest}"
    return Event(key, verb, happened, changes, origin=origin, observed=True)


_CREATED = {
    SubjectKind.DEAL: Verb.DEAL_CREATED,
    SubjectKind.CONTACT: Verb.CONTACT_CREATED,
    SubjectKind.TASK: Verb.TASK_CREATED,
}


def _way(id: str, value: Mapping[str, Any], modified: datetime) -> list[Change]:
    """When a deal came to each of its stages, the present one last."""
    versions = rows(inner(value, "propertiesWithHistory", "dealstage"))[:STAGES]
    known = [
        (min(at, modified), stage)
        for each in versions
        if (at := moment(each.get("timestamp"))) and (stage := words(each.get("value"), 120))
    ]
    present = words(inner(value, "properties", "dealstage"), 120)
    known.sort(key=lambda each: each[0])
    if not known or known[-1][1] != present:
        return []
    return [Change(SubjectKind.DEAL, id, at, {"stage": stage}, came=True) for at, stage in known]


def _deal(account: Account, told: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "title": told.get("dealname"),
        "stage": told.get("dealstage"),
        "pipeline": told.get("pipeline"),
        "value": told.get("amount"),
        "currency": told.get("deal_currency_code") or account.access.get("currency"),
        "expected_close_date": _day(account, told.get("closedate")),
        "lost_reason": told.get("closed_lost_reason"),
        "created_at": _made_at(value, told.get("createdate")),
    }
    if "associations" in value or "propertiesWithHistory" in value:
        # A search tells nothing of who is behind a deal; any other answer does.
        fields["contact_id"] = _first(value, "contacts")
    return fields


#: Stages of a contact's life in which somebody still hopes to win them.
_LEADS = frozenset({"lead", "marketingqualifiedlead", "salesqualifiedlead"})

#: States of a lead in which nobody does any more.
_NO_LEADS = frozenset({"UNQUALIFIED", "BAD_TIMING"})


def _contact(told: Mapping[str, Any]) -> dict[str, Any]:
    parts = (words(told.get("firstname"), 200), words(told.get("lastname"), 200))
    return {
        "name": " ".join(filter(None, parts)),
        "email": told.get("email"),
        "company": told.get("company"),
        "status": _standing(told),
        "source": told.get("hs_analytics_source"),
        "last_contacted_at": moment(told.get("notes_last_contacted")),
        "created_at": moment(told.get("createdate")),
    }


def _standing(told: Mapping[str, Any]) -> str | None:
    life, lead = words(told.get("lifecyclestage"), 120), words(told.get("hs_lead_status"), 120)
    if life.lower() in _LEADS or (not life and lead):
        return lead if lead.upper() in _NO_LEADS else "LEAD"
    return life or None


_PRIORITIES = {
    "HIGH": TaskPriority.HIGH,
    "MEDIUM": TaskPriority.MEDIUM,
    "LOW": TaskPriority.LOW,
}


def _task(account: Account, told: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    done = told.get("hs_task_status") == "COMPLETED"
    fields: dict[str, Any] = {
        "title": told.get("hs_task_subject"),
        "note": _plain(told.get("hs_task_body")),
        "status": TaskStatus.COMPLETED if done else TaskStatus.PENDING,
        "priority": _PRIORITIES.get(words(told.get("hs_task_priority")), TaskPriority.MEDIUM),
        "due_date": _day(account, told.get("hs_timestamp")),
        "created_at": _made_at(value, told.get("hs_createdate")),
    }
    if done:
        fields["completed_at"] = moment(told.get("hs_task_completion_date"))
    if "associations" in value:
        fields["contact_id"] = _first(value, "contacts")
        fields["deal_id"] = _first(value, "deals")
    return fields


def _made_at(value: Mapping[str, Any], told: object) -> datetime | None:
    return moment(told) or moment(value.get("createdAt"))


def _first(value: Mapping[str, Any], plural: str) -> str | None:
    """The id of the first of those that an object belongs to."""
    found = rows(inner(value, "associations", plural, "results"))
    return name_of(found[0].get("id")) if found else None


def _plain(text: object) -> str | None:
    """What HubSpot keeps as HTML, as people read it."""
    if not isinstance(text, str):
        return None
    lines = re.sub(r"(?i)<(?:br|/p|/div|/li)\b[^>]*>", "\n", text)
    return html.unescape(re.sub(r"<[^>]*>", "", lines)).strip()


def zone(account: Account) -> ZoneInfo:
    """The account's own time zone: a day there is a day of this one."""
    try:
        return ZoneInfo(account.access.get("time_zone") or "UTC")
    except (ValueError, OSError):
        return ZoneInfo("UTC")


def _day(account: Account, value: object) -> date | None:
    at = moment(value)
    return at.astimezone(zone(account)).date() if at else None


def deal_of_link(account: Account, url: str) -> str | None:
    """The deal of a page of this portal: `…/contacts/<portal>/record/0-3/<id>`, or of old `/deal/`.

    HubSpot takes `app.hubspot.com` for every portal, wherever its own pages are.
    """
    found, portal = page(url), account.id
    hosts = {account.access.get("ui_domain", ""), "app.hubspot.com"}
    if found is None or not portal or found.host not in hosts:
        return None
    match found.path:
        case ("contacts", whose, "record", type, id, *_):
            named = type == TYPES[SubjectKind.DEAL].id
        case ("contacts", whose, "deal", id, *_):
            named = True
        case _:
            return None
    return id if named and whose == portal and id.isascii() and id.isdigit() else None


def _url(account: Account, kind: SubjectKind, id: str) -> str | None:
    host = account.access.get("ui_domain")
    if not host or not account.id:
        return None
    return f"https://{host}/contacts/{account.id}/record/{TYPES[kind].id}/{quote(id, safe='')}"
