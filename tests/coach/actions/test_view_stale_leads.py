"""Tests of looking through leads that have gone quiet."""

from dataclasses import replace
from datetime import timedelta

import pytest

from coach.action import Shows, Submission
from coach.actions.view_stale_leads import ACTION
from coach.errors import UnknownSubjectError
from coach.models import Contact
from coach.phrases import verbatim
from coach.presenting import SHOWN
from coach.screens import Control, Item, Note
from coach.wording import plain
from tests.coach.values import NOW, view


def lead(number: int) -> Contact:
    """A lead that has been silent for so many days."""
    since = NOW - timedelta(days=number)
    return Contact("c1", f"C-{number}", f"Lead {number}", status="LEAD", silent_since=since)


def test_the_promise_says_what_can_be_done() -> None:
    assert (
        plain(ACTION.promise({}))
        == "Take Action lists these leads, to log a call, mail or meeting."
    )
    assert ACTION.shows is Shows.CONTACTS


def test_the_promise_of_one_speaks_of_one() -> None:
    assert (
        plain(ACTION.promise({"count": 1}))
        == "Take Action shows the lead, to log a call, mail or meeting."
    )


def test_the_promise_says_how_many_are_listed_when_it_is_not_all() -> None:
    assert plain(ACTION.promise({"count": SHOWN})) == plain(ACTION.promise({}))
    assert plain(ACTION.promise({"count": 748})) == (
        "Take Action lists the 20 most promising, to log a call, mail or meeting."
    )


def test_leads_are_listed_in_the_order_of_the_card_without_deleted_ones() -> None:
    found = [lead(1), lead(9), replace(lead(7), deleted=True), lead(5)]
    items = [
        item for item in ACTION.screen(view(contacts=found)).elements if isinstance(item, Item)
    ]
    assert [plain(item.title) for item in items] == ["Lead 1", "Lead 9", "Lead 5"]
    for item in items:
        assert set(item.controls) == {
            Control.LOG_CALL,
            Control.LOG_EMAIL,
            Control.LOG_MEETING,
        }


def test_no_more_are_listed_than_a_screen_holds_and_the_others_are_counted() -> None:
    *items, note = ACTION.screen(view(contacts=[lead(n) for n in range(SHOWN + 2)])).elements
    assert len(items) == SHOWN
    assert isinstance(note, Note)
    assert plain(note.text) == "… and 2 more in your CRM."


@pytest.mark.parametrize(("deleted", "left"), [(0, 728), (1, 727)])
def test_the_others_are_as_many_as_the_card_counts(deleted: int, left: int) -> None:
    listed = [replace(lead(n), deleted=n < deleted) for n in range(100)]
    params = {"contacts": [["c1", each.id] for each in listed], "count": 748}
    *items, note = ACTION.screen(view(contacts=listed, params=params)).elements
    assert len(items) == SHOWN
    assert isinstance(note, Note)
    assert plain(note.text) == f"… and {left} more in your CRM."


@pytest.mark.parametrize("found", [[], [replace(lead(1), deleted=True)]], ids=["none", "deleted"])
def test_leads_that_are_gone_are_said_to_be_gone(found: list[Contact]) -> None:
    with pytest.raises(UnknownSubjectError, match="in the CRM any more"):
        ACTION.screen(view(contacts=found))


@pytest.mark.parametrize(
    ("done", "words"),
    [
        ({}, "You looked through these leads."),
        ({"C-1": "Logged a call with Bo"}, "Logged a call with Bo."),
    ],
)
def test_the_card_says_what_was_done(done: dict[str, str], words: str) -> None:
    result = ACTION.submit(
        view(contacts=[lead(1)], done={id: verbatim(each) for id, each in done.items()}), {}
    )
    assert isinstance(result, Submission)
    assert result.writes == []
    assert plain(result.outcome) == words
