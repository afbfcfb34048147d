"""What messages that show many insights have in common: the first few of them, and the rest."""

from collections.abc import Sequence
from datetime import datetime

from bot.slack.blocks.card import is_over, waits
from bot.slack.blocks.pieces import Blocks, actions, button, context, plain_text
from coach.models import Insight, InsightState
from coach.phrases import Phrase, counted, say
from coach.wording import Voice, plain

#: The `action_id` of the button behind which the rest is.
SHOW_ALL = "brief:all"


def parted(
    insights: Sequence[Insight], most: int, *, superseded: bool, now: datetime
) -> tuple[list[Insight], int]:
    """Those of the first that are still shown, and how many of the others wait.

    Of a message that a newer one has taken the place of, only what was done is shown.
    """
    top = [
        each
        for each in insights[:most]
        if not is_over(each, now) and not (superseded and each.state is InsightState.OPEN)
    ]
    rest = 0 if superseded else sum(waits(each, now) for each in insights[most:])
    return top, rest


def nothing_waits(top: Sequence[Insight], done: Phrase) -> Phrase:
    """The title where none of these waits: what was sent away, put off or muted was not done."""
    settled = (InsightState.TAKEN, InsightState.RESOLVED)
    if all(each.state in settled for each in top):
        return done
    return say("None of these waits for you now")


def rest_row(count: int, voice: Voice, block_id: str) -> Blocks:
    """How many wait besides, and the button that shows all."""
    if not count:
        return []
    more = counted("{count} thing more waits.", "{count} things more wait.", "count", count=count)
    return [
        context(plain_text(plain(more, voice))),
        actions([button(plain(say("Show all"), voice), SHOW_ALL)], block_id=block_id),
    ]
