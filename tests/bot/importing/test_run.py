"""An import in a real database: true history, nothing twice, later exports bring it up to date."""

import csv
import io
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.coaching.recording import apply
from bot.importing import run
from bot.importing.things import Thing
from coach.events import Change, Event
from coach.mirror import Visit
from coach.models import Deal, DealStatus, SubjectKind, Task, TaskStatus, Verb
from storage import activities, mirror, visits
from storage.tables import insights, messages, people
from storage.workspaces import DEFAULT
from tests.bot.importing.conftest import AS_OF, NOW, Desk


async def deal(desk: Desk, id: str) -> Deal:
    async with desk.parts.database.read() as tx:
        found = (await mirror.load(tx, SubjectKind.DEAL, DEFAULT, "native", [id]))[id]
    assert isinstance(found, Deal)
    return found


async def task(desk: Desk, id: str) -> Task:
    async with desk.parts.database.read() as tx:
        found = (await mirror.load(tx, SubjectKind.TASK, DEFAULT, "native", [id]))[id]
    assert isinstance(found, Task)
    return found


async def way_of(desk: Desk, id: str) -> list[Visit]:
    async with desk.parts.database.read() as tx:
        return (await visits.load(tx, DEFAULT, "native", [id])).get(id, [])


async def happened(desk: Desk) -> list[tuple[str, datetime]]:
    async with desk.parts.database.read() as tx:
        rows = await activities.recent(tx, DEFAULT)
    return sorted((row.verb.value, row.occurred_at) for row in rows)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(hour=12, tzinfo=UTC)


DEALS = """Id,Name,Stage,Amount,Owner,Created,Close Date
D-1,Won one,Won,100,Ana,2026-01-05,2026-02-05
D-2,Open one,Proposal,200,Ben,2026-03-05,
D-3,Undated,Prospecting,,Ben,,
"""


async def test_each_stage_has_the_time_it_was_entered(desk: Desk) -> None:
    result = await desk.take(Thing.DEALS, DEALS)
    assert (result.new, result.changed, result.unchanged) == (3, 0, 0)
    assert await way_of(desk, "D-1") == [Visit("Won", day("2026-02-05"))]
    # When these came to their stages the file does not say.
    assert await way_of(desk, "D-2") == [Visit("Proposal", AS_OF, came=False)]
    assert await way_of(desk, "D-3") == [Visit("Prospecting", AS_OF, came=False)]
    for id in ("D-2", "D-3"):
        known = await deal(desk, id)
        assert (known.stage_entered_at, known.stage_seen_at) == (None, AS_OF)


async def test_a_closed_deal_has_its_dates_value_and_status(desk: Desk) -> None:
    await desk.take(Thing.DEALS, DEALS)
    won = await deal(desk, "D-1")
    assert won.status is DealStatus.WON
    assert won.value == Decimal(100)
    assert (won.created_at, won.closed_at) == (day("2026-01-05"), day("2026-02-05"))


async def test_activities_happened_when_the_file_says(desk: Desk) -> None:
    await desk.take(Thing.DEALS, DEALS)
    assert await happened(desk) == [
        ("deal_closed", day("2026-02-05")),
        ("deal_created", day("2026-01-05")),
        ("deal_created", day("2026-03-05")),
        # Nobody knows when it was created.
        ("deal_updated", AS_OF),
    ]


async def test_a_closed_deal_without_dates_closed_when_the_file_was_written(desk: Desk) -> None:
    await desk.take(Thing.DEALS, "Id,Name,Stage\nD-1,A,Lost\n")
    lost = await deal(desk, "D-1")
    assert (lost.created_at, lost.closed_at, lost.status) == (None, AS_OF, DealStatus.LOST)
    assert await happened(desk) == [("deal_closed", AS_OF)]


async def test_a_close_in_the_future_is_taken_as_of_the_file(desk: Desk) -> None:
    await desk.take(Thing.DEALS, "Id,Name,Stage,Close Date\nD-1,A,Won,2027-05-01\n")
    assert (await deal(desk, "D-1")).closed_at == AS_OF


async def test_importing_twice_changes_nothing(desk: Desk) -> None:
    await desk.take(Thing.DEALS, DEALS)
    before = await desk.dump()
    result = await desk.take(Thing.DEALS, DEALS)
    assert await desk.dump() == before
    assert (result.new, result.changed, result.unchanged) == (0, 0, 3)


async def test_the_same_rows_in_a_file_of_a_later_date_change_nothing(desk: Desk) -> None:
    await desk.take(Thing.DEALS, DEALS)
    before = await desk.dump()
    await desk.take(Thing.DEALS, DEALS, as_of=NOW)
    assert await desk.dump() == before


