"""Tests of asking the rules: freshness, levels, consent, next checks and fingerprints."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from coach import engine, keys
from coach.calendar import INSTANT
from coach.errors import RuleFaultError
from coach.keys import fingerprint, subject_key
from coach.knowledge import LARGE_VALUE, PRESSING_TASKS, Knowledge, Known
from coach.models import (
    About,
    Contact,
    Deal,
    Draft,
    Enrolment,
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
from coach.rule import ActionLook, ActionRule, PersonRule, Rule, TimeLook, TimeRule, Verdict
from coach.truth import TRUE, Over, Standing, TruthLook, always
from tests.coach.values import ANA, CALL, NOW, WON, did, look, said, setting, stored

HOUR = timedelta(hours=1)

DRAFT = Draft(
    "p1", "deal:c1:D-17", "once", Priority.HIGH, say("Well done."), say("You did."),
    Suggestion("create_task"), NOW + timedelta(days=1),
)  # fmt: skip


def action_rule(
    level: Level = Level.MINIMAL,
    verb: Verb = Verb.DEAL_CLOSED,
    answer: Callable[[ActionLook], Draft | None] = lambda _: DRAFT,
    shown: tuple[Knowledge[Any], ...] = (),
) -> ActionRule:
    """A rule that answers one verb."""
    return ActionRule(say("Tests"), say("Test."), level, frozenset({verb}), answer, always, shown)


def time_rule(
    level: Level = Level.MINIMAL,
    answer: Callable[[TimeLook], Verdict] = lambda _: Verdict([DRAFT], again_at=NOW),
) -> TimeRule:
    """A rule that has one thing to say, whatever is due."""

    def due(subject: Subject, person: Person, known: Known) -> datetime | None:
        return NOW if subject is WON else None

    return TimeRule(say("Tests"), say("Test."), level, SubjectKind.DEAL, due, answer, always)


def person_rule(answer: Draft | None = DRAFT) -> PersonRule:
    """A rule whose time is the beginning of every hour."""

    def next_hour(person: Person, after: datetime) -> datetime:
        return after.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)

    return PersonRule(
        say("Tests"), say("Test."), Level.MINIMAL, next_hour, lambda _: answer, always
    )


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


def test_only_what_rules_for_these_verbs_ask_for_is_shown() -> None:
    rules = {"next": action_rule(verb=Verb.TASK_COMPLETED, shown=(PRESSING_TASKS,))}
    assert engine.shown(rules, [Verb.TASK_COMPLETED]) == {PRESSING_TASKS}
    assert engine.shown(rules, [Verb.DEAL_CLOSED]) == set()


def test_what_was_not_found_out_is_nothing() -> None:
    assert Known()[PRESSING_TASKS] == ()
    assert Known({"large_value": {"EUR": 5.0}})[LARGE_VALUE] == {"EUR": 5.0}


def test_what_is_of_use_to_nobody_any_more_is_not_said() -> None:
    late = replace(WIN, now=NOW + timedelta(days=1), received_at=NOW)
    assert engine.on_activity({"won": action_rule()}, late) == []
    just = replace(late, now=late.now - timedelta(seconds=1))
    assert engine.on_activity({"won": action_rule()}, just)


# Whether it is still true


def asked(rule: Rule, *about: About, things: tuple[Subject, ...] = ()) -> TruthLook:
    """A look at what a rule has said of these things."""
    return TruthLook(NOW, ANA, stored(DRAFT, rule), about, things)


def over(_: TruthLook) -> Standing:
    """Nothing of it is true any more."""
    return Over(say("Settled."))


ITS = About(SubjectKind.DEAL, "c1", "D-17")


def test_a_rule_is_asked_about_what_it_has_said() -> None:
    rule = replace(action_rule(), still_true=over)
    assert engine.still_true({"rule": rule}, asked(rule, ITS)) == Over(say("Settled."))


def test_what_nothing_can_tell_otherwise_of_stays_true() -> None:
    rule = replace(action_rule(), still_true=over)
    assert engine.still_true({}, asked(rule, ITS)) == TRUE
    # Of what insights were about there was no record once.
    assert engine.still_true({"rule": rule}, asked(rule)) == TRUE
    weekly = replace(person_rule(), still_true=over)
    assert engine.still_true({"rule": weekly}, asked(weekly)) == Over(say("Settled."))


def test_of_a_rule_of_time_that_is_left_which_is_the_persons_and_due() -> None:
    seen: list[TruthLook] = []

    def note(look: TruthLook) -> Standing:
        seen.append(look)
        return TRUE

    rule = replace(time_rule(), still_true=note)
    others = replace(WON, person_id="p2")
    engine.still_true({"rule": rule}, asked(rule, ITS, things=(WON, others, CALL)))
    assert seen[0].left == [WON]


def test_a_rule_that_fails_over_it_is_told_from_others() -> None:
    def fail(_: TruthLook) -> Standing:
        raise ZeroDivisionError("nothing is left")

    rule = replace(action_rule(), still_true=fail)
    with pytest.raises(RuleFaultError, match="ZeroDivisionError: nothing is left"):
        engine.still_true({"rule": rule}, asked(rule, ITS))


def test_what_rules_are_to_know_for_it_is_what_they_ask_for() -> None:
    rules: dict[str, Rule] = {
        "a": action_rule(shown=(PRESSING_TASKS,)),
        "t": replace(time_rule(), knows=(LARGE_VALUE,)),
        "p": person_rule(),
    }
    assert engine.known_for_truth(rules, ["a", "t", "p", "gone"]) == {PRESSING_TASKS, LARGE_VALUE}


# Time


def test_a_time_rule_is_asked_about_what_is_due() -> None:
    # What holds for a day holds until work begins on the day after.
    morning = datetime(2026, 11, 24, 8, tzinfo=UTC)
    said = replace(DRAFT, expires_at=datetime(2026, 11, 25, 8, tzinfo=UTC))
    assert engine.on_time(time_rule(), look(WON)) == Verdict([said], again_at=morning)
    assert engine.due(time_rule(), WON, ANA, Known()) == NOW
    assert engine.due(time_rule(), CALL, ANA, Known()) is None


@pytest.mark.parametrize(
    "view",
    [
        look(WON, person=setting(enabled=False)),
        look(WON, person=replace(ANA, enrolment=Enrolment.DECLINED)),
        look(WON, person=setting(level=Level.MINIMAL)),
        look(),
    ],
    ids=["off", "declined", "level too low", "nothing due"],
)
def test_who_is_not_to_hear_hears_nothing_until_something_changes(view: TimeLook) -> None:
    assert engine.on_time(time_rule(Level.BALANCED), view) == Verdict()


def test_what_goes_wrong_in_a_rule_is_told_as_the_rules_fault() -> None:
    def fail(*_: object) -> Any:
        raise OverflowError("date value out of range")

    rule = replace(time_rule(), due=fail, evaluate=fail)
    with pytest.raises(RuleFaultError, match="OverflowError: date value out of range"):
        engine.due(rule, WON, ANA, Known())
    with pytest.raises(RuleFaultError, match="OverflowError: date value out of range"):
        engine.on_time(rule, look(WON))


def test_the_rules_of_time_are_those() -> None:
    rules: dict[str, Rule] = {
        "won": action_rule(),
        "stuck": time_rule(),
        "weekly": person_rule(),
    }
    assert list(engine.time_rules(rules)) == ["stuck"]
    assert list(engine.person_rules(rules)) == ["weekly"]


# Looks at a person


def test_a_person_is_looked_at_when_it_is_time_and_the_next_time_is_told() -> None:
    assert engine.on_person(person_rule(), look()) == Verdict([DRAFT], again_at=NOW + HOUR)
    silent = engine.on_person(person_rule(None), look())
    assert silent == Verdict([], again_at=NOW + HOUR)


def test_each_time_is_good_for_one_insight_and_the_next_for_another() -> None:
    for minutes, heard in ((1, False), (59, False), (60, True)):
        now = NOW + timedelta(minutes=minutes)
        verdict = engine.on_person(person_rule(), look(now=now, past=[said(DRAFT, NOW)]))
        assert bool(verdict.drafts) is heard, minutes


def test_a_time_that_is_long_past_is_good_no_more() -> None:
    def at_nine(person: Person, after: datetime) -> datetime:
        at = after.replace(hour=9, minute=0, second=0, microsecond=0)
        return at if at > after else at + timedelta(days=1)

    rule = replace(person_rule(), next=at_nine)
    for late, heard in ((engine.GOOD_FOR - INSTANT, True), (engine.GOOD_FOR, False)):
        verdict = engine.on_person(rule, look(now=NOW + late))
        assert (bool(verdict.drafts), verdict.again_at) == (heard, NOW + timedelta(days=1))


@pytest.mark.parametrize(
    "person",
    [
        setting(enabled=False),
        setting(level=Level.MINIMAL),
        replace(ANA, enrolment=Enrolment.DECLINED),
    ],
)
def test_who_does_not_hear_is_not_asked_about(person: Person) -> None:
    rule = replace(person_rule(), level=Level.BALANCED)
    verdict = engine.on_person(rule, look(person=person))
    assert verdict == Verdict([], again_at=NOW + HOUR)


def test_a_rule_whose_next_time_does_not_come_later_is_at_fault() -> None:
    rule = replace(person_rule(), next=lambda person, after: after)
    with pytest.raises(RuleFaultError, match="does not come after"):
        engine.on_person(rule, look())


def test_what_goes_wrong_in_a_look_is_told_as_the_rules_fault() -> None:
    def fail(_: TimeLook) -> Draft | None:
        raise ZeroDivisionError("division by zero")

    with pytest.raises(RuleFaultError, match="ZeroDivisionError: division by zero"):
        engine.on_person(replace(person_rule(), evaluate=fail), look())


# Priorities and identity


def test_priorities_sort_by_meaning() -> None:
    assert sorted(Priority, reverse=True) == [Priority.HIGH, Priority.MEDIUM, Priority.LOW]
    assert [each.word for each in Priority] == ["low", "medium", "high"]


def test_a_fingerprint_is_the_same_for_the_same_and_differs_for_all_else() -> None:
    prints = {
        fingerprint("w1", "won", DRAFT),
        fingerprint("w1", "won", replace(DRAFT, message=say("Other words."))),
    }
    assert len(prints) == 1
    prints |= {
        fingerprint("w2", "won", DRAFT),
        fingerprint("w1", "lost", DRAFT),
        fingerprint("w1", "won", replace(DRAFT, person_id="p2")),
        fingerprint("w1", "won", replace(DRAFT, subject="deal:c1:D-18")),
        fingerprint("w1", "won", replace(DRAFT, occasion="twice")),
    }
    assert len(prints) == 6
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in prints)


def test_no_id_of_a_stranger_makes_two_fingerprints_one() -> None:
    one = replace(DRAFT, subject="a\x1fb", occasion="c")
    other = replace(DRAFT, subject="a", occasion="b\x1fc")
    assert fingerprint("w", "r", one) != fingerprint("w", "r", other)


def test_a_subject_is_one_word() -> None:
    assert subject_key(Deal("c1", "1")) == "deal:c1:1"
    assert subject_key(Contact("c1", "1")) == "contact:c1:1"
    assert subject_key(CALL) == "task:c1:T-1"


def test_a_rules_kind_says_the_type_of_its_insights() -> None:
    assert engine.type_of(action_rule()) is InsightType.ACTION
    assert engine.type_of(time_rule()) is InsightType.TIME
    assert engine.type_of(person_rule()) is InsightType.TIME


def test_what_an_insight_is_about_is_told_with_the_state_that_called_it_forth() -> None:
    assert keys.about(Deal("c1", "1")) == About(SubjectKind.DEAL, "c1", "1")
    changed = keys.about(Contact("c1", "1"), NOW)
    assert (changed.kind, changed.mark) == (SubjectKind.CONTACT, str(NOW))
    assert changed != keys.about(Contact("c1", "1"))
