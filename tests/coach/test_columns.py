"""Rows become columns, as of a moment; instants become local time and working hours."""

from dataclasses import replace
from datetime import UTC, datetime, time

import numpy as np
import pytest

from coach.columns import HOUR, LOST, NEVER, NOBODY, OPEN, WON, coded, has_hour, micros, month
from coach.local_time import local, parts_of_day, working_days, working_hours
from coach.models import Person, Settings
from coach.rows_to_columns import DealRow, Rows, columns_of

ANA = Person("w", "ana", "Ana", time_zone="Europe/Madrid")


def at(text: str) -> int:
    return micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


NOW = at("2026-11-23 09:00")


def deal(created: str | None, closed: str | None, status: str, **more: object) -> DealRow:
    row = {
        "created": created and at(created),
        "closed": closed and at(closed),
        "status": status,
        "person": "ana",
        "value": 100.0,
        "contacted": None,
        "followed": None,
        "contact": True,
        "currency": "EUR",
        "source": "Web",
        "product": None,
        "sector": None,
        **more,
    }
    return tuple(row.values())  # type: ignore[return-value]


def test_what_came_after_the_moment_is_not_there_and_what_ended_after_it_is_open() -> None:
    rows = Rows(
        {"ana": ANA},
        [
            deal("2026-10-01", "2026-11-01", "won", contacted=at("2026-12-01")),
            deal("2026-10-01", "2026-12-01", "lost", followed=at("2026-10-02")),
            deal("2026-12-01", None, "open"),
            deal(None, None, "open", person=None, value=None),
        ],
        [
            ("New", at("2026-10-01"), at("2026-10-05"), True, at("2026-11-01"), "ana"),
            ("New", at("2026-10-01"), at("2026-10-05"), True, at("2026-12-01"), "ana"),
        ],
        [
            (at("2026-10-01"), at("2026-12-01"), "ana"),
            (at("2026-12-01"), None, "ana"),
            (at("2026-10-01"), None, "somebody else"),
        ],
    )
    found = columns_of(rows, NOW)
    assert found.deals.status.tolist() == [WON, OPEN, OPEN]
    assert found.deals.closed.tolist() == [at("2026-11-01"), NEVER, NEVER]
    assert found.deals.contacted.tolist() == [NEVER] * 3
    assert found.deals.followed.tolist() == [NEVER, at("2026-10-02"), NEVER]
    assert found.deals.owner.tolist() == [0, 0, NOBODY]
    assert np.isnan(found.deals.value).tolist() == [False, False, True]
    assert found.deals.fields.keys() == {"currency", "source"}
    assert found.stays.closed.tolist() == [at("2026-11-01")]
    assert found.tasks.completed.tolist() == [NEVER]
    assert columns_of(rows, at("2026-12-02")).deals.status.tolist() == [WON, LOST, OPEN, OPEN]


def test_of_no_rows_there_are_empty_columns() -> None:
    found = columns_of(Rows({}, [], [], []), NOW)
    assert len(found.deals.created) == len(found.stays.left) == len(found.tasks.created) == 0


def test_names_that_differ_in_case_or_spaces_are_the_same() -> None:
    found = coded(["Web", " web", "WEB ", "", None, "Trade  fair", "trade fair", "  "])
    assert found.names == ("Web", "Trade fair")
    assert found.codes.tolist() == [0, 0, 0, NOBODY, NOBODY, 1, 1, NOBODY]


def test_a_day_without_an_hour_is_known_as_such() -> None:
    hours = [at("2026-11-02 12:00"), at("2026-11-02"), at("2026-11-02 12:01"), NEVER]
    assert has_hour(np.asarray(hours)).tolist() == [False, False, True, False]


def test_months_are_told_apart() -> None:
    found = month(np.asarray([at("2026-11-01"), at("2026-11-30 23:59"), at("2026-12-01")]))
    assert found[0] == found[1] == found[2] - 1


def test_local_time_follows_summer_time() -> None:
    utc = np.asarray([at("2026-10-23 07:00"), at("2026-10-26 08:00")])
    assert (local(utc, ANA) % (24 * HOUR)).tolist() == [9 * HOUR, 9 * HOUR]


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        # A Friday in Madrid: from eight UTC it is nine there.
        ("2026-11-20 08:00", "2026-11-20 09:30", 1.5),
        ("2026-11-20 16:00", "2026-11-23 09:00", 2),
        ("2026-11-21 10:00", "2026-11-22 10:00", 0),
        ("2026-11-20 03:00", "2026-11-20 23:00", 9),
        ("2026-11-16 08:00", "2026-11-23 08:00", 45),
    ],
)
def test_hours_between_are_working_hours(since: str, until: str, hours: float) -> None:
    found = working_hours(np.asarray([at(since)]), np.asarray([at(until)]), ANA)
    assert found.tolist() == pytest.approx([hours])


def test_the_working_day_is_parted_as_the_person_works() -> None:
    early = replace(ANA, settings=Settings(work_from=time(7), work_until=time(13)))
    assert parts_of_day(early, 3) == [
        (7 * HOUR, 9 * HOUR),
        (9 * HOUR, 11 * HOUR),
        (11 * HOUR, 13 * HOUR),
    ]
    # From Friday to Monday two days are worked on.
    friday = at("2026-11-20") // (24 * HOUR)
    assert working_days(friday, friday + 3, ANA).tolist() == [friday, friday + 3]
