"""Killed while it takes over an account or writes to a CRM, the coach goes on where it was."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from starlette.requests import Request
from starlette.responses import Response

from bot.coaching.recording import apply
from bot.crm import backfill
from bot.crm.provider import load_providers
from bot.playground.crm.vendors.hubspot import PORTAL, SECRET, TOKEN, Hubspot
from bot.runtime.parts import Parts
from coach import writes
from coach.models import Origin, TaskPriority
from coach.phrases import say
from coach.writes import CreateTask
from storage import connections, crm_writes, mirror
from storage.connections import Connection
from storage.crm_writes import StoredWrite
from storage.tables import activities, fetches, insights, messages
from storage.tables import crm_writes as writes_table
from tests.bot.crm.running import running
from tests.bot.killing.victim import Victim, served
from tests.world import (
    ANA,
    SECRET_KEY,
    WORKSPACE,
    connect,
    enrol,
    listening,
    native,
    running_crm,
    running_parts,
)

#: How many of each kind the account holds: several pages each.
HELD = {"deals": 220, "contacts": 250, "tasks": 250}

#: What is killed in the middle of: which page of which kind, and whether its answer was on its way.
KILLS = [("deals", 1, False), ("deals", 3, True), ("contacts", 2, False), ("tasks", 1, True)]


@dataclass
class Account(Hubspot):
    """An account at HubSpot that can keep an answer back: what was asked for is done by then."""

    #: Whose answer is kept back: (method, a part of the path, the how many-th call of these).
    back: tuple[str, str, int] | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    under_way: int = 0
    #: How many calls to what comes in pages were under way at once.
    most: int = 0

    async def __call__(self, request: Request) -> Response:
        paged = _kind(request.url.path) in HELD
        self.under_way += paged
        self.most = max(self.most, self.under_way)
        try:
            answer = await super().__call__(request)
            if self.back is not None and len(self.calls(*self.back[:2])) == self.back[2]:
                self.back = None
                self.reached.set()
                await self.let_go.wait()
            return answer
        finally:
            self.under_way -= paged

    def keep_back(self, path: str, number: int, method: str = "GET") -> None:
        """Keep back the answer to the call of this number, counted from the first ever."""
        self.back = (method, path, number)
        self.reached.clear()
        self.let_go.clear()

    def fill(self) -> None:
        """Deals won an hour ago, which would be worth a word had a webhook told of them."""
        at = datetime.now(UTC) - timedelta(hours=1)
        mine = {"hubspot_owner_id": "77"}
        for number in range(HELD["deals"]):
            deal = {"dealname": f"Deal {number}", "dealstage": "103", "pipeline": "default"}
            self.put("deals", str(5001 + number), deal | mine, at=at)
        for number in range(HELD["contacts"]):
            contact = {"firstname": f"Ann {number}", "lifecyclestage": "customer"}
            self.put("contacts", str(5001 + number), contact | mine, at=at)
        for number in range(HELD["tasks"]):
            task = {"hs_task_subject": f"Task {number}", "hs_task_status": "COMPLETED"}
            self.put("tasks", str(5001 + number), task | mine, at=at)

    def pages(self) -> list[tuple[str, int]]:
        """Which pages were asked for, in order: the kind, and from which id on."""
        paged = [each for each in self.asked if _kind(each.path) in HELD]
        return [(_kind(each.path), int(each.query.get("after", "0"))) for each in paged]


def _kind(path: str) -> str:
    return path.removeprefix("/crm/v3/objects/")


@dataclass
class Scene:
    """The database, the account, and processes that can be killed."""

    parts: Parts
    account: Account
    processes: Sequence[Victim]

    async def lease_runs_out(self) -> None:
        """What a process that was killed has claimed is free again, as it is in time."""
        over = datetime(2020, 1, 1, tzinfo=UTC)
        async with self.parts.database.write() as tx:
            for table in (fetches, writes_table):
                claimed = update(table).where(table.c.leased_until.is_not(None))
                await tx.execute(claimed.values(leased_until=over))

    async def whole(self, seconds: float = 60.0) -> None:
        """Return when everything was taken over."""
        provider = load_providers()["hubspot"]
        async with asyncio.timeout(seconds):
            while True:
                async with self.parts.database.read() as tx:
                    told = await backfill.progress(tx, provider, WORKSPACE, "hubspot")
                assert [each.error for each in told if each.error] == []
                if all(each.whole for each in told):
                    return
                await asyncio.sleep(0.1)

    async def count(self, table: Any) -> int:
        async with self.parts.database.read() as tx:
            found: int = (await tx.execute(select(func.count()).select_from(table))).scalar_one()
            return found

    async def everything_is_there_once_and_is_no_news(self) -> None:
        async with self.parts.database.read() as tx:
            held = {kind.value: n for kind, n in (await mirror.counts(tx, WORKSPACE)).items()}
            columns = activities.c
            query = select(columns.deal_id, columns.contact_id, columns.task_id, columns.origin)
            told = (await tx.execute(query)).all()
        assert {f"{kind}s": count for kind, count in held.items() if count} == HELD
        assert len(told) == len({row[:3] for row in told}) == sum(HELD.values())
        assert {row[3] for row in told} == {Origin.IMPORT.value}
        assert await self.count(insights) == 0
        assert await self.count(messages) == 0


@asynccontextmanager
async def scene(url: str, folder: Path, processes: int = 1) -> AsyncIterator[Scene]:
    """An account that is linked and not taken over, and so many processes not yet started."""
    environment = {
        "DATABASE_URL": url,
        "COACH_SECRET_KEYS": SECRET_KEY,
        "COACH_LOG_LEVEL": "ERROR",
        "COACH_DATA": str(folder),
    }
    async with running_parts(url) as parts, running(Account()) as account:
        assert isinstance(account, Account)
        account.fill()
        # Whoever could be told of something, at any time of any day.
        await enrol(parts, ANA, working_days="1234567", work_from=0, work_until=1439)
        linked = Connection(
            WORKSPACE, "hubspot", "hubspot", "token-of-a-link-0123456789", (), "", account.url,
            account_id=PORTAL, access={"token": TOKEN, "client_secret": SECRET},
        )  # fmt: skip
        async with parts.database.write() as tx:
            await connections.save(tx, parts.seal, linked, parts.clock.now())
        async with _victims(environment, folder, processes) as victims:
            try:
                yield Scene(parts, account, victims)
            finally:
                account.let_go.set()
        for number in range(processes):
            assert "Traceback" not in (folder / f"errors-{number}.txt").read_text()


@asynccontextmanager
async def _victims(
    environment: dict[str, str], folder: Path, count: int
) -> AsyncIterator[list[Victim]]:
    if not count:
        yield []
        return
    free = listening()
    port = free.getsockname()[1]
    free.close()
    errors = folder / f"errors-{count - 1}.txt"
    async with (
        served(environment, port, step=0.0, errors=errors) as victim,
        _victims(environment, folder, count - 1) as others,
    ):
        yield [victim, *others]


@pytest.mark.slow
async def test_taking_over_goes_on_where_it_was_killed(database_url: str, tmp_path: Path) -> None:
    async with scene(database_url, tmp_path) as found:
        (process,), account = found.processes, found.account
        lost = []
        for kind, page, answered in KILLS:
            account.keep_back(f"/objects/{kind}", page)
            await process.start()
            await asyncio.wait_for(account.reached.wait(), 30)
            if answered:
                account.let_go.set()
            await process.kill()
            account.let_go.set()
            lost.append(account.pages()[-1])
            await found.lease_runs_out()
        await process.start()
        await found.whole()
        await process.kill()
        asked = account.pages()
        order = list(HELD)
        assert asked == sorted(asked, key=lambda page: (order.index(page[0]), page[1]))
        again = [page for page, times in Counter(asked).items() if times > 1]
        assert set(again) <= set(lost)
        assert max(Counter(asked).values()) <= 2
        await found.everything_is_there_once_and_is_no_news()


@pytest.mark.slow
async def test_two_processes_do_not_take_over_the_same_at_once(
    postgresql_url: str, tmp_path: Path
) -> None:
    async with scene(postgresql_url, tmp_path, processes=2) as found:
        (first, second), account = found.processes, found.account
        account.keep_back("/objects/deals", 2)
        await first.start()
        await asyncio.wait_for(account.reached.wait(), 30)
        await second.start()
        await second.ready()
        asked = len(account.asked)
        # The second one looks for what is due every second.
        await asyncio.sleep(2.5)
        assert len(account.asked) == asked
        await first.kill()
        account.let_go.set()
        await asyncio.sleep(1.5)
        assert len(account.asked) == asked
        await found.lease_runs_out()
        await first.start()
        await found.whole()
        assert account.most == 1
        again = [page for page, times in Counter(account.pages()).items() if times > 1]
        assert again == [account.pages()[1]]
        await found.everything_is_there_once_and_is_no_news()


async def _want(parts: Parts, connection_id: str) -> None:
    """What a decision of a person does with a change."""
    write = CreateTask(connection_id, "T-1", "Ask for a referral", None, TaskPriority.HIGH)
    now = datetime.now(UTC)
    made = writes.event(write, dedupe_key="coach:k1", at=now, owner=None)
    async with parts.database.write() as tx:
        await apply(parts, tx, WORKSPACE, connection_id, [made])
        await crm_writes.add(tx, StoredWrite(WORKSPACE, "k1", "f1", say("Created"), write), now)


async def _settled(parts: Parts, seconds: float = 30.0) -> str:
    async with asyncio.timeout(seconds):
        while True:
            async with parts.database.read() as tx:
                counts = await crm_writes.counts(tx, WORKSPACE)
            if "queued" not in counts:
                (state,) = counts
                return state
            await asyncio.sleep(0.1)


@pytest.mark.slow
async def test_a_task_is_not_made_twice_when_the_answer_dies_with_the_process(
    database_url: str, tmp_path: Path
) -> None:
    """HubSpot knows no key of ours by which it could tell that it has the task already."""
    async with scene(database_url, tmp_path) as found:
        (process,), account = found.processes, found.account
        for things in account.objects.values():
            things.clear()
        await _want(found.parts, "hubspot")
        account.keep_back("/objects/tasks", 1, method="POST")
        await process.start()
        await asyncio.wait_for(account.reached.wait(), 30)
        await process.kill()
        account.let_go.set()
        await found.lease_runs_out()
        await process.start()
        assert await _settled(found.parts) == "failed"
        assert len(account.calls("POST", "/objects/tasks")) == 1
        assert len(account.objects["tasks"]) == 1
        async with found.parts.database.read() as tx:
            (kept,) = await crm_writes.failed(tx, WORKSPACE)
        assert kept.error is not None
        assert "Look in the CRM whether it was done" in kept.error


@pytest.mark.slow
async def test_who_knows_our_key_is_told_again_under_the_same(
    database_url: str, tmp_path: Path
) -> None:
    async with scene(database_url, tmp_path) as found, running_crm() as crm:
        (process,) = found.processes
        await connect(found.parts, native(crm.url))
        crm.delays = [5.0]
        await _want(found.parts, "native")
        await process.start()
        async with asyncio.timeout(30):
            while not crm.heard:
                await asyncio.sleep(0.02)
        await process.kill()
        await found.lease_runs_out()
        await process.start()
        assert await _settled(found.parts) == "done"
        assert [each.fault for each in crm.heard] == [None, None]
        (key,) = {each.headers["webhook-id"] for each in crm.heard}
        assert key
