"""What somebody means who types a part of a name."""

import pytest

from coach.sought import sought

NAMES = ["Weber & Sons", "Old Weber deal", "Webermann", "Acme renewal", "Ökohaus", "acme"]


def found(typed: str) -> list[str]:
    return sought(NAMES, typed, lambda name: [name])


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("acme", ["acme", "Acme renewal"]),
        ("WEBER", ["Weber & Sons", "Webermann", "Old Weber deal"]),
        ("newal", ["Acme renewal"]),
        ("ökohaus", ["Ökohaus"]),
        ("  acme   renewal ", ["Acme renewal"]),
        ("Webermnan", ["Webermann"]),
        ("zebra", []),
        ("", NAMES),
    ],
)
def test_whole_names_come_first_then_beginnings_then_parts_then_slips(
    typed: str, names: list[str]
) -> None:
    assert found(typed) == names


def test_every_name_of_a_thing_counts_and_each_thing_once() -> None:
    things = [("Renewal", "Weber"), ("Weber", "Weber")]
    assert sought(things, "weber", lambda each: each) == [("Renewal", "Weber"), ("Weber", "Weber")]
    assert sought([("", "")], "weber", lambda each: each) == []
