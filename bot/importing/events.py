"""From understood rows to events: first told, each part at its own time; later, what differs."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.importing.rows import Record, is_last
from coach.events import Change, Event, Owner
from coach.keys import kind_of
from coach.mirror import OTHER
from coach.models import (
    Contact,
    Deal,
    DealStatus,
    Origin,
    Subject,
    SubjectKind,
    Task,
    TaskStatus,
    Verb,
)
from storage.owners import Resolved

_CREATED = {
    SubjectKind.DEAL: Verb.DEAL_CREATED,
    SubjectKind.CONTACT: Verb.CONTACT_CREATED,
    SubjectKind.TASK: Verb.TASK_CREATED,
}
#: Of what was made nobody knows when.
_TOLD = {
    SubjectKind.DEAL: Verb.DEAL_UPDATED,
    SubjectKind.CONTACT: Verb.CONTACT_UPDATED,
    SubjectKind.TASK: Verb.TASK_UPDATED,
}
_GONE = {
    SubjectKind.DEAL: Verb.DEAL_DELETED,
    SubjectKind.CONTACT: Verb.CONTACT_DELETED,
    SubjectKind.TASK: Verb.TASK_DELETED,
}
_ENDED = {
    SubjectKind.DEAL: (Verb.DEAL_CLOSED, "closed"),
    SubjectKind.TASK: (Verb.TASK_COMPLETED, "completed"),
}


def first_told(
    record: Record, as_of: datetime, watched_from: datetime | None = None
) -> list[Event]:
    """The events of a thing nobody has heard of.

    Plain facts hold as of the file; a stage or status holds from its own time, as far as the file
    tells it: an open deal's from when it came to its stage, a closed one's from its close. Where
    nobody has watched deals since the file, `watched_from` says from when on somebody does.
    """
    facts = dict(record.facts)
    if others := facts.pop("other", None):
        # What is empty has never been told: nothing has to be taken back.
        facts["other"] = {name: value for name, value in others.items() if value is not None}
    created = None if record.created_at is None else min(record.created_at, as_of)
    if created is not None:
        facts["created_at"] = created
    if record.ended:
        ended = min(record.ended_at or as_of, as_of)
        standing, (verb, name) = _ending(record, ended, as_of), _ENDED[record.kind]
    else:
        ended, standing = as_of, _standing(record, as_of)
        verb, name = _TOLD[record.kind], "told"
    standing = _watched(record, standing, watched_from)
    changes = [Change(record.kind, record.id, as_of, facts, record.owner), *standing]
    if created is None:
        return [_event(record, name, verb, ended, tuple(changes))]
    first = tuple(changes if not record.ended else changes[:1])
    events = [_event(record, "created", _CREATED[record.kind], created, first)]
    if record.ended:
        events.append(_event(record, name, verb, ended, tuple(standing)))
    return events


def _standing(record: Record, as_of: datetime) -> list[Change]:
    """Where an open deal stands, since when as far as that is known, and the way it came."""
    if not record.standing:
        return []
    since = min(record.stage_since or as_of, as_of)
    if "stage" not in record.standing:
        since = min(record.created_at or as_of, as_of)
    came = record.stage_since is not None
    return [_change(record, since, dict(record.standing), came=came), *_way(record, as_of)]


def _ending(record: Record, at: datetime, as_of: datetime) -> list[Change]:
    """How a thing ended at that time, and the way it came there."""
    name = "closed_at" if record.kind is SubjectKind.DEAL else "completed_at"
    standing = {**record.standing, name: at}
    stage = standing.get("stage")
    if stage is None or is_last(stage):
        came = record.ended_at is not None
        return [_change(record, at, standing, came=came), *_way(record, as_of)]
    # Closed where it was: it came to that stage before.
    del standing["stage"]
    since = min(record.stage_since or at, at)
    came = record.stage_since is not None
    stood = _change(record, since, {"stage": stage}, came=came)
    return [_change(record, at, standing), stood, *_way(record, as_of)]


def _way(record: Record, as_of: datetime) -> list[Change]:
    return [
        _change(record, at, {"stage": stage}, came=True) for at, stage in record.way if at <= as_of
    ]


def _watched(
    record: Record, changes: Sequence[Change], watched_from: datetime | None
) -> list[Change]:
    if watched_from is None or record.ended:
        return list(changes)
    return [
        replace(each, watched_from=watched_from) if "stage" in each.fields else each
        for each in changes
    ]


def _change(
    record: Record, at: datetime, fields: dict[str, Any], *, came: bool | None = None
) -> Change:
    if record.facts.get("deleted"):
        # Whatever is told of a thing otherwise says that it is there.
        fields = {**fields, "deleted": True}
    return Change(record.kind, record.id, at, fields, came=came)


def _event(
    record: Record, name: str, verb: Verb, at: datetime, changes: tuple[Change, ...]
) -> Event:
    key = f"import:{record.kind}:{record.id}:{name}"
    return Event(key, verb, at, changes, record.owner, Origin.IMPORT)


def told_again(
    record: Record,
    known: Subject,
    as_of: datetime,
    person_of: Resolved,
    watched_from: datetime | None = None,
) -> Event | None:
    """The event that brings a known thing up to date; `None` when the file has no news of it.

    News is what differs and was not told after `as_of`; `person_of` knows the owner of the row.
    """
    facts = dict(record.facts)
    if record.created_at is not None:
        facts["created_at"] = min(record.created_at, as_of)
    facts |= record.standing
    if record.ended and record.ended_at is not None:
        facts["closed_at" if record.kind is SubjectKind.DEAL else "completed_at"] = min(
            record.ended_at, as_of
        )
    others = {
        name: value
        for name, value in facts.pop("other", {}).items()
        if _is_other_news(known, name, value, as_of)
    }
    news = {name: value for name, value in facts.items() if _is_news(known, name, value, as_of)}
    if others:
        news["other"] = others
    owner = _new_owner(record, known, as_of, person_of)
    way = _new_way(record, known, as_of) if watched_from is None else []
    if not news and owner is None and not way:
        return None
    at = as_of
    if record.ended and "status" in news and record.ended_at is not None:
        at = min(record.ended_at, as_of)
    verb, name = _verb(known, news, owner), _print(as_of, news, owner, way)
    standing: dict[str, Any] = {}
    for own in ("stage", "status", "closed_at", "completed_at"):
        if own in news:
            standing[own] = news.pop(own)
    last = max((known.told[own] for own in standing if own in known.told), default=None)
    # It ended when the file says, unless something was told of it since: then by the file's time.
    ended = at if last is None or last < at else as_of
    changes = [Change(record.kind, record.id, as_of, news, owner)] if news or owner else []
    if standing:
        if record.ended and "status" in standing:
            name_of_end = "closed_at" if record.kind is SubjectKind.DEAL else "completed_at"
            standing.setdefault(name_of_end, ended)
        if stage := standing.pop("stage", None):
            changes.append(_moved(record, known, stage, ended))
        if standing:
            changes.append(_change(record, ended, standing))
    return _event(record, name, verb, at, (*_watched(record, changes, watched_from), *way))


def _moved(record: Record, known: Subject, stage: str, at: datetime) -> Change:
    """That a deal is in another stage by now, and that it came there when the file says."""
    since, last = record.stage_since, known.told.get("stage")
    came = since is not None and since <= at and (last is None or last < since)
    return _change(record, since if came and since else at, {"stage": stage}, came=came)


def _new_way(record: Record, known: Subject, as_of: datetime) -> list[Change]:
    """What a file tells of the way of a deal to its stage that was not known."""
    last = known.told.get("stage")
    if not isinstance(known, Deal) or last is None or last > as_of:
        return []
    since, stage = record.stage_since, record.standing.get("stage")
    if stage != known.stage:
        return [each for each in _way(record, as_of) if each.at > last]
    if record.ended or since is None or since > as_of or known.stage_entered_at is not None:
        return []
    return [_change(record, since, {"stage": stage}, came=True)]


def _print(
    as_of: datetime, news: Mapping[str, object], owner: Owner | None, way: Sequence[Change]
) -> str:
    # The same file read with another --map says something else of the same time.
    said = repr((sorted((name, str(value)) for name, value in news.items()), owner))
    if way:
        said += repr([(each.at, each.fields) for each in way])
    return f"{as_of.isoformat()}:{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def _is_news(known: Subject, name: str, value: object, as_of: datetime) -> bool:
    told = known.told.get(name)
    if told is not None and told > as_of:
        return False
    now = getattr(known, name)
    if name == "last_contacted_at" and isinstance(value, datetime):
        return now is None or value > now
    return bool(now != value)


def _is_other_news(known: Subject, name: str, value: str | None, as_of: datetime) -> bool:
    told = known.told.get(OTHER + name)
    return (told is None or told <= as_of) and known.other.get(name) != value


def _new_owner(
    record: Record, known: Subject, as_of: datetime, person_of: Resolved
) -> Owner | None:
    if record.owner is None or person_of.of(record.owner, known.person_id) == known.person_id:
        return None
    told = known.told.get("person_id")
    return record.owner if told is None or told <= as_of else None


def _verb(known: Subject, news: Mapping[str, object], owner: Owner | None) -> Verb:
    if news.get("deleted"):
        return _GONE[kind_of(known)]
    match known:
        case Contact():
            return Verb.CONTACT_UPDATED
        case Task():
            done = news.get("status") is TaskStatus.COMPLETED
            return Verb.TASK_COMPLETED if done else Verb.TASK_RESCHEDULED
        case Deal():
            status = news.get("status")
            if status is not None:
                return Verb.DEAL_REOPENED if status is DealStatus.OPEN else Verb.DEAL_CLOSED
            if "stage" in news:
                return Verb.DEAL_STAGE_CHANGED
            if owner is not None and not news:
                return Verb.DEAL_OWNER_CHANGED
            return Verb.DEAL_AMOUNT_CHANGED if "value" in news else Verb.DEAL_UPDATED
