"""How long deals stayed in each stage, and what became of them: counted by the database."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from coach.knowledge import Place
from coach.models import DealStatus
from coach.usual import Stays
from storage.columns import UtcDateTime
from storage.database import Tx
from storage.prepared import Prepared
from storage.tables import deals, stage_visits


class _DaysBetween(FunctionElement[int]):
    """How many days it is from one instant to another: a day that was begun is a day.

    An hour more or less, as when the clocks change, is none.
    """

    inherit_cache = True
    type = Integer()
    name = "days_between"

    def sides(self, compiler: SQLCompiler, options: dict[str, Any]) -> tuple[str, str]:
        """The two instants, as a statement calls them."""
        begin, end = self.clauses
        return compiler.process(begin, **options), compiler.process(end, **options)


# A day less the hour and a bit: in microseconds, as SQLite keeps instants, and in seconds.
@compiles(_DaysBetween, "sqlite")
def _sqlite(element: _DaysBetween, compiler: SQLCompiler, **options: Any) -> str:
    begin, end = element.sides(compiler, options)
    return f"(({end}) - ({begin}) + 82080000000) / 86400000000"


@compiles(_DaysBetween, "postgresql")
def _postgresql(element: _DaysBetween, compiler: SQLCompiler, **options: Any) -> str:
    begin, end = element.sides(compiler, options)
    return f"floor((extract(epoch FROM ({end}) - ({begin})) + 82080) / 86400)::integer"


_NOW: ColumnElement[datetime] = bindparam("now", type_=UtcDateTime)
_DEAL = ("connection_id", "deal_id")


def _whole() -> Any:
    """Each visit, and whether it begins a stay: told once more, a deal is where it was.

    Of what was found in a stage and came there later it is another (`coach.mirror.stays`).
    """
    before = {
        name: func.lag(stage_visits.c[name]).over(
            partition_by=[stage_visits.c[each] for each in _DEAL],
            order_by=stage_visits.c.entered_at,
        )
        for name in ("stage", "came")
    }
    begins = or_(
        before["stage"].is_(None),
        before["stage"] != stage_visits.c.stage,
        and_(stage_visits.c.came, ~before["came"]),
    )
    return (
        select(
            *(stage_visits.c[name] for name in (*_DEAL, "stage", "entered_at", "left_at", "came")),
            case((begins, 1), else_=0).label("begins"),
        )
        .where(stage_visits.c.workspace_id == bindparam("workspace"))
        .subquery()
    )


def _query() -> Select[Any]:
    visits = _whole()
    numbered = select(
        visits,
        func.sum(visits.c.begins)
        .over(partition_by=[visits.c[each] for each in _DEAL], order_by=visits.c.entered_at)
        .label("stay"),
    ).subquery()
    came = func.max(case((and_(numbered.c.begins == 1, numbered.c.came), 1), else_=0))
    joined = (
        select(
            *(numbered.c[each] for each in _DEAL),
            numbered.c.stay,
            func.min(numbered.c.stage).label("stage"),
            func.min(numbered.c.entered_at).label("entered_at"),
            func.max(numbered.c.left_at).label("left_at"),
            came.label("came"),
        )
        .group_by(*(numbered.c[each] for each in _DEAL), numbered.c.stay)
        .subquery()
    )
    stays = select(
        joined,
        # Where it was found next, nobody knows when it had left.
        func.lead(joined.c.came)
        .over(partition_by=[joined.c[each] for each in _DEAL], order_by=joined.c.stay)
        .label("came_next"),
    ).subquery()
    is_open = deals.c.status == DealStatus.OPEN.value
    closed_at = deals.c.closed_at
    ended = case(
        (stays.c.came_next == 1, stays.c.left_at),
        # The last one: with an open deal it goes on, with another the close has ended it.
        (and_(stays.c.came_next.is_(None), is_open), _NOW),
        (stays.c.came_next.is_(None), closed_at),
    )
    ended = case((and_(~is_open, closed_at < ended), closed_at), else_=ended)
    ended = case((ended > _NOW, _NOW), else_=ended)
    longest = func.max(_DaysBetween(stays.c.entered_at, ended))
    pipeline = func.coalesce(deals.c.pipeline, "")
    # What was closed later was open then.
    status = case((and_(~is_open, closed_at > _NOW), DealStatus.OPEN.value), else_=deals.c.status)
    by_deal = (
        select(
            stays.c.connection_id,
            pipeline.label("pipeline"),
            stays.c.stage,
            status.label("status"),
            longest.label("days"),
        )
        .join(
            deals,
            and_(
                deals.c.workspace_id == bindparam("workspace"),
                deals.c.connection_id == stays.c.connection_id,
                deals.c.id == stays.c.deal_id,
            ),
        )
        .where(
            ~deals.c.deleted,
            stays.c.came == 1,
            ended.is_not(None),
            # What came after its end, be it in time or by a mistake, is no stay.
            stays.c.entered_at <= ended,
            or_(is_open, stays.c.entered_at < closed_at, closed_at.is_(None)),
        )
        .group_by(stays.c.connection_id, stays.c.deal_id, pipeline, stays.c.stage, status)
        .subquery()
    )
    columns = (by_deal.c.connection_id, by_deal.c.pipeline, by_deal.c.stage, by_deal.c.days)

    def so_many(status: DealStatus) -> ColumnElement[int]:
        return func.sum(case((by_deal.c.status == status.value, 1), else_=literal(0)))

    return select(
        *columns, so_many(DealStatus.WON), so_many(DealStatus.LOST), so_many(DealStatus.OPEN)
    ).group_by(*columns)


_COUNTED = Prepared(_query())


async def counted(tx: Tx, workspace_id: str, now: datetime) -> dict[Place, list[Stays]]:
    """Of each stage, how many deals stayed in it for how many days, and what became of them.

    A deal counts once in a stage, with the longest of its stays there; one whose beginning nobody
    knows is none. An open deal counts for as long as it has stayed so far.
    """
    found: dict[Place, list[Stays]] = {}
    asked = {"workspace": workspace_id, "now": now}
    for connection_id, pipeline, stage, days, won, lost, open_ in await _COUNTED.rows(tx, asked):
        place = Place(connection_id, pipeline, stage)
        found.setdefault(place, []).append(Stays(days, won, lost, open_))
    return found
