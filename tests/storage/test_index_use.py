"""What runs at every turn reads its index: SQLite is asked how it would go about each statement."""

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine.url import make_url

from coach.attention import APART
from coach.models import Contact, Deal, DealStatus, Ref, SubjectKind
from storage import (
    attention,
    check_plans,
    checks,
    deciding,
    deliveries,
    ending,
    explaining,
    following,
    insights,
    messages,
    mutes,
    namesakes,
    people,
    rounds,
    sending,
    snoozes,
)
from storage.check_plans import Plan
from storage.checks import Key
from storage.database import Database
from storage.following import Moved
from storage.knowledge import (
    deals_with,
    large_value,
    pressing_tasks,
    tasks_of_deals,
    usual_win,
    win_run,
)
from storage.loader import Asked
from storage.rounds import Round
from storage.sending import Paused
from tests.world import BEGINNING, CONNECTION, WORKSPACE, running_parts

RULES = {
    "stuck_deals": SubjectKind.DEAL,
    "stale_leads": SubjectKind.CONTACT,
    "overdue_tasks": SubjectKind.TASK,
}


@contextmanager
def statements(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """Every statement executed in the block, with its parameters."""
    seen: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, sql: str, parameters: Any, ___: Any, many: bool) -> None:
        seen.append((sql, parameters[0] if many else parameters))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)


