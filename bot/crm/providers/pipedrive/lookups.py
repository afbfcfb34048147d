"""What is looked up at Pipedrive: things, all of them page by page, stages and users."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

from bot.crm.calls import Account, Answer, Call
from bot.crm.provider import Fetch, Fetched, Fetching, History, PayloadError, Want
from bot.crm.providers.pipedrive.calling import request
from bot.crm.providers.pipedrive.things import KINDS, change_of, is_deleted
from bot.crm.things import content, gone, inner, key, moment, name_of, rows, utc, words
from coach.events import Change, Event, Owner
from coach.models import DealStatus, Verb
from coach.stages import Stage

#: As many as Pipedrive gives on a page.
PAGE = 500

_PATHS = {"deal": "deals", "person": "persons", "activity": "activities"}

_UPDATED = {
    "deal": Verb.DEAL_UPDATED,
    "person": Verb.CONTACT_UPDATED,
    "activity": Verb.TASK_UPDATED,
}
_DELETED = {
    "deal": Verb.DEAL_DELETED,
    "person": Verb.CONTACT_DELETED,
    "activity": Verb.TASK_DELETED,
}

HISTORIES: Sequence[History] = (
    History("person", "contacts", since=True),
    History("deal", "deals", since=True),
    History("activity", "activities", since=True),
)

_STAGES = f"/api/v2/stages?limit={PAGE}"


def _thing(account: Account, fetch: Fetch) -> Call:
    if fetch.kind == "stages":
        return request(account, "GET", _STAGES)
    id = quote(fetch.id, safe="")
    if fetch.kind == "user":
        return request(account, "GET", f"/api/v1/users/{id}")
    return request(account, "GET", f"/api/v2/{_PATHS.get(fetch.kind, 'deals')}/{id}")


def _read_thing(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    if fetch.kind == "stages":
        return _read_stages(account, fetch, answer, at)
    if fetch.kind not in {*KINDS, "user"}:
        raise PayloadError(f"{fetch.kind} is not looked up.")
    if answer.gone:
        if fetch.kind == "user":
            return Fetched()
        change = gone(KINDS[fetch.kind], fetch.id, at)
        which = key("gone", fetch.kind, fetch.id)
        return Fetched([Event(which, _DELETED[fetch.kind], at, (change,), observed=True)])
    data = inner(content(answer.body), "data")
    if not isinstance(data, dict):
        raise PayloadError("The answer has no data.")
    if fetch.kind == "user":
        return Fetched(owners=_owners([data]))
    return Fetched([_found(account, fetch.kind, data, at)])


def _found(account: Account, kind: str, data: Mapping[str, Any], at: datetime) -> Event:
    """How a thing is now."""
    told_at = min(moment(data.get("update_time")) or moment(data.get("add_time")) or at, at)
    which = key("seen", kind, data.get("id"), data.get("update_time") or data.get("add_time"))
    if is_deleted(kind, data):
        change = gone(KINDS[kind], data.get("id"), told_at)
        return Event(which, _DELETED[kind], told_at, (change,), observed=True)
    domain = account.access.get("company_domain")
    change = change_of(kind, data, told_at, f"{domain}.pipedrive.com" if domain else None)
    changes = (*_way(change, data), change) if kind == "deal" else (change,)
    return Event(which, _UPDATED[kind], told_at, changes, observed=True)


def _way(change: Change, data: Mapping[str, Any]) -> tuple[Change, ...]:
    """Since when a deal has been in its stage: since it was last moved, or made."""
    stage = change.fields.get("stage")
    since = moment(data.get("stage_change_time")) or moment(data.get("add_time"))
    if not stage or since is None or since > change.at or change.fields.get("deleted"):
        return ()
    return (replace(change, at=since, fields={"stage": stage}, owner=None, came=True),)


def _history(account: Account, fetch: Fetch) -> Call:
    asked = {"limit": str(PAGE), "sort_by": "update_time", "sort_direction": "asc"}
    if fetch.since is not None:
        asked["updated_since"] = utc(fetch.since)
    if fetch.cursor:
        asked["cursor"] = fetch.cursor
    return request(account, "GET", f"/api/v2/{_PATHS[fetch.kind]}?{urlencode(asked)}")


def _read_history(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    value = content(answer.body)
    if not isinstance(value.get("data"), list):
        raise PayloadError("The answer has no list of data.")
    events: list[Event] = []
    rejected: list[tuple[int, str]] = []
    for index, data in enumerate(value["data"]):
        try:
            if not isinstance(data, dict):
                raise PayloadError("It is not an object.")
            events.append(_found(account, fetch.kind, data, at))
        except PayloadError as error:
            rejected.append((index, str(error)))
    further = inner(value, "additional_data", "next_cursor")
    return Fetched(events, rejected=rejected, next=words(further, 500) or None)


def _read_stages(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    """All stages; whether a deal is won or lost is said by the deal, and by no stage."""
    listed = rows(content(answer.body).get("data"))
    found = [_stage(each) for each in listed if not is_deleted("stage", each)]
    return Fetched(stages=[stage for stage in found if stage is not None])


def _stage(data: Mapping[str, Any]) -> Stage | None:
    id, name, place = name_of(data.get("id")), words(data.get("name"), 120), data.get("order_nr")
    if id is None or not name:
        return None
    likely = data.get("deal_probability")
    sure = isinstance(likely, int) and not isinstance(likely, bool) and 0 <= likely <= 100
    return Stage(
        id,
        name,
        name_of(data.get("pipeline_id")) or "",
        place if isinstance(place, int) and abs(place) < 2**31 else None,
        DealStatus.OPEN,
        Decimal(likely) / 100 if sure and likely is not None else None,
    )


def _owners(listed: Sequence[Mapping[str, Any]]) -> list[Owner]:
    found = (
        Owner.of(
            id=name_of(each.get("id")),
            email=words(each.get("email"), 320) or None,
            name=words(each.get("name"), 120) or None,
        )
        for each in listed
    )
    return [owner for owner in found if owner is not None]


def _read_owners(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    return Fetched(owners=_owners(rows(content(answer.body).get("data"))))


FETCHING: Mapping[Want, Fetching] = {
    Want.THING: Fetching(_thing, _read_thing),
    Want.HISTORY: Fetching(_history, _read_history),
    Want.STAGES: Fetching(lambda account, fetch: request(account, "GET", _STAGES), _read_stages),
    Want.OWNERS: Fetching(
        lambda account, fetch: request(account, "GET", "/api/v1/users"), _read_owners
    ),
}
