"""Tests of the tip to follow up on a new deal."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from coach.knowledge import FOLLOW_UPS_SHOWN, TASKS_OF_DEALS, Known
from coach.models import DealStatus, Level, Priority, Suggestion, Task, TaskStatus, Verb
from coach.phrases import Thing, say
from coach.rule import ActionRule
from coach.rules.follow_up import RULE, evaluate
from tests.coach.values import CALL, NOW, WON, did, reason, truth, truth_of_reason, words

NEW = replace(WON, stage="Qualified", status=DealStatus.OPEN, closed_at=None)


def test_a_new_deal_brings_a_tip_to_follow_up_within_a_day() -> None:
    draft = evaluate(did(Verb.DEAL_CREATED, deal=NEW))
    assert words(draft) == "Tip: add a follow-up task within 24 hours for Acme renewal."
    assert draft is not None
    assert draft.message.values["deal"] == Thing("Acme renewal", "https://crm.example/deals/17")


def test_no_claim_is_made_about_how_much_it_helps() -> None:
    draft = evaluate(did(Verb.DEAL_CREATED, deal=NEW))
    spoken = words(draft) + reason(draft)
    assert "2" not in spoken.replace("24 hours", "")
    assert "faster" not in spoken


def test_what_the_teams_own_deals_show_is_said_with_its_counts_and_nothing_else() -> None:
    shown = say("Your team's deals with a follow-up task within 24 hours: 12 of 31 won.")
    known = Known({FOLLOW_UPS_SHOWN.name: shown})
    draft = evaluate(replace(did(Verb.DEAL_CREATED, deal=NEW), known=known))
    assert reason(draft) == (
        "A new deal has no next step until you give it one. "
        "Your team's deals with a follow-up task within 24 hours: 12 of 31 won."
    )
    assert draft is not None
    assert truth(RULE, draft, NEW, known=known) == "still true"
    # What no longer holds is not said any more.
    assert truth_of_reason(RULE, draft, NEW) == "A new deal has no next step until you give it one."


def test_take_action_creates_a_follow_up_of_high_priority() -> None:
    draft = evaluate(did(Verb.DEAL_CREATED, deal=NEW))
    assert draft is not None
    assert draft.suggestion == Suggestion(
        "create_task",
        {
            "connection_id": "c1",
            "title": say("Follow up on {deal}", deal=NEW.thing),
            "priority": "high",
            "deal_id": "D-17",
            "contact_id": "C-9",
            "mail": "next_step",
        },
    )


@pytest.mark.parametrize("status", [DealStatus.WON, DealStatus.LOST])
def test_a_deal_entered_after_the_fact_needs_no_follow_up(status: DealStatus) -> None:
    assert evaluate(did(Verb.DEAL_CREATED, deal=replace(NEW, status=status))) is None


def test_an_event_without_a_deal_says_nothing() -> None:
    assert evaluate(did(Verb.DEAL_CREATED)) is None


def test_a_deal_is_created_once() -> None:
    first = evaluate(did(Verb.DEAL_CREATED, deal=NEW))
    again = evaluate(did(Verb.DEAL_CREATED, deal=replace(NEW, title="Renamed")))
    assert first is not None
    assert again is not None
    assert (first.subject, first.occasion) == (again.subject, again.occasion)


def test_it_is_of_low_priority_and_lasts_a_day() -> None:
    draft = evaluate(did(Verb.DEAL_CREATED, deal=NEW))
    assert draft is not None
    assert draft.priority is Priority.LOW
    assert draft.expires_at == NOW + timedelta(hours=24)


def test_only_the_active_level_hears_of_it() -> None:
    assert isinstance(RULE, ActionRule)
    assert RULE.level is Level.ACTIVE
    assert RULE.verbs == {Verb.DEAL_CREATED}


# Whether it is still true


def still(*tasks: Task, **changes: Any) -> str:
    """What is said of the deal once it has changed so and has these tasks."""
    draft = evaluate(did(Verb.DEAL_CREATED, deal=NEW))
    known = Known({TASKS_OF_DEALS.name: {"deal:c1:D-17": tasks}})
    return truth(RULE, draft, replace(NEW, **changes), known=known)


def test_it_is_true_while_the_deal_is_open_and_the_persons() -> None:
    assert still() == "still true"
    assert still(stage="Proposal") == "still true"
    assert still(status=DealStatus.WON) == "Won in the CRM: Acme renewal."
    assert still(status=DealStatus.LOST) == "Lost in the CRM: Acme renewal."
    assert still(person_id="p2") == "Acme renewal is no longer yours."
    assert still(deleted=True) == "No longer in the CRM: Acme renewal."


def test_its_name_follows() -> None:
    assert still(title="Renamed") == "Tip: add a follow-up task within 24 hours for Renamed."


def test_after_a_day_nobody_is_told_to_do_it_within_one() -> None:
    draft = evaluate(did(Verb.DEAL_CREATED, deal=NEW))
    assert truth(RULE, draft, NEW, now=NOW + timedelta(hours=23.9)) == "still true"
    late = truth(RULE, draft, NEW, now=NOW + timedelta(hours=24))
    assert late == "Tip: Acme renewal still has no next step. Add a follow-up task."


def test_it_is_true_while_nothing_is_planned() -> None:
    assert still(replace(CALL, status=TaskStatus.COMPLETED)) == "still true"
    assert still(CALL) == "Planned in the CRM: Call Bo."


def test_how_long_it_is_of_use_counts_from_when_we_were_told() -> None:
    look = replace(did(Verb.DEAL_CREATED, deal=NEW), received_at=NOW - timedelta(hours=1))
    draft = evaluate(look)
    assert draft is not None
    assert draft.expires_at == NOW + timedelta(hours=23)
