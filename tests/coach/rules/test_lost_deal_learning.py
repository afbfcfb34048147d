"""Whoever has switched it on is asked why a deal was lost, and about it again after 90 days."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from coach import engine
from coach.knowledge import CONTACTS_OF_DEALS, TASKS_OF_DEALS, Known
from coach.models import Deal, DealStatus, Priority, Task
from coach.rules.lost_deal_learning import AGAIN, FOR, FRESH, NEVER, RULE
from coach.wording import plain
from tests.coach.values import ANA, ANN, CALL, NOW, look, only, reason, said, setting, truth, words

DAY = timedelta(days=1)

LOST = Deal(
    "c1", "D-1", "Acme renewal", "Closed Lost", DealStatus.LOST, value=Decimal(1200),
    person_id="p1", closed_at=NOW - DAY,
)  # fmt: skip
GIVEN = replace(LOST, lost_reason="Too dear")


def test_it_is_due_at_once_without_a_reason_and_else_after_ninety_days() -> None:
    assert RULE.due(LOST, ANA, Known()) == LOST.closed_at
    assert RULE.due(GIVEN, ANA, Known()) == NOW - DAY + AGAIN


@pytest.mark.parametrize(
    "changed",
    [
        {"status": DealStatus.WON},
        {"status": DealStatus.OPEN},
        {"deleted": True},
        {"closed_at": None},
    ],
)
def test_what_is_not_lost_or_nobody_knows_when_is_never_due(changed: dict[str, Any]) -> None:
    assert RULE.due(replace(LOST, **changed), ANA, Known()) is None
    assert RULE.due(CALL, ANA, Known()) is None


def test_it_is_off_until_somebody_wants_it() -> None:
    assert engine.due(RULE, LOST, ANA, Known()) is None
    wants = setting(also=("lost_deal_learning",))
    assert engine.due(RULE, LOST, wants, Known()) == LOST.closed_at
    assert len(engine.on_time(RULE, look(LOST, person=wants)).drafts) == 1
    assert engine.on_time(RULE, look(LOST)).drafts == ()


def test_while_it_is_fresh_the_reason_is_asked_for() -> None:
    draft = only(RULE.evaluate(look(LOST)))
    assert words(draft) == "Acme renewal was lost on Sun, 22 Nov 2026. What was the reason?"
    assert reason(draft).startswith("Written down while it is fresh")
    assert draft.priority is Priority.MEDIUM
    assert plain(draft.suggestion.params["title"]) == "Write down why Acme renewal was lost"
    assert draft.expires_at == NOW - DAY + FRESH


def test_after_ninety_days_it_is_asked_whether_to_speak_again() -> None:
    then = NOW - DAY + AGAIN
    draft = only(RULE.evaluate(look(GIVEN, now=then)))
    assert words(draft) == (
        "Acme renewal was lost on Sun, 22 Nov 2026. Is it time to speak with them again?"
    )
    assert reason(draft) == "The reason then: Too dear."
    assert plain(draft.suggestion.params["title"]) == "Speak with the client of Acme renewal again"
    known = Known({CONTACTS_OF_DEALS.name: {"deal:c1:D-1": ANN}})
    named = only(RULE.evaluate(replace(look(LOST, now=then), known=known)))
    assert reason(named) == "No reason was written down."
    assert plain(named.suggestion.params["title"]) == "Speak with Ann Lee again"


def test_it_is_asked_once_each_and_in_between_it_waits() -> None:
    verdict = RULE.evaluate(look(LOST))
    assert verdict.later == {"deal:c1:D-1": NOW - DAY + AGAIN}
    past = [said(only(verdict), NOW)]
    assert RULE.evaluate(look(LOST, past=past, now=NOW + DAY)).drafts == []
    between = RULE.evaluate(look(LOST, now=NOW + 30 * DAY))
    assert between.drafts == []
    assert between.later == {"deal:c1:D-1": NOW - DAY + AGAIN}
    again = RULE.evaluate(look(LOST, past=past, now=NOW + AGAIN))
    assert "speak with them again" in words(only(again))


def test_what_was_lost_long_ago_is_left_in_peace() -> None:
    verdict = RULE.evaluate(look(LOST, now=NOW + AGAIN + FOR))
    assert verdict.drafts == []
    assert verdict.later == {"deal:c1:D-1": NOW + AGAIN + FOR + NEVER}
    assert RULE.evaluate(replace(look(LOST), at_once=3)).drafts == ()


def test_one_is_asked_about_in_a_day_the_latest_first() -> None:
    lost = [replace(LOST, id=f"D-{n}", closed_at=NOW - n * DAY) for n in (3, 1, 2)]
    verdict = RULE.evaluate(look(*lost))
    assert [draft.about[0].id for draft in verdict.drafts] == ["D-1"]


def test_it_is_true_until_it_is_answered() -> None:
    draft = only(RULE.evaluate(look(LOST)))
    assert truth(RULE, draft, LOST) == "still true"
    assert truth(RULE, draft, GIVEN) == "Acme renewal: the reason is “Too dear”."
    task = Task("c1", "T-1", "Call them", deal_id="D-1")
    known = Known({TASKS_OF_DEALS.name: {"deal:c1:D-1": [task]}})
    assert truth(RULE, draft, LOST, known=known) == "still true"
    again = only(RULE.evaluate(look(GIVEN, now=NOW + AGAIN)))
    assert truth(RULE, again, GIVEN, now=NOW + AGAIN) == "still true"
    assert truth(RULE, again, GIVEN, now=NOW + AGAIN, known=known) == (
        "Planned in the CRM: Call them."
    )


@pytest.mark.parametrize(
    ("changed", "settled"),
    [
        ({"status": DealStatus.OPEN}, "Acme renewal is not lost any more."),
        ({"person_id": "p2"}, "Acme renewal is no longer yours."),
        ({"deleted": True}, "No longer in the CRM: Acme renewal."),
    ],
)
def test_what_has_settled_it_is_said(changed: dict[str, Any], settled: str) -> None:
    assert truth(RULE, only(RULE.evaluate(look(LOST))), replace(LOST, **changed)) == settled
