"""`coach db upgrade`: bring the database to the schema of this version."""

import typer

from bot.runtime.settings import Settings
from bot.terminal.session import open_database
from storage import schema


async def upgrade(settings: Settings) -> None:
    """Apply what is missing and say what was done."""
    database = open_database(settings)
    try:
        before, needs = await schema.versions(database)
        if before == needs:
            typer.echo(f"The database has schema {needs} already; nothing to do.")
            return
        await schema.upgrade(database)
    finally:
        await database.close()
    typer.echo(f"The database now has schema {needs} (before: {before or 'none'}).")
