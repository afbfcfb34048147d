"""Folding what was told into the mirror: per field, the newest word wins, whatever comes first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from coach.events import Change
from coach.models import Contact, Deal, DealStatus, Subject, SubjectKind, Task, TaskStatus


@dataclass(frozen=True, slots=True)
class Visit:
    """A deal's stay in one stage; `left_at` is `None` while it lasts."""

    stage: str
    entered_at: datetime
    left_at: datetime | None = None


def blank(kind: SubjectKind, connection_id: str, id: str) -> Subject:
    """A thing nothing has been told of yet."""
    match kind:
        case SubjectKind.DEAL:
            return Deal(connection_id, id)
        case SubjectKind.CONTACT:
            return Contact(connection_id, id)
        case SubjectKind.TASK:
            return Task(connection_id, id)


def fold(current: Subject, change: Change, person_id: str | None) -> Subject:
    """`current` after `change`; returns `current` itself when the change told nothing new.

    `person_id` is the resolved `change.owner`. A field told at a later time than `change.at` stays.
    """
    told = dict(current.told)
    fields = dict(change.fields)
    if change.owner is not None:
        fields["person_id"] = person_id
    if current.deleted and "deleted" not in fields:
        # Something newer than the deletion is known: it is back.
        fields["deleted"] = False
    new: dict[str, Any] = {}
    for name, value in fields.items():
        if name in told and change.at < told[name]:
            continue
        told[name] = change.at
        new[name] = value
    if isinstance(current, Contact) and "last_contacted_at" in fields:
        # A late word about an early call must not hide a later one, nor be lost itself.
        moments = (current.last_contacted_at, fields["last_contacted_at"])
        new["last_contacted_at"] = max((m for m in moments if m is not None), default=None)
    if current.told == told and not new:
        return current
    after = replace(current, **new, told=told)
    return _settled(after, change)


def _settled(after: Subject, change: Change) -> Subject:
    # What follows from the fields without being told.
    if isinstance(after, Deal):
        if after.status is DealStatus.OPEN:
            after = replace(after, closed_at=None)
        elif after.closed_at is None:
            after = replace(after, closed_at=change.at)
        if after.created_at is None:
            after = replace(after, created_at=change.at)
    elif isinstance(after, Contact):
        created = after.created_at or change.at
        after = replace(
            after, created_at=created, silent_since=max(created, after.last_contacted_at or created)
        )
    else:
        if after.status is TaskStatus.PENDING:
            after = replace(after, completed_at=None)
        elif after.completed_at is None:
            after = replace(after, completed_at=change.at)
        if after.created_at is None:
            after = replace(after, created_at=change.at)
    return after


def with_stage(
    visits: Sequence[Visit], stage: str, at: datetime, confirmed_at: datetime | None
) -> list[Visit]:
    """The stays of a deal once it is known that it was in `stage` at `at`.

    `visits` are in order and without gaps. `confirmed_at` is when the present stage was last told:
    a late word of another stage splits the present stay there. Two stays in the same stage in a
    row become one.
    """
    if not visits:
        return [Visit(stage, at)]
    result = list(visits)
    if at < result[0].entered_at:
        result.insert(0, Visit(stage, at, result[0].entered_at))
        return _joined(result)
    position = max(i for i, visit in enumerate(result) if visit.entered_at <= at)
    stay = result[position]
    if stay.stage == stage:
        return result
    rest: list[Visit] = []
    end = stay.left_at
    if end is None and confirmed_at is not None and confirmed_at > at:
        # The present stage was told again after this: the deal went there and came back.
        rest, end = [Visit(stay.stage, confirmed_at)], confirmed_at
    before = [] if stay.entered_at == at else [replace(stay, left_at=at)]
    result[position : position + 1] = [*before, Visit(stage, at, end), *rest]
    return _joined(result)


def _joined(visits: Sequence[Visit]) -> list[Visit]:
    joined: list[Visit] = []
    for visit in visits:
        if joined and joined[-1].stage == visit.stage:
            joined[-1] = replace(joined[-1], left_at=visit.left_at)
        else:
            joined.append(visit)
    return joined
