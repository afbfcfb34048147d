"""Changes that were kept as request bodies become values, in order, and go back again."""

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from coach.models import TaskPriority, Verb
from coach.writes import CompleteTask, CreateTask, LogContact, MoveDeal, RescheduleTask
from storage import columns
from storage.crm_writes import restored
from storage.database import Database

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)

OLD_WRITES = sa.table(
    "crm_writes",
    *(sa.column(name) for name in ("workspace_id", "key", "fingerprint", "connection_id")),
    *(sa.column(name) for name in ("subject_id", "words", "body", "state")),
    sa.column("created_at", columns.UtcDateTime()),
)

NEW_WRITES = sa.table(
    "crm_writes",
    *(sa.column(name) for name in ("key", "subject_kind", "subject_id", "turn", "state", "body")),
    sa.column("write", columns.Json),
)

OLD_TASKS = sa.table(
    "tasks",
    *(sa.column(name) for name in ("workspace_id", "connection_id", "id", "title", "status")),
    *(sa.column(name) for name in ("priority", "note", "contact_id", "deal_id", "deleted")),
    sa.column("due_date", sa.Date()),
    sa.column("told", columns.Json),
)

#: Key after the fingerprint, thing, state, and the change that it was.
CASES: Sequence[tuple[str, str, str, object]] = [
    (
        "create_task",
        "coach-1",
        "queued",
        CreateTask(
            "native", "coach-1", "Ask Ann", date(2026, 11, 27), TaskPriority.HIGH, "By mail.", "C-9"
        ),
    ),
    ("complete:coach-1", "coach-1", "local", CompleteTask("native", "coach-1")),
    (
        "reschedule:T:2:2026-12-01",
        "T:2",
        "done",
        RescheduleTask("native", "T:2", date(2026, 12, 1)),
    ),
    ("email_logged:C-9", "C-9", "failed", LogContact("native", "C-9", Verb.EMAIL_LOGGED)),
    ("stage:D-1:Closed: Won", "D-1", "queued", MoveDeal("native", "D-1", "Closed: Won")),
]


async def alembic(verb: Callable[..., Any], *arguments: str) -> None:
    config = Config(toml_file=ROOT / "pyproject.toml", stdout=StringIO())
    await asyncio.to_thread(verb, config, *arguments)


async def test_changes_on_their_way_are_carried_along_both_ways(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    await alembic(command.upgrade, "0003")
    database = Database(empty_database_url)
    try:
        async with database.write() as tx:
            await tx.execute(
                OLD_TASKS.insert().values(
                    workspace_id="default",
                    connection_id="native",
                    id="coach-1",
                    title="Ask Ann",
                    status="pending",
                    priority="high",
                    note="By mail.",
                    contact_id="C-9",
                    due_date=date(2026, 11, 27),
                    deleted=False,
                    told={},
                )
            )
            for number, (key, subject_id, state, _) in enumerate(CASES):
                await tx.execute(
                    OLD_WRITES.insert().values(
                        workspace_id="default",
                        key=f"f1:{key}",
                        fingerprint="f1",
                        connection_id="native",
                        subject_id=subject_id,
                        words="Done",
                        body=None if state == "local" else "{}",
                        state=state,
                        created_at=NOW + timedelta(seconds=number),
                    )
                )
        await database.close()

        await alembic(command.upgrade, "0004")
        async with database.read() as tx:
            names = ("key", "subject_kind", "subject_id", "turn", "state", "write")
            rows = (await tx.execute(sa.select(*(NEW_WRITES.c[name] for name in names)))).all()
        found = {row.key.removeprefix("f1:"): row for row in rows}
        assert len(found) == len(CASES)
        for key, subject_id, state, write in CASES:
            assert (found[key].subject_id, found[key].state) == (subject_id, state)
            assert restored(found[key].write) == write
        assert {key: row.turn for key, row in found.items() if row.turn != 1} == {
            "complete:coach-1": 2
        }
        assert {row.subject_kind for row in rows} == {"task", "contact", "deal"}
        await database.close()

        await alembic(command.downgrade, "0003")
        async with database.read() as tx:
            bodies = dict((await tx.execute(sa.select(OLD_WRITES.c.key, OLD_WRITES.c.body))).all())
    finally:
        await database.close()
    assert bodies["f1:complete:coach-1"] is None
    created = json.loads(bodies["f1:create_task"])
    assert (created["type"], created["data"]["task"]["id"]) == ("task_created", "coach-1")
    assert created["data"]["task"]["contact_id"] == "C-9"
    moved = json.loads(bodies["f1:stage:D-1:Closed: Won"])
    assert moved["data"]["deal"] == {"id": "D-1", "stage": "Closed: Won"}
