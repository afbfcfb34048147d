"""A database of each kind with a workspace in it, and a clock that stands still."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from bot.importing import run
from bot.importing.things import Thing
from bot.runtime.parts import Parts
from coach.action import load_actions
from coach.engine import load_rules
from storage import workspaces
from storage.database import Database
from storage.sealing import Seal
from storage.tables import metadata

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
AS_OF = datetime(2026, 11, 20, 18, tzinfo=UTC)


class StillClock:
    """A clock that stands."""

    def now(self) -> datetime:
        return NOW


@dataclass(frozen=True)
class Desk:
    """Everything a test of the import needs."""

    parts: Parts
    folder: Path

    def file(self, text: str, name: str = "export.csv") -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    async def take(
        self, thing: Thing, text: str, *, as_of: datetime = AS_OF, told: tuple[str, ...] = ()
    ) -> run.Result:
        understood = run.understand(thing, self.file(text), told_columns=told)
        assert [each.reason for each in understood.rejected] == []
        return await run.store(self.parts, understood, "native", as_of, lambda rows: None)

    async def dump(self) -> dict[str, list[Any]]:
        """Everything the database holds."""
        async with self.parts.database.read() as tx:
            return {
                table.name: sorted(repr(tuple(row)) for row in await tx.execute(select(table)))
                for table in metadata.sorted_tables
            }


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    numbers = itertools.count()
    database = Database(database_url)
    parts = Parts(
        database=database,
        clock=StillClock(),
        seal=Seal([Fernet.generate_key().decode()]),
        entropy=lambda size: next(numbers).to_bytes(size, "big"),
        rules=load_rules(),
        actions=load_actions(),
    )
    async with database.write() as tx:
        await workspaces.ensure(tx, workspaces.DEFAULT, NOW)
    yield Desk(parts, tmp_path)
    await database.close()
