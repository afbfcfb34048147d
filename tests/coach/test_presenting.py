"""Tests of things of the CRM as items on a screen."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from coach.models import DealStatus, TaskPriority, TaskStatus
from coach.phrases import Thing, say, verbatim
from coach.presenting import (
    contact_item,
    deal_item,
    done_outcome,
    done_so_far,
    task_item,
    value_of,
)
from coach.screens import Control, Item
from coach.wording import plain
from tests.coach.values import ANN, CALL, NOW, WON, view

DAY = timedelta(days=1)
OPEN = replace(WON, stage="Proposal", status=DealStatus.OPEN)


def told(item: Item) -> list[str]:
    """What is known of a thing, as it is shown."""
    return [plain(fact) for fact in item.facts]


@pytest.mark.parametrize(
    ("value", "currency", "words"),
    [
        (None, "EUR", "no value"),
        (Decimal("12000.00"), "EUR", "€12,000"),
        (Decimal("12000.50"), "EUR", "€12,000.50"),
        (Decimal("0.1"), None, "0.10"),
        (Decimal(0), "USD", "US$0"),
        (Decimal(-1500), "USD", "-US$1,500"),
    ],
)
def test_an_amount_reads_as_people_write_it(
    value: Decimal | None, currency: str | None, words: str
) -> None:
    deal = replace(WON, value=value, currency=currency)
    assert plain(verbatim(value_of(deal))) == words


@pytest.mark.parametrize(
    ("due", "words"),
    [
        (None, "No due date"),
        (date(2026, 11, 25), "Due Wed, 25 Nov 2026"),
        (date(2026, 11, 23), "Due Mon, 23 Nov 2026"),
        (date(2026, 11, 22), "Due Sun, 22 Nov 2026 (1 day late)"),
        (date(2026, 11, 3), "Due Tue, 3 Nov 2026 (20 days late)"),
    ],
)
def test_a_task_says_when_it_is_due_and_how_late_it_is(due: date | None, words: str) -> None:
    item = task_item(replace(CALL, due_date=due), view())
    assert told(item) == [words, "High priority"]


def test_a_task_shows_its_note_and_link() -> None:
    item = task_item(replace(CALL, note="By mail.", url="https://crm.example/1"), view())
    assert told(item)[-1] == "By mail."
    assert item.title == verbatim(Thing("Call Bo", "https://crm.example/1"))


def test_what_was_done_on_the_screen_has_no_controls_any_more() -> None:
    completed = say("Completed “{task}”", task=CALL.thing)
    done = view(done={"T-1": completed, "D-17": say("Moved"), "C-9": say("Logged a call")})
    assert task_item(CALL, done).done == completed
    for item in (task_item(CALL, done), deal_item(OPEN, done), contact_item(ANN, done)):
        assert item.done
        assert item.controls == ()


def test_a_completed_task_is_not_called_late() -> None:
    late = replace(CALL, due_date=date(2026, 11, 1), status=TaskStatus.COMPLETED)
    assert "late" not in told(task_item(late, view()))[0]


def test_a_closed_deal_says_how_it_ended() -> None:
    assert "Closed won" in told(deal_item(WON, view()))


@pytest.mark.parametrize(
    ("days", "words"), [(0, "since today"), (1, "for 1 day"), (4, "for 4 days")]
)
def test_a_deal_says_how_long_it_has_been_in_its_stage(days: int, words: str) -> None:
    entered = NOW - days * DAY  # with a weekend in between, which counts like any other day
    item = deal_item(replace(OPEN, stage_entered_at=entered), view())
    assert told(item)[-1] == f"Stage: Proposal, {words}"


def test_a_stage_of_unknown_age_has_none_until_it_is_long_for_certain() -> None:
    def shown(days: int) -> str:
        return told(deal_item(replace(OPEN, stage_seen_at=NOW - days * DAY), view()))[-1]

    assert shown(19) == "Stage: Proposal"
    # Fourteen working days, the least that a card about it would say.
    assert shown(20) == "Stage: Proposal, for at least 20 days"


def test_a_deal_can_be_moved_to_each_stage_and_its_own_comes_first() -> None:
    item = deal_item(OPEN, view(stages=["Qualified", "Proposal", "Won"]))
    assert item.stages == ["Proposal", "Qualified", "Won"]
    assert item.controls == (Control.MOVE_DEAL,)
    without = deal_item(replace(OPEN, stage=None), view(stages=["Qualified"]))
    assert without.stages == ["Qualified"]


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (0, "Last contacted today"),
        (9, "Last contacted today"),
        (11, "Last contacted 1 day ago"),
        (35, "Last contacted 2 days ago"),
        (-5, "Last contacted today"),
    ],
)
def test_days_since_a_contact_are_days_on_the_persons_calendar(hours: int, words: str) -> None:
    # It is ten o'clock in the morning in Madrid.
    contact = replace(ANN, last_contacted_at=NOW - timedelta(hours=hours))
    assert told(contact_item(contact, view()))[0] == words


def test_a_contact_shows_its_status_and_address() -> None:
    contact = replace(ANN, status="LEAD")
    assert told(contact_item(contact, view())) == ["Lead", "Never contacted", "ann@acme.example"]


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, "Never contacted"),
        (1, "Never contacted in 1 day"),
        (19, "Never contacted in 19 days"),
    ],
)
def test_of_one_nobody_was_ever_in_touch_with_it_counts_the_days_since_it_is_there(
    days: int, words: str
) -> None:
    contact = replace(ANN, silent_since=NOW - days * DAY)
    assert told(contact_item(contact, view()))[0] == words


def test_days_since_a_contact_count_from_the_contact_also_when_it_was_there_later() -> None:
    brought = replace(ANN, last_contacted_at=NOW - 40 * DAY, silent_since=NOW - 9 * DAY)
    assert told(contact_item(brought, view()))[0] == "Last contacted 40 days ago"


def test_an_urgent_task_is_called_urgent() -> None:
    urgent = replace(CALL, priority=TaskPriority.URGENT)
    assert told(task_item(urgent, view()))[-1] == "Urgent"


def test_more_than_five_things_done_are_counted() -> None:
    done = {str(number): verbatim(f"Did {number}") for number in range(7)}
    assert plain(done_outcome(view(done=done), say("Nothing."))) == (
        "7 things done: Did 0; Did 1; Did 2; Did 3; Did 4; …"
    )


def test_what_was_done_so_far_is_named_and_counted() -> None:
    done = [verbatim(f"Did {number}") for number in range(7)]
    assert (plain(done_so_far(done[:1])), done_so_far(done[:1]).count) == ("Did 0", 1)
    assert plain(done_so_far(done)) == "Did 0; Did 1; Did 2; Did 3; Did 4; …"
    assert done_so_far(done).count == 7
