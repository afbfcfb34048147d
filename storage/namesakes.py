"""Namesakes: open deals of one owner that share a title, counted for those that are to be named."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cache

from sqlalchemy import ColumnElement, Float, and_, bindparam, case, cast, func, or_, select

from coach.models import Deal, Ref
from coach.namesakes import Namesake
from coach.phrases import Money
from storage.among import among, texts
from storage.database import Tx
from storage.prepared import Prepared
from storage.tables import OPEN_DEAL, deals


async def of(tx: Tx, workspace_id: str, wanted: Collection[Ref]) -> dict[Ref, Namesake]:
    """Those of these deals whose title another open deal of their owner bears."""
    found: dict[Ref, Namesake] = {}
    if not wanted:
        return found
    asked = {
        "workspace": workspace_id,
        "connections": list({each.connection_id for each in wanted}),
        "ids": list({each.id for each in wanted}),
    }
    for row in await _counted().rows(tx, asked):
        connection_id, id, title, account, value, currency, *shared = row
        if account and account.casefold() in title.casefold():
            # It is said already.
            account = None
        amount = None if value is None else Money(value, currency)
        found[Ref(connection_id, id)] = Namesake(id, account, amount, *shared)
    return found


async def told_apart(tx: Tx, workspace_id: str, named: Sequence[Deal]) -> list[Deal]:
    """The deals as they are to be named now."""
    refs = [Ref(deal.connection_id, deal.id) for deal in named]
    found = await of(tx, workspace_id, refs)
    return [
        replace(deal, apart=found[ref].apart) if ref in found else deal
        for ref, deal in zip(refs, named, strict=True)
    ]


_NAMED = ("connection_id", "id", "title", "account", "value", "currency")


@cache
def _counted() -> Prepared:
    named = deals.alias("named")
    account = named.c.account == deals.c.account
    amount = and_(
        # As numbers: SQLite keeps digits, and 100 and 100.00 are one amount.
        cast(named.c.value, Float) == cast(deals.c.value, Float),
        named.c.currency.is_not_distinct_from(deals.c.currency),
    )
    told = [named.c[name] for name in _NAMED]
    return Prepared(
        select(*told, _how_many(account), _how_many(amount), _how_many(account & amount))
        .join(
            deals,
            and_(
                deals.c.workspace_id == named.c.workspace_id,
                deals.c.person_id == named.c.person_id,
                deals.c.title == named.c.title,
                or_(deals.c.connection_id != named.c.connection_id, deals.c.id != named.c.id),
                OPEN_DEAL,
            ),
        )
        .where(
            named.c.workspace_id == bindparam("workspace"),
            # Not as pairs: by these SQLite finds nothing in an index. Of two CRMs with the same ids
            # some may be counted that nobody asked for.
            among(named.c.connection_id, texts("connections")),
            among(named.c.id, texts("ids")),
        )
        .group_by(*told)
    )


def _how_many(shares: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((shares, 1), else_=0))
