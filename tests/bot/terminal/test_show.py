"""`coach show`: tables for people, JSON for scripts, and a clear word for what cannot be shown."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from bot.coaching import decisions, tuning
from bot.runtime.parts import Parts
from bot.terminal.harmless import harmless
from bot.terminal.show import LISTINGS, Options, Reading, printed
from bot.terminal.showing.listing import Names, Wish
from bot.terminal.what import What
from coach.models import (
    Contact,
    Deal,
    Dismissed,
    Enrolment,
    Person,
    SubjectKind,
    Task,
    TaskPriority,
    Verb,
)
from storage import activities, messages, mirror, people, sayings
from storage.activities import ActivityRow
from storage.database import Database
from storage.messages import Message
from tests.bot.terminal.conftest import Coach
from tests.world import (
    ANA,
    BEGINNING,
    BEN,
    CONNECTION,
    WORKSPACE,
    FixedClock,
    by,
    deliver,
    enrol,
    running_parts,
    won,
)

DAY = timedelta(days=1)


class Shop:
    """A filled database and what `coach show` prints of it."""

    def __init__(self, parts: Parts, capsys: pytest.CaptureFixture[str]) -> None:
        self.parts, self._capsys = parts, capsys
        self.ana: Person
        self.ben: Person
        self.err = ""

    async def fill(self) -> None:
        self.ana, self.ben = await enrol(self.parts, ANA), await enrol(self.parts, BEN)
        deal = Deal(
            CONNECTION,
            "D-17",
            title="Acme [bold]renewal[/bold]",
            stage="Negotiation",
            value=Decimal("12000.50"),
            currency="EUR",
            contact_id="C-9",
            person_id=self.ana.id,
            created_at=BEGINNING - 40 * DAY,
        )
        contact = Contact(CONNECTION, "C-9", "Ann Lee", status="LEAD", person_id=self.ana.id)
        task = Task(
            CONNECTION,
            "T-1",
            title="Call Ann",
            priority=TaskPriority.HIGH,
            due_date=date(2026, 11, 26),
            contact_id="C-9",
            person_id=self.ben.id,
            created_at=BEGINNING,
        )
        rows = [
            self.happened("1", Verb.DEAL_CREATED, 40, changes={"value": [None, "12000.50"]}),
            self.happened("2", Verb.DEAL_STAGE_CHANGED, 2, changes={"stage": ["New", "Won"]}),
            replace(self.happened("3", Verb.CALL_LOGGED, 1), deal_id=None, person_id=self.ben.id),
            self.happened(
                "4", Verb.DEAL_OWNER_CHANGED, 0, changes={"person_id": [self.ben.id, self.ana.id]}
            ),
        ]
        async with self.parts.database.write() as tx:
            await mirror.save(tx, WORKSPACE, [deal, contact, task])
            await activities.record(tx, WORKSPACE, rows)

    def happened(self, key: str, verb: Verb, days_ago: float, **more: Any) -> ActivityRow:
        at = BEGINNING - days_ago * DAY
        return ActivityRow(CONNECTION, key, verb, at, BEGINNING, self.ana.id, "D-17", "C-9", **more)

    async def show(self, what: str, **options: Any) -> str:
        self._capsys.readouterr()
        await printed(self.parts, Options(What(what), **options))
        out, self.err = self._capsys.readouterr()
        return out

    async def rows(self, what: str, **options: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(await self.show(what, as_json=True, **options))
        return found


@pytest.fixture
async def shop(database_url: str, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Shop]:
    async with running_parts(database_url) as parts:
        made = Shop(parts, capsys)
        await made.fill()
        yield made


async def test_activities_are_told_with_names_the_persons_own_time_and_what_changed(
    shop: Shop,
) -> None:
    head, *lines = (" ".join(line.split()) for line in (await shop.show("activities")).splitlines())
    assert head == "when who what thing changes"
    # Ana is in Madrid, Ben in London; the owner's ids are names, and markup stays what it is.
    deal = "Acme [bold]renewal[/bold] · Ann Lee"
    assert lines == [
        f"Wed, 25 Nov 2026 11:00 Ana Ruiz deal owner changed {deal} person: Ben Okafor → Ana Ruiz",
        "Tue, 24 Nov 2026 10:00 Ben Okafor call logged Ann Lee",
        f"Mon, 23 Nov 2026 11:00 Ana Ruiz deal stage changed {deal} stage: New → Won",
    ]


async def test_activities_are_of_thirty_days_of_one_person_of_a_verb_or_of_one_thing(
    shop: Shop,
) -> None:
    async def keys(**options: Any) -> list[str]:
        return [row["verb"] for row in await shop.rows("activities", **options)]

    assert len(await keys()) == 3
    assert len(await keys(days=41)) == 4
    assert await keys(days=1) == ["deal_owner_changed"]
    assert await keys(person="ben@northwind.example") == ["call_logged"]
    assert await keys(verb=Verb.DEAL_STAGE_CHANGED) == ["deal_stage_changed"]
    # One thing's whole history, unless somebody says how much of it.
    assert len(await keys(things={SubjectKind.DEAL: "D-17"})) == 3
    assert len(await keys(things={SubjectKind.DEAL: "D-17"}, days=7)) == 2
    assert len(await keys(things={SubjectKind.CONTACT: "C-9"})) == 4
    assert await keys(things={SubjectKind.TASK: "D-17"}) == []


async def test_the_json_of_an_activity_is_whole(shop: Shop) -> None:
    (row,) = await shop.rows("activities", verb=Verb.DEAL_STAGE_CHANGED)
    assert row == {
        "occurred_at": "2026-11-23T10:00:00+00:00",
        "recorded_at": "2026-11-25T10:00:00+00:00",
        "verb": "deal_stage_changed",
        "kind": "deal",
        "person": "Ana Ruiz",
        "person_email": "ana@northwind.example",
        "connection_id": "native",
        "deal_id": "D-17",
        "deal": "Acme [bold]renewal[/bold]",
        "contact_id": "C-9",
        "contact": "Ann Lee",
        "task_id": None,
        "task": None,
        "origin": "api",
        "changes": {"stage": ["New", "Won"]},
    }


async def test_activities_are_counted_by_verb_and_by_kind_of_thing(shop: Shop) -> None:
    told = await shop.show("activities", counts=True)
    # Two things happened to one deal.
    assert (
        "In the last 30 days: 3 activities; 2 about deals, 1 about contacts, 0 about tasks, "
        "0 by command." in told
    )
    assert "call logged" in told
    assert await shop.rows("activities", counts=True, days=41) == [
        {"verb": "call_logged", "kind": "contact", "count": 1},
        {"verb": "deal_created", "kind": "deal", "count": 1},
        {"verb": "deal_owner_changed", "kind": "deal", "count": 1},
        {"verb": "deal_stage_changed", "kind": "deal", "count": 1},
    ]
    of_one = {SubjectKind.CONTACT: "C-9"}
    assert len(await shop.rows("activities", counts=True, things=of_one)) == 3
    assert await shop.rows("activities", counts=True, person="ben@northwind.example") == [
        {"verb": "call_logged", "kind": "contact", "count": 1}
    ]


async def test_a_deal_is_told_with_its_money_as_people_write_it_and_exactly_in_json(
    shop: Shop,
) -> None:
    assert "€12,000.50" in await shop.show("deals")
    (row,) = await shop.rows("deals")
    assert row["value"] == "12000.50"
    assert (row["id"], row["status"], row["contact"]) == ("D-17", "open", "Ann Lee")
    assert (row["person"], row["person_email"]) == ("Ana Ruiz", "ana@northwind.example")
    assert row["created_at"] == "2026-10-16T10:00:00+00:00"
    assert {"person_id", "told", "deleted", "apart"} & set(row) == set()


async def test_contacts_tasks_and_people_are_told(shop: Shop) -> None:
    assert "Ann Lee" in await shop.show("contacts")
    (contact,) = await shop.rows("contacts")
    assert (contact["name"], contact["is_lead"], contact["created_at"]) == ("Ann Lee", True, None)
    assert "Thu, 26 Nov 2026" in await shop.show("tasks")
    (task,) = await shop.rows("tasks")
    assert (task["due_date"], task["contact"], task["deal"]) == ("2026-11-26", "Ann Lee", None)
    assert "Europe/Madrid" in await shop.show("people")
    ana, ben = await shop.rows("people")
    assert (ana["name"], ana["working_days"], ana["level"]) == ("Ana Ruiz", [1, 2, 3, 4, 5], 2)
    assert ben["created_at"] == "2026-11-25T10:00:00+00:00"
    assert [row["name"] for row in await shop.rows("people", person="BEN@northwind.example")] == [
        "Ben Okafor"
    ]


async def test_only_a_persons_own_and_only_the_last_days_are_shown_when_asked(shop: Shop) -> None:
    assert await shop.rows("deals", person="ben@northwind.example") == []
    assert len(await shop.rows("deals", person="ana@northwind.example")) == 1
    assert await shop.rows("deals", days=30) == []
    assert len(await shop.rows("tasks", days=1)) == 1
    told = await shop.show("deals", days=30)
    assert told == "There is nothing to show since Mon, 26 Oct 2026; --days looks further back.\n"


@pytest.mark.parametrize("what", list(What))
async def test_with_nothing_to_show_there_is_an_empty_array(
    database_url: str, capsys: pytest.CaptureFixture[str], what: What
) -> None:
    async with running_parts(database_url) as parts:
        await printed(parts, Options(what, as_json=True))
        assert json.loads(capsys.readouterr().out) == []
        await printed(parts, Options(what))
        assert capsys.readouterr().out.startswith("There is nothing to show")


@pytest.mark.parametrize("what", list(What))
async def test_every_instant_has_its_offset_and_every_name_is_in_lower_case(
    shop: Shop, what: What
) -> None:
    for row in await shop.rows(what, days=100):
        for name, value in row.items():
            assert name == name.lower()
            if name.endswith("_at") and value is not None:
                assert datetime.fromisoformat(value).utcoffset() == timedelta(), (name, value)


@pytest.mark.parametrize("what", list(What))
async def test_every_cell_stands_below_its_heading(shop: Shop, what: What) -> None:
    listing = LISTINGS[what]
    async with shop.parts.database.read() as tx:
        items = await listing.page(tx, Wish(WORKSPACE, BEGINNING), None, 10)
    assert all(len(listing.cells(each, Names())) == len(listing.columns) for each in items)


async def test_more_than_the_limit_is_said_beside_the_output_and_not_in_it(shop: Shop) -> None:
    rows = await shop.rows("activities", limit=2)
    assert [row["verb"] for row in rows] == ["deal_owner_changed", "call_logged"]
    assert shop.err == "2 shown, and more are left; --limit 20 shows more.\n"
    await shop.rows("activities", limit=3)
    assert shop.err == ""


async def test_pages_make_one_answer_of_as_many_rows_as_asked_for(shop: Shop) -> None:
    rows = [shop.happened(f"n{n}", Verb.EMAIL_LOGGED, n / 10) for n in range(20)]
    async with shop.parts.database.write() as tx:
        await activities.record(tx, WORKSPACE, rows)
    async with shop.parts.database.read() as tx:
        wish = Wish(WORKSPACE, BEGINNING, since=BEGINNING - 30 * DAY)
        for limit, expected, more in ((50, 23, False), (23, 23, False), (22, 22, True)):
            reading = Reading(tx, wish, LISTINGS[What.ACTIVITIES], limit, page=4)
            seen = [item async for items, _ in reading.pages() for item in items]
            assert (len(seen), reading.rows, reading.more) == (expected, expected, more)
            assert len({item.dedupe_key for item in seen}) == expected


@pytest.mark.parametrize("what", list(What))
async def test_no_query_is_made_for_a_single_row(shop: Shop, what: What) -> None:
    async def statements() -> int:
        seen: list[str] = []

        def note(_: object, __: object, sql: str, *___: object) -> None:
            seen.append(sql)

        engine = shop.parts.database.engine.sync_engine
        event.listen(engine, "before_cursor_execute", note)
        await shop.show(what)
        event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    few = await statements()
    kept: list[Deal | Contact | Task] = []
    for n in range(40):
        about = {"person_id": shop.ana.id, "created_at": BEGINNING}
        kept.append(Deal(CONNECTION, f"D{n}", contact_id=f"C{n}", **about))  # type: ignore[arg-type]
        kept.append(Contact(CONNECTION, f"C{n}", **about))  # type: ignore[arg-type]
        kept.append(Task(CONNECTION, f"T{n}", deal_id=f"D{n}", **about))  # type: ignore[arg-type]
    rows = [
        replace(shop.happened(f"m{n}", Verb.TASK_CREATED, 0), task_id=f"T{n}") for n in range(40)
    ]
    async with shop.parts.database.write() as tx:
        await mirror.save(tx, WORKSPACE, kept)
        await activities.record(tx, WORKSPACE, rows)
    # Another kind of thing may be among them, and so one more query.
    assert await statements() <= few + 1


async def test_what_a_crm_calls_a_thing_cannot_move_the_terminals_cursor(shop: Shop) -> None:
    hostile = Deal(CONNECTION, "D-9", title="a\x1b[2J\x9b2Jb\u202ec\nd", person_id=shop.ana.id)
    async with shop.parts.database.write() as tx:
        await mirror.save(tx, WORKSPACE, [hostile])
    for told in (await shop.show("deals"), await shop.show("deals", as_json=True)):
        assert not {"\x1b", "\x9b", "\u202e"} & set(told)
    assert [row["title"] for row in await shop.rows("deals")][-1] == hostile.title
    assert harmless("Zoë · 東京") == "Zoë · 東京"


# What was said


@pytest.fixture
async def advised(database_url: str, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Shop]:
    """Ana, who has started, has won a deal; so has Ben, who was never asked."""
    async with running_parts(database_url) as parts:
        made = Shop(parts, capsys)
        made.ana = await enrol(parts, ANA)
        made.ben = await enrol(parts, BEN, Enrolment.NEW)
        await deliver(parts, won("D-1", title="Acme renewal"))
        await deliver(parts, won("D-2", title="Demir fleet", owner="ben@northwind.example"))
        yield made


async def test_an_insight_is_told_with_what_it_is_about_and_why_it_is_or_is_not_said(
    advised: Shop,
) -> None:
    (row,) = await advised.rows("insights", person="ana@northwind.example")
    assert len(row.pop("id")) == 32
    assert row.pop("message").startswith("Great close!")
    assert row.pop("reason")
    assert row == {
        "created_at": "2026-11-25T10:00:00+00:00",
        "person": "Ana Ruiz",
        "person_email": "ana@northwind.example",
        "rule": "referral_ask",
        "type": "action",
        "priority": "high",
        "about": [
            {"kind": "contact", "connection_id": "native", "id": "C-D-1", "name": "Ann Lee"},
            {"kind": "deal", "connection_id": "native", "id": "D-1", "name": "Acme renewal"},
        ],
        "action": "create_task",
        "state": "open",
        "verdict": "now",
        "verdict_reason": "turn",
        "verdict_until": None,
        "expires_at": "2026-11-28T10:00:00+00:00",
        "seen_at": None,
        "decided_at": None,
        "outcome": None,
    }
    (bens,) = await advised.rows("insights", person="ben@northwind.example")
    assert (bens["verdict"], bens["verdict_reason"]) == ("hold", "consent")
    assert "You have not started the coach yet." in await advised.show("insights")


async def test_a_decided_insight_tells_what_was_done_instead_of_why_it_was_said(
    advised: Shop,
) -> None:
    (row,) = await advised.rows("insights", person="ana@northwind.example")
    task = {"title": "Ask Ann Lee", "due_date": "2026-11-27", "priority": "high"}
    await decisions.submit(advised.parts, by(ANA), row["id"], task)
    (after,) = await advised.rows("insights", person="ana@northwind.example")
    assert after["state"] == "taken"
    assert after["outcome"] == "Created the task “Ask Ann Lee” for Fri 27 Nov."
    assert after["outcome"] in await advised.show("insights")


async def test_what_became_of_what_was_said_is_counted_by_rule(advised: Shop) -> None:
    parts = advised.parts
    assert "0 told, 0 done" in await advised.show("insights", counts=True)
    assert await advised.rows("insights", counts=True) == []
    rows = await advised.rows("insights")
    async with parts.database.write() as tx:
        now = parts.clock.now()
        await sayings.said(tx, WORKSPACE, [each["id"] for each in rows], "card", now)
    (row,) = await advised.rows("insights", person="ana@northwind.example")
    await decisions.dismiss(parts, by(ANA), row["id"])
    await tuning.explain(parts, by(ANA), row["id"], Dismissed.WRONG_DATA)
    (mine,) = await advised.rows("insights", counts=True, person="ana@northwind.example")
    assert mine == {
        "rule": "referral_ask", "sent": 1, "done": 0, "dismissed": 1,
        "dismissed_as": {"wrong_data": 1}, "muted": 0, "resolved": 0, "expired": 0, "open": 0,
    }  # fmt: skip
    # Without a person everybody's together, so that nobody is compared.
    (all_,) = await advised.rows("insights", counts=True)
    assert (all_["sent"], all_["dismissed"], all_["open"]) == (2, 1, 1)
    told = await advised.show("insights", counts=True)
    assert "1 × wrong data" in told
    assert "In the last 30 days: 2 told, 0 done." in told
    assert isinstance(parts.clock, FixedClock)
    parts.clock.advance(timedelta(days=8))
    assert await advised.rows("insights", counts=True, days=7) == []


async def test_a_message_is_told_with_what_it_shows_and_what_became_of_it(advised: Shop) -> None:
    (row,) = await advised.rows("messages", person="ana@northwind.example")
    (insight,) = await advised.rows("insights", person="ana@northwind.example")
    assert row == {
        "id": f"card:{insight['id']}",
        "created_at": "2026-11-25T10:00:00+00:00",
        "kind": "card",
        "person": "Ana Ruiz",
        "person_email": "ana@northwind.example",
        "addressee": ANA,
        "state": "due",
        "sent_at": None,
        "channel": None,
        "ts": None,
        "attempts": 0,
        "error": None,
        "insights": [{"id": insight["id"], "message": insight["message"]}],
    }
    told = await advised.show("messages")
    assert "Great close!" in told
    assert "welcome" in told


@pytest.mark.parametrize("what", [What.INSIGHTS, What.MESSAGES])
async def test_pages_of_what_was_said_follow_each_other(advised: Shop, what: What) -> None:
    for n in range(9):
        # Some at one moment, and some later.
        advised.parts.clock.advance(timedelta(minutes=n % 3))  # type: ignore[attr-defined]
        await deliver(advised.parts, won(f"D-9{n}", owner="ben@northwind.example"))
        question = Message(WORKSPACE, f"question:{n}", "question", BEN, person_id=advised.ben.id)
        async with advised.parts.database.write() as tx:
            await messages.make(tx, [(question, [])], advised.parts.clock.now())
    async with advised.parts.database.read() as tx:
        listing, wish = LISTINGS[what], Wish(WORKSPACE, BEGINNING)
        every = await listing.page(tx, wish, None, 100)
        reading = Reading(tx, wish, listing, 100, page=2)
        seen = [item async for items, _ in reading.pages() for item in items]
    assert list(every) == seen
    assert len(seen) == 11
    names = Names()
    made = [listing.json(item, names)["created_at"] for item in seen]
    assert made == sorted(made, reverse=True)


# As a command


def test_an_address_nobody_has_is_said_and_fails(coach: Coach) -> None:
    ran = coach("show", "deals", "--person", "nobody@x.example")
    assert ran.code == 1
    assert ran.out == ""
    assert ran.err == (
        "Nobody here has the address “nobody@x.example”; `coach show people` lists everybody.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["deals", "--counts"], "is for `coach show activities` and `coach show insights` only"),
        (["tasks", "--task", "T-1"], "are for `coach show activities` only"),
        (["people", "--verb", "deal_closed"], "are for `coach show activities` only"),
        (["activities", "--deal", "D-1", "--task", "T-1"], "Name one thing"),
        (["everything"], "activities"),
        (["activities", "--verb", "eaten"], "deal_closed"),
        (["deals", "--days", "0"], "--days"),
        (["deals", "--limit", "0"], "--limit"),
    ],
)
def test_what_cannot_be_shown_so_is_said_and_fails(
    coach: Coach, arguments: list[str], told: str
) -> None:
    ran = coach("show", *arguments)
    assert ran.code != 0
    assert told in ran.err
    assert "Traceback" not in ran.err


def test_a_file_that_is_no_database_is_said_and_fails(coach: Coach, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "coach.db").write_bytes(b"no database at all, but long enough " * 99)
    ran = coach("show", "people")
    assert ran.code == 1
    assert "is not a SQLite database" in ran.err
    assert "Traceback" not in ran.err


def test_it_reads_while_another_process_writes(coach: Coach, tmp_path: Path) -> None:
    assert coach("connect", "native").code == 0

    async def meanwhile() -> int:
        database = Database(f"sqlite+aiosqlite:///{tmp_path / 'data' / 'coach.db'}")
        async with database.write():
            # A command makes a loop of its own.
            ran = await asyncio.to_thread(coach, "show", "deals", "--json")
        await database.close()
        assert (ran.out, ran.err) == ("[]\n", "")
        return ran.code

    assert asyncio.run(meanwhile()) == 0


README = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^\.venv/bin/coach (show .*)$", README, re.MULTILINE)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_readme_works(coach: Coach, tmp_path: Path, example: str) -> None:
    assert coach("connect", "native").code == 0

    async def ana() -> None:
        database = Database(f"sqlite+aiosqlite:///{tmp_path / 'data' / 'coach.db'}")
        async with database.write() as tx:
            row = {"id": "p1", "name": "Ana", "email": "ana@example.com"}
            await people.make(tx, WORKSPACE, [row], datetime.now(UTC))
        await database.close()

    asyncio.run(ana())
    command, _, jq = example.partition(" | ")
    ran = coach(*command.split())
    assert (ran.code, ran.err) == (0, "")
    # What a script picks from a row is a field of it.
    fields = re.search(rf"^\| `{command.split()[1]}` \| (.*) \|$", README, re.MULTILINE)
    assert fields is not None
    assert set(re.findall(r"\.(\w+)", jq)) <= set(re.findall(r"`(\w+)`", fields[1]))


def test_the_readme_shows_activities_things_and_people() -> None:
    assert {example.split()[1] for example in EXAMPLES} >= {"activities", "deals", "people"}
