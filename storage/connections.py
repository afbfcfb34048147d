"""Connections: one CRM linked to a workspace, with its address, secrets and health."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, or_, select, update

from storage.database import Tx
from storage.sealing import Seal
from storage.tables import (
    activities,
    connections,
    contacts_made,
    crm_writes,
    event_keys,
    grants,
    remote_ids,
    stage_visits,
    stages,
)


@dataclass(frozen=True, slots=True)
class Connection:
    """One CRM, as stored; secrets in the clear, so never logged nor shown."""

    workspace_id: str
    id: str
    provider: str
    #: The unguessable part of the webhook's address.
    token: str
    #: Signing secrets, newest first: several while one replaces another.
    secrets: tuple[str, ...]
    #: The token for tools that cannot sign.
    bearer: str
    #: Where calls go, where it is not where all calls to the vendor go.
    callback_url: str | None = None
    last_delivery_at: datetime | None = None
    #: What the vendor calls the account, where it has told.
    account_id: str | None = None
    #: What calls to the vendor are authorized with, by the provider's names.
    access: Mapping[str, str] = field(default_factory=dict)
    #: Until when the vendor asked to be left alone.
    paused_until: datetime | None = None
    pause_reason: str | None = None
    #: What the vendor calls the webhooks it was asked for by API.
    subscription: tuple[str, ...] = ()
    #: What people call the account.
    name: str | None = None
    #: What is wrong with its webhooks, in a sentence; `None`: nothing that anybody knows of.
    trouble: str | None = None
    #: When something was last found by looking that no webhook had told of.
    missed_at: datetime | None = None
    #: When the first request came whose signature was right.
    first_delivery_at: datetime | None = None
    #: When the vendor first answered a look-up in a way that could be read.
    first_answer_at: datetime | None = None

    @property
    def granted(self) -> bool:
        """Whether its access was granted in a browser (OAuth), and is renewed from time to time."""
        return bool(self.access.get("refresh_token"))

    @property
    def reachable(self) -> bool:
        """Whether there is anywhere to tell of changes at all."""
        return self.callback_url is not None or bool(self.access)

    def __repr__(self) -> str:
        return f"Connection({self.workspace_id}/{self.id}, {self.provider})"


def token_hash(token: str) -> str:
    """How a connection is found by its token without storing the token in the clear."""
    return hashlib.sha256(token.encode()).hexdigest()


async def save(tx: Tx, seal: Seal, connection: Connection, now: datetime) -> None:
    """Add a connection, or change the one with this id."""
    values = {
        "provider": connection.provider,
        "token_hash": token_hash(connection.token),
        "secrets": seal.close(
            {
                "token": connection.token,
                "secrets": list(connection.secrets),
                "bearer": connection.bearer,
                "access": dict(connection.access),
                "subscription": list(connection.subscription),
            }
        ),
        "account_id": connection.account_id,
        "name": connection.name,
        "callback_url": connection.callback_url,
    }
    key = (connections.c.workspace_id == connection.workspace_id) & (
        connections.c.id == connection.id
    )
    changed = await tx.execute(
        update(connections).where(key).values(**values).returning(connections.c.id)
    )
    if changed.first() is None:
        await tx.execute(
            connections.insert().values(
                workspace_id=connection.workspace_id, id=connection.id, created_at=now, **values
            )
        )


def _connection(row: Row[Any], seal: Seal) -> Connection:
    secrets = seal.open(row.secrets)
    return Connection(
        row.workspace_id,
        row.id,
        row.provider,
        secrets["token"],
        tuple(secrets["secrets"]),
        secrets["bearer"],
        row.callback_url,
        row.last_delivery_at,
        row.account_id,
        secrets.get("access", {}),
        row.paused_until,
        row.pause_reason,
        tuple(secrets.get("subscription", ())),
        row.name,
        None if row.mended else row.trouble,
        row.missed_at,
        row.first_delivery_at,
        row.first_answer_at,
    )


async def by_token(tx: Tx, seal: Seal, token: str) -> Connection | None:
    """The connection whose webhook address ends in this token."""
    query = select(connections).where(connections.c.token_hash == token_hash(token))
    row = (await tx.execute(query)).first()
    return _connection(row, seal) if row else None


async def by_account(tx: Tx, seal: Seal, provider: str, account_id: str) -> list[Connection]:
    """The connections of all workspaces to one account at a vendor."""
    query = (
        select(connections)
        .where(
            connections.c.provider == provider,
            connections.c.account_id == account_id,
            connections.c.account_id.is_not(None),
        )
        .order_by(connections.c.workspace_id, connections.c.id)
    )
    return [_connection(row, seal) for row in await tx.execute(query)]


async def of_workspace(tx: Tx, seal: Seal, workspace_id: str) -> list[Connection]:
    """All connections of a workspace, oldest first."""
    query = (
        select(connections)
        .where(connections.c.workspace_id == workspace_id)
        .order_by(connections.c.created_at, connections.c.id)
    )
    return [_connection(row, seal) for row in await tx.execute(query)]


async def providers(tx: Tx, workspace_id: str) -> dict[str, str]:
    """Which provider each connection of a workspace has, by the connection's id; needs no key."""
    query = select(connections.c.id, connections.c.provider).where(
        connections.c.workspace_id == workspace_id
    )
    return {row[0]: row[1] for row in await tx.execute(query)}


