"""Insights: made once, in their order, and moved only along the ways there are."""

from datetime import timedelta
from itertools import product
from typing import Any

from coach import lifecycle
from coach.models import Draft, InsightState, InsightType, Priority, Suggestion
from coach.phrases import Thing, say
from storage import insights
from storage.database import Tx
from storage.insights import NewInsight
from storage.tables import decisions
from storage.tables import insights as table
from tests.storage.conftest import Store
from tests.world import BEGINNING, WORKSPACE

HOUR = timedelta(hours=1)


def new(
    store: Store,
    occasion: str = "1",
    *,
    rule: str = "referral_ask",
    subject: str = "deal:native:D-1",
    priority: Priority = Priority.HIGH,
    state: InsightState = InsightState.QUEUED,
    hours: int = 24,
) -> NewInsight:
    draft = Draft(
        person_id=store.ana.id,
        subject=subject,
        occasion=occasion,
        priority=priority,
        message=say("Ask {contact}.", contact=Thing("Ann & <Co>", "https://crm.example/1")),
        reason=say("You won."),
        suggestion=Suggestion("create_task", {"connection_id": "native", "title": "Ask"}),
        expires_at=store.parts.clock.now() + hours * HOUR,
        about=("D-1",),
    )
    return NewInsight(rule, InsightType.ACTION, draft, state)


async def put(tx: Tx, store: Store, **more: Any) -> str:
    ((print_, _),) = await insights.add(
        tx, WORKSPACE, [new(store, **more)], store.parts.clock.now()
    )
    return print_


async def test_an_insight_comes_back_as_it_was_made(store: Store) -> None:
    async with store.database.write() as tx:
        print_ = await put(tx, store)
        found = await insights.get(tx, WORKSPACE, print_)
        assert await insights.get(tx, "elsewhere", print_) is None
    assert found is not None
    draft = new(store).draft
    assert (found.message, found.reason) == (draft.message, draft.reason)
    assert found.suggestion == draft.suggestion
    assert (found.priority, found.type) == (Priority.HIGH, InsightType.ACTION)
    assert (found.created_at, found.expires_at) == (BEGINNING, draft.expires_at)
    assert (found.about, found.outcome, found.seen, found.dismissed) == (
        ("D-1",),
        None,
        False,
        False,
    )


async def test_the_same_occasion_makes_one_insight_also_within_one_call(store: Store) -> None:
    async with store.database.write() as tx:
        now = store.parts.clock.now()
        batch = [new(store, "1"), new(store, "1"), new(store, "2")]
        assert len(await insights.add(tx, WORKSPACE, batch, now)) == 2
        assert await insights.add(tx, WORKSPACE, batch, now) == []
        many = [new(store, f"many-{number}") for number in range(1200)]
        assert len(await insights.add(tx, WORKSPACE, many, now)) == 1200


async def test_what_is_pending_comes_by_priority_then_newest(store: Store) -> None:
    order = [("low", Priority.LOW), ("high", Priority.HIGH), ("medium", Priority.MEDIUM)]
    async with store.database.write() as tx:
        for word, priority in [*order, ("newer high", Priority.HIGH)]:
            await put(tx, store, occasion=word, subject=word, priority=priority)
            store.later(timedelta(seconds=1))
        gone = await put(tx, store, occasion="gone", hours=0)
        dismissed = await put(tx, store, occasion="dismissed")
        now = store.parts.clock.now()
        await insights.move(tx, WORKSPACE, dismissed, InsightState.DISMISSED, now)
        found = await insights.pending(tx, WORKSPACE, store.ana.id, now)
        assert await insights.pending(tx, WORKSPACE, store.ben.id, now) == []
    assert [each.subject for each in found] == ["newer high", "high", "medium", "low"]
    assert gone not in {each.fingerprint for each in found}


async def test_an_insight_moves_only_along_the_ways_there_are(store: Store) -> None:
    async with store.database.write() as tx:
        for start, target in product(InsightState, InsightState):
            print_ = await put(tx, store, occasion=f"{start} to {target}")
            await tx.execute(
                table.update().where(table.c.fingerprint == print_).values(state=start.value)
            )
            moved = await insights.move(tx, WORKSPACE, print_, target, BEGINNING)
            assert (moved is not None) == (target in lifecycle.TRANSITIONS[start]), start
            found = await insights.get(tx, WORKSPACE, print_)
            assert found is not None
            assert found.state is (target if moved else start)


