"""Rows become columns, as of a moment; instants become local time and working hours."""

from dataclasses import replace
from datetime import UTC, datetime, time

import numpy as np
import pytest

from coach.columns import HOUR, LOST, NEVER, NOBODY, OPEN, WON, has_hour, micros, month, numbered
from coach.local_time import local, parts_of_day, working_days, working_hours
from coach.models import Person, Settings
from coach.rows_to_columns import Coder, DealRow, Gathered, Page

ANA = Person("w", "ana", "Ana", time_zone="Europe/Madrid")


def at(text: str) -> int:
    return micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


NOW = at("2026-11-23 09:00")


def deal(id: str, created: str | None, closed: str | None, status: str, **more: object) -> DealRow:
    row = {
        "id": id,
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
    return tuple(row.values())


def gathered(*pages: Page) -> Gathered:
    made = Gathered()
    for page in pages:
        made.take(page)
    return made


def test_what_came_after_the_moment_is_not_there_and_what_ended_after_it_is_open() -> None:
    first = Page(
        [
            deal("D-1", "2026-10-01", "2026-11-01", "won", contacted=at("2026-12-01")),
            deal("D-2", "2026-10-01", "2026-12-01", "lost", followed=at("2026-10-02")),
        ],
        [
            ("D-1", "New", at("2026-10-01"), at("2026-10-05")),
            ("D-1", "Offer", at("2026-10-05"), at("2026-10-07")),
            ("D-1", "New", at("2026-10-07"), at("2026-10-10")),
            ("D-2", "New", at("2026-10-01"), at("2026-10-05")),
        ],
    )
    second = Page(
        [
            deal("D-3", "2026-12-01", None, "open"),
            deal("D-4", None, None, "open", person=None, value=None),
            deal("D-5", "2026-10-02", "2026-11-02", "lost", person="somebody else"),
        ],
        [("D-5", "Offer", at("2026-10-05"), at("2026-10-07"))],
    )
    tasks = [
        (at("2026-10-01"), at("2026-12-01"), "ana"),
        (at("2026-12-01"), None, "ana"),
        (at("2026-10-01"), None, "somebody else"),
    ]
    pages = (first, second, Page(tasks=tasks))
    found = gathered(*pages).history({"ana": ANA}, NOW)
    assert found.deals.status.tolist() == [WON, OPEN, OPEN, LOST]
    assert found.deals.closed.tolist() == [at("2026-11-01"), NEVER, NEVER, at("2026-11-02")]
    assert found.deals.contacted.tolist() == [NEVER] * 4
    assert found.deals.followed.tolist() == [NEVER, at("2026-10-02"), NEVER, NEVER]
    assert found.deals.owner.tolist() == [0, 0, NOBODY, NOBODY]
    assert np.isnan(found.deals.value).tolist() == [False, False, True, False]
    assert found.deals.fields.keys() == {"currency", "source"}
    assert found.tasks.completed.tolist() == [NEVER]
    # Two stays of a deal in one stage are one, as long as both; D-2 is not decided.
    stays = found.stays
    assert [stays.stage.names[code] for code in stays.stage.codes] == ["New", "Offer", "Offer"]
    assert ((stays.left - stays.entered) // (24 * HOUR)).tolist() == [7, 2, 2]
    assert stays.won.tolist() == [True, True, False]
    later = gathered(*pages).history({"ana": ANA}, at("2026-12-02"))
    assert later.deals.status.tolist() == [WON, LOST, OPEN, OPEN, LOST]
    assert len(later.stays.left) == 4


def test_of_no_rows_there_are_empty_columns() -> None:
    found = gathered(Page()).history({}, NOW)
    assert len(found.deals.created) == len(found.stays.left) == len(found.tasks.created) == 0


def test_names_that_differ_in_case_or_spaces_are_the_same() -> None:
    coder = Coder()
    found = coder.codes(["Web", " web", "WEB ", "", None])
    assert found.tolist() == [0, 0, 0, NOBODY, NOBODY]
    # On another page too.
    assert coder.codes(["Trade  fair", "wEb", "trade fair", "  "]).tolist() == [1, 0, 1, NOBODY]
    assert coder.names == ["Web", "Trade fair"]


def test_the_same_pages_are_looked_at_as_of_one_moment_after_the_other() -> None:
    stays = [("D-1", "New", at("2026-10-01"), at("2026-10-05"))]
    pages = [
        Page([deal("D-1", "2026-10-01", "2026-11-01", "won")], stays),
        Page([deal("D-2", "2026-10-01", "2026-12-01", "lost")]),
        Page(tasks=[(at("2026-10-01"), None, "ana")]),
    ]
    made = gathered(*pages)
    for now in (NOW, at("2026-10-02"), at("2026-12-02"), NOW):
        found = made.history({"ana": ANA}, now)
        fresh = gathered(*pages).history({"ana": ANA}, now)
        assert found.deals.status.tolist() == fresh.deals.status.tolist()
        assert found.stays.left.tolist() == fresh.stays.left.tolist()
        assert found.tasks.created.tolist() == fresh.tasks.created.tolist()
    assert found.deals.status.tolist() == [WON, OPEN]


def test_a_day_without_an_hour_is_known_as_such() -> None:
    hours = [at("2026-11-02 12:00"), at("2026-11-02"), at("2026-11-02 12:01"), NEVER]
    assert has_hour(np.asarray(hours)).tolist() == [False, False, True, False]


def test_months_are_told_apart() -> None:
    found = month(np.asarray([at("2026-11-01"), at("2026-11-30 23:59"), at("2026-12-01")]))
    assert found[0] == found[1] == found[2] - 1


def test_local_time_follows_summer_time() -> None:
    utc = np.asarray([at("2026-10-23 07:00"), at("2026-10-26 08:00")])
    assert (local(utc, ANA) % (24 * HOUR)).tolist() == [9 * HOUR, 9 * HOUR]
    # From the very day on.
    utc = np.asarray([at("2026-10-24 07:00"), at("2026-10-25 08:00")])
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


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        # Thursday 24 December is worked on, Friday is Christmas, then comes a weekend.
        ("2026-12-24 16:00", "2026-12-28 09:00", 2),
        ("2026-12-25 09:00", "2026-12-28 08:30", 0.5),
        ("2026-12-24 16:00", "2026-12-25 15:00", 1),
        # The first of January, of another year, is a Friday too; the sixth is a Wednesday.
        ("2026-12-24 08:00", "2027-01-07 08:00", 7 * 9),
        # 15 August 2026 is a Saturday: nobody loses a day of work.
        ("2026-08-14 07:00", "2026-08-17 07:00", 9),
    ],
)
def test_on_a_holiday_there_are_no_working_hours(since: str, until: str, hours: float) -> None:
    off = replace(ANA, settings=Settings(holidays="ES"))
    found = working_hours(np.asarray([at(since)]), np.asarray([at(until)]), off)
    assert found.tolist() == pytest.approx([hours])


