"""A deal has gone quiet when nothing is known to have happened, and something was before."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from coach.knowledge import CONTACTS_OF_DEALS, LARGE_VALUE, LIVES_OF_DEALS, Known, Life
from coach.models import Deal, DealStatus, Level, Priority, Subject, Suggestion, Task
from coach.rule import TimeLook
from coach.rules.deal_gone_quiet import GAP, RULE, brings_life
from tests.coach.values import (
    ANA,
    ANN,
    CALL,
    NOW,
    look,
    only,
    reason,
    said,
    truth,
    truth_of_reason,
    words,
)

DAY = timedelta(days=1)

#: Two weeks, ten working days, before now.
LAST = NOW - 14 * DAY

DEAL = Deal(
    "c1", "D-1", "Acme renewal", "Proposal", value=Decimal(1200), currency="EUR", person_id="p1",
    stage_entered_at=NOW - 20 * DAY,
)  # fmt: skip


def lives(at: datetime = LAST, more: Mapping[str, Any] | None = None) -> Known:
    """Something happened last then."""
    return Known({LIVES_OF_DEALS.name: {"deal:c1:D-1": Life(LAST, at)}, **(more or {})})


def looked(*due: Deal, known: Known | None = None, **more: Any) -> TimeLook:
    return replace(look(*due, **more), known=known or lives())


def test_it_is_due_ten_working_days_after_anything_has_happened() -> None:
    assert RULE.due(DEAL, ANA, lives()) == NOW
    # On a Sunday nobody waits: it counts from Monday on.
    assert RULE.due(DEAL, ANA, lives(NOW - DAY)) == datetime(2026, 12, 6, 23, 0, tzinfo=UTC)


def test_a_deal_of_which_nobody_knows_any_contact_has_not_gone_quiet() -> None:
    assert RULE.due(DEAL, ANA, Known()) is None
    assert RULE.evaluate(look(DEAL)).drafts == []


@pytest.mark.parametrize("changed", [{"status": DealStatus.WON}, {"deleted": True}])
def test_what_is_closed_or_gone_is_never_due(changed: dict[str, Any]) -> None:
    assert RULE.due(replace(DEAL, **changed), ANA, lives()) is None


def test_what_is_no_deal_is_never_due() -> None:
    assert RULE.due(CALL, ANA, lives()) is None


def test_it_is_said_for_how_long_and_what_of() -> None:
    known = lives(
        more={CONTACTS_OF_DEALS.name: {"deal:c1:D-1": replace(ANN, last_contacted_at=LAST)}}
    )
    draft = only(RULE.evaluate(looked(DEAL, known=known)))
    assert words(draft) == (
        "Nothing has happened with Acme renewal for 14 days. Is it still alive?"
    )
    assert reason(draft) == (
        "No call, mail, meeting or note, no task done and no move to another stage for 10 working "
        "days. €1,200, Ann Lee last contacted 14 days ago."
    )
    assert draft.priority is Priority.MEDIUM
    assert draft.suggestion == Suggestion("view_deal", {"connection_id": "c1", "deal_id": "D-1"})
    # When they are spoken to, that is to be said.
    assert [each.id for each in draft.about] == ["D-1", "C-9"]


def test_a_large_one_is_of_high_priority_and_says_so() -> None:
    draft = only(RULE.evaluate(looked(DEAL, known=lives(more={LARGE_VALUE.name: {"EUR": 1.0}}))))
    assert draft.priority is Priority.HIGH
    assert "largest tenth" in reason(draft)


def test_it_is_said_once_a_week_and_two_in_a_day() -> None:
    verdict = RULE.evaluate(looked(DEAL))
    past = [said(only(verdict), NOW)]
    assert verdict.later == {"deal:c1:D-1": NOW + GAP}
    assert RULE.evaluate(looked(DEAL, past=past, now=NOW + 6 * DAY)).drafts == []
    assert len(RULE.evaluate(looked(DEAL, past=past, now=NOW + GAP)).drafts) == 1
    many = [replace(DEAL, id=f"D-{n}") for n in range(5)]
    known = Known({LIVES_OF_DEALS.name: {f"deal:c1:D-{n}": Life(LAST, LAST) for n in range(5)}})
    assert len(RULE.evaluate(looked(*many, known=known)).drafts) == 2


def test_what_came_to_life_and_went_quiet_again_is_news() -> None:
    draft = only(RULE.evaluate(looked(DEAL)))
    past = [said(draft, NOW - n * DAY, dismissed_at=NOW - n * DAY) for n in range(8, 14)]
    assert RULE.evaluate(looked(DEAL, past=past)).drafts == []
    later = RULE.evaluate(looked(DEAL, past=past, known=lives(LAST + DAY)))
    assert len(later.drafts) == 1


def test_it_stays_true_as_long_as_nothing_happens_and_its_days_follow() -> None:
    draft = only(RULE.evaluate(looked(DEAL)))
    assert truth(RULE, draft, DEAL, known=lives()) == "still true"
    assert "for 15 days" in truth(RULE, draft, DEAL, known=lives(), now=NOW + DAY)
    assert "No call" in truth_of_reason(RULE, draft, DEAL, known=lives())
    assert truth(RULE, draft, DEAL, known=lives(NOW - DAY)) == (
        "Something has happened with Acme renewal again."
    )


@pytest.mark.parametrize(
    ("changed", "settled"),
    [
        ({"status": DealStatus.WON}, "Won in the CRM: Acme renewal."),
        ({"person_id": "p2"}, "Acme renewal is no longer yours."),
        ({"deleted": True}, "No longer in the CRM: Acme renewal."),
    ],
)
def test_what_has_settled_it_is_said(changed: dict[str, Any], settled: str) -> None:
    draft = only(RULE.evaluate(looked(DEAL)))
    assert truth(RULE, draft, replace(DEAL, **changed), known=lives()) == settled


TASK = Task("c1", "T-1", deal_id="D-1")


@pytest.mark.parametrize(
    ("before", "after", "moves"),
    [
        (TASK, replace(TASK, completed_at=NOW), True),
        (replace(TASK, completed_at=NOW), TASK, True),
        (replace(TASK, deal_id="D-2", completed_at=NOW), replace(TASK, completed_at=NOW), True),
        (TASK, replace(TASK, title="Call"), False),
        (None, TASK, False),
        (None, replace(TASK, completed_at=NOW), True),
        (replace(TASK, deal_id="D-2"), TASK, False),
        (ANN, replace(ANN, last_contacted_at=NOW), True),
        (ANN, replace(ANN, name_given="Anna"), False),
        (DEAL, replace(DEAL, title="Acme"), False),
    ],
)
def test_only_what_brings_life_moves_it(
    before: Subject | None, after: Subject, moves: bool
) -> None:
    assert brings_life(before, after) is moves


def test_it_is_heard_where_stuck_deals_are_and_takes_their_place() -> None:
    assert RULE.level is Level.MINIMAL
    assert RULE.instead_of == {"no_next_step", "stuck_deals"}
