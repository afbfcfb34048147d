"""Deals that were won of late, as a team is told of them in its channel."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    bindparam,
    delete,
    func,
    select,
    tuple_,
    union_all,
    update,
)

from coach.models import Ref
from storage.among import among, texts
from storage.columns import UtcDateTime
from storage.database import Tx, add_new, chunks
from storage.prepared import Prepared
from storage.tables import messages, team_channels, team_wins

#: For so long what was told follows the deal; then the coach keeps nothing of it.
FOLLOWED = timedelta(days=30)

#: The kind of the messages that tell of them.
KIND = "team_wins"


class Win(NamedTuple):
    """A deal that was won, and the message that tells of it."""

    workspace_id: str
    connection_id: str
    deal_id: str
    #: When it was won, or where the hour of that is not known, when we were told.
    told_at: datetime
    #: `None` until it is told.
    message_id: str | None = None

    @property
    def ref(self) -> Ref:
        """The deal."""
        return Ref(self.connection_id, self.deal_id)


_COLUMNS = [team_wins.c[name] for name in Win._fields]


def _of(workspace_id: str, refs: Collection[Ref]) -> tuple[ColumnElement[bool], ...]:
    keys = sorted((each.connection_id, each.id) for each in refs)
    return (
        team_wins.c.workspace_id == workspace_id,
        tuple_(team_wins.c.connection_id, team_wins.c.deal_id).in_(keys),
    )


async def add(tx: Tx, wins: Sequence[Win], due_at: datetime) -> None:
    """Have these told; one that is known already stays as it is."""
    await add_new(tx, team_wins, [{**each._asdict(), "due_at": due_at} for each in wins])


_CHANGED = Prepared(
    update(team_wins)
    .where(
        team_wins.c.workspace_id == bindparam("_workspace"),
        team_wins.c.connection_id == bindparam("_connection"),
        among(team_wins.c.deal_id, texts("_ids")),
        team_wins.c.message_id.is_not(None),
    )
    .values(due_at=bindparam("_at", type_=UtcDateTime))
)


async def changed(
    tx: Tx, workspace_id: str, connection_id: str, deal_ids: Collection[str], at: datetime
) -> None:
    """Have what was told of these deals looked at anew."""
    where = {"_workspace": workspace_id, "_connection": connection_id, "_ids": sorted(deal_ids)}
    await _CHANGED.do(tx, {**where, "_at": at})


async def look_again(tx: Tx, workspace_id: str, at: datetime) -> None:
    """Have all that was told of late looked at anew."""
    await tx.execute(
        update(team_wins)
        .where(team_wins.c.workspace_id == workspace_id, team_wins.c.message_id.is_not(None))
        .values(due_at=at)
    )


async def upcoming(tx: Tx) -> datetime | None:
    """When a channel has something to be told of next."""
    both = union_all(
        select(team_wins.c.due_at.label("at")),
        select(team_channels.c.figures_at.label("at")),
    ).subquery()
    at: datetime | None = (await tx.execute(select(func.min(both.c.at)))).scalar()
    return at


_WORKSPACES_DUE = Prepared(
    select(team_wins.c.workspace_id)
    .where(team_wins.c.due_at <= bindparam("now"))
    .distinct()
    .order_by(team_wins.c.workspace_id)
    .limit(bindparam("most"))
)


async def workspaces_due(tx: Tx, now: datetime, most: int) -> list[str]:
    """The workspaces of those that are to be looked at by now."""
    return await _WORKSPACES_DUE.column(tx, {"now": now, "most": most})


async def due(tx: Tx, workspace_id: str, now: datetime) -> list[Win]:
    """Those that are to be looked at by now; the caller holds the workspace's lock."""
    query = (
        select(*_COLUMNS)
        .where(team_wins.c.workspace_id == workspace_id, team_wins.c.due_at <= now)
        .order_by(team_wins.c.told_at, team_wins.c.connection_id, team_wins.c.deal_id)
    )
    return [Win(*row) for row in await tx.execute(query)]


