"""`coach import` from end to end: preview, summary, rejected rows, faults."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.bot.importing.test_run import pipeline
from tests.bot.terminal.conftest import Coach

ROOT = Path(__file__).parents[3]

DEALS = """Id,Name,Stage,Amount,Owner,Created,Close Date,Extra
D-1,Won one,Won,100,Ana,2026-01-05,2026-02-05,x
D-2,[bold]Open one[/bold],Proposal,200,Ben,2026-03-05,,
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "deals.csv"
    path.write_text(DEALS, encoding="utf-8")
    return path


def held(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "data" / "coach.db") as database:
        lines = [line for line in database.iterdump() if line.startswith("INSERT")]
    database.close()
    return lines


def test_a_dry_run_shows_the_rows_as_understood_and_changes_nothing(
    coach: Coach, file: Path, tmp_path: Path
) -> None:
    file.write_text(DEALS + "D-3,Bad,Open,lots,,,,\nD-4,Worse,Open,many,,,,\n", encoding="utf-8")
    ran = coach("import", "deals", str(file), "--dry-run")
    assert ran.code == 0
    assert "value ← Amount" in ran.out
    assert "kept by their own names: Extra" in ran.out
    assert "[bold]Open one[/bold]" in ran.out
    assert "2026-03-05" in ran.out
    assert "4 rows: 2 would be imported, 2 skipped. Nothing was changed." in ran.out
    assert "2 × is not an amount (line 4: “lots” is not an amount)" in ran.out
    assert not (tmp_path / "data").exists()
    assert not (tmp_path / "deals.csv.rejected.csv").exists()


def test_the_totals_are_told_before_and_after(coach: Coach, file: Path) -> None:
    file.write_text(
        DEALS + "D-3,Lost one,Lost,,ana@x.example,,2026-02-06,\nD-4,Nobody's,Demo,1,,,,\n",
        encoding="utf-8",
    )
    for options in (["--dry-run"], []):
        ran = coach("import", "deals", str(file), "--as-of", "2026-03-06", *options)
        lines = ran.out.splitlines()
        assert "  deals: 2 open, 1 won, 1 lost" in lines
        assert "  owners: 3, 2 of them without an address; 1 row without an owner" in lines
        assert "  stage ages of open deals: 2 of 2 unknown" in lines
        assert any("--map stage_entered_at=COLUMN" in line for line in lines)


