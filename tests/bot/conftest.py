"""The bot's parts, and the bot as a whole, for the tests of each part."""

from collections.abc import AsyncIterator

import pytest

from bot.runtime.parts import Parts
from tests.together import World, running_world
from tests.world import running_parts


@pytest.fixture
async def parts(database_url: str) -> AsyncIterator[Parts]:
    """The bot's parts on both kinds of database, with a clock that stands still."""
    async with running_parts(database_url) as made:
        yield made


@pytest.fixture
async def sqlite_parts(sqlite_url: str) -> AsyncIterator[Parts]:
    """The same on SQLite only, where the kind of database cannot matter."""
    async with running_parts(sqlite_url) as made:
        yield made


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """The running bot, its Slack and its CRM on both kinds of database; Ana has started."""
    async with running_world(database_url) as made:
        yield made


@pytest.fixture
async def sqlite_world(sqlite_url: str) -> AsyncIterator[World]:
    """The same on SQLite only, where the kind of database cannot matter."""
    async with running_world(sqlite_url) as made:
        yield made
