"""What was found in a team's figures and may be said, and when each team's are looked at again."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, or_, select, update

from coach.models import Insight
from coach.phrases import Phrase
from storage.database import Tx, add_new, put
from storage.insights import from_row
from storage.tables import OPEN_INSIGHT, insights, pattern_turns, patterns, workspaces


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing that was found, as it is kept."""

    #: Says which pattern and group it is, and whose.
    key: str
    #: `None`: the team's.
    person_id: str | None
    pattern: str
    group: str
    message: Phrase
    figures: Mapping[str, Any]
    chance: float
    found_at: datetime
    tested_at: datetime
    #: Since when later data no longer shows it.
    gone_at: datetime | None = None


async def of(tx: Tx, workspace_id: str) -> dict[str, Kept]:
    """All that was ever found in a team's figures, by key."""
    query = select(patterns).where(patterns.c.workspace_id == workspace_id)
    return {
        row.key: Kept(
            row.key,
            row.person_id,
            row.pattern,
            row.group_name,
            row.message,
            row.figures,
            row.chance,
            row.found_at,
            row.tested_at,
            row.gone_at,
        )
        for row in await tx.execute(query)
    }


async def keep(tx: Tx, workspace_id: str, found: Sequence[Kept]) -> None:
    """Store these, in place of what was kept under their keys."""
    rows = [
        {
            "workspace_id": workspace_id,
            "key": each.key,
            "person_id": each.person_id,
            "pattern": each.pattern,
            "group_name": each.group,
            "message": each.message,
            "figures": each.figures,
            "chance": each.chance,
            "found_at": each.found_at,
            "tested_at": each.tested_at,
            "gone_at": each.gone_at,
        }
        for each in found
    ]
    await put(tx, patterns, rows)


async def told_of(tx: Tx, workspace_id: str, rule: str, keys: Collection[str]) -> list[Insight]:
    """The open insights that tell of any of these."""
    subjects = [f"pattern:{key}" for key in sorted(keys)]
    query = select(insights).where(
        OPEN_INSIGHT,
        insights.c.workspace_id == workspace_id,
        insights.c.rule == rule,
        insights.c.subject.in_(subjects),
    )
    return [from_row(row) for row in await tx.execute(query)]


class Turn(NamedTuple):
    """A team whose figures are looked at, by whoever has claimed that until then."""

    workspace_id: str
    until: datetime
    #: Failures in a row before this one.
    attempts: int


def _is_due(now: datetime) -> ColumnElement[bool]:
    return or_(pattern_turns.c.due_at.is_(None), pattern_turns.c.due_at <= now)


_EVERY_TEAM = workspaces.outerjoin(pattern_turns, pattern_turns.c.workspace_id == workspaces.c.id)


async def due(tx: Tx, now: datetime) -> str | None:
    """A team whose turn it is, if any is: never looked at, or a week ago."""
    query = (
        select(workspaces.c.id)
        .select_from(_EVERY_TEAM)
        .where(_is_due(now))
        .order_by(pattern_turns.c.due_at, workspaces.c.id)
        .limit(1)
    )
    return (await tx.execute(query)).scalar()


async def next_look(tx: Tx, workspace_id: str) -> datetime | None:
    """When a team's figures are looked at next; `None`: they never were."""
    query = select(pattern_turns.c.due_at).where(pattern_turns.c.workspace_id == workspace_id)
    return (await tx.execute(query)).scalar()


async def claim(tx: Tx, workspace_id: str, now: datetime, until: datetime) -> Turn | None:
    """Take a team's turn, unless another process has it; it is anybody's again after `until`."""
    first = {"workspace_id": workspace_id, "due_at": now}
    await add_new(tx, pattern_turns, [first])
    taken = await tx.execute(
        update(pattern_turns)
        .where(pattern_turns.c.workspace_id == workspace_id, _is_due(now))
        .values(due_at=until)
        .returning(pattern_turns.c.attempts)
    )
    attempts = taken.scalar()
    return None if attempts is None else Turn(workspace_id, until, attempts)


async def is_ours(tx: Tx, turn: Turn) -> bool:
    """Whether nobody has taken the turn over meanwhile; keeps it from them until the end."""
    held = await tx.execute(
        update(pattern_turns)
        .where(_this(turn))
        .values(due_at=turn.until)
        .returning(pattern_turns.c.workspace_id)
    )
    return held.first() is not None


async def again(tx: Tx, turn: Turn, at: datetime, error: str | None = None) -> None:
    """Have the team looked at again then, unless the turn was taken over meanwhile."""
    await tx.execute(
        update(pattern_turns)
        .where(_this(turn))
        .values(due_at=at, error=error, attempts=0 if error is None else turn.attempts + 1)
    )


class Failing(NamedTuple):
    """A team whose figures could not be looked at."""

    error: str
    #: How often in a row, and when it is tried again.
    attempts: int
    again_at: datetime


async def failing(tx: Tx, workspace_id: str) -> Failing | None:
    """What the last look at a team's figures failed over; `None`: it did not fail."""
    query = select(pattern_turns.c.error, pattern_turns.c.attempts, pattern_turns.c.due_at).where(
        pattern_turns.c.workspace_id == workspace_id, pattern_turns.c.error.is_not(None)
    )
    row = (await tx.execute(query)).first()
    return Failing(*row) if row else None


def _this(turn: Turn) -> ColumnElement[bool]:
    return (pattern_turns.c.workspace_id == turn.workspace_id) & (
        pattern_turns.c.due_at == turn.until
    )
