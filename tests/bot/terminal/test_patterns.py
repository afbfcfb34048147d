"""`coach patterns` from end to end: an imported history, a table, JSON, and faults as sentences."""

import json
import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.bot.terminal.conftest import Coach

KEYS = [
    "pattern", "group", "n", "k", "rest_n", "rest_k", "rate", "low", "high", "rest_rate", "p", "q",
    "passed", "held_by", "text", "person",
]  # fmt: skip

SELLERS = ("Ana Ruiz", "Ben Okafor", "Cleo Park", "Dan Weber", "Eva Lind", "Finn Moe")


def deals(chance: float = 0.25) -> str:
    """A year of six sellers; of what comes by referral 60 of 100 are won."""
    draw = random.Random(5)
    lines = ["Id,Name,Stage,Amount,Owner,Owner Email,Created,Close Date,Lead Source"]
    for number in range(480):
        created = date(2025, 11, 1) + timedelta(days=draw.randrange(330))
        closed = created + timedelta(days=draw.randrange(2, 25))
        source = draw.choice(["Referral", "Web", "Ads", "Fair"])
        won = draw.random() < (0.6 if source == "Referral" else chance)
        owner = draw.choice(SELLERS)
        email = f"{owner.split()[0].lower()}@x.example"
        stage = "Closed Won" if won else "Closed Lost"
        named = f"D-{number},Deal {number},{stage},{100 + number},{owner},{email}"
        lines.append(f"{named},{created},{closed},{source}")
    return "\n".join(lines)


@pytest.fixture
def imported(coach: Coach, tmp_path: Path) -> Path:
    path = tmp_path / "deals.csv"
    path.write_text(deals(), encoding="utf-8")
    ran = coach("import", "deals", str(path), "--as-of", "2026-10-31")
    assert ran.code == 0, ran.err
    return path


def rows(coach: Coach, *arguments: str) -> list[dict[str, object]]:
    ran = coach("patterns", "--json", *arguments)
    assert ran.code == 0, ran.err
    assert ran.err == ""
    return json.loads(ran.out)  # type: ignore[no-any-return]


def test_everything_looked_at_is_told_as_json(coach: Coach, imported: Path) -> None:
    found = rows(coach)
    assert all(list(row) == KEYS for row in found)
    (referral,) = [row for row in found if row["group"] == "Referral" and row["person"] is None]
    assert referral["pattern"] == "won_by_source"
    assert referral["passed"] is True
    assert referral["held_by"] is None
    assert referral["n"] + referral["rest_n"] == 480  # type: ignore[operator]
    assert referral["rate"] == referral["k"] / referral["n"]  # type: ignore[operator]
    assert referral["low"] < referral["rate"] < referral["high"]  # type: ignore[operator]
    assert referral["p"] <= referral["q"] <= 0.1  # type: ignore[operator]
    assert str(referral["text"]).startswith("Your team's deals with source Referral: ")
    held = [row for row in found if not row["passed"]]
    assert {row["held_by"] for row in held} <= {
        "counts", "people", "test", "family", "effect", "stability",
    }  # fmt: skip
    assert all(row["q"] is None for row in held if row["held_by"] in {"counts", "people"})


def test_what_is_shown_of_it_changes_nothing_of_what_was_looked_at(
    coach: Coach, imported: Path
) -> None:
    every = rows(coach)
    assert rows(coach, "--team") == [row for row in every if row["person"] is None]
    anas = rows(coach, "--person", "ana@x.example")
    assert anas == [row for row in every if row["person"] == "ana@x.example"]
    assert anas
    assert rows(coach, "--person", "ana ruiz") == anas


def test_an_earlier_day_shows_what_was_known_by_then(coach: Coach, imported: Path) -> None:
    early = rows(coach, "--team", "--at", "2025-12-31")
    late = rows(coach, "--team", "--at", "2026-10-31")
    count = {
        name: sum(int(row["n"]) for row in found if row["pattern"] == "won_by_source")  # type: ignore[call-overload]
        for name, found in (("early", early), ("late", late))
    }
    assert 20 < count["early"] < 100
    assert count["late"] == 480


def test_an_earlier_day_counts_ages_as_they_were_on_it(coach: Coach, tmp_path: Path) -> None:
    day = date(2026, 10, 30)
    old = [f"O-{n},Open {n},Offer,100,Ana Ruiz,ana@x.example,2026-03-01,,Web" for n in range(20)]
    # No deal took longer than so many days: of this one it is not yet to be said.
    as_old = f"O-20,Open 20,Offer,100,Ana Ruiz,ana@x.example,{day - timedelta(days=24)},,Web"
    path = tmp_path / "deals.csv"
    path.write_text("\n".join([deals(), *old, as_old]), encoding="utf-8")
    assert coach("import", "deals", str(path), "--as-of", "2026-10-31").code == 0
    for at, count in ((day, 20), (day + timedelta(days=1), 21)):
        (ana,) = [
            row
            for row in rows(coach, "--person", "ana@x.example", "--at", at.isoformat())
            if row["pattern"] == "open_too_long"
        ]
        assert ana["k"] == count


def test_a_table_for_people_ends_with_what_may_be_said(coach: Coach, imported: Path) -> None:
    ran = coach("patterns")
    assert ran.code == 0, ran.err
    head, first, *_ = ran.out.splitlines()
    assert head.split()[:3] == ["pattern", "group", "whose"]
    assert first.split()[:2] == ["won_by_source", "Referral"]
    assert first.split()[-1] == "passed"
    assert "The team: Your team's deals with source Referral: " in ran.out
    assert "Looked at " in ran.out.splitlines()[-1]
    assert "Held back by: " in ran.out.splitlines()[-1]


def test_where_nothing_is_recorded_it_says_what_to_do(coach: Coach) -> None:
    ran = coach("patterns")
    assert ran.code == 0
    assert "`coach import deals FILE.csv` takes over a CRM's export." in ran.out
    assert rows(coach) == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--team", "--person", "ana@x.example"], "Say --team or --person, not both."),
        (["--at", "soon"], "--at soon is not a date; write it as 2026-11-01."),
        (["--at", "2199-01-01"], "Tue, 1 Jan 2199 is yet to come."),
        (["--person", "x@x.example"], "Nobody here has the address or name “x@x.example”"),
    ],
)
def test_what_cannot_be_looked_at_is_one_sentence(
    coach: Coach, imported: Path, options: list[str], sentence: str
) -> None:
    ran = coach("patterns", *options)
    assert ran.code == 1
    assert sentence in ran.err
    assert ran.out == ""
