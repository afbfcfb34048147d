"""What was said already, and who is coached already, is known of a database that is filled."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from storage import columns
from storage.database import Database

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
REVISION = "0018"


def table(name: str, plain: str, *times: str) -> sa.TableClause:
    """A table by the names of its columns."""
    return sa.table(
        name,
        *(sa.column(each) for each in plain.split()),
        *(sa.column(each, columns.UtcDateTime()) for each in times),
    )


WORKSPACES = sa.table("workspaces", sa.column("id"), sa.column("created_at", columns.UtcDateTime()))
PEOPLE = table(
    "people", "workspace_id id name enrolment enabled level working_days digest work_from",
    "created_at", "began_at", "brief_made_at",
)  # fmt: skip
INSIGHTS = table(
    "insights",
    "workspace_id fingerprint person_id rule type priority subject occasion message reason action "
    "params state outcome said_by",
    "created_at", "expires_at", "said_at",
)  # fmt: skip
MESSAGES = table("messages", "workspace_id id kind addressee params state", "created_at", "sent_at")
LINKS = table("message_insights", "workspace_id message_id fingerprint place")


async def alembic(verb: Callable[..., Any], *arguments: str) -> None:
    config = Config(toml_file=ROOT / "pyproject.toml", stdout=StringIO())
    await asyncio.to_thread(verb, config, *arguments)


async def test_what_was_said_and_who_has_started_is_known(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    await alembic(command.upgrade, f"{REVISION}-1")
    database = Database(empty_database_url)
    try:
        async with database.write() as tx:
            await tx.execute(WORKSPACES.insert().values(id="w", created_at=NOW))
            for id, enrolment in (("ana", "started"), ("ben", "new")):
                of_it = {"enabled": True, "level": 2, "working_days": "12345"}
                who = {"workspace_id": "w", "id": id, "name": id, "enrolment": enrolment}
                await tx.execute(PEOPLE.insert().values(**who, **of_it, created_at=NOW))
            for print_, sent_at in (("said", NOW + timedelta(hours=1)), ("waits", None)):
                words = {"message": '"m"', "reason": '"r"', "outcome": '""', "params": "{}"}
                plain = {"rule": "r", "type": "time", "priority": 2, "subject": "s"}
                insight = {"workspace_id": "w", "fingerprint": print_, "person_id": "ana"}
                insight |= {"occasion": "o", "action": "a", "state": "open"}
                times = {"created_at": NOW, "expires_at": NOW}
                await tx.execute(INSIGHTS.insert().values(**insight, **plain, **words, **times))
                message = {"workspace_id": "w", "id": f"card:{print_}", "kind": "card"}
                message |= {"addressee": "U1", "params": "{}"}
                state = "sent" if sent_at else "due"
                await tx.execute(
                    MESSAGES.insert().values(
                        **message, state=state, created_at=NOW, sent_at=sent_at
                    )
                )
                link = {"workspace_id": "w", "message_id": f"card:{print_}", "place": 0}
                await tx.execute(LINKS.insert().values(**link, fingerprint=print_))
        await alembic(command.upgrade, REVISION)
        async with database.read() as tx:
            known = await tx.execute(
                sa.select(INSIGHTS.c.fingerprint, INSIGHTS.c.said_by, INSIGHTS.c.said_at)
            )
            assert {row[0]: tuple(row[1:]) for row in known} == {
                "said": ("card", NOW + timedelta(hours=1)),
                "waits": (None, None),
            }
            people = await tx.execute(
                sa.select(
                    PEOPLE.c.id, PEOPLE.c.began_at, PEOPLE.c.brief_made_at,
                    PEOPLE.c.work_from, PEOPLE.c.digest,
                )
            )  # fmt: skip
            # Who has been coached all along has no first day any more.
            assert {row[0]: tuple(row[1:]) for row in people} == {
                "ana": (NOW, NOW, 540, "weekly"),
                "ben": (None, None, 540, "weekly"),
            }
        await alembic(command.downgrade, f"{REVISION}-1")
        async with database.read() as tx:
            kept = await tx.execute(sa.select(INSIGHTS.c.fingerprint, INSIGHTS.c.state))
            assert {row[0]: row[1] for row in kept} == {"said": "open", "waits": "open"}
    finally:
        await database.close()
