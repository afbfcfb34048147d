"""Deliveries: raw webhook requests, durable before the 2xx, each event counted once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Select, Text, bindparam, func, or_, select, true, update

from coach.values import quick
from storage.among import among, texts
from storage.columns import UtcDateTime
from storage.database import Tx, add, insert_for
from storage.leases import leased_until
from storage.prepared import Prepared
from storage.tables import PENDING_LARGE, PENDING_SMALL, connections, deliveries, event_keys

#: A body of more bytes than this makes a delivery large: reading it takes longer than the event
#: loop may be held up, and it may bring more events than a transaction should.
LARGE = 32_768


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
    #: Whether the sender is told at once that nothing of it can be read.
    refused: bool = False
    #: Why nothing of it is needed, if so: it is kept as passed over.
    passed: str | None = None

    @property
    def remark(self) -> str | None:
        """What is kept to be read of it, besides its events."""
        return self.error or self.passed


@quick
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
    #: How often it was tried before.
    attempts: int = 0
    #: Whether it is worked off by itself, piece by piece.
    large: bool = False
    #: Whose form its body has.
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Unread:
    """A delivery that could not be read, or not all of it, or was passed over; without its body."""

    id: str
    received_at: datetime
    error: str | None
    #: Whether the sender was told at once that nothing of it can be read.
    refused: bool


_LANE = {False: PENDING_SMALL, True: PENDING_LARGE}

# Statements of every request are made once: making them takes as long as executing them.
_AT = bindparam("at", type_=UtcDateTime)
_ARRIVED = Prepared(
    update(connections)
    .where(
        connections.c.workspace_id == bindparam("workspace"),
        connections.c.id == bindparam("connection"),
    )
    .values(
        last_delivery_at=_AT,
        # What came before this was kept is known by the last of it.
        first_delivery_at=func.coalesce(
            connections.c.first_delivery_at, connections.c.last_delivery_at, _AT
        ),
    )
)


_KEYS = ("workspace_id", "connection_id", "dedupe_key", "delivery_id")


@cache
def _new_keys(dialect: str) -> Prepared:
    statement = insert_for(dialect, event_keys)
    if dialect == "sqlite":
        # All rows are one parameter, as with `among`: their number makes no other statement.
        row = func.json_each(bindparam("rows", type_=Text)).table_valued("value", name="row")
        columns = [func.json_extract(row.c.value, f"$[{place}]") for place in range(len(_KEYS))]
        # Without a condition SQLite takes ON CONFLICT for that of a join.
        statement = statement.from_select(_KEYS, select(*columns).where(true()))
    return Prepared(
        statement.on_conflict_do_nothing(index_elements=list(event_keys.primary_key)).returning(
            event_keys.c.delivery_id, event_keys.c.dedupe_key
        )
    )


async def _add_keys(tx: Tx, rows: Sequence[tuple[str, str, str, str]]) -> Sequence[Any]:
    """Keep keys of events; returns those that are new, each with its delivery."""
    statement = _new_keys(tx.dialect.name)
    if tx.dialect.name == "sqlite":
        return await statement.rows(tx, {"rows": to_json(rows).decode()})
    given = [dict(zip(_KEYS, row, strict=True)) for row in rows]
    return (await tx.execute(statement.statement, given)).all()


async def accept(tx: Tx, new: Sequence[NewDelivery]) -> dict[str, set[str]]:
    """Store deliveries that bring anything new; the result maps delivery id -> its new events.

    A delivery all of whose events are known already is not stored again. One that brings nothing
    new but errors is stored as failed, and one of which nothing is needed as passed over, each once
    for each message id.
    """
    # In one order everywhere: two processes with the same events must not block each other.
    owners: dict[tuple[str, str, str], str] = {}
    for delivery in new:
        for key in delivery.dedupe_keys:
            # Within one commit the first wins, too.
            owners.setdefault((delivery.workspace_id, delivery.connection_id, key), delivery.id)
    fresh: dict[str, set[str]] = {delivery.id: set() for delivery in new}
    if owners:
        rows = [(*place, owners[place]) for place in sorted(owners)]
        for row in await _add_keys(tx, rows):
            fresh[row.delivery_id].add(row.dedupe_key)
    known = await _known(tx, [d for d in new if not fresh[d.id]])
    stored = [
        {
            "workspace_id": delivery.workspace_id,
            "id": delivery.id,
            "connection_id": delivery.connection_id,
            "message_id": delivery.message_id,
            "received_at": delivery.received_at,
            "body": delivery.body,
            "large": len(delivery.body) > LARGE,
            "due_at": delivery.received_at,
            "state": _state(delivery, fresh[delivery.id]),
            "error": delivery.remark,
            "refused": delivery.refused,
        }
        for delivery in new
        if fresh[delivery.id]
        or (
            delivery.remark
            and (delivery.workspace_id, delivery.connection_id, delivery.message_id) not in known
        )
    ]
    if stored:
        await add(tx, deliveries, stored)
        await _note_arrivals(tx, new)
    return fresh


def _state(delivery: NewDelivery, fresh: Collection[str]) -> str:
    if fresh:
        return "pending"
    return "failed" if delivery.error else "passed"


async def _note_arrivals(tx: Tx, new: Sequence[NewDelivery]) -> None:
    latest: dict[tuple[str, str], datetime] = {}
    for each in new:
        latest[each.workspace_id, each.connection_id] = each.received_at
    for (workspace_id, connection_id), at in latest.items():
        place = {"workspace": workspace_id, "connection": connection_id, "at": at}
        await _ARRIVED.do(tx, place)


async def _known(tx: Tx, new: Sequence[NewDelivery]) -> set[tuple[str, str, str | None]]:
    # A vendor repeats what was refused; one copy is enough to look at, also when it was set aside.
    repeated = [d for d in new if d.remark and d.message_id]
    if not repeated:
        return set()
    columns = (deliveries.c.workspace_id, deliveries.c.connection_id, deliveries.c.message_id)
    query = select(*columns).where(
        # Part of one that is still to be worked off may have been refused as well.
        deliveries.c.state.in_(["failed", "pending", "aside", "passed"]),
        deliveries.c.error.is_not(None),
        deliveries.c.workspace_id.in_({d.workspace_id for d in repeated}),
        deliveries.c.message_id.in_({d.message_id for d in repeated}),
    )
    return {(row[0], row[1], row[2]) for row in await tx.execute(query)}


_FIELDS = (
    *("workspace_id", "id", "connection_id", "received_at", "body"),
    *("message_id", "error", "attempts", "large"),
)


def _select() -> Select[Any]:
    return select(*(deliveries.c[name] for name in _FIELDS), connections.c.provider).join(
        connections,
        (connections.c.workspace_id == deliveries.c.workspace_id)
        & (connections.c.id == deliveries.c.connection_id),
    )


@cache
def _due(large: bool) -> Prepared:
    """The deliveries of one lane that are next, up to so many and so many bytes."""
    waiting = (
        select(deliveries.c.id, deliveries.c.due_at, func.length(deliveries.c.body).label("size"))
        .where(
            deliveries.c.workspace_id == bindparam("workspace"),
            deliveries.c.due_at <= bindparam("now"),
            _LANE[large],
        )
        .order_by(deliveries.c.due_at, deliveries.c.id)
        .limit(bindparam("most"))
        .subquery()
    )
    sum_ = func.sum(waiting.c.size).over(order_by=(waiting.c.due_at, waiting.c.id))
    place = func.row_number().over(order_by=(waiting.c.due_at, waiting.c.id))
    ranked = select(waiting.c.id, sum_.label("sum"), place.label("place")).subquery()
    return Prepared(
        _select()
        .join(ranked, ranked.c.id == deliveries.c.id)
        .where(
            deliveries.c.workspace_id == bindparam("workspace"),
            # The first is taken however large it is.
            or_(ranked.c.place == 1, ranked.c.sum <= bindparam("size")),
        )
        .order_by(ranked.c.place)
    )


async def due(
    tx: Tx, workspace_id: str, now: datetime, *, most: int, size: int, large: bool = False
) -> list[Delivery]:
    """What is to be worked off next of small or of large deliveries, oldest first.

    At most `most`, and no more than `size` bytes of bodies, the first one excepted. Whoever works
    on them holds the workspace.
    """
    asked = {"workspace": workspace_id, "now": now, "most": most, "size": size}
    return [Delivery(*row) for row in await _due(large).rows(tx, asked)]


async def pending(tx: Tx, workspace_id: str, id: str) -> Delivery | None:
    """One delivery, if it is still to be worked off."""
    query = _select().where(
        deliveries.c.workspace_id == workspace_id,
        deliveries.c.id == id,
        deliveries.c.state == "pending",
    )
    row = (await tx.execute(query)).first()
    return Delivery(*row) if row else None


async def next_pending_id(tx: Tx, workspace_id: str) -> str | None:
    """The id of the delivery whose turn is next; ids begin with the time they were made at."""
    found: list[str] = []
    for lane in _LANE.values():
        query = (
            select(deliveries.c.id)
            .where(deliveries.c.workspace_id == workspace_id, lane)
            .order_by(deliveries.c.due_at, deliveries.c.id)
            .limit(1)
        )
        found += (await tx.execute(query)).scalars()
    return min(found, default=None)


@cache
def _waiting(large: bool) -> Prepared:
    """Workspaces with something due, by one look into the index for each that has anything."""
    lane, workspace = _LANE[large], deliveries.c.workspace_id
    found = select(func.min(workspace).label("id")).where(lane).cte("found", recursive=True)
    following = select(func.min(workspace)).where(lane, workspace > found.c.id).scalar_subquery()
    found = found.union_all(select(following).where(found.c.id.is_not(None)))
    first_due = (
        select(func.min(deliveries.c.due_at)).where(lane, workspace == found.c.id).scalar_subquery()
    )
    return Prepared(
        select(found.c.id).where(found.c.id.is_not(None), first_due <= bindparam("now"))
    )


async def due_workspaces(tx: Tx, now: datetime, *, large: bool = False) -> list[str]:
    """Workspaces that have deliveries to work on now."""
    return await _waiting(large).column(tx, {"now": now})


async def postpone(tx: Tx, workspace_id: str, tried: Mapping[str, int], until: datetime) -> None:
    """Let deliveries wait after an attempt that failed by no fault of theirs.

    `tried` maps their ids to how often each has been tried by now.
    """
    for id, attempts in tried.items():
        await tx.execute(
            update(deliveries)
            .where(
                deliveries.c.workspace_id == workspace_id,
                deliveries.c.id == id,
                deliveries.c.state == "pending",
            )
            .values(attempts=attempts, due_at=until)
        )


async def lease(tx: Tx, delivery: Delivery, now: datetime, lasts: timedelta) -> Delivery | None:
    """Take a delivery for a while, so that it is due to nobody else; `None` if somebody was faster.

    That counts as an attempt, whose number tells this lease from every other.
    """
    taken = replace(delivery, attempts=delivery.attempts + 1)
    return taken if await _lease(tx, delivery, taken.attempts, now, lasts) else None


async def hold(tx: Tx, delivery: Delivery, now: datetime, lasts: timedelta) -> bool:
    """Lengthen a lease; `False` when it ran out and somebody else has taken the delivery."""
    return await _lease(tx, delivery, delivery.attempts, now, lasts)


async def _lease(
    tx: Tx, delivery: Delivery, attempts: int, now: datetime, lasts: timedelta
) -> bool:
    taken = await tx.execute(
        update(deliveries)
        .where(
            deliveries.c.workspace_id == delivery.workspace_id,
            deliveries.c.id == delivery.id,
            deliveries.c.state == "pending",
            deliveries.c.attempts == delivery.attempts,
        )
        .values(attempts=attempts, due_at=leased_until(tx, now, lasts))
        .returning(deliveries.c.id)
    )
    return taken.first() is not None


_WELL = Prepared(
    update(deliveries)
    .where(
        deliveries.c.workspace_id == bindparam("_workspace"), among(deliveries.c.id, texts("_ids"))
    )
    .values(state="done", processed_at=bindparam("_now", type_=UtcDateTime), error=None)
)


async def finish(
    tx: Tx,
    workspace_id: str,
    outcomes: Mapping[str, str | None],
    now: datetime,
    *,
    ours: bool = False,
) -> None:
    """Note how deliveries ended: id -> its error, or `None` for well.

    `ours` is an error that nobody but us can mend, whatever a sender was told before.
    """
    failure: dict[str, Any] = {"state": "failed", "processed_at": now}
    if ours:
        failure["refused"] = False
    well = [id for id, error in outcomes.items() if error is None]
    if well:
        await _WELL.do(tx, {"_workspace": workspace_id, "_ids": well, "_now": now})
    for id, error in outcomes.items():
        if error is not None:
            await tx.execute(
                update(deliveries)
                .where(deliveries.c.workspace_id == workspace_id, deliveries.c.id == id)
                .values(error=error, **failure)
            )


async def failed(tx: Tx, workspace_id: str, most: int | None = None) -> list[Unread]:
    """Deliveries that could not be read, with their errors, the newest first."""
    return await _unread(tx, workspace_id, "failed", most)


async def aside(tx: Tx, workspace_id: str, most: int | None = None) -> list[Unread]:
    """Those of them that somebody has set aside, the newest first."""
    return await _unread(tx, workspace_id, "aside", most)


async def passed(tx: Tx, workspace_id: str, most: int | None = None) -> list[Unread]:
    """Those of which nothing was needed, with why, the newest first."""
    return await _unread(tx, workspace_id, "passed", most)


async def _unread(tx: Tx, workspace_id: str, state: str, most: int | None) -> list[Unread]:
    query = (
        select(*(deliveries.c[name] for name in ("id", "received_at", "error", "refused")))
        .where(deliveries.c.workspace_id == workspace_id, deliveries.c.state == state)
        .order_by(deliveries.c.id.desc())
        .limit(most)
    )
    return [Unread(*row) for row in await tx.execute(query)]


async def counts(tx: Tx, workspace_id: str) -> dict[str, int]:
    """How many deliveries are pending, failed, set aside and passed over."""
    query = (
        select(deliveries.c.state, func.count())
        .where(
            deliveries.c.workspace_id == workspace_id,
            deliveries.c.state.in_(["pending", "failed", "aside", "passed"]),
        )
        .group_by(deliveries.c.state)
    )
    return {row[0]: row[1] for row in await tx.execute(query)}


async def replay(tx: Tx, workspace_id: str, now: datetime, ids: Sequence[str] | None = None) -> int:
    """Put failed deliveries back to work: all, or these, be they set aside; returns how many."""
    query = (
        update(deliveries)
        .where(deliveries.c.workspace_id == workspace_id)
        .values(state="pending", attempts=0, due_at=now)
        .returning(deliveries.c.id)
    )
    if ids is None:
        query = query.where(deliveries.c.state == "failed")
    else:
        named = deliveries.c.id.in_(list(ids))
        query = query.where(deliveries.c.state.in_(["failed", "aside"]), named)
    return len((await tx.execute(query)).all())


async def set_aside(tx: Tx, workspace_id: str, ids: Sequence[str] | None = None) -> int:
    """Leave failed deliveries (all, or these) as they are from now on; returns how many."""
    query = (
        update(deliveries)
        .where(deliveries.c.workspace_id == workspace_id, deliveries.c.state == "failed")
        .values(state="aside")
        .returning(deliveries.c.id)
    )
    if ids is not None:
        query = query.where(deliveries.c.id.in_(list(ids)))
    return len((await tx.execute(query)).all())
