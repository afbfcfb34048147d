"""A team's week is told beside a usual one of its own, in its own time zone."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from coach import team_week
from coach.models import DealStatus, Person, Settings
from coach.report import Closed
from coach.wording import plain

WON, LOST = DealStatus.WON, DealStatus.LOST
#: A Monday, at nine in the morning in Madrid.
NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
ANA = Person("w", "p1", "Ana", time_zone="Europe/Madrid")


def on(day: date, status: DealStatus = WON, amount: int | None = 1000) -> Closed:
    at = datetime.combine(day, time(10), tzinfo=UTC)
    return Closed(at, status, None if amount is None else Decimal(amount), "EUR")


def weeks_ago(weeks: int) -> date:
    return date(2026, 11, 30) - timedelta(weeks=weeks)


def said(*closed: Closed, amounts: bool = True, people: int = 7) -> list[str]:
    made = team_week.team_week(closed, 3, {"EUR": Decimal(9000)}, people, NOW, ANA)
    phrases = team_week.lines(made, amounts=amounts)
    return [plain(each) for each in (team_week.title(made), *phrases, team_week.counted_of(made))]


TOGETHER = "The work of 7 people together; nobody is named or ranked."

#: One won deal in each of the eight weeks before, and a second one in the two before these.
BEFORE = [on(weeks_ago(back)) for back in range(2, 10)] + [on(weeks_ago(9)), on(weeks_ago(8))]


def test_a_week_is_told_beside_the_middle_of_those_before() -> None:
    told = said(*BEFORE, on(weeks_ago(1)), on(weeks_ago(1)), on(weeks_ago(1), LOST))
    assert told == [
        "The team's week, Mon 23 Nov to Sun 29 Nov",
        "Won: 2 deals, €2,000. In a usual week: 1 deal, €1,000.",
        "Lost: 1 deal. In a usual week: none.",
        "Open now: 3 deals, €9,000.",
        TOGETHER + " A usual week is the middle of the 8 weeks before.",
    ]


def test_what_deals_are_worth_is_left_out_where_it_is_not_to_be_told() -> None:
    told = said(*BEFORE, on(weeks_ago(1)), amounts=False)
    assert told[1] == "Won: 1 deal. In a usual week: 1 deal."
    assert "€" not in " ".join(told)


def test_too_short_a_past_shows_nothing_usual() -> None:
    told = said(on(weeks_ago(4)), on(weeks_ago(2)))
    assert told[1:] == [
        "Won: none.",
        "Lost: none.",
        "Open now: 3 deals, €9,000.",
        TOGETHER,
    ]
    # A week in which nothing was closed counts, once anything was.
    assert "In a usual week: none." in said(on(weeks_ago(5)), on(weeks_ago(3)))[1]


def test_a_week_goes_by_the_clock_of_the_team() -> None:
    # Sunday evening in UTC is Monday in Madrid, and belongs to the week that runs.
    sunday = Closed(datetime(2026, 11, 29, 23, 30, tzinfo=UTC), WON, Decimal(5), "EUR")
    monday = Closed(datetime(2026, 11, 22, 23, 30, tzinfo=UTC), WON, Decimal(7), "EUR")
    assert said(sunday, monday)[1] == "Won: 1 deal, €7."
    assert team_week.span(NOW, ANA) == (
        datetime(2026, 11, 22, 23, tzinfo=UTC),
        datetime(2026, 11, 29, 23, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("settings", "at"),
    [
        (Settings(), datetime(2026, 12, 7, 8, tzinfo=UTC)),
        (Settings(work_from=time(7)), datetime(2026, 12, 7, 6, tzinfo=UTC)),
        (Settings(working_days=(2, 3, 4)), datetime(2026, 12, 8, 8, tzinfo=UTC)),
        # 7 December is a holiday in Andalusia in 2026, and the eighth is one in all of Spain.
        (Settings(holidays="ES-AN"), datetime(2026, 12, 9, 8, tzinfo=UTC)),
    ],
)
def test_it_comes_as_the_first_work_of_the_next_week_begins(
    settings: Settings, at: datetime
) -> None:
    person = Person("w", "p1", "Ana", time_zone="Europe/Madrid", settings=settings)
    assert team_week.told_at(NOW, person) == at