async def test_a_later_export_moves_what_has_moved(desk: Desk) -> None:
    await desk.take(Thing.DEALS, DEALS)
    later = DEALS.replace("Open one,Proposal,200,Ben", "Open one,Negotiation,250,Ana")
    result = await desk.take(Thing.DEALS, later, as_of=NOW)
    assert (result.new, result.changed, result.unchanged) == (0, 1, 2)
    moved = await deal(desk, "D-2")
    assert (moved.stage, moved.value) == ("Negotiation", Decimal(250))
    assert moved.person_id == (await deal(desk, "D-1")).person_id
    assert await way_of(desk, "D-2") == [
        Visit("Proposal", AS_OF, NOW, came=False),
        Visit("Negotiation", NOW, came=False),
    ]


async def test_what_the_crm_has_deleted_is_deleted_here_until_it_is_back(desk: Desk) -> None:
    header, row = "Id,Name,Stage,Created,Close Date,IsDeleted\n", "A,Won,2026-01-05,2026-02-05,true"
    await desk.take(Thing.DEALS, f"{header}D-1,{row}\nD-2,B,Proposal,,,1\n")
    assert [(await deal(desk, id)).deleted for id in ("D-1", "D-2")] == [True, True]
    before = await desk.dump()
    await desk.take(Thing.DEALS, f"{header}D-1,{row}\nD-2,B,Proposal,,,1\n")
    assert await desk.dump() == before
    await desk.take(Thing.DEALS, f"{header}D-1,{row}\nD-2,B,Demo,,,0\n", as_of=NOW)
    assert [(await deal(desk, id)).deleted for id in ("D-1", "D-2")] == [True, False]
    await desk.take(Thing.DEALS, f"{header}D-2,B,Demo,,,1\n", as_of=NOW)
    assert (await deal(desk, "D-2")).deleted
    assert "deal_deleted" in [verb for verb, _ in await happened(desk)]


async def test_a_later_export_closes_a_deal_on_its_own_day(desk: Desk) -> None:
    await desk.take(Thing.DEALS, DEALS)
    later = DEALS.replace("Proposal,200,Ben,2026-03-05,", "Won,200,Ben,2026-03-05,2026-11-21")
    await desk.take(Thing.DEALS, later, as_of=NOW)
    assert (await deal(desk, "D-2")).closed_at == day("2026-11-21")
    assert ("deal_closed", day("2026-11-21")) in await happened(desk)


async def test_a_second_reading_of_the_same_file_can_correct_the_first(desk: Desk) -> None:
    text = "Id,Name,Net,Gross\nD-1,A,100,119\n"
    await desk.take(Thing.DEALS, text, told=("value=Net",))
    await desk.take(Thing.DEALS, text, told=("value=Gross",))
    assert (await deal(desk, "D-1")).value == Decimal(119)


async def test_what_a_webhook_told_since_is_not_overwritten(desk: Desk) -> None:
    async def told(at: datetime) -> None:
        change = Change(SubjectKind.DEAL, "D-2", at, {"stage": "Signed", "value": Decimal(999)})
        event = Event(f"hook {at}", Verb.DEAL_STAGE_CHANGED, at, (change,))
        async with desk.parts.database.write() as tx:
            await apply(desk.parts, tx, DEFAULT, "native", [event])

    await told(AS_OF + timedelta(hours=1))
    await desk.take(Thing.DEALS, DEALS)
    known = await deal(desk, "D-2")
    assert (known.stage, known.value) == ("Signed", Decimal(999))
    # What the webhook did not tell comes from the file.
    assert (known.title, known.created_at) == ("Open one", day("2026-03-05"))


async def test_an_older_webhook_is_overruled_by_a_later_file(desk: Desk) -> None:
    change = Change(SubjectKind.DEAL, "D-2", AS_OF - timedelta(days=3), {"stage": "Demo"})
    event = Event("hook", Verb.DEAL_STAGE_CHANGED, change.at, (change,))
    async with desk.parts.database.write() as tx:
        await apply(desk.parts, tx, DEFAULT, "native", [event])
    await desk.take(Thing.DEALS, DEALS)
    assert (await deal(desk, "D-2")).stage == "Proposal"


