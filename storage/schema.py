"""Bringing the database to the schema this version needs."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import migrations
from storage.database import Database


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__path__[0]).resolve()))
    config.attributes["connection"] = connection
    return config


async def upgrade(database: Database) -> None:
    """Apply every migration that is missing, all or none."""
    async with database.write() as tx:
        await tx.run_sync(lambda connection: command.upgrade(_config(connection), "head"))


async def versions(database: Database) -> tuple[str | None, str | None]:
    """The revision the database has, and the one this version needs."""
    async with database.read() as tx:
        has = await tx.run_sync(
            lambda connection: MigrationContext.configure(connection).get_current_revision()
        )
    return has, ScriptDirectory.from_config(_config()).get_current_head()
