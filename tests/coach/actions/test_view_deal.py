"""Tests of looking at one deal."""

from dataclasses import replace
from datetime import timedelta

import pytest

from coach.action import Shows, Submission
from coach.actions.view_deal import ACTION
from coach.errors import UnknownSubjectError
from coach.models import Deal, DealStatus
from coach.phrases import verbatim
from coach.screens import Control, Item, Note
from coach.wording import plain
from tests.coach.values import ANN, NOW, WON, view

DEAL = replace(
    WON, stage="Proposal", status=DealStatus.OPEN, stage_entered_at=NOW - timedelta(days=21)
)
STAGES = ["Qualified", "Proposal", "Closed Won"]


def test_the_promise_says_what_can_be_done() -> None:
    assert (
        plain(ACTION.promise({}))
        == "Take Action shows the deal, to move its stage or log a contact."
    )
    assert ACTION.shows is Shows.DEAL


def test_the_deal_is_shown_as_it_is_now_with_its_stages() -> None:
    (item,) = ACTION.screen(view(deal=DEAL, stages=STAGES)).elements
    assert isinstance(item, Item)
    assert plain(item.title) == "Acme renewal"
    assert [plain(fact) for fact in item.facts] == [
        "€12,000",
        "Stage: Proposal, for 21 days",
    ]
    assert item.controls == (Control.MOVE_DEAL,)
    assert item.stages == ["Proposal", "Qualified", "Closed Won"]


def test_its_contact_comes_along_to_log_a_call() -> None:
    _, note, item = ACTION.screen(view(deal=DEAL, contact=ANN, stages=STAGES)).elements
    assert isinstance(note, Note)
    assert plain(note.text) == "Its contact:"
    assert isinstance(item, Item)
    assert plain(item.title) == "Ann Lee"
    assert Control.LOG_CALL in item.controls


def test_a_deleted_contact_does_not() -> None:
    contact = replace(ANN, deleted=True)
    assert len(ACTION.screen(view(deal=DEAL, contact=contact)).elements) == 1


@pytest.mark.parametrize("deal", [None, replace(DEAL, deleted=True)], ids=["unknown", "deleted"])
def test_a_deal_that_is_gone_is_said_to_be_gone(deal: Deal | None) -> None:
    with pytest.raises(UnknownSubjectError, match="no longer in the CRM"):
        ACTION.screen(view(deal=deal))


@pytest.mark.parametrize(
    ("done", "words"),
    [
        ({}, "You looked at the deal."),
        ({"D-17": "Moved “Acme” to Closed Won"}, "Moved “Acme” to Closed Won."),
    ],
)
def test_the_card_says_what_was_done(done: dict[str, str], words: str) -> None:
    result = ACTION.submit(
        view(deal=DEAL, done={id: verbatim(each) for id, each in done.items()}), {}
    )
    assert isinstance(result, Submission)
    assert result.writes == []
    assert plain(result.outcome) == words
