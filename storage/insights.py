"""Insights: made once, decided once; what was said of them to whom is in `storage.messages`."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, bindparam, func, select, update

from coach.keys import fingerprint
from coach.models import (
    About,
    Dismissed,
    Draft,
    Insight,
    InsightState,
    InsightType,
    PastInsight,
    Priority,
    SubjectKind,
    Suggestion,
)
from coach.values import quick
from coach.verdicts import Reason
from storage import sayings
from storage.among import among, texts
from storage.database import Tx, add_new, chunks
from storage.prepared import Prepared
from storage.tables import (
    MARKED_SUBJECT,
    OPEN_INSIGHT,
    decisions,
    insight_subjects,
    insights,
    message_insights,
)

#: How far back rules look at what they have said.
MEMORY = timedelta(days=365)


def from_row(row: Row[Any]) -> Insight:
    """The insight in a row of the whole table."""
    return Insight(
        workspace_id=row.workspace_id,
        fingerprint=row.fingerprint,
        person_id=row.person_id,
        rule=row.rule,
        type=InsightType(row.type),
        priority=Priority(row.priority),
        subject=row.subject,
        message=row.message,
        reason=row.reason,
        suggestion=Suggestion(row.action, row.params),
        state=InsightState(row.state),
        created_at=row.created_at,
        expires_at=row.expires_at,
        seen_at=row.seen_at,
        decided_at=row.decided_at,
        outcome=row.outcome,
        snoozed_until=row.snoozed_until,
        dismissed_as=Dismissed(row.dismissed_as) if row.dismissed_as else None,
        undo_until=row.undo_until,
        backlog=row.backlog,
        rank=row.rank,
    )


def one(workspace_id: str, print_: str) -> ColumnElement[bool]:
    """The condition that it is this insight."""
    return (insights.c.workspace_id == workspace_id) & (insights.c.fingerprint == print_)


@quick
@dataclass(frozen=True, slots=True)
class NewInsight:
    """A draft on its way into the store."""

    rule: str
    type: InsightType
    draft: Draft
    #: Whether it answers what its person has just done by themselves.
    own_act: bool = False
    #: When what it answers was told, if that was before now.
    told_at: datetime | None = None
    #: Whether that was one of many changes that came in one go.
    in_bulk: bool = False
    #: Whether it tells of what was so before the coach knew of it, or before its person started.
    backlog: bool = False
    #: Rules of which it takes the place: what they say of the same ends.
    instead_of: frozenset[str] = frozenset()


async def add(
    tx: Tx, workspace_id: str, new: Sequence[NewInsight], now: datetime
) -> list[tuple[str, NewInsight]]:
    """Store insights; returns (fingerprint, insight) of those that were not there already.

    What has settled itself and comes up once more is there no longer: it is a new occasion.
    """
    by_print: dict[str, NewInsight] = {}
    for each in new:
        by_print.setdefault(fingerprint(workspace_id, each.rule, each.draft), each)
    there = await _there(tx, workspace_id, by_print)
    while again := {print_: at for print_, at in there.items() if at and print_ in by_print}:
        later: dict[str, NewInsight] = {}
        for print_, at in again.items():
            each = by_print.pop(print_)
            occasion = f"{each.draft.occasion} after {at.isoformat()}"
            each = replace(each, draft=replace(each.draft, occasion=occasion))
            later[fingerprint(workspace_id, each.rule, each.draft)] = each
        by_print |= later
        there |= await _there(tx, workspace_id, later)
    made = [print_ for print_ in by_print if print_ not in there]
    rows = [
        _row(workspace_id, print_, by_print[print_], rank, now) for rank, print_ in enumerate(made)
    ]
    await add_new(tx, insights, rows)
    await add_new(
        tx,
        insight_subjects,
        [
            {
                "workspace_id": workspace_id,
                "fingerprint": print_,
                "kind": str(thing.kind),
                "connection_id": thing.connection_id,
                "subject_id": thing.id,
                "mark": thing.mark,
            }
            for print_ in made
            for thing in by_print[print_].draft.about
        ],
    )
    return [(print_, by_print[print_]) for print_ in made]


def _row(
    workspace_id: str, print_: str, new: NewInsight, rank: int, now: datetime
) -> dict[str, Any]:
    draft = new.draft
    return {
        "workspace_id": workspace_id,
        "fingerprint": print_,
        "person_id": draft.person_id,
        "rule": new.rule,
        "type": str(new.type),
        "priority": int(draft.priority),
        "subject": draft.subject,
        "occasion": draft.occasion,
        "message": draft.message,
        "reason": draft.reason,
        "action": draft.suggestion.action,
        "params": draft.suggestion.kept,
        "state": str(InsightState.OPEN),
        "created_at": now,
        "expires_at": draft.expires_at,
        "own_act": new.own_act,
        "told_at": new.told_at,
        "in_bulk": new.in_bulk,
        "backlog": new.backlog,
        "rank": rank,
        "outcome": None,
    }


_THERE = Prepared(
    select(insights.c.fingerprint, insights.c.state, insights.c.decided_at).where(
        insights.c.workspace_id == bindparam("workspace"),
        among(insights.c.fingerprint, texts("fingerprints")),
    )
)


async def _there(
    tx: Tx, workspace_id: str, fingerprints: Collection[str]
) -> dict[str, datetime | None]:
    """Those that are there already, and of those that were settled by themselves when."""
    asked = {"workspace": workspace_id, "fingerprints": list(fingerprints)}
    return {
        print_: at if state == InsightState.RESOLVED.value else None
        for print_, state, at in await _THERE.rows(tx, asked)
    }


async def get(tx: Tx, workspace_id: str, fingerprint: str) -> Insight | None:
    """One insight."""
    row = (await tx.execute(select(insights).where(one(workspace_id, fingerprint)))).first()
    return from_row(row) if row else None


async def pending(tx: Tx, workspace_id: str, person_id: str, now: datetime) -> list[Insight]:
    """A person's open insights: by priority, high first, then newest."""
    query = (
        select(insights)
        .where(
            OPEN_INSIGHT,
            insights.c.workspace_id == workspace_id,
            insights.c.person_id == person_id,
            insights.c.expires_at > now,
        )
        .order_by(insights.c.priority.desc(), insights.c.created_at.desc(), insights.c.fingerprint)
    )
    return [from_row(row) for row in await tx.execute(query)]


