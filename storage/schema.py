"""Bringing the database to the schema this version needs."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

import migrations
from coach.errors import CoachError
from storage.database import Database

#: The number under which PostgreSQL knows that the schema is being upgraded; any would do.
UPGRADING = 0x_C0AC4


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__path__[0]).resolve()))
    config.attributes["connection"] = connection
    return config


async def upgrade(database: Database) -> None:
    """Apply every migration that is missing, all or none."""
    async with database.count() as tx:
        if not database.is_sqlite:
            # Several may be started at once: whoever comes later finds nothing left to do.
            await tx.execute(select(func.pg_advisory_xact_lock(UPGRADING)))
        await tx.run_sync(lambda connection: command.upgrade(_config(connection), "head"))


async def versions(database: Database) -> tuple[str | None, str | None]:
    """The revision the database has, and the one this version needs."""
    async with database.read() as tx:
        has = await tx.run_sync(
            lambda connection: MigrationContext.configure(connection).get_current_revision()
        )
    return has, ScriptDirectory.from_config(_config()).get_current_head()


class SchemaError(CoachError):
    """The database has not the schema that this version needs: run `coach db upgrade`."""


async def make_ready(database: Database) -> None:
    """Bring SQLite to the schema of this version; PostgreSQL, shared by many, only on request.

    Raises `SchemaError` when PostgreSQL must be upgraded first.
    """
    has, needs = await versions(database)
    if has == needs:
        return
    if not database.is_sqlite:
        raise SchemaError(
            f"The database has schema {has or 'none'} and this version needs {needs}: "
            "run `coach db upgrade`."
        )
    await upgrade(database)
