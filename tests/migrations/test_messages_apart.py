"""A filled database of the first version is carried along when messages part from insights."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, Table, inspect

from coach.models import About, SubjectKind
from storage import deciding, insights, messages, schema, sending
from storage.database import Database, Tx
from storage.tables import metadata

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
W = "default"
BEFORE, AFTER = "0009", "0010"
LEADS = ["contact:c1:C-1@2026-11-01 09:00:00+00:00", "contact:c1:a:b@c@2026-11-02"]


async def alembic(verb: Any, *arguments: str) -> None:
    config = Config(toml_file=ROOT / "pyproject.toml", stdout=StringIO())
    await asyncio.to_thread(verb, config, *arguments)


@pytest.fixture
async def filled(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Database]:
    """A database of the first version with one insight in each state, and notices."""
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    await alembic(command.upgrade, BEFORE)
    database = Database(empty_database_url)
    async with database.write() as tx:
        await fill(tx)
    yield database
    await database.close()


async def reflected(tx: Tx) -> dict[str, Table]:
    """The tables as they are, with the types of our own where the columns still exist."""
    found = MetaData()
    await tx.run_sync(lambda connection: found.reflect(connection))
    moment = metadata.tables["people"].c.created_at.type
    json_ = metadata.tables["messages"].c.params.type
    for table in found.tables.values():
        for column in table.columns:
            name = column.name
            if name.endswith(("_at", "_until", "_before", "_after")):
                column.type = moment
            if name in {"message", "reason", "params", "about", "outcome"}:
                column.type = json_
    return dict(found.tables)


def person(id: str, **changes: Any) -> dict[str, Any]:
    return {
        "workspace_id": W,
        "id": id,
        "name": id,
        "slack_user_id": f"U-{id}",
        "enrolment": "started",
        "enabled": True,
        "level": 2,
        "working_days": "12345",
        "created_at": NOW,
        **changes,
    }


def insight(print_: str, state: str, **changes: Any) -> dict[str, Any]:
    return {
        "workspace_id": W,
        "fingerprint": print_,
        "person_id": "ana",
        "rule": "referral_ask",
        "type": "action",
        "priority": 3,
        "subject": "deal:c1:D-1",
        "occasion": print_,
        "message": [["Ask", None]],
        "reason": [["You won", None]],
        "action": "create_task",
        "params": {"connection_id": "c1"},
        "about": ["D-1"],
        "state": state,
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=3),
        "outcome": [],
        "attempts": 0,
        "render_due": False,
        **changes,
    }


def sent(ts: str) -> dict[str, Any]:
    return {"channel": "D1", "ts": ts, "sent_at": NOW + MINUTE}


def notice(id: str, kind: str, state: str, **changes: Any) -> dict[str, Any]:
    return {
        "workspace_id": W,
        "id": id,
        "slack_user_id": "U-ana",
        "kind": kind,
        "params": {"state": "asked"},
        "state": state,
        "created_at": NOW,
        "attempts": 0,
        "render_due": False,
        **changes,
    }


PENDING = {"held", "quiet", "queued", "sending", "sent", "failed"}


async def fill(tx: Tx) -> None:
    tables = await reflected(tx)
    await tx.execute(tables["workspaces"].insert(), [{"id": W, "name": "Team", "created_at": NOW}])
    ben = person("ben", enrolment="new", send_after=NOW)
    for each in (person("ana"), ben, person("eve", enrolment="declined")):
        await tx.execute(tables["people"].insert(), [each])
    for each in (
        insight("held", "held", person_id="ben"),
        insight("quiet", "quiet", person_id="eve"),
        insight("queued", "queued", rule="next_priority", about=["T-1"]),
        insight("sending", "sending", claimed_until=NOW + MINUTE, attempts=2),
        insight("sent", "sent", rule="stale_leads", about=LEADS, **sent("1.1")),
        insight("failed", "failed", error="channel_not_found", attempts=1),
        insight("taken", "taken", decided_at=NOW, seen_at=NOW, **sent("1.2")),
        insight("dismissed", "dismissed", decided_at=NOW, render_due=True, **sent("1.3")),
        insight("expired", "expired", decided_at=NOW),
    ):
        await tx.execute(tables["insights"].insert(), [each])
    for each in (
        notice("welcome:ben", "welcome", "queued", slack_user_id="U-ben"),
        notice("link:1", "link_request", "sent", channel="D1", ts="2.1", render_due=True),
        notice("link_answer:1", "link_answer", "failed", error="user_disabled"),
    ):
        await tx.execute(tables["notices"].insert(), [each])


async def columns(tx: Tx) -> dict[str, set[str]]:
    def look(connection: Any) -> dict[str, set[str]]:
        seen = inspect(connection)
        return {
            name: {column["name"] for column in seen.get_columns(name)}
            for name in seen.get_table_names()
        }

    return await tx.run_sync(look)


async def test_every_insight_is_carried_along_with_the_message_it_had(filled: Database) -> None:
    await schema.upgrade(filled)
    async with filled.read() as tx:
        states, cards = {}, {}
        for person_id in ("ana", "ben", "eve"):
            for each in await insights.recent(tx, W, person_id):
                states[each.fingerprint] = each.state.value
                cards[each.fingerprint] = await messages.showing(tx, W, each.fingerprint)
        assert states == {
            **dict.fromkeys(PENDING, "open"),
            **{state: state for state in ("taken", "dismissed", "expired")},
        }
        shown = {print_: each[0] for print_, each in cards.items() if each}
        assert {print_: each.state.value for print_, each in shown.items()} == {
            "sending": "sending",
            "sent": "sent",
            "failed": "failed",
            "taken": "sent",
            "dismissed": "sent",
        }
        first = shown["sent"]
        assert (first.id, first.addressee, first.person_id) == ("card:sent", "U-ana", "ana")
        assert (first.channel, first.ts, first.sent_at) == ("D1", "1.1", NOW + MINUTE)
        assert shown["failed"].error == "channel_not_found"
        assert shown["sending"].attempts == 2
        seen = {each.fingerprint: each.seen_at for each in await insights.recent(tx, W, "ana")}
        assert (seen["sent"], seen["taken"], seen["queued"]) == (NOW + MINUTE, NOW, None)


async def test_what_is_next_for_everybody_is_decided_anew_and_lost_claims_are_taken_up(
    filled: Database,
) -> None:
    await schema.upgrade(filled)
    later = datetime.now(UTC) + timedelta(days=1)
    async with filled.write() as tx:
        found = await deciding.to_decide(tx, later, 9)
        assert {id for ids in found.values() for id in ids} == {"ana", "ben", "eve"}
        claimed = {
            each.message.id
            for _ in range(9)
            for each in await sending.claim(tx, later, lease=MINUTE, most=9)
            if await sending.record(tx, each.message, state="sent")
        }
    assert claimed == {"card:sending", "card:dismissed", "welcome:ben", "link:1"}


async def test_notices_become_messages(filled: Database) -> None:
    await schema.upgrade(filled)
    async with filled.read() as tx:
        welcome = await messages.get(tx, W, "welcome:ben")
        question = await messages.get(tx, W, "link:1")
        answer = await messages.get(tx, W, "link_answer:1")
    assert welcome is not None
    assert (welcome.kind, welcome.person_id, welcome.state) == ("welcome", "ben", "due")
    assert welcome.params == {"state": "asked"}
    assert question is not None
    assert (question.state, question.person_id, question.ts) == ("sent", None, "2.1")
    assert answer is not None
    assert (answer.state, answer.person_id, answer.error) == ("failed", "ana", "user_disabled")


async def test_what_insights_are_about_keeps_its_marks(filled: Database) -> None:
    await schema.upgrade(filled)
    async with filled.read() as tx:
        found = await insights.subjects(tx, W, ["sent", "queued", "taken"])
    assert set(found["sent"]) == {
        About(SubjectKind.CONTACT, "c1", "C-1", "2026-11-01 09:00:00+00:00"),
        About(SubjectKind.CONTACT, "c1", "a:b@c", "2026-11-02"),
    }
    assert found["queued"] == (About(SubjectKind.TASK, "c1", "T-1"),)
    assert found["taken"] == (About(SubjectKind.DEAL, "c1", "D-1"),)


async def test_the_way_back_brings_the_database_of_before(filled: Database) -> None:
    async with filled.read() as tx:
        tables = await reflected(tx)
        before = {row.fingerprint: row for row in await tx.execute(tables["insights"].select())}
        notices = {row.id: row for row in await tx.execute(tables["notices"].select())}
        had = await columns(tx)
    await alembic(command.upgrade, AFTER)
    await alembic(command.downgrade, BEFORE)
    async with filled.read() as tx:
        assert await columns(tx) == had
        tables = await reflected(tx)
        after = {row.fingerprint: row for row in await tx.execute(tables["insights"].select())}
        again = {row.id: row for row in await tx.execute(tables["notices"].select())}
    for print_, row in before.items():
        found = after[print_]
        assert found.state == row.state, print_
        same = ("channel", "ts", "sent_at", "error", "attempts", "render_due", "claimed_until")
        assert [getattr(found, name) for name in same] == [getattr(row, name) for name in same], (
            print_
        )
        assert sorted(found.about) == sorted(row.about)
    for id, row in notices.items():
        kept = ("slack_user_id", "kind", "params", "state", "channel", "ts", "error", "render_due")
        assert [getattr(again[id], n) for n in kept] == [getattr(row, n) for n in kept], id