async def recent(tx: Tx, workspace_id: str, person_id: str, most: int = 50) -> list[Insight]:
    """A person's latest insights, whatever became of them."""
    query = (
        select(insights)
        .where(insights.c.workspace_id == workspace_id, insights.c.person_id == person_id)
        .order_by(insights.c.created_at.desc(), insights.c.fingerprint)
        .limit(most)
    )
    return [from_row(row) for row in await tx.execute(query)]


async def shown_by(
    tx: Tx, places: Collection[tuple[str, str]]
) -> dict[tuple[str, str], list[Insight]]:
    """The insights that messages show, by (workspace, message id).

    The most important first, as messages promise; what was put in later follows its equals.
    """
    found: dict[tuple[str, str], list[Insight]] = {}
    wanted = set(places)
    asked = {
        "workspaces": sorted({workspace_id for workspace_id, _ in wanted}),
        "messages": sorted({id for _, id in wanted}),
    }
    for row in await _SHOWN.rows(tx, asked):
        # Two workspaces may call a message the same.
        if (place := (row.workspace_id, row.message_id)) in wanted:
            found.setdefault(place, []).append(from_row(row))
    return found


_SHOWN = Prepared(
    select(insights, message_insights.c.message_id)
    .join(
        message_insights,
        (message_insights.c.workspace_id == insights.c.workspace_id)
        & (message_insights.c.fingerprint == insights.c.fingerprint),
    )
    .where(
        among(message_insights.c.workspace_id, texts("workspaces")),
        among(message_insights.c.message_id, texts("messages")),
    )
    .order_by(insights.c.priority.desc(), message_insights.c.place, insights.c.fingerprint)
)


