"""A team's deals, stays and tasks as rows of bare numbers: what patterns are found in.

A row holds what is needed and no more, and no object is made of it: a hundred thousand deals are
read in a second or two.
"""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    Select,
    Text,
    and_,
    case,
    func,
    null,
    select,
)
from sqlalchemy import cast as as_type
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal

from coach.models import DealStatus, Verb
from coach.rows_to_columns import DealRow, Rows, StayRow, TaskRow
from storage import people
from storage.database import Tx
from storage.tables import contacts_made, deals, stage_visits, tasks

#: What counts as having been in touch: a note may be to oneself.
IN_TOUCH = (Verb.CALL_LOGGED, Verb.EMAIL_LOGGED, Verb.MEETING_BOOKED)

#: What CRMs call the field that says which sector a customer is of.
SECTOR = frozenset({"sector", "industry", "industrysector", "vertical", "branche"})

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


async def read(tx: Tx, workspace_id: str) -> Rows:
    """Everything of a team that patterns are found in."""
    deal_rows = cast(Sequence[DealRow], await _rows(tx, await _deals(tx, workspace_id)))
    stay_rows = cast(Sequence[StayRow], await _rows(tx, _stays(workspace_id)))
    task_rows = cast(Sequence[TaskRow], await _rows(tx, _tasks(workspace_id)))
    owners = {row[3] for row in deal_rows} | {row[2] for row in task_rows}
    known = await people.load(tx, workspace_id, sorted(each for each in owners if each))
    return Rows(known, deal_rows, stay_rows, task_rows)


async def _rows(tx: Tx, query: Select[Any]) -> list[Any]:
    # As bare tuples: a row that knows its columns takes twice the room.
    return [tuple(row) for row in await tx.execute(query)]


async def _deals(tx: Tx, workspace_id: str) -> Select[Any]:
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
    key = await _sector_key(tx, workspace_id)
    sector: ColumnElement[Any] = deals.c.other[key].as_string() if key else null()
    return select(
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
    ).where(deals.c.workspace_id == workspace_id, ~deals.c.deleted)


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


def _stays(workspace_id: str) -> Select[Any]:
    """For each decided deal and stage: when it came there first, and how long it was there."""
    entered, left = _Micros(stage_visits.c.entered_at), _Micros(stage_visits.c.left_at)
    came = func.min(entered)
    return (
        select(
            stage_visits.c.stage,
            came,
            came + func.sum(left - entered),
            func.max(case((deals.c.status == DealStatus.WON, 1), else_=0)),
            func.max(_Micros(deals.c.closed_at)),
            func.max(deals.c.person_id),
        )
        .join(
            deals,
            and_(
                deals.c.workspace_id == stage_visits.c.workspace_id,
                deals.c.connection_id == stage_visits.c.connection_id,
                deals.c.id == stage_visits.c.deal_id,
            ),
        )
        .where(
            stage_visits.c.workspace_id == workspace_id,
            # Since when it was in a stage where it was only found, nobody knows.
            stage_visits.c.came,
            stage_visits.c.left_at.is_not(None),
            deals.c.status != DealStatus.OPEN,
            deals.c.closed_at.is_not(None),
            ~deals.c.deleted,
        )
        .group_by(stage_visits.c.connection_id, stage_visits.c.deal_id, stage_visits.c.stage)
    )


def _tasks(workspace_id: str) -> Select[Any]:
    return select(
        _Micros(tasks.c.created_at), _Micros(tasks.c.completed_at), tasks.c.person_id
    ).where(tasks.c.workspace_id == workspace_id, ~tasks.c.deleted, tasks.c.person_id.is_not(None))
