"""A task as people type it: its title and the day at its end."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.models import Person, Settings
from coach.when import WhenError, read_task

#: A Monday.
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
ANA = Person("w", "p", "Ana", time_zone="Europe/Madrid", locale="en-GB")


@pytest.mark.parametrize(
    ("typed", "title", "due"),
    [
        ("Call Jonas", "Call Jonas", None),
        ("Call Jonas today", "Call Jonas", date(2026, 11, 23)),
        ("Call Jonas tomorrow", "Call Jonas", date(2026, 11, 24)),
        ("Call Jonas friday", "Call Jonas", date(2026, 11, 27)),
        ("Call Jonas by fri", "Call Jonas", date(2026, 11, 27)),
        ("Call Jonas next Friday", "Call Jonas", date(2026, 11, 27)),
        ("Call Jonas on Monday", "Call Jonas", date(2026, 11, 30)),
        ("Call Jonas next week", "Call Jonas", date(2026, 11, 30)),
        ("Call Jonas in 3 days", "Call Jonas", date(2026, 11, 26)),
        ("Call Jonas in a week", "Call Jonas", date(2026, 11, 30)),
        ("Call Jonas in 2 weeks", "Call Jonas", date(2026, 12, 7)),
        ("Call Jonas 2026-12-05", "Call Jonas", date(2026, 12, 5)),
        ("Send the offer by 5 December", "Send the offer", date(2026, 12, 5)),
        ("Send the offer by December 5th", "Send the offer", date(2026, 12, 5)),
        ("Send the offer due 5 Jan", "Send the offer", date(2027, 1, 5)),
        ("Send the offer until 1 March 2027", "Send the offer", date(2027, 3, 1)),
        ("Send the offer 05/12/2026", "Send the offer", date(2026, 12, 5)),
        ("Call Jonas tomorrow 3pm", "Call Jonas 3pm", date(2026, 11, 24)),
        ("Call Jonas on friday at 15:30", "Call Jonas at 15:30", date(2026, 11, 27)),
        # What is none of these is the title.
        ("Prepare the May offer", "Prepare the May offer", None),
        ("Enjoy the sun", "Enjoy the sun", None),
        ("Order room 12", "Order room 12", None),
        ("Renew for 3 weeks", "Renew", date(2026, 12, 14)),
        ("Write chapter 3", "Write chapter 3", None),
        ("Plan the second week", "Plan the second week", None),
        ("Send the report end of month", "Send the report", date(2026, 11, 30)),
        ("Send the report next month", "Send the report", date(2026, 12, 1)),
        ("Wrap it by 12/24", "Wrap it", date(2026, 12, 24)),
        ("  Call   Jonas  ", "Call Jonas", None),
    ],
)
def test_the_end_is_a_day_where_it_can_hardly_be_anything_else(
    typed: str, title: str, due: date | None
) -> None:
    read = read_task(typed, ANA, NOW)
    assert (read.title, read.due) == (title, due)


def test_in_america_the_month_comes_first() -> None:
    american = replace(ANA, locale="en-US")
    assert read_task("Send it 05/12/2027", american, NOW).due == date(2027, 5, 12)


def test_a_day_is_the_persons_own() -> None:
    # In Auckland it is Tuesday already.
    there = replace(ANA, time_zone="Pacific/Auckland")
    late = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert read_task("Call tomorrow", there, late).due == date(2026, 11, 25)


def test_next_week_begins_when_the_person_works() -> None:
    later = replace(ANA, settings=Settings(working_days=(3, 4)))
    assert read_task("Call next week", later, NOW).due == date(2026, 12, 2)


@pytest.mark.parametrize(
    "typed",
    ["Call Jonas by 2026-11-20", "Call Jonas 1 March 2040", "Call Jonas yesterday", "tomorrow"],
)
def test_a_day_that_is_past_or_far_off_is_refused(typed: str) -> None:
    with pytest.raises(WhenError):
        read_task(typed, ANA, NOW)


@given(st.text(max_size=80))
def test_whatever_is_typed_is_read_or_refused(typed: str) -> None:
    try:
        read = read_task(typed, ANA, NOW)
    except WhenError:
        return
    assert read.due is None or read.due >= NOW.date()
    assert not typed.split() or read.title
