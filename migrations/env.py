"""How Alembic reaches the database: in tests and at start through a connection it is given."""

import asyncio
import os
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON, Connection, event

from storage import columns
from storage.database import Database
from storage.tables import metadata


def _render(type_: str, value: Any, _context: AutogenContext) -> str | Literal[False]:
    if type_ == "type" and isinstance(value, columns.UtcDateTime | columns.Money):
        return f"columns.{type(value).__name__}()"
    if type_ == "type" and isinstance(value, JSON):
        return "columns.Json"
    return False


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_item=_render,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


def _without_references(connection: Any, _record: Any) -> None:
    # SQLite changes a table by making it anew: what refers to the old one must not go with it.
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = OFF")
    cursor.close()


async def _online(url: str) -> None:
    database = Database(url)
    if database.is_sqlite:
        event.listen(database.engine.sync_engine, "connect", _without_references)
    try:
        # Alembic looks how many rows a statement has changed.
        async with database.count() as tx:
            await tx.run_sync(_run)
    finally:
        await database.close()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    asyncio.run(_online(os.environ["DATABASE_URL"]))
