"""What was said of late, and how it was answered, changes what comes next."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from coach.history import ANSWERED, Said, looked_back
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


def at(*, days: float = 0, by: str = "card", answered: bool = False, rule: str = "a") -> Said:
    """Something left unanswered that was said so long ago."""
    when = NOW - timedelta(days=days)
    return Said(rule, "deal:c1:D-1", when, by, InsightState.OPEN, answered=answered)


def days_of(count: int, **more: Any) -> list[Said]:
    """The same on each of the last so many days before today."""
    return [at(days=day + 1, **more) for day in range(count)]


def test_a_message_of_many_lines_counts_once_and_only_today_by_their_own_clock() -> None:
    brief = [replace(at(by="brief"), subject=f"deal:c1:D-{n}") for n in range(3)]
    madrid = replace(ANA, time_zone="Europe/Madrid")
    # Half past midnight there, the day before in London.
    night = at(days=10.5 / 24)
    assert looked_back(madrid, [*brief, at(days=0.1), at(days=1), night], (), NOW).today == 3
    assert looked_back(ANA, [*brief, at(days=1), night], (), NOW).today == 1


def test_the_same_is_counted_as_unanswered_for_a_week() -> None:
    found = looked_back(ANA, [at(days=1), at(days=6.9), at(days=7)], (), NOW)
    assert found.unanswered == {("a", "deal:c1:D-1"): 2}


def test_every_time_the_same_was_said_counts_and_its_answer_once() -> None:
    twice = [replace(at(days=2), again=True), at(days=1)]
    assert looked_back(ANA, twice, (), NOW).unanswered == {("a", "deal:c1:D-1"): 2}
    sent_away = [
        replace(each, state=InsightState.DISMISSED, dismissed_as=Dismissed.NOT_RELEVANT)
        for each in twice
    ]
    found = looked_back(ANA, sent_away * 3, (), NOW)
    assert (found.not_relevant, found.stepped_back) == ({"a": 3}, frozenset())


def test_a_kind_steps_back_after_five_days_without_an_answer() -> None:
    def stepped_back(said: list[Said]) -> bool:
        return "a" in looked_back(ANA, said, (), NOW).stepped_back

    assert stepped_back(days_of(5))
    # Today is not over, and five on one day are one day.
    assert not stepped_back([*days_of(4), at()])
    assert not stepped_back([at(days=1, by=f"{n}") for n in range(5)])
    # An answer begins it anew: taking it, putting it off, wanting to go on.
    taken = replace(at(days=2.5), state=InsightState.TAKEN)
    assert not stepped_back([*days_of(5), taken])
    assert not stepped_back([*days_of(5), at(days=2.5, answered=True)])
    assert not stepped_back([*days_of(5), at(days=2.5, by=ANSWERED)])


def test_what_settles_itself_brings_back_no_kind_that_has_stepped_back() -> None:
    def stepped_back(said: list[Said]) -> bool:
        return "a" in looked_back(ANA, said, (), NOW).stepped_back

    settled = replace(at(days=0.5), state=InsightState.RESOLVED)
    assert stepped_back([*days_of(5), settled])
    # Until it has, whoever does it in the CRM is seen to go by it.
    assert not stepped_back([*days_of(5), replace(settled, said_at=at(days=2.5).said_at)])


def test_it_is_asked_about_after_three_digests_once_it_has_stepped_back() -> None:
    def tired(said: list[Said]) -> bool:
        return "a" in looked_back(ANA, said, (), NOW).tired

    cards = [at(days=day) for day in range(10, 15)]
    assert tired([*cards, *days_of(3, by="digest")])
    assert not tired([*cards, *days_of(2, by="digest"), at(by="digest")])
    assert not tired([*cards, *days_of(3)])
    # What has always been in the digest only is not asked about so soon.
    assert not tired(days_of(3, by="digest"))
