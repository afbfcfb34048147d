"""A copy made for looking: filled from the record, and what attention decides in it noted.

Nothing else keeps what was decided about an insight in between. For SQLite only.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    func,
    select,
    text,
    tuple_,
    union_all,
    update,
)

from coach.models import Insight
from coach.verdicts import Reason, Verdict
from storage import people
from storage.among import among
from storage.checks import Key
from storage.database import Tx, add, chunks
from storage.insights import from_row
from storage.recorded import Row
from storage.tables import OPEN_INSIGHT, WAITING_ROUND, checks, insights, metadata, rounds
from storage.tables import people as people_table

_journal = Table(
    "journal",
    MetaData(),
    Column("n", Integer, primary_key=True),
    Column("workspace_id", String(64)),
    Column("fingerprint", String(32)),
    Column("verdict", String(8)),
    Column("reason", String(16)),
)

_TRIGGERS = (
    """
    CREATE TRIGGER note_verdict AFTER UPDATE OF verdict, verdict_reason ON insights
    WHEN new.verdict IS NOT old.verdict OR new.verdict_reason IS NOT old.verdict_reason
    BEGIN
        INSERT INTO journal (workspace_id, fingerprint, verdict, reason)
        VALUES (new.workspace_id, new.fingerprint, new.verdict, new.verdict_reason);
    END
    """,
    # What was never said and whose time is up ends by the clock, not by attention.
    """
    CREATE TRIGGER note_expiry AFTER UPDATE OF state ON insights
    WHEN new.state = 'expired' AND new.said_at IS NULL AND new.verdict IS NOT 'drop'
    BEGIN
        INSERT INTO journal (workspace_id, fingerprint, verdict, reason)
        VALUES (new.workspace_id, new.fingerprint, 'drop', 'expired');
    END
    """,
)


async def lay_out(tx: Tx) -> None:
    """Make every table in an empty file, as this version knows them: no migration has to run."""
    await tx.run_sync(metadata.create_all)


async def begin(tx: Tx) -> None:
    """Note from now on what is decided."""
    await tx.run_sync(_journal.create)
    for trigger in _TRIGGERS:
        await tx.execute(text(trigger))


async def fill(tx: Tx, tables: Iterable[tuple[Table, Sequence[Row]]]) -> None:
    """Put rows into tables, each in its turn."""
    for table, rows in tables:
        for piece in chunks(rows):
            await add(tx, table, piece)


async def go_on(tx: Tx, workspace_id: str, person_ids: Sequence[str], rests: Sequence[Key]) -> None:
    """Let these people be coached as they were: of what is there only what `rests` is a backlog."""
    theirs = (checks.c.workspace_id == workspace_id, among(checks.c.person_id, person_ids))
    await tx.execute(update(checks).where(*theirs).values(old=False))
    places = tuple_(*(checks.c[name] for name in Key._fields))
    for piece in chunks(rests, 100):
        await tx.execute(update(checks).where(*theirs, places.in_(piece)).values(old=True))
    # They have been told of it.
    await people.backlog_made(tx, workspace_id, person_ids)


class Noted(NamedTuple):
    """One decision about one insight."""

    insight: Insight
    verdict: Verdict
    reason: Reason


_NOTED = (
    select(insights, _journal.c.verdict.label("noted"), _journal.c.reason.label("why"))
    .join(
        _journal,
        (_journal.c.workspace_id == insights.c.workspace_id)
        & (_journal.c.fingerprint == insights.c.fingerprint),
    )
    .order_by(_journal.c.n)
)
_FORGET = delete(_journal)


async def taken(tx: Tx) -> list[Noted]:
    """What was decided since this was last asked, in order."""
    rows = (await tx.execute(_NOTED)).all()
    if rows:
        await tx.execute(_FORGET)
    return [Noted(from_row(row), Verdict(row.noted), Reason(row.why)) for row in rows]


class Next(NamedTuple):
    """When the clock has something to do, and when attention has; `None`: not as things are."""

    tick: datetime | None
    attention: datetime | None

    @property
    def at(self) -> datetime | None:
        """The earlier of both."""
        return min((at for at in self if at is not None), default=None)


_NEXT = union_all(
    select(text("'tick'"), func.min(rounds.c.due_at)).where(
        rounds.c.rule.in_(bindparam("rules", expanding=True)), WAITING_ROUND
    ),
    select(text("'tick'"), func.min(insights.c.expires_at)).where(OPEN_INSIGHT),
    select(text("'attention'"), func.min(people_table.c.decide_at)).where(
        people_table.c.decide_at.is_not(None)
    ),
)


async def upcoming(tx: Tx, rules: Sequence[str]) -> Next:
    """When there is something to do without anything happening; `rules` are those that look."""
    soonest: dict[str, datetime] = {}
    for who, at in await tx.execute(_NEXT, {"rules": list(rules)}):
        if at is not None:
            soonest[who] = min(at, soonest.get(who, at))
    return Next(soonest.get("tick"), soonest.get("attention"))