async def test_contacts_and_tasks_are_taken_over_too(desk: Desk) -> None:
    await desk.take(
        Thing.CONTACTS,
        "Id,Name,Status,Owner,Created,Last contacted\nC-1,Ann,Lead,Ana,2026-01-05,2026-02-05\n",
    )
    await desk.take(
        Thing.TASKS,
        "Id,Subject,Status,Due date,Owner,Created,Completed date\n"
        "T-1,Call,Done,2026-01-10,Ana,2026-01-05,2026-01-09\n"
        "T-2,Write,Open,2026-12-10,Ana,2026-01-05,\n",
    )
    async with desk.parts.database.read() as tx:
        ann = (await mirror.load(tx, SubjectKind.CONTACT, DEFAULT, "native", ["C-1"]))["C-1"]
    assert getattr(ann, "silent_since", None) == day("2026-02-05")
    assert (await task(desk, "T-1")).completed_at == day("2026-01-09")
    assert (await task(desk, "T-2")).status is TaskStatus.PENDING
    assert await happened(desk) == [
        ("contact_created", day("2026-01-05")),
        ("task_completed", day("2026-01-09")),
        ("task_created", day("2026-01-05")),
        ("task_created", day("2026-01-05")),
    ]
    before = await desk.dump()
    await desk.take(Thing.TASKS, "Id,Subject,Status\nT-1,Call,Done\nT-2,Write,Open\n", as_of=NOW)
    assert await desk.dump() == before


async def test_a_later_export_completes_and_moves_tasks(desk: Desk) -> None:
    header = "Id,Subject,Status,Due date\n"
    await desk.take(Thing.TASKS, header + "T-1,Call,Open,2026-12-10\nT-2,Write,Open,2026-12-10\n")
    later = header + "T-1,Call,Done,2026-12-10\nT-2,Write,Open,2026-12-24\n"
    await desk.take(Thing.TASKS, later, as_of=NOW)
    assert (await task(desk, "T-1")).completed_at == NOW
    assert str((await task(desk, "T-2")).due_date) == "2026-12-24"
    verbs = [verb for verb, _ in await happened(desk)]
    assert verbs == ["task_completed", "task_rescheduled", "task_updated", "task_updated"]


async def test_an_import_says_nothing_to_anybody(desk: Desk) -> None:
    today = f"{NOW:%Y-%m-%d %H:%M}"
    await desk.take(
        Thing.DEALS,
        f"Id,Name,Stage,Owner,Created,Close Date\nD-1,A,Won,Ana,{today},{today}\n",
        as_of=NOW,
    )
    async with desk.parts.database.read() as tx:
        assert (await tx.execute(select(insights))).all() == []
        assert (await tx.execute(select(messages))).all() == []
        assert [row.enrolment for row in await tx.execute(select(people))] == ["new"]


def pipeline(rows: int) -> str:
    """A sales team's pipeline as a spreadsheet keeps it: gaps, odd dates, no titles."""
    chance = random.Random(7)
    sellers = [f"Seller {number}" for number in range(30)]
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(
        ["opportunity_id", "sales_agent", "product", "account", "deal_stage", "engage_date",
         "close_date", "close_value"]
    )  # fmt: skip
    for number in range(rows):
        stage = chance.choices(["Won", "Lost", "Engaging", "Prospecting"], weights=[48, 28, 18, 6])[
            0
        ]
        began = datetime(2016, 10, 20, tzinfo=UTC) + timedelta(days=chance.randrange(400))
        ended = began + timedelta(days=chance.randrange(1, 90))
        closed = stage in {"Won", "Lost"}
        writer.writerow(
            [
                f"{number:08X}",
                sellers[number % 30],
                chance.choice(["GTX Pro", "MG Special"]),
                "" if chance.random() < 0.16 else f"Account {chance.randrange(85)}",
                stage,
                "" if stage == "Prospecting" else f"{began.month}/{began.day}/{began.year}",
                f"{ended.month}/{ended.day}/{ended.year}" if closed else "",
                {"Won": str(chance.randrange(38, 30000)), "Lost": "0"}.get(stage, ""),
            ]
        )
    return written.getvalue()


async def test_a_whole_pipeline_is_taken_as_it_is_with_no_row_lost(desk: Desk) -> None:
    # More rows than one transaction takes.
    text = pipeline(run.BATCH + 500)
    result = await desk.take(Thing.DEALS, text, as_of=datetime(2018, 4, 1, tzinfo=UTC))
    assert result.new == run.BATCH + 500
    assert len(result.owners) == 30
    async with desk.parts.database.read() as tx:
        counts = await mirror.counts(tx, DEFAULT)
    assert counts[SubjectKind.DEAL] == run.BATCH + 500
    before: dict[str, Any] = await desk.dump()
    again = await desk.take(Thing.DEALS, text, as_of=datetime(2018, 4, 1, tzinfo=UTC))
    assert again.unchanged == run.BATCH + 500
    assert await desk.dump() == before


