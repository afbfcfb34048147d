"""Of one thing one rule speaks at a time, and all of them together twice a week at most."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from coach import precedence
from coach.engine import load_rules, time_rules
from coach.models import PastInsight
from coach.phrases import say
from coach.repetition import WEEK
from coach.rule import Rule
from tests.coach.values import NOW

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


def test_for_a_week_after_the_stronger_one_the_weaker_says_nothing_of_the_same() -> None:
    past = said(DATES, NOW - 2 * DAY)
    assert silent(STUCK, past) == {"deal:c1:D-1": NOW + 5 * DAY}
    assert silent(QUIET, past) == {"deal:c1:D-1": NOW + 5 * DAY}
    assert silent(DATES, past) == {}
    assert silent(DATES, said(STUCK, NOW - 2 * DAY)) == {}
    assert silent(STUCK, said(DATES, NOW - WEEK)) == {}


def test_what_was_settled_or_never_seen_silences_nothing() -> None:
    assert silent(STUCK, said(DATES, NOW - DAY, settled=say("Done."))) == {}
    assert silent(STUCK, said(DATES, NOW - DAY, missed=True)) == {}


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
