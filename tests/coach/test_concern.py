"""Of what a rule does not ask nothing is its business, so that nothing need be known of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from coach import engine
from coach.keys import kind_of, subject_key
from coach.knowledge import LIVES_OF_DEALS, USUAL_ANSWER, Answered, Known, Life
from coach.models import Contact, Deal, DealStatus, Subject, SubjectKind
from coach.rule import any_thing
from tests.coach.values import ANA, CALL, NOW

AGO = NOW - timedelta(days=3)
WANTED = replace(ANA, settings=replace(ANA.settings, also=("no_next_step", "first_response")))

OPEN = Deal("c1", "D-1", stage="Demo", person_id=ANA.id, created_at=AGO, stage_entered_at=AGO)
LEAD = Contact("c1", "C-1", status="LEAD", created_at=AGO, silent_since=AGO, person_id=ANA.id)

THINGS: Sequence[Subject] = (
    OPEN,
    replace(OPEN, status=DealStatus.WON),
    replace(OPEN, status=DealStatus.LOST),
    replace(OPEN, deleted=True),
    LEAD,
    replace(LEAD, status="CUSTOMER"),
    replace(LEAD, deleted=True),
    CALL,
)

RULES = engine.time_rules(engine.load_rules())


def known_of(thing: Subject) -> Known:
    lives = {subject_key(thing): Life(AGO, AGO)}
    return Known({LIVES_OF_DEALS.name: lives, USUAL_ANSWER.name: Answered(60, 20)})


@pytest.mark.parametrize("name", sorted(RULES))
def test_of_what_a_rule_does_not_ask_nothing_is_its_business(name: str) -> None:
    rule = RULES[name]
    passed_by = [each for each in THINGS if kind_of(each) is rule.kind and not rule.asks_of(each)]
    for thing in passed_by:
        assert engine.due(rule, thing, WANTED, known_of(thing)) is None


@pytest.mark.parametrize("name", sorted(name for name in RULES if RULES[name].knows))
def test_whoever_has_to_know_asks_of_what_is_its_business_and_of_little_else(name: str) -> None:
    rule = RULES[name]
    asked = [thing for thing in THINGS if rule.asks_of(thing)]
    assert rule.asks_of is not any_thing
    assert asked == [OPEN if rule.kind is SubjectKind.DEAL else LEAD]
    assert engine.due(rule, asked[0], WANTED, known_of(asked[0])) is not None
