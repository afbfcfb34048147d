"""What happened is kept when the indexes by thing and verb come and go."""

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from storage.database import Database
from tests.migrations.test_migrations import ROOT, alembic

MADE = {
    "ix_activities_person_id": ["workspace_id", "person_id", "occurred_at"],
    "ix_activities_deal_id": ["workspace_id", "deal_id", "occurred_at"],
    "ix_activities_contact_id": ["workspace_id", "contact_id", "occurred_at"],
    "ix_activities_task_id": ["workspace_id", "task_id", "occurred_at"],
    "ix_activities_occurred_at": ["workspace_id", "occurred_at", "verb"],
}
BEFORE = {
    "ix_activities_person_id": ["workspace_id", "person_id", "occurred_at"],
    "ix_activities_occurred_at": ["workspace_id", "occurred_at"],
}


def revision() -> tuple[str, str]:
    """This migration and the one before it."""
    scripts = ScriptDirectory.from_config(Config(toml_file=ROOT / "pyproject.toml"))
    made = next(
        each for each in scripts.walk_revisions() if each.path.endswith("_find_activities.py")
    )
    return made.revision, str(made.down_revision)


async def activities_of(url: str) -> tuple[int, dict[str, list[str | None]]]:
    """How many there are, and the columns of each index."""
    database = Database(url)
    try:
        async with database.read() as tx:
            count = (await tx.execute(text("SELECT count(*) FROM activities"))).scalar_one()
            found = await tx.run_sync(lambda c: inspect(c).get_indexes("activities"))
    finally:
        await database.close()
    return count, {str(each["name"]): each["column_names"] for each in found}


async def test_a_filled_table_gets_its_indexes_and_loses_them_again(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = empty_database_url
    monkeypatch.setenv("DATABASE_URL", url)
    made, before = revision()
    await alembic(command.upgrade, before)
    database = Database(url)
    at = "1000000" if database.is_sqlite else "now()"
    async with database.write() as tx:
        for n in range(30):
            await tx.execute(
                text(
                    "INSERT INTO activities (workspace_id, connection_id, dedupe_key, verb,"
                    " occurred_at, recorded_at, person_id, deal_id, origin, changes)"
                    f" VALUES ('w', 'c', :key, 'deal_created', {at}, {at}, 'p', :deal,"
                    " 'api', '{}')"
                ),
                {"key": str(n), "deal": f"D-{n}" if n % 2 else None},
            )
    await database.close()

    await alembic(command.upgrade, made)
    assert await activities_of(url) == (30, MADE)
    await alembic(command.downgrade, before)
    assert await activities_of(url) == (30, BEFORE)
