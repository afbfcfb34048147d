"""Messages of many insights: what is left out makes room, and the title says what became of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.slack.blocks.brief import brief
from bot.slack.blocks.digest import digest
from coach.importance import Worth
from coach.models import Insight, InsightState, Priority
from coach.phrases import say
from tests.bot.slack.blocks.values import NOW, VOICE, insight

BEFORE = NOW - timedelta(minutes=5)


def things(*states: InsightState) -> list[Insight]:
    """Insights in these states, by number."""
    return [
        insight(fingerprint=str(n) * 32, state=state, message=say(f"Thing {n}."))
        for n, state in enumerate(states, 1)
    ]


def drawn(insights: Sequence[Insight], *, superseded: bool = False) -> tuple[str, str]:
    """The notification and all that a brief of these says."""
    made = brief(insights, VOICE, lambda _: None, superseded=superseded, now=NOW)
    assert made is not None
    return made[0], str(made[1])


OPEN, TAKEN, DISMISSED = InsightState.OPEN, InsightState.TAKEN, InsightState.DISMISSED
EXPIRED, RESOLVED = InsightState.EXPIRED, InsightState.RESOLVED


def test_what_ran_out_leaves_no_gap_in_a_brief() -> None:
    text, said = drawn(things(EXPIRED, OPEN, EXPIRED, OPEN, OPEN, OPEN))
    assert text == "Your three for today, the most important first: Thing 2."
    assert [n for n in range(1, 7) if f"Thing {n}." in said] == [2, 4, 5]
    assert "1 thing more waits." in said


def worth(**amounts: float) -> dict[str, Worth]:
    """The money at stake in things by their numbers, as in `_2=100`."""
    return {name.strip("_") * 32: Worth("EUR", amount) for name, amount in amounts.items()}


@pytest.mark.parametrize(
    ("states", "at_stake", "in_order"),
    [
        ((OPEN, OPEN, OPEN), worth(_1=300, _2=200, _3=100), True),
        ((OPEN, OPEN, OPEN), worth(_1=200, _2=300, _3=100), False),
        # What is known comes before what is not; equals are in order either way.
        ((OPEN, OPEN, OPEN), worth(_1=300, _3=100), False),
        ((OPEN, OPEN, OPEN), worth(_1=300, _2=300), True),
        # What is behind the button may matter more.
        ((OPEN, OPEN, OPEN, OPEN), worth(_1=300, _2=200, _3=100, _4=900), False),
        ((OPEN, OPEN, OPEN, OPEN), worth(_1=300, _2=200, _3=100, _4=50), True),
        # What waits no more is in nobody's way.
        ((TAKEN, OPEN, OPEN), worth(_1=100, _2=300, _3=200), True),
        ((OPEN, OPEN, OPEN, DISMISSED), worth(_1=300, _2=200, _3=100, _4=900), True),
    ],
)
def test_a_brief_claims_an_order_only_while_its_lines_are_in_it(
    states: tuple[InsightState, ...], at_stake: dict[str, Worth], in_order: bool
) -> None:
    made = brief(things(*states), VOICE, lambda _: None, superseded=False, now=NOW, worth=at_stake)
    assert made is not None
    assert made[0].startswith("Your three for today")
    assert ("the most important first" in made[0]) is in_order
    # It is the title that says so, and the lines are where they were.
    assert ("the most important first" in str(made[1])) is in_order
    places = [str(made[1]).index(f"Thing {n}.") for n in (1, 2, 3)]
    assert places == sorted(places)


def test_what_matters_more_by_its_priority_stands_above_for_the_same_claim() -> None:
    low, high = things(OPEN, OPEN)
    mixed = [replace(low, priority=Priority.LOW), replace(high, priority=Priority.HIGH)]
    assert "the most important first" not in drawn(mixed)[0]
    assert "the most important first" in drawn(mixed[::-1])[0]


def test_a_brief_whose_first_lines_ran_out_is_about_what_is_left() -> None:
    text, said = drawn(things(EXPIRED, EXPIRED, EXPIRED, OPEN))
    assert text == "One thing for today: Thing 4."
    assert "more wait" not in said


def test_what_merely_ran_out_is_not_called_done() -> None:
    assert drawn(things(TAKEN, RESOLVED))[0] == "Done for today"
    assert drawn(things(TAKEN, EXPIRED))[0] == (
        "What was done of these; the rest is no longer current"
    )
    late = [*things(TAKEN), insight(expires_at=BEFORE)]
    assert drawn(late)[0] == "What was done of these; the rest is no longer current"
    assert drawn(things(TAKEN, DISMISSED))[0] == "None of these waits for you now"
    assert drawn(things(DISMISSED, EXPIRED))[0] == (
        "What became of these; the rest is no longer current"
    )


def test_what_a_newer_brief_has_taken_over_is_called_neither_done_nor_over() -> None:
    text, said = drawn(things(TAKEN, OPEN), superseded=True)
    assert text == "What was done of these"
    assert "Thing 2." not in said
    assert drawn(things(DISMISSED, OPEN), superseded=True)[0] == "What became of these"


def test_a_brief_is_not_done_while_more_waits_behind_its_button() -> None:
    text, said = drawn(things(TAKEN, TAKEN, RESOLVED, OPEN))
    assert text == "Done so far"
    assert "1 thing more waits." in said


def test_a_digest_says_the_same_of_what_ran_out() -> None:
    made = digest(things(TAKEN, EXPIRED), VOICE, lambda _: None, superseded=False, now=NOW)
    assert made is not None
    assert made[0] == "What was done of these; the rest is no longer current"


@pytest.mark.parametrize(
    ("count", "title"),
    [
        (1, "One thing of Mon 23 Nov"),
        (2, "Your two of Mon 23 Nov, the most important first"),
        (3, "Your three of Mon 23 Nov, the most important first"),
    ],
)
def test_a_brief_of_another_day_says_so(count: int, title: str) -> None:
    insights = [insight(fingerprint=str(n) * 32) for n in range(count)]
    made = brief(insights, VOICE, lambda _: None, superseded=False, now=NOW, day=date(2026, 11, 23))
    assert made is not None
    assert made[0].startswith(title)
