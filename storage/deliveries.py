"""Deliveries: raw webhook requests, durable before the 2xx, each event counted once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, func, or_, select, update

from storage.database import Database, Tx, chunks, insert_for
from storage.tables import connections, deliveries, event_keys


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """One verified request, to be stored."""

    workspace_id: str
    id: str
    connection_id: str
    message_id: str | None
    received_at: datetime
    body: bytes
    #: The identity of each well-formed event in it.
    dedupe_keys: tuple[str, ...]
    #: What was wrong with the rest, if anything: it is kept to be looked at and run again.
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One stored request, to be turned into activities."""

    workspace_id: str
    id: str
    connection_id: str
    received_at: datetime
    body: bytes
    message_id: str | None = None
    error: str | None = None


# Statements of every request are made once: making them takes as long as executing them.
_STORED = deliveries.insert()
_ARRIVED = (
    update(connections)
    .where(
        connections.c.workspace_id == bindparam("workspace"),
        connections.c.id == bindparam("connection"),
    )
    .values(last_delivery_at=bindparam("at"))
)
_WAITING = select(deliveries.c.workspace_id).where(deliveries.c.state == "pending").distinct()


@cache
def _new_keys(dialect: str) -> Any:
    return (
        insert_for(dialect, event_keys)
        .on_conflict_do_nothing(index_elements=list(event_keys.primary_key))
        .returning(event_keys.c.delivery_id, event_keys.c.dedupe_key)
    )


async def accept(tx: Tx, new: Sequence[NewDelivery]) -> dict[str, set[str]]:
    """Store deliveries that bring anything new; the result maps delivery id -> its new events.

    A delivery all of whose events are known already is not stored again. One that brings nothing
    new but errors is stored as failed, once for each message id.
    """
    # In one order everywhere: two processes with the same events must not block each other.
    rows: dict[tuple[str, str, str], dict[str, str]] = {}
    for delivery in new:
        for key in delivery.dedupe_keys:
            # Within one commit the first wins, too.
            rows.setdefault(
                (delivery.workspace_id, delivery.connection_id, key),
                {
                    "workspace_id": delivery.workspace_id,
                    "connection_id": delivery.connection_id,
                    "dedupe_key": key,
                    "delivery_id": delivery.id,
                },
            )
    fresh: dict[str, set[str]] = {delivery.id: set() for delivery in new}
    if rows:
        for delivery_id, key in await tx.execute(
            _new_keys(tx.dialect.name), [rows[place] for place in sorted(rows)]
        ):
            fresh[delivery_id].add(key)
    known_failures = await _known_failures(tx, [d for d in new if not fresh[d.id]])
    stored = [
        {
            "workspace_id": delivery.workspace_id,
            "id": delivery.id,
            "connection_id": delivery.connection_id,
            "message_id": delivery.message_id,
            "received_at": delivery.received_at,
            "body": delivery.body,
            "state": "pending" if fresh[delivery.id] else "failed",
            "error": delivery.error,
        }
        for delivery in new
        if fresh[delivery.id]
        or (
            delivery.error
            and (delivery.workspace_id, delivery.connection_id, delivery.message_id)
            not in known_failures
        )
    ]
    if stored:
        await tx.execute(_STORED, stored)
        await _note_arrivals(tx, new)
    return fresh


async def _note_arrivals(tx: Tx, new: Sequence[NewDelivery]) -> None:
    latest: dict[tuple[str, str], datetime] = {}
    for each in new:
        latest[each.workspace_id, each.connection_id] = each.received_at
    for (workspace_id, connection_id), at in latest.items():
        place = {"workspace": workspace_id, "connection": connection_id, "at": at}
        await tx.execute(_ARRIVED, place)


