"""Tests of asking a happy client for a referral."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from coach.keys import about
from coach.knowledge import TASKS_OF_DEALS, USUAL_WIN, Known
from coach.models import (
    Contact,
    Deal,
    DealStatus,
    Draft,
    Level,
    Priority,
    Suggestion,
    Task,
    TaskStatus,
    Verb,
)
from coach.phrases import Thing, say
from coach.repetition import past_of
from coach.rule import ActionRule
from coach.rules.referral_ask import RULE, evaluate
from coach.wording import plain
from tests.coach.values import ANN, CALL, NOW, WON, did, reason, truth, truth_of_reason, words

DAY = timedelta(days=1)


def test_a_won_deal_asks_for_a_referral_by_the_contacts_name() -> None:
    draft = evaluate(did(Verb.DEAL_CLOSED, deal=WON, contact=ANN))
    assert words(draft) == (
        "Great close! This is the perfect moment to ask Ann Lee for a referral while they're happy."
    )
    assert reason(draft) == "You won Acme renewal on Mon 23 Nov."


def test_the_contact_and_the_deal_are_linked_when_the_crm_gave_a_link() -> None:
    draft = evaluate(did(Verb.DEAL_CLOSED, deal=WON, contact=ANN))
    assert draft is not None
    assert draft.message.values["contact"] == Thing("Ann Lee", "https://crm.example/contacts/9")
    assert draft.reason.values["deal"] == Thing("Acme renewal", "https://crm.example/deals/17")


@pytest.mark.parametrize(
    "contact",
    [None, Contact("c1", "C-9"), replace(ANN, deleted=True)],
    ids=["no contact", "only an id", "deleted"],
)
def test_without_a_known_contact_it_is_the_client_of_the_deal(contact: Contact | None) -> None:
    draft = evaluate(did(Verb.DEAL_CLOSED, deal=WON, contact=contact))
    assert words(draft) == (
        "Great close! This is the perfect moment to ask the client of Acme renewal for a "
        "referral while they're happy."
    )
    assert draft is not None
    assert plain(draft.suggestion.params["title"]) == "Ask the client of Acme renewal for referral"


def test_without_a_known_contact_the_account_is_named_where_it_is_known() -> None:
    draft = evaluate(did(Verb.DEAL_CLOSED, deal=replace(WON, account=" Isdom  Ltd")))
    assert words(draft) == (
        "Great close! This is the perfect moment to ask your contact at Isdom Ltd for a referral "
        "while they're happy."
    )
    assert draft is not None
    title = plain(draft.suggestion.params["title"])
    assert title == "Ask your contact at Isdom Ltd for referral"


def test_take_action_creates_a_task_of_high_priority() -> None:
    draft = evaluate(did(Verb.DEAL_CLOSED, deal=WON, contact=ANN))
    assert draft is not None
    assert draft.suggestion == Suggestion(
        "create_task",
        {
            "connection_id": "c1",
            "title": say("Ask {contact} for referral", contact=ANN.thing),
            "priority": "high",
            "deal_id": "D-17",
            "contact_id": "C-9",
            "mail": "referral",
        },
    )


@pytest.mark.parametrize("status", [DealStatus.LOST, DealStatus.OPEN])
def test_a_deal_that_is_not_won_says_nothing(status: DealStatus) -> None:
    assert evaluate(did(Verb.DEAL_CLOSED, deal=replace(WON, status=status))) is None


def test_an_event_without_a_deal_says_nothing() -> None:
    assert evaluate(did(Verb.DEAL_CLOSED, contact=ANN)) is None


def test_it_is_of_high_priority_and_lasts_three_days() -> None:
    draft = evaluate(did(Verb.DEAL_CLOSED, deal=WON))
    assert draft is not None
    assert draft.priority is Priority.HIGH
    assert draft.expires_at == NOW + timedelta(days=3)
    assert (draft.person_id, draft.subject) == ("p1", "deal:c1:D-17")


def test_an_echo_of_the_same_win_is_the_same_occasion_and_a_second_win_is_not() -> None:
    def occasion(closed_days_ago: int) -> str:
        deal = replace(WON, closed_at=NOW - timedelta(days=closed_days_ago))
        draft = evaluate(did(Verb.DEAL_CLOSED, deal=deal))
        assert draft is not None
        return draft.occasion

    assert occasion(0) == occasion(0)
    assert occasion(0) != occasion(40)


def test_everybody_hears_of_it_whatever_their_level() -> None:
    assert isinstance(RULE, ActionRule)
    assert RULE.level is Level.MINIMAL
    assert RULE.verbs == {Verb.DEAL_CLOSED}


# Whether it is still true


def still(*tasks: Task, deal: Deal = WON, contact: Contact = ANN, here: Sequence[str] = ()) -> str:
    """What is said of the deal once it and its contact are so and it has these tasks."""
    draft = evaluate(did(Verb.DEAL_CLOSED, deal=WON, contact=ANN))
    known = Known({TASKS_OF_DEALS.name: {"deal:c1:D-17": tasks}})
    return truth(RULE, draft, deal, contact, known=known, here=here)


def test_it_is_true_while_the_deal_is_won() -> None:
    assert still() == "still true"
    assert still(deal=replace(WON, status=DealStatus.OPEN)) == "Acme renewal is not won any more."
    assert still(deal=replace(WON, deleted=True)) == "No longer in the CRM: Acme renewal."


def test_it_is_true_while_no_task_asks_for_a_referral() -> None:
    asking = replace(CALL, title="Get a Referral from Ann")
    assert still(CALL) == "still true"
    assert still(CALL, asking) == "Planned in the CRM: Get a Referral from Ann."
    assert still(asking, here=["task:c1:T-1"]) == "Planned: Get a Referral from Ann."
    done = replace(asking, status=TaskStatus.COMPLETED)
    assert still(done) == "Done in the CRM: Get a Referral from Ann."


def test_names_follow() -> None:
    assert "ask Ann Li for" in still(contact=replace(ANN, name_given="Ann Li"))
    assert "ask the client of Acme renewal for" in still(contact=replace(ANN, deleted=True))
    assert "ask the client of Acme renewal for" in still(deal=replace(WON, contact_id="C-2"))
    draft = evaluate(did(Verb.DEAL_CLOSED, deal=WON, contact=ANN))
    assert draft is not None
    renamed = replace(WON, title="Another", closed_at=NOW - 2 * DAY)
    assert truth_of_reason(RULE, draft, renamed, ANN) == "You won Another on Sat 21 Nov."


def test_days_after_the_win_it_is_no_perfect_moment_any_more() -> None:
    draft = evaluate(did(Verb.DEAL_CLOSED, deal=WON, contact=ANN))
    later = "Ask Ann Lee for a referral while your win is remembered."
    assert truth(RULE, draft, WON, ANN, now=NOW + DAY) == "still true"
    assert truth(RULE, draft, WON, ANN, now=NOW + 2 * DAY) == later
    # Nor was it when the coach was told of it so late.
    told_late = evaluate(
        did(Verb.DEAL_CLOSED, deal=replace(WON, closed_at=NOW - 2 * DAY), contact=ANN)
    )
    assert words(told_late) == later


def test_what_was_said_before_clients_were_remembered_stays_as_it_is() -> None:
    draft = evaluate(did(Verb.DEAL_CLOSED, deal=WON, contact=ANN))
    assert draft is not None
    older = replace(draft, about=(about(WON),))
    assert truth(RULE, older, WON) == "still true"


# Once a client


def again(
    deal: Deal,
    first: Deal = WON,
    *,
    after: timedelta = 7 * DAY,
    **ended: Any,
) -> Draft | None:
    """What is said of a deal that is won so long after another, whose insight ended so."""
    asked = evaluate(did(Verb.DEAL_CLOSED, deal=first))
    assert asked is not None
    earlier = replace(past_of("referral_ask", asked, NOW - after), **ended)
    return evaluate(replace(did(Verb.DEAL_CLOSED, deal=deal), past=(earlier,)))


SECOND = replace(WON, id="D-18", title="Acme more")


@pytest.mark.parametrize("days", [0, 1, 89.99])
def test_a_client_is_asked_once_in_ninety_days(days: float) -> None:
    assert again(SECOND, after=days * DAY) is None


def test_after_ninety_days_and_of_another_client_it_is_asked() -> None:
    assert again(SECOND, after=90 * DAY)
    assert again(replace(SECOND, contact_id="C-2"))
    assert again(replace(SECOND, connection_id="c2"))


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("Acme Corp", "Acme Corp", True),
        ("Acme Corp", " ACME  corp", True),
        ("Acme Corp", "Acme Labs", False),
        (None, None, False),
        ("", "", False),
    ],
)
def test_without_a_contact_the_company_is_the_client(
    first: str | None, second: str | None, same: bool
) -> None:
    one = replace(WON, contact_id=None, account=first)
    other = replace(SECOND, contact_id=None, account=second)
    assert (again(other, one) is None) is same


@pytest.mark.parametrize(
    ("ended", "counts"),
    [
        ({"dismissed_at": NOW - DAY}, True),
        ({"taken": True}, True),
        ({"missed": True}, False),
        ({"settled": say("Planned in the CRM: {task}.", task="Ask")}, True),
        ({"settled": say("Done: {tasks}.", tasks="Ask")}, True),
        ({"settled": say("{deal} is not won any more.", deal="Acme")}, False),
        ({"settled": say("No longer in the CRM: {things}.", things="Acme")}, False),
    ],
)
def test_what_had_come_undone_or_was_never_seen_was_not_asked(
    ended: dict[str, Any], counts: bool
) -> None:
    assert (again(SECOND, **ended) is None) is counts


# How much it matters


@pytest.mark.parametrize(
    ("value", "usual", "priority"),
    [
        (61, {"EUR": 1_117.0}, Priority.LOW),
        (223, {"EUR": 1_117.0}, Priority.LOW),
        (224, {"EUR": 1_117.0}, Priority.HIGH),
        (28_500, {"EUR": 1_117.0}, Priority.HIGH),
        # Little in another currency says nothing of it, and too few deals say nothing at all.
        (61, {"USD": 1_117.0}, Priority.HIGH),
        (61, {}, Priority.HIGH),
        (None, {"EUR": 1_117.0}, Priority.HIGH),
    ],
)
def test_a_deal_that_is_small_for_its_seller_is_of_low_priority(
    value: int | None, usual: dict[str, float], priority: Priority
) -> None:
    deal = replace(WON, value=None if value is None else Decimal(value))
    look = did(Verb.DEAL_CLOSED, deal=deal)
    draft = evaluate(replace(look, known=Known({USUAL_WIN.name: usual})))
    assert draft is not None
    assert draft.priority is priority
