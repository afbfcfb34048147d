"""Patterns are told once, one a week, and taken back in words when they no longer hold."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from coach import engine
from coach.knowledge import PATTERNS, FoundPattern, Known
from coach.models import (
    Draft,
    InsightType,
    Level,
    PastInsight,
    Priority,
    Settings,
)
from coach.old_deals import OpenDeal
from coach.phrases import say
from coach.rule import TimeLook
from coach.rules.patterns import LASTS, RULE, next_time
from coach.truth import Changed, Over, StillTrue
from coach.wording import plain
from tests.coach.values import ANA, standing

#: A Tuesday; nine o'clock in Madrid.
NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
DAY = timedelta(days=1)

PERSON = replace(ANA, settings=Settings(level=Level.ACTIVE))

SOURCE = FoundPattern(
    "k1",
    "won_by_source",
    "Referral",
    False,
    say("Your team's deals by source: Referral 12 of 31 won."),
    {"group": "Referral", "n": 31, "k": 12, "rest_n": 210, "rest_k": 41},
    0.001,
    NOW - DAY,
    None,
)
OWN = replace(SOURCE, key="k2", own=True, chance=0.01, message=say("Your deals by source."))

OLD = replace(
    SOURCE,
    key="k3",
    pattern="open_too_long",
    group="",
    own=True,
    figures={"days": 138, "rest_n": 6711, "own": 0},
    open_deals=(
        *[OpenDeal(NOW - 200 * DAY, NOW - 200 * DAY)] * 4,
        OpenDeal(NOW - 139 * DAY, None),
        # Too young by a day, moved on lately, and of unknown age.
        OpenDeal(NOW - 138 * DAY, None),
        OpenDeal(NOW - 300 * DAY, NOW - 3 * DAY),
        OpenDeal(None, None),
    ),
)


def said(
    *found: FoundPattern, past: Sequence[PastInsight] = (), now: datetime = NOW
) -> Draft | None:
    """What the rule says of these."""
    look = TimeLook(now, PERSON, (), 0, past, Known({PATTERNS.name: found}))
    return engine.on_person(RULE, look).drafts[0] if engine.on_person(RULE, look).drafts else None


def words(draft: Draft | None) -> str:
    assert draft is not None
    return plain(draft.message)


def told(each: FoundPattern, **more: object) -> PastInsight:
    """That they were told of it last week."""
    draft = said(each, now=NOW - 7 * DAY)
    assert draft is not None
    at = NOW - 7 * DAY
    return PastInsight("patterns", draft.subject, at, None, (), draft.occasion, **more)  # type: ignore[arg-type]


def test_one_at_a_time_is_told_ones_own_before_the_teams() -> None:
    assert words(said(SOURCE)) == "Your team's deals by source: Referral 12 of 31 won."
    assert words(said(SOURCE, OWN)) == "Your deals by source."
    draft = said(SOURCE)
    assert draft is not None
    assert draft.priority is Priority.LOW
    assert draft.expires_at == NOW + LASTS
    assert said() is None


def test_a_week_brings_one_and_what_was_told_is_no_news() -> None:
    assert words(said(SOURCE, OWN, past=[told(OWN)])).startswith("Your team's deals")
    assert said(SOURCE, OWN, past=[told(OWN), told(SOURCE)]) is None
    # What nobody got to see is told once more.
    assert words(said(OWN, past=[told(OWN, missed=True)])) == "Your deals by source."
    this_morning = replace(told(OWN), created_at=NOW)
    assert said(SOURCE, OWN, past=[this_morning], now=NOW + timedelta(hours=1)) is None


def test_found_anew_after_it_was_over_it_is_news() -> None:
    again = replace(SOURCE, found_at=NOW)
    assert words(said(again, past=[told(SOURCE)])).startswith("Your team's deals")


def test_what_no_longer_holds_is_taken_back_once_before_anything_new_is_said() -> None:
    over = replace(SOURCE, gone_at=NOW - timedelta(hours=3))
    draft = said(OWN, over, past=[told(SOURCE)])
    assert words(draft) == (
        "Taken back: later deals no longer show what you were told on Tue 17 Nov. It was: "
        "Your team's deals by source: Referral 12 of 31 won."
    )
    assert draft is not None
    back = PastInsight("patterns", draft.subject, NOW, None, (), draft.occasion)
    later = NOW + 7 * DAY
    assert words(said(OWN, over, past=[back, told(SOURCE)], now=later)) == "Your deals by source."


@pytest.mark.parametrize(
    "more",
    [{"missed": True}, {"settled": say("The card has said it.")}],
)
def test_who_was_not_told_or_knows_already_hears_of_no_end(more: dict[str, object]) -> None:
    over = replace(SOURCE, gone_at=NOW)
    assert said(over) is None
    assert said(over, past=[told(SOURCE, **more)]) is None
    assert said(over, past=[replace(told(SOURCE), dismissed_at=NOW - DAY)]) is None


def test_old_deals_come_first_and_as_they_are_today() -> None:
    draft = said(SOURCE, OWN, OLD)
    assert words(draft) == (
        "5 of your 8 open deals are older than 138 days; of your team's 6,711 closed when "
        "this was counted none took longer. Close or restart them?"
    )
    assert draft is not None
    assert draft.suggestion.action == "view_old_deals"
    assert draft.suggestion.params == {"days": 138, "count": 5}
    alone = replace(OLD, figures={"days": 138, "rest_n": 120, "own": 1})
    # Those still open are as many as today, and the closed ones as when they were counted.
    told_alone = words(said(alone))
    assert "of your 120 closed when this was counted none took longer" in told_alone
    assert words(said(replace(OLD, open_deals=OLD.open_deals[1:]))).startswith("4 of your 7")


def test_a_few_old_deals_are_no_list() -> None:
    assert said(replace(OLD, open_deals=OLD.open_deals[3:])) is None


def still(each: FoundPattern, *now_found: FoundPattern, now: datetime = NOW) -> object:
    draft = said(each)
    assert draft is not None
    known = Known({PATTERNS.name: now_found})
    return standing(RULE, draft, now=now, person=PERSON, known=known)


def test_it_is_true_until_it_no_longer_passes() -> None:
    assert isinstance(still(SOURCE, SOURCE), StillTrue)
    over = still(SOURCE, replace(SOURCE, gone_at=NOW))
    assert isinstance(over, Over)
    assert plain(over.words) == "Taken back: later deals no longer show it."
    gone = still(SOURCE)
    assert isinstance(gone, Over)
    assert plain(gone.words) == "It can no longer be told from the figures."


def test_the_number_of_old_deals_follows_them() -> None:
    fewer = replace(OLD, open_deals=OLD.open_deals[1:])
    changed = still(OLD, fewer)
    assert isinstance(changed, Changed)
    assert plain(changed.message).startswith("4 of your 7 open deals are older")
    over = still(OLD, replace(OLD, open_deals=OLD.open_deals[4:]))
    assert isinstance(over, Over)


def test_its_day_is_tuesday_or_the_day_of_work_after_it() -> None:
    monday = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert next_time(PERSON, monday) == NOW
    assert next_time(PERSON, NOW) == NOW + 7 * DAY
    short = replace(PERSON, settings=Settings(working_days=(4, 5)))
    assert next_time(short, monday) == NOW + 2 * DAY
    assert next_time(short, NOW) == NOW + 2 * DAY


def test_it_is_for_who_wants_to_hear_everything() -> None:
    assert RULE.level is Level.ACTIVE
    assert engine.type_of(RULE) is InsightType.PATTERN
    calm = replace(PERSON, settings=Settings(level=Level.BALANCED))
    look = TimeLook(NOW, calm, (), 0, (), Known({PATTERNS.name: (SOURCE,)}))
    assert not engine.on_person(RULE, look).drafts