def test_deleted_deals_and_known_ages_are_told(coach: Coach, tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    path.write_text(
        "Id,Name,StageName,LastStageChangeDate,IsDeleted,Owner Email\n"
        "D-1,A,Demo,2026-11-02,false,ana@x.example\nD-2,B,Demo,,true,ana@x.example\n",
        encoding="utf-8",
    )
    ran = coach("import", "deals", str(path), "--dry-run", "--as-of", "2026-11-20")
    assert "  deals: 1 open, 0 won, 0 lost, 1 deleted" in ran.out
    assert "  owners: 1\n" in ran.out
    assert "  stage ages of open deals: all known" in ran.out
    assert "--map stage_entered_at" not in ran.out


def test_amounts_of_both_forms_in_one_file_are_read_and_only_an_open_one_is_rejected(
    coach: Coach, tmp_path: Path
) -> None:
    path = tmp_path / "deals.csv"
    path.write_text(
        "Id,Name,Stage,Amount,Owner Email\n"
        'D-1,A,Demo,"$48,000.50",ana@x.example\n'
        'D-2,B,Demo,"€12.500,00",ana@x.example\n'
        "D-3,C,Demo,1.234,ana@x.example\n",
        encoding="utf-8",
    )
    ran = coach("import", "deals", str(path), "--as-of", "2026-11-20")
    told = " ".join(ran.out.split())
    assert "1 row rejected" in told
    assert "(line 4: “1.234” may be thousands or decimals" in told
    rows = json.loads(coach("show", "deals", "--json").out)
    assert {row["id"]: (row["value"], row["currency"]) for row in rows} == {
        "D-1": ("48000.50", None),
        "D-2": ("12500.00", "EUR"),
    }
    coach("import", "deals", str(path), "--as-of", "2026-11-20", "--decimal", "comma")
    rows = json.loads(coach("show", "deals", "--json").out)
    assert {row["id"]: row["value"] for row in rows}["D-3"].startswith("1234")


PEOPLE = "Name,Email,Lifecycle Stage,Owner\n" + "".join(
    f"P {number},p{number}@x.example,{('Subscriber', 'Customer')[number % 2]},Ana\n"
    for number in range(7)
)


def test_contacts_none_of_whom_is_a_lead_are_a_warning_with_a_way_out(
    coach: Coach, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE, encoding="utf-8")
    for options in (["--dry-run"], []):
        ran = coach("import", "contacts", str(path), *options)
        assert "  contacts: 0 of 7 are leads" in ran.out
        assert "“Lifecycle Stage” says “Subscriber” (4), “CUSTOMER” (3)." in ran.out
        assert "--set lead=yes" in ran.out
    ran = coach("import", "contacts", str(path), "--set", "lead=yes", "--dry-run")
    assert "  lead = yes, in every row" in ran.out
    assert "  contacts: 4 of 7 are leads" in ran.out
    assert "--set lead=yes" not in ran.out


def test_tasks_are_counted_and_nobodys_tasks_are_a_warning(coach: Coach, tmp_path: Path) -> None:
    path = tmp_path / "tasks.csv"
    path.write_text("Subject,Status\nCall,Done\nWrite,Open\n", encoding="utf-8")
    ran = coach("import", "tasks", str(path), "--dry-run")
    assert "  tasks: 1 pending, 1 completed" in ran.out
    assert "No row says whose it is" in ran.out
    ran = coach("import", "tasks", str(path), "--set", "owner=ana@x.example", "--dry-run")
    assert "  owners: 1\n" in ran.out
    assert "No row says whose it is" not in ran.out


def test_owners_nobody_can_find_in_slack_are_told_and_how_to_tie_them(
    coach: Coach, file: Path
) -> None:
    ran = coach("import", "deals", str(file))
    assert "2 of 2 owners cannot be found in Slack" in ran.out
    assert "coach owners link native/name:ana NAME@example.com" in ran.out
    assert coach("owners", "link", "native/name:ana", "ana@x.example").code == 0
    assert coach("owners", "link", "native/name:ben", "ben@x.example").code == 0
    assert "cannot be found" not in coach("import", "deals", str(file)).out


def test_what_a_file_calls_things_cannot_move_the_terminals_cursor(
    coach: Coach, tmp_path: Path
) -> None:
    file = tmp_path / "hostile.csv"
    head = "Deal ID,Deal Name,Deal Stage,Amount,No\x1b[2Jthing\n"
    file.write_text(
        head + "D-1,a\x1b[2Jb\u202ec,Open,1,x\nD-2,n,Open,l\x1b[2Jots,x\n", encoding="utf-8"
    )
    ran = coach("import", "deals", str(file), "--dry-run")
    assert "a [2Jb c" in ran.out
    assert "line 3" in ran.out
    assert not {"\x1b", "\u202e"} & set(ran.out + ran.err)


def test_an_import_counts_what_it_did_and_a_second_one_changes_nothing(
    coach: Coach, file: Path, tmp_path: Path
) -> None:
    first = coach("import", "deals", str(file))
    assert first.code == 0, first.err
    assert "2 deals of 2 owners" in first.out
    assert "2 new, 0 changed, 0 as they were" in first.out
    before = held(tmp_path)
    second = coach("import", "deals", str(file))
    assert "0 new, 0 changed, 2 as they were" in second.out
    assert held(tmp_path) == before


def test_bad_rows_are_told_and_kept_and_gone_after_a_good_import(
    coach: Coach, file: Path, tmp_path: Path
) -> None:
    file.write_text(DEALS + "D-3,Bad,Open,lots,,,,\n", encoding="utf-8")
    ran = coach("import", "deals", str(file))
    rejected = tmp_path / "deals.csv.rejected.csv"
    assert ran.code == 0
    assert f"1 row rejected, with reasons, in {rejected}" in ran.out
    assert "“lots” is not an amount" in rejected.read_text(encoding="utf-8-sig")
    file.write_text(DEALS, encoding="utf-8")
    assert coach("import", "deals", str(file)).code == 0
    assert not rejected.exists()


def test_a_file_without_one_good_row_is_a_failure(coach: Coach, file: Path) -> None:
    file.write_text("Id,Name,Amount\nD-1,A,lots\n", encoding="utf-8")
    ran = coach("import", "deals", str(file))
    assert ran.code == 1
    assert "No row of" in ran.err


def test_the_file_tells_of_the_time_it_was_last_changed_or_of_the_day_given(
    coach: Coach, tmp_path: Path
) -> None:
    path = tmp_path / "deals.csv"
    path.write_text("Id,Name,Stage\nD-1,A,Open\n", encoding="utf-8")
    changed = datetime(2026, 3, 4, 10, tzinfo=UTC)
    os.utime(path, (changed.timestamp(), changed.timestamp()))
    assert coach("import", "deals", str(path)).code == 0
    assert coach("import", "deals", str(path), "--connection", "native").code == 0
    with sqlite3.connect(tmp_path / "data" / "coach.db") as database:
        (seen_at,) = database.execute("SELECT stage_seen_at FROM deals").fetchone()
    database.close()
    assert seen_at == int(changed.timestamp() * 1_000_000)
    path.write_text("Id,Name,Stage\nD-2,B,Open\n", encoding="utf-8")
    assert coach("import", "deals", str(path), "--as-of", "2017-12-31").code == 0
    with sqlite3.connect(tmp_path / "data" / "coach.db") as database:
        (seen_at,) = database.execute("SELECT stage_seen_at FROM deals WHERE id = 'D-2'").fetchone()
    database.close()
    end = datetime(2017, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert seen_at == int(end.timestamp() * 1_000_000)


def test_a_pipeline_with_gaps_and_american_dates_is_taken_whole(
    coach: Coach, tmp_path: Path
) -> None:
    path = tmp_path / "pipeline.csv"
    path.write_text(pipeline(300), encoding="utf-8")
    ran = coach("import", "deals", str(path), "--as-of", "2017-12-31")
    assert ran.code == 0, ran.err
    assert "300 deals of 30 owners" in ran.out
    assert "rejected" not in ran.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["no-such.csv"], "no-such.csv does not exist"),
        (["."], "is a folder"),
        (["deals.csv", "--map", "colour=Name"], "deals have no field “colour”"),
        (["deals.csv", "--date-format", "odd"], "--date-format odd is unknown"),
        (["deals.csv", "--decimal", "odd"], "--decimal odd is unknown"),
        (["deals.csv", "--as-of", "someday"], "--as-of someday is not a date"),
        (["deals.csv", "--connection", "sales"], "There is no connection “sales”"),
    ],
)
def test_what_cannot_be_imported_is_one_sentence(
    coach: Coach, file: Path, arguments: list[str], sentence: str
) -> None:
    ran = coach("import", "deals", *arguments)
    assert ran.code == 1
    assert sentence in ran.err
    assert len(ran.err.strip().splitlines()) == 1


