"""Tests of looking through deals that are older than any was."""

from dataclasses import replace

from coach.action import Shows, Submission
from coach.actions.view_old_deals import ACTION
from coach.models import Deal, DealStatus
from coach.phrases import say
from coach.presenting import SHOWN
from coach.screens import Control, Item, Note
from coach.wording import plain
from tests.coach.values import view

DEAL = Deal("c1", "D-1", "Acme", stage="Offer")


def old(number: int) -> Deal:
    """One of many."""
    return replace(DEAL, id=f"D-{number}", title=f"Deal {number}")


def items(*deals: Deal, **more: object) -> list[Item]:
    """The deals on the screen."""
    elements = ACTION.screen(view(deals=deals, **more)).elements
    return [each for each in elements if isinstance(each, Item)]


def notes(*deals: Deal, **more: object) -> list[str]:
    """The sentences on the screen."""
    elements = ACTION.screen(view(deals=deals, **more)).elements
    return [plain(each.text) for each in elements if isinstance(each, Note)]


def test_the_promise_says_how_many_are_listed() -> None:
    assert plain(ACTION.promise({"count": 5})) == (
        "Take Action lists them, to close each or move it forward."
    )
    assert plain(ACTION.promise({"count": 80})) == (
        "Take Action lists the 20 oldest, to close each or move it forward."
    )
    assert ACTION.shows is Shows.OLD_DEALS
    assert ACTION.lists


def test_each_can_be_moved_along_its_own_way() -> None:
    ways = {"D-1": ("Offer", "Won", "Lost"), "D-2": ("Talks", "Done")}
    first, second = items(old(1), replace(old(2), stage="Talks"), ways=ways)
    assert first.controls == (Control.MOVE_DEAL,)
    assert first.stages == ["Offer", "Won", "Lost"]
    assert second.stages == ["Talks", "Done"]


def test_no_more_are_listed_than_a_screen_holds_and_the_others_are_counted() -> None:
    many = [old(number) for number in range(SHOWN + 3)]
    assert len(items(*many, more=57)) == SHOWN
    assert notes(*many, more=57) == ["… and 60 more in your CRM."]


def test_what_was_seen_to_says_so_and_offers_nothing_more() -> None:
    lost = replace(old(1), status=DealStatus.LOST, stage="Lost")
    (item,) = items(lost, done={"D-1": say("Moved to Lost")})
    assert item.controls == ()
    assert item.done is not None


def test_with_nothing_left_it_is_said() -> None:
    assert notes() == ["None of your open deals is that old any more. Well done!"]
    done = ACTION.submit(view(), {})
    assert isinstance(done, Submission)
    assert plain(done.outcome) == "You looked through these deals."
