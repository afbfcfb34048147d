"""From which value a deal is in the top tenth of a person's open deals (ten at least)."""

from sqlalchemy import Float, cast, func, select

from storage.database import Tx, chunks
from storage.loader import Asked, Loader
from storage.tables import OPEN_DEAL, deals


async def find(tx: Tx, asked: Asked) -> dict[str, float]:
    """The limit of each who has enough open deals with a value."""
    amount = cast(deals.c.value, Float)
    limits: dict[str, float] = {}
    for piece in chunks(sorted(asked.people)):
        ranked = (
            select(
                deals.c.person_id,
                amount.label("amount"),
                func.row_number()
                .over(partition_by=deals.c.person_id, order_by=amount.desc())
                .label("place"),
                func.count().over(partition_by=deals.c.person_id).label("total"),
            )
            .where(
                deals.c.workspace_id == asked.workspace_id,
                deals.c.person_id.in_(piece),
                deals.c.value.is_not(None),
                OPEN_DEAL,
            )
            .subquery()
        )
        query = (
            select(ranked.c.person_id, func.min(ranked.c.amount))
            .where(ranked.c.total >= 10, ranked.c.place * 10 <= ranked.c.total)
            .group_by(ranked.c.person_id)
        )
        limits.update({row[0]: row[1] for row in await tx.execute(query)})
    return limits


LOADER = Loader(find)
