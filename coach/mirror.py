"""Folding what was told into the mirror: per field, the newest word wins, whatever comes first.

The outcome depends on what was told and when it happened, never on the order in which it came.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from coach.events import Change
from coach.models import Contact, Deal, DealStatus, Subject, SubjectKind, Task, TaskStatus, Verb
from coach.values import altered

#: Under this name `told` keeps when an owner was last taken from the event around a thing.
ASSUMED_OWNER = "assumed owner"

#: In front of the name of each of the fields in `other`, in `told`.
OTHER = "other:"

#: How many other fields of a thing are kept: those told last, of these the first by name.
MOST_OTHER = 40

#: How many signs of their names and of what they hold.
NAME_LENGTH, VALUE_LENGTH = 80, 300

#: Nothing is expected to come later than this: how long it is kept that a stage was told again.
LATE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Visit:
    """A deal was in a stage from one telling to the next; `left_at` is `None` for the last.

    Two in a row may name the same stage, because it was told again; `stays` joins them.
    """

    stage: str
    entered_at: datetime
    left_at: datetime | None = None
    #: Whether it came to the stage then. Else it was found there, nobody knows since when, and
    #: neither this stay nor the one before it has a length.
    came: bool = True


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
    new: dict[str, Any] = {}
    fields = _fields(change, person_id)
    if others := fields.pop("other", None):
        new["other"] = _with_others(current.other, told, others, change.at)
    for name, value in fields.items():
        # What is taken back as if it had not been stands for nothing against what was told before.
        if name not in told or change.at >= told[name] or told[name] == change.undoes:
            told[name] = change.at
            new[name] = value
    if change.owner is not None and change.owner_assumed:
        # What the thing itself once said of its owner counts, however old it is.
        earlier = told.get(ASSUMED_OWNER)
        if earlier is None or change.at >= earlier:
            told[ASSUMED_OWNER] = change.at
            if "person_id" not in told:
                new["person_id"] = person_id
    if isinstance(current, Contact) and "last_contacted_at" in change.fields:
        # A late word about an early call must not hide a later one, nor be lost itself.
        known: datetime | None = current.last_contacted_at
        if change.undoes is not None and known == change.undoes:
            known = None
        moments = (known, change.fields["last_contacted_at"])
        new["last_contacted_at"] = max((m for m in moments if m is not None), default=None)
    if isinstance(current, Contact):
        created = new.get("created_at", current.created_at)
        contacted = new.get("last_contacted_at", current.last_contacted_at)
        silent = new.get("silent_since", current.silent_since)
        new["silent_since"] = _silent_since(created, contacted, silent, change.at)
    if told == current.told and all(getattr(current, name) == new[name] for name in new):
        return current
    return altered(current, **new, told=told)


def _silent_since(
    created: datetime | None, contacted: datetime | None, silent: datetime | None, at: datetime
) -> datetime:
    """Since when nobody has been in touch with a contact that was spoken of at `at`."""
    if created is not None:
        return max(created, contacted or created)
    # Who was there at the latest when first spoken of has been silent since then, or longer.
    return contacted or min(silent or at, at)


def bounded(others: Mapping[str, object]) -> dict[str, str | None]:
    """Fields of a CRM as they may be told under `other`: text, cut to size, `None` when empty."""
    fields: dict[str, str | None] = {}
    for name, value in others.items():
        if key := " ".join(name.split())[:NAME_LENGTH]:
            text = "" if value is None else str(value).strip()
            text = text.lower() if isinstance(value, bool) else text
            fields[key] = text[:VALUE_LENGTH] or None
    return fields


def _with_others(
    current: Mapping[str, str],
    told: dict[str, datetime],
    others: Mapping[str, str | None],
    at: datetime,
) -> dict[str, str]:
    """The other fields after some of them were told at `at`, and in `told` when each was.

    Which are kept follows from their times and names alone, so that it does not matter what came
    first; one that was emptied takes a place too, or an older word of it could come back.
    """
    after = dict(current)
    for name, value in others.items():
        if OTHER + name in told and at < told[OTHER + name]:
            continue
        told[OTHER + name] = at
        if value is None:
            after.pop(name, None)
        else:
            after[name] = value
    known = [name for name in told if name.startswith(OTHER)]
    if len(known) > MOST_OTHER:
        known.sort()
        known.sort(key=lambda name: told[name], reverse=True)
        for name in known[MOST_OTHER:]:
            del told[name]
            after.pop(name.removeprefix(OTHER), None)
    return after


def _fields(change: Change, person_id: str | None) -> dict[str, Any]:
    # What a change tells, with what follows from it.
    fields = dict(change.fields)
    # Whatever is told of a thing also says that it is there.
    fields.setdefault("deleted", False)
    if change.owner is not None and not change.owner_assumed:
        fields["person_id"] = person_id
    if change.kind is SubjectKind.DEAL and fields.get("status") is DealStatus.OPEN:
        fields["closed_at"] = None
    if change.kind is SubjectKind.TASK and fields.get("status") is TaskStatus.PENDING:
        fields["completed_at"] = None
    return fields


def with_stage(
    visits: Sequence[Visit], stage: str, at: datetime, *, came: bool = True
) -> list[Visit]:
    """The visits of a deal once it is known that it was in `stage` at `at`, or `came` there then.

    `visits` are in order and without gaps, and so is the answer.
    """
    seen = {visit.entered_at: visit for visit in visits}
    same = seen.get(at)
    # Of one instant that it came there is the surer word.
    came = came or (same is not None and same.stage == stage and same.came)
    seen[at] = Visit(stage, at, came=came)
    moments = sorted(seen)
    settled = moments[-1] - LATE
    kept: list[Visit] = []
    for moment, following in zip(moments, [*moments[1:], None], strict=True):
        if kept and _goes_on(kept[-1], seen[moment]) and moment < settled:
            # Told again, and nothing can come between any more.
            kept[-1] = replace(kept[-1], left_at=following)
        elif seen[moment].left_at == following:
            kept.append(seen[moment])
        else:
            kept.append(replace(seen[moment], left_at=following))
    return kept


def without_stage(visits: Sequence[Visit], at: datetime) -> list[Visit]:
    """The visits of a deal when it did not go to another stage at `at`, as was thought."""
    kept: list[Visit] = []
    for visit in visits:
        if visit.entered_at != at:
            kept.append(visit)
        elif kept:
            kept[-1] = replace(kept[-1], left_at=visit.left_at)
    return kept


def _goes_on(stay: Visit, visit: Visit) -> bool:
    # What was found in a stage and came there later has been elsewhere in between.
    return stay.stage == visit.stage and (stay.came or not visit.came)


def stays(visits: Sequence[Visit]) -> list[Visit]:
    """The visits with those in a row to the same stage as one: from coming to leaving."""
    joined: list[Visit] = []
    for visit in visits:
        if joined and _goes_on(joined[-1], visit):
            joined[-1] = replace(joined[-1], left_at=visit.left_at)
        else:
            joined.append(visit)
    return joined


def present_stay(visits: Sequence[Visit], stage: str | None) -> Visit | None:
    """A deal's stay in its present stage; `None` when it has none."""
    return stays(visits)[-1] if stage and visits else None


