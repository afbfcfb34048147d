"""From which value a deal is in the top tenth of a person's open deals, in each currency.

A tenth is a tenth at most: of deals that tie at its border none is in it, for nothing tells them
apart, and of fewer than ten a tenth is not even one. Amounts of different currencies are not
compared.
"""

from sqlalchemy import Float, case, cast, func, select

from storage.database import Tx, chunks
from storage.loader import Asked, Loader
from storage.tables import OPEN_DEAL, deals


async def find(tx: Tx, asked: Asked) -> dict[str, dict[str, float | None]]:
    """The limit in each currency in which somebody has open deals; no currency is the empty one."""
    amount = cast(deals.c.value, Float)
    currency = func.coalesce(deals.c.currency, "")
    whose = (deals.c.person_id, currency)
    limits: dict[str, dict[str, float | None]] = {}
    for piece in chunks(sorted(asked.people)):
        ranked = (
            select(
                deals.c.person_id,
                currency.label("currency"),
                amount.label("amount"),
                # With all its equals: whichever has a value as large is counted.
                func.count()
                .over(partition_by=whose, order_by=amount.desc(), range_=(None, 0))
                .label("as_large"),
                func.count().over(partition_by=whose).label("total"),
            )
            .where(
                deals.c.workspace_id == asked.workspace_id,
                deals.c.person_id.in_(piece),
                deals.c.value.is_not(None),
                OPEN_DEAL,
            )
            .subquery()
        )
        in_tenth = case((ranked.c.as_large * 10 <= ranked.c.total, ranked.c.amount))
        query = select(ranked.c.person_id, ranked.c.currency, func.min(in_tenth)).group_by(
            ranked.c.person_id, ranked.c.currency
        )
        for person_id, named, limit in await tx.execute(query):
            limits.setdefault(person_id, {})[named] = limit
    return limits


LOADER = Loader(find)
