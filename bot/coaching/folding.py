"""Taking events into the mirror: the things a batch is about, loaded once and folded one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from bot.coaching.owning import identify
from bot.runtime.parts import Parts
from coach.events import Change, Event, Owner
from coach.mirror import (
    Visit,
    blank,
    fold,
    present_stay,
    what_happened,
    with_stage,
    without_stage,
)
from coach.models import Contact, Deal, Subject, SubjectKind, Task, Verb
from coach.stages import KnownStage, named_in, settled
from coach.values import altered
from storage import mirror, owners, stages, visits
from storage.database import Tx
from storage.owners import Resolved

#: Fields whose change is worth keeping with the activity.
_KEPT = (
    "stage", "status", "value", "person_id", "due_date", "priority", "pipeline",
    "expected_close_date", "probability", "lost_reason",
)  # fmt: skip

#: What a deal does when it comes to the stage that is told with it.
_COMES = frozenset(
    {Verb.DEAL_CREATED, Verb.DEAL_STAGE_CHANGED, Verb.DEAL_REOPENED, Verb.DEAL_CLOSED}
)

_MADE = {
    Verb.DEAL_CREATED: SubjectKind.DEAL,
    Verb.CONTACT_CREATED: SubjectKind.CONTACT,
    Verb.TASK_CREATED: SubjectKind.TASK,
}


@dataclass(slots=True)
class Batch:
    """The things a batch touches, as they are so far."""

    connection_id: str
    subjects: dict[tuple[SubjectKind, str], Subject] = field(default_factory=dict)
    touched: set[tuple[SubjectKind, str]] = field(default_factory=set)
    visits: dict[str, list[Visit]] = field(default_factory=dict)
    #: What is known of the stages that are named, by name and id.
    stages: dict[str, KnownStage] = field(default_factory=dict)
    owners: Resolved = field(default_factory=Resolved)
    #: The people who did things, as far as they are known here.
    actors: Mapping[Owner, str] = field(default_factory=dict)

    def get(self, kind: SubjectKind, id: str | None) -> Subject | None:
        return self.subjects.get((kind, id)) if id is not None else None

    def deal(self, id: str | None) -> Deal | None:
        found = self.get(SubjectKind.DEAL, id)
        return found if isinstance(found, Deal) else None

    def contact(self, id: str | None) -> Contact | None:
        found = self.get(SubjectKind.CONTACT, id)
        return found if isinstance(found, Contact) else None

    def task(self, id: str | None) -> Task | None:
        found = self.get(SubjectKind.TASK, id)
        return found if isinstance(found, Task) else None


async def load(
    parts: Parts,
    tx: Tx,
    workspace_id: str,
    connection_id: str,
    events: Sequence[Event],
) -> Batch:
    """Everything that these events are about, as it is before them."""
    batch = Batch(connection_id)
    ids: dict[SubjectKind, set[str]] = {kind: set() for kind in SubjectKind}
    staged: set[str] = set()
    named = [event.owner for event in events if event.owner]
    for event in events:
        for change in event.changes:
            ids[change.kind].add(change.id)
            if change.owner:
                named.append(change.owner)
            if change.kind is SubjectKind.DEAL and "stage" in change.fields:
                staged.add(change.id)
            if (contact_id := change.fields.get("contact_id")) is not None:
                ids[SubjectKind.CONTACT].add(contact_id)
    # Before anything is loaded: who two people were until now may be one from now on.
    batch.owners = await identify(parts, tx, workspace_id, connection_id, named)
    acting = {event.actor for event in events if isinstance(event.actor, Owner)}
    batch.actors = await owners.who_are(tx, workspace_id, connection_id, acting)
    for kind in (SubjectKind.DEAL, SubjectKind.TASK, SubjectKind.CONTACT):
        if kind is SubjectKind.CONTACT:
            # The contact of a deal is spoken of when the deal is won.
            ids[kind] |= {
                subject.contact_id
                for subject in batch.subjects.values()
                if isinstance(subject, Deal) and subject.contact_id
            }
        found = await mirror.load(tx, kind, workspace_id, connection_id, ids[kind])
        batch.subjects.update({(kind, id): subject for id, subject in found.items()})
    batch.visits = await visits.load(tx, workspace_id, connection_id, staged)
    batch.stages = await stages.load(tx, workspace_id, connection_id, named_in(events))
    return batch


@dataclass(slots=True)
class Changes:
    """What folding an event changed, as its activity keeps it.

    `new` says of an observed event whether it changed anything.
    """

    kept: dict[str, list[Any]] = field(default_factory=dict)
    new: bool = False


def fold_in(batch: Batch, event: Event) -> tuple[Event, Changes]:
    """Fold an event's changes; returns it as what it turns out to be, and what changed."""
    event = settled(event, batch.stages)
    changes = Changes()
    verb, kept = event.verb, changes.kept
    #: Things as they were before the event; of one that was not known, nothing.
    began: dict[tuple[SubjectKind, str], Subject | None] = {}
    about = event.verb.partition("_")[0]
    for told_change in event.changes:
        change = _dated(event, told_change)
        place = (change.kind, change.id)
        known = batch.subjects.get(place)
        before = known or blank(change.kind, batch.connection_id, change.id)
        person_id = batch.owners.of(change.owner, before.person_id) if change.owner else None
        after = fold(before, change, person_id)
        if isinstance(after, Deal) and "stage" in change.fields:
            after = _staged(batch, after, change, came=_came(event, change))
        if after is known:
            continue
        first = began.setdefault(place, known)
        if first is not None and change.kind == about:
            # By all that the event tells of the thing: it may tell of several times.
            verb = what_happened(event.verb, first, after, observed=event.observed)
        if verb is Verb.DEAL_CLOSED and isinstance(after, Deal) and after.closed_at is None:
            after = altered(after, closed_at=change.at)
        if event.observed:
            # Told again without a difference is no news; of other events nobody asks.
            changes.new |= not before.told or _differ(before, after)
        batch.subjects[place] = after
        batch.touched.add(place)
        for name in _KEPT:
            if name not in change.fields and name != "person_id":
                continue
            old, new = getattr(before, name, None), getattr(after, name, None)
            if old is None:
                old = change.before.get(name)
            if old != new:
                kept[name] = [_json(old), _json(new)]
    return (event if verb is event.verb else altered(event, verb=verb)), changes


