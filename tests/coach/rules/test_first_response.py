"""A new lead is spoken of when it waits longer than those did that the team has won."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from coach.knowledge import DEALS_WITH, USUAL_ANSWER, Answered, Dealings, Known
from coach.models import Contact, Level, Priority, Suggestion
from coach.rule import TimeLook
from coach.rules.first_response import GAP, RULE
from tests.coach.values import ANA, CALL, NOW, look, only, reason, said, setting, truth, words

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

#: On Friday at noon where Ana is, seven of her working hours ago.
CAME = NOW - 70 * HOUR

LEAD = Contact(
    "c1", "C-1", "Ann Lee", status="LEAD", person_id="p1", created_at=CAME, silent_since=CAME
)

FIVE_HOURS = Known({USUAL_ANSWER.name: Answered(300, 34)})


def told(minutes: int) -> str:
    known = Known({USUAL_ANSWER.name: Answered(minutes, 34)})
    return reason(only(RULE.evaluate(replace(look(LEAD), known=known))))


def looked(*due: Contact, **more: Any) -> TimeLook:
    return replace(look(*due, **more), known=FIVE_HOURS)


def test_it_is_due_when_nine_of_ten_that_were_won_had_been_contacted() -> None:
    assert RULE.due(LEAD, ANA, FIVE_HOURS) == CAME + 5 * HOUR
    # At three on Friday: three hours of that day, and two of Monday.
    late = replace(LEAD, created_at=CAME + 3 * HOUR)
    assert RULE.due(late, ANA, FIVE_HOURS) == NOW + HOUR
    # In the night, nobody has waited before their work begins.
    night = replace(LEAD, created_at=NOW - 7 * HOUR)
    assert RULE.due(night, ANA, FIVE_HOURS) == NOW + 4 * HOUR


def test_where_too_few_leads_were_won_to_tell_it_says_nothing() -> None:
    assert RULE.due(LEAD, ANA, Known()) is None
    assert RULE.evaluate(look(LEAD)).drafts == ()


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "CUSTOMER"},
        {"status": None},
        {"deleted": True},
        {"created_at": None},
        {"last_contacted_at": NOW},
    ],
)
def test_who_is_no_lead_or_was_contacted_or_came_nobody_knows_when_is_never_due(
    changed: dict[str, Any],
) -> None:
    assert RULE.due(replace(LEAD, **changed), ANA, FIVE_HOURS) is None


def test_what_is_no_contact_and_whoever_is_a_client_is_never_due() -> None:
    assert RULE.due(CALL, ANA, FIVE_HOURS) is None
    lost = Known({**FIVE_HOURS.values, DEALS_WITH.name: {"contact:c1:C-1": Dealings(lost=True)}})
    assert RULE.due(LEAD, ANA, lost) is None
    won = Known({**FIVE_HOURS.values, DEALS_WITH.name: {"contact:c1:C-1": Dealings(won=True)}})
    assert RULE.due(LEAD, ANA, won) is None


def test_a_team_that_is_slower_than_leads_go_cold_is_not_quoted() -> None:
    # Eight days of nine hours.
    slow = Known({USUAL_ANSWER.name: Answered(8 * 9 * 60, 34)})
    assert RULE.due(LEAD, ANA, slow) is None
    assert RULE.due(LEAD, setting(stale_lead_days=30), slow) is not None


def test_it_is_said_since_when_and_from_how_many_leads() -> None:
    draft = only(RULE.evaluate(looked(LEAD)))
    assert words(draft).startswith("Ann Lee is new since Fri 20 Nov, ")
    assert words(draft).endswith(" and waits for a first word.")
    assert draft.priority is Priority.HIGH
    assert draft.suggestion == Suggestion(
        "view_stale_leads", {"contacts": [["c1", "C-1"]], "new": True}
    )


@pytest.mark.parametrize(
    ("minutes", "time"),
    [
        (1, "1 working minute"),
        (119, "119 working minutes"),
        (120, "2 working hours"),
        (300, "5 working hours"),
        (301, "6 working hours"),
        (2881, "49 working hours"),
    ],
)
def test_the_teams_own_figure_is_said_in_the_unit_that_suits_it(minutes: int, time: str) -> None:
    assert told(minutes) == (
        f"9 of 10 leads your team won were first contacted within {time} (34 leads)."
    )


def test_a_lead_is_spoken_of_once_and_two_in_a_day_the_newest_first() -> None:
    verdict = RULE.evaluate(looked(LEAD))
    past = [said(only(verdict), NOW)]
    assert RULE.evaluate(looked(LEAD, past=past, now=NOW + 2 * DAY)).drafts == []
    leads = [
        replace(LEAD, id=f"C-{n}", created_at=CAME - n * HOUR, silent_since=CAME - n * HOUR)
        for n in range(4)
    ]
    drafts = RULE.evaluate(looked(*leads)).drafts
    assert [draft.about[0].id for draft in drafts] == ["C-0", "C-1"]


def test_once_a_lead_is_cold_it_is_among_those_that_are() -> None:
    verdict = RULE.evaluate(looked(LEAD, now=NOW + 9 * DAY))
    assert verdict.drafts == []
    assert verdict.later == {"contact:c1:C-1": NOW + 9 * DAY + GAP}
    draft = only(RULE.evaluate(looked(LEAD)))
    # On Wednesday a week later.
    assert NOW + 8 * DAY < draft.expires_at < NOW + 9 * DAY


def test_of_what_was_so_before_there_is_no_word() -> None:
    assert RULE.evaluate(replace(looked(LEAD), at_once=3)).drafts == ()


def test_it_is_true_until_somebody_was_in_touch() -> None:
    draft = only(RULE.evaluate(looked(LEAD)))
    assert truth(RULE, draft, LEAD, known=FIVE_HOURS) == "still true"
    contacted = replace(LEAD, last_contacted_at=NOW)
    assert truth(RULE, draft, contacted, known=FIVE_HOURS) == "Contacted, says the CRM: Ann Lee."
    here = truth(RULE, draft, contacted, known=FIVE_HOURS, here=("contact:c1:C-1",))
    assert here == "Contacted: Ann Lee."
    customer = replace(LEAD, status="CUSTOMER")
    assert truth(RULE, draft, customer, known=FIVE_HOURS) == (
        "Ann Lee does not wait for your first word any more."
    )
    gone = replace(LEAD, deleted=True)
    assert truth(RULE, draft, gone, known=FIVE_HOURS) == "No longer in the CRM: Ann Lee."


def test_it_is_heard_from_level_two_on() -> None:
    assert RULE.level is Level.BALANCED
    assert RULE.switch is None
