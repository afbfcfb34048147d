"""What a person's report is counted from: their open deals by stage, and those that were closed."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select

from coach.models import DealStatus
from coach.report import Closed, InStage
from coach.stages import KnownStage, in_order
from storage import stages as known_stages
from storage.database import Tx
from storage.tables import DECIDED_DEAL, OPEN_DEAL, deals

#: So many closed deals are counted at most, the latest first: more than one person closes in years.
MOST = 20_000


async def by_stage(tx: Tx, workspace_id: str, person_id: str) -> list[InStage]:
    """A person's open deals by stage, in the order deals go through them; without one last."""
    query = (
        select(
            deals.c.connection_id,
            deals.c.stage,
            deals.c.currency,
            deals.c.value,
            func.count(),
        )
        .where(deals.c.workspace_id == workspace_id, deals.c.person_id == person_id, OPEN_DEAL)
        .group_by(deals.c.connection_id, deals.c.stage, deals.c.currency, deals.c.value)
    )
    counts: dict[str | None, int] = {}
    amounts: dict[str | None, dict[str | None, Decimal]] = {}
    named: dict[str, set[str]] = {}
    # Amounts are added up here: SQLite would do it in floats.
    for connection_id, stage, currency, value, count in await tx.execute(query):
        counts[stage] = counts.get(stage, 0) + count
        its = amounts.setdefault(stage, {})
        if value is not None:
            its[currency] = its.get(currency, Decimal(0)) + value * count
        if stage is not None:
            named.setdefault(connection_id, set()).add(stage)
    known: list[KnownStage] = []
    for connection_id, its_stages in named.items():
        known += await known_stages.called(tx, workspace_id, connection_id, its_stages)
    ordered = [each for each in in_order(known) if each in counts]
    rest = sorted(each for each in counts if each is not None and each not in ordered)
    last = [None] if None in counts else []
    return [InStage(each, counts[each], amounts[each]) for each in [*ordered, *rest, *last]]


async def closed(
    tx: Tx,
    workspace_id: str,
    person_id: str | None,
    since: datetime,
    until: datetime | None = None,
    *,
    most: int = MOST,
) -> list[Closed]:
    """A person's deals that were won or lost in that time, the latest first; `None`: the team's."""
    query = (
        select(deals.c.closed_at, deals.c.status, deals.c.value, deals.c.currency, deals.c.source)
        .where(deals.c.workspace_id == workspace_id, DECIDED_DEAL, deals.c.closed_at >= since)
        .order_by(deals.c.closed_at.desc())
        .limit(most)
    )
    if person_id is not None:
        query = query.where(deals.c.person_id == person_id)
    if until is not None:
        query = query.where(deals.c.closed_at < until)
    return [
        Closed(at, DealStatus(status), value, currency, source)
        for at, status, value, currency, source in await tx.execute(query)
    ]
