"""The middle one of what each person's won deals were worth, in each currency.

Amounts of different currencies are not compared, and a few deals tell nothing.
"""

from sqlalchemy import Float, cast, func, select

from coach.models import Deal, DealStatus
from storage.database import Tx, chunks
from storage.loader import Asked, Loader
from storage.tables import deals

#: Of fewer won deals no middle is told.
FEWEST = 10


async def find(tx: Tx, asked: Asked) -> dict[str, dict[str, float]]:
    """Of whom a deal that is asked about was won; no currency is the empty one."""
    whose = {
        each.person_id
        for each in asked.subjects
        if isinstance(each, Deal) and each.status is DealStatus.WON and each.person_id
    }
    amount = cast(deals.c.value, Float)
    currency = func.coalesce(deals.c.currency, "")
    found: dict[str, dict[str, float]] = {}
    for piece in chunks(sorted(whose.intersection(asked.people))):
        in_order = (
            select(
                deals.c.person_id,
                currency.label("currency"),
                amount.label("amount"),
                func.row_number()
                .over(partition_by=(deals.c.person_id, currency), order_by=(amount, deals.c.id))
                .label("place"),
                func.count().over(partition_by=(deals.c.person_id, currency)).label("total"),
            )
            .where(
                deals.c.workspace_id == asked.workspace_id,
                deals.c.person_id.in_(piece),
                deals.c.status == DealStatus.WON.value,
                deals.c.value.is_not(None),
                ~deals.c.deleted,
            )
            .subquery()
        )
        # Of an even number the lower one of the two in the middle.
        query = select(in_order.c.person_id, in_order.c.currency, in_order.c.amount).where(
            in_order.c.total >= FEWEST,
            in_order.c.place * 2 <= in_order.c.total + 1,
            in_order.c.place * 2 > in_order.c.total - 1,
        )
        for person_id, named, middle in await tx.execute(query):
            found.setdefault(person_id, {})[named] = middle
    return found


LOADER = Loader(find)
