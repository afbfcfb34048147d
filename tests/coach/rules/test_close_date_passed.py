"""Deals past their date are spoken of one by one, once a week, in the person's own days."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from coach.knowledge import CONTACTS_OF_DEALS, LARGE_VALUE, Known
from coach.models import Deal, DealStatus, Level, PastInsight, Priority, Suggestion
from coach.rule import Verdict
from coach.rules.close_date_passed import GAP, RULE
from tests.coach.values import (
    ANA,
    ANN,
    CALL,
    NOW,
    dismissals_until_silence,
    look,
    only,
    reason,
    said,
    truth,
    truth_of_reason,
    words,
)

DAY = timedelta(days=1)

#: A Friday; it is Monday now.
DEAL = Deal(
    "c1", "D-1", "Acme renewal", "Proposal", value=Decimal(1200), currency="EUR",
    expected_close_date=date(2026, 11, 20), person_id="p1",
)  # fmt: skip


def told(*due: Deal, now: datetime = NOW, past: tuple[PastInsight, ...] = ()) -> Verdict:
    return RULE.evaluate(look(*due, now=now, past=past))


def test_a_deal_is_due_when_its_day_is_over_where_the_person_is() -> None:
    assert RULE.due(DEAL, ANA, Known()) == datetime(2026, 11, 20, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    "changed",
    [
        {"status": DealStatus.WON},
        {"status": DealStatus.LOST},
        {"deleted": True},
        {"expected_close_date": None},
        {"expected_close_date": date.max},
    ],
)
def test_what_is_closed_or_gone_or_has_no_date_is_never_due(changed: dict[str, Any]) -> None:
    assert RULE.due(replace(DEAL, **changed), ANA, Known()) is None


def test_what_is_no_deal_is_never_due() -> None:
    assert RULE.due(CALL, ANA, Known()) is None


def test_it_is_said_with_its_date_and_how_long_ago_that_was() -> None:
    draft = only(told(DEAL))
    assert words(draft) == "Acme renewal was to close by Fri, 20 Nov 2026. When will it?"
    assert reason(draft) == (
        "That was 3 days ago. A forecast is worth what its dates are worth. €1,200."
    )
    yesterday = replace(DEAL, expected_close_date=date(2026, 11, 22))
    assert reason(only(told(yesterday))).startswith("That was 1 day ago.")
    assert draft.priority is Priority.MEDIUM
    assert draft.suggestion == Suggestion("view_deal", {"connection_id": "c1", "deal_id": "D-1"})


def test_a_large_one_is_of_high_priority_and_says_so_as_long_as_it_is() -> None:
    large = Known({LARGE_VALUE.name: {"EUR": 1200.0}})
    draft = only(RULE.evaluate(replace(look(DEAL), known=large)))
    assert draft.priority is Priority.HIGH
    assert "largest tenth" in reason(draft)
    assert "largest tenth" in truth_of_reason(RULE, draft, DEAL, known=large)
    assert "largest tenth" not in truth_of_reason(RULE, draft, DEAL)


def test_with_whom_it_is_is_said_where_that_is_known() -> None:
    known = Known({CONTACTS_OF_DEALS.name: {"deal:c1:D-1": ANN}})
    assert reason(only(RULE.evaluate(replace(look(DEAL), known=known)))).endswith("with Ann Lee.")


def test_two_are_spoken_of_in_a_day_the_largest_first_and_the_others_on_the_next() -> None:
    deals = [replace(DEAL, id=f"D-{value}", value=Decimal(value)) for value in (5, 40, 300)]
    verdict = told(*deals)
    assert [draft.about[0].id for draft in verdict.drafts] == ["D-300", "D-40"]
    assert verdict.again_at == datetime(2026, 11, 23, 23, tzinfo=UTC)


def test_it_is_said_once_a_week() -> None:
    verdict = told(DEAL)
    assert verdict.later == {"deal:c1:D-1": NOW + GAP}
    past = said(only(verdict), NOW)
    assert told(DEAL, now=NOW + GAP - DAY, past=(past,)).drafts == []
    assert len(told(DEAL, now=NOW + GAP, past=(past,)).drafts) == 1


def test_after_each_dismissal_it_waits_longer_and_in_the_end_for_another_date() -> None:
    assert dismissals_until_silence(RULE, DEAL) == [0, 7, 14, 21, 35]


def test_another_date_that_has_passed_is_something_new() -> None:
    draft = only(told(DEAL))
    past = tuple(said(draft, NOW - n * DAY, dismissed_at=NOW - n * DAY) for n in range(8, 14))
    assert told(DEAL, past=past).drafts == []
    assert len(told(replace(DEAL, expected_close_date=date(2026, 11, 22)), past=past).drafts) == 1


def test_what_is_said_stays_true_and_follows_the_date() -> None:
    draft = only(told(DEAL))
    assert truth(RULE, draft, DEAL) == "still true"
    assert "4 days ago" in truth_of_reason(RULE, draft, DEAL, now=NOW + DAY)
    other = replace(DEAL, expected_close_date=date(2026, 11, 18))
    assert "18 Nov 2026" in truth(RULE, draft, other)


@pytest.mark.parametrize(
    ("changed", "settled"),
    [
        ({"status": DealStatus.WON}, "Won in the CRM: Acme renewal."),
        ({"status": DealStatus.LOST}, "Lost in the CRM: Acme renewal."),
        (
            {"expected_close_date": date(2026, 12, 20)},
            "Acme renewal is to close by Sun, 20 Dec 2026 now.",
        ),
        ({"expected_close_date": None}, "Acme renewal has no close date any more."),
        ({"person_id": "p2"}, "Acme renewal is no longer yours."),
        ({"deleted": True}, "No longer in the CRM: Acme renewal."),
    ],
)
def test_what_has_settled_it_is_said(changed: dict[str, Any], settled: str) -> None:
    assert truth(RULE, only(told(DEAL)), replace(DEAL, **changed)) == settled


def test_it_is_heard_where_stuck_deals_are_and_takes_their_place() -> None:
    assert RULE.level is Level.MINIMAL
    assert RULE.instead_of == {"deal_gone_quiet", "no_next_step", "stuck_deals"}
    assert RULE.switch is None
