"""The contract carries what real vendors ask for: a made-up one, end to end over real HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select
from starlette.responses import JSONResponse, Response
from starlette.routing import Router

from bot.coaching.recording import apply
from bot.crm import fetching, outbox, worker
from bot.crm.caller import Caller
from bot.crm.intake import Intake
from bot.crm.parts import CrmParts
from bot.crm.provider import Want
from coach import writes
from coach.events import Change, Event
from coach.models import Deal, DealStatus, Origin, SubjectKind, TaskPriority, Verb
from coach.phrases import say
from coach.writes import CreateTask, CrmWrite, MoveDeal
from storage import (
    activities,
    connections,
    crm_writes,
    fetches,
    mirror,
    stages,
    workspaces,
)
from storage.connections import Connection
from storage.crm_writes import StoredWrite
from storage.fetches import StoredFetch
from storage.tables import deliveries as deliveries_table
from tests.bot.crm.sample_vendor import ACCESS, APP, PROVIDER, Vendor, running_vendor, sign
from tests.world import (
    ANA,
    BEGINNING,
    WORKSPACE,
    FixedClock,
    address,
    connect,
    crm_of,
    enrol,
    insights_of,
    listening,
    plain_config,
    running_parts,
    serving,
)

SECOND = timedelta(seconds=1)
TOKEN = "token-of-the-sample-0123456789"


@dataclass
class Desk:
    """The coach's side: intake over HTTP, worker, fetcher and outbox, before the vendor."""

    crm: CrmParts
    caller: Caller
    vendor: Vendor
    url: str
    http: aiohttp.ClientSession
    sent: int = field(default=0)

    async def post(
        self, *events: dict[str, Any], path: str = "/webhooks/sample?v=2", raw: bytes | None = None
    ) -> tuple[int, str]:
        """What the vendor posts, signed over the whole address; the answer."""
        body = raw if raw is not None else json.dumps(events).encode()
        url = f"{self.url}{path}"
        headers = {"x-sample": sign(APP["secret"], "POST", url, body)}
        async with self.http.post(url, data=body, headers=headers) as answer:
            return answer.status, await answer.text()

    def event(self, what: str, record: str = "17", account: str = "A-1") -> dict[str, Any]:
        self.sent += 1
        return {"account": account, "id": f"e{self.sent}", "what": what, "record": record}

    def put(self, id: str = "17", stage: str = "7", at: str = "2026-11-25T09:00:00+00:00") -> None:
        """The deal as the vendor has it now."""
        name = f"Deal {id}"
        self.vendor.deals[id] = {"id": id, "name": name, "stage": stage, "owner": "77", "at": at}

    def later(self, by: timedelta) -> None:
        clock = self.crm.shared.clock
        assert isinstance(clock, FixedClock)
        clock.advance(by)

    async def settle(self) -> None:
        """Work off what came, let things settle, and look up what is wanted."""
        await worker.work_off(self.crm)
        self.later(3 * SECOND)
        while await fetching.fetch_due(self.crm, self.caller):
            pass

    async def thing(self, kind: SubjectKind, id: str) -> Any:
        async with self.crm.shared.database.read() as tx:
            return (await mirror.load(tx, kind, WORKSPACE, "sample", [id])).get(id)

    async def make(self, write: CrmWrite, fingerprint: str = "f") -> None:
        """What a decision of a person does with a change."""
        parts = self.crm.shared
        now, key = parts.clock.now(), writes.key(write, fingerprint)
        event = writes.event(write, dedupe_key=f"coach:{key}", at=now, owner=None)
        stored = StoredWrite(WORKSPACE, key, fingerprint, say("Done"), write)
        async with parts.database.write() as tx:
            await apply(parts, tx, WORKSPACE, "sample", [event])
            await crm_writes.add(tx, stored, now)

    async def send(self, later: timedelta = timedelta()) -> int:
        self.later(later)
        return await outbox.send_due(self.crm, self.caller)

    async def failed(self) -> list[str | None]:
        async with self.crm.shared.database.read() as tx:
            return [write.error for write in await crm_writes.failed(tx, WORKSPACE)]

    async def refused(self) -> list[str | None]:
        async with self.crm.shared.database.read() as tx:
            return [e.error for e in await crm_writes.refused(tx, WORKSPACE, BEGINNING)]

    async def verbs(self) -> list[str]:
        async with self.crm.shared.database.read() as tx:
            return [each.verb.value for each in await activities.recent(tx, WORKSPACE)][::-1]


