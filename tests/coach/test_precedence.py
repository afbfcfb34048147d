"""Of one thing one rule speaks at a time, and all of them together twice a week at most."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from coach import precedence
from coach.engine import load_rules, time_rules
from coach.models import About, Level, PastInsight, Priority, SubjectKind
from coach.phrases import say
from coach.precedence import FORTNIGHT
from coach.repetition import WEEK
from coach.rule import Rule
from tests.coach.values import NOW, setting

DAY = timedelta(days=1)

RULES: dict[str, Rule] = load_rules()

DATES, QUIET, STUCK = "close_date_passed", "deal_gone_quiet", "stuck_deals"


def said(rule: str, at: datetime, subject: str = "deal:c1:D-1", **more: object) -> PastInsight:
    """A rule spoke of a deal."""
    return replace(PastInsight(rule, subject, at, None, (), ""), **more)  # type: ignore[arg-type]


def silent(
    name: str, *past: PastInsight, muted: Sequence[str] = (), now: datetime = NOW
) -> dict[str, datetime]:
    by_rule = {each.rule: [one for one in past if one.rule == each.rule] for each in past}
    return precedence.silent_until(RULES, name, by_rule, muted, now)


def test_those_that_speak_of_open_deals_know_each_other() -> None:
    assert precedence.weaker(RULES, DATES) == {QUIET, "no_next_step", STUCK}
    assert precedence.stronger(RULES, STUCK) == {DATES, QUIET, "no_next_step"}
    assert precedence.related(RULES, [STUCK]) == {DATES, QUIET, "no_next_step", STUCK}
    assert precedence.related(RULES, ["overdue_tasks"]) == {"overdue_tasks"}
    assert precedence.weaker(RULES, "referral_ask") == frozenset()


def test_the_strongest_is_asked_first() -> None:
    names = [STUCK, QUIET, "overdue_tasks", DATES, "no_next_step"]
    ordered = precedence.strongest_first(RULES, names)
    assert ordered == [DATES, "overdue_tasks", QUIET, "no_next_step", STUCK]


@pytest.mark.parametrize("name", sorted(time_rules(RULES)))
def test_no_rule_takes_the_place_of_itself_or_of_one_that_is_not_there(name: str) -> None:
    weaker = precedence.weaker(RULES, name)
    assert name not in weaker
    assert weaker <= RULES.keys()
    for each in weaker:
        assert name not in precedence.weaker(RULES, each)
        # Whatever the weaker one takes the place of, the stronger does too.
        assert precedence.weaker(RULES, each) - {"follow_up"} <= weaker


def test_for_a_fortnight_after_the_stronger_one_the_weaker_says_nothing_of_the_same() -> None:
    past = said(DATES, NOW - 2 * DAY)
    assert silent(STUCK, past) == {"deal:c1:D-1": NOW + 12 * DAY}
    assert silent(QUIET, past) == {"deal:c1:D-1": NOW + 12 * DAY}
    assert silent(DATES, past) == {}
    assert silent(STUCK, said(DATES, NOW - FORTNIGHT)) == {}


def test_for_a_week_after_the_weaker_one_the_stronger_says_nothing_but_what_is_worse() -> None:
    stuck = said(STUCK, NOW - 2 * DAY)
    assert silent(QUIET, stuck) == {"deal:c1:D-1": NOW + 5 * DAY}
    # That its date has passed is no other word for it.
    assert silent(DATES, stuck) == {}
    assert silent(QUIET, said(STUCK, NOW - WEEK)) == {}
    # Where it says so again and again, for a fortnight in all, but not on the days after.
    assert silent(QUIET, stuck, said(STUCK, NOW - 5 * DAY)) == {"deal:c1:D-1": NOW + 5 * DAY}
    assert silent(QUIET, stuck, said(STUCK, NOW - 11 * DAY)) == {"deal:c1:D-1": NOW + 3 * DAY}
    assert silent(QUIET, stuck, said(STUCK, NOW - 15 * DAY)) == {"deal:c1:D-1": NOW + DAY}
    again = said(STUCK, NOW - 3 * DAY)
    assert silent(QUIET, again, said(STUCK, NOW - 14 * DAY)) == {}
    # What was said long before was of another time.
    assert silent(QUIET, stuck, said(STUCK, NOW - 2 * DAY - FORTNIGHT)) == {
        "deal:c1:D-1": NOW + 5 * DAY
    }
    # The tip for a new deal says that there is no task.
    assert silent("no_next_step", said("follow_up", NOW - 2 * DAY)) == {
        "deal:c1:D-1": NOW + 5 * DAY
    }


def test_what_was_never_said_silences_nothing_and_what_was_settled_does_for_a_week() -> None:
    for rule, other in ((STUCK, QUIET), (QUIET, STUCK)):
        assert silent(rule, said(other, NOW - DAY, settled=say("Done."))) == {}
        assert silent(rule, said(other, NOW - DAY, missed=True)) == {}
    settled = said(QUIET, NOW - DAY, settled=say("Done."), said_at=NOW - DAY)
    assert silent(STUCK, settled) == {"deal:c1:D-1": NOW + 6 * DAY}
    # With the last word all that was said of it is settled.
    earlier = said(QUIET, NOW - 6 * DAY, said_at=NOW - 6 * DAY)
    assert silent(STUCK, settled, earlier) == {"deal:c1:D-1": NOW + 6 * DAY}
    another = said(QUIET, NOW - 6 * DAY, "deal:c1:D-2")
    assert silent(STUCK, settled, another)["deal:c1:D-2"] == NOW + 8 * DAY


def test_a_kind_that_is_muted_silences_no_other() -> None:
    assert silent(STUCK, said(DATES, NOW - DAY), muted=[DATES]) == {}


def test_what_was_left_standing_twice_in_a_week_is_not_said_by_another_either() -> None:
    twice = said(STUCK, NOW - 3 * DAY, unanswered_at=(NOW - 3 * DAY, NOW - DAY))
    assert silent(DATES, twice) == {"deal:c1:D-1": NOW + 4 * DAY}
    once = said(STUCK, NOW - 3 * DAY, unanswered_at=(NOW - 3 * DAY,))
    assert silent(DATES, once) == {}
    other = said(QUIET, NOW - 6 * DAY, unanswered_at=(NOW - 6 * DAY,))
    assert silent(DATES, once, other) == {"deal:c1:D-1": NOW + DAY}
    assert silent(DATES, twice, now=NOW + 4 * DAY) == {}


def test_what_it_said_twice_by_itself_is_left_to_attention() -> None:
    twice = said(STUCK, NOW - 3 * DAY, unanswered_at=(NOW - 3 * DAY, NOW - DAY))
    assert silent(STUCK, twice) == {}


def test_of_another_thing_it_may_speak() -> None:
    assert silent(STUCK, said(DATES, NOW, "deal:c1:D-2")).keys() == {"deal:c1:D-2"}


# What a list leaves out

LEADS = "stale_leads"
ANN = About(SubjectKind.CONTACT, "c1", "C-1")


def left_out(
    *past: PastInsight, muted: Sequence[str] = (), level: Level = Level.BALANCED, name: str = LEADS
) -> dict[str, datetime]:
    by_rule = {each.rule: [one for one in past if one.rule == each.rule] for each in past}
    return precedence.left_out_until(RULES, name, by_rule, muted, setting(level=level), NOW)


def quiet(at: datetime, **more: object) -> PastInsight:
    """A deal with Ann was told of as quiet."""
    deal = About(SubjectKind.DEAL, "c1", "D-1")
    told = said(QUIET, at, about=(deal, ANN), priority=Priority.MEDIUM)
    return replace(told, **more)  # type: ignore[arg-type]


def test_whose_deal_is_told_of_as_quiet_is_left_out_of_the_silent_leads_for_a_week() -> None:
    assert precedence.speakers(RULES, LEADS) == {QUIET}
    assert left_out(quiet(NOW - 2 * DAY)) == {"contact:c1:C-1": NOW + 5 * DAY}
    assert left_out(quiet(NOW - WEEK)) == {}
    assert left_out(quiet(NOW - DAY, dismissed_at=NOW)).keys() == {"contact:c1:C-1"}
    assert left_out(quiet(NOW - DAY), name="overdue_tasks") == {}


def test_who_does_not_hear_of_the_deal_hears_of_the_lead() -> None:
    told = quiet(NOW - DAY)
    assert left_out(told, muted=[QUIET]) == {}
    assert left_out(quiet(NOW - DAY, missed=True)) == {}
    assert left_out(quiet(NOW - DAY, settled=say("Done."), said_at=NOW - DAY)) == {}
    # There it waits for the digest.
    assert left_out(told, level=Level.MINIMAL) == {}
    assert left_out(quiet(NOW - DAY, priority=Priority.HIGH), level=Level.MINIMAL) != {}


def test_a_list_is_asked_after_what_it_leaves_out() -> None:
    assert precedence.strongest_first(RULES, [LEADS, QUIET, STUCK]) == [QUIET, STUCK, LEADS]
