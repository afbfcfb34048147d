"""What is looked up at Twenty: records, pages of them, stages and members.

https://docs.twenty.com/developers/extend/api
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from bot.crm.calls import Account, Answer, Call
from bot.crm.provider import Fetch, Fetched, Fetching, History, PayloadError, Want
from bot.crm.providers.twenty.calling import request
from bot.crm.providers.twenty.things import KINDS, OF, full_name, meaning
from bot.crm.things import content, gone, inner, key, moment, name_of, rows, utc, words
from coach.events import Event, Owner
from coach.models import Verb
from coach.stages import Stage

#: As many records as Twenty gives on a page.
PAGE = 60

_PLURALS = {"opportunity": "opportunities", "person": "people", "task": "tasks"}

HISTORIES: Sequence[History] = (
    History("person", "contacts", since=True),
    History("opportunity", "deals", since=True),
    History("task", "tasks", since=True),
)


def _path(kind: str) -> str:
    return _PLURALS.get(kind, "workspaceMembers")


def _depth(kind: str) -> dict[str, str]:
    # With what a task is attached to.
    return {"depth": "1" if kind == "task" else "0"}


def _thing_call(account: Account, fetch: Fetch) -> Call:
    asked = urlencode(_depth(fetch.kind))
    return request(account, "GET", f"{_path(fetch.kind)}/{quote(fetch.id, safe='')}?{asked}")


def _read_thing(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    kind = KINDS.get(fetch.kind)
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
    verb = Verb(f"{KINDS[kind]}_updated")
    return Event(which, verb, told_at, (OF[KINDS[kind]](record, told_at),), observed=True)


def _page(account: Account, fetch: Fetch) -> Call:
    asked = {"limit": str(PAGE), "order_by": "updatedAt[AscNullsFirst]", **_depth(fetch.kind)}
    if fetch.since is not None:
        asked["filter"] = f"updatedAt[gte]:{utc(fetch.since)}"
    if fetch.cursor:
        asked["starting_after"] = fetch.cursor
    return request(account, "GET", f"{_path(fetch.kind)}?{urlencode(asked)}")


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
            name=full_name(each.get("name"))[:120] or None,
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
    return Stage(value, label, place=place if known else None, meaning=meaning(value))


FETCHING: Mapping[Want, Fetching] = {
    Want.THING: Fetching(_thing_call, _read_thing),
    Want.HISTORY: Fetching(_page, _read_history),
    Want.STAGES: Fetching(
        lambda account, fetch: request(account, "GET", "metadata/objects"), _read_stages
    ),
    Want.OWNERS: Fetching(_page, _read_owners),
}
