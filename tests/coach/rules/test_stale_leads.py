"""Tests of leads going cold."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from coach import engine
from coach.knowledge import DEALS_WITH, Dealings, Known
from coach.models import (
    Contact,
    Deal,
    DealStatus,
    Level,
    Priority,
    Subject,
    SubjectKind,
    Suggestion,
)
from coach.phrases import Series, Thing
from coach.rule import TimeRule
from coach.rules.stale_leads import LISTED, MARKS, RULE, due, evaluate
from coach.truth import Changed, TruthLook
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
    stored,
    truth,
    words,
)

DAY = timedelta(days=1)


def lead(name: str, days: float = 20, **changes: object) -> Contact:
    """A lead that has been silent for so many days."""
    since = NOW - days * DAY
    made = Contact(
        "c1", name, name, status="LEAD", person_id="p1", created_at=since, silent_since=since
    )
    return replace(made, **changes)  # type: ignore[arg-type]


FIVE = [lead(name, days) for name, days in zip("ABCDE", (10, 20, 30, 40, 50), strict=True)]


def test_three_are_named_and_the_true_number_of_the_others_told() -> None:
    assert words(only(evaluate(look(*FIVE)))) == (
        "Warm leads going cold: A, B, C and 2 more haven't been contacted in 10+ days."
    )
    many = [lead(f"L{number:04}") for number in range(2345)]
    assert " and 2,342 more haven't " in words(only(evaluate(look(*many))))
    # Also where more are stale than are shown.
    assert " and 9,997 more haven't " in words(only(evaluate(look(*FIVE, count=10_000))))


@pytest.mark.parametrize(
    ("count", "said_of_them"),
    [
        (1, "Warm lead going cold: A hasn't been contacted in 10 days."),
        (2, "Warm leads going cold: A and B haven't been contacted in 10+ days."),
        (3, "Warm leads going cold: A, B and C haven't been contacted in 10+ days."),
        (4, "Warm leads going cold: A, B, C and 1 more haven't been contacted in 10+ days."),
    ],
)
def test_few_are_all_named(count: int, said_of_them: str) -> None:
    assert words(only(evaluate(look(*FIVE[:count])))) == said_of_them


def test_days_are_the_days_of_silence_and_said_of_each_that_is_named() -> None:
    draft = only(evaluate(look(lead("A", 19), lead("B", 25))))
    assert words(draft).endswith("haven't been contacted in 19+ days.")
    assert reason(draft).startswith("Silent: A for 19 days and B for 25 days. Your limit is ")
    draft = only(evaluate(look(lead("A", 19), lead("B", 19))))
    assert words(draft).endswith("haven't been contacted in 19 days.")
    day = only(evaluate(look(lead("A", 1), person=setting(stale_lead_days=1))))
    assert words(day).endswith("hasn't been contacted in 1 day.")
    # Of those that are not shown nobody knows: they may be silent for longer.
    draft = only(evaluate(look(lead("A", 19), lead("B", 19), count=5)))
    assert words(draft).endswith("haven't been contacted in 19+ days.")


def test_days_count_from_the_last_contact_also_of_one_that_was_there_later() -> None:
    brought = lead("A", 10, last_contacted_at=NOW - 40 * DAY)
    assert words(only(evaluate(look(brought)))).endswith("in 40 days.")


def test_the_most_promising_come_first_whatever_order_they_were_found_in() -> None:
    assert evaluate(look(*FIVE[::-1])) == evaluate(look(*FIVE))


def test_what_was_alive_of_late_comes_before_the_alphabet() -> None:
    assert "cold: Zoe and Al haven't" in words(only(evaluate(look(lead("Al", 90), lead("Zoe", 9)))))


def test_of_two_alive_of_late_the_one_with_the_larger_deal_comes_first() -> None:
    deals = {DEALS_WITH.name: {"contact:c1:B": Dealings(value=100.0)}}
    seen = replace(look(lead("A", 10), lead("B", 20), lead("C", 400)), known=Known(deals))
    assert "cold: B, A and C haven't" in words(only(evaluate(seen)))


def test_the_limit_is_said_in_the_persons_own_days() -> None:
    draft = only(evaluate(look(FIVE[0], person=setting(stale_lead_days=3))))
    assert reason(draft) == "Your limit is 3 working days without a call, mail, meeting or note."
    draft = only(evaluate(look(FIVE[0], person=setting(stale_lead_days=1))))
    assert reason(draft) == "Your limit is 1 working day without a call, mail, meeting or note."


def test_leads_are_linked_when_the_crm_gave_a_link() -> None:
    linked = lead("Ann", url="https://crm.example/contacts/9")
    message = only(evaluate(look(linked))).message
    assert message.values["leads"] == Series((Thing("Ann", "https://crm.example/contacts/9"),))


def test_take_action_lists_the_leads_by_connection_and_id() -> None:
    other = lead("B", connection_id="c2")
    assert only(evaluate(look(lead("A"), other))).suggestion == Suggestion(
        "view_stale_leads", {"contacts": [["c1", "A"], ["c2", "B"]], "count": 2}
    )
    many = [lead(f"L{number:04}") for number in range(LISTED + 1)]
    assert len(only(evaluate(look(*many))).suggestion.params["contacts"]) == LISTED


def test_it_is_of_high_priority_about_the_person_and_lasts_until_the_next_look() -> None:
    verdict = evaluate(look(*FIVE))
    draft = only(verdict)
    assert draft.priority is Priority.HIGH
    assert draft.subject == "person:p1"
    assert draft.expires_at == verdict.again_at == NOW + DAY


# Not too often


def test_at_most_once_in_a_day() -> None:
    draft = only(evaluate(look(*FIVE)))
    past = [said(draft, NOW)]
    for hours in (0, 1, 23.99):
        now = NOW + timedelta(hours=hours)
        verdict = evaluate(look(*FIVE, lead("New"), now=now, past=past))
        assert verdict.drafts == ()
        assert verdict.again_at is not None
        assert now < verdict.again_at <= NOW + DAY + timedelta(minutes=1)
    assert only(evaluate(look(*FIVE, now=NOW + DAY, past=past))).occasion != draft.occasion


def test_dismissed_time_and_again_it_waits_longer_and_then_is_silent() -> None:
    assert dismissals_until_silence(RULE, *FIVE) == [0, 1, 4, 11, 25]


def test_silence_ends_when_another_lead_goes_cold_or_one_does_so_again() -> None:
    past = [said(only(evaluate(look(*FIVE))), NOW - n * DAY, dismissed_at=NOW) for n in range(5)]
    later = NOW + 30 * DAY
    assert evaluate(look(*FIVE, now=later, past=past)).drafts == ()
    assert evaluate(look(*FIVE[1:], now=later, past=past)).drafts == ()
    assert evaluate(look(*FIVE, lead("F"), now=later, past=past)).drafts
    contacted_since = replace(FIVE[0], silent_since=NOW + DAY)
    assert evaluate(look(contacted_since, *FIVE[1:], now=later, past=past)).drafts


def test_silence_is_kept_about_more_leads_than_are_remembered() -> None:
    many = [lead(f"L{number:04}") for number in range(MARKS + 5)]
    draft = only(evaluate(look(*many)))
    assert len(draft.about) == MARKS
    past = [said(draft, NOW - n * DAY, dismissed_at=NOW) for n in range(5)]
    assert evaluate(look(*many, now=NOW + 30 * DAY, past=past)).drafts == ()


def test_without_a_stale_lead_nothing_is_said() -> None:
    assert evaluate(look()).drafts == ()


# When a lead is stale


def test_a_lead_is_stale_after_seven_working_days() -> None:
    thursday = datetime(2026, 11, 12, 9, 0, tzinfo=UTC)
    quiet = lead("A", silent_since=thursday)
    assert due(quiet, ANA, Known()) == NOW


def test_the_limit_is_the_persons_own() -> None:
    quiet = lead("A", silent_since=NOW)
    assert due(quiet, setting(stale_lead_days=1), Known()) == NOW + DAY


@pytest.mark.parametrize("status", ["LEAD", "PROSPECT", "lead", "Prospect"])
def test_leads_and_prospects_count(status: str) -> None:
    assert due(lead("A", status=status), ANA, Known()) is not None


@pytest.mark.parametrize(
    "subject",
    [
        lead("A", status="CUSTOMER"),
        lead("A", status=None),
        lead("A", deleted=True),
        lead("A", silent_since=None),
        CALL,
        Deal("c1", "D"),
    ],
    ids=["customer", "no status", "deleted", "no date", "a task", "a deal"],
)
def test_nothing_else_ever_becomes_stale(subject: Subject) -> None:
    assert due(subject, ANA, Known()) is None


def won_with(*ids: str) -> Known:
    """That a deal was won with these."""
    return Known({DEALS_WITH.name: {f"contact:c1:{id}": Dealings(won=True) for id in ids}})


def lost_with(id: str, days: int | None = None) -> Known:
    """That all deals with somebody were lost, the last one so many days ago."""
    at = None if days is None else NOW - days * DAY
    return Known({DEALS_WITH.name: {f"contact:c1:{id}": Dealings(lost=True, lost_at=at)}})


def test_who_has_said_no_is_no_warm_lead_until_somebody_speaks_to_them_again() -> None:
    assert due(lead("A", 40), ANA, lost_with("A")) is None
    assert due(lead("A", 40), ANA, lost_with("B")) is not None
    silent = replace(lead("A", 90), last_contacted_at=None)
    assert due(silent, ANA, lost_with("A", 60)) is None

    def spoken(days: int) -> Contact:
        return replace(lead("A", days), last_contacted_at=NOW - days * DAY)

    # About why, it may be.
    assert due(spoken(46), ANA, lost_with("A", 60)) is None
    assert due(spoken(45), ANA, lost_with("A", 60)) is not None
    assert due(spoken(45), ANA, lost_with("A")) is None


def test_one_with_whom_a_deal_was_won_is_no_lead_any_more() -> None:
    assert due(lead("A"), ANA, won_with("A")) is None
    assert due(lead("A"), ANA, won_with("B")) is not None
    open_only = Known({DEALS_WITH.name: {"contact:c1:A": Dealings(value=5.0)}})
    assert due(lead("A"), ANA, open_only) is not None


@pytest.mark.parametrize(
    ("before", "after", "counts"),
    [
        (None, WON, True),
        (replace(WON, status=DealStatus.OPEN), WON, True),
        (WON, replace(WON, status=DealStatus.OPEN), True),
        (WON, replace(WON, deleted=True), True),
        (WON, replace(WON, contact_id="C-2"), True),
        (WON, replace(WON, title="Another"), False),
        (replace(WON, status=DealStatus.OPEN), replace(WON, status=DealStatus.LOST), True),
        (replace(WON, status=DealStatus.LOST), replace(WON, status=DealStatus.OPEN), True),
        (WON, replace(WON, status=DealStatus.LOST), True),
        (replace(WON, contact_id=None), WON, True),
        (None, replace(WON, contact_id=None), False),
        (None, replace(WON, status=DealStatus.OPEN), True),
        (None, replace(WON, status=DealStatus.OPEN, contact_id=None), False),
        (None, replace(WON, status=DealStatus.OPEN, deleted=True), False),
        (
            replace(WON, status=DealStatus.OPEN),
            replace(WON, status=DealStatus.OPEN, stage="Demo"),
            False,
        ),
        (CALL, CALL, False),
    ],
)
def test_of_deals_it_counts_how_they_were_decided_and_that_there_is_another(
    before: Subject | None, after: Subject, counts: bool
) -> None:
    assert isinstance(RULE, TimeRule)
    assert RULE.moved_by == {SubjectKind.DEAL}
    assert RULE.moved_when(before, after) is counts


def test_every_level_hears_of_it() -> None:
    assert isinstance(RULE, TimeRule)
    assert RULE.level is Level.MINIMAL
    assert RULE.kind is SubjectKind.CONTACT


# Whether it is still true


COLD = [lead(name, days) for name, days in zip("ABCDE", (15, 20, 30, 40, 50), strict=True)]


def spoken_to(each: Contact) -> Contact:
    """The lead once somebody has called."""
    return replace(each, last_contacted_at=NOW, silent_since=NOW)


@pytest.mark.parametrize(
    ("things", "said_of_them"),
    [
        (COLD, "still true"),
        (
            [spoken_to(COLD[0]), *COLD[1:]],
            "Warm leads going cold: B, C, D and 1 more haven't been contacted in 20+ days.",
        ),
        (COLD[4:], "Warm lead going cold: E hasn't been contacted in 50 days."),
        ([spoken_to(each) for each in COLD[:2]], "Contacted, says the CRM: A and B."),
        ([replace(COLD[0], status="CUSTOMER")], "No longer going cold for you: A."),
        ([replace(COLD[0], person_id="p2")], "No longer going cold for you: A."),
        ([replace(COLD[0], deleted=True)], "No longer in the CRM: A."),
    ],
)
def test_what_is_left_of_the_leads_is_named(things: list[Contact], said_of_them: str) -> None:
    assert truth(RULE, only(evaluate(look(*COLD))), *things) == said_of_them


def test_those_with_whom_a_deal_was_won_are_left_out_and_at_last_called_clients() -> None:
    draft = only(evaluate(look(*COLD[:3])))
    left = truth(RULE, draft, *COLD[:3], known=won_with("A"))
    assert left == "Warm leads going cold: B and C haven't been contacted in 20+ days."
    assert truth(RULE, draft, *COLD[:3], known=won_with("A", "B", "C")) == (
        "Clients now: A, B and C."
    )
    one = only(evaluate(look(COLD[0])))
    assert truth(RULE, one, COLD[0], known=won_with("A")) == "A client now: A."


def test_those_with_whom_all_deals_were_lost_are_left_out_and_not_called_warm() -> None:
    draft = only(evaluate(look(*COLD[:2])))
    left = truth(RULE, draft, *COLD[:2], known=lost_with("A"))
    assert left == "Warm lead going cold: B hasn't been contacted in 20 days."
    one = only(evaluate(look(COLD[0])))
    assert truth(RULE, one, COLD[0], known=lost_with("A")) == (
        "No longer warm, for their deals were lost: A."
    )


def test_a_day_later_they_have_been_silent_for_a_day_longer() -> None:
    draft = only(evaluate(look(COLD[0])))
    assert truth(RULE, draft, COLD[0], now=NOW + DAY).endswith("in 16 days.")


def test_of_whom_the_person_has_logged_a_call_by_the_coach_the_crm_is_not_named() -> None:
    draft = only(evaluate(look(COLD[0])))
    assert truth(RULE, draft, spoken_to(COLD[0]), here=["contact:c1:A"]) == "Contacted: A."


def test_what_is_listed_follows_too() -> None:
    draft = only(evaluate(look(*COLD)))
    insight = stored(draft, RULE)
    left = [lead for lead in COLD if lead.id != "A"]
    asked = TruthLook(NOW, ANA, insight, draft.about, [spoken_to(COLD[0]), *left])
    new = engine.still_true({"rule": RULE}, asked)
    assert isinstance(new, Changed)
    assert new.suggestion.params == {"contacts": [["c1", id] for id in "BCDE"], "count": 4}
    assert [each.id for each in new.about] == ["B", "C", "D", "E"]


def test_a_lead_is_told_with_its_company_unless_that_is_its_name() -> None:
    acme = lead("A", 19, company="Acme")
    draft = only(evaluate(look(acme, lead("B", 25, company="b"))))
    assert reason(draft).startswith("Silent: A of Acme for 19 days and B for 25 days. ")