async def untold(tx: Tx, workspace_id: str) -> list[Win]:
    """Those that were not told yet, the oldest first."""
    query = (
        select(*_COLUMNS)
        .where(team_wins.c.workspace_id == workspace_id, team_wins.c.message_id.is_(None))
        .order_by(team_wins.c.told_at, team_wins.c.connection_id, team_wins.c.deal_id)
    )
    return [Win(*row) for row in await tx.execute(query)]


async def latest_due(tx: Tx, workspace_id: str, now: datetime, until: datetime) -> datetime | None:
    """When the last of those is due that were not told yet and are due soon."""
    c = team_wins.c
    query = select(func.max(c.due_at)).where(
        c.workspace_id == workspace_id,
        c.message_id.is_(None),
        c.due_at > now,
        c.due_at <= until,
    )
    at: datetime | None = (await tx.execute(query)).scalar()
    return at


async def told_in(tx: Tx, workspace_id: str, message_id: str) -> list[Win]:
    """Those that one message tells of, in its order."""
    query = (
        select(*_COLUMNS)
        .where(team_wins.c.workspace_id == workspace_id, team_wins.c.message_id == message_id)
        .order_by(team_wins.c.told_at, team_wins.c.connection_id, team_wins.c.deal_id)
    )
    return [Win(*row) for row in await tx.execute(query)]


async def tell(tx: Tx, wins: Sequence[Win], message_id: str) -> None:
    """They are told of by this message from now on."""
    await _set(tx, wins, message_id=message_id)


async def put_off(tx: Tx, wins: Sequence[Win], at: datetime) -> None:
    """Look at these then."""
    await _set(tx, wins, due_at=at)


async def rest(tx: Tx, wins: Sequence[Win]) -> None:
    """They are told as they are: they are looked at when they change, and let go in the end."""
    for each in wins:
        await _set(tx, [each], due_at=each.told_at + FOLLOWED)


async def _set(tx: Tx, wins: Sequence[Win], **values: object) -> None:
    for some in chunks(wins):
        which = _of(some[0].workspace_id, [each.ref for each in some])
        await tx.execute(update(team_wins).where(*which).values(**values))


async def drop(tx: Tx, wins: Sequence[Win]) -> None:
    """Keep nothing of these any more; the messages that tell of them stay as they are."""
    for some in chunks(wins):
        which = _of(some[0].workspace_id, [each.ref for each in some])
        await tx.execute(delete(team_wins).where(*which))


async def let_go(tx: Tx, wins: Sequence[Win]) -> None:
    """Follow these no more; what was told of them stands.

    A message of nothing that is followed is kept only as long as it names somebody, who may want
    their name out of it.
    """
    await drop(tx, wins)
    for workspace_id, message_id in sorted(
        {(each.workspace_id, each.message_id) for each in wins if each.message_id}
    ):
        if not await told_in(tx, workspace_id, message_id):
            await _let_go(tx, workspace_id, message_id)


async def _let_go(tx: Tx, workspace_id: str, message_id: str) -> None:
    which = (messages.c.workspace_id == workspace_id) & (messages.c.id == message_id)
    params = (await tx.execute(select(messages.c.params).where(which))).scalar()
    if params is not None and not any(person for *_, person in params.get("of") or ()):
        await tx.execute(delete(messages).where(which))


async def forget(tx: Tx, workspace_id: str, connection_id: str) -> None:
    """A CRM is not linked any more: what was told of its deals stands, and is not followed."""
    query = select(*_COLUMNS).where(
        team_wins.c.workspace_id == workspace_id, team_wins.c.connection_id == connection_id
    )
    await let_go(tx, [Win(*row) for row in await tx.execute(query)])


async def drop_untold(tx: Tx, workspace_id: str) -> None:
    """Have those told no more that were not told yet."""
    await tx.execute(
        delete(team_wins).where(
            team_wins.c.workspace_id == workspace_id, team_wins.c.message_id.is_(None)
        )
    )
