"""A person's own figures: counted by their own calendar, shares with how sure they are."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from coach.models import DealStatus, Person
from coach.report import ENOUGH, Closed, InStage, Report, Span, report, since

#: A Wednesday.
NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
ANA = Person("w", "p", "Ana", time_zone="Pacific/Auckland")


def closed(days: float, status: DealStatus = DealStatus.WON, **more: object) -> Closed:
    return Closed(NOW - timedelta(days=days), status, **more)  # type: ignore[arg-type]


def made(*deals: Closed, span: Span = Span.WEEK) -> Report:
    return report(span, ANA, NOW, [InStage("Proposal", 2)], deals)


def test_a_week_begins_on_monday_where_the_person_is() -> None:
    # It is Sunday in London, and Monday in Auckland.
    sunday = datetime(2026, 11, 22, 12, tzinfo=UTC)
    figures = report(Span.WEEK, ANA, NOW, [], [Closed(sunday, DealStatus.WON)])
    assert [each.begin for each in figures.past][-2:] == [date(2026, 11, 16), date(2026, 11, 23)]
    assert [each.won for each in figures.past][-2:] == [0, 1]
    assert len(figures.past) == 8


def test_months_are_months_and_what_is_older_is_left_out() -> None:
    figures = made(closed(1), closed(40, DealStatus.LOST), closed(300), span=Span.MONTH)
    assert [each.begin.month for each in figures.past] == [6, 7, 8, 9, 10, 11]
    assert [(each.won, each.lost) for each in figures.past][-2:] == [(0, 1), (1, 0)]
    assert sum(each.won for each in figures.past) == 1


def test_amounts_are_exact_by_currency_and_of_what_was_won() -> None:
    (this,) = made(
        closed(0, value=Decimal("0.10"), currency="EUR"),
        closed(0, value=Decimal("0.20"), currency="EUR"),
        closed(0, value=Decimal(5), currency="USD"),
        closed(0, DealStatus.LOST, value=Decimal(9), currency="EUR"),
        closed(0),
    ).past[-1:]
    assert this.amounts == {"EUR": Decimal("0.30"), "USD": Decimal(5)}
    assert (this.won, this.lost) == (4, 1)


def test_a_source_is_told_from_enough_decided_deals_on_and_with_its_interval() -> None:
    few = [closed(1, source="Fair") for _ in range(ENOUGH - 1)]
    some = [closed(1, source="Web") for _ in range(12)]
    lost = [closed(1, DealStatus.LOST, source="Web") for _ in range(19)]
    old = [closed(366, source="Web") for _ in range(50)]
    (web,) = made(*few, *some, *lost, *old).sources
    assert (web.source, web.won, web.decided) == ("Web", 12, 31)
    low, high = web.likely
    assert (round(low, 2), round(high, 2)) == (0.24, 0.56)


def test_where_no_loss_is_known_that_is_told() -> None:
    assert not made(*[closed(1, source="Web") for _ in range(9)]).knows_losses
    assert made(closed(1, DealStatus.LOST)).knows_losses


@pytest.mark.parametrize("span", list(Span))
def test_all_that_a_report_tells_of_is_asked_for(span: Span) -> None:
    start = since(span, ANA, NOW)
    assert start <= NOW - timedelta(days=365)
    assert start.date() <= span.starts(NOW.date())[0]
