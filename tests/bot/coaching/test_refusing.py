"""What the CRM refuses is taken back here, and the advice is open again and says why."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from starlette.responses import Response

from bot.coaching import decisions
from bot.crm import outbox
from bot.crm.caller import Caller
from bot.runtime.parts import Parts
from coach.models import Deal, Insight, InsightState, SubjectKind, Task, TaskStatus
from coach.screens import Control
from coach.wording import plain
from tests.bot.coaching.test_decisions import TASK, items, overdue, referral, stuck, use
from tests.bot.coaching.test_undoing import get, pass_time, to_tell, undo
from tests.world import (
    ANA,
    BEGINNING,
    Crm,
    by,
    connect,
    crm_of,
    deliver,
    mirrored,
    native,
    running_crm,
    told,
)

REFUSED = 422


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    async with running_crm() as made:
        yield made


async def send(parts: Parts, crm: Crm, *statuses: int) -> int:
    """Tell the CRM what is due, which answers with these and takes the rest."""
    await connect(parts, native(crm.url))
    crm.answers = [Response(status_code=status) for status in statuses]
    async with Caller(crm_of(parts)) as caller:
        return await outbox.send_due(crm_of(parts), caller)


def words(insight: Insight) -> str:
    return plain(insight.outcome) if insight.outcome else ""


async def stands(parts: Parts, id: str) -> Task:
    found = await mirrored(parts, SubjectKind.TASK, id)
    assert isinstance(found, Task)
    return found


async def test_a_task_that_is_refused_is_none_and_its_advice_is_open_again(
    parts: Parts, crm: Crm
) -> None:
    insight = await referral(parts)
    await decisions.submit(parts, by(ANA), insight.fingerprint, TASK)
    ((_, made),) = await to_tell(parts)
    assert await send(parts, crm, REFUSED) == 1
    assert (await stands(parts, str(made["task_id"]))).deleted
    after = await get(parts, insight)
    assert after.state is InsightState.OPEN
    assert words(after) == (
        "The CRM refused this, so it is undone here: Created “Ask Ann Lee for referral”. "
        "Why: HTTP 422."
    )
    assert after.undo_until is None
    # It is done anew, as another change.
    await decisions.submit(parts, by(ANA), insight.fingerprint, TASK)
    assert await send(parts, crm) == 1
    assert [state for state, _ in await to_tell(parts)] == ["refused", "done"]
    assert len({heard.id for heard in crm.heard}) == 2
    assert (await get(parts, insight)).state is InsightState.TAKEN


async def test_of_a_list_what_was_refused_is_left_to_do(parts: Parts, crm: Crm) -> None:
    insight = await overdue(parts, 2)
    for id in ("T-0", "T-1"):
        await use(parts, insight, Control.COMPLETE_TASK, id)
    assert (await get(parts, insight)).state is InsightState.TAKEN
    while await send(parts, crm, *(() if crm.heard else (REFUSED,))):
        pass
    left = {id: (await stands(parts, id)).status for id in ("T-0", "T-1")}
    assert sorted(left.values()) == [TaskStatus.COMPLETED, TaskStatus.PENDING]
    after = await get(parts, insight)
    assert after.state is InsightState.OPEN
    assert after.progress == (1, 2)
    assert "refused by the CRM and undone here: Completed" in words(after)
    opened = await decisions.open_screen(parts, by(ANA), insight.fingerprint)
    open_ = [each.ref.id for each in items(opened) if each.done is None]
    assert [left[id] for id in open_] == [TaskStatus.PENDING]


async def test_a_deal_that_may_not_move_is_where_it_was_and_stuck_as_before(
    parts: Parts, crm: Crm
) -> None:
    insight = await stuck(parts)
    before = await mirrored(parts, SubjectKind.DEAL, "D-1")
    await use(parts, insight, Control.MOVE_DEAL, "D-1", "Closed Won")
    await decisions.leave(parts, by(ANA), insight.fingerprint)
    assert await send(parts, crm, REFUSED) == 1
    deal = await mirrored(parts, SubjectKind.DEAL, "D-1")
    assert isinstance(before, Deal)
    assert isinstance(deal, Deal)
    same = ("stage", "status", "stage_entered_at", "closed_at")
    assert [getattr(deal, name) for name in same] == [getattr(before, name) for name in same]
    assert deal.told["stage"] == before.told["stage"]
    after = await get(parts, insight)
    assert after.state is InsightState.OPEN
    assert "Moved “Acme” to Closed Won. Why: HTTP 422." in words(after)


async def test_what_the_crm_told_before_the_change_and_comes_late_counts(
    parts: Parts, crm: Crm
) -> None:
    insight = await overdue(parts, 1)
    await use(parts, insight, Control.RESCHEDULE_TASK, "T-0", "2026-12-01")
    assert await send(parts, crm, REFUSED) == 1
    assert str((await stands(parts, "T-0")).due_date) == "2026-11-10"
    early = BEGINNING - timedelta(hours=1)
    task = {"id": "T-0", "due_date": "2026-12-24"}
    await deliver(parts, told("task_rescheduled", task=task, at=early))
    assert str((await stands(parts, "T-0")).due_date) == "2026-12-24"


async def test_what_changed_since_is_left_as_it_is(parts: Parts, crm: Crm) -> None:
    insight = await overdue(parts, 2)
    await use(parts, insight, Control.RESCHEDULE_TASK, "T-0", "2026-12-01")
    await pass_time(parts, timedelta(minutes=1))
    task = {"id": "T-0", "due_date": "2026-12-24"}
    await deliver(parts, told("task_rescheduled", task=task, at=parts.clock.now()))
    assert await send(parts, crm, REFUSED) == 1
    assert str((await stands(parts, "T-0")).due_date) == "2026-12-24"


async def test_what_was_taken_back_already_is_not_taken_back_there(parts: Parts, crm: Crm) -> None:
    insight = await overdue(parts, 2)
    await use(parts, insight, Control.RESCHEDULE_TASK, "T-0", "2026-12-01")
    # It is on its way, so that the CRM would have to be told of taking it back.
    assert await send(parts, crm, 503) == 1
    await undo(parts, insight)
    await pass_time(parts, timedelta(minutes=1))
    assert await send(parts, crm, REFUSED) == 1
    assert [state for state, _ in await to_tell(parts)] == ["refused", "withdrawn"]
    assert await send(parts, crm) == 0
    assert str((await stands(parts, "T-0")).due_date) == "2026-11-10"


async def test_what_the_crm_will_not_take_back_stands_here_too(parts: Parts, crm: Crm) -> None:
    insight = await overdue(parts, 2)
    await use(parts, insight, Control.RESCHEDULE_TASK, "T-0", "2026-12-01")
    assert await send(parts, crm) == 1
    await undo(parts, insight)
    assert str((await stands(parts, "T-0")).due_date) == "2026-11-10"
    assert await send(parts, crm, REFUSED) == 1
    assert str((await stands(parts, "T-0")).due_date) == "2026-12-01"
    assert words(await get(parts, insight)) == (
        "The CRM refused to take this back, so it is done here too: "
        "Moved “Task 0” to Tue 1 Dec. Why: HTTP 422."
    )
