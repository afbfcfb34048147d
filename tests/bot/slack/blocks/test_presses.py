"""Whatever an insight is, there stands what can be pressed by the table of states, and no more."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from bot.slack.blocks.brief import brief
from bot.slack.blocks.card import card
from bot.slack.blocks.digest import digest
from bot.slack.blocks.lists import insight_list
from bot.slack.blocks.pieces import Blocks
from coach.models import Dismissed, InsightState
from coach.phrases import counted, say
from coach.states import ANSWERS, Press, presses
from tests.bot.slack.blocks.values import NOW, VOICE, insight

LATER, BEFORE = NOW + timedelta(minutes=5), NOW - timedelta(minutes=5)

#: What was done of a list.
SOME = counted("{done}", "{done}", "count", count=1, done=say("Done."))

EVERY = [
    replace(
        insight(state=state, undo_until=undo, snoozed_until=snoozed, expires_at=expires),
        outcome=outcome,
        dismissed_as=why if state is InsightState.DISMISSED else None,
    )
    for state, undo, snoozed, expires, outcome, why in product(
        InsightState,
        (None, BEFORE, LATER),
        (None, BEFORE, LATER),
        (BEFORE, LATER),
        (None, SOME),
        (None, Dismissed.NOT_RELEVANT),
    )
]


def pressable(blocks: Blocks) -> set[str]:
    """What can be pressed there, but for what shows the rest."""
    found = [each for block in blocks if block["type"] == "actions" for each in block["elements"]]
    return {each["action_id"] for each in found} - {"brief:all"}


@pytest.mark.parametrize("state", InsightState)
def test_a_card_has_what_can_be_pressed_and_no_more(state: InsightState) -> None:
    for each in (one for one in EVERY if one.state is state):
        _, blocks = card(each, VOICE, promise=None, now=NOW)
        assert pressable(blocks) == set(presses(each, NOW)), each


@pytest.mark.parametrize("state", InsightState)
def test_among_others_nothing_else_can_be_pressed(state: InsightState) -> None:
    for each, superseded in product((one for one in EVERY if one.state is state), (False, True)):
        allowed = presses(each, NOW)
        made: Sequence[tuple[str, Blocks] | None] = [
            brief([each], VOICE, lambda _: None, superseded=superseded, now=NOW),
            digest([each], VOICE, lambda _: None, superseded=superseded, now=NOW),
        ]
        for text_and_blocks in made:
            if text_and_blocks is not None:
                found = pressable(text_and_blocks[1])
                assert found <= allowed, each
                # Short rows have sending away in their menu.
                assert found | {Press.DISMISS} >= ANSWERS or not found & ANSWERS


@pytest.mark.parametrize("put_off", [False, True])
def test_a_list_of_what_waits_has_the_answers_or_the_way_back(put_off: bool) -> None:
    each = insight(snoozed_until=LATER if put_off else None)
    _, blocks = insight_list([each], VOICE, lambda _: None, now=NOW)
    assert pressable(blocks) == set(presses(each, NOW))