async def _known_failures(tx: Tx, new: Sequence[NewDelivery]) -> set[tuple[str, str, str | None]]:
    # A vendor repeats what was refused; one copy is enough to look at.
    failing = [d for d in new if d.error and d.message_id]
    if not failing:
        return set()
    columns = (deliveries.c.workspace_id, deliveries.c.connection_id, deliveries.c.message_id)
    query = select(*columns).where(
        # Part of one that is still to be worked off may have been refused as well.
        or_(deliveries.c.state == "failed", deliveries.c.state == "pending"),
        deliveries.c.error.is_not(None),
        deliveries.c.workspace_id.in_({d.workspace_id for d in failing}),
        deliveries.c.message_id.in_({d.message_id for d in failing}),
    )
    return {(row[0], row[1], row[2]) for row in await tx.execute(query)}


_DELIVERY = [deliveries.c[name] for name in Delivery.__slots__]


async def next_pending(
    tx: Tx, database: Database, workspace_id: str, most: int, *, only: str | None = None
) -> list[Delivery]:
    """The oldest pending deliveries, locked for this transaction where others could take them.

    With `only` no other than the one with this id.
    """
    query = (
        select(*_DELIVERY)
        .where(deliveries.c.workspace_id == workspace_id, deliveries.c.state == "pending")
        .order_by(deliveries.c.id)
        .limit(most)
    )
    if only is not None:
        query = query.where(deliveries.c.id == only)
    if not database.is_sqlite:
        query = query.with_for_update(skip_locked=True)
    return [Delivery(*row) for row in await tx.execute(query)]


async def next_pending_id(tx: Tx, workspace_id: str) -> str | None:
    """The oldest pending delivery's id."""
    query = (
        select(deliveries.c.id)
        .where(deliveries.c.workspace_id == workspace_id, deliveries.c.state == "pending")
        .order_by(deliveries.c.id)
        .limit(1)
    )
    return (await tx.execute(query)).scalar_one_or_none()


async def pending_workspaces(tx: Tx) -> list[str]:
    """Workspaces that have deliveries to work on."""
    return list((await tx.execute(_WAITING)).scalars())


async def finish(
    tx: Tx, workspace_id: str, outcomes: Mapping[str, str | None], now: datetime
) -> None:
    """Note how deliveries ended: id -> its error, or `None` for well."""
    well = [id for id, error in outcomes.items() if error is None]
    for piece in chunks(well):
        await tx.execute(
            update(deliveries)
            .where(deliveries.c.workspace_id == workspace_id, deliveries.c.id.in_(piece))
            .values(state="done", processed_at=now, error=None)
        )
    for id, error in outcomes.items():
        if error is not None:
            await tx.execute(
                update(deliveries)
                .where(deliveries.c.workspace_id == workspace_id, deliveries.c.id == id)
                .values(state="failed", processed_at=now, error=error)
            )


async def failed(tx: Tx, workspace_id: str, most: int = 20) -> list[Delivery]:
    """The newest deliveries that could not be read, with their errors."""
    query = (
        select(*_DELIVERY)
        .where(deliveries.c.workspace_id == workspace_id, deliveries.c.state == "failed")
        .order_by(deliveries.c.id.desc())
        .limit(most)
    )
    return [Delivery(*row) for row in await tx.execute(query)]


async def counts(tx: Tx, workspace_id: str) -> dict[str, int]:
    """How many deliveries are pending and failed."""
    query = (
        select(deliveries.c.state, func.count())
        .where(
            deliveries.c.workspace_id == workspace_id,
            deliveries.c.state.in_(["pending", "failed"]),
        )
        .group_by(deliveries.c.state)
    )
    return {row[0]: row[1] for row in await tx.execute(query)}


async def replay(tx: Tx, workspace_id: str, ids: Sequence[str] | None = None) -> int:
    """Put failed deliveries (all, or these) back to work; returns how many."""
    query = (
        update(deliveries)
        .where(deliveries.c.workspace_id == workspace_id, deliveries.c.state == "failed")
        .values(state="pending")
        .returning(deliveries.c.id)
    )
    if ids is not None:
        query = query.where(deliveries.c.id.in_(list(ids)))
    return len((await tx.execute(query)).all())
