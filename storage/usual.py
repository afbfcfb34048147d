"""What is usual with each team, as it was learned last, and when it is to be learned anew."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import bindparam, delete, select, update

from coach.knowledge import Answered, Place, Usual
from storage.columns import UtcDateTime
from storage.database import Tx, chunks, put
from storage.prepared import Prepared
from storage.tables import usual, workspaces

#: What an entry tells: how long won deals stayed in a stage, in days; how soon won leads were
#: contacted, in minutes.
STAY, ANSWER = "stay", "answer"

_OF = Prepared(
    select(
        usual.c.connection_id, usual.c.pipeline, usual.c.stage, usual.c.amount, usual.c.cases
    ).where(usual.c.workspace_id == bindparam("workspace"), usual.c.what == bindparam("what"))
)


async def stays(tx: Tx, workspace_id: str) -> dict[Place, Usual]:
    """How long a team's won deals stayed in each stage."""
    rows = await _OF.rows(tx, {"workspace": workspace_id, "what": STAY})
    return {Place(*place): Usual(days, deals) for *place, days, deals in rows}


async def keep_stays(
    tx: Tx, workspace_id: str, learned: Mapping[Place, Usual], now: datetime
) -> None:
    """Keep what was learned of stages in the place of what was known before."""
    await tx.execute(
        delete(usual).where(usual.c.workspace_id == workspace_id, usual.c.what == STAY)
    )
    rows = [
        {
            "workspace_id": workspace_id,
            "what": STAY,
            **place._asdict(),
            "amount": each.days,
            "cases": each.deals,
            "learned_at": now,
        }
        for place, each in sorted(learned.items())
    ]
    for piece in chunks(rows, 1000):
        await put(tx, usual, piece)


async def answer(tx: Tx, workspace_id: str) -> Answered | None:
    """How soon the leads that a team has won were first contacted."""
    row = await _OF.first(tx, {"workspace": workspace_id, "what": ANSWER})
    return Answered(row.amount, row.cases) if row else None


async def keep_answer(tx: Tx, workspace_id: str, learned: Answered | None, now: datetime) -> None:
    """Keep what was learned of answers in the place of what was known before."""
    await tx.execute(
        delete(usual).where(usual.c.workspace_id == workspace_id, usual.c.what == ANSWER)
    )
    if learned is not None:
        row = {
            "workspace_id": workspace_id,
            "what": ANSWER,
            **Place("", "", "")._asdict(),
            "amount": learned.minutes,
            "cases": learned.leads,
            "learned_at": now,
        }
        await put(tx, usual, [row])


_DUE = Prepared(
    select(workspaces.c.id)
    .where(workspaces.c.learn_at <= bindparam("now", type_=UtcDateTime))
    .order_by(workspaces.c.learn_at)
    .limit(1)
)


async def next_due(tx: Tx, now: datetime) -> str | None:
    """A team that is to be learned from now, if there is any."""
    return next(iter(await _DUE.column(tx, {"now": now})), None)


async def claim(tx: Tx, workspace_id: str, now: datetime, until: datetime) -> bool:
    """Be the one to learn from a team; whoever does not come to an end is followed by another."""
    claimed = (
        update(workspaces)
        .where(workspaces.c.id == workspace_id, workspaces.c.learn_at <= now)
        .values(learn_at=until)
        .returning(workspaces.c.id)
    )
    return (await tx.execute(claimed)).first() is not None


async def done(tx: Tx, workspace_id: str, again_at: datetime) -> None:
    """Note when a team is to be learned from again."""
    await tx.execute(
        update(workspaces).where(workspaces.c.id == workspace_id).values(learn_at=again_at)
    )
