"""What decides how long a deal may stay in its stage, and how that is said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from coach.calendar import days_between
from coach.knowledge import UNKNOWN, USUAL_STAYS, Known, Place, Usual
from coach.models import Deal, Person
from coach.staying import in_force, limit_of
from coach.wording import plain
from tests.coach.values import ANA, setting

DEAL = Deal("c1", "D-1", "Acme renewal", stage="Proposal")
KNOWN = Known({USUAL_STAYS.name: {Place("c1", "", "Proposal"): Usual(41, 37)}})

#: A Friday evening in Madrid.
FRIDAY = datetime(2026, 10, 2, 18, tzinfo=UTC)


def told(person: Person, known: Known = UNKNOWN, deal: Deal = DEAL) -> list[str]:
    """What whoever asks why is told of it."""
    return [plain(each) for each in in_force(limit_of(deal, person, known), deal)]


def test_what_the_team_has_shown_counts_more_than_the_default_and_less_than_an_own_number() -> None:
    assert limit_of(DEAL, ANA, UNKNOWN).usual is None
    assert limit_of(DEAL, ANA, KNOWN).usual == Usual(41, 37)
    own = limit_of(DEAL, setting(stuck_deal_days=14), KNOWN)
    assert (own.usual, own.number, own.own) == (None, 14, True)


def test_it_is_too_long_the_day_after_so_many_days_as_the_calendar_counts_them() -> None:
    at = limit_of(DEAL, ANA, KNOWN).over_at(FRIDAY, ANA)
    assert days_between(FRIDAY, at, ANA) == 42
    assert days_between(FRIDAY, at - timedelta(microseconds=1), ANA) == 41
    # A number counts days of work, and of these there are fewer.
    number = limit_of(DEAL, ANA, UNKNOWN).over_at(FRIDAY, ANA)
    assert days_between(FRIDAY, number, ANA) == 20


def test_whoever_asks_is_told_which_it_was_and_from_how_many_deals() -> None:
    assert told(ANA, KNOWN) == [
        "9 of 10 deals your team won left Proposal within 41 days (37 deals).",
        "A deal that stays longer is stuck. A number of your own in Settings goes first.",
    ]
    assert told(setting(stuck_deal_days=1), KNOWN) == [
        "Your limit is 1 working day, as you have set it."
    ]
    assert told(ANA) == [
        "Your limit is 14 working days, the default.",
        "Of the deals your team has won, fewer than 20 tell how long they were in Proposal.",
    ]
    assert told(ANA, deal=replace(DEAL, stage=None)) == [
        "Your limit is 14 working days, the default."
    ]
