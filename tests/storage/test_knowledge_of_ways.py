"""What rules ask to be shown of the ways that deals went, and of what was won."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from coach.keys import subject_key
from coach.knowledge import Life, MovedBack, Run
from coach.mirror import Visit, with_stage
from coach.models import Contact, Deal, DealStatus, Origin, TaskStatus, Verb
from coach.phrases import say
from coach.stages import Stage
from coach.wording import plain
from storage import answers, stages, visits
from storage.database import Tx
from storage.knowledge import follow_ups_shown, lives_of_deals, moved_back, win_run
from storage.loader import Asked
from storage.tables import activities, contacts_made, patterns
from tests.storage.conftest import Store
from tests.storage.things import deal, keep, task
from tests.world import BEGINNING, CONNECTION, WORKSPACE

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


# How a deal lives


async def happened(store: Store, verb: Verb, at: datetime, deal_id: str = "D-1") -> None:
    row: dict[str, Any] = {
        "workspace_id": WORKSPACE,
        "connection_id": CONNECTION,
        "dedupe_key": f"{verb}-{at.isoformat()}-{deal_id}",
        "verb": verb.value,
        "occurred_at": at,
        "recorded_at": at,
        "deal_id": deal_id,
        "origin": Origin.API.value,
        "changes": {},
    }
    async with store.database.write() as tx:
        await tx.execute(activities.insert(), [row])


async def lives(store: Store, *deals: Deal) -> dict[str, Life]:
    async with store.database.read() as tx:
        found = await lives_of_deals.find(tx, Asked(WORKSPACE, [store.ana.id], deals))
    return found.get(store.ana.id, {})


async def test_a_deal_of_which_nobody_knows_any_contact_has_no_known_life(store: Store) -> None:
    made = deal(store, "D-1", created_at=BEGINNING, stage_entered_at=BEGINNING, contact_id="C-1")
    await keep(store, made, Contact(CONNECTION, "C-1"), task(store, "T-1", deal_id="D-1"))
    await happened(store, Verb.DEAL_STAGE_CHANGED, BEGINNING + DAY)
    assert await lives(store, made) == {}


async def test_it_lives_by_its_contact_its_tasks_and_its_moves_and_by_no_edit(
    store: Store,
) -> None:
    made = deal(store, "D-1", created_at=BEGINNING, contact_id="C-1")
    spoken = BEGINNING + DAY
    await keep(store, made, Contact(CONNECTION, "C-1", last_contacted_at=spoken))
    key = subject_key(made)
    assert await lives(store, made) == {key: Life(spoken, spoken)}
    await happened(store, Verb.DEAL_UPDATED, BEGINNING + 9 * DAY)
    await happened(store, Verb.DEAL_STAGE_CHANGED, BEGINNING + 9 * DAY, "D-2")
    assert await lives(store, made) == {key: Life(spoken, spoken)}
    await happened(store, Verb.DEAL_STAGE_CHANGED, BEGINNING + 2 * DAY)
    assert await lives(store, made) == {key: Life(spoken, BEGINNING + 2 * DAY)}
    done = BEGINNING + 3 * DAY
    finished = {"status": TaskStatus.COMPLETED, "completed_at": done, "deal_id": "D-1"}
    await keep(store, task(store, "T-1", **finished))
    assert await lives(store, made) == {key: Life(spoken, done)}
    await happened(store, Verb.CALL_LOGGED, BEGINNING + 4 * DAY)
    assert await lives(store, made) == {key: Life(BEGINNING + 4 * DAY, BEGINNING + 4 * DAY)}


async def test_lives_of_many_are_found_together(store: Store) -> None:
    many = [deal(store, f"D-{n}") for n in range(30)]
    await keep(store, *many)
    for n in range(0, 30, 3):
        await happened(store, Verb.NOTE_LOGGED, BEGINNING + n * DAY, f"D-{n}")
    found = await lives(store, *many)
    assert {key: life.last_at for key, life in found.items()} == {
        f"deal:{CONNECTION}:D-{n}": BEGINNING + n * DAY for n in range(0, 30, 3)
    }


# Back and forth


async def order(tx: Tx, **pipelines: Sequence[str]) -> None:
    """The CRM's own list of its pipelines."""
    listed = [
        Stage(f"{pipeline}-{name}", name, pipeline, place)
        for pipeline, names in pipelines.items()
        for place, name in enumerate(names)
    ]
    await stages.tell(tx, WORKSPACE, CONNECTION, listed)


