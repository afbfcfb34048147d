"""A workspace keeps its team and people when tokens move into the database, and back."""

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from storage.database import Database
from tests.migrations.test_migrations import ROOT, alembic


def revision() -> tuple[str, str]:
    """This migration and the one before it."""
    scripts = ScriptDirectory.from_config(Config(toml_file=ROOT / "pyproject.toml"))
    made = next(
        each for each in scripts.walk_revisions() if each.path.endswith("_installations.py")
    )
    return made.revision, str(made.down_revision)


async def run(url: str, *statements: str) -> list[tuple[object, ...]]:
    """Run statements; returns the rows of the last."""
    database = Database(url)
    at = "1000000" if database.is_sqlite else "now()"
    try:
        async with database.write() as tx:
            for each in statements:
                result = await tx.execute(text(each.replace("NOW", at)))
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        await database.close()


async def test_a_filled_database_keeps_its_team_and_its_people(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = empty_database_url
    monkeypatch.setenv("DATABASE_URL", url)
    made, before = revision()
    await alembic(command.upgrade, before)
    await run(
        url,
        "INSERT INTO workspaces (id, team_id, name, bot_user_id, slack_error, created_at)"
        " VALUES ('default', 'T1', 'Northwind', 'U0COACH', 'token_revoked', NOW)",
        "INSERT INTO people (workspace_id, id, name, enrolment, enabled, level, working_days,"
        " created_at) VALUES ('default', 'p1', 'Ana', 'started', true, 2, '12345', NOW)",
    )
    await alembic(command.upgrade, made)
    kept = "SELECT team_id, name, slack_error, enterprise_id, lookups_after FROM workspaces"
    assert await run(url, kept) == [("T1", "Northwind", "token_revoked", None, None)]
    assert await run(url, "SELECT name, home_seen_at FROM people") == [("Ana", None)]
    await run(
        url,
        "INSERT INTO installations (id, team_id, bot_token, bot_user_id, installed_at)"
        " VALUES ('environment', 'T1', 'sealed', 'U0NEW', NOW)",
    )
    await alembic(command.downgrade, before)
    assert await run(url, "SELECT team_id, bot_user_id FROM workspaces") == [("T1", "U0NEW")]
    assert await run(url, "SELECT name FROM people") == [("Ana",)]
