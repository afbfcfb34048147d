"""Workspaces: which Slack team this database serves, and whether Slack still lets us speak."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, func, literal, select, update

from storage.columns import UtcDateTime
from storage.database import Database, Tx, insert
from storage.tables import workspaces

#: The workspace of an installation that serves one team.
DEFAULT = "default"


class Workspace(NamedTuple):
    """One Slack team, as stored."""

    id: str
    team_id: str | None
    name: str
    enterprise_id: str | None
    administrator: str | None
    slack_error: str | None
    slack_error_at: datetime | None
    lookups_after: datetime | None
    #: Since when the app is gone from there, and from when on what is kept of it is deleted.
    left_at: datetime | None = None
    delete_at: datetime | None = None
    #: What an administrator has switched on, with blanks between.
    switched_on: str = ""


_COLUMNS = [workspaces.c[name] for name in Workspace._fields]


async def ensure(tx: Tx, workspace_id: str, now: datetime) -> None:
    """Make the workspace if it is not there."""
    await tx.execute(
        insert(tx, workspaces)
        .values(id=workspace_id, created_at=now, learn_at=now)
        .on_conflict_do_nothing(index_elements=["id"])
    )


async def get(tx: Tx, workspace_id: str) -> Workspace | None:
    """One workspace."""
    row = (await tx.execute(select(*_COLUMNS).where(workspaces.c.id == workspace_id))).first()
    return Workspace(*row) if row else None


async def by_team(tx: Tx, team_id: str) -> Workspace | None:
    """The workspace bound to a Slack team."""
    row = (await tx.execute(select(*_COLUMNS).where(workspaces.c.team_id == team_id))).first()
    return Workspace(*row) if row else None


async def every(tx: Tx) -> list[Workspace]:
    """All workspaces."""
    return [Workspace(*row) for row in await tx.execute(select(*_COLUMNS))]


async def settle(
    tx: Tx, team_id: str, name: str, enterprise_id: str | None, id: str, now: datetime
) -> str:
    """The workspace of a team where the app was installed just now, made with this id if need be.

    One that had the app before comes back with everything. One whose data are being deleted has no
    team any more, and stays gone.
    """
    c = workspaces.c
    back = await tx.execute(
        update(workspaces)
        .where(c.team_id == team_id)
        .values(
            enterprise_id=enterprise_id,
            slack_error=None,
            slack_error_at=None,
            left_at=None,
            delete_at=None,
            **({"name": name} if name else {}),
        )
        .returning(c.id)
    )
    known = back.scalar()
    if known is not None:
        return str(known)
    made = await tx.execute(
        insert(tx, workspaces)
        .values(
            id=id,
            team_id=team_id,
            name=name,
            enterprise_id=enterprise_id,
            created_at=now,
            learn_at=now,
        )
        .on_conflict_do_nothing(index_elements=["team_id"])
        .returning(c.id)
    )
    if (new := made.scalar()) is not None:
        return str(new)
    # Another was faster.
    return str((await tx.execute(select(c.id).where(c.team_id == team_id))).scalar_one())


async def change(tx: Tx, workspace_id: str, **values: object) -> None:
    """Set columns of a workspace."""
    await tx.execute(update(workspaces).where(workspaces.c.id == workspace_id).values(**values))


async def shut_out(tx: Tx, workspace_ids: Collection[str], code: str, now: datetime) -> None:
    """Slack does not let us speak there, in its own word; since when, stays as first told."""
    since = func.coalesce(workspaces.c.slack_error_at, literal(now, UtcDateTime))
    await tx.execute(
        update(workspaces)
        .where(workspaces.c.id.in_(workspace_ids))
        .values(slack_error=code, slack_error_at=since)
    )


async def let_in(tx: Tx, workspace_ids: Collection[str]) -> None:
    """Slack lets us speak there, whoever had left."""
    await tx.execute(
        update(workspaces)
        .where(workspaces.c.id.in_(workspace_ids))
        .values(slack_error=None, slack_error_at=None, left_at=None, delete_at=None)
    )


async def of_organisation(tx: Tx, enterprise_id: str) -> list[str]:
    """The ids of all workspaces of an organisation, also of those that have left."""
    query = select(workspaces.c.id).where(workspaces.c.enterprise_id == enterprise_id)
    return list((await tx.execute(query)).scalars())


_LOCK = select(workspaces.c.id).where(workspaces.c.id == bindparam("id"))
_WAIT_FOR_LOCK = _LOCK.with_for_update(key_share=True)
_LOCK_IF_FREE = _LOCK.with_for_update(key_share=True, skip_locked=True)


async def lock(tx: Tx, database: Database, workspace_id: str) -> None:
    """Be the only one to change this workspace's mirror until the transaction ends.

    A row lock on PostgreSQL, one that leaves alone who only refers to the workspace; on SQLite a
    writing transaction is alone anyway.
    """
    if not database.is_sqlite:
        await tx.execute(_WAIT_FOR_LOCK, {"id": workspace_id})


async def lock_if_free(tx: Tx, database: Database, workspace_id: str) -> bool:
    """The same without waiting for whoever has it now; says whether it was to be had."""
    if database.is_sqlite:
        return True
    return (await tx.execute(_LOCK_IF_FREE, {"id": workspace_id})).first() is not None