async def subjects(
    tx: Tx, workspace_id: str, fingerprints: Collection[str]
) -> dict[str, tuple[About, ...]]:
    """What insights are about, by fingerprint."""
    found: dict[str, list[About]] = {}
    asked = {"workspace": workspace_id, "fingerprints": sorted(fingerprints)}
    for row in await _SUBJECTS.rows(tx, asked):
        thing = About(SubjectKind(row.kind), row.connection_id, row.subject_id, row.mark)
        found.setdefault(row.fingerprint, []).append(thing)
    return {print_: tuple(things) for print_, things in found.items()}


_SUBJECTS = Prepared(
    select(insight_subjects).where(
        insight_subjects.c.workspace_id == bindparam("workspace"),
        among(insight_subjects.c.fingerprint, texts("fingerprints")),
    )
)


_RANKED = (
    select(
        *(
            insights.c[name]
            for name in (
                *("rule", "person_id", "fingerprint", "subject", "occasion", "created_at"),
                *("state", "decided_at", "seen_at", "outcome", "dismissed_as", "snoozed_until"),
                *("said_at", "said_by", "sayings", "backlog", "priority"),
            )
        ),
        func.row_number()
        .over(
            partition_by=(insights.c.person_id, insights.c.rule, insights.c.subject),
            order_by=insights.c.created_at.desc(),
        )
        .label("place"),
    )
    .where(
        insights.c.workspace_id == bindparam("workspace"),
        among(insights.c.person_id, texts("people")),
        among(insights.c.rule, texts("rules")),
        insights.c.created_at > bindparam("since"),
    )
    .subquery()
)
_PAST = Prepared(select(_RANKED).where(_RANKED.c.place <= 8).order_by(_RANKED.c.created_at.desc()))


async def past(
    tx: Tx, workspace_id: str, rules: Collection[str], person_ids: Collection[str], now: datetime
) -> dict[tuple[str, str], list[PastInsight]]:
    """What these rules have said to these people: (rule, person id) -> newest first.

    The last few for each subject are enough to know how often in a row it was dismissed.
    """
    asked = {
        "workspace": workspace_id,
        "people": sorted(person_ids),
        "rules": sorted(rules),
        "since": now - MEMORY,
    }
    rows = await _PAST.rows(tx, asked)
    about = await subjects(tx, workspace_id, {row.fingerprint for row in rows})
    found: dict[tuple[str, str], list[PastInsight]] = {}
    for row in rows:
        left = tuple(each.said_at for each in sayings.said_of(row) if each.is_left)
        earlier = replace(
            _past(row, about.get(row.fingerprint, ())),
            unanswered_at=left,
            priority=Priority(row.priority),
            said_at=row.said_at,
        )
        found.setdefault((row.rule, row.person_id), []).append(earlier)
    return found


def _past(row: Any, about: Sequence[About]) -> PastInsight:
    sent_away = row.state == InsightState.DISMISSED.value
    done = sent_away and row.dismissed_as == Dismissed.ALREADY_DONE.value
    # Of a list of which something was done before its time was up the rest is in hand.
    begun = row.state == InsightState.EXPIRED.value and row.outcome is not None
    begun = begun and bool(row.outcome.count)
    return PastInsight(
        row.rule,
        row.subject,
        row.created_at,
        row.decided_at if sent_away and not done else None,
        tuple(about),
        row.occasion,
        done or begun or row.state == InsightState.TAKEN.value,
        row.state == InsightState.EXPIRED.value and row.seen_at is None,
        row.outcome if row.state == InsightState.RESOLVED.value else None,
        sent_away and row.dismissed_as == Dismissed.WRONG_DATA.value,
        row.backlog,
    )


_GROW_OLD = Prepared(
    update(insights)
    .where(
        OPEN_INSIGHT,
        insights.c.workspace_id == bindparam("_workspace"),
        insights.c.person_id == bindparam("_person"),
        insights.c.rule == bindparam("_rule"),
        insights.c.said_at.is_(None),
        among(insights.c.subject, texts("_subjects")),
    )
    .values(backlog=True)
)


async def grow_old(tx: Tx, workspace_id: str, rule: str, old: Mapping[str, Sequence[str]]) -> None:
    """What a rule says of these subjects, by person, and was not told yet, is backlog."""
    for person_id, subjects_ in sorted(old.items()):
        await _GROW_OLD.do(
            tx,
            {
                "_workspace": workspace_id,
                "_person": person_id,
                "_rule": rule,
                "_subjects": subjects_,
            },
        )