async def test_a_decision_is_kept_in_the_history_and_has_its_message_rendered(
    store: Store,
) -> None:
    async with store.database.write() as tx:
        print_ = await put(tx, store)
        await insights.move(tx, WORKSPACE, print_, InsightState.SENDING, BEGINNING)
        await insights.move(
            tx, WORKSPACE, print_, InsightState.SENT, BEGINNING, ts="1", channel="D"
        )
        await insights.see(tx, WORKSPACE, [print_], BEGINNING)
        await insights.see(tx, WORKSPACE, [print_], BEGINNING + HOUR)
        outcome = say("Done.")
        taken = await insights.move(
            tx, WORKSPACE, print_, InsightState.TAKEN, BEGINNING + HOUR, outcome=outcome
        )
        assert taken is not None
        assert (taken.outcome, taken.decided_at) == (outcome, BEGINNING + HOUR)
        assert taken.seen_at == BEGINNING
        rows = (await tx.execute(decisions.select().order_by(decisions.c.at))).all()
        assert [(row.decision, row.at) for row in rows] == [
            ("opened", BEGINNING),
            ("taken", BEGINNING + HOUR),
        ]
        (row,) = (await tx.execute(table.select())).all()
        assert row.render_due


async def test_what_has_expired_cannot_be_taken_though_nobody_has_noticed_yet(
    store: Store,
) -> None:
    async with store.database.write() as tx:
        print_ = await put(tx, store, hours=1)
        late = BEGINNING + HOUR
        assert await insights.move(tx, WORKSPACE, print_, InsightState.TAKEN, late) is None
        assert await insights.any_expired(tx, late)
        assert not await insights.any_expired(tx, late - timedelta(seconds=1))
        assert await insights.expire(tx, late) == 1
        assert await insights.expire(tx, late) == 0


async def test_what_was_held_is_released_by_the_level_and_silence_takes_it_back(
    store: Store,
) -> None:
    words = [("high", Priority.HIGH), ("medium", Priority.MEDIUM), ("low", Priority.LOW)]
    async with store.database.write() as tx:
        for word, priority in words:
            held = InsightState.HELD
            await put(tx, store, occasion=word, subject=word, priority=priority, state=held)

        async def states() -> dict[str, str]:
            found = await insights.recent(tx, WORKSPACE, store.ana.id)
            return {each.subject: each.state.value for each in found}

        await insights.release(tx, WORKSPACE, store.ana.id, 2)
        assert await states() == {"high": "queued", "medium": "queued", "low": "quiet"}
        await insights.quieten(tx, WORKSPACE, store.ana.id, 1)
        assert await states() == {"high": "queued", "medium": "quiet", "low": "quiet"}
        await insights.silence(tx, WORKSPACE, store.ana.id)
        assert set((await states()).values()) == {"quiet"}
        counts = await insights.counts(tx, WORKSPACE)
    assert counts == {InsightState.QUIET: 3}


async def test_what_rules_said_before_is_remembered_with_its_dismissals(store: Store) -> None:
    async with store.database.write() as tx:
        for number in range(12):
            print_ = await put(tx, store, occasion=str(number), rule="stale_leads", hours=99999)
            if number % 2:
                now = store.parts.clock.now()
                await insights.move(tx, WORKSPACE, print_, InsightState.DISMISSED, now)
            store.later(HOUR)
        now = store.parts.clock.now()
        asked = (tx, WORKSPACE, ["stale_leads"], [store.ana.id, store.ben.id])
        found = await insights.past(*asked, now)
        assert set(found) == {("stale_leads", store.ana.id)}
        ((_, said),) = found.items()
        assert [each.occasion for each in said] == [str(number) for number in range(11, 3, -1)]
        assert [each.dismissed_at is not None for each in said] == [True, False] * 4
        assert await insights.past(*asked, now + 2 * insights.MEMORY) == {}
