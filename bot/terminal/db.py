"""`coach db upgrade`: bring the database to the schema of this version."""

import typer

from bot.settings import Settings
from storage import schema
from storage.database import Database


async def upgrade(settings: Settings) -> None:
    """Apply what is missing and say what was done."""
    database = Database(settings.database())
    try:
        before, needs = await schema.versions(database)
        if before == needs:
            typer.echo(f"The database has schema {needs} already; nothing to do.")
            return
        await schema.upgrade(database)
    finally:
        await database.close()
    typer.echo(f"The database now has schema {needs} (before: {before or 'none'}).")