async def went(store: Store, *way: str, came: bool = True, **more: Any) -> Deal:
    """A deal that was in these stages, a day each."""
    visited: list[Visit] = []
    for n, stage in enumerate(way):
        is_last = n == len(way) - 1
        visited = with_stage(visited, stage, BEGINNING + n * DAY, came=came or not is_last)
    made = deal(store, "D-1", stage=way[-1], **more)
    await keep(store, made)
    async with store.database.write() as tx:
        await visits.save(tx, WORKSPACE, CONNECTION, {"D-1": ([], visited)})
    return made


async def back(store: Store, made: Deal) -> MovedBack | None:
    async with store.database.read() as tx:
        found = await moved_back.find(tx, Asked(WORKSPACE, [store.ana.id], [made]))
    return found.get(store.ana.id, {}).get(subject_key(made))


@pytest.mark.parametrize(
    ("way", "moved"),
    [
        (["Demo", "Proposal", "Demo"], MovedBack("Proposal", "Demo")),
        (["Demo", "Proposal", "Proposal", "Demo", "Demo"], MovedBack("Proposal", "Demo")),
        (["Demo", "Proposal"], None),
        (["Demo"], None),
        (["Proposal", "Nowhere"], None),
    ],
)
async def test_back_is_what_stands_before_in_the_crms_own_list(
    store: Store, way: Sequence[str], moved: MovedBack | None
) -> None:
    async with store.database.write() as tx:
        await order(tx, Sales=["New", "Demo", "Proposal", "Won"])
    assert await back(store, await went(store, *way)) == moved


async def test_without_a_list_of_the_crms_nobody_knows_what_is_back(store: Store) -> None:
    assert await back(store, await went(store, "Closing", "New")) is None


async def test_what_was_found_in_a_stage_did_not_go_there(store: Store) -> None:
    async with store.database.write() as tx:
        await order(tx, Sales=["New", "Demo", "Proposal"])
    assert await back(store, await went(store, "Proposal", "Demo", came=False)) is None


async def test_a_closed_deal_did_not_go_back(store: Store) -> None:
    async with store.database.write() as tx:
        await order(tx, Sales=["Lost", "Demo"])
    assert await back(store, await went(store, "Demo", "Lost", status=DealStatus.LOST)) is None


async def test_each_pipeline_has_an_order_of_its_own(store: Store) -> None:
    async with store.database.write() as tx:
        await order(tx, Sales=["Demo", "Proposal"], Renewals=["Proposal", "Demo"])
    sales = await went(store, "Proposal", "Demo", pipeline="Sales")
    assert await back(store, sales) == MovedBack("Proposal", "Demo")
    assert await back(store, await went(store, "Proposal", "Demo", pipeline="Renewals")) is None
    # Of which pipeline it is, nobody tells: it may be either.
    assert await back(store, await went(store, "Proposal", "Demo")) is None


# Runs of wins


async def decided(store: Store, results: str, *, apart: timedelta = DAY) -> Deal:
    """Ana's deals, won (w) or lost (l) one after the other; the last of them."""
    made = [
        deal(
            store,
            f"D-{n}",
            status=DealStatus.WON if each == "w" else DealStatus.LOST,
            closed_at=BEGINNING + n * apart,
        )
        for n, each in enumerate(results)
    ]
    await keep(store, *made)
    return made[-1]


async def run_of(store: Store, last: Deal) -> Run | None:
    async with store.database.read() as tx:
        found = await win_run.find(tx, Asked(WORKSPACE, [store.ana.id, store.ben.id], [last]))
    return found.get(store.ana.id, {}).get(subject_key(last))


async def test_the_run_that_goes_on_and_the_longest_of_before_are_told(store: Store) -> None:
    last = await decided(store, "wwwlwllwwww")
    assert await run_of(store, last) == Run(4, BEGINNING + 7 * DAY, 3, 7, 3)


async def test_somebody_who_never_lost_has_no_run_of_before(store: Store) -> None:
    assert await run_of(store, await decided(store, "www")) == Run(3, BEGINNING, 0, 0, 0)


