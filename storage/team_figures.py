"""What a team's figures are counted from: all of its deals together, and how many people act."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import distinct, func, select

from coach.models import Origin
from coach.report import Amounts, Closed
from storage import report
from storage.activities import SLACK
from storage.database import Tx
from storage.tables import OPEN_DEAL, activities, deals

#: So many closed deals are counted at most, the latest first: more than a team closes in weeks.
MOST = 50_000


async def active(tx: Tx, workspace_id: str, since: datetime, until: datetime) -> int:
    """How many people did anything in their CRM in that time; commands and imports aside."""
    c = activities.c
    query = select(func.count(distinct(c.person_id))).where(
        c.workspace_id == workspace_id,
        c.occurred_at >= since,
        c.occurred_at < until,
        c.connection_id != SLACK,
        c.origin != Origin.IMPORT.value,
        c.person_id.is_not(None),
    )
    return int((await tx.execute(query)).scalar_one())


async def closed(tx: Tx, workspace_id: str, since: datetime, until: datetime) -> list[Closed]:
    """The team's deals that were won or lost in that time, the latest first."""
    return await report.closed(tx, workspace_id, None, since, until, most=MOST)


async def open_now(tx: Tx, workspace_id: str) -> tuple[int, Amounts]:
    """How many of the team's deals are open, and what they are worth by currency."""
    query = (
        select(deals.c.currency, deals.c.value, func.count())
        .where(deals.c.workspace_id == workspace_id, OPEN_DEAL)
        .group_by(deals.c.currency, deals.c.value)
    )
    whole = 0
    amounts: dict[str | None, Decimal] = {}
    # Amounts are added up here: SQLite would do it in floats.
    for currency, value, count in await tx.execute(query):
        whole += count
        if value is not None:
            amounts[currency] = amounts.get(currency, Decimal(0)) + value * count
    return whole, amounts
