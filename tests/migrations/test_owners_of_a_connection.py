"""Owners of two CRMs that had become one person are two again, and names are kept as theirs."""

import asyncio
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from storage.database import Database

ROOT = Path(__file__).parents[2]


async def alembic(verb: Callable[..., Any], revision: str) -> None:
    config = Config(toml_file=ROOT / "pyproject.toml", stdout=StringIO())
    await asyncio.to_thread(verb, config, revision)


class Filled:
    """A database of the revision before, by what stands in it."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.is_sqlite = self.database.is_sqlite
        self.now: object = 1_700_000_000_000_000 if self.is_sqlite else "2023-11-14T22:13:20Z"

    async def put(self, table: str, **values: object) -> None:
        values = {"workspace_id": "default", **values}
        names = ", ".join(values)
        places = ", ".join(f":{name}" for name in values)
        async with self.database.write() as tx:
            await tx.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        async with self.database.read() as tx:
            return [tuple(row) for row in await tx.execute(text(query))]

    async def person(self, id: str, *keys: str, slack_user_id: str | None = None) -> None:
        await self.put(
            "people",
            id=id,
            name=id,
            slack_user_id=slack_user_id,
            enrolment="new",
            enabled=True,
            level=3,
            working_days="12345",
            created_at=self.now,
        )
        for key in keys:
            await self.put("owners", owner_key=key, person_id=id)

    async def deal(self, id: str, of: str, connection: str) -> None:
        await self.put(
            "deals",
            connection_id=connection,
            id=id,
            title=id,
            status="open",
            person_id=of,
            deleted=False,
            told="{}",
        )

    async def insight(self, fingerprint: str, of: str, subject: str) -> None:
        await self.put(
            "insights",
            fingerprint=fingerprint,
            person_id=of,
            rule="stuck_deals",
            type="time",
            priority=2,
            subject=subject,
            occasion="x",
            message="[]",
            reason="[]",
            action="view_deal",
            params="{}",
            about="[]",
            outcome="[]",
            state="held",
            created_at=self.now,
            expires_at=self.now,
        )
        await self.put(
            "decisions", fingerprint=fingerprint, at=self.now, decision="opened", person_id=of
        )


async def fill(filled: Filled) -> None:
    async with filled.database.write() as tx:
        await tx.execute(
            text("INSERT INTO workspaces (id, created_at) VALUES ('default', :now)"),
            {"now": filled.now},
        )
    for id in ("a", "b"):
        await filled.put(
            "connections",
            id=id,
            provider="native",
            token_hash=id,
            secrets="x",
            created_at=filled.now,
        )
    # One person for two owners 77; one by a name with capital signs; one reachable by address.
    await filled.person("seven", "id:77")
    await filled.person("gross", "name:ana groß")
    await filled.person("ana", "email:ana@x.example", "id:5", slack_user_id="U1")
    await filled.person("idle", "id:9")
    for of in ("seven", "ana"):
        await filled.deal(f"D-{of}", of, "a")
        await filled.deal(f"D-{of}", of, "b")
    await filled.deal("D-gross", "gross", "b")
    for place in ("a", "b"):
        await filled.insight(f"stuck-{place}", "seven", f"deal:{place}:D-seven")
        await filled.put(
            "activities",
            connection_id=place,
            dedupe_key=place,
            verb="deal_created",
            occurred_at=filled.now,
            recorded_at=filled.now,
            person_id="seven",
            origin="api",
            changes="{}",
        )
        await filled.put(
            "contacts_made",
            connection_id=place,
            contact_id="C",
            at=filled.now,
            verb="call_logged",
            person_id="seven",
        )


async def test_a_filled_database_keeps_each_owner_and_parts_those_of_two_connections(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    await alembic(command.upgrade, "0001")
    filled = Filled(empty_database_url)
    try:
        await fill(filled)
        await alembic(command.upgrade, "0002")
        owners = await filled.rows("SELECT connection_id, owner_key, person_id FROM owners")
        (other,) = [row[2] for row in owners if row[:2] == ("b", "id:77")]
        assert other != "seven"
        assert sorted(owners) == sorted(
            [
                ("", "email:ana@x.example", "ana"),
                ("a", "id:5", "ana"),
                ("b", "id:5", "ana"),
                ("a", "id:77", "seven"),
                ("b", "id:77", other),
                ("a", "id:9", "idle"),
                ("b", "name:ana gross", "gross"),
            ]
        )
        for table in ("deals", "activities", "contacts_made"):
            query = f"SELECT connection_id, person_id FROM {table}"
            found = [row for row in await filled.rows(query) if row[1] in {"seven", other}]
            assert sorted(found) == [("a", "seven"), ("b", other)], table
        for table in ("insights", "decisions"):
            query = f"SELECT fingerprint, person_id FROM {table}"
            assert sorted(await filled.rows(query)) == [("stuck-a", "seven"), ("stuck-b", other)]
        names = dict(await filled.rows("SELECT id, name FROM people"))
        assert names[other] == "seven"

        await alembic(command.downgrade, "0001")
        back = await filled.rows("SELECT owner_key, person_id FROM owners")
        assert sorted(back) == sorted(
            [
                ("email:ana@x.example", "ana"),
                ("id:5", "ana"),
                ("id:77", min("seven", other)),
                ("id:9", "idle"),
                ("name:ana gross", "gross"),
            ]
        )
    finally:
        await filled.database.close()


async def test_people_of_a_filled_database_are_recognised_by_their_names(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    await alembic(command.upgrade, "0004")
    filled = Filled(empty_database_url)
    try:
        async with filled.database.write() as tx:
            await tx.execute(
                text("INSERT INTO workspaces (id, created_at) VALUES ('default', :now)"),
                {"now": filled.now},
            )
        for id in ("Ana  Groß", "ben@x.example", "77"):
            await filled.person(id, slack_user_id=None)
            await filled.put("owners", connection_id="", owner_key=f"email:{id}", person_id=id)
            await filled.deal(f"D-{id}", id, "a")
        await filled.put("owners", connection_id="b", owner_key="name:bo", person_id="77")
        await alembic(command.upgrade, "0005")
        names = (
            "SELECT connection_id, owner_key, person_id FROM owners WHERE owner_key LIKE 'name%'"
        )
        assert sorted(await filled.rows(names)) == [
            ("a", "name:ana gross", "Ana  Groß"),
            ("b", "name:bo", "77"),
        ]
        chosen = await filled.rows("SELECT DISTINCT chosen FROM owners")
        assert chosen == [(False,)]
        await alembic(command.downgrade, "0004")
        assert await filled.rows(names) == []
    finally:
        await filled.database.close()
