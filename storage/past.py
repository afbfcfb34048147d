"""A team's deals, stays and tasks as rows of bare numbers: what patterns are found in.

A row holds what is needed and no more, and no object is made of it: a hundred thousand deals are
read in a second or two, page by page.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Float,
    Select,
    Table,
    Text,
    bindparam,
    func,
    null,
    select,
    union,
)
from sqlalchemy import cast as as_type
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal

from coach.models import DealStatus, Verb
from coach.rows_to_columns import Page
from storage.database import Tx
from storage.tables import contacts_made, deals, stage_visits, tasks

#: What counts as having been in touch: a note may be to oneself.
IN_TOUCH = (Verb.CALL_LOGGED, Verb.EMAIL_LOGGED, Verb.MEETING_BOOKED)

#: What CRMs call the field that says which sector a customer is of.
SECTOR = frozenset({"sector", "industry", "industrysector", "vertical", "branche"})

#: No pattern tells of fewer deals or tasks than that.
ENOUGH = 20

#: So many deals or tasks are read at once: what a page holds is forgotten when it is taken.
PAGE = 10_000

#: In so many deals that field is looked for.
_SOME = 1000


class _Micros(ColumnElement[int]):
    """An instant as whole microseconds since 1970: on SQLite as it is kept."""

    inherit_cache = True
    type = BigInteger()
    _traverse_internals = [("column", InternalTraversal.dp_clauseelement)]  # noqa: RUF012

    def __init__(self, column: ColumnElement[Any]) -> None:
        self.column = column


@compiles(_Micros, "sqlite")
def _sqlite(element: _Micros, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.column, **options)


@compiles(_Micros, "postgresql")
def _postgresql(element: _Micros, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    return f"(extract(epoch FROM {column}) * 1000000)::bigint"


async def pages(tx: Tx, workspace_id: str, *, size: int = PAGE) -> AsyncIterator[Page]:
    """Everything of a team that patterns are found in, page by page."""
    key = await _sector_key(tx, workspace_id)
    some_deals, some_tasks = _deals(key, size), _tasks(size)
    for connection_id in await _connections(tx, workspace_id):
        asked = {"workspace": workspace_id, "connection": connection_id}
        after = ""
        while found := await _rows(tx, some_deals, {**asked, "after": after}):
            last = found[-1][0]
            yield Page(found, await _rows(tx, _STAYS, {**asked, "after": after, "last": last}))
            after = last
        after = ""
        while found := await _rows(tx, some_tasks, {**asked, "after": after}):
            after = found[-1][3]
            yield Page(tasks=[row[:3] for row in found])


async def _rows(tx: Tx, query: Select[Any], asked: Mapping[str, str]) -> Sequence[Sequence[Any]]:
    """The driver's own rows: to make an object of each takes as long as to read it.

    Nothing is converted on the way: what is asked for is numbers and texts.
    """

    def read(connection: Connection) -> Sequence[Sequence[Any]]:
        result = connection.execute(query, asked)
        rows: Sequence[Sequence[Any]] = result.cursor.fetchall()
        result.close()
        return rows

    return await tx.run_sync(read)


async def is_enough(tx: Tx, workspace_id: str) -> bool:
    """Whether there may be anything to tell: as many ended deals or tasks as a pattern needs."""
    ended = (
        select(deals.c.id)
        .where(
            deals.c.workspace_id == workspace_id,
            deals.c.status != DealStatus.OPEN.value,
            ~deals.c.deleted,
        )
        .limit(ENOUGH)
    )
    done = (
        select(tasks.c.id)
        .where(
            tasks.c.workspace_id == workspace_id,
            tasks.c.completed_at.is_not(None),
            ~tasks.c.deleted,
        )
        .limit(ENOUGH)
    )
    return any([len((await tx.execute(query)).all()) == ENOUGH for query in (ended, done)])


async def _connections(tx: Tx, workspace_id: str) -> list[str]:
    both = union(
        *(
            select(table.c.connection_id).where(table.c.workspace_id == workspace_id)
            for table in (deals, tasks)
        )
    )
    return sorted(row[0] for row in await tx.execute(both))


def _deals(key: str | None, size: int) -> Select[Any]:
    contacted = (
        select(func.min(contacts_made.c.at))
        .where(
            contacts_made.c.workspace_id == deals.c.workspace_id,
            contacts_made.c.connection_id == deals.c.connection_id,
            contacts_made.c.contact_id == deals.c.contact_id,
            contacts_made.c.at >= deals.c.created_at,
            contacts_made.c.verb.in_(IN_TOUCH),
        )
        .scalar_subquery()
    )
    followed = (
        select(func.min(tasks.c.created_at))
        .where(
            tasks.c.workspace_id == deals.c.workspace_id,
            tasks.c.connection_id == deals.c.connection_id,
            tasks.c.deal_id == deals.c.id,
            tasks.c.created_at >= deals.c.created_at,
            ~tasks.c.deleted,
        )
        .scalar_subquery()
    )
    sector: ColumnElement[Any] = deals.c.other[key].as_string() if key else null()
    return (
        select(
            deals.c.id,
            _Micros(deals.c.created_at),
            _Micros(deals.c.closed_at),
            deals.c.status,
            deals.c.person_id,
            as_type(deals.c.value, Float),
            _Micros(contacted),
            _Micros(followed),
            deals.c.contact_id.is_not(None),
            deals.c.currency,
            deals.c.source,
            deals.c.product,
            as_type(sector, Text),
        )
        .where(*_of_page(deals), deals.c.id > bindparam("after"))
        .order_by(deals.c.id)
        .limit(size)
    )


def _of_page(table: Table) -> tuple[ColumnElement[bool], ...]:
    return (
        table.c.workspace_id == bindparam("workspace"),
        table.c.connection_id == bindparam("connection"),
        ~table.c.deleted,
    )


async def _sector_key(tx: Tx, workspace_id: str) -> str | None:
    """What this team's CRM calls the field of the customer's sector, if it tells of one."""
    query = (
        select(deals.c.other)
        .where(deals.c.workspace_id == workspace_id, as_type(deals.c.other, Text) != "{}")
        .limit(_SOME)
    )
    seen: dict[str, int] = {}
    for (other,) in await tx.execute(query):
        for name in other:
            if "".join(filter(str.isalpha, name.casefold())) in SECTOR:
                seen[name] = seen.get(name, 0) + 1
    return max(seen, key=lambda name: seen[name], default=None)


#: Every stay that has ended, of the deals of a page; since when a deal was in a stage where it was
#: only found, nobody knows.
_STAYS = (
    select(
        stage_visits.c.deal_id,
        stage_visits.c.stage,
        _Micros(stage_visits.c.entered_at),
        _Micros(stage_visits.c.left_at),
    )
    .where(
        stage_visits.c.workspace_id == bindparam("workspace"),
        stage_visits.c.connection_id == bindparam("connection"),
        stage_visits.c.deal_id > bindparam("after"),
        stage_visits.c.deal_id <= bindparam("last"),
        stage_visits.c.came,
        stage_visits.c.left_at.is_not(None),
    )
    .order_by(stage_visits.c.deal_id, stage_visits.c.entered_at)
)


def _tasks(size: int) -> Select[Any]:
    return (
        select(
            _Micros(tasks.c.created_at),
            _Micros(tasks.c.completed_at),
            tasks.c.person_id,
            tasks.c.id,
        )
        .where(*_of_page(tasks), tasks.c.id > bindparam("after"), tasks.c.person_id.is_not(None))
        .order_by(tasks.c.id)
        .limit(size)
    )
