"""Insights: made once, in their order, and ended once."""

from datetime import timedelta
from itertools import product
from typing import Any

from coach.models import (
    About,
    Draft,
    InsightState,
    InsightType,
    Priority,
    SubjectKind,
    Suggestion,
)
from coach.phrases import Thing, say
from storage import deciding, ending, insights, messages, sayings, sending
from storage.database import Tx
from storage.insights import NewInsight
from storage.messages import Message, card_id
from storage.tables import decisions
from tests.storage.conftest import Store
from tests.world import BEGINNING, WORKSPACE

HOUR = timedelta(hours=1)
THING = About(SubjectKind.DEAL, "native", "D-1", "Proposal")


def new(
    store: Store,
    occasion: str = "1",
    *,
    rule: str = "referral_ask",
    subject: str = "deal:native:D-1",
    priority: Priority = Priority.HIGH,
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
        about=(THING,),
    )
    return NewInsight(rule, InsightType.ACTION, draft)


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
        about = await insights.subjects(tx, WORKSPACE, [print_])
        assert await insights.subjects(tx, "elsewhere", [print_]) == {}
    assert found is not None
    draft = new(store).draft
    assert (found.message, found.reason) == (draft.message, draft.reason)
    assert found.suggestion == draft.suggestion
    assert (found.priority, found.type) == (Priority.HIGH, InsightType.ACTION)
    assert (found.created_at, found.expires_at) == (BEGINNING, draft.expires_at)
    assert (found.state, found.outcome) == (InsightState.OPEN, None)
    assert (found.seen, found.dismissed) == (False, False)
    assert about == {print_: (THING,)}


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
        await ending.end(tx, WORKSPACE, dismissed, InsightState.DISMISSED, now)
        found = await insights.pending(tx, WORKSPACE, store.ana.id, now)
        assert await insights.pending(tx, WORKSPACE, store.ben.id, now) == []
    assert [each.subject for each in found] == ["newer high", "high", "medium", "low"]
    assert gone not in {each.fingerprint for each in found}


ENDS = [state for state in InsightState if state is not InsightState.OPEN]


async def test_an_insight_ends_once_in_whatever_way(store: Store) -> None:
    async with store.database.write() as tx:
        for first, second in product(ENDS, ENDS):
            print_ = await put(tx, store, occasion=f"{first}, then {second}")
            ended = await ending.end(tx, WORKSPACE, print_, first, BEGINNING)
            assert ended is not None
            assert ended.state is first
            assert await ending.end(tx, WORKSPACE, print_, second, BEGINNING) is None
            found = await insights.get(tx, WORKSPACE, print_)
            assert found is not None
            assert (found.state, found.decided_at) == (first, BEGINNING)


async def test_a_decision_is_kept_in_the_history_and_has_its_message_drawn_again(
    store: Store,
) -> None:
    async with store.database.write() as tx:
        print_ = await put(tx, store)
        card = Message(WORKSPACE, card_id(print_), "card", "U1", person_id=store.ana.id)
        await messages.make(tx, [(card, [print_])], BEGINNING)
        (claimed,) = await sending.claim(tx, BEGINNING, lease=HOUR, most=9)
        assert await sending.record(tx, claimed.message, state="sent", channel="D", ts="1")
        found = await insights.get(tx, WORKSPACE, print_)
        assert found is not None
        await insights.opened(tx, found, BEGINNING)
        await insights.opened(tx, found, BEGINNING + HOUR)
        outcome = say("Done.")
        taken = await ending.end(
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
        (again,) = await sending.claim(tx, BEGINNING, lease=HOUR, most=9)
        assert not again.is_new
        assert again.insights == [taken]


async def test_what_has_expired_cannot_be_taken_though_nobody_has_noticed_yet(
    store: Store,
) -> None:
    async with store.database.write() as tx:
        print_ = await put(tx, store, hours=1)
        late = BEGINNING + HOUR
        assert await ending.end(tx, WORKSPACE, print_, InsightState.TAKEN, late) is None
        assert await ending.any_expired(tx, late)
        assert not await ending.any_expired(tx, late - timedelta(seconds=1))
        assert await ending.expire(tx, late) == 1
        assert await ending.expire(tx, late) == 0


async def test_what_expires_has_its_person_decided_about_anew(store: Store) -> None:
    async with store.database.write() as tx:
        await put(tx, store, hours=1)
        assert not await deciding.any_to_decide(tx, BEGINNING + HOUR)
        await ending.expire(tx, BEGINNING + HOUR)
        assert await deciding.to_decide(tx, BEGINNING + HOUR, 9) == {WORKSPACE: [store.ana.id]}
        assert await insights.counts(tx, WORKSPACE) == {InsightState.EXPIRED: 1}


async def test_what_rules_said_before_is_remembered_with_its_dismissals(store: Store) -> None:
    async with store.database.write() as tx:
        for number in range(12):
            print_ = await put(
                tx,
                store,
                occasion=str(number),
                rule="stale_leads",
                hours=99999,
                priority=Priority.LOW,
            )
            if number % 2:
                now = store.parts.clock.now()
                await ending.end(tx, WORKSPACE, print_, InsightState.DISMISSED, now)
            store.later(HOUR)
        now = store.parts.clock.now()
        asked = (tx, WORKSPACE, ["stale_leads"], [store.ana.id, store.ben.id])
        found = await insights.past(*asked, now)
        assert set(found) == {("stale_leads", store.ana.id)}
        ((_, said),) = found.items()
        assert [each.occasion for each in said] == [str(number) for number in range(11, 3, -1)]
        assert [each.dismissed_at is not None for each in said] == [True, False] * 4
        assert {each.about for each in said} == {(THING,)}
        assert {(each.priority, each.said_at) for each in said} == {(Priority.LOW, None)}
        await sayings.said(tx, WORKSPACE, [print_], "card", now)
        last = (await insights.past(*asked, now))["stale_leads", store.ana.id][0]
        assert (last.occasion, last.said_at) == ("11", now)
        assert await insights.past(*asked, now + 2 * insights.MEMORY) == {}