class Marked(NamedTuple):
    """What a rule has said to somebody about things in one state."""

    person_id: str
    rule: str
    mark: str


_MARKED = Prepared(
    select(
        *(
            insights.c[name]
            for name in (
                *("rule", "person_id", "subject", "occasion", "created_at", "state"),
                *("decided_at", "dismissed_as", "seen_at", "outcome", "backlog"),
            )
        ),
        insight_subjects.c.kind,
        insight_subjects.c.connection_id,
        insight_subjects.c.subject_id,
        insight_subjects.c.mark,
    )
    .join(
        insight_subjects,
        (insight_subjects.c.workspace_id == insights.c.workspace_id)
        & (insight_subjects.c.fingerprint == insights.c.fingerprint),
    )
    .where(
        insights.c.workspace_id == bindparam("workspace"),
        among(insights.c.person_id, texts("people")),
        among(insights.c.rule, texts("rules")),
        insights.c.created_at > bindparam("since"),
        MARKED_SUBJECT,
        among(insight_subjects.c.mark, texts("marks")),
    )
    .order_by(insights.c.created_at.desc())
)


async def marked(
    tx: Tx,
    workspace_id: str,
    marks: Collection[tuple[str, str]],
    person_ids: Collection[str],
    now: datetime,
) -> defaultdict[Marked, list[PastInsight]]:
    """What rules have said to these people about things in certain states, newest first.

    `marks` are pairs of a rule and what tells the state. Each insight comes with those things only.
    """
    found: defaultdict[Marked, list[PastInsight]] = defaultdict(list)
    if not marks:
        return found
    asked = {
        "workspace": workspace_id,
        "people": sorted(person_ids),
        "rules": sorted({rule for rule, _ in marks}),
        "marks": sorted({mark for _, mark in marks}),
        "since": now - MEMORY,
    }
    for row in await _MARKED.rows(tx, asked):
        thing = About(SubjectKind(row.kind), row.connection_id, row.subject_id, row.mark)
        found[Marked(row.person_id, row.rule, row.mark)].append(_past(row, (thing,)))
    return found


async def see(tx: Tx, workspace_id: str, fingerprints: Collection[str], now: datetime) -> None:
    """Note that these were put before their person."""
    for piece in chunks(sorted(fingerprints)):
        await tx.execute(
            update(insights)
            .where(
                insights.c.workspace_id == workspace_id,
                insights.c.fingerprint.in_(piece),
                insights.c.seen_at.is_(None),
            )
            .values(seen_at=now)
        )


async def opened(tx: Tx, insight: Insight, now: datetime) -> None:
    """Keep in the history that the person looked into this; the first time counts."""
    known = select(decisions.c.at).where(
        decisions.c.workspace_id == insight.workspace_id,
        decisions.c.fingerprint == insight.fingerprint,
        decisions.c.decision == "opened",
    )
    await see(tx, insight.workspace_id, [insight.fingerprint], now)
    if (await tx.execute(known)).first() is None:
        row = {
            "workspace_id": insight.workspace_id,
            "fingerprint": insight.fingerprint,
            "at": now,
            "decision": "opened",
            "person_id": insight.person_id,
        }
        await add_new(tx, decisions, [row])


async def counts(tx: Tx, workspace_id: str) -> dict[InsightState, int]:
    """How many insights stand in each state."""
    query = (
        select(insights.c.state, func.count())
        .where(insights.c.workspace_id == workspace_id)
        .group_by(insights.c.state)
    )
    return {InsightState(row[0]): row[1] for row in await tx.execute(query)}


async def open_by_reason(tx: Tx, workspace_id: str) -> dict[Reason, int]:
    """How many open insights attention has decided on for each reason."""
    query = (
        select(insights.c.verdict_reason, func.count())
        .where(
            OPEN_INSIGHT,
            insights.c.workspace_id == workspace_id,
            insights.c.verdict_reason.is_not(None),
        )
        .group_by(insights.c.verdict_reason)
    )
    return {Reason(row[0]): row[1] for row in await tx.execute(query)}
