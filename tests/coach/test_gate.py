"""Each gate holds back what it is there for, and its name is told."""

from dataclasses import replace

import pytest

from coach.gate import judged
from coach.pattern import Held, Least, Looked, Pattern, Whose
from coach.phrases import say

LEAST = Least()

PATTERN = Pattern(
    say("Any"), say("Any?"), Whose.BOTH, LEAST, lambda scope: [], lambda looked, own: say("So.")
)

#: Nothing holds this back.
GOOD = Looked("Referral", 60, 30, 300, 75, 0.0001, 0.25, (0.3, 0.2), people=6, one_persons=0.3)


def held(looked: Looked, *others: Looked, owner: int | None = None, small: bool = False) -> str:
    """What holds it back, among others."""
    found = [("any", owner, each) for each in (looked, *others)]
    first = judged({"any": PATTERN}, found, small=small)[0]
    return first.held_by.value if first.held_by else "passed"


def test_what_is_large_sure_lasting_and_many_peoples_passes() -> None:
    assert held(GOOD) == "passed"


@pytest.mark.parametrize(
    ("changed", "gate"),
    [
        ({"n": 19, "k": 10}, Held.COUNTS),
        ({"rest_n": 19, "rest_k": 1}, Held.COUNTS),
        ({"p": None}, Held.COUNTS),
        ({"people": 4}, Held.PEOPLE),
        ({"one_persons": 0.51}, Held.PEOPLE),
        ({"p": 0.05}, Held.TEST),
        ({"k": 17}, Held.EFFECT),
        ({"apart": 0.04}, Held.EFFECT),
        ({"apart": -0.25, "halves": (-0.3, -0.2)}, Held.EFFECT),
        ({"apart": None}, Held.EFFECT),
        ({"halves": (0.3, -0.01)}, Held.STABILITY),
        ({"halves": (0.42, 0.08)}, Held.STABILITY),
        ({"halves": (0.3, None)}, Held.STABILITY),
    ],
)
def test_each_gate_holds_back_its_own(changed: dict[str, object], gate: Held) -> None:
    assert held(replace(GOOD, **changed)) == gate  # type: ignore[arg-type]


def test_what_is_unlikely_by_itself_is_not_among_many_others() -> None:
    one = replace(GOOD, p=0.01)
    chance = [replace(GOOD, p=0.5)] * 9
    assert held(one) == "passed"
    assert held(one, *chance[:8]) == "passed"
    assert held(one, *chance, *chance) == Held.FAMILY


def test_what_is_plain_to_see_makes_no_room_for_what_is_not() -> None:
    one = replace(GOOD, p=0.02)
    facts = [replace(GOOD, p=1e-90, is_fact=True)] * 40
    others = [replace(GOOD, p=0.5)] * 30
    assert held(one, *others) == Held.FAMILY
    assert held(one, *others, *facts) == Held.FAMILY
    assert held(one, *others, *[replace(each, is_fact=False) for each in facts]) == "passed"
    assert held(facts[0], *others) == "passed"
    # By itself it must be sure among all that was looked at.
    assert held(replace(GOOD, p=0.005, is_fact=True), *others) == Held.FAMILY


def test_what_was_not_tested_is_no_part_of_the_family() -> None:
    one = replace(GOOD, p=0.01)
    assert held(one, *[replace(GOOD, n=5, p=0.5)] * 100) == "passed"
    assert held(one, *[replace(GOOD, people=1, p=0.5)] * 100) == "passed"


def test_a_person_hears_of_their_own_however_few_have_a_part_in_it() -> None:
    assert held(replace(GOOD, people=1, one_persons=1.0), owner=0) == "passed"
    assert held(GOOD, owner=0, small=True) == "passed"
    assert held(GOOD, small=True) == Held.PEOPLE


def test_an_estimate_passes_by_its_interval_and_by_holding_in_both_halves() -> None:
    half = Looked("", 300, 200, 100, apart=20.0, halves=(15.0, 26.0), likely=(52.0, 68.0), people=6)
    assert held(half) == "passed"
    assert held(replace(half, likely=(30.0, 90.0))) == Held.TEST
    assert held(replace(half, likely=(52.0, float("inf")))) == Held.TEST
    assert held(replace(half, halves=(6.0, 26.0))) == Held.STABILITY
    assert held(replace(half, halves=(15.0, None))) == Held.STABILITY
    assert held(replace(half, people=4)) == Held.PEOPLE


def test_a_smaller_share_is_told_too_but_where_only_more_is_worth_a_word() -> None:
    fewer = replace(GOOD, k=5, apart=-0.17, halves=(-0.2, -0.15))
    assert held(fewer) == "passed"
    only_more = replace(PATTERN, least=Least(more_only=True))
    (first,) = judged({"any": only_more}, [("any", None, fewer)], small=False)
    assert first.held_by is Held.EFFECT


def test_the_interval_is_told_of_whatever_was_looked_at() -> None:
    (first,) = judged({"any": PATTERN}, [("any", None, GOOD)], small=False)
    assert first.interval == pytest.approx((0.377, 0.623), abs=0.001)
    assert first.q == pytest.approx(0.0001)
    (nothing,) = judged({"any": PATTERN}, [("any", None, Looked("", 0, 0))], small=False)
    assert nothing.interval is None