def test_a_date_format_that_does_not_fit_imports_nothing(coach: Coach, tmp_path: Path) -> None:
    path = tmp_path / "pipeline.csv"
    path.write_text(pipeline(300), encoding="utf-8")
    ran = coach("import", "deals", str(path), "--date-format", "day-first")
    assert ran.code == 1
    assert "--date-format month-first fits every date of the file" in ran.err
    assert not (tmp_path / "data").exists()


OLD = """opportunity_id,sales_agent,product,deal_stage,engage_date,close_date,close_value
D-1,Ana,GTX Pro,Engaging,10/20/2017,,
D-2,Ana,GTX Pro,Won,10/20/2017,12/30/2017,500
"""

ENGAGED = int(datetime(2017, 10, 20, 12, tzinfo=UTC).timestamp()) * 1_000_000


def stage_ages(folder: Path) -> list[tuple[object, object]]:
    with sqlite3.connect(folder / "data" / "coach.db") as database:
        rows = database.execute(
            "SELECT stage_entered_at, stage_seen_at FROM deals WHERE id = 'D-1'"
        ).fetchall()
    database.close()
    return rows


def test_an_old_file_tells_of_its_newest_date_and_of_no_age_since(
    coach: Coach, tmp_path: Path
) -> None:
    path = tmp_path / "deals.csv"
    path.write_text(OLD, encoding="utf-8")
    sentence = "The newest date in the file is Sat, 30 Dec 2017: it is taken to tell of that day"
    assert sentence in coach("import", "deals", str(path), "--dry-run").out
    began = datetime.now(UTC)
    ran = coach("import", "deals", str(path))
    assert sentence in ran.out
    assert "--as-of 2017-12-30" in ran.out
    assert "stage ages" not in ran.out
    ((entered, seen_at),) = stage_ages(tmp_path)
    assert entered is None
    assert isinstance(seen_at, int)
    assert seen_at >= began.timestamp() * 1_000_000
    before = held(tmp_path)
    assert "2 as they were" in coach("import", "deals", str(path)).out
    assert held(tmp_path) == before


