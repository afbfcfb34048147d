"""Who has made a change in the CRM that did not get there says so; an unlinked CRM has it never."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.coaching import decisions, forgetting, undelivered
from bot.coaching.permission import Refusal
from bot.crm import outbox
from bot.crm.caller import Caller
from bot.runtime.parts import Parts
from bot.slack.drawing import KINDS, Sight
from coach.models import Insight, InsightState, SubjectKind, Task
from coach.screens import Control
from coach.wording import ENGLISH, plain
from coach.writes import CompleteTask
from storage import crm_writes, mirror, remote_ids
from storage.messages import Message
from tests.bot.coaching.test_decisions import TASK, overdue, referral, use
from tests.bot.coaching.test_undelivered import (
    NOT_THERE,
    drawn,
    give_up,
    lose,
    replay,
    told,
    words,
)
from tests.bot.coaching.test_undoing import get, to_tell, undo
from tests.world import (
    ANA,
    BEGINNING,
    BEN,
    CONNECTION,
    WORKSPACE,
    Crm,
    by,
    connect,
    crm_of,
    deliver,
    enrol,
    native,
    running_crm,
)
from tests.world import told as event


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    async with running_crm() as made:
        yield made


def key_of(insight: Insight) -> str:
    return f"{insight.fingerprint}:create_task"


async def given_up(parts: Parts, crm: Crm) -> Insight:
    """A change that did not get to its CRM."""
    insight = await referral(parts)
    await decisions.submit(parts, by(ANA), insight.fingerprint, TASK)
    await give_up(parts, crm)
    crm.heard.clear()
    return insight


def controls(message: Message, parts: Parts) -> list[str]:
    """The labels of its buttons."""
    sight = Sight(message.params, (), lambda insight: None, parts.clock.now(), ENGLISH)
    made = KINDS[message.kind].draw(sight)
    blocks = made[1] if made else []
    return [
        button["text"]["text"]
        for block in blocks
        if block["type"] == "actions"
        for button in block["elements"]
    ]


async def states(parts: Parts) -> list[str]:
    return [state for state, _ in await to_tell(parts)]


async def test_what_was_made_by_hand_is_settled_until_that_is_taken_back(
    parts: Parts, crm: Crm
) -> None:
    insight = await given_up(parts, crm)
    missing = words(await get(parts, insight))
    assert "The CRM does not have this" in missing
    (message,) = await told(parts)
    assert controls(message, parts) == ["I have done it in the CRM"]
    await undelivered.settle(parts, by(ANA), key_of(insight))
    assert await states(parts) == ["by_hand"]
    (message,) = await told(parts)
    said = drawn(message, parts)
    assert said.startswith("What did not get to the CRM at first is settled.")
    assert f"You have seen to it in the CRM: {NOT_THERE}." in said
    assert "replay" not in said
    assert controls(message, parts) == ["Undo"]
    after = await get(parts, insight)
    assert after.state is InsightState.TAKEN
    assert "does not have" not in words(after)
    # Nobody tries it any more, and it counts as no fault.
    await replay(parts, crm=crm)
    assert crm.heard == []
    async with parts.database.read() as tx:
        assert await crm_writes.failed(tx, WORKSPACE) == []
    with pytest.raises(Refusal, match="said so already"):
        await undelivered.settle(parts, by(ANA), key_of(insight))
    await undelivered.unsettle(parts, by(ANA), key_of(insight))
    assert words(await get(parts, insight)) == missing
    (message,) = await told(parts)
    assert f"Not in the CRM: {NOT_THERE}. Why: HTTP 500" in drawn(message, parts)
    with pytest.raises(Refusal, match="nothing to undo"):
        await undelivered.unsettle(parts, by(ANA), key_of(insight))
    await replay(parts, crm=crm)
    assert await states(parts) == ["done"]
    with pytest.raises(Refusal, match="has this already"):
        await undelivered.settle(parts, by(ANA), key_of(insight))


async def test_only_who_made_it_may_say_so(sqlite_parts: Parts, crm: Crm) -> None:
    parts = sqlite_parts
    insight = await given_up(parts, crm)
    await enrol(parts, BEN)
    for who in (BEN, "U0NOBODY"):
        with pytest.raises(Refusal, match="Somebody else made this"):
            await undelivered.settle(parts, by(who), key_of(insight))
    with pytest.raises(Refusal, match="not known"):
        await undelivered.settle(parts, by(ANA), "nothing:of:this")
    assert await states(parts) == ["failed"]
    await undelivered.settle(parts, by(ANA), key_of(insight))
    with pytest.raises(Refusal, match="Somebody else made this"):
        await undelivered.unsettle(parts, by(BEN), key_of(insight))
    assert await states(parts) == ["by_hand"]


async def test_what_is_on_its_way_is_nothing_to_settle(sqlite_parts: Parts, crm: Crm) -> None:
    """Nobody was told that it is missing."""
    parts = sqlite_parts
    insight = await referral(parts)
    await decisions.submit(parts, by(ANA), insight.fingerprint, TASK)
    with pytest.raises(Refusal, match="not known"):
        await undelivered.settle(parts, by(ANA), key_of(insight))
    assert await states(parts) == ["queued"]


async def test_what_is_tried_again_is_settled_but_not_while_it_is_sent(
    parts: Parts, crm: Crm
) -> None:
    insight = await overdue(parts, 2)
    await use(parts, insight, Control.RESCHEDULE_TASK, "T-0", "2026-12-01")
    await connect(parts, native(None))
    async with Caller(crm_of(parts)) as caller:
        await outbox.send_due(crm_of(parts), caller)
    assert await states(parts) == ["failed"]
    await connect(parts, native(crm.url))
    now, lease = parts.clock.now(), timedelta(minutes=5)
    async with parts.database.write() as tx:
        await crm_writes.replay(tx, WORKSPACE, now)
        (first,) = await crm_writes.claim(tx, parts.database, now, lease=lease, most=9)
    with pytest.raises(Refusal, match="tried again at this moment"):
        await undelivered.settle(parts, by(ANA), first.key)
    async with parts.database.write() as tx:
        assert await crm_writes.retry(tx, first, now, "HTTP 503")
        # Whoever has it now is lost.
        (late,) = await crm_writes.claim(tx, parts.database, now, lease=-lease, most=9)
    await undelivered.settle(parts, by(ANA), first.key)
    # What comes of that after all changes nothing, and it is not sent.
    async with parts.database.write() as tx:
        assert not await crm_writes.fail(tx, late, "late")
    assert await states(parts) == ["by_hand"]


async def test_what_waits_behind_it_goes_on(parts: Parts, crm: Crm) -> None:
    insight = await overdue(parts, 2)
    await use(parts, insight, Control.RESCHEDULE_TASK, "T-0", "2026-12-01")
    await connect(parts, native(None))
    async with Caller(crm_of(parts)) as caller:
        await outbox.send_due(crm_of(parts), caller)
    await connect(parts, native(crm.url))
    now = parts.clock.now()
    async with parts.database.write() as tx:
        # It is tried again in an hour, and holds up what was done to the task since.
        await crm_writes.replay(tx, WORKSPACE, now + timedelta(hours=1))
        (first,) = await crm_writes.of_insight(tx, WORKSPACE, insight.fingerprint)
        second = replace(first, key="second", write=CompleteTask(CONNECTION, "T-0"), told_in=None)
        await crm_writes.add(tx, second, now)
        assert not await crm_writes.any_due(tx, now)
    await undelivered.settle(parts, by(ANA), first.key)
    async with Caller(crm_of(parts)) as caller:
        assert await outbox.send_due(crm_of(parts), caller) == 1
    assert [each.body["type"] for each in crm.heard] == ["task_completed"]
    assert sorted(await states(parts)) == ["by_hand", "done"]


async def made_there(
    parts: Parts, id: str, at: datetime, title: str = TASK["title"], deal: str | None = None
) -> None:
    """The CRM tells of a task that somebody made there."""
    task = {"id": id, "title": title, "created_at": at.isoformat(), "deal_id": deal}
    await deliver(parts, event("task_created", task=task, at=parts.clock.now()))


async def open_tasks(parts: Parts) -> set[str]:
    async with parts.database.read() as tx:
        return {
            task.id if task.id.startswith("T-") else "ours"
            for task in await mirror.some(tx, SubjectKind.TASK, WORKSPACE, CONNECTION, 9)
            if isinstance(task, Task) and not task.deleted
        }


async def test_a_task_that_was_made_there_by_hand_is_one_with_ours(parts: Parts, crm: Crm) -> None:
    insight = await given_up(parts, crm)
    now = parts.clock.now()
    await made_there(parts, "T-1", now)
    await made_there(parts, "T-2", now, "Something else")
    await made_there(parts, "T-3", BEGINNING - timedelta(days=9))
    await made_there(parts, "T-4", now, deal="D-another")
    assert await open_tasks(parts) == {"ours", "T-1", "T-2", "T-3", "T-4"}
    await undelivered.settle(parts, by(ANA), key_of(insight))
    assert await open_tasks(parts) == {"ours", "T-2", "T-3", "T-4"}
    # What the CRM says of it from now on is said of ours.
    async with parts.database.read() as tx:
        ours = await remote_ids.ours(tx, WORKSPACE, CONNECTION, SubjectKind.TASK, ["T-1"])
    assert len(ours) == 1
    # Were it tried again, there would be a second one.
    with pytest.raises(Refusal, match="told of this since"):
        await undelivered.unsettle(parts, by(ANA), key_of(insight))
    assert await states(parts) == ["by_hand"]


async def test_of_two_that_may_be_it_neither_is(sqlite_parts: Parts, crm: Crm) -> None:
    parts = sqlite_parts
    insight = await given_up(parts, crm)
    for id in ("T-1", "T-2"):
        await made_there(parts, id, parts.clock.now())
    await undelivered.settle(parts, by(ANA), key_of(insight))
    assert await open_tasks(parts) == {"ours", "T-1", "T-2"}


async def test_what_was_made_by_hand_and_is_taken_back_here_stays_in_the_crm(
    sqlite_parts: Parts, crm: Crm
) -> None:
    parts = sqlite_parts
    insight = await referral(parts)
    await decisions.submit(parts, by(ANA), insight.fingerprint, TASK)
    await lose(parts, crm)
    (message,) = await told(parts)
    assert controls(message, parts) == ["It is in the CRM"]
    await undelivered.settle(parts, by(ANA), key_of(insight))
    (message,) = await told(parts)
    assert "You have seen to it in the CRM" in drawn(message, parts)
    undone = await undo(parts, insight)
    assert undone.said is not None
    assert plain(undone.said) == f"Undone here. What you did in the CRM stays there: {NOT_THERE}."
    assert await states(parts) == ["withdrawn"]
    (message,) = await told(parts)
    assert drawn(message, parts) == ""
    with pytest.raises(Refusal, match="nothing to undo"):
        await undelivered.unsettle(parts, by(ANA), key_of(insight))
    with pytest.raises(Refusal, match="taken this back"):
        await undelivered.settle(parts, by(ANA), key_of(insight))


async def test_what_is_missing_in_a_crm_that_is_unlinked_is_missing_for_good(
    parts: Parts, crm: Crm
) -> None:
    insight = await given_up(parts, crm)
    done = words(await get(parts, insight)).split(" The CRM ")[0]
    await forgetting.forget(parts, WORKSPACE, "native")
    (message,) = await told(parts)
    said = drawn(message, parts)
    assert said.startswith(
        "native is not linked any more: what it does not have is not tried again."
    )
    assert f"It did not get there: {NOT_THERE}." in said
    assert "replay" not in said
    assert controls(message, parts) == []
    assert words(await get(parts, insight)) == (
        f"{done} The CRM did not get this, and is not linked any more: {NOT_THERE}."
    )
    with pytest.raises(Refusal, match="not known"):
        await undelivered.settle(parts, by(ANA), key_of(insight))


async def test_of_an_unlinked_crm_whose_answer_was_lost_nobody_says_what_it_has(
    sqlite_parts: Parts, crm: Crm
) -> None:
    parts = sqlite_parts
    insight = await referral(parts)
    await decisions.submit(parts, by(ANA), insight.fingerprint, TASK)
    await lose(parts, crm)
    await forgetting.forget(parts, WORKSPACE, "native")
    (message,) = await told(parts)
    assert f"It is perhaps there: {NOT_THERE}." in drawn(message, parts)
    assert "The CRM may not have this, as its answer was lost, and it is not linked any more" in (
        words(await get(parts, insight))
    )


async def test_what_got_there_before_a_crm_was_unlinked_is_said_to_be_there(
    sqlite_parts: Parts, crm: Crm
) -> None:
    parts = sqlite_parts
    insight = await given_up(parts, crm)
    await undelivered.settle(parts, by(ANA), key_of(insight))
    before = words(await get(parts, insight))
    await forgetting.forget(parts, WORKSPACE, "native")
    (message,) = await told(parts)
    assert "You have seen to it in the CRM" in drawn(message, parts)
    # There is nothing left that could be taken back.
    assert controls(message, parts) == []
    assert words(await get(parts, insight)) == before
