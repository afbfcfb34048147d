"""Tests of asking the rules: freshness, levels, consent, next checks and fingerprints."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from coach import engine
from coach.engine import ActionLook, ActionRule, Need, Rule, TimeLook, TimeRule, Verdict
from coach.models import (
    Contact,
    Deal,
    Draft,
    Enrolment,
    InsightState,
    InsightType,
    Level,
    Person,
    Priority,
    Subject,
    SubjectKind,
    Suggestion,
    Verb,
)
from coach.phrases import say
from tests.coach.values import ANA, CALL, NOW, WON, did, look, setting

DRAFT = Draft(
    "p1", "deal:c1:D-17", "once", Priority.HIGH, say("Well done."), say("You did."),
    Suggestion("create_task"), NOW + timedelta(days=1),
)  # fmt: skip


def action_rule(
    level: Level = Level.MINIMAL,
    verb: Verb = Verb.DEAL_CLOSED,
    answer: Callable[[ActionLook], Draft | None] = lambda _: DRAFT,
    needs: Need = Need.NOTHING,
) -> ActionRule:
    """A rule that answers one verb."""
    return ActionRule("Test.", level, frozenset({verb}), answer, needs)


def time_rule(
    level: Level = Level.MINIMAL,
    kind: SubjectKind = SubjectKind.DEAL,
    ripe_at: datetime | None = None,
) -> TimeRule:
    """A rule that has one thing to say, whatever is ripe."""

    def cutoff(now: datetime, person: Person) -> datetime | date:
        return now

    def ripe(subject: Subject, person: Person) -> datetime | None:
        return ripe_at

    def evaluate(look: TimeLook) -> Verdict:
        return Verdict([DRAFT], again_at=look.now + timedelta(hours=5))

    return TimeRule("Test.", level, kind, "stage_entered_at", cutoff, ripe, evaluate)


WIN = did(Verb.DEAL_CLOSED, deal=WON)


# Answers to what somebody did


def test_a_rule_answers_its_verbs_and_no_others() -> None:
    rules = {"won": action_rule(), "made": action_rule(verb=Verb.DEAL_CREATED)}
    assert engine.on_activity(rules, WIN) == [("won", DRAFT)]


def test_a_rule_with_nothing_to_say_says_nothing() -> None:
    assert engine.on_activity({"won": action_rule(answer=lambda _: None)}, WIN) == []


def test_old_news_calls_forth_nothing() -> None:
    rules = {"won": action_rule()}
    fresh = did(Verb.DEAL_CLOSED, deal=WON, occurred_at=NOW - timedelta(minutes=15))
    old = did(Verb.DEAL_CLOSED, deal=WON, occurred_at=NOW - timedelta(minutes=15, seconds=1))
    assert engine.on_activity(rules, fresh)
    assert engine.on_activity(rules, old) == []


@pytest.mark.parametrize(
    ("person", "heard"),
    [
        (setting(enabled=False), False),
        (replace(ANA, enrolment=Enrolment.DECLINED), False),
        (replace(ANA, enrolment=Enrolment.NEW), True),
        (replace(ANA, enrolment=Enrolment.INVITED), True),
        (ANA, True),
    ],
)
def test_nothing_is_made_for_one_who_does_not_listen(person: Person, heard: bool) -> None:
    look = did(Verb.DEAL_CLOSED, deal=WON, person=person)
    assert bool(engine.on_activity({"won": action_rule()}, look)) is heard


@pytest.mark.parametrize("rule_level", Level)
@pytest.mark.parametrize("own", Level)
def test_a_rule_speaks_from_its_level_up(rule_level: Level, own: Level) -> None:
    look = did(Verb.DEAL_CLOSED, deal=WON, person=setting(level=own))
    said = engine.on_activity({"won": action_rule(rule_level)}, look)
    assert bool(said) is (own >= rule_level)


def test_only_what_rules_for_these_verbs_need_is_loaded() -> None:
    rules = {"next": action_rule(verb=Verb.TASK_COMPLETED, needs=Need.PRESSING_TASKS)}
    assert engine.needs(rules, [Verb.TASK_COMPLETED]) is Need.PRESSING_TASKS
    assert engine.needs(rules, [Verb.DEAL_CLOSED]) is Need.NOTHING


# Time


def test_a_time_rule_is_asked_about_what_is_ripe() -> None:
    verdict = engine.on_time({"stuck": time_rule()}, "stuck", look(WON))
    assert verdict == Verdict([DRAFT], again_at=NOW + timedelta(hours=5))


@pytest.mark.parametrize(
    "view",
    [
        look(WON, person=setting(enabled=False)),
        look(WON, person=replace(ANA, enrolment=Enrolment.DECLINED)),
        look(WON, person=setting(level=Level.MINIMAL)),
        look(),
    ],
    ids=["off", "declined", "level too low", "nothing ripe"],
)
def test_who_is_not_to_hear_is_looked_at_again_a_day_later(view: TimeLook) -> None:
    verdict = engine.on_time({"stuck": time_rule(Level.BALANCED)}, "stuck", view)
    assert verdict == Verdict(again_at=NOW + timedelta(days=1))


def test_an_action_rule_is_not_asked_about_time() -> None:
    with pytest.raises(TypeError, match="won is not a time rule"):
        engine.on_time({"won": action_rule()}, "won", look(WON))


def test_the_next_check_is_the_earliest_that_a_rule_of_the_kind_asks_for() -> None:
    rules: dict[str, Rule] = {
        "late": time_rule(ripe_at=NOW + timedelta(days=5)),
        "early": time_rule(ripe_at=NOW + timedelta(days=2)),
        "never": time_rule(),
        "other": time_rule(kind=SubjectKind.TASK, ripe_at=NOW),
        "won": action_rule(),
    }
    assert engine.next_check(rules, SubjectKind.DEAL, WON, ANA) == NOW + timedelta(days=2)


def test_what_no_rule_waits_for_is_never_checked() -> None:
    rules: dict[str, Rule] = {"never": time_rule(), "won": action_rule()}
    assert engine.next_check(rules, SubjectKind.DEAL, WON, ANA) is None


# Levels, consent and identity


@pytest.mark.parametrize(
    ("level", "admitted"),
    [
        (Level.MINIMAL, {Priority.HIGH}),
        (Level.BALANCED, {Priority.HIGH, Priority.MEDIUM}),
        (Level.ACTIVE, {Priority.HIGH, Priority.MEDIUM, Priority.LOW}),
    ],
)
def test_a_level_admits_its_priorities(level: Level, admitted: set[Priority]) -> None:
    assert {priority for priority in Priority if engine.admits(level, priority)} == admitted


@pytest.mark.parametrize(
    ("person", "priority", "state"),
    [
        (ANA, Priority.MEDIUM, InsightState.QUEUED),
        (ANA, Priority.LOW, InsightState.QUIET),
        (setting(level=Level.MINIMAL), Priority.MEDIUM, InsightState.QUIET),
        (replace(ANA, enrolment=Enrolment.NEW), Priority.HIGH, InsightState.HELD),
        (replace(ANA, enrolment=Enrolment.INVITED), Priority.HIGH, InsightState.HELD),
        (replace(ANA, slack_user_id=None), Priority.HIGH, InsightState.HELD),
        (replace(ANA, enrolment=Enrolment.NEW), Priority.LOW, InsightState.QUIET),
    ],
)
def test_an_insight_begins_queued_only_with_consent_and_at_its_level(
    person: Person, priority: Priority, state: InsightState
) -> None:
    assert engine.first_state(person, priority) is state


def test_priorities_sort_by_meaning() -> None:
    assert sorted(Priority, reverse=True) == [Priority.HIGH, Priority.MEDIUM, Priority.LOW]
    assert [each.word for each in Priority] == ["low", "medium", "high"]


def test_a_fingerprint_is_the_same_for_the_same_and_differs_for_all_else() -> None:
    prints = {
        engine.fingerprint("w1", "won", DRAFT),
        engine.fingerprint("w1", "won", replace(DRAFT, message=say("Other words."))),
    }
    assert len(prints) == 1
    prints |= {
        engine.fingerprint("w2", "won", DRAFT),
        engine.fingerprint("w1", "lost", DRAFT),
        engine.fingerprint("w1", "won", replace(DRAFT, person_id="p2")),
        engine.fingerprint("w1", "won", replace(DRAFT, subject="deal:c1:D-18")),
        engine.fingerprint("w1", "won", replace(DRAFT, occasion="twice")),
    }
    assert len(prints) == 6
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in prints)


def test_no_id_of_a_stranger_makes_two_fingerprints_one() -> None:
    one = replace(DRAFT, subject="a\x1fb", occasion="c")
    other = replace(DRAFT, subject="a", occasion="b\x1fc")
    assert engine.fingerprint("w", "r", one) != engine.fingerprint("w", "r", other)


def test_a_subject_is_one_word() -> None:
    assert engine.subject_key(Deal("c1", "1")) == "deal:c1:1"
    assert engine.subject_key(Contact("c1", "1")) == "contact:c1:1"
    assert engine.subject_key(CALL) == "task:c1:T-1"


def test_a_rules_kind_says_the_type_of_its_insights() -> None:
    assert engine.type_of(action_rule()) is InsightType.ACTION
    assert engine.type_of(time_rule()) is InsightType.TIME
