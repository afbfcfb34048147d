"""The stages of deals: as the CRM lists them, and as deals were seen to come through them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Table, bindparam, delete, or_, select, update

from coach.models import Deal, DealStatus
from coach.stages import KnownStage, Seen, Stage, in_order, of_pipeline
from storage.among import among, texts
from storage.database import Tx, insert, merge
from storage.prepared import Prepared
from storage.tables import deals, stage_visits, stages

_COUNTS = ("visits", "places", "told_open", "told_won", "told_lost")

#: More stages than any CRM has; a sender that makes one up for each deal is not followed for ever.
MOST = 1000


def _known(row: Row[Any]) -> KnownStage:
    meaning = DealStatus(row.meaning) if row.meaning is not None else None
    stage = Stage(row.id, row.name, row.pipeline, row.place, meaning, row.probability)
    return KnownStage(stage, row.told, *(getattr(row, name) for name in _COUNTS))


async def of_deal(tx: Tx, workspace_id: str, deal: Deal) -> list[str]:
    """The names of the stages a deal may be in, in order: of several pipelines, those of its own.

    Where the CRM lists no stages, they are those in which deals of its pipeline were seen.
    """
    known = await _known_in(tx, workspace_id, deal.connection_id)
    if deal.pipeline and not any(each.told for each in known):
        asked = {
            "workspace": workspace_id,
            "connection": deal.connection_id,
            "pipeline": deal.pipeline,
        }
        seen = set(await _SEEN.column(tx, asked))
        return in_order(each for each in known if each.stage.name in seen)
    return in_order(of_pipeline(known, deal.pipeline, deal.stage))


async def _known_in(tx: Tx, workspace_id: str, connection_id: str) -> list[KnownStage]:
    query = (
        select(stages)
        .where(
            stages.c.workspace_id == workspace_id,
            stages.c.connection_id == connection_id,
            or_(stages.c.told, stages.c.visits > 0),
        )
        .order_by(stages.c.told.desc(), stages.c.visits.desc())
        .limit(MOST)
    )
    return [_known(row) for row in await tx.execute(query)]


#: Deals that show the way of a pipeline: those of the last ids, which mostly are the newest.
SHOWING = 2000

_OF_PIPELINE = (
    select(deals.c.workspace_id, deals.c.connection_id, deals.c.id)
    .where(
        deals.c.workspace_id == bindparam("workspace"),
        deals.c.connection_id == bindparam("connection"),
        deals.c.pipeline == bindparam("pipeline"),
    )
    .order_by(deals.c.id.desc())
    .limit(SHOWING)
    .subquery()
)
_SEEN = Prepared(
    select(stage_visits.c.stage)
    .distinct()
    .join(
        _OF_PIPELINE,
        (_OF_PIPELINE.c.workspace_id == stage_visits.c.workspace_id)
        & (_OF_PIPELINE.c.connection_id == stage_visits.c.connection_id)
        & (_OF_PIPELINE.c.id == stage_visits.c.deal_id),
    )
)


_NAMED = Prepared(
    select(stages)
    .where(
        stages.c.workspace_id == bindparam("workspace"),
        stages.c.connection_id == bindparam("connection"),
        or_(among(stages.c.id, texts("named")), among(stages.c.name, texts("named"))),
    )
    .order_by(stages.c.told.desc(), stages.c.pipeline, stages.c.id)
)


async def load(
    tx: Tx, workspace_id: str, connection_id: str, named: Collection[str]
) -> dict[str, KnownStage]:
    """What is known of stages, by each name or id asked for; the CRM's word goes first."""
    found: dict[str, KnownStage] = {}
    if named:
        asked = {"workspace": workspace_id, "connection": connection_id, "named": list(named)}
        for row in await _NAMED.rows(tx, asked):
            for name in {row.id, row.name} & set(named):
                found.setdefault(name, _known(row))
    return found


