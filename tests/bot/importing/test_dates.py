"""Dates of exports: the order of day and month is decided, told, or asked for; never guessed."""

from datetime import UTC, date, datetime

import pytest

from bot.importing.dates import DateReader, Order, misfit, readers
from bot.importing.faults import FileError, RowError


def days(values: list[str], told: str | None = None) -> list[date]:
    reader = readers({"Close date": values}, told)["Close date"]
    return [moment.day for value in values if (moment := reader.read(value))]


@pytest.mark.parametrize(
    ("decisive", "expected"),
    [("13/2/2017", date(2017, 4, 3)), ("2/13/2017", date(2017, 3, 4))],
)
def test_one_date_with_a_number_above_twelve_decides_for_its_whole_column(
    decisive: str, expected: date
) -> None:
    assert days(["3/4/2017", decisive])[0] == expected


def test_dates_that_nothing_decides_are_asked_about_with_an_example() -> None:
    with pytest.raises(FileError, match=r"“Close date”.*3/4/2017.*--date-format day-first"):
        days(["3/4/2017", "5/5/2017"])


def test_dates_that_mean_the_same_both_ways_need_no_decision() -> None:
    assert days(["5/5/2017", "7/7/2017"]) == [date(2017, 5, 5), date(2017, 7, 7)]


def test_another_column_of_the_same_file_decides_for_one_that_is_open() -> None:
    found = readers({"Created": ["3/4/2017"], "Closed": ["4/25/2017"]}, None)
    moment = found["Created"].read("3/4/2017")
    assert moment is not None
    assert moment.day == date(2017, 3, 4)


def test_a_column_that_is_decided_both_ways_is_refused_with_both_examples() -> None:
    with pytest.raises(FileError, match=r"13/2/2017 and 2/13/2017"):
        days(["13/2/2017", "2/13/2017"])


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("day-first", date(2017, 4, 3)),
        ("month-first", date(2017, 3, 4)),
        ("Month First", date(2017, 3, 4)),
        ("%d/%m/%Y", date(2017, 4, 3)),
    ],
)
def test_the_order_can_be_told(told: str, expected: date) -> None:
    assert days(["3/4/2017"], told) == [expected]


def test_an_unknown_date_format_is_refused_with_those_there_are() -> None:
    with pytest.raises(FileError, match="day-first, month-first"):
        days(["3/4/2017"], "european")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2017-03-04", date(2017, 3, 4)),
        ("2017/3/4", date(2017, 3, 4)),
        ("04.03.2017", date(2017, 3, 4)),
        ("Mar 4, 2017", date(2017, 3, 4)),
        ("4 March 2017", date(2017, 3, 4)),
        ("Saturday, March 4, 2017 2:05 PM", date(2017, 3, 4)),
        ("20170304", date(2017, 3, 4)),
        ("3/14/17", date(2017, 3, 14)),
        # What is to come within a career, and what began one.
        ("14.03.69", date(2069, 3, 14)),
        ("14.03.70", date(1970, 3, 14)),
    ],
)
def test_usual_forms_are_understood(text: str, expected: date) -> None:
    assert days([text]) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2017-03-04T10:00:00Z", datetime(2017, 3, 4, 10, tzinfo=UTC)),
        ("2017-03-04T10:00:00+02:00", datetime(2017, 3, 4, 8, tzinfo=UTC)),
        ("2017-03-04 10:00:00.123 UTC", datetime(2017, 3, 4, 10, 0, 0, 123000, tzinfo=UTC)),
        ("3/14/2017 2:05 PM", datetime(2017, 3, 14, 14, 5, tzinfo=UTC)),
        ("3/14/2017, 14:05:30", datetime(2017, 3, 14, 14, 5, 30, tzinfo=UTC)),
        ("1489500300", datetime(2017, 3, 14, 14, 5, tzinfo=UTC)),
        ("1489500300000", datetime(2017, 3, 14, 14, 5, tzinfo=UTC)),
    ],
)
def test_a_time_of_day_is_kept_and_its_zone_respected(text: str, expected: datetime) -> None:
    moment = DateReader(Order.MONTH_FIRST).read(text)
    assert moment is not None
    assert moment.at == expected


def test_a_day_without_a_time_is_that_day_in_america_and_in_asia() -> None:
    moment = DateReader(None).read("2017-03-04")
    assert moment is not None
    assert moment.at == datetime(2017, 3, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["soon", "March", "2017", "31/31/2017", "2017-02-30", "2017-03-04 10:00 EST", "0001-01-01",
     "9999-12-31", "99999999999999", "14.3.2017 15.4.2018"],
)  # fmt: skip
def test_what_is_no_date_or_only_half_of_one_rejects_its_row(text: str) -> None:
    with pytest.raises(RowError, match="date"):
        DateReader(None).read(text)


def test_what_is_no_date_either_way_decides_nothing_and_is_no_misfit() -> None:
    reader = readers({"Closed": ["31/31/2017", "2/13/2017"]}, None)["Closed"]
    assert reader.order is Order.MONTH_FIRST
    day_first = DateReader(Order.DAY_FIRST)
    assert misfit(day_first, ["soon", "31/31/2017", "13/2/2017"]) is None
    assert misfit(day_first, ["soon", "2/13/2017"]) == "2/13/2017"


@pytest.mark.parametrize("text", ["", "0000-00-00"])
def test_an_empty_date_is_none(text: str) -> None:
    assert DateReader(None).read(text) is None