def _differ(before: Subject, after: Subject) -> bool:
    """Whether anything has happened to a thing; where it is found, and since when, is no deed."""
    same = altered(after, told=before.told, url=before.url, created_at=before.created_at)
    return same != before


def _dated(event: Event, change: Change) -> Change:
    """What was made just now was made when the event happened, unless the CRM says otherwise."""
    if event.observed or _MADE.get(event.verb) is not change.kind or "created_at" in change.fields:
        return change
    return altered(change, fields={**change.fields, "created_at": event.occurred_at})


def _came(event: Event, change: Change) -> bool:
    """Whether a deal came to its stage at the time of the change, or was found there."""
    if change.came is not None:
        return change.came
    before = change.before.get("stage")
    if before is not None and before != change.fields["stage"]:
        return True
    return event.verb in _COMES and not event.observed


def _staged(batch: Batch, deal: Deal, change: Change, *, came: bool) -> Deal:
    visits: Sequence[Visit] = batch.visits.get(deal.id, [])
    if change.undoes is not None:
        visits = batch.visits[deal.id] = without_stage(visits, change.undoes)
    elif stage := change.fields["stage"]:
        visits = batch.visits[deal.id] = with_stage(visits, stage, change.at, came=came)
    stay = present_stay(visits, deal.stage)
    # Of a deal first heard of in the middle of its life only this much is sure: it has been in its
    # stage since then. Claiming more would call it stuck when it may have moved yesterday.
    entered = stay.entered_at if stay and stay.came else None
    seen_at = stay.entered_at if stay and not stay.came else None
    if stay and change.watched_from and stay.entered_at < change.watched_from:
        # It may have left and come back since: the way it went is kept, its age is not known.
        entered, seen_at = None, change.watched_from
    if (entered, seen_at) == (deal.stage_entered_at, deal.stage_seen_at):
        return deal
    return altered(deal, stage_entered_at=entered, stage_seen_at=seen_at)


def _json(value: Any) -> Any:
    # An instant is a date as well.
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
