"""`coach simulate` from end to end: an imported history, a table, JSON, and faults as sentences."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.bot.terminal.conftest import Coach

#: Two sellers in October 2026: one deal of Ana's stands still, two are won; Ben's is lost.
DEALS = """Id,Name,Stage,Amount,Owner,Owner Email,Created,Close Date,Last Stage Change Date
D-1,Acme,Proposal,900,Ana Ruiz,ana@x.example,2026-09-01,,2026-09-03
D-2,Lumen,Closed Won,300,Ana Ruiz,ana@x.example,2026-09-05,2026-10-06,2026-10-06
D-3,Obi,Closed Won,200,Ana Ruiz,ana@x.example,2026-09-07,2026-10-20,2026-10-20
D-4,Weber,Closed Lost,100,Ben Okafor,,2026-09-09,2026-10-08,2026-10-08
"""


@pytest.fixture
def imported(coach: Coach, tmp_path: Path) -> Path:
    path = tmp_path / "deals.csv"
    path.write_text(DEALS, encoding="utf-8")
    assert coach("import", "deals", str(path), "--as-of", "2026-10-31").code == 0
    return tmp_path / "data" / "coach.db"


def flat(text: str) -> str:
    return " ".join(text.split())


SPAN = ("--from", "2026-10-01", "--days", "31")


def test_a_table_by_person_and_day_with_a_line_that_sums_up(coach: Coach, imported: Path) -> None:
    ran = coach("simulate", *SPAN)
    assert ran.code == 0, ran.err
    head, *lines = ran.out.splitlines()
    assert head.split()[:4] == ["2026-10", "1", "2", "5"]
    assert any(line.startswith("Ana Ruiz") for line in lines)
    assert any(line.startswith("Ben Okafor") for line in lines)
    told = flat(ran.out)
    assert "to 2 people from Thu, 1 Oct 2026 to Sat, 31 Oct 2026." in told
    assert "Messages a person a day: median 0, 90th percentile 0, most" in told
    assert "Week by week:" in told
    assert "have a day and no time: they are spread over the working hours" in told
    # A progress bar is for terminals.
    assert ran.err == ""


def test_one_persons_messages_are_told_with_their_words(coach: Coach, imported: Path) -> None:
    ran = coach("simulate", *SPAN, "--person", "ana@x.example")
    told = flat(ran.out)
    assert "Deal “Acme” has been in Proposal for 28 days. Time to move it forward?" in told
    assert "Tue, 6 Oct 2026" in told
    assert "ask the client of Lumen for a referral" in told
    assert "ask the client of Obi for a referral" in told
    assert "Ben Okafor" not in told
    # Whoever has no address is found by their name.
    assert coach("simulate", *SPAN, "--person", "ben okafor").code == 0


def test_every_decision_as_json(coach: Coach, imported: Path) -> None:
    ran = coach("simulate", *SPAN, "--json", "--zone", "Europe/Madrid", "--level", "1")
    rows = json.loads(ran.out)
    assert all(
        list(row) == ["person", "at", "rule", "subject", "outcome", "reason", "message", "by"]
        for row in rows
    )
    assert {row["outcome"] for row in rows} <= {"sent", "digest", "hold", "drop"}
    won = [row for row in rows if row["rule"] == "referral_ask" and row["outcome"] == "sent"]
    assert [(row["person"], row["subject"], row["reason"], row["by"]) for row in won] == [
        ("ana@x.example", "deal:native:D-2", "turn", "card"),
        ("ana@x.example", "deal:native:D-3", "turn", "card"),
    ]
    assert won[0]["at"].startswith("2026-10-06T")
    assert won[0]["at"].endswith("+02:00")
    assert won[0]["message"].startswith("Great close!")
    # What it rests on is said beside it, not in it.
    assert "taken as they are today" in ran.err


def test_nothing_of_the_database_is_changed(coach: Coach, imported: Path) -> None:
    before, rows = imported.read_bytes(), held(imported)
    assert coach("simulate", *SPAN, "--answers", "all").code == 0
    assert imported.read_bytes() == before
    assert held(imported) == rows


def held(path: Path) -> list[str]:
    with sqlite3.connect(path) as database:
        lines = list(database.iterdump())
    database.close()
    return lines


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--person", "x@x.example"], "Nobody here has the address or name “x@x.example”"),
        (["--from", "soon"], "--from soon is not a date; write it as 2026-11-01."),
        (["--from", "2199-01-01"], "is yet to come: only the past can be looked at."),
        (
            ["--from", "2025-01-01", "--days", "9"],
            "The record goes from Tue, 1 Sept 2026 to Sat, 31 Oct 2026. Choose a day with --from.",
        ),
        (
            ["--from", "2025-01-01", "--days", "1"],
            "is recorded of the 1 day from Wed, 1 Jan",
        ),
        (["--zone", "Mars/One"], "--zone Mars/One is no time zone; write one as Europe/Madrid."),
        (["--person", "a@x.example", "--everyone"], "Say --person or --everyone, not both."),
    ],
)
def test_what_cannot_be_simulated_is_said_with_what_to_do(
    coach: Coach, imported: Path, options: list[str], sentence: str
) -> None:
    ran = coach("simulate", *options)
    assert ran.code == 1
    assert sentence in ran.err
    assert ran.out == ""


def test_an_empty_database_says_where_a_history_comes_from(coach: Coach) -> None:
    ran = coach("simulate")
    assert ran.code == 1
    assert "coach import deals FILE.csv" in ran.err


def test_it_ends_where_the_record_does_and_says_so(coach: Coach, imported: Path) -> None:
    ran = coach("simulate", "--from", "2026-10-20", "--days", "60")
    assert "to Sat, 31 Oct 2026" in flat(ran.out)
    assert "The record ends on Sat, 31 Oct 2026, and so does this." in flat(ran.out)
    # Without a day it is the last days of the record.
    assert "from Fri, 2 Oct 2026 to Sat, 31 Oct 2026" in flat(coach("simulate").out)


def test_a_quiet_day_of_the_record_is_one_like_any_other(coach: Coach, imported: Path) -> None:
    # Nothing is told of these days, and Acme has stood still for long.
    ran = coach("simulate", "--from", "2026-10-13", "--days", "2")
    assert ran.code == 0, ran.err
    assert "from Tue, 13 Oct 2026 to Wed, 14 Oct 2026" in flat(ran.out)
    assert "1 message to 2 people from" in ran.out


def test_what_the_record_does_not_tell_is_said(coach: Coach, tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    path.write_text(
        "Id,Name,Stage,Owner,Created,Close Date\n"
        "D-1,Acme,Proposal,Ana,2026-09-01,\nD-2,Lumen,Closed Won,Ana,2026-09-01,2026-10-06\n",
        encoding="utf-8",
    )
    assert coach("import", "deals", str(path), "--as-of", "2026-10-01").code == 0
    told = flat(coach("simulate", *SPAN).out)
    assert "Of 2 deals that were open at the beginning" in told
    assert "nothing is said of an age that is not known" in told


def test_a_level_that_brings_no_more_of_a_kind_is_explained(coach: Coach, tmp_path: Path) -> None:
    # Of one seller a deal or two ripen each day of work.
    days = [date(2026, 9, 10) + timedelta(days=n) for n in range(30)]
    lines = [
        f"D-{n},Deal {n},Proposal,{n}00,Ana Ruiz,ana@x.example,{day},,{day}"
        for n, day in enumerate(days, 1)
    ]
    path = tmp_path / "deals.csv"
    path.write_text("\n".join([DEALS.partition("\n")[0], *lines]), encoding="utf-8")
    assert coach("import", "deals", str(path), "--as-of", "2026-10-31").code == 0
    stuck = []
    for level in ("2", "3"):
        rows = json.loads(coach("simulate", *SPAN, "--level", level, "--json").out)
        sent = [each for each in rows if each["outcome"] == "sent"]
        stuck.append(sum(each["rule"] == "stuck_deals" for each in sent))
    assert stuck[1] <= stuck[0]
    why = "so a higher level can bring less of a kind than a lower one."
    assert why in flat(coach("simulate", *SPAN, "--level", "3").out)
    assert why not in flat(coach("simulate", *SPAN, "--level", "3", "--answers", "all").out)


#: As a script starts what goes on in the background.
IGNORED = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "


@pytest.mark.parametrize(
    ("by", "before", "code"),
    [
        (signal.SIGINT, "", 130),
        (signal.SIGINT, IGNORED, 130),
        (signal.SIGTERM, "", 143),
    ],
)
def test_who_stops_it_finds_nothing_left_behind(
    imported: Path, tmp_path: Path, by: signal.Signals, before: str, code: int
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    environment = {
        **os.environ,
        "COACH_DATA": str(imported.parent),
        "TMPDIR": str(folder),
        "PYTHONUNBUFFERED": "1",
    }
    command = f"{before}from bot.terminal.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", command, "simulate", *SPAN],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    )
    deadline = time.monotonic() + 60
    while not list(folder.glob("coach-simulation-*")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(by)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert err.decode() == "Stopped before its end; nothing was changed, and the copy is gone.\n"
    assert list(folder.iterdir()) == []
