"""From events to the mirror, activities and insights: a whole batch in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from bot.coaching import following
from bot.coaching.adopting import as_ours
from bot.coaching.advising import AT_ONCE, answers, store_insights
from bot.coaching.checking import Touched, appoint
from bot.coaching.owning import identify
from bot.runtime.parts import Parts
from coach.events import Change, Event, Owner
from coach.keys import kind_of, subject_key
from coach.mirror import (
    Visit,
    blank,
    fold,
    present_stay,
    what_happened,
    with_stage,
    without_stage,
)
from coach.models import (
    Activity,
    Contact,
    Deal,
    Origin,
    Subject,
    SubjectKind,
    Task,
    Verb,
)
from coach.stages import KnownStage, named_in, seen, settled
from storage import (
    activities,
    messages,
    mirror,
    owners,
    people,
    stages,
    visits,
)
from storage.activities import ActivityRow
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


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a batch."""

    activities: int = 0
    insights: int = 0
    #: Insights that have ended, or are said in another way, because of what changed.
    followed: int = 0
    #: The bells of those who have something to do now, to be rung once it is committed.
    bells: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Source:
    """The stored delivery that brought an event."""

    delivery_id: str
    received_at: datetime


@dataclass(slots=True)
class _Batch:
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


async def apply(
    parts: Parts,
    tx: Tx,
    workspace_id: str,
    connection_id: str,
    events: Sequence[Event],
    *,
    sources: Mapping[str, Source] | None = None,
    taking: str | None = None,
) -> Applied:
    """Take events into the mirror, record each once, and let the action rules answer.

    What was said of the things before follows them, but for the insight from which a person is
    doing this (`taking`).

    `sources` maps dedupe keys to the raw delivery kept for them; an event without one is told of
    just now. Events known already do nothing. Imports, and events that were old when they were
    told of, change the mirror and the record, but call forth no insight.
    """
    now = parts.clock.now()
    sources = sources or {}
    first: dict[str, Event] = {}
    for event in events:
        first.setdefault(event.dedupe_key, _clamped(event, now))
    fresh = await activities.unknown(tx, workspace_id, connection_id, list(first))
    # In their own order, so that the record tells what was before and after.
    new = sorted(
        (event for key, event in first.items() if key in fresh), key=lambda each: each.occurred_at
    )
    if not new:
        return Applied()
    new = await as_ours(tx, workspace_id, connection_id, new)
    batch = await _load(parts, tx, workspace_id, connection_id, new)
    before = dict(batch.subjects)
    visits_before = {id: list(stays) for id, stays in batch.visits.items()}
    happened: list[tuple[Event, Activity]] = []
    rows: list[ActivityRow] = []
    for told_event in new:
        event, changes = _fold(batch, settled(told_event, batch.stages))
        if event.observed and not changes.new:
            continue
        activity = _activity(batch, workspace_id, event)
        happened.append((event, activity))
        rows.append(_row(event, activity, changes.kept, now, sources.get(event.dedupe_key)))
    everyone = {subject.person_id for subject in batch.subjects.values() if subject.person_id}
    everyone |= {activity.person_id for _, activity in happened if activity.person_id}
    known = await people.load(tx, workspace_id, everyone)
    touched = [Touched(before.get(place), batch.subjects[place]) for place in batch.touched]
    await mirror.save(tx, workspace_id, [each.after for each in touched])
    history = _history(new)
    backlog = await appoint(parts, tx, workspace_id, touched, known, now, history=history)
    await people.backlog_came(tx, workspace_id, backlog, now)
    summed_up = {id for id in everyone if id in known and known[id].backlog_made_at is not None}
    await messages.recount(tx, workspace_id, summed_up if touched else ())
    changed = {
        id: (visits_before.get(id, []), stays)
        for id, stays in batch.visits.items()
        if visits_before.get(id) != stays
    }
    await visits.save(tx, workspace_id, connection_id, changed)
    await stages.add(tx, workspace_id, connection_id, seen(new, changed, batch.stages))
    await activities.record(tx, workspace_id, rows)
    just_now = Source("", now)
    told = [
        (activity, sources.get(event.dedupe_key, just_now).received_at)
        for event, activity in happened
    ]
    review = await following.review_of(
        parts, tx, workspace_id, touched, now, here=_here(new, touched), taking=taking
    )
    drafts = await answers(parts, tx, workspace_id, told, known, now)
    whom = {each.draft.person_id for each in drafts}
    followed = await following.act(tx, workspace_id, review, now, also=whom)
    made = await store_insights(parts, tx, workspace_id, drafts, now)
    bells = {
        "sender": made or followed,
        "attention": followed or len(whom) > AT_ONCE,
        "lookup": batch.owners.learnt,
    }
    return Applied(
        len(rows), made, followed, frozenset(bell for bell, rings in bells.items() if rings)
    )


def _here(events: Sequence[Event], touched: Sequence[Touched]) -> frozenset[str]:
    """What people have changed by the coach."""
    ours = {
        (change.kind, change.id)
        for event in events
        if event.origin is Origin.SELF
        for change in event.changes
    }
    things = (each.after for each in touched)
    return frozenset(subject_key(each) for each in things if (kind_of(each), each.id) in ours)


