"""When attention is to decide about whom: noted, claimed person by person, and taken away."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Update, bindparam, case, select, update

from coach.models import Person
from storage.among import among, texts
from storage.columns import UtcDateTime
from storage.database import Tx
from storage.people import THESE, from_row
from storage.prepared import Prepared
from storage.tables import people


async def reconsider(tx: Tx, workspace_id: str, person_ids: Collection[str], at: datetime) -> None:
    """Have attention decide about these people anew at that time, if it would not do so earlier.

    Whoever changes insights and messages of a person calls this first: it locks the person, and
    all who do so lock in the same order.
    """
    if ids := sorted(set(person_ids)):
        await _RECONSIDER.do(tx, {"_workspace": workspace_id, "_ids": ids, "_at": at})


_THESE = (
    select(people.c.id)
    .where(
        among(people.c.workspace_id, texts("workspaces")),
        among(people.c.id, texts("ids")),
    )
    .order_by(people.c.id)
)
_FREE = Prepared(_THESE.with_for_update(key_share=True, skip_locked=True))
_LOCK = Prepared(_THESE.with_for_update(key_share=True))


async def free_of(tx: Tx, workspace_id: str, person_ids: Collection[str]) -> set[str]:
    """Those of these people whom nobody else is busy with: theirs alone until the end of `tx`.

    For the clock, which waits for nobody and comes again.
    """
    asked = {"workspaces": [workspace_id], "ids": sorted(set(person_ids))}
    return {row[0] for row in await _FREE.rows(tx, asked)}


async def lock(tx: Tx, whom: Collection[tuple[str, str]]) -> None:
    """Lock people, given by workspace and id, before some of them are changed and then others.

    All who lock several do it in one order, so that none waits for another in a ring. On SQLite
    whoever writes is alone anyway.
    """
    if tx.dialect.name != "sqlite" and len(whom) > 1:
        workspaces, ids = (sorted(set(each)) for each in zip(*whom, strict=True))
        await _LOCK.do(tx, {"workspaces": workspaces, "ids": ids})


_AT = bindparam("_at", type_=UtcDateTime)


def reconsidering(whom: ColumnElement[bool]) -> Update:
    """The statement of `reconsider` for people of `_workspace` on this condition, at `_at`."""
    return (
        update(people)
        .where(people.c.workspace_id == bindparam("_workspace"), whom)
        .values(decide_at=case((people.c.decide_at <= _AT, people.c.decide_at), else_=_AT))
    )


_RECONSIDER = Prepared(reconsidering(among(people.c.id, texts("_ids"))))


async def any_to_decide(tx: Tx, now: datetime) -> bool:
    """Whether attention has anybody to decide about."""
    return await _ANY_TO_DECIDE.first(tx, {"now": now}) is not None


_TO_DECIDE = Prepared(
    select(people.c.workspace_id, people.c.id)
    .where(people.c.decide_at <= bindparam("now"))
    .order_by(people.c.decide_at)
    .limit(bindparam("most"))
    .with_for_update(key_share=True, skip_locked=True)
)
_ANY_TO_DECIDE = Prepared(
    select(people.c.id).where(people.c.decide_at <= bindparam("now")).limit(1)
)


async def to_decide(tx: Tx, now: datetime, most: int) -> dict[str, list[str]]:
    """Whose turn it is, longest waiting first, by workspace: theirs alone until the end of `tx`.

    Whom another process has taken is passed over.
    """
    found: dict[str, list[str]] = {}
    for workspace_id, id in await _TO_DECIDE.rows(tx, {"now": now, "most": most}):
        found.setdefault(workspace_id, []).append(id)
    return found


_ALONE = Prepared(THESE.order_by(people.c.id).with_for_update(key_share=True))


async def load_alone(
    tx: Tx, workspace_id: str, ids: Collection[str]
) -> tuple[dict[str, Person], set[str]]:
    """People by id, and nobody else may decide about them until the end of `tx`.

    Also tells for whom a turn is noted, so that `decided` must take it away.
    """
    found: dict[str, Person] = {}
    noted: set[str] = set()
    for row in await _ALONE.rows(tx, {"workspace": workspace_id, "ids": list(ids)}):
        found[row.id] = from_row(row)
        if row.decide_at is not None:
            noted.add(row.id)
    return found, noted


async def decided(tx: Tx, workspace_id: str, again: Mapping[str, datetime | None]) -> None:
    """Note when each of these people must be looked at again though nothing has happened."""
    never = [id for id, at in again.items() if at is None]
    if never:
        await _NEVER.do(tx, {"_workspace": workspace_id, "_ids": sorted(never)})
    later = [
        {"_workspace": workspace_id, "_id": id, "_at": at}
        for id, at in sorted(again.items())
        if at is not None
    ]
    if later:
        await _DECIDED.do_each(tx, later)


_NEVER = Prepared(
    update(people)
    .where(
        people.c.workspace_id == bindparam("_workspace"),
        among(people.c.id, texts("_ids")),
        people.c.decide_at.is_not(None),
    )
    .values(decide_at=None)
)
_DECIDED = Prepared(
    update(people)
    .where(people.c.workspace_id == bindparam("_workspace"), people.c.id == bindparam("_id"))
    .values(decide_at=_AT)
)
