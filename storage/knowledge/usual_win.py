"""The middle one of what each person's won deals were worth, in each currency.

Amounts of different currencies are not compared, and a few deals tell nothing.
"""

from collections.abc import Sequence
from itertools import accumulate, groupby
from operator import itemgetter

from sqlalchemy import Float, bindparam, cast, func, select

from coach.models import Deal, DealStatus
from storage.among import among, texts
from storage.database import Tx, chunks
from storage.loader import Asked, Loader
from storage.prepared import Prepared
from storage.tables import DECIDED_DEAL, deals

#: Of fewer won deals no middle is told.
FEWEST = 10


_CURRENCY = func.coalesce(deals.c.currency, "")
_AMOUNT = cast(deals.c.value, Float)

# Counted off here: windows over all deals were half of what taking in a won deal cost.
_AMOUNTS = Prepared(
    select(deals.c.person_id, _CURRENCY, _AMOUNT, func.count())
    .where(
        deals.c.workspace_id == bindparam("workspace"),
        among(deals.c.person_id, texts("whose")),
        DECIDED_DEAL,
        deals.c.status == DealStatus.WON.value,
        deals.c.value.is_not(None),
    )
    .group_by(deals.c.person_id, _CURRENCY, _AMOUNT)
    .order_by(deals.c.person_id, _CURRENCY, _AMOUNT)
)


async def find(tx: Tx, asked: Asked) -> dict[str, dict[str, float]]:
    """Of whom a deal that is asked about was won; no currency is the empty one."""
    whose = {
        each.person_id
        for each in asked.subjects
        if isinstance(each, Deal) and each.status is DealStatus.WON and each.person_id
    }
    found: dict[str, dict[str, float]] = {}
    for piece in chunks(sorted(whose.intersection(asked.people))):
        asked_of = {"workspace": asked.workspace_id, "whose": piece}
        amounts = await _AMOUNTS.rows(tx, asked_of)
        for (person_id, named), its in groupby(amounts, itemgetter(0, 1)):
            counted = [(each, count) for _, _, each, count in its]
            if sum(count for _, count in counted) >= FEWEST:
                found.setdefault(person_id, {})[named] = _middle(counted)
    return found


def _middle(counted: Sequence[tuple[float, int]]) -> float:
    """Of amounts in their order, with how often there is each; of an even number the lower one."""
    place = (sum(count for _, count in counted) + 1) // 2
    reached = accumulate(count for _, count in counted)
    return next(
        amount for (amount, _), so_many in zip(counted, reached, strict=True) if so_many >= place
    )


LOADER = Loader(find)