def plan(path: Path, sql: str, parameters: Any) -> list[str]:
    """How SQLite would go about it, a line for each table."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
        return [row[3] for row in rows]


def partial_indexes(path: Path) -> frozenset[str]:
    """The indexes that hold only some rows, such as those that wait."""
    with sqlite3.connect(path) as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'"
        return frozenset(row[0] for row in connection.execute(query))


def reads_everything(step: str, partial: Collection[str]) -> bool:
    """Whether a step goes through every row of its table, be it by way of an index.

    A partial index may be read from end to end: it holds what is to be done and nothing else.
    """
    if step.startswith("SEARCH "):
        return False
    _, by_index, name = step.partition(" INDEX ")
    return not by_index or name.split()[0] not in partial


async def every_turn(database: Database) -> None:
    """What the loops ask at every turn, and what an event or a new setting asks."""
    now = BEGINNING
    async with database.write() as tx:
        await sending.any_waiting(tx, now)
        await sending.claim(tx, now, lease=APART, most=32)
        await sending.claim(tx, now, lease=APART, most=32, paused=Paused(["w1"], ["w1"]))
        await messages.changed(tx, WORKSPACE, ["f1"])
        await messages.failed(tx, WORKSPACE)
        await deciding.any_to_decide(tx, now)
        await deciding.to_decide(tx, now, 200)
        await attention.open_of(tx, WORKSPACE, ["p1"])
        await attention.hold_apart(tx, WORKSPACE, ["p1"], now)
        await ending.any_expired(tx, now)
        await mutes.over(tx, now)
        await explaining.outcomes(tx, WORKSPACE, person_id="p1", since=now)
        await mutes.end(tx, WORKSPACE, ["p1"], now)
        await ending.expire(tx, now)
        for large in (False, True):
            await deliveries.due_workspaces(tx, now, large=large)
            await deliveries.due(tx, WORKSPACE, now, most=100, size=1000, large=large)
        await people.waits_to_be_looked_up(tx, now)
        await people.claim_look_ups(tx, database, now, now + APART, 50)
        await pressing_tasks.find(tx, Asked(WORKSPACE, ["p1"]))
        deal = Deal(CONNECTION, "x")
        await tasks_of_deals.find(tx, Asked(WORKSPACE, ["p1"], [deal]))
        lead = Contact(CONNECTION, "x", status="LEAD")
        await deals_with.find(tx, Asked(WORKSPACE, ["p1"], [lead]))
        moved = Moved(CONNECTION, {kind: {"x"} for kind in SubjectKind}, {"p1"}, {"next_priority"})
        await following.concerned(tx, WORKSPACE, moved)
        await following.worked_on(tx, WORKSPACE, ["f1"])
        await insights.subjects(tx, WORKSPACE, ["f1"])
        await insights.marked(tx, WORKSPACE, {("referral_ask", "contact:C-1")}, ["p1"], now)
        await insights.shown_by(tx, {(WORKSPACE, "m1")})
        await large_value.find(tx, Asked(WORKSPACE, ["p1"]))
        won = Deal(CONNECTION, "x", status=DealStatus.WON, person_id="p1")
        await usual_win.find(tx, Asked(WORKSPACE, ["p1"], [won]))
        await win_run.find(tx, Asked(WORKSPACE, ["p1"], [won]))
        await namesakes.of(tx, WORKSPACE, [Ref(CONNECTION, "x"), Ref(CONNECTION, "y")])
        await rounds.due(tx, RULES, now, 100)
        await rounds.claim_one(tx, Round(WORKSPACE, "p1", "stuck_deals"), now)
        await rounds.wake(tx, WORKSPACE, ["p1"], now)
        await rounds.hold(tx, WORKSPACE, ["p1"])
        await check_plans.unfinished(tx, RULES)
        await check_plans.announced(tx, WORKSPACE)
        for rule, kind in RULES.items():
            await checks.due(tx, WORKSPACE, rule, kind, ["p1"], now, most=100)
            await checks.upcoming(tx, WORKSPACE, rule, ["p1"], now)
            await checks.put_off(tx, WORKSPACE, [(Key(rule, kind, CONNECTION, "x"), now, None)])
            for person_id in ("", "p1"):
                plan = Plan(WORKSPACE, rule, person_id, kind, (CONNECTION, "x"))
                await check_plans.next_things(tx, plan, 100)


@pytest.mark.parametrize(
    "table",
    [
        *("deals", "contacts", "tasks", "insights", "messages", "deliveries", "people"),
        *("checks", "rounds", "check_plans"),
        *("insight_subjects", "message_insights", "crm_writes"),
    ],
)
async def test_no_turn_reads_a_whole_table(sqlite_url: str, table: str) -> None:
    path = Path(make_url(sqlite_url).database or "")
    async with running_parts(sqlite_url) as parts:
        with statements(parts.database) as seen:
            await every_turn(parts.database)
    read = [
        (step, sql)
        for sql, parameters in seen
        if sql.startswith(("SELECT", "UPDATE"))
        for step in plan(path, sql, parameters)
        if f" {table} " in f"{step} "
    ]
    assert read, f"nothing asked about {table}"
    partial = partial_indexes(path)
    assert [each for each in read if reads_everything(each[0], partial)] == []


async def test_what_is_put_off_is_found_without_reading_what_is_open(sqlite_url: str) -> None:
    """For every event, of whoever it concerns; and what is open may be much."""
    path = Path(make_url(sqlite_url).database or "")
    async with running_parts(sqlite_url) as parts:
        with statements(parts.database) as seen:
            async with parts.database.read() as tx:
                await snoozes.waiting(tx, WORKSPACE, ["p1"])
    steps = [step for sql, parameters in seen for step in plan(path, sql, parameters)]
    assert any("ix_insights_put_off" in step for step in steps)


async def test_what_was_said_is_found_by_its_mark(sqlite_url: str) -> None:
    """For every event; and what was ever said in a team, or to one person, may be much."""
    path = Path(make_url(sqlite_url).database or "")
    async with running_parts(sqlite_url) as parts, parts.database.read() as tx:
        with statements(parts.database) as seen:
            await insights.marked(tx, WORKSPACE, {("referral_ask", "m")}, ["p1"], BEGINNING)
    ((sql, parameters),) = seen
    steps = [step for step in plan(path, sql, parameters) if step.startswith("SEARCH")]
    assert [step.partition(" USING ")[2] for step in steps] == [
        "COVERING INDEX ix_insight_subjects_mark (workspace_id=? AND mark=?)",
        "INDEX sqlite_autoindex_insights_1 (workspace_id=? AND fingerprint=?)",
    ]


@pytest.mark.parametrize(
    ("sql", "everything"),
    [
        ("SELECT fingerprint FROM insights", True),
        # It reads the key's index from end to end, and that has every row.
        ("SELECT workspace_id FROM deliveries ORDER BY workspace_id", True),
        ("SELECT workspace_id FROM deliveries WHERE id = 'd'", True),
        ("SELECT workspace_id FROM deliveries WHERE workspace_id = 'w'", False),
        ("SELECT id FROM deliveries WHERE state = 'pending' AND large", False),
    ],
)
def test_a_whole_table_is_noticed_also_when_it_is_read_by_an_index(
    sqlite_url: str, sql: str, everything: bool
) -> None:
    path = Path(make_url(sqlite_url).database or "")
    (step,) = plan(path, sql, ())
    assert reads_everything(step, partial_indexes(path)) is everything, step


async def test_a_deal_and_its_namesakes_are_found_by_key_and_title(sqlite_url: str) -> None:
    path = Path(make_url(sqlite_url).database or "")
    async with running_parts(sqlite_url) as parts, parts.database.read() as tx:
        with statements(parts.database) as seen:
            await namesakes.of(tx, WORKSPACE, [Ref(CONNECTION, "x"), Ref("other", "y")])
    ((sql, parameters),) = seen
    steps = [step for step in plan(path, sql, parameters) if step.startswith("SEARCH")]
    assert [step.partition("(")[2] for step in steps] == [
        "workspace_id=? AND connection_id=? AND id=?)",
        "workspace_id=? AND person_id=? AND title=?)",
    ]


async def test_every_partial_index_made_for_these_turns_is_used(sqlite_url: str) -> None:
    path = Path(make_url(sqlite_url).database or "")
    async with running_parts(sqlite_url) as parts:
        with statements(parts.database) as seen:
            await every_turn(parts.database)
    steps = " ".join(
        step
        for sql, parameters in seen
        if sql.startswith(("SELECT", "UPDATE"))
        for step in plan(path, sql, parameters)
    )
    made = {
        *("ix_deals_open", "ix_deals_decided", "ix_tasks_pending"),
        *("ix_checks_person", "ix_rounds_due_at", "ix_check_plans_unfinished"),
        *("ix_deals_person_id", "ix_contacts_person_id", "ix_tasks_person_id"),
        *("ix_tasks_deal_id", "ix_deals_contact_id", "ix_insight_subjects_subject"),
        *("ix_insights_open", "ix_insights_expires_at"),
        *("ix_deliveries_small", "ix_deliveries_large"),
        *("ix_messages_waiting", "ix_messages_addressee", "ix_messages_failed"),
        *("ix_people_lookup_after", "ix_people_decide_at"),
    }
    assert {name for name in made if name not in steps} == set()
    # What is counted of all that somebody ever won or lost is in the index itself.
    assert steps.count("USING COVERING INDEX ix_deals_decided") == steps.count("ix_deals_decided")