def test_what_is_dated_in_no_such_year_has_working_hours_all_the_same() -> None:
    off = replace(ANA, settings=Settings(holidays="ES"))
    since, until = at("0017-01-02 09:00"), at("9999-01-04 09:00")
    assert working_hours(np.asarray([since]), np.asarray([until]), off)[0] > 0


def test_a_holiday_is_no_day_of_work() -> None:
    off = replace(ANA, settings=Settings(holidays="ES"))
    thursday = at("2026-12-24") // (24 * HOUR)
    assert working_days(thursday, thursday + 4, off).tolist() == [thursday, thursday + 4]


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


def test_values_are_numbered_in_their_order_be_they_close_or_far_apart() -> None:
    for values in ([5, 3, 3, 9, 5], [NEVER, 7, NEVER, 10**15], [4], []):
        given = np.asarray(values, dtype=np.int64)
        found, places = np.unique(given, return_inverse=True)
        numbers, count = numbered(given)
        assert (numbers.tolist(), count) == (places.tolist(), len(found))


def test_local_time_is_told_of_any_days_together() -> None:
    for first, last in (("2026-03-01", "2026-11-01"), ("0001-01-03", "9999-12-29")):
        utc = np.asarray([at(f"{first} 07:00"), at("2026-07-01 07:00"), at(f"{last} 07:00")])
        together = local(utc, ANA)
        alone = [int(local(utc[place : place + 1], ANA)[0]) for place in range(3)]
        assert together.tolist() == alone
        assert alone[1] - int(utc[1]) == 2 * HOUR


def test_what_is_each_persons_own_is_in_its_order() -> None:
    rows = [
        deal(f"D-{number}", "2026-10-01", f"2026-11-{number + 1:02}", "won", person=person)
        for number, person in enumerate(["ben", "ana", None, "ben", "ana", "ben"])
    ]
    stays = [
        (f"D-{number}", "New", at("2026-10-01"), at("2026-10-05") + number) for number in range(6)
    ]
    tasks = [(at("2026-10-01") + number, None, person) for number, person in enumerate(["eva"])]
    people = {name: replace(ANA, id=name) for name in ("ana", "ben", "eva")}
    made = gathered(Page(rows, stays), Page(tasks=tasks)).history(people, NOW)
    own = made.by_owner()
    assert [made.people[owner].id for owner in own] == ["ben", "ana", "eva"]
    for owner, its in own.items():
        for whole, part in ((made.deals, its.deals), (made.stays, its.stays)):
            mine = whole.only(whole.owner == owner)
            assert part.closed.tolist() == mine.closed.tolist()
        assert its.stays.left.tolist() == made.stays.left[made.stays.owner == owner].tolist()
        assert its.tasks.created.tolist() == made.tasks.created[made.tasks.owner == owner].tolist()
