"""Next checks of a database in use become checks of the rules that asked for them, and back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Boolean, Column, Integer, MetaData, Table, Text, select

from storage.columns import Json, UtcDateTime
from storage.database import Database
from tests.migrations.test_migrations import alembic

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)

OLD, NEW = MetaData(), MetaData()


def table(metadata: MetaData, called: str, **columns: Any) -> Table:
    """As much of a table as matters here."""
    return Table(called, metadata, *(Column(key, kind) for key, kind in columns.items()))


_THING = {
    **dict.fromkeys(("workspace_id", "connection_id", "id", "person_id", "status"), Text),
    **{"deleted": Boolean, "told": Json, "next_check_at": UtcDateTime},
}
WORKSPACES = table(OLD, "workspaces", id=Text, rules=Text, created_at=UtcDateTime)
PEOPLE = table(
    OLD,
    "people",
    **dict.fromkeys(("workspace_id", "id", "name", "enrolment", "working_days"), Text),
    **{"enabled": Boolean, "level": Integer, "created_at": UtcDateTime},
)
DEALS = table(OLD, "deals", **_THING, title=Text)
CONTACTS = table(OLD, "contacts", **_THING, name_given=Text, is_lead=Boolean)
TASKS = table(OLD, "tasks", **_THING, title=Text, priority=Text)

CHECKS = table(
    NEW,
    "checks",
    **dict.fromkeys(("rule", "kind", "subject_id", "person_id"), Text),
    due_at=UtcDateTime,
)
ROUNDS = table(NEW, "rounds", rule=Text, person_id=Text, due_at=UtcDateTime)
PLANS = table(NEW, "check_plans", workspace_id=Text, rule=Text, person_id=Text, done=Boolean)


def person(id: str) -> dict[str, Any]:
    return {
        "workspace_id": "default", "id": id, "name": id, "enrolment": "started",
        "working_days": "12345", "enabled": True, "level": 2, "created_at": NOW,
    }  # fmt: skip


def thing(id: str, whose: str | None, at: datetime | None, **more: Any) -> dict[str, Any]:
    return {
        "workspace_id": "default", "connection_id": "native", "id": id, "person_id": whose,
        "deleted": False, "told": {}, "next_check_at": at, **more,
    }  # fmt: skip


async def fill(database: Database) -> None:
    """A workspace whose rules were all there, one older than a rule of time, and some things."""
    async with database.write() as tx:
        rules = ["overdue_tasks referral_ask stale_leads stuck_deals", "overdue_tasks stale_leads"]
        for id, given in zip(["default", "older"], rules, strict=True):
            row = {"id": id, "rules": given, "created_at": NOW}
            await tx.execute(WORKSPACES.insert(), row)
        await tx.execute(PEOPLE.insert(), [person("ana"), person("ben")])
        deal = {"status": "open", "title": ""}
        await tx.execute(
            DEALS.insert(),
            [
                thing("D-1", "ana", NOW + 2 * DAY, **deal),
                thing("D-2", "ana", NOW + DAY, **deal),
                thing("D-3", "ben", NOW, **deal),
                thing("won", "ben", None, **{**deal, "status": "won"}),
                thing("nobody's", None, None, **deal),
            ],
        )
        lead = {"status": "LEAD", "name_given": "", "is_lead": True}
        await tx.execute(CONTACTS.insert(), [thing("C-1", "ana", NOW + DAY, **lead)])
        task = {"status": "pending", "title": "", "priority": "high"}
        await tx.execute(TASKS.insert(), [thing("T-1", "ben", NOW + DAY, **task)])


async def rows(database: Database, of: Table, *order: str) -> list[tuple[Any, ...]]:
    async with database.read() as tx:
        found = await tx.execute(select(of).order_by(*(of.c[name] for name in order)))
        return [tuple(row) for row in found]


async def test_next_checks_become_checks_and_rounds_and_come_back(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    await alembic(command.upgrade, "0008")
    database = Database(empty_database_url)
    try:
        await fill(database)
        await alembic(command.upgrade, "0009")
        assert await rows(database, CHECKS, "subject_id") == [
            ("stale_leads", "contact", "C-1", "ana", NOW + DAY),
            ("stuck_deals", "deal", "D-1", "ana", NOW + 2 * DAY),
            ("stuck_deals", "deal", "D-2", "ana", NOW + DAY),
            ("stuck_deals", "deal", "D-3", "ben", NOW),
            ("overdue_tasks", "task", "T-1", "ben", NOW + DAY),
        ]
        assert await rows(database, ROUNDS, "rule", "person_id") == [
            ("overdue_tasks", "ben", NOW + DAY),
            ("stale_leads", "ana", NOW + DAY),
            ("stuck_deals", "ana", NOW + DAY),
            ("stuck_deals", "ben", NOW),
        ]
        # What the older workspace has no checks of yet is made when the coach starts.
        assert await rows(database, PLANS, "workspace_id", "rule") == [
            ("default", "overdue_tasks", "", True),
            ("default", "stale_leads", "", True),
            ("default", "stuck_deals", "", True),
            ("older", "overdue_tasks", "", True),
            ("older", "stale_leads", "", True),
        ]

        await alembic(command.downgrade, "0008")
        found = {row[2]: row[7] for row in await rows(database, DEALS, "id")}
        assert found == {
            "D-1": NOW + 2 * DAY,
            "D-2": NOW + DAY,
            "D-3": NOW,
            "nobody's": None,
            "won": None,
        }
        assert [row[7] for row in await rows(database, CONTACTS, "id")] == [NOW + DAY]
        assert [row[0] for row in await rows(database, PEOPLE, "id")] == ["default"] * 2
    finally:
        await database.close()
