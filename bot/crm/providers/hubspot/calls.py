"""Calls to HubSpot's API: what is asked for of each kind of object, and how it is paged through.

https://developers.hubspot.com/docs/api/crm/understanding-the-crm
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from bot.crm.calls import Call, json_call
from bot.crm.provider import Account, Fetch
from bot.crm.things import inner, moment
from coach.models import SubjectKind

#: Things on a page, and on one that tells how each came to be as it is, and of a search.
PAGE, WITH_HISTORY, FOUND = 100, 50, 200

#: A search tells of no more than this, however it is paged through.
REACH = 10_000


@dataclass(frozen=True, slots=True)
class _Type:
    """How HubSpot calls one kind of object."""

    #: In addresses of its API, and as an id in addresses for people.
    plural: str
    id: str
    properties: tuple[str, ...]
    associations: tuple[str, ...] = ()
    #: The property whose versions tell when it became what it is.
    history: str = ""
    modified: str = "hs_lastmodifieddate"


TYPES: Mapping[SubjectKind, _Type] = {
    SubjectKind.DEAL: _Type(
        "deals",
        "0-3",
        (
            "dealname", "dealstage", "pipeline", "amount", "deal_currency_code", "closedate",
            "createdate", "hubspot_owner_id", "closed_lost_reason", "hs_lastmodifieddate",
        ),
        ("contacts",),
        history="dealstage",
    ),
    SubjectKind.CONTACT: _Type(
        "contacts",
        "0-1",
        (
            "firstname", "lastname", "email", "company", "lifecyclestage", "hs_lead_status",
            "hubspot_owner_id", "createdate", "notes_last_contacted", "hs_analytics_source",
            "lastmodifieddate",
        ),
        modified="lastmodifieddate",
    ),
    SubjectKind.TASK: _Type(
        "tasks",
        "0-27",
        (
            "hs_task_subject", "hs_task_body", "hs_task_status", "hs_task_priority",
            "hs_timestamp", "hs_task_completion_date", "hubspot_owner_id", "hs_createdate",
            "hs_lastmodifieddate",
        ),
        ("contacts", "deals"),
    ),
}  # fmt: skip


def get(account: Account, path: str, **query: object) -> Call:
    """A call that reads."""
    asked = f"?{urlencode(query, safe=',')}" if query else ""
    return Call("GET", f"{account.address}{path}{asked}", headers(account))


def send(account: Account, method: str, path: str, body: object, *, repeatable: bool) -> Call:
    """A call with a body."""
    url = f"{account.address}{path}"
    return json_call(method, url, body, headers=headers(account), repeatable=repeatable)


def headers(account: Account) -> dict[str, str]:
    """What lets us in."""
    token = account.access.get("access_token") or account.access.get("token", "")
    return {"authorization": f"Bearer {token}"}


def thing_call(account: Account, fetch: Fetch) -> Call:
    """One object by its id."""
    type_ = TYPES[SubjectKind(fetch.kind)]
    path = f"/crm/v3/objects/{type_.plural}/{quote(fetch.id, safe='')}"
    return get(account, path, **_wanted(type_))


def _wanted(type_: _Type) -> dict[str, str]:
    wanted = {"properties": ",".join(type_.properties)}
    if type_.history:
        wanted["propertiesWithHistory"] = type_.history
    if type_.associations:
        wanted["associations"] = ",".join(type_.associations)
    return wanted


def history_call(account: Account, fetch: Fetch) -> Call:
    """A page of all objects, or of those that have changed."""
    type_ = TYPES[SubjectKind(fetch.kind)]
    path = f"/crm/v3/objects/{type_.plural}"
    if fetch.since is None:
        limit = WITH_HISTORY if type_.history else PAGE
        after = {"after": fetch.cursor} if fetch.cursor else {}
        return get(account, path, limit=limit, **after, **_wanted(type_))
    since, after_ = _place(fetch)
    changed = {"propertyName": type_.modified, "operator": "GTE", "value": str(since)}
    body: dict[str, object] = {
        "filterGroups": [{"filters": [changed]}],
        "sorts": [{"propertyName": type_.modified, "direction": "ASCENDING"}],
        "properties": list(type_.properties),
        "limit": FOUND,
    }
    if after_:
        body["after"] = after_
    return send(account, "POST", f"{path}/search", body, repeatable=True)


def _place(fetch: Fetch) -> tuple[int, str]:
    """From when on, in milliseconds, and where within that, a search goes on."""
    since, _, after = fetch.cursor.partition(":")
    start = fetch.since or datetime.fromtimestamp(0, UTC)
    return int(since) if since.isdigit() else _milliseconds(start), after


def _milliseconds(at: datetime) -> int:
    return (at - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)


def following(
    fetch: Fetch, kind: SubjectKind, results: Sequence[Mapping[str, Any]], after: str | None
) -> str | None:
    """Where a search goes on: anew from the last one found, before it reaches its end."""
    if after is None:
        return None
    since, _ = _place(fetch)
    if not after.isdigit() or int(after) + FOUND <= REACH:
        return f"{since}:{after}"
    last = moment(inner(results[-1], "properties", TYPES[kind].modified)) if results else None
    if last is None:
        return None
    # More of one moment than a search tells of cannot be reached: what comes after it can.
    return f"{max(_milliseconds(last), since + 1)}:"