def sample(vendor: Vendor, **more: Any) -> Connection:
    made = Connection(
        WORKSPACE, "sample", "sample", TOKEN, (), "", vendor.url, account_id="A-1", access=ACCESS
    )
    return replace(made, **more)


@pytest.fixture
async def desk(sqlite_url: str) -> AsyncIterator[Desk]:
    async with running_parts(sqlite_url) as parts, running_vendor() as vendor:
        on = listening()
        crm = crm_of(
            parts,
            providers={**crm_of(parts).providers, "sample": PROVIDER},
            public_url=address(on),
            apps={"sample": APP},
        )
        await connect(parts, sample(vendor))
        async with (
            serving(plain_config(Router(Intake(crm).routes(), redirect_slashes=False)), on),
            Caller(crm) as caller,
            aiohttp.ClientSession(trust_env=False) as http,
        ):
            yield Desk(crm, caller, vendor, address(on), http)


# In


async def test_a_thing_that_is_only_named_is_fetched_once_and_becomes_advice(desk: Desk) -> None:
    parts = desk.crm.shared
    ana = await enrol(parts, ANA)
    await fetching.stand_all(desk.crm)
    desk.put()
    for what in ("deal.created", "deal.changed", "deal.changed"):
        assert await desk.post(desk.event(what)) == (200, "<Ack>true</Ack>")
    await worker.work_off(desk.crm)
    assert await desk.thing(SubjectKind.DEAL, "17") is None
    await desk.settle()
    assert sorted(desk.vendor.asked) == ["GET /deals/17", "GET /owners", "GET /stages"]
    deal = await desk.thing(SubjectKind.DEAL, "17")
    assert (deal.title, deal.stage, deal.person_id) == ("Deal 17", "Qualified", ana.id)

    desk.put(stage="9", at="2026-11-25T10:00:02+00:00")
    await desk.post(desk.event("deal.changed"))
    await desk.settle()
    deal = await desk.thing(SubjectKind.DEAL, "17")
    assert (deal.stage, deal.status) == ("Signed", DealStatus.WON)
    assert await desk.verbs() == ["deal_created", "deal_closed"]
    assert "referral_ask" in {each.rule for each in await insights_of(parts, ana)}


async def test_looking_again_at_what_has_not_changed_is_nothing_that_happened(desk: Desk) -> None:
    desk.put()
    await desk.post(desk.event("deal.changed"))
    await desk.settle()
    desk.vendor.deals["17"]["at"] = "2026-11-25T09:30:00+00:00"
    before = await desk.verbs()
    await desk.post(desk.event("deal.changed"))
    await desk.settle()
    assert desk.vendor.asked.count("GET /deals/17") == 2
    assert await desk.verbs() == before == ["deal_updated"]


async def test_a_stage_means_what_the_crm_says_whatever_its_name(desk: Desk) -> None:
    await fetching.stand_all(desk.crm)
    await desk.settle()
    desk.put(stage="8")
    await desk.post(desk.event("deal.created"))
    await desk.settle()
    deal = await desk.thing(SubjectKind.DEAL, "17")
    assert (deal.stage, deal.status) == ("Lost in talks", DealStatus.OPEN)
    async with desk.crm.shared.database.read() as tx:
        way = await stages.of_deal(tx, WORKSPACE, Deal("sample", "D"))
    assert way == ["Qualified", "Lost in talks", "Signed"]


async def test_a_stage_nobody_has_heard_of_has_the_list_looked_up_anew(desk: Desk) -> None:
    await fetching.stand_all(desk.crm)
    await desk.settle()
    desk.vendor.stages.append({"id": "10", "name": "Handed over", "means": "won"})
    desk.put(stage="10")
    await desk.post(desk.event("deal.created"))
    desk.later(timedelta(minutes=10))
    await desk.settle()
    await desk.settle()
    assert desk.vendor.asked.count("GET /stages") == 2
    deal = await desk.thing(SubjectKind.DEAL, "17")
    # Until it was known what the stage means, nobody guessed by its name.
    assert (deal.stage, deal.status) == ("Handed over", DealStatus.WON)


