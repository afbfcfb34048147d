"""The checks of leads are made anew, for some are clients; those of other rules are left alone."""

import pytest
from alembic import command
from sqlalchemy import text

from tests.migrations.test_owners_of_a_connection import Filled, alembic


async def test_leads_are_gone_through_again_and_nothing_else(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    await alembic(command.upgrade, "0015")
    filled = Filled(empty_database_url)
    try:
        async with filled.database.write() as tx:
            given = {"now": filled.now}
            workspace = "INSERT INTO workspaces (id, created_at) VALUES ('default', :now)"
            await tx.execute(text(workspace), given)
        plan = {
            **{"person_id": "", "kind": "contact", "connection_id": "", "subject_id": ""},
            **{"done": True, "announced_at": filled.now},
        }
        for rule in ("stale_leads", "stuck_deals"):
            await filled.put("check_plans", rule=rule, **plan)
        await filled.deal("D-1", "p1", "a")
        deals = await filled.rows("SELECT id, title, status, person_id FROM deals")
        await alembic(command.upgrade, "0016")
        assert await filled.rows("SELECT rule FROM check_plans") == [("stuck_deals",)]
        assert await filled.rows("SELECT id, title, status, person_id FROM deals") == deals
        await alembic(command.downgrade, "0015")
        assert await filled.rows("SELECT id, title, status, person_id FROM deals") == deals
    finally:
        await filled.database.close()
