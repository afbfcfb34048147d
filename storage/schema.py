"""Bringing the database to the schema this version needs."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, inspect, select, text

import migrations
from coach.errors import CoachError
from storage.database import Database

# Alembic itself is loaded only to change a schema: with its templates it holds a tenth of what the
# coach holds at rest, and at most starts nothing is to be changed.
if TYPE_CHECKING:
    from alembic.config import Config

#: The number under which PostgreSQL knows that the schema is being upgraded; any would do.
UPGRADING = 0x_C0AC4


#: What each migration says of itself: its revision, and the one it goes on from.
_REVISION = re.compile(r'^(down_)?revision: str(?: \| None)? = "(\w+)"', re.MULTILINE)


def _place() -> Path:
    return Path(migrations.__path__[0]).resolve()


def _config(connection: Connection) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_place()))
    config.attributes["connection"] = connection
    return config


def newest() -> str:
    """The revision this version needs: the one that no other goes on from."""
    said = [
        (each[1] is not None, each[2])
        for file in (_place() / "versions").glob("*.py")
        for each in _REVISION.finditer(file.read_text("utf-8"))
    ]
    before = {revision for goes_on, revision in said if goes_on}
    (found,) = {revision for goes_on, revision in said if not goes_on} - before
    return found


def _has(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


async def upgrade(database: Database) -> None:
    """Apply every migration that is missing, all or none."""
    from alembic import command

    async with database.count() as tx:
        if not database.is_sqlite:
            # Several may be started at once: whoever comes later finds nothing left to do.
            await tx.execute(select(func.pg_advisory_xact_lock(UPGRADING)))
        await tx.run_sync(lambda connection: command.upgrade(_config(connection), "head"))


async def versions(database: Database) -> tuple[str | None, str | None]:
    """The revision the database has, and the one this version needs."""
    async with database.read() as tx:
        has = await tx.run_sync(_has)
    return has, newest()


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
