"""What is known of the age of stages stays; what an import took for it is only the least."""

from typing import Any

import pytest
from alembic import command

from tests.migrations.test_owners_of_a_connection import Filled, alembic


async def happened(filled: Filled, deal_id: str, verb: str, origin: str) -> None:
    await filled.put(
        "activities",
        connection_id="a",
        dedupe_key=f"{deal_id} {verb}",
        verb=verb,
        occurred_at=filled.now,
        recorded_at=filled.now,
        deal_id=deal_id,
        origin=origin,
        changes="{}",
    )


async def in_stage(filled: Filled, deal_id: str) -> None:
    stay: dict[str, Any] = {"stage": "Proposal", "entered_at": filled.now}
    await filled.put("stage_visits", connection_id="a", deal_id=deal_id, **stay)


async def test_what_was_told_as_it_happened_has_an_age_and_what_a_file_told_has_none(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    await alembic(command.upgrade, "0016")
    filled = Filled(empty_database_url)
    told = {
        "made": ("deal_created", "api"),
        "moved": ("deal_stage_changed", "ui"),
        "worth": ("deal_amount_changed", "api"),
        "imported": ("deal_created", "import"),
        "closed": ("deal_closed", "import"),
    }
    try:
        for deal_id, (verb, origin) in told.items():
            await filled.deal(deal_id, "p1", "a")
            await in_stage(filled, deal_id)
            await happened(filled, deal_id, verb, origin)
        await filled.deal("elsewhere", "p1", "b")
        async with filled.database.write() as tx:
            await tx.exec_driver_sql(
                "UPDATE deals SET stage_entered_at = "
                "(SELECT max(entered_at) FROM stage_visits) WHERE connection_id = 'a'"
            )
        ages = "SELECT id, stage_entered_at, stage_seen_at FROM deals ORDER BY id"
        before = await filled.rows("SELECT id, stage_entered_at FROM deals ORDER BY id")
        await alembic(command.upgrade, "0017")
        found = {
            id: (entered is None, seen is None) for id, entered, seen in await filled.rows(ages)
        }
        known, unknown = (False, True), (True, False)
        assert found == {
            "made": known,
            "moved": known,
            "closed": known,
            "worth": unknown,
            "imported": unknown,
            "elsewhere": (True, True),
        }
        came = await filled.rows("SELECT deal_id FROM stage_visits WHERE came ORDER BY deal_id")
        assert came == [("closed",), ("made",), ("moved",)]
        await alembic(command.downgrade, "0016")
        assert await filled.rows("SELECT id, stage_entered_at FROM deals ORDER BY id") == before
    finally:
        await filled.database.close()
