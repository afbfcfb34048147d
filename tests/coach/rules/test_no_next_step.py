"""Whoever has switched it on hears of open deals for which no task is pending."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from coach import engine
from coach.knowledge import TASKS_OF_DEALS, Known
from coach.models import Deal, DealStatus, Priority, Task, TaskStatus
from coach.rules.no_next_step import GAP, RULE, is_another_step
from coach.wording import plain
from tests.coach.values import ANA, CALL, NOW, look, only, reason, said, setting, truth, words

DAY = timedelta(days=1)

DEAL = Deal(
    "c1", "D-1", "Acme renewal", "Proposal", value=Decimal(1200), currency="EUR", person_id="p1",
    created_at=NOW - 30 * DAY, stage_entered_at=NOW - 7 * DAY,
)  # fmt: skip

TASK = Task("c1", "T-1", "Send the offer", deal_id="D-1")
DONE = replace(TASK, status=TaskStatus.COMPLETED, completed_at=NOW - 2 * DAY)


def tasks(*known: Task) -> Known:
    return Known({TASKS_OF_DEALS.name: {"deal:c1:D-1": known}})


def test_it_is_due_two_working_days_after_the_deal_moved_or_a_task_was_done() -> None:
    assert RULE.due(DEAL, ANA, Known()) == NOW - 5 * DAY
    friday = replace(DONE, completed_at=NOW - 3 * DAY)
    assert RULE.due(DEAL, ANA, tasks(friday)) == NOW + DAY
    unknown = replace(DEAL, created_at=None, stage_entered_at=None)
    assert RULE.due(unknown, ANA, Known()) is None


def test_a_deal_with_a_task_to_be_done_is_never_due() -> None:
    assert RULE.due(DEAL, ANA, tasks(DONE, TASK)) is None


@pytest.mark.parametrize("changed", [{"status": DealStatus.WON}, {"deleted": True}])
def test_what_is_closed_or_gone_is_never_due(changed: dict[str, Any]) -> None:
    assert RULE.due(replace(DEAL, **changed), ANA, Known()) is None
    assert RULE.due(CALL, ANA, Known()) is None


def test_it_is_off_until_somebody_wants_it() -> None:
    assert engine.due(RULE, DEAL, ANA, Known()) is None
    assert not engine.is_heard(RULE, ANA)
    wants = setting(also=("no_next_step",))
    assert engine.due(RULE, DEAL, wants, Known()) == NOW - 5 * DAY
    assert engine.is_heard(RULE, wants)
    assert engine.on_time(RULE, look(DEAL)).drafts == ()
    assert len(engine.on_time(RULE, look(DEAL, person=wants)).drafts) == 1


def test_it_asks_what_is_next_and_offers_a_task() -> None:
    draft = only(RULE.evaluate(look(DEAL)))
    assert words(draft) == "There is no task for Acme renewal. What is next?"
    assert reason(draft) == "A deal moves by what is done next. €1,200."
    assert draft.priority is Priority.MEDIUM
    assert draft.suggestion.action == "create_task"
    assert plain(draft.suggestion.params["title"]) == "Next step for Acme renewal"
    assert draft.suggestion.params["deal_id"] == "D-1"
    assert draft.suggestion.params["mail"] == "next_step"


def test_it_is_said_once_a_week_and_two_in_a_day() -> None:
    verdict = RULE.evaluate(look(DEAL))
    past = [said(only(verdict), NOW)]
    assert RULE.evaluate(look(DEAL, past=past, now=NOW + 6 * DAY)).drafts == []
    assert len(RULE.evaluate(look(DEAL, past=past, now=NOW + GAP)).drafts) == 1
    many = [replace(DEAL, id=f"D-{n}", value=Decimal(n)) for n in range(5)]
    drafts = RULE.evaluate(look(*many)).drafts
    assert [draft.about[0].id for draft in drafts] == ["D-4", "D-3"]


def test_it_is_true_until_there_is_a_task() -> None:
    draft = only(RULE.evaluate(look(DEAL)))
    assert truth(RULE, draft, DEAL) == "still true"
    assert truth(RULE, draft, DEAL, known=tasks(TASK)) == "Planned in the CRM: Send the offer."
    assert truth(RULE, draft, DEAL, known=tasks(TASK), here=("task:c1:T-1",)) == (
        "Planned: Send the offer."
    )
    assert truth(RULE, draft, DEAL, known=tasks(replace(DONE, completed_at=NOW))) == (
        "Something has happened with Acme renewal again."
    )


@pytest.mark.parametrize(
    ("changed", "settled"),
    [
        ({"status": DealStatus.LOST}, "Lost in the CRM: Acme renewal."),
        ({"person_id": "p2"}, "Acme renewal is no longer yours."),
        ({"deleted": True}, "No longer in the CRM: Acme renewal."),
    ],
)
def test_what_has_settled_it_is_said(changed: dict[str, Any], settled: str) -> None:
    draft = only(RULE.evaluate(look(DEAL)))
    assert truth(RULE, draft, replace(DEAL, **changed)) == settled


@pytest.mark.parametrize(
    ("before", "after", "moves"),
    [
        (None, TASK, True),
        (TASK, DONE, True),
        (TASK, replace(TASK, deal_id="D-2"), True),
        (TASK, replace(TASK, deleted=True), True),
        (TASK, replace(TASK, title="Call", due_date=date(2026, 12, 1)), False),
    ],
)
def test_only_what_is_to_be_done_or_not_any_more_moves_it(
    before: Task | None, after: Task, moves: bool
) -> None:
    assert is_another_step(before, after) is moves


def test_it_takes_the_place_of_the_tip_for_a_new_deal_and_of_stuck_deals() -> None:
    assert RULE.instead_of == {"follow_up", "stuck_deals"}