async def test_each_run_is_of_one_person(store: Store) -> None:
    last = await decided(store, "lwwlww")
    bens = [
        replace(each, person_id=store.ben.id, id=f"Ben-{n}")
        for n, each in enumerate([replace(last, status=DealStatus.LOST), last])
    ]
    bens[1] = replace(bens[1], closed_at=BEGINNING + 9 * DAY)
    await keep(store, *bens)
    async with store.database.read() as tx:
        found = await win_run.find(
            tx, Asked(WORKSPACE, [store.ana.id, store.ben.id], [last, bens[1]])
        )
    assert found == {
        store.ana.id: {subject_key(last): Run(2, BEGINNING + 4 * DAY, 2, 4, 2)},
        store.ben.id: {subject_key(bens[1]): Run(1, BEGINNING + 9 * DAY, 0, 1, 1)},
    }


async def test_after_a_loss_the_run_is_over(store: Store) -> None:
    await decided(store, "wwwl")
    won = deal(store, "D-2", status=DealStatus.WON, closed_at=BEGINNING + 2 * DAY)
    assert await run_of(store, won) == Run(3, BEGINNING, 0, 0, 0, ended=True)


async def test_what_was_closed_at_one_instant_lengthens_no_run(store: Store) -> None:
    last = await decided(store, "wlww", apart=timedelta())
    assert await run_of(store, last) is None


def closed(store: Store, n: int, at: datetime, *, lost: bool = False) -> Deal:
    """A deal that was closed then."""
    status = DealStatus.LOST if lost else DealStatus.WON
    return deal(store, f"at-{n}", status=status, closed_at=at)


