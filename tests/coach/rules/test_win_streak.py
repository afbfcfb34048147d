"""Praise for a run of wins is rare, told once a run, and borne out by the person's own figures."""

from dataclasses import replace
from datetime import timedelta

import pytest

from coach.knowledge import WIN_RUN, Known, Run
from coach.models import DealStatus, Draft, Level, Priority, Verb
from coach.rules.win_streak import RULE
from tests.coach.values import NOW, WON, did, reason, truth, words

RUN = Run(length=6, since=NOW - timedelta(days=20), longest=5, decided=40, lost=15)


def said(run: Run | None = RUN, status: DealStatus = DealStatus.WON) -> Draft | None:
    known = Known({WIN_RUN.name: run} if run else {})
    return RULE.evaluate(
        replace(did(Verb.DEAL_CLOSED, deal=replace(WON, status=status)), known=known)
    )


def test_the_longest_run_so_far_is_praised_with_its_figures() -> None:
    draft = said()
    assert words(draft) == (
        "With Acme renewal you have won 6 deals in a row: your longest run so far."
    )
    assert reason(draft) == "The longest before was 5, in 40 deals decided. Well done."


@pytest.mark.parametrize(
    "run",
    [
        None,
        replace(RUN, length=5),
        replace(RUN, longest=6),
        replace(RUN, length=3, longest=1),
        replace(RUN, decided=19),
        # Losses that nobody writes down make everything a run.
        replace(RUN, lost=4),
    ],
)
def test_what_is_no_record_or_means_nothing_is_not_praised(run: Run | None) -> None:
    assert said(run) is None


def test_a_lost_deal_and_no_deal_are_not_praised() -> None:
    assert said(status=DealStatus.LOST) is None
    assert RULE.evaluate(did(Verb.DEAL_CLOSED)) is None


def test_a_run_is_praised_once_however_much_longer_it_grows() -> None:
    first, longer = said(), said(replace(RUN, length=9))
    assert first is not None
    assert longer is not None
    assert (first.subject, first.occasion) == (longer.subject, longer.occasion)
    other = said(replace(RUN, since=NOW, longest=9, length=10))
    assert other is not None
    assert other.occasion != first.occasion


def test_it_interrupts_nobody() -> None:
    draft = said()
    assert draft is not None
    assert (RULE.level, draft.priority) == (Level.BALANCED, Priority.LOW)


def test_it_is_true_as_long_as_the_deal_is_won() -> None:
    assert truth(RULE, said(), WON) == "still true"
    assert truth(RULE, said(), replace(WON, status=DealStatus.OPEN)) == (
        "Acme renewal is not won any more."
    )
    assert truth(RULE, said(), replace(WON, deleted=True)) == "No longer in the CRM: Acme renewal."
