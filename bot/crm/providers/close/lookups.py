"""What is looked up at Close: things, pages of all of them and of changes, statuses, users."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from bot.crm.calls import Account, Answer, Call
from bot.crm.provider import Fetch, Fetched, Fetching, History, PayloadError, Stub, Want
from bot.crm.providers.close.calling import request
from bot.crm.providers.close.things import KINDS, change_of, status_of
from bot.crm.providers.close.webhooks import reading_of
from bot.crm.things import content, gone, key, moment, name_of, rows, utc, words
from coach.events import Event, Owner
from coach.models import Verb
from coach.stages import Stage

#: As many as Close gives on a page, of things and of events.
PAGE, EVENTS = 100, 50

#: So many are passed over before the next page begins by date: Close has a ceiling for it.
DEEPEST = 10_000

_PATHS = {"opportunity": "opportunity", "lead": "lead", "task.lead": "task"}
_UPDATED = {
    "opportunity": Verb.DEAL_UPDATED,
    "lead": Verb.CONTACT_UPDATED,
    "task.lead": Verb.TASK_UPDATED,
}
_DELETED = {
    "opportunity": Verb.DEAL_DELETED,
    "lead": Verb.CONTACT_DELETED,
    "task.lead": Verb.TASK_DELETED,
}

HISTORIES: Sequence[History] = (
    History("lead", "leads", since=True),
    History("opportunity", "opportunities", since=True),
    History("task.lead", "tasks", since=True),
)


def _thing(account: Account, fetch: Fetch) -> Call:
    if fetch.kind == "stages":
        return request(account, "GET", "/pipeline/")
    path = _PATHS.get(fetch.kind, "lead")
    return request(account, "GET", f"/{path}/{quote(fetch.id, safe='')}/")


def _read_thing(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    if fetch.kind == "stages":
        return _read_stages(account, fetch, answer, at)
    if fetch.kind not in KINDS:
        raise PayloadError(f"{fetch.kind} is not looked up.")
    if answer.gone:
        change = gone(KINDS[fetch.kind], fetch.id, at)
        which = key("gone", fetch.kind, fetch.id)
        return Fetched([Event(which, _DELETED[fetch.kind], at, (change,), observed=True)])
    return Fetched([_found(fetch.kind, content(answer.body), at)])


def _found(kind: str, data: Mapping[str, Any], at: datetime) -> Event:
    """How a thing is now."""
    told_at = min(moment(data.get("date_updated")) or at, at)
    change = change_of(kind, data, data.get("id"), told_at)
    which = key("seen", kind, change.id, told_at.isoformat())
    return Event(which, _UPDATED[kind], told_at, (change,), observed=True)


def _history(account: Account, fetch: Fetch) -> Call:
    if fetch.since is not None:
        # What has happened is in the log for thirty days, deletions included.
        asked = {
            "object_type": fetch.kind,
            "date_updated__gte": utc(fetch.since),
            "_limit": str(EVENTS),
        }
        if fetch.cursor:
            asked["_cursor"] = fetch.cursor
        return request(account, "GET", f"/event/?{urlencode(asked)}")
    skip, _, begin = fetch.cursor.partition("|")
    asked = {"_limit": str(PAGE), "_skip": skip or "0"}
    if fetch.kind == "task.lead":
        asked["_type"] = "lead"
    if fetch.kind != "lead":
        asked["_order_by"] = "date_created"
        if begin:
            asked["date_created__gte"] = begin
    return request(account, "GET", f"/{_PATHS[fetch.kind]}/?{urlencode(asked)}")


def _read_history(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    value = content(answer.body)
    listed = value.get("data")
    if not isinstance(listed, list):
        raise PayloadError("The answer has no list of data.")
    events: list[Event] = []
    stubs: list[Stub] = []
    rejected: list[tuple[int, str]] = []
    for index, each in enumerate(listed):
        try:
            if not isinstance(each, dict):
                raise PayloadError("It is not an object.")
            if fetch.since is None:
                events.append(_found(fetch.kind, each, at))
                continue
            reading = reading_of(each, at)
            # Found by looking, whatever it was: a webhook may have told of it.
            events += [replace(event, observed=True) for event in reading.events]
            stubs += reading.stubs
        except PayloadError as error:
            rejected.append((index, str(error)))
    if fetch.since is not None:
        further = words(value.get("cursor_next"), 500) if listed else ""
    else:
        further = _next(fetch, listed) if value.get("has_more") is True else ""
    return Fetched(events, stubs, rejected=rejected, next=further or None)


def _next(fetch: Fetch, listed: Sequence[object]) -> str:
    skip, _, begin = fetch.cursor.partition("|")
    passed = int(skip or 0) + len(listed)
    last = rows(listed[-1:])
    created = moment(last[0].get("date_created")) if last else None
    if passed < DEEPEST or fetch.kind == "lead" or created is None or utc(created) == begin:
        return f"{passed}|{begin}"
    return f"0|{utc(created)}"


def _read_stages(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    """The statuses of every pipeline, in their order."""
    found = [
        Stage(id, name, pipeline, place, status_of(status.get("type")))
        for each in rows(content(answer.body).get("data"))
        if (pipeline := name_of(each.get("id"))) is not None
        for place, status in enumerate(rows(each.get("statuses")))
        if (id := name_of(status.get("id"))) and (name := words(status.get("label"), 120))
    ]
    return Fetched(stages=found)


def _owners(account: Account, fetch: Fetch) -> Call:
    asked = {"_limit": str(PAGE), "_skip": fetch.cursor or "0"}
    return request(account, "GET", f"/user/?{urlencode(asked)}")


def _read_owners(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    value = content(answer.body)
    listed = rows(value.get("data"))
    found = (
        Owner.of(
            id=name_of(each.get("id")),
            email=words(each.get("email"), 320) or None,
            name=f"{words(each.get('first_name'), 60)} {words(each.get('last_name'), 60)}",
        )
        for each in listed
    )
    more = value.get("has_more") is True and listed
    further = str(int(fetch.cursor or 0) + len(listed)) if more else None
    return Fetched(owners=[owner for owner in found if owner is not None], next=further)


FETCHING: Mapping[Want, Fetching] = {
    Want.THING: Fetching(_thing, _read_thing),
    Want.HISTORY: Fetching(_history, _read_history),
    Want.STAGES: Fetching(
        lambda account, fetch: request(account, "GET", "/pipeline/"), _read_stages
    ),
    Want.OWNERS: Fetching(_owners, _read_owners),
}
