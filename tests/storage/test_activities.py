"""Activities are kept once each, and found by person, thing and verb without reading them all."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, text

from coach.models import Origin, SubjectKind, Verb
from storage import activities
from storage.activities import ActivityRow, Which, kind_of
from storage.database import Database, Tx
from tests.storage.conftest import Store
from tests.world import BEGINNING, CONNECTION, WORKSPACE

DAY = timedelta(days=1)


def activity(store: Store, key: str, verb: Verb, days_ago: float, **more: object) -> ActivityRow:
    at = BEGINNING - days_ago * DAY
    person_id = store.ana.id if more.pop("anas", True) else store.ben.id
    return ActivityRow(CONNECTION, key, verb, at, BEGINNING, person_id, **more)  # type: ignore[arg-type]


async def test_recent_activities_and_counts_by_verb_over_days_can_be_asked_for(
    store: Store,
) -> None:
    rows = [
        activity(store, "1", Verb.CALL_LOGGED, 0, contact_id="C-1"),
        activity(store, "2", Verb.CALL_LOGGED, 1, contact_id="C-1", origin=Origin.IMPORT),
        activity(store, "3", Verb.DEAL_CREATED, 2, deal_id="D-1", changes={"stage": [None, "New"]}),
        activity(store, "4", Verb.DEAL_CREATED, 8, anas=False),
    ]
    anas, bens = Which(person_id=store.ana.id), Which(person_id=store.ben.id)
    async with store.database.write() as tx:
        await activities.record(tx, WORKSPACE, rows)
        await activities.record(tx, WORKSPACE, rows)
        assert await activities.recent(tx, WORKSPACE) == rows
        assert await activities.recent(tx, WORKSPACE, anas, most=2) == rows[:2]
        week = await activities.counts_by_verb(tx, WORKSPACE, now=BEGINNING, days=7)
        assert list(week.items()) == [(Verb.CALL_LOGGED, 2), (Verb.DEAL_CREATED, 1)]
        month = await activities.counts_by_verb(tx, WORKSPACE, bens, now=BEGINNING)
        assert month == {Verb.DEAL_CREATED: 1}
        assert await activities.unknown(tx, WORKSPACE, CONNECTION, ["1", "9"]) == {"9"}
        assert await activities.unknown(tx, WORKSPACE, "other", ["1"]) == {"1"}


async def test_activities_are_asked_for_by_thing_by_verb_and_by_both(store: Store) -> None:
    rows = [
        activity(store, "1", Verb.CALL_LOGGED, 0, contact_id="X-1"),
        activity(store, "2", Verb.DEAL_CLOSED, 1, deal_id="X-1", contact_id="C-2"),
        activity(store, "3", Verb.DEAL_CREATED, 2, deal_id="X-1"),
        activity(store, "4", Verb.TASK_CREATED, 3, task_id="X-1", anas=False),
        replace(activity(store, "5", Verb.DEAL_CREATED, 4, deal_id="X-1"), connection_id="other"),
    ]
    deal, contact, task = ((kind, "X-1") for kind in SubjectKind)

    async with store.database.write() as tx:
        await activities.record(tx, WORKSPACE, rows)

        async def keys(**which: Any) -> str:
            found = await activities.recent(tx, WORKSPACE, Which(**which))
            return "".join(each.dedupe_key for each in found)

        assert await keys(thing=deal) == "235"
        assert await keys(thing=deal, connection_id="other") == "5"
        assert await keys(thing=contact) == "1"
        assert await keys(thing=task) == "4"
        assert await keys(verb=Verb.DEAL_CREATED) == "35"
        assert await keys(thing=deal, verb=Verb.DEAL_CLOSED) == "2"
        assert await keys(person_id=store.ben.id, verb=Verb.DEAL_CREATED) == ""
        # An edge belongs to the days before it.
        assert await keys(since=BEGINNING - 3 * DAY, until=BEGINNING - DAY) == "23"


async def test_a_hundred_are_given_unless_more_are_asked_for(store: Store) -> None:
    rows = [activity(store, f"{n:03d}", Verb.CALL_LOGGED, n / 100) for n in range(150)]
    async with store.database.write() as tx:
        await activities.record(tx, WORKSPACE, rows)
        assert len(await activities.recent(tx, WORKSPACE)) == 100
        assert len(await activities.recent(tx, WORKSPACE, most=120)) == 120


async def test_pages_follow_each_other_with_none_twice_and_none_left_out(store: Store) -> None:
    # Several at one instant, in two connections: their order must not change from page to page.
    rows = [activity(store, f"{n:02d}", Verb.CALL_LOGGED, n // 7) for n in range(30)]
    rows += [replace(each, connection_id="other") for each in rows]
    async with store.database.write() as tx:
        await activities.record(tx, WORKSPACE, rows)
        seen: list[ActivityRow] = []
        while page := await activities.recent(
            tx, WORKSPACE, after=seen[-1] if seen else None, most=4
        ):
            seen += page
    by_time = sorted(rows, key=lambda row: (-row.occurred_at.timestamp(), row.connection_id))
    assert [row.occurred_at for row in seen] == [row.occurred_at for row in by_time]
    assert len({(row.connection_id, row.dedupe_key) for row in seen}) == len(rows)


async def test_what_happened_is_counted_by_kind_of_thing_over_thirty_days(store: Store) -> None:
    rows = [
        activity(store, "1", Verb.CALL_LOGGED, 0, contact_id="C-1", deal_id="D-1"),
        activity(store, "2", Verb.CONTACT_CREATED, 29, contact_id="C-1"),
        activity(store, "3", Verb.DEAL_CLOSED, 1, deal_id="D-1", contact_id="C-1"),
        activity(store, "4", Verb.DEAL_CREATED, 31, deal_id="D-1"),
        activity(store, "5", Verb.COMMAND_USED, 1),
    ]
    async with store.database.write() as tx:
        await activities.record(tx, WORKSPACE, rows)
        counts = await activities.counts_by_kind(tx, WORKSPACE, now=BEGINNING)
    assert counts == {SubjectKind.DEAL: 1, SubjectKind.CONTACT: 2, SubjectKind.TASK: 0}


def test_everything_but_a_command_happens_to_a_thing() -> None:
    assert [verb for verb in Verb if kind_of(verb) is None] == [Verb.COMMAND_USED]


# What is read for it


@pytest.fixture
async def busy(store: Store) -> Store:
    """A workspace with a long history: 20 people, 700 things, 7,000 activities."""
    verbs = [verb for verb in Verb if verb is not Verb.MEETING_BOOKED]
    kinds = ("deal_id", "contact_id", "task_id")
    rows = [
        ActivityRow(
            CONNECTION,
            f"{n:06d}",
            verbs[n % len(verbs)],
            BEGINNING - n * timedelta(minutes=20),
            BEGINNING,
            f"p{n % 20}",
            **{kinds[n % 3]: f"X-{n % 700}"},  # type: ignore[arg-type]
        )
        for n in range(7_000)
    ]
    async with store.database.write() as tx:
        await activities.record(tx, WORKSPACE, rows)
        if not store.database.is_sqlite:
            await tx.execute(text("ANALYZE activities"))
    return store


async def plan(database: Database, ask: Callable[[Tx], Awaitable[object]]) -> str:
    """How the database goes about what is asked of the activities."""
    seen: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, sql: str, parameters: Any, ___: Any, ____: Any) -> None:
        seen.append((sql, parameters))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        async with database.read() as tx:
            await ask(tx)
            ((sql, parameters),) = [each for each in seen if "FROM activities" in each[0]]
            explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
            told = await tx.exec_driver_sql(f"{explain} {sql}", parameters)
            return "\n".join(str(row[-1]) for row in told)
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)


_ASKED: dict[str, tuple[Which, str]] = {
    "everything": (Which(), "ix_activities_occurred_at"),
    "a person's": (Which(person_id="p7"), "ix_activities_person_id"),
    "a deal's": (Which(thing=(SubjectKind.DEAL, "X-6")), "ix_activities_deal_id"),
    "a contact's": (Which(thing=(SubjectKind.CONTACT, "X-7")), "ix_activities_contact_id"),
    "a task's": (Which(thing=(SubjectKind.TASK, "X-8")), "ix_activities_task_id"),
    "a verb's": (Which(verb=Verb.CALL_LOGGED), "ix_activities_occurred_at"),
}


def indexes(told: str) -> set[str]:
    """What a plan reads by; a whole table stands there as what it is."""
    return set(re.findall(r"\b(?:ix|pk|sqlite_autoindex)_\w+|Seq Scan|SCAN activities", told))


async def test_the_recent_ones_are_read_by_the_index_made_for_them(busy: Store) -> None:
    for which, index in _ASKED.values():
        told = await plan(
            busy.database, partial(activities.recent, workspace_id=WORKSPACE, which=which)
        )
        assert indexes(told) == {index}, told


async def test_the_last_days_are_counted_by_the_index_made_for_them(busy: Store) -> None:
    for which, index in _ASKED.values():
        told = await plan(
            busy.database,
            partial(
                activities.counts_by_verb,
                workspace_id=WORKSPACE,
                which=which,
                now=BEGINNING,
                days=7,
            ),
        )
        assert indexes(told) == {index}, told


async def test_a_further_page_begins_at_its_place_and_not_at_the_newest(busy: Store) -> None:
    async with busy.database.read() as tx:
        first = await activities.recent(tx, WORKSPACE, most=1000)
    told = await plan(
        busy.database, lambda tx: activities.recent(tx, WORKSPACE, after=first[-1], most=1000)
    )
    # SQLite names the range in the plan, PostgreSQL in the line below it.
    assert re.search(r"occurred_at<\?|Index Cond: .*occurred_at <= ", told), told
