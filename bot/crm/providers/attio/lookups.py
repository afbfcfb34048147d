"""What is looked up at Attio: whatever a webhook named, pages of all there is, stages, members."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from bot.crm.calls import Account, Answer, Call
from bot.crm.provider import Fetch, Fetched, Fetching, History, PayloadError, Stub, Want
from bot.crm.providers.attio import things
from bot.crm.providers.attio.calling import DEALS, PEOPLE, list_of, request, slug_of
from bot.crm.providers.attio.things import MARK
from bot.crm.things import contacted, content, gone, inner, key, moment, name_of, rows, words
from coach.events import Change, Event, Owner
from coach.models import DealStatus, SubjectKind, TaskStatus, Verb
from coach.stages import Stage, meaning_of_name

#: As many as Attio gives on a page.
PAGE = 500

HISTORIES: Sequence[History] = (
    History(PEOPLE, "contacts"),
    History(DEALS, "deals"),
    History("entries", "entries of the pipeline"),
    History("task", "tasks"),
)

_KINDS = {DEALS: SubjectKind.DEAL, PEOPLE: SubjectKind.CONTACT}
_CREATED = {SubjectKind.DEAL: Verb.DEAL_CREATED, SubjectKind.CONTACT: Verb.CONTACT_CREATED}
_UPDATED = {
    SubjectKind.DEAL: Verb.DEAL_UPDATED,
    SubjectKind.CONTACT: Verb.CONTACT_UPDATED,
    SubjectKind.TASK: Verb.TASK_UPDATED,
}
_DELETED = {
    SubjectKind.DEAL: Verb.DEAL_DELETED,
    SubjectKind.CONTACT: Verb.CONTACT_DELETED,
    SubjectKind.TASK: Verb.TASK_DELETED,
}


def _thing(account: Account, fetch: Fetch) -> Call:
    of, _, which = fetch.kind.partition("/")
    id = quote(fetch.id, safe="")
    match of:
        case "record":
            return request(account, "GET", f"/v2/objects/{quote(which, safe='')}/records/{id}")
        case "entry":
            return request(account, "GET", f"/v2/lists/{quote(which, safe='')}/entries/{id}")
        case "title":
            # Of an entry: which object its record is of, and which record.
            object, _, record = which.partition("/")
            path = f"/v2/objects/{quote(object, safe='')}/records/{quote(record, safe='')}"
            return request(account, "GET", path)
        case "stages":
            return _stages(account, fetch)
        case "owners":
            return _owners(account, fetch)
        case "note":
            return request(account, "GET", f"/v2/notes/{id}")
        case _:
            return request(account, "GET", f"/v2/tasks/{id}")


def _read_thing(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    of, _, which = fetch.kind.partition("/")
    match of:
        case "stages":
            return _read_stages(account, fetch, answer, at)
        case "owners":
            return _read_owners(account, fetch, answer, at)
        case "record" if (slug := slug_of(account, which)) is not None:
            kind = _KINDS[slug]
            return _gone(kind, fetch, at) if answer.gone else _record(slug, fetch, answer, at)
        case "entry" if (pipeline := list_of(account)) is not None and pipeline[0] == which:
            if answer.gone:
                return _gone(SubjectKind.DEAL, fetch, at)
            return _entry(_data(answer), pipeline[1], at, new="created" in fetch.hints)
        case "title" if not answer.gone:
            changes = things.title(fetch.id, _data(answer), at)
            return Fetched([_seen(SubjectKind.DEAL, changes, at)] if changes else [])
        case "task":
            if answer.gone:
                return _gone(SubjectKind.TASK, fetch, at)
            return Fetched([_task(account, _data(answer), at, new="created" in fetch.hints)])
        case "note" if not answer.gone:
            return _note(account, _data(answer), at)
        case _:
            # Companies, other lists, objects of the workspace's own: nobody follows them.
            return Fetched()


def _data(answer: Answer) -> Mapping[str, Any]:
    data = content(answer.body).get("data")
    if not isinstance(data, dict):
        raise PayloadError("The answer has no data.")
    return data


def _seen(kind: SubjectKind, changes: tuple[Change, ...], at: datetime) -> Event:
    # Attio says neither when nor what: each look is an event of its own, and news if it differs.
    which = key("seen", kind, changes[0].id, at.isoformat())
    return Event(which, _UPDATED[kind], at, changes, observed=True)


def _looks(
    kind: SubjectKind, changes: tuple[Change, ...], at: datetime, *, new: bool = False
) -> list[Event]:
    """How a thing is; that a deal came to its stage is an event of its own, of when it did."""
    whole = _seen(kind, changes, at)
    if new:
        return [replace(whole, verb=_CREATED[kind])]
    came = [each for each in changes if each.came]
    rest = tuple(each for each in changes if not each.came)
    events = [
        Event(
            key("stage", each.id, each.fields["stage"], each.at.isoformat()),
            Verb.DEAL_STAGE_CHANGED,
            each.at,
            (each,),
            observed=True,
        )
        for each in came
    ]
    return [*events, replace(whole, changes=rest)] if rest else events


def _gone(kind: SubjectKind, fetch: Fetch, at: datetime) -> Fetched:
    verb, details = _DELETED[kind], None
    if "merged" in fetch.hints:
        # It goes on in another one: nobody has deleted anything.
        verb, details = _UPDATED[kind], {"merged": True}
    change = gone(kind, fetch.id, at)
    which = key("gone", kind, fetch.id, at.isoformat())
    return Fetched([Event(which, verb, at, (change,), details=details, observed=True)])


def _record(slug: str, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    read = things.deal if slug == DEALS else things.person
    changes = read(_data(answer), at)
    return Fetched(_looks(_KINDS[slug], changes, at, new="created" in fetch.hints))


def _entry(data: Mapping[str, Any], stage: str, at: datetime, *, new: bool = False) -> Fetched:
    changes = things.entry(data, stage, at)
    events = _looks(SubjectKind.DEAL, changes, at, new=new)
    object, record = words(data.get("parent_object"), 50), name_of(data.get("parent_record_id"))
    if not object or record is None or len(record) > 50:
        return Fetched(events)
    # Its name is that of the record it is an entry of.
    which = key("title", changes[0].id, at.isoformat())
    return Fetched(events, [Stub(which, f"title/{object}/{record}", changes[0].id)])


def _task(account: Account, data: Mapping[str, Any], at: datetime, *, new: bool = False) -> Event:
    change = things.task(account, data, at)
    done = change.fields.get("status") is TaskStatus.COMPLETED
    seen = _seen(SubjectKind.TASK, (change,), at)
    return replace(seen, verb=Verb.TASK_CREATED) if new and not done else seen


def _note(account: Account, data: Mapping[str, Any], at: datetime) -> Fetched:
    actor, id = data.get("created_by_actor"), name_of(inner(data, "id", "note_id"))
    if id is None:
        raise PayloadError("The note has no id.")
    if inner(actor, "type") == "api-token" and words(data.get("title"), 500).endswith(MARK):
        # The coach has logged it; the mirror has had it since.
        return Fetched()
    when = min(moment(data.get("created_at")) or at, at)
    slug, parent = slug_of(account, data.get("parent_object")), data.get("parent_record_id")
    changes: tuple[Change, ...] = ()
    if slug == PEOPLE:
        changes = contacted(parent, when)
    elif slug == DEALS and (deal := name_of(parent)) is not None:
        changes = (Change(SubjectKind.DEAL, deal, when),)
    member = name_of(inner(actor, "id")) if inner(actor, "type") == "workspace-member" else None
    noted = Event(key("note", id), Verb.NOTE_LOGGED, when, changes, Owner.of(id=member))
    return Fetched([noted])


def _history(account: Account, fetch: Fetch) -> Call:
    offset = int(fetch.cursor or 0)
    if fetch.kind == "task":
        return request(
            account, "GET", f"/v2/tasks?limit={PAGE}&offset={offset}&sort=created_at:asc"
        )
    asked = {
        "limit": PAGE,
        "offset": offset,
        "sorts": [{"attribute": "created_at", "direction": "asc"}],
    }
    if fetch.kind != "entries":
        return request(account, "POST", f"/v2/objects/{fetch.kind}/records/query", asked)
    if (pipeline := list_of(account)) is None:
        # There is nothing to ask for, and something has to be asked.
        return request(account, "GET", "/v2/self")
    return request(account, "POST", f"/v2/lists/{pipeline[0]}/entries/query", asked)


def _read_history(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    pipeline = list_of(account)
    if answer.gone or (fetch.kind == "entries" and pipeline is None):
        # Deals may be switched off.
        return Fetched()
    listed = content(answer.body).get("data")
    if not isinstance(listed, list):
        raise PayloadError("The answer has no list of data.")
    read = _reader(account, fetch.kind, pipeline[1] if pipeline else "", at)
    events: list[Event] = []
    stubs: list[Stub] = []
    rejected: list[tuple[int, str]] = []
    for index, data in enumerate(listed):
        try:
            if not isinstance(data, dict):
                raise PayloadError("It is not an object.")
            brought = read(data)
            events += brought.events
            stubs += brought.stubs
        except PayloadError as error:
            rejected.append((index, str(error)))
    further = str(int(fetch.cursor or 0) + len(listed)) if len(listed) >= PAGE else None
    return Fetched(events, stubs, rejected=rejected, next=further)


def _reader(
    account: Account, kind: str, stage: str, at: datetime
) -> Callable[[Mapping[str, Any]], Fetched]:
    match kind:
        case "entries":
            return lambda data: _entry(data, stage, at)
        case "task":
            return lambda data: Fetched([_task(account, data, at)])
        case _:
            read = things.deal if kind == DEALS else things.person
            return lambda data: Fetched(_looks(_KINDS[kind], read(data, at), at))


def _stages(account: Account, fetch: Fetch) -> Call:
    if (pipeline := list_of(account)) is not None:
        of = f"/v2/lists/{pipeline[0]}/attributes/{quote(pipeline[1], safe='')}"
    else:
        of = f"/v2/objects/{DEALS}/attributes/stage"
    return request(account, "GET", f"{of}/statuses")


def _read_stages(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    """The statuses in their order. Which are won or lost, Attio does not say.

    By default Attio celebrates a deal that is won, and nothing else: where one status alone is
    celebrated, that is the word. Else it follows from names, and from what is seen.
    """
    if answer.gone:
        return Fetched()
    listed = [
        each
        for each in rows(content(answer.body).get("data"))
        if each.get("is_archived") is not True
    ]
    celebrated = [each for each in listed if each.get("celebration_enabled") is True]
    found: list[Stage] = []
    for place, each in enumerate(listed):
        id, title = name_of(inner(each, "id", "status_id")), words(each.get("title"), 120)
        if id is None or not title:
            continue
        won = celebrated == [each] and meaning_of_name(title) is not DealStatus.LOST
        found.append(Stage(id, title, "", place, DealStatus.WON if won else None))
    return Fetched(stages=found)


def _owners(account: Account, fetch: Fetch) -> Call:
    return request(account, "GET", "/v2/workspace_members")


def _read_owners(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    found = (
        Owner.of(
            id=name_of(inner(each, "id", "workspace_member_id")),
            email=words(each.get("email_address"), 320) or None,
            name=f"{words(each.get('first_name'), 60)} {words(each.get('last_name'), 60)}",
        )
        for each in rows(content(answer.body).get("data"))
    )
    return Fetched(owners=[owner for owner in found if owner is not None])


FETCHING: Mapping[Want, Fetching] = {
    Want.THING: Fetching(_thing, _read_thing),
    Want.HISTORY: Fetching(_history, _read_history),
    Want.STAGES: Fetching(_stages, _read_stages),
    Want.OWNERS: Fetching(_owners, _read_owners),
}
