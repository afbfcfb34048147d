"""Requests to be linked keep their address, as a key among others."""

import pytest
from alembic import command
from sqlalchemy import text

from tests.migrations.test_owners_of_a_connection import Filled, alembic


async def test_what_was_asked_for_by_address_stays_asked_for(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    await alembic(command.upgrade, "0010")
    filled = Filled(empty_database_url)
    try:
        async with filled.database.write() as tx:
            await tx.execute(
                text("INSERT INTO workspaces (id, created_at) VALUES ('default', :now)"),
                {"now": filled.now},
            )
        await filled.person("ana", slack_user_id="U1")
        asked = {"person_id": "ana", "state": "asked", "created_at": filled.now}
        await filled.put("link_requests", id="r1", email="a@x.example", **asked)
        await alembic(command.upgrade, "0011")
        rows = "SELECT id, connection_id, owner_key, person_id, state FROM link_requests"
        assert await filled.rows(rows) == [("r1", "", "email:a@x.example", "ana", "asked")]
        await filled.put("link_requests", id="r2", connection_id="a", owner_key="id:7", **asked)
        await alembic(command.downgrade, "0010")
        rows = "SELECT id, email, person_id, state FROM link_requests"
        assert await filled.rows(rows) == [("r1", "a@x.example", "ana", "asked")]
    finally:
        await filled.database.close()