async def test_a_thing_that_is_gone_when_it_is_fetched_is_deleted(desk: Desk) -> None:
    desk.put()
    await desk.post(desk.event("deal.created"))
    await desk.settle()
    del desk.vendor.deals["17"]
    await desk.post(desk.event("deal.changed"))
    await desk.settle()
    assert (await desk.thing(SubjectKind.DEAL, "17")).deleted


async def test_one_address_serves_all_accounts_and_each_gets_its_own_part_only(desk: Desk) -> None:
    parts = desk.crm.shared
    async with parts.database.write() as tx:
        await workspaces.ensure(tx, "second", parts.clock.now())
    other = sample(
        desk.vendor, workspace_id="second", id="theirs", token=f"{TOKEN}-2", account_id="A-2"
    )
    await connect(parts, other)
    mine, theirs = desk.event("deal.deleted", "1"), desk.event("deal.deleted", "2", "A-2")
    nobodys = desk.event("deal.deleted", "3", "A-3")
    assert (await desk.post(mine, theirs, nobodys))[0] == 200
    columns = (deliveries_table.c.workspace_id, deliveries_table.c.body)
    async with parts.database.read() as tx:
        rows = (await tx.execute(select(*columns))).all()
    kept = {row[0]: [each["record"] for each in json.loads(row[1])] for row in rows}
    assert kept == {WORKSPACE: ["1"], "second": ["2"]}


async def test_what_is_signed_for_another_address_or_not_at_all_is_refused(desk: Desk) -> None:
    body = json.dumps([desk.event("deal.changed")]).encode()
    good = sign(APP["secret"], "POST", f"{desk.url}/webhooks/sample?v=2", body)
    for headers, query in (({"x-sample": good}, "?v=3"), ({}, "?v=2")):
        url = f"{desk.url}/webhooks/sample{query}"
        async with desk.http.post(url, data=body, headers=headers) as answer:
            assert answer.status == 401
    async with desk.http.post(f"{desk.url}/webhooks/native", data=b"{}") as answer:
        assert answer.status == 404


async def test_what_is_authentic_but_unreadable_is_kept_and_acknowledged(desk: Desk) -> None:
    answer = await desk.post(raw=b"nonsense", path=f"/webhooks/sample/{TOKEN}")
    assert answer == (200, "<Ack>true</Ack>")
    async with desk.crm.shared.database.read() as tx:
        columns = (deliveries_table.c[name] for name in ("body", "error", "refused"))
        kept = await tx.execute(select(*columns))
    # Nobody was told: the vendor heard that we have it.
    assert [tuple(row) for row in kept] == [(b"nonsense", "The body is not JSON.", False)]


async def test_history_comes_page_by_page_and_is_no_news(desk: Desk) -> None:
    parts = desk.crm.shared
    ana = await enrol(parts, ANA)
    await fetching.stand_all(desk.crm)
    for number in range(5):
        desk.put(str(number), stage="9")
    async with parts.database.write() as tx:
        wish = StoredFetch(WORKSPACE, "sample", Want.HISTORY, "deal")
        await fetches.add(tx, [wish], parts.clock.now())
    desk.vendor.answers = []
    await desk.settle()
    assert [each for each in desk.vendor.asked if "after" in each] == [
        "GET /deals?after=",
        "GET /deals?after=2",
        "GET /deals?after=4",
    ]
    assert (await desk.thing(SubjectKind.DEAL, "4")).person_id == ana.id
    async with parts.database.read() as tx:
        assert {each.origin for each in await activities.recent(tx, WORKSPACE)} == {Origin.IMPORT}
        assert await fetches.counts(tx, WORKSPACE) == {"read": 1, "waiting": 2}
    assert await insights_of(parts, ana) == []


# Limits


