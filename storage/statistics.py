"""What PostgreSQL's planner knows of our tables, kept up where they grow faster than it looks.

Autovacuum looks once a minute
(https://www.postgresql.org/docs/current/runtime-config-autovacuum.html). Until then a table that
was just filled is planned for as if it were empty, where one way is as good as another, and a join
may read all of a workspace for each of its rows: with 700 messages what took 0.04 ms took 107 ms.
"""

from sqlalchemy import column, func, select, table, text

from storage.database import Database
from storage.tables import metadata

#: Seconds between two looks.
EVERY = 5.0

#: Of so few changed rows a wrong plan costs nothing.
FEW = 200

_class, _changed = (
    table("pg_class", *map(column, ("oid", "relname", "reltuples"))),
    table("pg_stat_user_tables", *map(column, ("relid", "schemaname", "n_mod_since_analyze"))),
)
_OUTGROWN = (
    select(_class.c.relname)
    .join(_changed, _changed.c.relid == _class.c.oid)
    .where(
        _changed.c.schemaname == func.current_schema(),
        # Where nothing is known yet, there are -1 rows.
        _changed.c.n_mod_since_analyze > func.greatest(_class.c.reltuples, FEW),
    )
    .order_by(_class.c.relname)
)


async def keep_up(database: Database) -> None:
    """Have the planner look at tables of which more has changed than it knew of.

    SQLite plans without. Several processes may do so: one that is being looked at is passed over.
    """
    if database.is_sqlite:
        return
    async with database.read() as tx:
        outgrown = (await tx.execute(_OUTGROWN)).scalars().all()
    for name in outgrown:
        if name in metadata.tables:
            async with database.write() as tx:
                await tx.execute(text(f"ANALYZE (SKIP_LOCKED) {name}"))
