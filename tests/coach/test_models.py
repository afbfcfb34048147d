"""Tests of the domain's words."""

from dataclasses import replace
from datetime import timedelta

import pytest

from coach.models import (
    Contact,
    Deal,
    Enrolment,
    Insight,
    InsightState,
    InsightType,
    Person,
    Priority,
    Suggestion,
    Task,
)
from coach.phrases import say
from coach.wording import plain
from tests.coach.values import ANA, NOW, setting

INSIGHT = Insight(
    "w1", "f", "p1", "referral_ask", InsightType.ACTION, Priority.HIGH, "deal:c1:D-17",
    say("Well done."), say("You did."), Suggestion("create_task"), InsightState.OPEN,
    NOW, NOW + timedelta(days=1),
)  # fmt: skip


@pytest.mark.parametrize(
    ("thing", "name"),
    [
        (Deal("c1", "D-1", "Acme"), "Acme"),
        (Deal("c1", "D-1"), "deal D-1"),
        (Contact("c1", "C-1", "Ann", "ann@acme.example"), "Ann"),
        (Contact("c1", "C-1", email="ann@acme.example"), "ann@acme.example"),
        (Contact("c1", "C-1"), "contact C-1"),
        (Task("c1", "T-1", "Call"), "Call"),
        (Task("c1", "T-1"), "task T-1"),
    ],
)
def test_everything_has_a_name_for_people(thing: Deal | Contact | Task, name: str) -> None:
    assert thing.name == name
    assert plain(say("{thing}", thing=thing.thing)) == name


@pytest.mark.parametrize(
    ("status", "is_lead"),
    [("LEAD", True), ("prospect", True), ("CUSTOMER", False), (None, False), ("", False)],
)
def test_leads_and_prospects_are_leads(status: str | None, is_lead: bool) -> None:
    assert Contact("c1", "C-1", status=status).is_lead is is_lead


@pytest.mark.parametrize(
    ("person", "listens"),
    [
        (ANA, True),
        (setting(enabled=False), False),
        *((replace(ANA, enrolment=each), each is not Enrolment.DECLINED) for each in Enrolment),
    ],
)
def test_a_person_listens_unless_off_or_declined(person: Person, listens: bool) -> None:
    assert person.listens is listens


def test_an_insight_is_seen_once_it_was_and_dismissed_when_it_is() -> None:
    assert not INSIGHT.seen
    assert replace(INSIGHT, seen_at=NOW).seen
    assert not INSIGHT.dismissed
    assert replace(INSIGHT, state=InsightState.DISMISSED).dismissed