async def test_other_columns_are_brought_up_to_date_one_by_one_and_nothing_twice(
    desk: Desk,
) -> None:
    header = "Id,Name," + ",".join(f"Field {number}" for number in range(50))
    row = "D-1,A," + ",".join("" if number % 7 == 0 else f"v{number}" for number in range(50))
    await desk.take(Thing.DEALS, f"{header}\n{row}\n")
    before = await desk.dump()
    assert (await desk.take(Thing.DEALS, f"{header}\n{row}\n")).unchanged == 1
    assert await desk.dump() == before
    later = row.replace("v1,", "new,").replace("v2,", ",")
    result = await desk.take(Thing.DEALS, f"{header}\n{later}\n", as_of=AS_OF + timedelta(hours=1))
    assert result.changed == 1
    found = (await deal(desk, "D-1")).other
    assert (found["Field 1"], found.get("Field 2"), found["Field 3"]) == ("new", None, "v3")


def without_addresses(text: str) -> str:
    rows = list(csv.reader(io.StringIO(text)))
    place = rows[0].index("Owner Email")
    return "\n".join(",".join(row[:place] + row[place + 1 :]) for row in rows)


async def owner_of(desk: Desk, id: str) -> str | None:
    return (await deal(desk, id)).person_id


async def test_an_export_by_names_alone_leaves_every_deal_with_the_owner_the_address_told(
    desk: Desk,
) -> None:
    text = "Id,Name,Owner,Owner Email\n" + "".join(
        f"D-{number},Deal,Seller {number % 30},s{number % 30}@x.example\n" for number in range(90)
    )
    first = await desk.take(Thing.DEALS, text)
    assert len(first.owners) == 30
    before = await desk.dump()
    later = await desk.take(Thing.DEALS, without_addresses(text), as_of=AS_OF + timedelta(days=1))
    assert (later.changed, later.unchanged, later.owners) == (0, 90, first.owners)
    assert await desk.dump() == before


async def test_addresses_that_come_after_the_names_are_the_same_owners(desk: Desk) -> None:
    text = "Id,Name,Owner,Owner Email\nD-1,A,Ana Ruiz,ana@x.example\nD-2,B,Ben,ben@x.example\n"
    first = await desk.take(Thing.DEALS, without_addresses(text))
    later = await desk.take(Thing.DEALS, text, as_of=AS_OF + timedelta(days=1))
    assert (later.changed, later.owners) == (0, first.owners)


async def test_the_last_row_of_a_file_may_tell_that_two_bear_one_name(desk: Desk) -> None:
    more = "".join(f"M-{number},More,Bo,\n" for number in range(run.BATCH))
    text = (
        f"Id,Name,Owner,Owner Email\nD-1,A,Ana,\n{more}"
        "D-2,B,Ana,a@x.example\nD-3,C,Ana,b@x.example\n"
    )
    result = await desk.take(Thing.DEALS, text)
    assert len({await owner_of(desk, id) for id in ("D-1", "D-2", "D-3")}) == 3
    assert result.unsure == ["Ana"]
    # By the name alone nobody can be told, so each stays with whom they have.
    before = await desk.dump()
    later = await desk.take(Thing.DEALS, without_addresses(text), as_of=AS_OF + timedelta(days=1))
    assert (later.changed, later.unsure) == (0, ["Ana"])
    assert await desk.dump() == before


@pytest.mark.parametrize("bad", ["D-9,Bad,lots\n", "D-9,Bad,lots,surplus\n", "D-9\n,,,\n,,x\n"])
def test_rejected_rows_are_written_beside_the_file_with_their_reasons(
    tmp_path: Path, bad: str
) -> None:
    path = tmp_path / "deals.csv"
    path.write_text("Id,Name,Amount\nD-1,Good,1\n" + bad, encoding="utf-8")
    understood = run.understand(Thing.DEALS, path)
    target = run.write_rejected(path, understood)
    assert understood.rejected
    assert target == tmp_path / "deals.csv.rejected.csv"
    rows = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8-sig"))))
    assert [row["reason"] for row in rows] == [each.reason for each in understood.rejected]
    # Once everything is good, the file is gone.
    path.write_text("Id,Name,Amount\nD-1,Good,1\n", encoding="utf-8")
    assert run.write_rejected(path, run.understand(Thing.DEALS, path)) is None
    assert not target.exists()