def _history(events: Sequence[Event]) -> set[tuple[SubjectKind, str]]:
    """Things of which nothing has happened now: they were brought in from elsewhere."""
    places: dict[bool, set[tuple[SubjectKind, str]]] = {True: set(), False: set()}
    for event in events:
        its = {(change.kind, change.id) for change in event.changes}
        places[event.origin is Origin.IMPORT] |= its
    return places[True] - places[False]


def _clamped(event: Event, now: datetime) -> Event:
    # A sender's clock that is ahead must not make its word the last one for ever.
    if event.occurred_at <= now and all(change.at <= now for change in event.changes):
        return event
    changes = tuple(replace(change, at=min(change.at, now)) for change in event.changes)
    return replace(event, occurred_at=min(event.occurred_at, now), changes=changes)


async def _load(
    parts: Parts,
    tx: Tx,
    workspace_id: str,
    connection_id: str,
    events: Sequence[Event],
) -> _Batch:
    batch = _Batch(connection_id)
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
class _Changes:
    """What folding an event changed, as its activity keeps it.

    `new` says of an observed event whether it changed anything.
    """

    kept: dict[str, list[Any]] = field(default_factory=dict)
    new: bool = False


def _fold(batch: _Batch, event: Event) -> tuple[Event, _Changes]:
    """Fold an event's changes; returns it as what it turns out to be, and what changed."""
    changes = _Changes()
    verb, kept = event.verb, changes.kept
    unknown = {(change.kind, change.id) for change in event.changes} - batch.subjects.keys()
    began: dict[tuple[SubjectKind, str], Subject] = {}
    about = event.verb.value.partition("_")[0]
    for told_change in event.changes:
        change = _dated(event, told_change)
        place = (change.kind, change.id)
        before = batch.subjects.get(place) or blank(change.kind, batch.connection_id, change.id)
        person_id = batch.owners.of(change.owner, before.person_id) if change.owner else None
        after = fold(before, change, person_id)
        if isinstance(after, Deal) and "stage" in change.fields:
            after = _staged(batch, after, change, came=_came(event, change))
        if after is before and place in batch.subjects:
            continue
        began.setdefault(place, before)
        if place not in unknown and change.kind == about:
            # By all that the event tells of the thing: it may tell of several times.
            verb = what_happened(event.verb, began[place], after, observed=event.observed)
        if verb is Verb.DEAL_CLOSED and isinstance(after, Deal) and after.closed_at is None:
            after = replace(after, closed_at=change.at)
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
    return (event if verb is event.verb else replace(event, verb=verb)), changes


def _differ(before: Subject, after: Subject) -> bool:
    """Whether anything has happened to a thing; where it is found, and since when, is no deed."""
    same = replace(after, told=before.told, url=before.url, created_at=before.created_at)
    return same != before


def _dated(event: Event, change: Change) -> Change:
    """What was made just now was made when the event happened, unless the CRM says otherwise."""
    if event.observed or _MADE.get(event.verb) is not change.kind or "created_at" in change.fields:
        return change
    return replace(change, fields={**change.fields, "created_at": event.occurred_at})


def _came(event: Event, change: Change) -> bool:
    """Whether a deal came to its stage at the time of the change, or was found there."""
    if change.came is not None:
        return change.came
    before = change.before.get("stage")
    if before is not None and before != change.fields["stage"]:
        return True
    return event.verb in _COMES and not event.observed


def _staged(batch: _Batch, deal: Deal, change: Change, *, came: bool) -> Deal:
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
    return replace(deal, stage_entered_at=entered, stage_seen_at=seen_at)


def _json(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _activity(batch: _Batch, workspace_id: str, event: Event) -> Activity:
    deal = batch.deal(event.subject_id(SubjectKind.DEAL))
    task = batch.task(event.subject_id(SubjectKind.TASK))
    contact_id = event.subject_id(SubjectKind.CONTACT)
    contact = batch.contact(contact_id or (deal.contact_id if deal else None))
    main: Subject | None = {"deal": deal, "contact": contact, "task": task}.get(
        event.verb.value.partition("_")[0], deal or contact or task
    )
    person_id = main.person_id if main else None
    if person_id is None and event.owner:
        person_id = batch.owners[event.owner]
    return Activity(
        workspace_id,
        batch.connection_id,
        event.verb,
        event.occurred_at,
        person_id,
        deal,
        contact,
        task,
        event.origin,
        _is_own_act(batch, event, person_id),
    )


def _is_own_act(batch: _Batch, event: Event, person_id: str | None) -> bool:
    """Whether a person did something themselves: nobody is named, or they are."""
    if event.actor is None:
        return True
    return isinstance(event.actor, Owner) and batch.actors.get(event.actor) == person_id


def _actor(connection_id: str, actor: Owner | str | None) -> str | None:
    return actor.keys(connection_id)[0].key if isinstance(actor, Owner) else actor


def _row(
    event: Event,
    activity: Activity,
    changes: dict[str, list[Any]],
    now: datetime,
    source: Source | None,
) -> ActivityRow:
    return ActivityRow(
        activity.connection_id,
        event.dedupe_key,
        event.verb,
        event.occurred_at,
        now,
        activity.person_id,
        event.subject_id(SubjectKind.DEAL),
        event.subject_id(SubjectKind.CONTACT),
        event.subject_id(SubjectKind.TASK),
        event.origin,
        changes,
        source.delivery_id if source else None,
        event.details,
        _actor(activity.connection_id, event.actor),
    )
