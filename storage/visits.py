"""Deals' stays in stages: what the mirror remembers of the way a deal went."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select

from coach.mirror import Visit
from storage.among import among, texts
from storage.database import Tx, chunks, put
from storage.prepared import Prepared
from storage.tables import stage_visits

_OF_DEALS = Prepared(
    select(
        stage_visits.c.deal_id,
        stage_visits.c.stage,
        stage_visits.c.entered_at,
        stage_visits.c.left_at,
        stage_visits.c.came,
    )
    .where(
        stage_visits.c.workspace_id == bindparam("workspace"),
        stage_visits.c.connection_id == bindparam("connection"),
        among(stage_visits.c.deal_id, texts("deals")),
    )
    .order_by(stage_visits.c.deal_id, stage_visits.c.entered_at)
)


async def load(
    tx: Tx, workspace_id: str, connection_id: str, deal_ids: Collection[str]
) -> dict[str, list[Visit]]:
    """The stays of deals in stages, in order, by deal id."""
    found: dict[str, list[Visit]] = {}
    if deal_ids:
        asked = {"workspace": workspace_id, "connection": connection_id, "deals": list(deal_ids)}
        for row in await _OF_DEALS.rows(tx, asked):
            found.setdefault(row[0], []).append(Visit(row[1], row[2], row[3], row[4]))
    return found


async def save(
    tx: Tx,
    workspace_id: str,
    connection_id: str,
    changed: Mapping[str, tuple[Sequence[Visit], Sequence[Visit]]],
) -> None:
    """Store the stays of deals: deal id -> (as they were, as they are)."""
    gone: list[tuple[str, datetime]] = []
    rows: list[dict[str, Any]] = []
    for deal_id, (before, after) in changed.items():
        kept = {visit.entered_at for visit in after}
        gone += [(deal_id, v.entered_at) for v in before if v.entered_at not in kept]
        known = set(before)
        rows += [
            {
                "workspace_id": workspace_id,
                "connection_id": connection_id,
                "deal_id": deal_id,
                "entered_at": visit.entered_at,
                "stage": visit.stage,
                "left_at": visit.left_at,
                "came": visit.came,
            }
            for visit in after
            if visit not in known
        ]
    for deal_id, entered_at in gone:
        await tx.execute(
            delete(stage_visits).where(
                stage_visits.c.workspace_id == workspace_id,
                stage_visits.c.connection_id == connection_id,
                stage_visits.c.deal_id == deal_id,
                stage_visits.c.entered_at == entered_at,
            )
        )
    for piece in chunks(rows, 1000):
        await put(tx, stage_visits, piece)
