"""What was known of deals, contacts and tasks stays, and the new fields are empty."""

import pytest
from alembic import command
from sqlalchemy import text

from tests.migrations.test_owners_of_a_connection import Filled, alembic


async def test_a_filled_mirror_gets_its_new_fields_and_loses_only_these(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    await alembic(command.upgrade, "0007")
    filled = Filled(empty_database_url)
    try:
        async with filled.database.write() as tx:
            await tx.execute(
                text("INSERT INTO workspaces (id, created_at) VALUES ('default', :now)"),
                {"now": filled.now},
            )
        await filled.deal("D-1", "p1", "a")
        thing = {"connection_id": "a", "deleted": False, "told": "{}"}
        await filled.put("contacts", id="C-1", name_given="Ann", is_lead=False, **thing)
        await filled.put("tasks", id="T-1", title="Call", status="pending", priority="low", **thing)
        kept = {
            "deals": "SELECT id, title, status, person_id FROM deals",
            "contacts": "SELECT id, name_given FROM contacts",
            "tasks": "SELECT id, title, status FROM tasks",
        }
        before = {table: await filled.rows(query) for table, query in kept.items()}
        await alembic(command.upgrade, "0008")
        assert {table: await filled.rows(query) for table, query in kept.items()} == before
        for table in kept:
            ((other,),) = await filled.rows(f"SELECT other FROM {table}")
            assert other in ("{}", {})
        new = "account, product, pipeline, expected_close_date, probability, lost_reason"
        assert await filled.rows(f"SELECT {new} FROM deals") == [(None,) * 6]
        await alembic(command.downgrade, "0007")
        assert {table: await filled.rows(query) for table, query in kept.items()} == before
    finally:
        await filled.database.close()
