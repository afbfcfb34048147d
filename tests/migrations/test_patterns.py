"""A filled database gets what patterns, days and given-up changes need, and loses nothing."""

import pytest
from alembic import command
from sqlalchemy import text

from tests.migrations.test_owners_of_a_connection import Filled, alembic

BEFORE, AFTER = "0030", "0032"


async def fill(filled: Filled) -> None:
    """Somebody with an insight, out of which two changes were made: one is there, one is not."""
    async with filled.database.write() as tx:
        await tx.execute(
            text("INSERT INTO workspaces (id, created_at) VALUES ('default', :now)"),
            {"now": filled.now},
        )
    await filled.person("p1")
    await filled.deal("D-1", "p1", "native")
    await filled.put(
        "insights",
        fingerprint="f1",
        person_id="p1",
        rule="stuck_deals",
        type="time",
        priority=2,
        subject="deal:native:D-1",
        occasion="x",
        message='"It is stuck."',
        reason='"It is."',
        action="view_deal",
        params="{}",
        outcome='""',
        state="open",
        created_at=filled.now,
        expires_at=filled.now,
    )
    for turn, state in ((1, "done"), (2, "failed")):
        await filled.put(
            "crm_writes",
            key=f"k{turn}",
            fingerprint="f1",
            connection_id="native",
            person_id="p1",
            subject_kind="deal",
            subject_id="D-1",
            turn=turn,
            words='"Moved"',
            write='{"kind": "move_deal"}',
            state=state,
            created_at=filled.now,
        )


KEPT = (
    "SELECT key, state, turn FROM crm_writes ORDER BY key",
    "SELECT fingerprint, state, subject FROM insights",
    "SELECT id, name, level FROM people",
    "SELECT id, person_id FROM deals",
)


async def test_patterns_come_to_a_filled_database_and_go_again(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    await alembic(command.upgrade, BEFORE)
    filled = Filled(empty_database_url)
    try:
        await fill(filled)
        before = [await filled.rows(query) for query in KEPT]
        assert all(before)
        await alembic(command.upgrade, AFTER)
        assert [await filled.rows(query) for query in KEPT] == before
        # Nobody was told of what was given up before that was kept, and nobody doubts it.
        assert await filled.rows("SELECT DISTINCT in_doubt, told_in FROM crm_writes") == [
            (False, None)
        ]
        assert await filled.rows("SELECT as_of FROM insights") == [(None,)]
        # No team was looked at: each is, as soon as the coach runs.
        assert await filled.rows("SELECT workspace_id FROM pattern_turns") == []
        await found(filled)
        await alembic(command.downgrade, BEFORE)
        assert [await filled.rows(query) for query in KEPT] == before
        await alembic(command.upgrade, AFTER)
        assert await filled.rows("SELECT key FROM patterns") == []
    finally:
        await filled.database.close()


async def found(filled: Filled) -> None:
    """What is found belongs to a team or to one of its people, and goes with them."""
    common = {
        "pattern": "won_by_source",
        "group_name": "Web",
        "message": '"Wins."',
        "figures": "{}",
        "chance": 0.001,
        "found_at": filled.now,
        "tested_at": filled.now,
    }
    await filled.put("pattern_turns", due_at=filled.now)
    assert await filled.rows("SELECT attempts, error FROM pattern_turns") == [(0, None)]
    await filled.put("patterns", key="team", person_id=None, **common)
    await filled.put("patterns", key="own", person_id="p1", **common)
    async with filled.database.write() as tx:
        await tx.execute(
            text("INSERT INTO workspaces (id, created_at) VALUES ('other', :now)"),
            {"now": filled.now},
        )
    await filled.put("patterns", workspace_id="other", key="team", person_id=None, **common)
    async with filled.database.write() as tx:
        await tx.execute(text("DELETE FROM workspaces WHERE id = 'other'"))
    assert await filled.rows("SELECT workspace_id, key FROM patterns ORDER BY key") == [
        ("default", "own"),
        ("default", "team"),
    ]