def test_an_old_file_whose_day_is_told_tells_its_ages(coach: Coach, tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    path.write_text(OLD, encoding="utf-8")
    ran = coach("import", "deals", str(path), "--as-of", "2017-12-31")
    assert "newest date" not in ran.out
    assert stage_ages(tmp_path) == [(ENGAGED, None)]


def test_somebody_at_a_terminal_is_asked_which_day_an_old_file_tells_of(
    coach: Coach, tmp_path: Path
) -> None:
    import pty

    path = tmp_path / "deals.csv"
    path.write_text(OLD, encoding="utf-8")
    screen, side = pty.openpty()
    command = [sys.executable, "-c", "from bot.terminal.cli import main; main()", "import", "deals"]
    process = subprocess.Popen(
        [*command, str(path)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "80"},
        stdin=side,
        stdout=side,
        stderr=side,
    )
    os.close(side)
    os.write(screen, b"2017-12-31\n")
    shown = b""
    # Linux ends a terminal that nobody holds open by an error.
    with contextlib.suppress(OSError):
        while piece := os.read(screen, 65536):
            shown += piece
    os.close(screen)
    assert process.wait(60) == 0
    assert b"Which day does it tell of? [2017-12-30]" in shown
    assert stage_ages(tmp_path) == [(ENGAGED, None)]


def test_with_several_connections_the_file_must_say_whose_it_is(coach: Coach, file: Path) -> None:
    coach("connect", "native")
    coach("connect", "native", "--id", "sales")
    ran = coach("import", "deals", str(file))
    assert ran.code == 1
    assert "--connection native or sales" in ran.err
    assert coach("import", "deals", str(file), "--connection", "sales").code == 0


def test_a_connection_that_is_not_there_is_told_by_a_dry_run_too(coach: Coach, file: Path) -> None:
    ran = coach("import", "deals", str(file), "--dry-run", "--connection", "sales")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("There is no connection “sales” (there is: none); make it with")
    coach("connect", "native", "--id", "sales")
    assert coach("import", "deals", str(file), "--dry-run", "--connection", "sales").code == 0


def test_an_unreadable_file_is_one_sentence(coach: Coach, file: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("Root may read everything.")
    file.chmod(0)
    assert "change its permissions" in coach("import", "deals", str(file)).err


def test_it_works_on_each_database(
    coach: Coach, monkeypatch: pytest.MonkeyPatch, file: Path, database_url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert "2 new" in coach("import", "deals", str(file)).out
    assert "2 as they were" in coach("import", "deals", str(file)).out


def test_two_imports_at_once_on_one_file_do_not_fail_each_other(
    coach: Coach, tmp_path: Path
) -> None:
    """As `coach serve` and `coach import` do every day: two processes, one SQLite file."""
    coach("connect", "native")
    path = tmp_path / "pipeline.csv"
    path.write_text(pipeline(2500), encoding="utf-8")
    command = [sys.executable, "-c", "from bot.terminal.cli import main; main()", "import", "deals"]
    both = [
        subprocess.Popen(
            [*command, str(path), "--as-of", "2018-04-01"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    told = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    with sqlite3.connect(tmp_path / "data" / "coach.db") as database:
        ((deals,),) = database.execute("SELECT count(*) FROM deals").fetchall()
        ((owners,),) = database.execute("SELECT count(*) FROM people").fetchall()
    database.close()
    assert (deals, owners) == (2500, 30)


def test_a_terminal_is_shown_the_progress(coach: Coach, tmp_path: Path) -> None:
    import pty

    path = tmp_path / "pipeline.csv"
    path.write_text(pipeline(1500), encoding="utf-8")
    screen, side = pty.openpty()
    command = [sys.executable, "-c", "from bot.terminal.cli import main; main()", "import", "deals"]
    process = subprocess.Popen(
        [*command, str(path), "--as-of", "2018-04-01"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "80"},
        stdin=side,
        stdout=side,
        stderr=side,
    )
    os.close(side)
    shown = b""
    # Linux ends a terminal that nobody holds open by an error.
    with contextlib.suppress(OSError):
        while piece := os.read(screen, 65536):
            shown += piece
    os.close(screen)
    assert process.wait(60) == 0
    assert b"Importing deals" in shown
    assert b"1500/1500" in shown or b"1000/1500" in shown
