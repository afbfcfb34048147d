"""Connections: one CRM linked to a workspace, with its address, secrets and health."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, or_, select, update

from storage.database import Tx
from storage.sealing import Seal
from storage.tables import connections


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


async def count(tx: Tx, workspace_id: str) -> int:
    """How many CRMs are linked to a workspace; needs no key."""
    query = (
        select(func.count())
        .select_from(connections)
        .where(connections.c.workspace_id == workspace_id)
    )
    return int((await tx.execute(query)).scalar_one())
