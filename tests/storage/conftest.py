"""A database of each kind with a workspace, a connection and two people in it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bot.runtime.parts import Parts
from coach.models import Person
from storage.database import Database
from tests.world import ANA, BEN, FixedClock, enrol, running_parts


@dataclass
class Store:
    """What a test of the store needs; `parts` only for ids, keys and the clock."""

    parts: Parts
    ana: Person
    ben: Person

    @property
    def database(self) -> Database:
        return self.parts.database

    @property
    def url(self) -> str:
        return self.database.url.render_as_string(hide_password=False)

    def later(self, by: timedelta) -> None:
        clock = self.parts.clock
        assert isinstance(clock, FixedClock)
        clock.advance(by)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with running_parts(database_url) as parts:
        yield Store(parts, await enrol(parts, ANA), await enrol(parts, BEN))