async def test_a_pause_that_the_vendor_asks_for_is_its_connections_alone_and_outlasts_a_restart(
    desk: Desk,
) -> None:
    desk.put()
    desk.vendor.answers = [Response(status_code=429, headers={"retry-after": "30"})]
    await desk.post(desk.event("deal.changed"))
    await desk.settle()
    assert len(desk.vendor.asked) == 1
    parts = desk.crm.shared
    async with parts.database.read() as tx:
        known = {
            each.id: each for each in await connections.of_workspace(tx, parts.seal, WORKSPACE)
        }
    assert known["sample"].paused_until == parts.clock.now() + 30 * SECOND
    assert known["sample"].pause_reason == "HTTP 429"
    assert known["native"].paused_until is None
    async with Caller(desk.crm) as restarted:
        desk.later(29 * SECOND)
        assert await fetching.fetch_due(desk.crm, restarted) == 0
        desk.later(SECOND)
        assert await fetching.fetch_due(desk.crm, restarted) == 1
    assert await desk.thing(SubjectKind.DEAL, "17") is not None


async def test_a_vendor_whose_headers_say_that_nothing_is_left_is_left_alone(desk: Desk) -> None:
    for number in ("16", "17", "18"):
        desk.put(number)
    # A deal waits until it is known what its stage means: that is asked for beside the first.
    for _ in range(2):
        await desk.post(desk.event("deal.changed", "16"))
        await desk.settle()
    desk.vendor.limits = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "20"}
    await desk.post(desk.event("deal.changed"))
    await desk.settle()
    # What it answered counts all the same.
    assert await desk.thing(SubjectKind.DEAL, "17") is not None
    await desk.post(desk.event("deal.changed", "18"))
    await desk.settle()
    assert await desk.thing(SubjectKind.DEAL, "18") is None
    desk.vendor.limits = {}
    desk.later(20 * SECOND)
    await desk.settle()
    assert await desk.thing(SubjectKind.DEAL, "18") is not None


async def test_no_connection_is_called_faster_or_more_at_once_than_its_vendor_allows(
    desk: Desk,
) -> None:
    for number in range(25):
        desk.put(str(number))
    await desk.post(*(desk.event("deal.changed", str(number)) for number in range(25)))
    await desk.settle()
    assert len(desk.vendor.asked) == PROVIDER.pace.calls == 20
    assert desk.vendor.busiest == PROVIDER.pace.together == 2
    desk.later(9 * SECOND)
    assert await fetching.fetch_due(desk.crm, desk.caller) == 0
    for _ in range(2):
        desk.later(10 * SECOND)
        await desk.settle()
    deals = [each for each in desk.vendor.asked if "deals" in each]
    # Some more than once: until the stages are known, nobody can say what became of them.
    assert set(deals) == {f"GET /deals/{number}" for number in range(25)}


async def test_a_look_up_in_trouble_is_tried_again_later_each_time_and_given_up_in_the_end(
    desk: Desk,
) -> None:
    desk.put()
    await desk.post(desk.event("deal.changed"))
    desk.vendor.answers = [Response(status_code=503) for _ in range(30)]
    await desk.settle()
    for _ in range(fetching.TRIES + 2):
        desk.later(timedelta(hours=8))
        await fetching.fetch_due(desk.crm, desk.caller)
    assert len(desk.vendor.asked) == fetching.TRIES
    parts = desk.crm.shared
    async with parts.database.write() as tx:
        (given_up,) = await fetches.failed(tx, WORKSPACE)
        assert given_up.error == f"HTTP 503, {fetching.TRIES} times"
        assert await fetches.replay(tx, WORKSPACE, parts.clock.now()) == 1
    desk.vendor.answers = []
    await fetching.fetch_due(desk.crm, desk.caller)
    assert await desk.thing(SubjectKind.DEAL, "17") is not None


async def test_what_is_named_again_while_it_is_looked_up_is_looked_up_once_more(desk: Desk) -> None:
    desk.put()
    await desk.post(desk.event("deal.changed"))
    await worker.work_off(desk.crm)
    desk.later(3 * SECOND)
    desk.vendor.delays = [0.3]
    under_way = asyncio.create_task(fetching.fetch_due(desk.crm, desk.caller))
    while not desk.vendor.asked:
        await asyncio.sleep(0.01)
    await desk.post(desk.event("deal.changed"))
    await worker.work_off(desk.crm)
    await under_way
    await desk.settle()
    assert desk.vendor.asked.count("GET /deals/17") == 2


# Out


def task(id: str = "coach-1") -> CreateTask:
    return CreateTask("sample", id, "Call Ann", None, TaskPriority.HIGH)


