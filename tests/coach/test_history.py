"""What was said of late, and how it was answered, changes what comes next."""

from datetime import UTC, datetime, timedelta

import pytest

from coach.history import Said, looked_back
from coach.models import Dismissed, Enrolment, InsightState, Person

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
ANA = Person("w", "p1", "Ana", enrolment=Enrolment.STARTED)

#: By one sign each: not relevant, sent away, done already, bad data, taken, open, expired.
ANSWERS = {
    "n": (InsightState.DISMISSED, Dismissed.NOT_RELEVANT),
    "-": (InsightState.DISMISSED, None),
    "d": (InsightState.DISMISSED, Dismissed.ALREADY_DONE),
    "w": (InsightState.DISMISSED, Dismissed.WRONG_DATA),
    "t": (InsightState.TAKEN, None),
    "o": (InsightState.OPEN, None),
    "x": (InsightState.EXPIRED, None),
}


def said(answers: str, rule: str = "a") -> list[Said]:
    """What was said, the latest last, a day apart."""
    return [
        Said(rule, "deal:c1:D-1", NOW - timedelta(days=len(answers) - day), "card", *ANSWERS[each])
        for day, each in enumerate(answers)
    ]


@pytest.mark.parametrize(
    ("answers", "times"),
    [
        ("", 0),
        ("nnn", 3),
        ("nn-n", 3),
        ("nxno", 2),
        ("nntn", 1),
        ("nnw", 0),
        ("nndnn", 2),
        ("nnnnnnn", 7),
    ],
)
def test_how_often_in_a_row_a_kind_was_called_not_relevant(answers: str, times: int) -> None:
    assert looked_back(ANA, said(answers), (), NOW).not_relevant.get("a", 0) == times


def test_each_kind_is_counted_by_itself() -> None:
    found = looked_back(ANA, [*said("nnn"), *said("n", "b")], (), NOW)
    assert found.not_relevant == {"a": 3, "b": 1}


def test_what_was_done_already_is_not_sent_away() -> None:
    assert looked_back(ANA, said("------"), (), NOW).stepped_back == {"a"}
    assert looked_back(ANA, said("dddddd"), (), NOW).stepped_back == frozenset()