MORNING = datetime(2026, 12, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize("hour", [time(0), time(12), time.max])
async def test_on_a_day_of_which_no_hour_is_known_nothing_comes_after_another(
    store: Store, hour: time
) -> None:
    await decided(store, "lww")
    day = datetime.combine(MORNING, hour, UTC)
    wins = [closed(store, n, MORNING + n * HOUR) for n in range(3)]
    await keep(store, *wins)
    since = BEGINNING + DAY
    assert await run_of(store, wins[1]) == Run(4, since, 0, 1, 1)
    # With one of which the day alone is known, none is known to be the last of it.
    await keep(store, closed(store, 3, day))
    for win in wins:
        assert await run_of(store, win) == Run(6, since, 0, 1, 1, last=4)
    await keep(store, closed(store, 4, day, lost=True))
    assert await run_of(store, wins[2]) is None
    after = closed(store, 5, MORNING + DAY)
    await keep(store, after)
    assert await run_of(store, after) == Run(1, MORNING + DAY, 6, 8, 2)


@pytest.mark.parametrize("order", ["wl", "lw"])
async def test_what_was_won_on_the_day_of_a_loss_may_have_lengthened_the_run_after_it(
    store: Store, order: str
) -> None:
    day = datetime.combine(MORNING, time(0), UTC)
    later = [MORNING + n * DAY for n in range(1, 23)]
    win, loss = (closed(store, order.index(each), day, lost=each == "l") for each in "wl")
    before = [closed(store, 10 + n, at) for n, at in enumerate(later[:10])]
    lost = closed(store, 30, later[10], lost=True)
    now = [closed(store, 40 + n, at) for n, at in enumerate(later[11:])]
    await keep(store, win, loss, *before)
    # The run that goes on is without it, the longest of before with it.
    assert await run_of(store, before[-1]) == Run(10, later[0], 1, 2, 1)
    await keep(store, lost, *now)
    assert await run_of(store, now[-1]) == Run(11, later[11], 11, 13, 2)


async def test_of_a_deal_it_is_the_run_as_it_was_with_it(store: Store) -> None:
    await decided(store, "lwwwlw")
    second = deal(store, "D-2", status=DealStatus.WON, closed_at=BEGINNING + 2 * DAY)
    assert await run_of(store, second) == Run(2, BEGINNING + DAY, 0, 1, 1, ended=True)
    last = deal(store, "D-5", status=DealStatus.WON, closed_at=BEGINNING + 5 * DAY)
    assert await run_of(store, last) == Run(1, BEGINNING + 5 * DAY, 3, 5, 2)


async def test_what_is_deleted_or_open_or_closed_nobody_knows_when_does_not_count(
    store: Store,
) -> None:
    last = await decided(store, "lww")
    more = [
        deal(store, "gone", status=DealStatus.LOST, closed_at=BEGINNING + 9 * DAY, deleted=True),
        deal(store, "open", closed_at=None),
        deal(store, "when", status=DealStatus.LOST, closed_at=None),
    ]
    await keep(store, *more)
    assert await run_of(store, last) == Run(2, BEGINNING + DAY, 0, 1, 1)


async def test_of_whom_nothing_was_won_now_nothing_is_looked_up(store: Store) -> None:
    lost = await decided(store, "wwl")
    assert await run_of(store, lost) is None


# How soon leads were answered


async def lead(store: Store, id: str, *after: timedelta, won: bool = True, **more: Any) -> None:
    """A contact who came at the beginning and was contacted so much later."""
    await keep(
        store,
        Contact(CONNECTION, id, **{"created_at": BEGINNING, "person_id": store.ana.id, **more}),
        deal(
            store,
            f"of-{id}",
            contact_id=id,
            status=DealStatus.WON if won else DealStatus.LOST,
        ),
    )
    rows = [
        {
            "workspace_id": WORKSPACE,
            "connection_id": CONNECTION,
            "contact_id": id,
            "at": BEGINNING + each,
            "verb": Verb.CALL_LOGGED.value,
            "person_id": store.ana.id,
        }
        for each in after
    ]
    if rows:
        async with store.database.write() as tx:
            await tx.execute(contacts_made.insert(), rows)


async def test_the_first_contact_with_each_lead_that_was_won_is_read(store: Store) -> None:
    await lead(store, "C-1", 5 * HOUR, 2 * HOUR, 9 * DAY)
    await lead(store, "C-2", 2 * HOUR)
    await lead(store, "C-3", MINUTE + timedelta(seconds=1))
    await lead(store, "lost", HOUR, won=False)
    await lead(store, "never")
    await lead(store, "gone", HOUR, deleted=True)
    await lead(store, "nobody knows when", HOUR, created_at=None)
    await lead(store, "nobody's", HOUR, person_id=None)
    async with store.database.read() as tx:
        found = sorted(await answers.waits(tx, WORKSPACE), key=lambda each: each.contacted_at)
        assert await answers.waits(tx, "another") == []
    assert [each.contacted_at - BEGINNING for each in found] == [
        MINUTE + timedelta(seconds=1), 2 * HOUR, 2 * HOUR,
    ]  # fmt: skip
    assert {(each.person_id, each.came_at) for each in found} == {(store.ana.id, BEGINNING)}


# What follow-ups have shown


async def pattern(store: Store, key: str, *counts: int, **more: Any) -> None:
    """Of deals with a follow-up so many of so many were won, and so many of so many others."""
    row = {
        "workspace_id": WORKSPACE,
        "key": key,
        "person_id": None,
        "pattern": "follow_up_in_a_day",
        "group_name": "won",
        "message": say("{key} of the team.", key=key),
        "figures": dict(zip(("k", "n", "rest_k", "rest_n"), counts, strict=True)),
        "chance": 0.01,
        "found_at": BEGINNING,
        "tested_at": BEGINNING,
        "gone_at": None,
        **more,
    }
    async with store.database.write() as tx:
        await tx.execute(patterns.insert(), [row])


async def shown(store: Store) -> dict[str, str]:
    async with store.database.read() as tx:
        whom = [store.ana.id, store.ben.id]
        found = await follow_ups_shown.find(tx, Asked(WORKSPACE, whom))
    return {person_id: plain(message) for person_id, message in found.items()}


async def test_what_follow_ups_have_shown_is_the_teams_or_ones_own(store: Store) -> None:
    assert await shown(store) == {}
    await pattern(store, "unsure", 12, 31, 41, 210, chance=0.04)
    await pattern(store, "sure", 12, 31, 41, 210)
    assert await shown(store) == dict.fromkeys((store.ana.id, store.ben.id), "sure of the team.")
    await pattern(store, "own", 12, 31, 41, 210, person_id=store.ana.id)
    assert await shown(store) == {
        store.ana.id: "own of the team.",
        store.ben.id: "sure of the team.",
    }


async def test_what_speaks_against_it_or_no_longer_holds_is_not_shown(store: Store) -> None:
    await pattern(store, "worse", 4, 31, 41, 210)
    await pattern(store, "gone", 12, 31, 41, 210, gone_at=BEGINNING)
    await pattern(store, "other", 12, 31, 41, 210, pattern="won_by_source")
    assert await shown(store) == {}