async def called(
    tx: Tx, workspace_id: str, connection_id: str, names: Collection[str]
) -> list[KnownStage]:
    """Every stage of these names: several pipelines may each have one."""
    if not names:
        return []
    asked = {"workspace": workspace_id, "connection": connection_id, "named": list(names)}
    return [_known(row) for row in await _NAMED.rows(tx, asked)]


async def by_name(tx: Tx, workspace_id: str, connection_id: str, name: str) -> Stage | None:
    """The stage of that name, as the CRM knows it."""
    found = await load(tx, workspace_id, connection_id, [name])
    return found[name].stage if name in found else None


async def told(tx: Tx, workspace_id: str, connection_id: str) -> set[str]:
    """Every name and id the CRM itself has told."""
    query = select(stages.c.id, stages.c.name).where(
        stages.c.workspace_id == workspace_id,
        stages.c.connection_id == connection_id,
        stages.c.told,
    )
    return {name for row in await tx.execute(query) for name in row}


def _adding(statement: Any, table: Table, columns: Sequence[str]) -> Any:
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={name: table.c[name] + statement.excluded[name] for name in _COUNTS},
    )


async def add(tx: Tx, workspace_id: str, connection_id: str, seen: Mapping[str, Seen]) -> None:
    """Add what was seen of stages, by name, in one statement for all of them."""
    rows = [
        {
            "workspace_id": workspace_id,
            "connection_id": connection_id,
            "pipeline": "",
            "id": name,
            "name": name,
            "told": False,
            **{count: getattr(seen[name], count) for count in _COUNTS},
        }
        # In one order everywhere: two processes must not block each other.
        for name in sorted(seen)[:MOST]
    ]
    if rows:
        await merge(tx, _adding, stages, rows)


async def tell(tx: Tx, workspace_id: str, connection_id: str, listed: Sequence[Stage]) -> None:
    """Take over the CRM's own list: deals follow a stage that has another name now."""
    mine = (stages.c.workspace_id == workspace_id) & (stages.c.connection_id == connection_id)
    before = {
        (row.pipeline, row.id): row.name
        for row in await tx.execute(select(stages).where(mine, stages.c.told))
    }
    await tx.execute(update(stages).where(mine, stages.c.told).values(told=False, place=None))
    if listed:
        statement = insert(tx, stages)
        columns = ("name", "place", "meaning", "probability", "told")
        await tx.execute(
            statement.on_conflict_do_update(
                index_elements=list(stages.primary_key),
                set_={name: statement.excluded[name] for name in columns},
            ),
            [
                {
                    "workspace_id": workspace_id,
                    "connection_id": connection_id,
                    "pipeline": each.pipeline,
                    "id": each.id,
                    "name": each.name,
                    "place": each.place,
                    "meaning": each.meaning.value if each.meaning else None,
                    "probability": each.probability,
                    "told": True,
                }
                for each in listed[:MOST]
            ],
        )
    for each in listed[:MOST]:
        # Until now deals may have been told by the id alone.
        for old in {each.id, before.get((each.pipeline, each.id), each.id)} - {each.name}:
            await _rename(tx, workspace_id, connection_id, old, each.name)


async def _rename(tx: Tx, workspace_id: str, connection_id: str, old: str, new: str) -> None:
    for table in (deals, stage_visits):
        await tx.execute(
            update(table)
            .where(
                table.c.workspace_id == workspace_id,
                table.c.connection_id == connection_id,
                table.c.stage == old,
            )
            .values(stage=new)
        )
    gone = await tx.execute(
        delete(stages)
        .where(
            stages.c.workspace_id == workspace_id,
            stages.c.connection_id == connection_id,
            stages.c.pipeline == "",
            stages.c.id == old,
            ~stages.c.told,
        )
        .returning(*(stages.c[name] for name in _COUNTS))
    )
    for row in gone.all():
        await add(tx, workspace_id, connection_id, {new: Seen(*row)})
