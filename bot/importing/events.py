"""From understood rows to events: first told, each part at its own time; later, what differs."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.importing.rows import Record
from coach.events import Change, Event, Owner
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
_ENDED = {
    SubjectKind.DEAL: (Verb.DEAL_CLOSED, "closed"),
    SubjectKind.TASK: (Verb.TASK_COMPLETED, "completed"),
}


def first_told(record: Record, as_of: datetime) -> list[Event]:
    """The events of a thing nobody has heard of.

    Plain facts hold as of the file; a stage or status holds from its own time, so that the history
    of stages is true: an open deal's from its creation, a closed one's from its close.
    """
    ended_at = min(record.ended_at or as_of, as_of)
    created = min(record.created_at or (ended_at if record.ended else as_of), as_of)
    facts = dict(record.facts)
    if others := facts.pop("other", None):
        # What is empty has never been told: nothing has to be taken back.
        facts["other"] = {name: value for name, value in others.items() if value is not None}
    if record.created_at is not None:
        facts["created_at"] = created
    changes = [Change(record.kind, record.id, as_of, facts, record.owner)]
    if record.standing and not record.ended:
        changes.append(Change(record.kind, record.id, created, dict(record.standing)))
    events = [_event(record, "created", _CREATED[record.kind], created, tuple(changes))]
    if record.ended:
        verb, name = _ENDED[record.kind]
        told = Change(record.kind, record.id, ended_at, _ending(record, ended_at))
        events.append(_event(record, name, verb, ended_at, (told,)))
    return events


def _ending(record: Record, at: datetime) -> dict[str, Any]:
    name = "closed_at" if record.kind is SubjectKind.DEAL else "completed_at"
    return {**record.standing, name: at}


def _event(
    record: Record, name: str, verb: Verb, at: datetime, changes: tuple[Change, ...]
) -> Event:
    key = f"import:{record.kind}:{record.id}:{name}"
    return Event(key, verb, at, changes, record.owner, Origin.IMPORT)


def told_again(
    record: Record, known: Subject, as_of: datetime, person_of: Resolved
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
    if not news and owner is None:
        return None
    at = as_of
    if record.ended and "status" in news and record.ended_at is not None:
        at = min(record.ended_at, as_of)
    verb, name = _verb(known, news, owner), _print(as_of, news, owner)
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
        changes.append(Change(record.kind, record.id, ended, standing))
    return _event(record, name, verb, at, tuple(changes))


def _print(as_of: datetime, news: Mapping[str, object], owner: Owner | None) -> str:
    # The same file read with another --map says something else of the same time.
    said = repr((sorted((name, str(value)) for name, value in news.items()), owner))
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
            # The vocabulary has no word for another title or link; the activity lists what changed.
            return Verb.DEAL_AMOUNT_CHANGED
