"""Praise for a run of wins is rare, told once a run, and borne out by the person's own figures."""

from dataclasses import replace
from datetime import timedelta

import pytest

from coach.keys import subject_key
from coach.knowledge import WIN_RUN, Known, Run
from coach.models import Deal, DealStatus, Draft, Level, Priority, Verb
from coach.rules.win_streak import RULE
from tests.coach.values import NOW, WON, did, reason, truth, words

RUN = Run(length=6, since=NOW - timedelta(days=20), longest=5, decided=40, lost=15)


def said(run: Run | None = RUN, status: DealStatus = DealStatus.WON) -> Draft | None:
    look = did(Verb.DEAL_CLOSED, deal=replace(WON, status=status))
    return RULE.evaluate(replace(look, known=known(run)))


def known(run: Run | None) -> Known:
    return Known({WIN_RUN.name: {subject_key(WON): run}} if run else {})


def test_the_longest_run_so_far_is_praised_with_its_figures() -> None:
    draft = said()
    assert words(draft) == (
        "With Acme renewal you have won 6 deals in a row: your longest run so far."
    )
    assert reason(draft) == "No run before was longer than 5, in 40 deals decided. Well done."


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
        # It is over already: this was told late.
        replace(RUN, ended=True),
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


def test_it_is_true_as_long_as_the_deal_is_won_and_the_run_is_one() -> None:
    def still(deal: Deal = WON, run: Run | None = RUN) -> str:
        return truth(RULE, said(), deal, known=known(run))

    assert still() == "still true"
    assert still(replace(WON, status=DealStatus.OPEN)) == "Acme renewal is not won any more."
    assert still(replace(WON, deleted=True)) == "No longer in the CRM: Acme renewal."
    # Another of its deals was not won after all, or one was lost on the day of this one.
    for run in (None, replace(RUN, length=5)):
        assert still(run=run) == "By the deals as they are now, it is no longest run."
    # Whoever has it now, they had won it.
    assert still(replace(WON, person_id="p2"), None) == "still true"


def test_no_order_is_told_where_none_is_known_nor_that_a_run_goes_on() -> None:
    before = "You won 6 deals in a row, Acme renewal among them: your longest run until then."
    assert words(said(replace(RUN, last=2))) == before
    assert truth(RULE, said(), WON, known=known(replace(RUN, ended=True))) == before