async def test_what_we_make_there_is_ours_under_both_names(desk: Desk) -> None:
    await desk.make(task())
    assert await desk.send() == 1
    assert desk.vendor.bodies == [{"name": "Call Ann", "owner": None}]
    desk.vendor.tasks["900"] |= {"at": "2026-11-25T10:00:05+00:00", "done": True}
    await desk.post(desk.event("task.changed", "900"))
    await desk.settle()
    assert (await desk.thing(SubjectKind.TASK, "coach-1")).status == "completed"
    assert await desk.thing(SubjectKind.TASK, "900") is None
    assert await desk.verbs() == ["task_created", "task_completed"]


async def test_an_echo_that_is_faster_than_the_answer_becomes_one_with_ours(desk: Desk) -> None:
    parts = desk.crm.shared
    await desk.make(task())
    fields = {"title": "Call Ann Lee"}
    change = Change(SubjectKind.TASK, "900", BEGINNING + SECOND, fields)
    echo = Event("echo", Verb.TASK_CREATED, BEGINNING + SECOND, (change,))
    desk.later(2 * SECOND)
    async with parts.database.write() as tx:
        await apply(parts, tx, WORKSPACE, "sample", [echo])
    assert await desk.thing(SubjectKind.TASK, "900") is not None
    await desk.send()
    assert await desk.thing(SubjectKind.TASK, "900") is None
    ours = await desk.thing(SubjectKind.TASK, "coach-1")
    assert (ours.title, ours.priority) == ("Call Ann Lee", TaskPriority.HIGH)
    async with parts.database.read() as tx:
        assert {each.task_id for each in await activities.recent(tx, WORKSPACE)} == {"coach-1"}


async def test_a_refusal_is_kept_in_the_vendors_words(desk: Desk) -> None:
    desk.vendor.answers = [JSONResponse({"message": "Tasks need an owner."}, 422)]
    await desk.make(task())
    await desk.send()
    assert await desk.refused() == ["Tasks need an owner."]


async def test_what_would_be_made_twice_is_not_tried_again_when_its_answer_was_lost(
    desk: Desk,
) -> None:
    await desk.make(task())
    desk.vendor.delays = [2]
    async with Caller(desk.crm, patience=0.2) as hasty:
        await outbox.send_due(desk.crm, hasty)
    (error,) = await desk.failed()
    assert error is not None
    assert error.startswith("The answer was lost, and doing it twice could do harm.")
    assert await desk.send(timedelta(days=1)) == 0


async def known_deal(desk: Desk) -> None:
    await fetching.stand_all(desk.crm)
    desk.put()
    await desk.post(desk.event("deal.created"))
    await desk.settle()
    desk.vendor.asked.clear()
    desk.vendor.bodies.clear()


async def test_changes_to_one_thing_arrive_in_the_order_they_were_made(desk: Desk) -> None:
    await known_deal(desk)
    desk.vendor.answers = [Response(status_code=503)]
    for stage in ("Lost in talks", "Qualified", "Signed"):
        await desk.make(MoveDeal("sample", "17", stage))
    assert await desk.send() == 1
    # It is in trouble and holds up those after it, though not another thing's.
    await desk.make(task())
    assert await desk.send(SECOND) == 1
    while await desk.send(4 * SECOND):
        pass
    moved = [body["stage"] for body in desk.vendor.bodies if "stage" in body]
    assert moved == ["8", "8", "7", "9"]


async def test_a_change_that_was_given_up_lets_those_after_it_go_on(desk: Desk) -> None:
    await known_deal(desk)
    desk.vendor.answers = [JSONResponse({"message": "No."}, 422)]
    for stage in ("Lost in talks", "Signed"):
        await desk.make(MoveDeal("sample", "17", stage))
    assert await desk.send() == 1
    assert await desk.send() == 1
    assert [body["stage"] for body in desk.vendor.bodies] == ["8", "9"]
    assert await desk.refused() == ["No."]


async def test_a_pause_is_no_try(desk: Desk) -> None:
    await desk.make(task())
    desk.vendor.answers = [Response(status_code=429, headers={"retry-after": "60"})]
    assert await desk.send() == 1
    assert await desk.send(59 * SECOND) == 0
    assert await desk.send(SECOND) == 1
    assert list(desk.vendor.tasks) == ["900"]
