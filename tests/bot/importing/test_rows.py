"""What a row of each thing says."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from bot.importing.faults import FileError
from bot.importing.rows import Record
from bot.importing.run import Understood, reasons, understand
from bot.importing.things import Thing
from coach.events import Owner
from coach.models import DealStatus, TaskPriority, TaskStatus


def read(folder: Path, thing: Thing, *lines: str) -> Understood:
    path = folder / "export.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return understand(thing, path)


def one(folder: Path, thing: Thing, header: str, row: str) -> Record:
    understood = read(folder, thing, header, row)
    assert [each.reason for each in understood.rejected] == []
    return understood.records[0]


def test_a_deal_is_understood_whole(tmp_path: Path) -> None:
    record = one(
        tmp_path,
        Thing.DEALS,
        "Id,Name,Stage,Amount,Currency,Lead Source,Contact Id,Owner,Link,Created,Close Date",
        'D-1,Acme,Closed Won,"12,000.50",eur,Referral,C-9; C-10,Ana Ruiz,https://crm.example/1,'
        "2026-01-05,2026-02-07",
    )
    assert record.id == "D-1"
    assert record.facts == {
        "title": "Acme",
        "value": Decimal("12000.50"),
        "currency": "EUR",
        "source": "Referral",
        "contact_id": "C-9",
        "url": "https://crm.example/1",
    }
    assert record.standing == {"stage": "Closed Won", "status": DealStatus.WON}
    assert record.owner == Owner(name="Ana Ruiz")
    assert record.created_at == datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert record.ended_at == datetime(2026, 2, 7, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "row", "status"),
    [
        ("Name,Stage", "A,Negotiation", DealStatus.OPEN),
        ("Name,Stage", "A,Closed Lost", DealStatus.LOST),
        ("Name,Stage,Status", "A,Negotiation,Won", DealStatus.WON),
        ("Name,Stage,Status", "A,Won back,Open", DealStatus.OPEN),
        ("Name,Status Label,Status Type", "A,Signed,won", DealStatus.WON),
        ("Name,Stage,IsClosed,IsWon", "A,Signed,true,true", DealStatus.WON),
        ("Name,Stage,IsClosed,IsWon", "A,Signed,true,false", DealStatus.LOST),
        ("Name,Stage,IsClosed,IsWon", "A,Signed,false,false", DealStatus.OPEN),
        # HubSpot's own questions, and Salesforce's.
        ("Name,Is Deal Closed?,Is Closed Won,Is closed lost", "A,true,true,false", DealStatus.WON),
        ("Name,Is Deal Closed?,Is Closed Won,Is closed lost", "A,true,false,true", DealStatus.LOST),
        ("Name,Is Closed Won,Is closed lost", "A,false,false", DealStatus.OPEN),
        ("Name,Stage,Is closed lost", "A,Signed,true", DealStatus.LOST),
        ("Name,Is Deal Closed?,Is closed lost", "A,true,false", DealStatus.WON),
        ("Name,Stage,Closed,Won", "A,Signed,1,0", DealStatus.LOST),
        ("Name,Stage,Is Deal Closed?", "A,Closed Lost,Yes", DealStatus.LOST),
        ("Name,Stage,Is Deal Closed?", "A,Won back,No", DealStatus.OPEN),
        ("Name,Stage,IsWon", "A,Signed,true", DealStatus.WON),
        ("Name,Date won,Date lost", "A,,2026-01-05", DealStatus.LOST),
        ("Name", "A", DealStatus.OPEN),
    ],
)
def test_a_deals_status_is_found_wherever_the_crm_tells_it(
    tmp_path: Path, header: str, row: str, status: DealStatus
) -> None:
    assert one(tmp_path, Thing.DEALS, header, row).standing["status"] is status


def test_a_closed_deal_that_was_neither_won_nor_lost_is_no_guess(tmp_path: Path) -> None:
    understood = read(tmp_path, Thing.DEALS, "Name,Stage,Is Deal Closed?", "A,Signed,true")
    (rejected,) = understood.rejected
    assert rejected.reason == "it is closed, and nothing says whether it was won or lost"


@pytest.mark.parametrize("thing", Thing)
def test_what_is_deleted_in_the_crm_is_told_so(tmp_path: Path, thing: Thing) -> None:
    lines = ("Id,Name,Subject,IsDeleted", "1,A,A,true", "2,B,B,false")
    gone, there = read(tmp_path, thing, *lines).records
    assert (gone.facts["deleted"], there.facts["deleted"]) == (True, False)


def test_the_day_a_deal_is_expected_to_close_is_not_its_end(tmp_path: Path) -> None:
    expected = date(2026, 10, 5)
    record = one(tmp_path, Thing.DEALS, "Name,Stage,Close Date", "A,Proposal,2026-10-05")
    assert (record.ended, record.ended_at) == (False, None)
    assert record.facts["expected_close_date"] == expected
    record = one(tmp_path, Thing.DEALS, "Name,Status,Expected close date", "A,Won,2026-10-05")
    assert (record.ended_at, record.facts["expected_close_date"]) == (None, expected)
    header = "Name,Status,Close Date,Closed Date"
    record = one(tmp_path, Thing.DEALS, header, "A,Won,2026-10-05,2026-10-02")
    assert record.ended_at == datetime(2026, 10, 2, 12, tzinfo=UTC)
    assert record.facts["expected_close_date"] == expected


AMERICAN = (
    "Id,Name,Status,Created,Close Date",
    "D-1,A,Open,3/4/2026,",
    "D-2,B,Won,3/4/2026,tbd",
    "D-3,C,Won,4/5/2026,1/13/2026",
    "D-4,D,Won,4/5/2026,2/28/2026",
)


@pytest.mark.parametrize("told", ["day-first", "%d/%m/%Y", "%Y-%m-%d"])
def test_a_date_format_that_does_not_fit_is_refused_with_the_line_that_shows_it(
    tmp_path: Path, told: str
) -> None:
    path = tmp_path / "deals.csv"
    path.write_text("\n".join(AMERICAN), encoding="utf-8")
    line = "Line 2 has “3/4/2026” in “Created”" if "Y-" in told else "Line 4 has “1/13/2026” in"
    with pytest.raises(FileError, match=line) as refused:
        understand(Thing.DEALS, path, date_format=told)
    assert f"--date-format {told} does not fit" in str(refused.value)
    assert "--date-format month-first fits every date" in str(refused.value)
    # What is no date in any way is the matter of its row alone.
    assert len(understand(Thing.DEALS, path, date_format="month-first").rejected) == 1


def test_dates_that_no_order_fits_are_to_be_corrected(tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    path.write_text("\n".join((*AMERICAN, "D-5,E,Won,4/5/2026,28/2/2026")), encoding="utf-8")
    with pytest.raises(FileError, match=r"1/13/2026.*correct the date"):
        understand(Thing.DEALS, path, date_format="day-first")
    with pytest.raises(FileError, match=r"Line 6 has “28/2/2026”.*correct the date"):
        understand(Thing.DEALS, path, date_format="month-first")


WINS = ("Name,Booked,Owner", "A,2026-10-05,Ben", "B,2026-10-06,")


def test_a_file_of_wins_needs_a_word_about_that(tmp_path: Path) -> None:
    path = tmp_path / "wins.csv"
    path.write_text("\n".join(WINS), encoding="utf-8")
    with pytest.raises(FileError, match=r"--set status=won"):
        understand(Thing.DEALS, path, told_columns=["closed_at=Booked"])
    told = ["status=won", "owner=ana@example.com"]
    records = understand(
        Thing.DEALS, path, told_columns=["closed_at=Booked"], told_constants=told
    ).records
    assert [each.standing for each in records] == [{"status": DealStatus.WON}] * 2
    assert [each.ended_at for each in records] == [
        datetime(2026, 10, day, 12, tzinfo=UTC) for day in (5, 6)
    ]
    assert {each.owner for each in records} == {Owner(email="ana@example.com")}


def test_a_file_of_leads_is_told_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    rows = "Name,Lifecycle Stage,Lead Status\nA,,\nB,Subscriber,\nC,Customer,\nD,,Unqualified\n"
    path.write_text(rows + "E,Lead,\n", encoding="utf-8")

    def statuses(*told: str) -> list[object]:
        records = understand(Thing.CONTACTS, path, told_constants=told).records
        return [each.facts["status"] for each in records]

    assert statuses() == [None, "Subscriber", "CUSTOMER", "Unqualified", "LEAD"]
    assert statuses("lead=yes") == ["LEAD", "LEAD", "CUSTOMER", "Unqualified", "LEAD"]
    assert statuses("lead=no") == [None, "Subscriber", "CUSTOMER", "Unqualified", "CONTACT"]


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ("status", r"--set status is not of the form FIELD=VALUE"),
        ("status=", r"--set status= is not of the form"),
        ("status=maybe", r"write won or lost or open"),
        ("title=Same", r"“title” cannot be the same in all rows; choose one of: stage, "),
        ("lead=yes", r"“lead” cannot be"),
    ],
)
def test_a_constant_that_says_nothing_is_refused(tmp_path: Path, told: str, sentence: str) -> None:
    path = tmp_path / "wins.csv"
    path.write_text("\n".join(WINS), encoding="utf-8")
    with pytest.raises(FileError, match=sentence):
        understand(Thing.DEALS, path, told_constants=[told])


def test_a_deal_without_title_is_called_by_its_account_and_product(tmp_path: Path) -> None:
    record = one(tmp_path, Thing.DEALS, "Account,Product,Stage", "Cancity,GTX Pro,Engaging")
    assert record.facts["title"] == "Cancity – GTX Pro"


def test_a_row_without_id_has_the_same_id_each_time_and_another_than_its_neighbours(
    tmp_path: Path,
) -> None:
    lines = ("Name,Stage,Created", "A,Open,2026-01-05", "B,Open,2026-01-05")
    first = [record.id for record in read(tmp_path, Thing.DEALS, *lines).records]
    moved = [lines[0], lines[2], lines[1].replace("Open", "Won")]
    second = [record.id for record in read(tmp_path, Thing.DEALS, *moved).records]
    assert first[0] != first[1]
    assert first == second[::-1]


def test_deals_of_one_title_and_day_are_told_apart_by_owner_and_amount(tmp_path: Path) -> None:
    lines = (
        "Name,Created,Owner,Amount",
        "Renewal,2026-01-05,Ana,100",
        "Renewal,2026-01-05,Ben,100",
        "Renewal,2026-01-05,Ana,200",
        "Upgrade,2026-01-05,Ana,100",
        "Renewal,2026-01-05,Ana,100",
    )
    understood = read(tmp_path, Thing.DEALS, *lines)
    first = [record.id for record in understood.records]
    assert len(set(first)) == 4
    (rejected,) = understood.rejected
    assert (rejected.row.line, rejected.reason) == (6, "it is the same deal as line 2")
    # Whatever order they come in, each has its own.
    again = read(tmp_path, Thing.DEALS, lines[0], *lines[4:0:-1])
    assert [record.id for record in again.records] == first[::-1]
    # A row that has no double is known by what does not change.
    alone = read(tmp_path, Thing.DEALS, lines[0], lines[4], lines[4].replace("Upgrade", "U"))
    assert alone.records[0].id == first[3]


def test_what_else_is_told_of_a_deal_is_kept(tmp_path: Path) -> None:
    record = one(
        tmp_path,
        Thing.DEALS,
        "Name,Account Name,Product,Pipeline,Expected close date,Probability,Lost reason,Region,Fax",
        "A,Acme,GTX,Renewals,2026-12-24,35%,Price,South,",
    )
    assert record.facts == {
        "title": "A",
        "account": "Acme",
        "product": "GTX",
        "pipeline": "Renewals",
        "expected_close_date": date(2026, 12, 24),
        "probability": Decimal("0.35"),
        "lost_reason": "Price",
        "other": {"Region": "South", "Fax": None},
    }
    contact = one(tmp_path, Thing.CONTACTS, "Name,Company", "Ann,Acme")
    assert contact.facts == {"name_given": "Ann", "company": "Acme"}


@pytest.mark.parametrize(
    ("cells", "chances"),
    [
        (["0.2", "1"], ["0.2", "1"]),
        (["20", "1"], ["0.2", "0.01"]),
        (["20 %", "1"], ["0.2", "1"]),
        (["0,5", "likely"], ["0.5", None]),
        (["120", "50"], [None, "0.5"]),
    ],
)
def test_probabilities_are_read_as_their_column_writes_them(
    tmp_path: Path, cells: list[str], chances: list[str | None]
) -> None:
    rows = [f'{number},A,"{text}"' for number, text in enumerate(cells)]
    understood = read(tmp_path, Thing.DEALS, "Id,Name,Probability", *rows)
    assert [record.facts["probability"] for record in understood.records] == [
        None if chance is None else Decimal(chance) for chance in chances
    ]


def test_the_close_date_of_an_open_deal_is_when_it_is_expected_to_close(tmp_path: Path) -> None:
    header = "Name,Stage,Close Date"
    open_ = one(tmp_path, Thing.DEALS, header, "A,Proposal,2026-12-24")
    assert (open_.facts["expected_close_date"], open_.ended) == (date(2026, 12, 24), False)
    won = one(tmp_path, Thing.DEALS, header, "A,Won,2026-12-24")
    assert "expected_close_date" not in won.facts
    assert won.ended_at == datetime(2026, 12, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cell", "owner"),
    [
        ("Ana Ruiz", Owner(name="Ana Ruiz")),
        ("Ana@Example.com", Owner("ana@example.com")),
        ("Ana Ruiz (ana@example.com)", Owner("ana@example.com", name="Ana Ruiz")),
        ("77", Owner(id="77")),
    ],
)
def test_an_owner_is_recognised_by_address_name_or_number(
    tmp_path: Path, cell: str, owner: Owner
) -> None:
    assert one(tmp_path, Thing.DEALS, "Name,Owner", f"A,{cell}").owner == owner


def test_an_owner_is_all_that_the_file_says_of_them(tmp_path: Path) -> None:
    record = one(
        tmp_path,
        Thing.DEALS,
        "Name,Owner,Owner Email,Owner ID",
        "A,Ana Ruiz,ana@example.com,77",
    )
    assert record.owner == Owner("ana@example.com", "77", "Ana Ruiz")


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "http://crm.example/1", "https://a|b", "https://a b"]
)
def test_a_link_that_is_no_plain_web_address_is_left_out(tmp_path: Path, url: str) -> None:
    assert one(tmp_path, Thing.DEALS, "Name;Link", f"A;{url}").facts["url"] is None


@pytest.mark.parametrize(
    ("header", "cell", "status"),
    [
        ("Lifecycle Stage", "Lead", "LEAD"),
        ("Lifecycle Stage", "Marketing Qualified Lead", "LEAD"),
        ("Status", "Prospect", "PROSPECT"),
        ("Type", "Customer", "CUSTOMER"),
        ("Status", "Partner", "Partner"),
        ("Lead Status", "Open - Not Contacted", "LEAD"),
        ("Lead Status", "Closed - Converted", "Closed - Converted"),
        ("Lead Status", "CUSTOMER", "CUSTOMER"),
        ("Lead Status", "Existing client", "Existing client"),
    ],
)
def test_a_contacts_status_says_whether_it_is_a_lead(
    tmp_path: Path, header: str, cell: str, status: str
) -> None:
    record = one(tmp_path, Thing.CONTACTS, f"Name,{header}", f"Ann,{cell}")
    assert record.facts["status"] == status


def test_a_contact_is_understood_whole(tmp_path: Path) -> None:
    record = one(
        tmp_path,
        Thing.CONTACTS,
        "First name,Last name,Email,Owner,Created,Last contacted,Source",
        "Ann,Lee,ann@acme.example,Ben,2026-01-05,2026-02-05 10:00,Web",
    )
    assert record.facts == {
        "name_given": "Ann Lee",
        "email": "ann@acme.example",
        "source": "Web",
        "last_contacted_at": datetime(2026, 2, 5, 10, tzinfo=UTC),
    }


@pytest.mark.parametrize(
    ("header", "row", "status"),
    [
        ("Subject,Status", "Call,Completed", TaskStatus.COMPLETED),
        ("Subject,Status", "Call,Not Started", TaskStatus.PENDING),
        ("Subject,Done", "Call,true", TaskStatus.COMPLETED),
        ("Subject,Completed date", "Call,2026-01-05", TaskStatus.COMPLETED),
        ("Subject,Completed date", "Call,", TaskStatus.PENDING),
    ],
)
def test_a_task_is_done_when_the_crm_says_so(
    tmp_path: Path, header: str, row: str, status: TaskStatus
) -> None:
    assert one(tmp_path, Thing.TASKS, header, row).standing == {"status": status}


def test_a_task_is_understood_whole(tmp_path: Path) -> None:
    record = one(
        tmp_path,
        Thing.TASKS,
        "Id,Task name,Due,Priority,Notes,Deal Id,Contact Id",
        "T-1,Call Ann,2026-11-25 09:00,Highest,Ask about the van,D-1,C-9",
    )
    assert record.facts == {
        "title": "Call Ann",
        "due_date": date(2026, 11, 25),
        "priority": TaskPriority.URGENT,
        "note": "Ask about the van",
        "contact_id": "C-9",
        "deal_id": "D-1",
    }


def test_what_a_file_has_no_column_for_is_not_told(tmp_path: Path) -> None:
    assert one(tmp_path, Thing.DEALS, "Id,Name", "D-1,A").facts == {"title": "A"}


def test_rows_that_cannot_be_used_say_why_and_the_rest_counts(tmp_path: Path) -> None:
    understood = read(
        tmp_path,
        Thing.DEALS,
        "Id,Name,Amount,Created",
        "D-1,Good,1,2026-01-05",
        "D-2,Bad amount,lots,2026-01-05",
        "D-3,Worse amount,plenty,2026-01-05",
        "D-4,Bad date,1,soon",
        "D-1,Again,1,2026-01-05",
        ",,1,2026-01-05",
        "D-5,Too long,1,2026-01-05,more",
        f"{'x' * 256},Long id,1,2026-01-05",
        "D-6,Short",
    )
    assert [record.id for record in understood.records] == ["D-1", "D-6"]
    assert [each.reason for each in understood.rejected] == [
        "“lots” is not an amount",
        "“plenty” is not an amount",
        "“soon” is not a date",
        "it is the same deal as line 2",
        "it has neither a title nor an id",
        "it has more cells than the header's 4",
        "the id is longer than 255 characters",
    ]
    assert reasons(understood.rejected)[0] == ("is not an amount", 2)


@pytest.mark.parametrize("nothing", ["-", "N/A", "null", "(No value)", " "])
def test_what_stands_for_nothing_is_nothing(tmp_path: Path, nothing: str) -> None:
    record = one(
        tmp_path, Thing.DEALS, "Name,Amount,Created,Owner", f"A,{nothing},{nothing},{nothing}"
    )
    assert (record.facts["value"], record.created_at, record.owner) == (None, None, None)


def test_a_file_whose_dates_are_ambiguous_is_refused_as_a_whole(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="--date-format"):
        read(tmp_path, Thing.DEALS, "Name,Created", "A,3/4/2017")
