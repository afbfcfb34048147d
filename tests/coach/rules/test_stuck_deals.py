"""Tests of deals that stay in one stage for too long."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from coach.keys import about
from coach.knowledge import CONTACTS_OF_DEALS, LARGE_VALUE, USUAL_STAYS, Known, Place, Usual
from coach.models import (
    Contact,
    Deal,
    DealStatus,
    Level,
    PastInsight,
    Person,
    Priority,
    Subject,
    SubjectKind,
    Suggestion,
)
from coach.phrases import Thing
from coach.rule import TimeRule
from coach.rules.stuck_deals import RULE, due, evaluate
from tests.coach.values import (
    ANA,
    CALL,
    NOW,
    WON,
    dismissals_until_silence,
    look,
    only,
    reason,
    said,
    setting,
    truth,
    truth_of_reason,
    words,
)

DAY = timedelta(days=1)

#: Fifteen working days before now.
ENTERED = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)

TOMORROW_IN_MADRID = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)

STUCK = replace(
    WON, stage="Proposal", status=DealStatus.OPEN, closed_at=None, stage_entered_at=ENTERED
)


def deal(id: str, value: int | None, **changes: object) -> Deal:
    """A stuck deal of that value."""
    amount = None if value is None else Decimal(value)
    made = replace(STUCK, id=id, title=id, value=amount)
    return replace(made, **changes)  # type: ignore[arg-type]


def named(*deals: Deal, person: Person = ANA) -> list[str]:
    """The deals that are spoken of, in order."""
    return [draft.about[0].id for draft in evaluate(look(*deals, person=person)).drafts]


def test_a_stuck_deal_is_told_with_its_stage_and_days() -> None:
    draft = only(evaluate(look(STUCK)))
    assert words(draft) == (
        "Deal “Acme renewal” has been in Proposal for 21 days. Time to move it forward?"
    )
    assert reason(draft) == "15 of them were working days; your limit is 14. €12,000."


def test_of_a_deal_that_was_found_in_its_stage_only_the_least_is_said() -> None:
    found = replace(STUCK, stage_entered_at=None, stage_seen_at=ENTERED)
    assert due(found, ANA, Known()) == due(STUCK, ANA, Known())
    draft = only(evaluate(look(found)))
    assert words(draft) == (
        "Deal “Acme renewal” has been in Proposal for at least 21 days. Time to move it forward?"
    )
    assert reason(draft) == (
        "When it came there is not known; it was there 15 working days ago. Your limit is 14. "
        "€12,000."
    )
    assert "for at least 22 days" in truth(RULE, draft, found, now=NOW + DAY)
    assert "for 31 days" in truth(RULE, draft, replace(STUCK, stage_entered_at=ENTERED - 10 * DAY))


def test_a_weekend_counts_for_the_days_and_not_for_the_working_days() -> None:
    friday = replace(STUCK, stage_entered_at=NOW - 3 * DAY)
    draft = only(evaluate(look(friday, person=setting(stuck_deal_days=1))))
    assert "for 3 days." in words(draft)
    assert reason(draft) == "1 of them was a working day; your limit is 1. €12,000."


def test_one_day_is_one_day_and_is_not_told_twice() -> None:
    sunday = replace(STUCK, stage_entered_at=NOW - DAY)
    person = setting(stuck_deal_days=1, working_days=tuple(range(1, 8)))
    draft = only(evaluate(look(sunday, person=person)))
    assert "for 1 day." in words(draft)
    assert reason(draft) == "Your limit is 1 working day. €12,000."


def test_the_deal_is_linked_when_the_crm_gave_a_link() -> None:
    message = only(evaluate(look(STUCK))).message
    assert message.values["deal"] == Thing("Acme renewal", "https://crm.example/deals/17")


def test_take_action_shows_the_deal() -> None:
    assert only(evaluate(look(STUCK))).suggestion == Suggestion(
        "view_deal", {"connection_id": "c1", "deal_id": "D-17"}
    )


def test_it_is_of_medium_priority_and_of_high_in_the_top_tenth_by_value() -> None:
    def priority(large_value: float | None, found: Deal = STUCK) -> Priority:
        return only(evaluate(look(found, large_value=large_value))).priority

    assert priority(None) is Priority.MEDIUM
    assert priority(12000.01) is Priority.MEDIUM
    assert priority(12000.0) is Priority.HIGH
    assert priority(0.0, deal("no value", None)) is Priority.MEDIUM


def test_a_large_deal_says_so_and_how_large() -> None:
    draft = only(evaluate(look(STUCK, large_value=12000.0)))
    assert reason(draft).endswith(" At €12,000 it is in the largest tenth of your open deals.")


def test_amounts_are_compared_in_their_own_currency_and_of_several_it_is_named() -> None:
    limits = {LARGE_VALUE.name: {"EUR": 12000.0, "JPY": None}}
    known = replace(look(STUCK), known=Known(limits))
    assert reason(only(evaluate(known))).endswith(" tenth of your open deals in EUR.")
    yen = replace(look(replace(STUCK, currency="JPY")), known=Known(limits))
    assert only(evaluate(yen)).priority is Priority.MEDIUM


@pytest.mark.parametrize(
    ("limit", "value", "is_said"),
    [(12000.0, 12000, True), (12000.0, 1, False), (12000.01, 12000, False), (None, 12000, False)],
)
def test_that_it_is_large_is_said_for_as_long_as_it_is(
    limit: float | None, value: int, is_said: bool
) -> None:
    draft = only(evaluate(look(STUCK, large_value=12000.0)))
    known = Known({LARGE_VALUE.name: {"EUR": limit}})
    deal = replace(STUCK, value=Decimal(value))
    assert ("largest tenth" in truth_of_reason(RULE, draft, deal, known=known)) is is_said
    # What was said of it with medium priority was not said for its value.
    small = only(evaluate(look(STUCK)))
    assert "largest" not in truth_of_reason(RULE, small, deal, known=known)


def test_the_two_largest_are_told_first_and_deals_without_a_value_last() -> None:
    few = [deal("none", None), deal("small", 10), deal("large", 900), deal("middle", 90)]
    assert named(*few) == ["large", "middle"]
    assert named(few[0], few[1]) == ["small", "none"]


def test_of_equal_value_the_most_promising_comes_first() -> None:
    older = deal("older", 10, stage_entered_at=ENTERED - DAY)
    assert named(older, deal("newer", 10)) == ["newer", "older"]
    soon = replace(older, expected_close_date=NOW.date() + 9 * DAY)
    assert named(deal("newer", 10), soon) == ["older", "newer"]


def test_at_most_two_a_person_a_day() -> None:
    past = [
        said(draft, NOW)
        for draft in evaluate(look(deal("A", 9), deal("B", 8), deal("C", 7))).drafts
    ]
    assert len(past) == 2
    verdict = evaluate(look(deal("C", 7), deal("D", 6), now=NOW + 10 * DAY / 24, past=past))
    assert verdict.drafts == []
    assert (verdict.again_at, verdict.later) == (TOMORROW_IN_MADRID, {})
    assert evaluate(look(deal("C", 7), now=TOMORROW_IN_MADRID, past=past)).drafts
    past.pop()
    assert only(evaluate(look(deal("C", 7), deal("D", 6), now=NOW, past=past))).about == (
        about(deal("C", 7)),
    )


def test_what_was_left_standing_rests_for_three_days() -> None:
    draft = only(evaluate(look(STUCK)))
    left = replace(said(draft, NOW), unanswered_at=(NOW + DAY / 24,))
    verdict = evaluate(look(STUCK, now=NOW + DAY, past=[left]))
    assert verdict.drafts == []
    assert verdict.later == {draft.subject: NOW + DAY / 24 + 3 * DAY}
    assert evaluate(look(STUCK, now=NOW + DAY / 24 + 3 * DAY, past=[left])).drafts
    # In a summary, which comes once, it may be told of all the same.
    assert evaluate(replace(look(STUCK, now=NOW + DAY, past=[left]), at_once=3)).drafts


def test_once_a_deal_in_a_day() -> None:
    past = [said(only(evaluate(look(STUCK))), NOW)]
    verdict = evaluate(look(STUCK, now=NOW + 0.99 * DAY, past=past))
    assert verdict.drafts == []
    assert verdict.later == {"deal:c1:D-17": NOW + DAY}
    assert evaluate(look(STUCK, now=NOW + DAY, past=past)).drafts


def test_once_a_deal_in_a_day_even_when_its_stage_turns_out_to_be_another() -> None:
    past = [said(only(evaluate(look(STUCK))), NOW)]
    corrected = replace(STUCK, stage="Qualified", stage_entered_at=ENTERED - DAY)
    assert evaluate(look(corrected, now=NOW + 0.5 * DAY, past=past)).drafts == []


def test_dismissed_time_and_again_it_waits_longer_and_then_is_silent() -> None:
    assert dismissals_until_silence(RULE, STUCK) == [0, 1, 4, 11, 25]


def test_in_another_stage_it_is_another_matter() -> None:
    past = [said(only(evaluate(look(STUCK))), NOW - n * DAY, dismissed_at=NOW) for n in range(1, 6)]
    assert evaluate(look(STUCK, now=NOW + 60 * DAY, past=past)).drafts == []
    moved = replace(STUCK, stage="Negotiation", stage_entered_at=NOW)
    assert evaluate(look(moved, now=NOW + 60 * DAY, past=past)).drafts
    back_again = replace(STUCK, stage_entered_at=NOW)
    assert evaluate(look(back_again, now=NOW + 60 * DAY, past=past)).drafts


def test_dismissing_one_deal_says_nothing_of_another() -> None:
    past = [said(only(evaluate(look(STUCK))), NOW - n * DAY, dismissed_at=NOW) for n in range(1, 6)]
    assert named(STUCK, deal("other", 1)) == ["D-17", "other"]
    assert only(evaluate(look(STUCK, deal("other", 1), past=past))).about == (
        about(deal("other", 1)),
    )


def test_an_edited_title_neither_resets_the_clock_nor_repeats_what_was_said() -> None:
    past = [said(only(evaluate(look(STUCK))), NOW)]
    renamed = replace(STUCK, title="Acme, renewed")
    assert due(renamed, ANA, Known()) == due(STUCK, ANA, Known())
    assert evaluate(look(renamed, now=NOW + DAY / 2, past=past)).drafts == []


def test_in_a_week_each_has_its_turn_before_the_same_are_told_again() -> None:
    deals = [deal(f"{n}", 100 - n) for n in range(5)]
    past: list[PastInsight] = []
    told = []
    for day in range(4):
        now = NOW + day * DAY
        drafts = evaluate(look(*deals, now=now, past=past)).drafts
        told.append([draft.subject[-1] for draft in drafts])
        past = [*(said(draft, now) for draft in drafts), *past]
    assert told == [["0", "1"], ["2", "3"], ["4", "0"], ["1", "2"]]
    # A summary names the largest, whatever was said of them.
    summary = replace(look(*deals, now=NOW + 4 * DAY, past=past), at_once=3)
    assert [draft.subject[-1] for draft in evaluate(summary).drafts] == ["0", "1", "2"]


def test_each_deal_told_of_lasts_until_the_next_look() -> None:
    verdict = evaluate(look(STUCK))
    assert only(verdict).expires_at == verdict.later["deal:c1:D-17"] == NOW + DAY
    # Nothing else is stuck: whatever becomes so next is looked at when it does.
    assert verdict.again_at is None


# When a deal is stuck


def test_a_deal_is_stuck_after_fourteen_working_days_in_its_stage() -> None:
    assert due(replace(STUCK, stage_entered_at=NOW - 20 * DAY), ANA, Known()) == NOW


def test_the_limit_is_the_persons_own() -> None:
    entered = replace(STUCK, stage_entered_at=NOW)
    assert due(entered, setting(stuck_deal_days=2), Known()) == NOW + 2 * DAY


@pytest.mark.parametrize(
    "subject",
    [
        replace(STUCK, status=DealStatus.WON),
        replace(STUCK, status=DealStatus.LOST),
        replace(STUCK, deleted=True),
        replace(STUCK, stage=None),
        replace(STUCK, stage_entered_at=None),
        Contact("c1", "C"),
        CALL,
    ],
    ids=["won", "lost", "deleted", "no stage", "no date", "a contact", "a task"],
)
def test_nothing_else_ever_becomes_stuck(subject: Subject) -> None:
    assert due(subject, ANA, Known()) is None


def test_a_deal_whose_stage_is_not_known_is_not_spoken_of() -> None:
    assert named(replace(STUCK, stage_entered_at=None), replace(STUCK, id="2", stage=None)) == []


def test_every_level_may_hear_of_it_and_large_values_are_wanted() -> None:
    assert isinstance(RULE, TimeRule)
    assert RULE.level is Level.MINIMAL
    assert RULE.shown == (LARGE_VALUE, CONTACTS_OF_DEALS)
    assert RULE.largest_first
    assert RULE.kind is SubjectKind.DEAL


# Whether it is still true


@pytest.mark.parametrize(
    ("changes", "said_of_it"),
    [
        ({}, "still true"),
        ({"expected_close_date": NOW.date()}, "still true"),
        (
            {"title": "Renamed"},
            "Deal “Renamed” has been in Proposal for 21 days. Time to move it forward?",
        ),
        (
            {"stage_entered_at": NOW, "stage": "Negotiation"},
            "Moved in the CRM: Acme renewal is in Negotiation now.",
        ),
        (
            # A late word: it has been elsewhere, and for long as well.
            {"stage": "Negotiation"},
            "Deal “Acme renewal” has been in Negotiation for 21 days. Time to move it forward?",
        ),
        ({"status": DealStatus.WON}, "Won in the CRM: Acme renewal."),
        ({"status": DealStatus.LOST}, "Lost in the CRM: Acme renewal."),
        ({"person_id": "p2"}, "Acme renewal is no longer yours."),
        ({"deleted": True}, "No longer in the CRM: Acme renewal."),
    ],
)
def test_it_is_true_while_the_deal_is_stuck(changes: dict[str, Any], said_of_it: str) -> None:
    draft = only(evaluate(look(STUCK)))
    assert truth(RULE, draft, replace(STUCK, **changes)) == said_of_it


def test_a_day_later_it_has_been_a_day_longer() -> None:
    draft = only(evaluate(look(STUCK)))
    assert "for 22 days" in truth(RULE, draft, STUCK, now=NOW + DAY)


def test_what_the_person_has_moved_by_the_coach_was_not_moved_in_the_crm() -> None:
    moved = replace(STUCK, stage="Negotiation", stage_entered_at=NOW)
    said_of_it = truth(RULE, only(evaluate(look(STUCK))), moved, here=["deal:c1:D-17"])
    assert said_of_it == "Moved: Acme renewal is in Negotiation now."


def test_with_another_limit_it_may_be_stuck_no_more() -> None:
    draft = only(evaluate(look(STUCK)))
    assert truth(RULE, draft, STUCK, person=setting(stuck_deal_days=60)) != "still true"


#: Within so many days nine of ten that the team won had left the stage.
LEARNED = Known({USUAL_STAYS.name: {Place("c1", "", "Proposal"): Usual(20, 37)}})


def test_it_is_stuck_when_it_stays_longer_than_nine_of_ten_that_were_won() -> None:
    at = due(STUCK, ANA, LEARNED)
    # The midnight after the twenty-first day, in Madrid.
    assert at == datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
    assert due(replace(STUCK, stage="Demo"), ANA, LEARNED) == due(STUCK, ANA, Known())
    draft = only(evaluate(replace(look(STUCK), known=LEARNED)))
    assert words(draft) == (
        "Deal “Acme renewal” has been in Proposal for 21 days. Time to move it forward?"
    )
    assert reason(draft) == (
        "9 of 10 deals your team won left Proposal within 20 days (37 deals). €12,000."
    )


def test_a_number_of_ones_own_counts_more_than_what_was_learned() -> None:
    own = setting(stuck_deal_days=3)
    assert due(STUCK, own, LEARNED) == due(STUCK, own, Known())
    draft = only(evaluate(replace(look(STUCK, person=own), known=LEARNED)))
    assert reason(draft) == "15 of them were working days; your limit is 3. €12,000."


def test_of_a_deal_found_in_its_stage_no_more_is_said_than_is_known() -> None:
    found = replace(STUCK, stage_entered_at=None, stage_seen_at=ENTERED)
    draft = only(evaluate(replace(look(found), known=LEARNED)))
    assert "for at least 21 days." in words(draft)
    assert reason(draft) == (
        "When it came there is not known. 9 of 10 deals your team won left Proposal within 20 "
        "days (37 deals). €12,000."
    )


def test_it_is_over_when_more_was_learned_and_follows_the_figure() -> None:
    draft = only(evaluate(replace(look(STUCK), known=LEARNED)))
    more = Known({USUAL_STAYS.name: {Place("c1", "", "Proposal"): Usual(19, 40)}})
    assert "within 19 days (40 deals)" in truth_of_reason(RULE, draft, STUCK, known=more)
    longer = Known({USUAL_STAYS.name: {Place("c1", "", "Proposal"): Usual(60, 40)}})
    assert truth(RULE, draft, STUCK, known=longer) == (
        "Acme renewal is within your limit for Proposal."
    )
    assert truth(RULE, draft, replace(STUCK, stage_entered_at=NOW), now=NOW + DAY) == (
        "Moved in the CRM: Acme renewal is in Proposal now."
    )
