"""How soon the leads that were won had been contacted: counted by the database."""

from typing import Any

from sqlalchemy import Integer, bindparam, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from coach.models import DealStatus
from storage.database import Tx
from storage.tables import contacts, contacts_made, deals


class _MinutesBetween(FunctionElement[int]):
    """How many minutes it is from one instant to another; one that was begun is a minute."""

    inherit_cache = True
    type = Integer()
    name = "minutes_between"

    def sides(self, compiler: SQLCompiler, options: dict[str, Any]) -> tuple[str, str]:
        """The two instants, as a statement calls them."""
        begin, end = self.clauses
        return compiler.process(begin, **options), compiler.process(end, **options)


@compiles(_MinutesBetween, "sqlite")
def _sqlite(element: _MinutesBetween, compiler: SQLCompiler, **options: Any) -> str:
    begin, end = element.sides(compiler, options)
    return f"(({end}) - ({begin}) + 59999999) / 60000000"


@compiles(_MinutesBetween, "postgresql")
def _postgresql(element: _MinutesBetween, compiler: SQLCompiler, **options: Any) -> str:
    begin, end = element.sides(compiler, options)
    return f"ceil(extract(epoch FROM ({end}) - ({begin})) / 60)::integer"


_WON = (
    select(deals.c.id)
    .where(
        deals.c.workspace_id == contacts.c.workspace_id,
        deals.c.connection_id == contacts.c.connection_id,
        deals.c.contact_id == contacts.c.id,
        deals.c.contact_id.is_not(None),
        deals.c.status == DealStatus.WON.value,
        ~deals.c.deleted,
    )
    .exists()
)

_TOOK = (
    select(_MinutesBetween(contacts.c.created_at, func.min(contacts_made.c.at)).label("minutes"))
    .join(
        contacts_made,
        (contacts_made.c.workspace_id == contacts.c.workspace_id)
        & (contacts_made.c.connection_id == contacts.c.connection_id)
        & (contacts_made.c.contact_id == contacts.c.id),
    )
    .where(
        contacts.c.workspace_id == bindparam("workspace"),
        contacts.c.created_at.is_not(None),
        ~contacts.c.deleted,
        _WON,
    )
    .group_by(contacts.c.connection_id, contacts.c.id, contacts.c.created_at)
    .subquery()
)
_COUNTED = (
    select(_TOOK.c.minutes, func.count().label("leads"))
    # Who was entered when they were called has not waited, and where days alone are known nobody
    # knows how long.
    .where(_TOOK.c.minutes > 0, _TOOK.c.minutes % (24 * 60) != 0)
    .group_by(_TOOK.c.minutes)
)


async def counted(tx: Tx, workspace_id: str) -> dict[int, int]:
    """After how many minutes the leads that were won had first been contacted, and how many were.

    Those are contacts of whom a deal was won, and of whom both moments are known.
    """
    rows = await tx.execute(_COUNTED, {"workspace": workspace_id})
    return {row.minutes: row.leads for row in rows}
