"""A large deal that went back, by the CRM's own order of stages, is asked about once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from coach import engine
from coach.knowledge import LARGE_VALUE, MOVED_BACK, Known, MovedBack
from coach.models import DealStatus, Draft, Level, Priority, Verb
from coach.rule import ActionLook
from coach.rules.big_deal_moved_back import RULE
from coach.wording import plain
from tests.coach.values import NOW, WON, did, reason, truth, words

DEAL = replace(WON, stage="Demo", status=DealStatus.OPEN, closed_at=None, stage_entered_at=NOW)

BACK = {MOVED_BACK.name: {"deal:c1:D-17": MovedBack("Proposal", "Demo")}}
LARGE = {LARGE_VALUE.name: {"EUR": 12000.0}}
KNOWN = Known({**BACK, **LARGE})


def moved(known: Known = KNOWN, **changed: Any) -> ActionLook:
    return replace(did(Verb.DEAL_STAGE_CHANGED, deal=replace(DEAL, **changed)), known=known)


def said(known: Known = KNOWN, **changed: Any) -> Draft | None:
    return RULE.evaluate(moved(known, **changed))


def test_it_is_told_from_where_to_where_and_how_large_it_is() -> None:
    draft = said()
    assert draft is not None
    assert words(draft) == "Acme renewal went back from Proposal to Demo. What has changed?"
    assert reason(draft) == "At €12,000 it is in the largest tenth of your open deals."
    assert draft.priority is Priority.MEDIUM
    assert draft.expires_at == NOW + timedelta(days=3)
    assert draft.suggestion.action == "create_task"
    assert plain(draft.suggestion.params["title"]) == "Find out what Acme renewal needs now"


@pytest.mark.parametrize("known", [Known(BACK), Known(LARGE), Known()])
def test_what_is_not_large_or_did_not_go_back_for_certain_says_nothing(known: Known) -> None:
    assert said(known) is None


@pytest.mark.parametrize(
    "changed", [{"status": DealStatus.LOST}, {"stage_entered_at": None}, {"value": None}]
)
def test_what_is_closed_or_not_known_says_nothing(changed: dict[str, Any]) -> None:
    assert said(**changed) is None


def test_nothing_without_a_deal() -> None:
    assert RULE.evaluate(did(Verb.DEAL_STAGE_CHANGED)) is None


def test_each_move_is_an_occasion_of_its_own() -> None:
    first, again = said(), said(stage_entered_at=NOW + timedelta(hours=1))
    assert first is not None
    assert again is not None
    assert first.occasion != again.occasion


def test_it_is_heard_from_level_two_on_at_any_move() -> None:
    assert RULE.level is Level.BALANCED
    drafts = engine.on_activity({"big_deal_moved_back": RULE}, moved())
    assert [rule for rule, _ in drafts] == ["big_deal_moved_back"]


def test_it_is_true_while_the_deal_is_there() -> None:
    draft = said()
    assert truth(RULE, draft, DEAL, known=KNOWN) == "still true"
    assert "Acme 2" in truth(RULE, draft, replace(DEAL, title="Acme 2"), known=KNOWN)
    # That it is large was true when it was said.
    assert truth(RULE, draft, DEAL, known=Known(BACK)) == "still true"
    assert truth(RULE, draft, DEAL) == "Acme renewal did not go back, says the CRM."


@pytest.mark.parametrize(
    ("changed", "settled"),
    [
        (
            {"stage": "Proposal", "stage_entered_at": NOW + timedelta(hours=2)},
            "Moved in the CRM: Acme renewal is in Proposal now.",
        ),
        ({"status": DealStatus.LOST}, "Lost in the CRM: Acme renewal."),
        ({"person_id": "p2"}, "Acme renewal is no longer yours."),
        ({"deleted": True}, "No longer in the CRM: Acme renewal."),
    ],
)
def test_what_has_settled_it_is_said(changed: dict[str, Any], settled: str) -> None:
    assert truth(RULE, said(), replace(DEAL, **changed), known=KNOWN) == settled
