"""From the record of a thing to what was known of it at a time, and what has happened since."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from coach.events import Change, Event, Owner
from coach.keys import kind_of
from coach.mirror import Visit
from coach.models import (
    CONTACT_VERBS,
    Contact,
    Deal,
    DealStatus,
    Origin,
    SubjectKind,
    Task,
    TaskPriority,
    TaskStatus,
    Verb,
)
from storage.mirror import FIELDS
from storage.recorded import Act, Record

#: A date without a time of day, as imports keep it: nobody knows at what hour it happened.
NOON = time(12)

_CREATED = {
    SubjectKind.DEAL: Verb.DEAL_CREATED,
    SubjectKind.CONTACT: Verb.CONTACT_CREATED,
    SubjectKind.TASK: Verb.TASK_CREATED,
}
_UPDATED = {
    SubjectKind.DEAL: Verb.DEAL_UPDATED,
    SubjectKind.CONTACT: Verb.CONTACT_UPDATED,
    SubjectKind.TASK: Verb.TASK_UPDATED,
}
_DELETED = frozenset({Verb.DEAL_DELETED, Verb.CONTACT_DELETED, Verb.TASK_DELETED})


def _contact_status(text: str) -> str:
    """What a contact is, and not a deal or a task. Raises `ValueError` for what those are."""
    if text in {*DealStatus, *TaskStatus}:
        raise ValueError(text)
    return text


#: Fields whose changes the record keeps, each with how it is read there.
_RECORDED: Mapping[SubjectKind, Mapping[str, Callable[[str], Any]]] = {
    SubjectKind.DEAL: {
        "status": DealStatus,
        "value": Decimal,
        "person_id": str,
        "pipeline": str,
        "expected_close_date": date.fromisoformat,
        "probability": Decimal,
        "lost_reason": str,
    },
    SubjectKind.CONTACT: {"status": _contact_status, "person_id": str},
    SubjectKind.TASK: {
        "status": TaskStatus,
        "priority": TaskPriority,
        "due_date": date.fromisoformat,
        "person_id": str,
    },
}

#: What follows from other things, or is told by changes of its own.
_DERIVED = frozenset(
    {
        *("connection_id", "id", "told", "deleted", "person_id", "stage", "stage_entered_at"),
        *("stage_seen_at", "silent_since", "last_contacted_at", "closed_at", "completed_at"),
    }
)


@dataclass(frozen=True, slots=True)
class Told:
    """An event of the record, with what it needs to find its place among others."""

    connection_id: str
    event: Event
    #: Whose doing it was, as far as the record tells.
    person_id: str | None
    #: Whether the record knows the day alone.
    day_only: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """A thing as it was known at a time, if it was, and what has happened to it since."""

    before: Told | None
    since: Sequence[Told]
    #: Whether it is a contact of whom nobody knows at first when somebody was in touch.
    silence: bool = False


def past(record: Record, since: datetime, *, value_by_close: bool = False) -> Past:
    """What was known of a thing at `since`, and what happened to it from then on.

    What nobody recorded is taken as it is now. With `value_by_close` what a deal is worth is known
    only once it is closed.
    """
    made = _Making(record, value_by_close)
    silence = made.touched is not None and made.touched > max(made.first, since)
    if made.first < since:
        return Past(made.as_known(since), made.events(since), silence)
    return Past(None, [made.born(), *made.events(made.first)], silence)


def values_come_with_the_close(records: Sequence[Record]) -> set[str]:
    """The connections in which no open deal has a value, though closed ones have."""
    found: set[str] = set()
    deals = [each.subject for each in records if isinstance(each.subject, Deal)]
    for connection_id in {deal.connection_id for deal in deals}:
        its = [deal for deal in deals if deal.connection_id == connection_id]
        open_ = [deal for deal in its if deal.status is DealStatus.OPEN and not deal.deleted]
        if len(open_) >= 10 and all(deal.value is None for deal in open_):
            found.add(connection_id)
    return found


def _only_last_touch(record: Record) -> datetime | None:
    """When somebody was in touch, where only the last time is known and none before it."""
    last = record.subject.last_contacted_at if isinstance(record.subject, Contact) else None
    return None if last is None or any(at <= last for at in record.contacted) else last


class _Making:
    """The events of one thing."""

    def __init__(self, record: Record, value_by_close: bool) -> None:
        self._record = record
        self._subject = record.subject
        self._kind = kind_of(record.subject)
        self._value_by_close = value_by_close
        self._count = 0
        created = self._subject.created_at
        told = [*self._subject.told.values(), *([record.first] if record.first else [])]
        self.first = created or min(told)
        self.touched = _only_last_touch(record)

    def as_known(self, at: datetime) -> Told:
        """The thing as it was known just before that time."""
        facts = self._facts(lambda act: act.at >= at, at)
        verb = _UPDATED[self._kind]
        return self._told(verb, self.first, facts, lambda entered: entered < at, at)

    def born(self) -> Told:
        """How the thing came to be known, where that was later."""
        subject, at = self._subject, self.first
        # What happened to it at the same moment has happened after.
        facts = self._facts(lambda act: act.at >= at and not self._is_birth(act), at)
        verb = _CREATED[self._kind] if subject.created_at else _UPDATED[self._kind]
        told = self._told(verb, at, facts, lambda entered: entered <= at, at)
        birth = next((act for act in self._record.acts if self._is_birth(act)), None)
        if birth is not None:
            told = _by(told, birth)
        if subject.created_at:
            origin = birth.origin if birth is not None else Origin.IMPORT
            return replace(told, day_only=self._is_day_only(at, origin))
        # It was found there: nobody has just done anything.
        return replace(told, event=replace(told.event, origin=Origin.IMPORT))

    def events(self, since: datetime) -> list[Told]:
        """What happened from `since` on, but for how it came to be known."""
        told: list[Told] = []
        stages = {
            each.entered_at: each
            for each in self._record.visits
            if each.entered_at >= since and each.entered_at != self.first
        }
        for act in self._record.acts:
            if act.at < since or self._is_birth(act):
                continue
            if (made := self._happened(act, stages.pop(act.at, None))) is not None:
                told.append(made)
        for at, visit in stages.items():
            verb = Verb.DEAL_STAGE_CHANGED if visit.came else Verb.DEAL_UPDATED
            told.append(self._happened_at(verb, at, {"stage": visit.stage}, came=visit.came))
        told += self._ended(told, since)
        return sorted(told, key=lambda each: each.event.occurred_at)

    def _is_birth(self, act: Act) -> bool:
        return act.verb is _CREATED[self._kind] and act.at == self.first

    def _happened(self, act: Act, stage: Visit | None) -> Told | None:
        fields = self._changed(act)
        if act.verb in CONTACT_VERBS:
            fields["last_contacted_at"] = act.at
        if act.verb in _DELETED:
            fields["deleted"] = True
        if stage is not None:
            fields["stage"] = stage.stage
        if not fields and act.verb is _UPDATED[self._kind]:
            return None
        origin = Origin.API if act.origin is Origin.IMPORT else act.origin
        came = stage.came if stage is not None else None
        made = _by(self._happened_at(act.verb, act.at, fields, came=came, origin=origin), act)
        return replace(made, day_only=self._is_day_only(act.at, act.origin))

    def _ended(self, told: Sequence[Told], begin: datetime) -> list[Told]:
        """Its end, and the last time somebody was in touch, where no activity tells of it."""
        subject, found = self._subject, list[Told]()

        def is_new(at: datetime | None, verbs: frozenset[Verb]) -> bool:
            if at is None or at < begin:
                return False
            return not any(each.event.verb in verbs for each in told)

        if isinstance(subject, Deal) and subject.status is not DealStatus.OPEN:
            at = subject.closed_at
            if at and is_new(at, frozenset({Verb.DEAL_CLOSED})):
                found.append(self._happened_at(Verb.DEAL_CLOSED, at, self._closed(at)))
        if isinstance(subject, Task) and subject.status is TaskStatus.COMPLETED:
            at = subject.completed_at
            if at and is_new(at, frozenset({Verb.TASK_COMPLETED})):
                done = {"status": TaskStatus.COMPLETED, "completed_at": at}
                found.append(self._happened_at(Verb.TASK_COMPLETED, at, done))
        if isinstance(subject, Contact):
            at = subject.last_contacted_at
            known = any(each.event.occurred_at == at for each in told)
            if at and not known and is_new(at, frozenset()):
                touched: dict[str, Any] = {"last_contacted_at": at}
                if at == self.touched:
                    touched["status"] = self._value("status", lambda act: act.at > at)
                found.append(self._happened_at(Verb.CONTACT_UPDATED, at, touched))
        return [
            replace(each, day_only=self._is_day_only(each.event.occurred_at, Origin.IMPORT))
            for each in found
        ]

    def _is_day_only(self, at: datetime, origin: Origin) -> bool:
        return origin is Origin.IMPORT and at.astimezone(UTC).time() == NOON

    def _hides(self, at: datetime) -> bool:
        """Whether a contact is no lead yet: nothing may be said of a silence nobody recorded."""
        return self.touched is not None and at < self.touched

    def _changed(self, act: Act) -> dict[str, Any]:
        """What an activity has changed, as far as the record keeps it."""
        fields = {
            name: new
            for name in _RECORDED[self._kind]
            if name in act.changes and (new := self._read(name, act.changes[name][1])) is not _ODD
        }
        if self._kind is SubjectKind.DEAL and self._value_by_close:
            fields.pop("value", None)
        if self._hides(act.at):
            fields.pop("status", None)
        if act.verb is Verb.DEAL_CLOSED:
            fields |= self._closed(act.at)
        if act.verb is Verb.TASK_COMPLETED:
            fields |= {"status": TaskStatus.COMPLETED, "completed_at": act.at}
        return fields

    def _closed(self, at: datetime) -> dict[str, Any]:
        status = self._value("status", lambda act: act.at > at)
        if status is DealStatus.OPEN:
            # It was opened again at the same moment, or nobody told of it.
            return {}
        fields: dict[str, Any] = {"status": status, "closed_at": at}
        if status is DealStatus.LOST and isinstance(self._subject, Deal):
            fields["lost_reason"] = self._value("lost_reason", lambda act: act.at > at)
        if self._value_by_close:
            fields["value"] = self._value("value", lambda act: act.at > at)
        return fields

    def _facts(self, later: Callable[[Act], bool], at: datetime) -> dict[str, Any]:
        """The fields of the thing, without what came `later`."""
        fields = {
            name: self._value(name, later)
            if name in _RECORDED[self._kind]
            else getattr(self._subject, name)
            for name in FIELDS[self._kind]
            if name not in _DERIVED
        }
        subject = self._subject
        if isinstance(subject, Deal):
            if subject.closed_at is not None and subject.closed_at >= at:
                fields["status"] = DealStatus.OPEN
            if fields["status"] is DealStatus.OPEN:
                fields["lost_reason"] = None
                if self._value_by_close:
                    fields["value"] = None
            else:
                fields["closed_at"] = subject.closed_at
        if isinstance(subject, Task):
            if subject.completed_at is not None and subject.completed_at >= at:
                fields["status"] = TaskStatus.PENDING
            if fields["status"] is TaskStatus.COMPLETED:
                fields["completed_at"] = subject.completed_at
        if isinstance(subject, Contact):
            touched = [*self._record.contacted, subject.last_contacted_at]
            fields["last_contacted_at"] = max(
                (each for each in touched if each is not None and each < at), default=None
            )
            if fields["last_contacted_at"] is None and self._hides(at):
                fields["status"] = None
        if subject.deleted and subject.told.get("deleted", self.first) < at:
            fields["deleted"] = True
        return {name: value for name, value in fields.items() if value is not None}

    def _value(self, name: str, later: Callable[[Act], bool]) -> Any:
        """What a field was before the first of its changes that came `later`."""
        for act in self._record.acts:
            if later(act) and name in act.changes:
                old = self._read(name, act.changes[name][0])
                if old is not _ODD:
                    return old
        return getattr(self._subject, name)

    def _read(self, name: str, kept: Any) -> Any:
        """A value as it was kept; what an activity changed of all its things stands together."""
        if kept is None:
            # Nothing is without an owner or a status before; a contact that was made with a deal
            # was.
            return _ODD if name in {"person_id", "status", "priority"} else None
        try:
            return _RECORDED[self._kind][name](kept)
        except (ValueError, ArithmeticError, TypeError):
            # Of another thing that the same activity was about.
            return _ODD

    def _told(
        self,
        verb: Verb,
        at: datetime,
        facts: dict[str, Any],
        counts: Callable[[datetime], bool],
        since: datetime,
    ) -> Told:
        person_id = self._owner_before(counts)
        changes = [self._change(at, facts, _owner(person_id))]
        for visit in self._record.visits:
            if counts(visit.entered_at):
                stage = {"stage": visit.stage}
                change = self._change(visit.entered_at, stage, came=visit.came)
                changes.append(replace(change, watched_from=self._watched_from(visit, since)))
        origin = Origin.IMPORT if verb is _UPDATED[self._kind] else Origin.API
        event = Event(self._key(), verb, at, tuple(changes), _owner(person_id), origin)
        return Told(self._subject.connection_id, event, person_id)

    def _watched_from(self, visit: Visit, at: datetime) -> datetime | None:
        """From when on somebody watches a deal, where that is later than it came to its stage.

        What a file told of a time before it was made is known up to that time all the same.
        """
        deal = self._subject
        if not isinstance(deal, Deal) or deal.stage_entered_at or deal.stage != visit.stage:
            return None
        told = deal.told.get("deleted")
        return deal.stage_seen_at if visit.left_at is None and told and told <= at else None

    def _owner_before(self, counts: Callable[[datetime], bool]) -> str | None:
        person_id = self._value("person_id", lambda act: not counts(act.at))
        return str(person_id) if person_id else None

    def _happened_at(
        self,
        verb: Verb,
        at: datetime,
        fields: dict[str, Any],
        *,
        came: bool | None = None,
        origin: Origin = Origin.API,
    ) -> Told:
        named = fields.pop("person_id", None)
        person_id = named or self._owner_before(lambda moment: moment <= at)
        change = self._change(at, fields, _owner(named), came=came)
        event = Event(self._key(), verb, at, (change,), _owner(person_id), origin)
        return Told(self._subject.connection_id, event, person_id)

    def _change(
        self,
        at: datetime,
        fields: dict[str, Any],
        owner: Owner | None = None,
        *,
        came: bool | None = None,
    ) -> Change:
        return Change(self._kind, self._subject.id, at, fields, owner, came=came)

    def _key(self) -> str:
        self._count += 1
        return f"past:{self._kind}:{self._subject.id}:{self._count}"


#: Stands for a value that is none of the field.
_ODD = object()


def _owner(person_id: str | None) -> Owner | None:
    return Owner.of(id=person_id)


def _by(told: Told, act: Act) -> Told:
    """The same, done by whoever did it."""
    return replace(told, event=replace(told.event, actor=act.actor))


def moved(told: Told, to: datetime) -> Told:
    """The same at another time of its day."""
    event, at = told.event, told.event.occurred_at
    changes = tuple(
        replace(change, at=to) if change.at == at else change for change in event.changes
    )
    return replace(told, event=replace(event, occurred_at=to, changes=changes), day_only=False)


def is_about(told: Told) -> tuple[str, SubjectKind, str]:
    """Which thing it happened to."""
    change = told.event.changes[0]
    return told.connection_id, change.kind, change.id