async def pause(tx: Tx, workspace_id: str, id: str, until: datetime, reason: str) -> None:
    """Leave a connection's vendor alone until then, in every process; never for a shorter time."""
    await tx.execute(
        update(connections)
        .where(
            connections.c.workspace_id == workspace_id,
            connections.c.id == id,
            or_(connections.c.paused_until.is_(None), connections.c.paused_until < until),
        )
        .values(paused_until=until, pause_reason=reason)
    )


async def one(tx: Tx, seal: Seal, workspace_id: str, id: str) -> Connection | None:
    """A connection by its name."""
    query = select(connections).where(_is(workspace_id, id))
    row = (await tx.execute(query)).first()
    return _connection(row, seal) if row else None


def _is(workspace_id: str, id: str) -> ColumnElement[bool]:
    return (connections.c.workspace_id == workspace_id) & (connections.c.id == id)


async def take_turn(tx: Tx, workspace_id: str, id: str, now: datetime, until: datetime) -> bool:
    """Take the turn to renew what calls are authorized with; nobody else gets it until then."""
    taken = await tx.execute(
        update(connections)
        .where(
            _is(workspace_id, id),
            or_(connections.c.renewing_until.is_(None), connections.c.renewing_until <= now),
        )
        .values(renewing_until=until)
        .returning(connections.c.id)
    )
    return taken.first() is not None


async def end_turn(tx: Tx, workspace_id: str, id: str, until: datetime) -> bool:
    """Give up the turn that lasts until then; `False` when it was over, and somebody else's."""
    ended = await tx.execute(
        update(connections)
        .where(_is(workspace_id, id), connections.c.renewing_until == until)
        .values(renewing_until=None)
        .returning(connections.c.id)
    )
    return ended.first() is not None


async def renew(tx: Tx, seal: Seal, workspace_id: str, id: str, access: Mapping[str, str]) -> None:
    """Replace entries of what calls are authorized with; the caller holds the workspace's lock."""
    await _seal_anew(tx, seal, workspace_id, id, {}, access)


async def subscribed(
    tx: Tx,
    seal: Seal,
    workspace_id: str,
    id: str,
    subscription: tuple[str, ...],
    secrets: tuple[str, ...],
) -> None:
    """Keep what a vendor calls its webhooks and signs them with; the caller holds the workspace's
    lock. What calls are authorized with stays as it is: another may have renewed it.
    """
    told = {"subscription": list(subscription), "secrets": list(secrets)}
    await _seal_anew(tx, seal, workspace_id, id, told, {})


async def _seal_anew(
    tx: Tx,
    seal: Seal,
    workspace_id: str,
    id: str,
    told: Mapping[str, Any],
    access: Mapping[str, str],
) -> None:
    query = select(connections.c.secrets).where(_is(workspace_id, id))
    row = (await tx.execute(query)).first()
    if row is None:
        return
    secrets = {**seal.open(row.secrets), **told}
    secrets["access"] = {**secrets.get("access", {}), **access}
    await tx.execute(
        update(connections).where(_is(workspace_id, id)).values(secrets=seal.close(secrets))
    )


async def to_look_at(tx: Tx, seal: Seal, now: datetime, until: datetime) -> list[Connection]:
    """Connections whose webhooks are to be looked at now; nobody else gets them until then."""
    taken = await tx.execute(
        update(connections)
        .where(connections.c.look_at <= now)
        .values(look_at=until)
        .returning(connections)
    )
    return [_connection(row, seal) for row in taken]


async def look(tx: Tx, workspace_id: str, id: str, at: datetime | None) -> None:
    """Have its webhooks looked at then."""
    await tx.execute(update(connections).where(_is(workspace_id, id)).values(look_at=at))


async def missed(tx: Tx, workspace_id: str, id: str, now: datetime) -> None:
    """Note that something was found by looking that no webhook had told of."""
    await tx.execute(update(connections).where(_is(workspace_id, id)).values(missed_at=now))


async def answered(tx: Tx, workspace_id: str, id: str, now: datetime) -> None:
    """Note that the vendor has answered in a way that could be read, if it is the first time."""
    await tx.execute(
        update(connections)
        .where(_is(workspace_id, id), connections.c.first_answer_at.is_(None))
        .values(first_answer_at=now)
    )


async def end(tx: Tx, workspace_id: str, id: str) -> None:
    """Forget a connection: its secrets, what it has sent, what happened and was to be done there.

    The record goes as well: linked anew, what happened there must not count as known already.
    """
    for table in (activities, event_keys, stages, stage_visits, contacts_made, remote_ids,
                  crm_writes, grants):  # fmt: skip
        mine = (table.c.workspace_id == workspace_id) & (table.c.connection_id == id)
        await tx.execute(delete(table).where(mine))
    await tx.execute(delete(connections).where(_is(workspace_id, id)))


async def count(tx: Tx, workspace_id: str) -> int:
    """How many CRMs are linked to a workspace; needs no key."""
    query = (
        select(func.count())
        .select_from(connections)
        .where(connections.c.workspace_id == workspace_id)
    )
    return int((await tx.execute(query)).scalar_one())