def joined(ours: Subject, theirs: Subject) -> Subject:
    """One thing that was told of under two names, as ours: per field the newest word wins."""
    told = dict(ours.told)
    new: dict[str, Any] = {}
    for name, at in theirs.told.items():
        if name not in told or at >= told[name]:
            told[name] = at
            if name != ASSUMED_OWNER:
                new[name] = getattr(theirs, name)
    return replace(ours, **new, told=told)


#: What may have happened to a deal or a task short of its being deleted: what it was that changed.
_CHANGED = {
    Deal: (
        Verb.DEAL_UPDATED,
        {
            *(Verb.DEAL_CREATED, Verb.DEAL_STAGE_CHANGED, Verb.DEAL_CLOSED, Verb.DEAL_REOPENED),
            *(Verb.DEAL_AMOUNT_CHANGED, Verb.DEAL_OWNER_CHANGED),
        },
    ),
    Task: (
        Verb.TASK_UPDATED,
        {Verb.TASK_CREATED, Verb.TASK_COMPLETED, Verb.TASK_RESCHEDULED},
    ),
}


def what_happened(verb: Verb, before: Subject, after: Subject, *, observed: bool = False) -> Verb:
    """What an update really was, by what it changed; “updated” is what is none of the others.

    So it is with whatever was found by looking (`observed`): a deal that was known to be won is not
    won once more. Of a thing that was not known before nothing can be said.
    """
    if not before.told or before is after:
        return verb
    if observed and not isinstance(before, Contact):
        updated, changed = _CHANGED[type(before)]
        verb = updated if verb in changed else verb
    if verb is Verb.DEAL_UPDATED and isinstance(before, Deal) and isinstance(after, Deal):
        return _what_happened_to_deal(before, after)
    if verb is Verb.TASK_UPDATED and isinstance(before, Task) and isinstance(after, Task):
        if before.status is not after.status and after.status is TaskStatus.COMPLETED:
            return Verb.TASK_COMPLETED
        if before.due_date != after.due_date:
            return Verb.TASK_RESCHEDULED
    return verb


def _what_happened_to_deal(before: Deal, after: Deal) -> Verb:
    if before.status is not after.status:
        if after.status is DealStatus.OPEN:
            return Verb.DEAL_REOPENED
        if before.status is DealStatus.OPEN:
            return Verb.DEAL_CLOSED
    if before.stage != after.stage:
        return Verb.DEAL_STAGE_CHANGED
    if before.person_id != after.person_id:
        return Verb.DEAL_OWNER_CHANGED
    if before.value != after.value:
        return Verb.DEAL_AMOUNT_CHANGED
    return Verb.DEAL_UPDATED
