"""Tests of settings: defaults, ranges, and what people type."""

import pytest

from coach.errors import SettingError
from coach.models import Level
from coach.thresholds import (
    checked_days,
    level_named,
    stale_lead_days,
    stuck_deal_days,
    working_days_chosen,
)
from tests.coach.values import ANA, setting


def test_a_lead_is_stale_after_seven_days_unless_the_person_says_otherwise() -> None:
    assert stale_lead_days(ANA) == 7
    assert stale_lead_days(setting(stale_lead_days=3)) == 3


def test_a_deal_is_stuck_after_fourteen_days_unless_the_person_says_otherwise() -> None:
    assert stuck_deal_days(ANA) == 14
    assert stuck_deal_days(setting(stuck_deal_days=30)) == 30


@pytest.mark.parametrize(
    ("name", "text", "number"),
    [
        ("stale_lead_days", "1", 1),
        ("stale_lead_days", "30", 30),
        ("stale_lead_days", " 8 ", 8),
        ("stuck_deal_days", "1", 1),
        ("stuck_deal_days", "60", 60),
        ("stuck_deal_days", "014", 14),
    ],
)
def test_a_number_in_its_range_is_taken(name: str, text: str, number: int) -> None:
    assert checked_days(name, text) == number


@pytest.mark.parametrize("text", [None, "", "  "])
def test_an_empty_field_means_the_default(text: str | None) -> None:
    assert checked_days("stale_lead_days", text) is None


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("stale_lead_days", "0", "Enter a whole number from 1 to 30, or nothing for 7."),
        ("stale_lead_days", "31", "Enter a whole number from 1 to 30, or nothing for 7."),
        ("stuck_deal_days", "61", "Enter a whole number from 1 to 60, or nothing for 14."),
        ("stuck_deal_days", "-1", "Enter a whole number from 1 to 60, or nothing for 14."),
    ],
)
def test_a_number_out_of_its_range_is_refused_with_the_range(
    name: str, text: str, sentence: str
) -> None:
    with pytest.raises(SettingError) as caught:
        checked_days(name, text)
    assert str(caught.value) == sentence
    assert caught.value.setting == name


@pytest.mark.parametrize(
    "text", ["seven", "7.5", "1_0", "1e1", "0x7", "\u0667", "7 days", "9" * 5000]
)
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(SettingError):
        checked_days("stale_lead_days", text)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("1", Level.MINIMAL),
        ("2", Level.BALANCED),
        ("3", Level.ACTIVE),
        ("minimal", Level.MINIMAL),
        (" Balanced ", Level.BALANCED),
        ("ACTIVE", Level.ACTIVE),
    ],
)
def test_a_level_is_chosen_by_number_or_name(text: str, level: Level) -> None:
    assert level_named(text) is level


@pytest.mark.parametrize("text", ["", "0", "4", "loud", "1 minimal"])
def test_an_unknown_level_is_refused_with_the_choice(text: str) -> None:
    with pytest.raises(SettingError, match="1 minimal, 2 balanced or 3 active") as caught:
        level_named(text)
    assert caught.value.setting == "level"


def test_working_days_are_taken_in_order_and_once() -> None:
    assert working_days_chosen(["7", "1", "1", "3"]) == (1, 3, 7)


@pytest.mark.parametrize("values", [["0"], ["8"], ["1", "9"], ["Monday"], ["\u0661"], ["1 "]])
def test_what_is_no_day_of_the_week_is_refused(values: list[str]) -> None:
    with pytest.raises(SettingError, match="is no day of the week") as caught:
        working_days_chosen(values)
    assert caught.value.setting == "working_days"


def test_a_week_without_working_days_is_refused() -> None:
    with pytest.raises(SettingError, match="at least one"):
        working_days_chosen([])
