"""From events to the mirror, activities and insights: a whole batch in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.coaching import folding, following, team_channel
from bot.coaching.adopting import as_ours
from bot.coaching.advising import AT_ONCE, answers, store_insights
from bot.coaching.checking import Touched, appoint
from bot.coaching.folding import Batch
from bot.runtime.parts import Parts
from coach.events import Event, Owner
from coach.keys import kind_of, subject_key
from coach.models import (
    Activity,
    Deal,
    Origin,
    Subject,
    SubjectKind,
)
from coach.stages import seen
from storage import (
    activities,
    homes,
    messages,
    mirror,
    people,
    stages,
    visits,
)
from storage.activities import ActivityRow
from storage.database import Tx


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
    batch = await folding.load(parts, tx, workspace_id, connection_id, new)
    before = dict(batch.subjects)
    visits_before = {id: list(stays) for id, stays in batch.visits.items()}
    happened: list[tuple[Event, Activity]] = []
    rows: list[ActivityRow] = []
    for told_event in new:
        event, changes = folding.fold_in(batch, told_event)
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
    await messages.of_now(tx, workspace_id, "backlog", summed_up if touched else ())
    # By the money their lines are told to be in order, or not.
    await messages.of_now(tx, workspace_id, "brief", revalued := _revalued(touched))
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
    in_channel = await team_channel.note(tx, workspace_id, connection_id, told, touched, now)
    review = await following.review_of(
        parts, tx, workspace_id, touched, now, here=_here(new, touched), taking=taking
    )
    drafts = await answers(parts, tx, workspace_id, told, known, now)
    whom = {each.draft.person_id for each in drafts}
    followed = await following.act(tx, workspace_id, review, now, also=whom)
    made = await store_insights(parts, tx, workspace_id, drafts, now)
    await homes.changed(tx, workspace_id, known.values(), now)
    bells: dict[str, object] = {
        "sender": made or followed or (touched and summed_up) or revalued,
        "attention": followed or len(whom) > AT_ONCE,
        "lookup": batch.owners.learnt,
        "team": in_channel,
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


def _revalued(touched: Sequence[Touched]) -> set[str]:
    """Whose deals are worth something else than before; of a new one no brief can speak yet."""
    return {
        each.person_id
        for before, after in touched
        if isinstance(after, Deal) and before is not None and _worth(before) != _worth(after)
        for each in (before, after)
        if each.person_id is not None
    }


def _worth(deal: Subject) -> object:
    if not isinstance(deal, Deal) or deal.deleted:
        return None
    return deal.value, deal.currency


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


def _activity(batch: Batch, workspace_id: str, event: Event) -> Activity:
    deal = batch.deal(event.subject_id(SubjectKind.DEAL))
    task = batch.task(event.subject_id(SubjectKind.TASK))
    contact_id = event.subject_id(SubjectKind.CONTACT)
    contact = batch.contact(contact_id or (deal.contact_id if deal else None))
    main: Subject | None = {"deal": deal, "contact": contact, "task": task}.get(
        event.verb.partition("_")[0], deal or contact or task
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


def _is_own_act(batch: Batch, event: Event, person_id: str | None) -> bool:
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
