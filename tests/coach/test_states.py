"""The table of states is whole: every state has its ways, and each leads somewhere known."""

from dataclasses import replace
from datetime import timedelta

import pytest

from coach.models import (
    Dismissed,
    Insight,
    InsightState,
    InsightType,
    MessageState,
    Priority,
    Suggestion,
)
from coach.phrases import counted, say
from coach.states import ANSWERS, INSIGHT_WAYS, MESSAGE_WAYS, Press, presses
from tests.coach.values import NOW

MINUTE = timedelta(minutes=1)
OPEN = Insight(
    "w1", "f", "p1", "stuck_deals", InsightType.TIME, Priority.MEDIUM, "deal:c1:D-17",
    say("Stuck."), say("Long."), Suggestion("view_deal"), InsightState.OPEN, NOW, NOW + MINUTE,
)  # fmt: skip
UNDO = NOW + MINUTE
SOME = counted("{done}", "{done}", "count", count=1, done=say("x"))


def test_every_state_has_its_ways() -> None:
    assert set(INSIGHT_WAYS) == {*InsightState}
    assert set(MESSAGE_WAYS) == {*MessageState}
    # An insight ends in each state but one, and nothing is open that was not so before.
    assert set(INSIGHT_WAYS[InsightState.OPEN]) == {*InsightState} - {InsightState.OPEN}
    assert all(here not in ways for here, ways in INSIGHT_WAYS.items())
    assert all(here not in ways for here, ways in MESSAGE_WAYS.items())


@pytest.mark.parametrize(
    ("insight", "pressed"),
    [
        (OPEN, ANSWERS),
        (replace(OPEN, undo_until=UNDO), ANSWERS | {Press.UNDO}),
        (replace(OPEN, expires_at=NOW), set()),
        (replace(OPEN, snoozed_until=NOW + MINUTE), {Press.UNSNOOZE}),
        (replace(OPEN, snoozed_until=NOW + MINUTE, undo_until=UNDO), {Press.UNSNOOZE}),
        (replace(OPEN, snoozed_until=NOW), ANSWERS),
        (replace(OPEN, state=InsightState.TAKEN), set()),
        (replace(OPEN, state=InsightState.TAKEN, undo_until=UNDO), {Press.UNDO}),
        (replace(OPEN, state=InsightState.TAKEN, undo_until=NOW), set()),
        (replace(OPEN, state=InsightState.DISMISSED), set()),
        (
            replace(OPEN, state=InsightState.DISMISSED, undo_until=UNDO),
            {Press.UNDO, Press.EXPLAIN},
        ),
        (
            replace(
                OPEN,
                state=InsightState.DISMISSED,
                undo_until=UNDO,
                dismissed_as=Dismissed.WRONG_DATA,
            ),
            {Press.UNDO},
        ),
        (replace(OPEN, state=InsightState.MUTED, undo_until=UNDO), {Press.UNMUTE}),
        (replace(OPEN, state=InsightState.RESOLVED), set()),
        # Something of it was done, and the CRM has settled the rest.
        (replace(OPEN, state=InsightState.RESOLVED, undo_until=UNDO), {Press.UNDO}),
        (replace(OPEN, state=InsightState.EXPIRED, undo_until=UNDO), set()),
        (replace(OPEN, state=InsightState.EXPIRED, undo_until=UNDO, outcome=SOME), {Press.UNDO}),
        (replace(OPEN, expires_at=NOW, undo_until=UNDO, outcome=SOME), {Press.UNDO}),
    ],
)
def test_what_can_be_pressed_in_each_state(insight: Insight, pressed: set[Press]) -> None:
    assert presses(insight, NOW) == pressed
