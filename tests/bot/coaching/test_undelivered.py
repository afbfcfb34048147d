"""Whoever made a change that did not get to the CRM is told, until it is there after all."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.responses import Response

from bot.coaching import decisions, forgetting
from bot.crm import outbox
from bot.crm.caller import Caller
from bot.crm.calls import Call
from bot.crm.provider import Account
from bot.runtime.parts import Parts
from bot.slack.drawing import KINDS, Sight
from coach.models import Insight, InsightState, MessageState
from coach.screens import Control
from coach.wording import ENGLISH, plain
from coach.writes import Outgoing
from storage import crm_writes, showing
from storage.messages import Message
from tests.bot.coaching.test_decisions import TASK, overdue, referral, use
from tests.bot.coaching.test_undoing import get, pass_time, to_tell, undo
from tests.world import ANA, CONNECTION, WORKSPACE, Crm, by, connect, crm_of, native, running_crm

NOT_THERE = "Created “Ask Ann Lee for referral”"


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    async with running_crm() as made:
        yield made


async def give_up(parts: Parts, crm: Crm) -> None:
    """Tell the CRM what is due, which is down for as long as anybody tries."""
    await connect(parts, native(crm.url))
    crm.answers = [Response(status_code=500) for _ in range(outbox.TRIES)]
    async with Caller(crm_of(parts)) as caller:
        for _ in range(outbox.TRIES):
            await outbox.send_due(crm_of(parts), caller)
            await pass_time(parts, timedelta(hours=6))
    crm.answers = []


async def replay(parts: Parts, *statuses: int, crm: Crm) -> None:
    """What `coach replay` does with changes."""
    async with parts.database.write() as tx:
        await crm_writes.replay(tx, WORKSPACE, parts.clock.now())
    crm.answers = [Response(status_code=status) for status in statuses]
    async with Caller(crm_of(parts)) as caller:
        while await outbox.send_due(crm_of(parts), caller):
            pass


async def lose(parts: Parts, crm: Crm) -> None:
    """The CRM may not be asked twice, and its answer is lost."""
    await connect(parts, native("http://127.0.0.1:9/nobody"))

    def once(account: Account, outgoing: Outgoing, wall: float) -> Call | None:
        return Call("POST", crm.url, body=b"{}", repeatable=False)

    parts_of_crm = crm_of(parts)
    there = parts_of_crm.providers["native"]
    assert there.writing is not None
    only_once = replace(there, writing=replace(there.writing, call=once))
    hasty = replace(parts_of_crm, providers={**parts_of_crm.providers, "native": only_once})
    crm.delays = [5]
    async with Caller(hasty, patience=0.2) as caller:
        assert await outbox.send_due(hasty, caller) == 1


async def told(parts: Parts) -> list[Message]:
    """The messages that tell of what was given up."""
    async with parts.database.read() as tx:
        found = await showing.put(tx, WORKSPACE, most=50)
    return [each.message for each in found if each.message.kind == "undelivered"]


def drawn(message: Message, parts: Parts) -> str:
    """All its text."""
    sight = Sight(message.params, (), lambda insight: None, parts.clock.now(), ENGLISH)
    made = KINDS[message.kind].draw(sight)
    return f"{made[0]}\n{texts(made[1])}" if made else ""


def texts(part: object) -> str:
    if isinstance(part, dict):
        own = part.get("text") if part.get("type") == "text" else ""
        return f"{own}{''.join(texts(each) for each in part.values())}"
    if isinstance(part, Sequence) and not isinstance(part, str):
        return "".join(texts(each) for each in part)
    return ""


def words(insight: Insight) -> str:
    return plain(insight.outcome) if insight.outcome else ""


async def test_who_made_a_change_that_was_given_up_is_told_and_told_when_it_is_there(
    parts: Parts, crm: Crm
) -> None:
    insight = await referral(parts)
    done = await decisions.submit(parts, by(ANA), insight.fingerprint, TASK)
    assert isinstance(done, Insight)
    await give_up(parts, crm)
    after = await get(parts, insight)
    assert after.state is InsightState.TAKEN
    assert words(after) == (
        f"{words(done)} The CRM does not have this: {NOT_THERE}. Do it there, or have whoever runs "
        "the coach try it again with `coach replay`."
    )
    (message,) = await told(parts)
    assert (message.addressee, message.state) == (ANA, MessageState.DUE)
    said = drawn(message, parts)
    assert "1 change of yours counts here and is missing in native." in said
    assert f"Not in the CRM: {NOT_THERE}. Why: HTTP 500, {outbox.TRIES} times." in said
    assert "do in the CRM yourself" in said
    # Tried again in vain it is one message still; then it is there, and both say so.
    await replay(parts, crm=crm)
    assert [state for state, _ in await to_tell(parts)] == ["done"]
    assert words(await get(parts, insight)) == words(done)
    (message,) = await told(parts)
    said = drawn(message, parts)
    assert f"In the CRM now: {NOT_THERE}." in said
    assert "replay" not in said


async def test_of_a_change_whose_answer_was_lost_nobody_says_that_it_is_not_there(
    parts: Parts, crm: Crm
) -> None:
    insight = await referral(parts)
    await decisions.submit(parts, by(ANA), insight.fingerprint, TASK)
    await lose(parts, crm)
    assert [state for state, _ in await to_tell(parts)] == ["failed"]
    assert f"The CRM may not have this, as its answer was lost: {NOT_THERE}. Look there" in words(
        await get(parts, insight)
    )
    (message,) = await told(parts)
    said = drawn(message, parts)
    assert f"Perhaps in the CRM: {NOT_THERE}. Why: The answer was lost" in said
    assert "coach replay" not in said
    # Nor is it said when it is taken back here.
    undone = await undo(parts, insight)
    assert undone.said is not None
    assert plain(undone.said) == (f"Undone here. Look in the CRM, which may have it: {NOT_THERE}.")
    (message,) = await told(parts)
    assert drawn(message, parts) == ""


async def test_what_is_refused_when_it_is_tried_again_is_said(parts: Parts, crm: Crm) -> None:
    insight = await referral(parts)
    await decisions.submit(parts, by(ANA), insight.fingerprint, TASK)
    await give_up(parts, crm)
    await replay(parts, 422, crm=crm)
    assert words(await get(parts, insight)).startswith("The CRM refused this, so it is undone here")
    (message,) = await told(parts)
    assert f"Refused by the CRM, and undone here: {NOT_THERE}. Why: HTTP 422." in drawn(
        message, parts
    )


async def test_several_that_were_given_up_on_a_day_are_one_message(parts: Parts, crm: Crm) -> None:
    insight = await overdue(parts, 3)
    for id in ("T-0", "T-1"):
        await use(parts, insight, Control.COMPLETE_TASK, id)
    await connect(parts, native(None))
    async with Caller(crm_of(parts)) as caller:
        while await outbox.send_due(crm_of(parts), caller):
            pass
    (message,) = await told(parts)
    assert "2 changes of yours count here and are missing in native." in drawn(message, parts)
    # Of a list that is under way the card says how far it is.
    assert (await get(parts, insight)).progress == (2, 3)
    # Once all of it is done, it says what is missing.
    await use(parts, insight, Control.COMPLETE_TASK, "T-2")
    assert words(await get(parts, insight)).startswith("3 things done: ")
    assert "The CRM does not have this: Completed “Task 0”; Completed “Task 1”." in words(
        await get(parts, insight)
    )
    await connect(parts, native(crm.url))
    await replay(parts, crm=crm)
    assert words(await get(parts, insight)) == (
        "3 things done: Completed “Task 0”; Completed “Task 1”; Completed “Task 2”."
    )


async def test_what_was_taken_back_before_it_was_given_up_is_nobodys_business(
    sqlite_parts: Parts, crm: Crm
) -> None:
    parts = sqlite_parts
    insight = await overdue(parts, 2)
    await use(parts, insight, Control.RESCHEDULE_TASK, "T-0", "2026-12-01")
    await connect(parts, native(crm.url))
    crm.answers = [Response(status_code=503)]
    async with Caller(crm_of(parts)) as caller:
        await outbox.send_due(crm_of(parts), caller)
    await undo(parts, insight)
    await connect(parts, native(None))
    await pass_time(parts, timedelta(minutes=1))
    async with Caller(crm_of(parts)) as caller:
        await outbox.send_due(crm_of(parts), caller)
    assert [state for state, _ in await to_tell(parts)] == ["failed", "queued"]
    assert await told(parts) == []
    # That it was taken back did not get there either, and that is.
    async with Caller(crm_of(parts)) as caller:
        await outbox.send_due(crm_of(parts), caller)
    (message,) = await told(parts)
    assert "Not in the CRM: Moved “Task 0” to Tue 10 Nov" in drawn(message, parts)


# A CRM that is unlinked with changes on their way


async def test_what_was_on_its_way_to_a_crm_that_is_unlinked_is_said_not_to_be_there(
    parts: Parts, crm: Crm
) -> None:
    insight = await referral(parts)
    await decisions.submit(parts, by(ANA), insight.fingerprint, TASK)
    await connect(parts, native(crm.url))
    assert [state for state, _ in await to_tell(parts)] == ["queued"]
    await forgetting.forget(parts, WORKSPACE, CONNECTION)
    assert f"The CRM did not get this, and is not linked any more: {NOT_THERE}." in words(
        await get(parts, insight)
    )
    (message,) = await told(parts)
    assert (message.addressee, message.state) == (ANA, MessageState.DUE)
    said = drawn(message, parts)
    assert "native is not linked any more: what it does not have is not tried again." in said
    assert f"It did not get there: {NOT_THERE}." in said


async def test_of_what_was_being_sent_just_then_nobody_knows(parts: Parts, crm: Crm) -> None:
    insight = await referral(parts)
    await decisions.submit(parts, by(ANA), insight.fingerprint, TASK)
    await connect(parts, native(crm.url))
    async with parts.database.write() as tx:
        assert await crm_writes.claim(
            tx, parts.database, parts.clock.now(), lease=timedelta(minutes=1), most=1
        )
    await forgetting.forget(parts, WORKSPACE, CONNECTION)
    assert "The CRM may not have this, as its answer was lost" in words(await get(parts, insight))
    (message,) = await told(parts)
    assert f"It is perhaps there: {NOT_THERE}." in drawn(message, parts)


async def test_of_what_was_taken_back_or_is_there_nothing_is_said(parts: Parts, crm: Crm) -> None:
    insight = await overdue(parts, 3)
    await use(parts, insight, Control.COMPLETE_TASK, "T-0")
    await connect(parts, native(crm.url))
    async with Caller(crm_of(parts)) as caller:
        assert await outbox.send_due(crm_of(parts), caller) == 1
    await forgetting.forget(parts, WORKSPACE, CONNECTION)
    assert await told(parts) == []
