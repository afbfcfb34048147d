"""A command's stay in the database: the schema is right, the workspace is there, all is closed."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from bot.runtime.clock import SharedClock, SystemClock
from bot.runtime.parts import Parts
from bot.runtime.settings import Settings
from bot.terminal.choosing import chosen
from coach.action import load_actions
from coach.engine import load_rules
from coach.errors import CoachError
from storage import schema, workspaces
from storage.database import Database
from storage.sealing import Seal


class AddressError(CoachError):
    """DATABASE_URL is not an address the coach can use; write
    sqlite:////folder/coach.db or postgresql://user:password@host/name.
    """


def open_database(settings: Settings) -> Database:
    """The database of these settings; nothing is asked of it yet. Raises `AddressError`."""
    url = settings.database()
    if not url.startswith(("sqlite+aiosqlite://", "postgresql+psycopg://")):
        raise AddressError
    return Database(url)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Parts]:
    """The parts a command works with, and the workspace it is about.

    Raises `SchemaError` when PostgreSQL must be upgraded first, or `WorkspaceError`.
    """
    async with _opened(settings) as parts:
        async with parts.database.read() as tx:
            workspace_id = await chosen(tx, settings.coach_workspace)
        yield replace(parts, workspace_id=workspace_id)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Parts]:
    """The embedded SQLite is upgraded here: it belongs to this program alone."""
    database = open_database(settings)
    try:
        await schema.make_ready(database)
        clock = SharedClock(SystemClock())
        await clock.correct(database)
        async with database.read() as tx:
            known = await workspaces.get(tx, workspaces.DEFAULT)
        if known is None:
            async with database.write() as tx:
                await workspaces.ensure(tx, workspaces.DEFAULT, clock.now())
        yield Parts(
            database=database,
            clock=clock,
            seal=Seal(settings.secret_keys()),
            entropy=os.urandom,
            rules=load_rules(),
            actions=load_actions(),
            administrator=settings.coach_administrator,
        )
    finally:
        await database.close()


async def make_sure_database_is_usable(settings: Settings) -> None:
    """Raises what keeps a server from starting, before it is made."""
    async with _opened(settings):
        pass
