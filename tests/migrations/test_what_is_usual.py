"""Teams that are there are learned from at once, and what is off until it is wanted stays off."""

import pytest
from alembic import command
from sqlalchemy import text

from tests.migrations.test_owners_of_a_connection import Filled, alembic


async def test_teams_are_learned_from_and_nobody_has_switched_anything_on(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    await alembic(command.upgrade, "0030")
    filled = Filled(empty_database_url)
    try:
        async with filled.database.write() as tx:
            workspace = "INSERT INTO workspaces (id, created_at) VALUES ('default', :now)"
            await tx.execute(text(workspace), {"now": filled.now})
        await filled.person("p1")
        people = await filled.rows("SELECT id, name, enrolment FROM people")
        await alembic(command.upgrade, "0033")
        learn_at, created_at = (await filled.rows("SELECT learn_at, created_at FROM workspaces"))[0]
        assert learn_at == created_at
        assert await filled.rows("SELECT also FROM people") == [("",)]
        assert await filled.rows("SELECT what FROM usual") == []
        await alembic(command.downgrade, "0030")
        assert await filled.rows("SELECT id, name, enrolment FROM people") == people
    finally:
        await filled.database.close()
