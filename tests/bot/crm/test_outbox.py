"""Changes made in Slack reach the CRM, signed, however often that takes, and once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from sqlalchemy import update
from starlette.responses import RedirectResponse, Response

from bot.coaching.recording import apply
from bot.crm import outbox
from bot.crm.caller import Caller
from bot.runtime.parts import Parts
from coach import writes
from coach.models import SubjectKind, TaskPriority
from coach.phrases import say
from coach.writes import CompleteTask, CreateTask, CrmWrite, DeleteTask, ReopenTask
from storage import crm_writes, mirror
from storage.crm_writes import StoredWrite
from storage.tables import crm_writes as writes_table
from tests.together import World
from tests.world import (
    ANA,
    BEGINNING,
    CONNECTION,
    WORKSPACE,
    Crm,
    FixedClock,
    connect,
    crm_of,
    make_test_parts,
    native,
    running_crm,
    won,
)

SECOND = timedelta(seconds=1)


@dataclass
class Desk:
    """An outbox before a CRM."""

    parts: Parts
    clock: FixedClock
    crm: Crm
    caller: Caller

    async def put(self, task_id: str = "T-1", *, connection_id: str = CONNECTION) -> None:
        """A person makes a task; it is in the mirror and on its way to the CRM."""
        await put(self.parts, CreateTask(connection_id, task_id, "x", None, TaskPriority.HIGH))

    async def send(self, later: timedelta = timedelta()) -> int:
        self.clock.advance(later)
        return await outbox.send_due(crm_of(self.parts), self.caller)

    async def counts(self) -> dict[str, int]:
        async with self.parts.database.read() as tx:
            return await crm_writes.counts(tx, WORKSPACE)


async def put(parts: Parts, write: CrmWrite, fingerprint: str = "f1") -> None:
    """What a decision does with a change."""
    now, key = parts.clock.now(), f"{fingerprint}:{writes.subject(write)[1]}"
    event = writes.event(write, dedupe_key=f"coach:{key}", at=now, owner=None)
    async with parts.database.write() as tx:
        await apply(parts, tx, WORKSPACE, write.connection_id, [event])
        await crm_writes.add(
            tx, StoredWrite(WORKSPACE, key, fingerprint, say("Created"), write), now
        )


@pytest.fixture
async def desk(parts: Parts) -> AsyncIterator[Desk]:
    clock = parts.clock
    assert isinstance(clock, FixedClock)
    async with running_crm() as crm, Caller(crm_of(parts)) as caller:
        await connect(parts, native(crm.url))
        yield Desk(parts, clock, crm, caller)


@pytest.fixture
async def sqlite_desk(sqlite_parts: Parts) -> AsyncIterator[Desk]:
    clock = sqlite_parts.clock
    assert isinstance(clock, FixedClock)
    async with running_crm() as crm, Caller(crm_of(sqlite_parts)) as caller:
        await connect(sqlite_parts, native(crm.url))
        yield Desk(sqlite_parts, clock, crm, caller)


async def test_a_change_is_posted_once_signed_as_a_standard_webhook(desk: Desk) -> None:
    await desk.put()
    assert await desk.send() == 1
    (heard,) = desk.crm.heard
    assert heard.fault is None
    assert (heard.body["type"], heard.body["data"]["task"]["id"]) == ("task_created", "T-1")
    assert heard.headers["content-type"] == "application/json"
    assert await desk.counts() == {"done": 1}
    assert await desk.send(timedelta(days=1)) == 0


async def test_the_same_change_is_kept_once(desk: Desk) -> None:
    await desk.put()
    await desk.put()
    await desk.send()
    assert len(desk.crm.heard) == 1


@pytest.mark.parametrize("status", [500, 503, 408, 425, 429])
async def test_trouble_is_tried_again_with_growing_pauses_under_the_same_id(
    sqlite_desk: Desk, status: int
) -> None:
    desk = sqlite_desk
    desk.crm.answers = [Response(status_code=status) for _ in range(3)]
    await desk.put()
    await desk.send()
    assert await desk.send(SECOND) == 0
    tries = [second for second in range(60) if await desk.send(SECOND)]
    assert len(tries) == 3
    assert tries[1] - tries[0] < tries[2] - tries[1]
    assert len({heard.id for heard in desk.crm.heard}) == 1
    assert [heard.fault for heard in desk.crm.heard] == [None] * 4
    assert await desk.counts() == {"done": 1}


async def test_retry_after_is_obeyed_within_reason(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.crm.answers = [
        Response(status_code=503, headers={"retry-after": "100"}),
        Response(status_code=503, headers={"retry-after": "9" * 30}),
        Response(status_code=503, headers={"retry-after": "999999999"}),
    ]
    await desk.put()
    await desk.send()
    assert await desk.send(99 * SECOND) == 0
    assert await desk.send(SECOND) == 1
    assert await desk.send(timedelta(minutes=1)) == 1
    assert await desk.send(timedelta(hours=6)) == 1
    assert await desk.counts() == {"done": 1}


async def test_a_crm_that_cannot_be_reached_is_tried_again(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    await connect(desk.parts, native("http://127.0.0.1:9/nobody"))
    await desk.put()
    assert await desk.send() == 1
    assert await desk.counts() == {"queued": 1}
    await connect(desk.parts, native(desk.crm.url))
    await desk.send(10 * SECOND)
    assert await desk.counts() == {"done": 1}


async def test_a_crm_that_does_not_answer_in_time_is_tried_again(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.crm.delays = [5]
    await desk.put()
    async with Caller(crm_of(desk.parts), patience=0.2) as hasty:
        assert await outbox.send_due(crm_of(desk.parts), hasty) == 1
    assert await desk.counts() == {"queued": 1}
    await desk.send(10 * SECOND)
    assert len({heard.id for heard in desk.crm.heard}) == 1
    assert await desk.counts() == {"done": 1}


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422])
async def test_a_refusal_is_final_and_what_was_refused_is_taken_back_here(
    sqlite_desk: Desk, status: int
) -> None:
    desk = sqlite_desk
    desk.crm.answers = [Response(status_code=status)]
    await desk.put()
    await desk.send()
    assert await desk.send(timedelta(days=1)) == 0
    async with desk.parts.database.write() as tx:
        (refused,) = await crm_writes.refused(tx, WORKSPACE, BEGINNING)
        assert refused.error == f"HTTP {status}"
        assert await crm_writes.replay(tx, WORKSPACE, desk.clock.now()) == 0
        there = await mirror.load(tx, SubjectKind.TASK, WORKSPACE, CONNECTION, ["T-1"])
    assert there["T-1"].deleted
    assert await desk.counts() == {"refused": 1}


async def test_after_many_tries_it_is_given_up_and_kept(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.crm.answers = [Response(status_code=500) for _ in range(50)]
    await desk.put()
    for _ in range(outbox.TRIES + 3):
        await desk.send(timedelta(hours=8))
    assert len(desk.crm.heard) == outbox.TRIES
    assert await desk.counts() == {"failed": 1}


async def test_being_asked_to_wait_ever_so_often_is_no_reason_to_give_up(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    wait = {"retry-after": "1"}
    desk.crm.answers = [Response(status_code=429, headers=wait) for _ in range(outbox.TRIES * 2)]
    await desk.put()
    for _ in range(outbox.TRIES * 2):
        assert await desk.send(SECOND) == 1
    assert await desk.counts() == {"queued": 1}
    assert await desk.send(SECOND) == 1
    assert await desk.counts() == {"done": 1}


async def test_a_crm_that_does_not_answer_is_left_alone_for_a_while_with_all_there_is_for_it(
    sqlite_desk: Desk,
) -> None:
    desk = sqlite_desk
    await connect(desk.parts, native("http://127.0.0.1:9/nobody"))
    await desk.put("T-1")
    assert await desk.send() == 1
    await desk.put("T-2")
    assert await desk.send() == 0
    assert await desk.send(timedelta(minutes=1)) == 2


async def test_a_redirect_is_not_followed(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.crm.answers = [RedirectResponse(desk.crm.url, 307)]
    await desk.put()
    await desk.send()
    assert len(desk.crm.heard) == 1
    async with desk.parts.database.read() as tx:
        (refused,) = await crm_writes.refused(tx, WORKSPACE, BEGINNING)
    assert refused.error == "HTTP 307"


async def test_without_a_callback_any_more_a_change_is_kept_as_failed(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    await desk.put()
    await connect(desk.parts, native(None))
    await desk.send()
    assert await desk.counts() == {"failed": 1}


async def test_one_change_in_trouble_keeps_no_other_waiting(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    broken = native("http://[not-an-address", id="broken", token="broken-token-0123456789")
    await connect(desk.parts, broken)
    await desk.put("T-0", connection_id="broken")
    await desk.put()
    await desk.send()
    assert len(desk.crm.heard) == 1


async def test_two_outboxes_post_nothing_twice(desk: Desk) -> None:
    for number in range(20):
        await desk.put(f"T-{number}")
    url = desk.parts.database.url.render_as_string(hide_password=False)
    other = make_test_parts(url, clock=desk.clock)
    try:

        async def send(parts: Parts) -> None:
            while await outbox.send_due(crm_of(parts), desk.caller):
                pass

        await asyncio.gather(send(desk.parts), send(other))
    finally:
        await other.database.close()
    assert len(desk.crm.heard) == len({heard.id for heard in desk.crm.heard}) == 20


async def test_a_dead_ones_claim_runs_out_and_its_late_answer_changes_nothing(desk: Desk) -> None:
    await desk.put()
    database, now = desk.parts.database, desk.clock.now()
    async with database.write() as tx:
        (dead,) = await crm_writes.claim(tx, database, now, lease=outbox.LEASE, most=8)
    assert await desk.send(timedelta(seconds=1)) == 0
    async with database.write() as tx:
        # By the database's clock a moment ago.
        await tx.execute(update(writes_table).values(leased_until=BEGINNING - timedelta(days=365)))
    assert await desk.send() == 1
    assert await desk.counts() == {"done": 1}
    async with database.write() as tx:
        assert not await crm_writes.fail(tx, dead, "HTTP 500")
    assert await desk.counts() == {"done": 1}


async def test_a_task_made_in_slack_reaches_the_crm(world: World) -> None:
    await world.post(won())
    await world.settle()
    (card,) = world.messages(ANA)
    await world.slack.press(ANA, card.ts, label="Take Action")
    async with asyncio.timeout(10):
        while (view := world.slack.top_view(ANA)) is None or not view.get("submit"):
            await asyncio.sleep(0.01)
    answer = await world.slack.submit(ANA)
    assert answer.ok, answer
    await world.settle()
    (heard,) = world.crm.heard
    assert heard.fault is None
    assert heard.body["type"] == "task_created"
    assert heard.body["data"]["task"]["title"] == "Ask Ann Lee for referral"
    assert world.messages(ANA)[0].text.startswith("Done: Created the task")


async def test_what_takes_a_change_back_goes_out_after_it(desk: Desk) -> None:
    due = date(2026, 12, 1)
    create = CreateTask(CONNECTION, "T-1", "x", due, TaskPriority.HIGH)
    await put(desk.parts, create)
    await put(desk.parts, CompleteTask(CONNECTION, "T-1"), "f2")
    await put(desk.parts, ReopenTask(CONNECTION, "T-1"), "f3")
    await put(desk.parts, DeleteTask(CONNECTION, "T-1"), "f4")
    for _ in range(4):
        await desk.send()
    told = [(each.body["type"], each.body["data"]["task"]["id"]) for each in desk.crm.heard]
    assert told == [
        ("task_created", "T-1"),
        ("task_completed", "T-1"),
        ("task_updated", "T-1"),
        ("task_deleted", "T-1"),
    ]
    assert await desk.counts() == {"done": 4}
