"""What messages that show many insights have in common: the first few of them, and the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.slack.blocks.card import waits
from bot.slack.blocks.pieces import Blocks, actions, button, context, plain_text
from coach.models import Insight, InsightState
from coach.phrases import Phrase, counted, say
from coach.wording import Voice, plain

#: The `action_id` of the button behind which the rest is.
SHOW_ALL = "brief:all"


@dataclass(frozen=True, slots=True)
class Part:
    """What a message shows of its insights."""

    #: The first of those that are still shown, each as it is now.
    top: list[Insight]
    #: How many of the others wait.
    rest: int
    #: Whether some are shown no more although nobody answered them.
    lapsed: bool
    #: Whether a newer message has taken its place, and with it perhaps what is not shown here.
    replaced: bool = False


def parted(insights: Sequence[Insight], most: int, *, superseded: bool, now: datetime) -> Part:
    """The first of those that are still shown: what is left out makes room for the next.

    Of a message that a newer one has taken the place of, only what was done is shown.
    """
    here = [
        each
        for each in insights
        if not each.is_over(now) and not (superseded and each.state is InsightState.OPEN)
    ]
    rest = sum(waits(each, now) for each in here[most:])
    return Part(here[:most], rest, lapsed=len(here) < len(insights), replaced=superseded)


def nothing_waits(part: Part, done: Phrase) -> Phrase:
    """The title where none of what is shown waits.

    What was sent away, put off or muted was not done, and neither was what merely ran out.
    """
    settled = (InsightState.TAKEN, InsightState.RESOLVED)
    is_done = all(each.state in settled for each in part.top)
    if part.rest:
        return say("Done so far") if is_done else say("None of these waits for you now")
    if part.lapsed and part.replaced:
        # What is left out may well be so still, and stand in the newer one.
        return say("What was done of these") if is_done else say("What became of these")
    if part.lapsed and is_done:
        return say("What was done of these; the rest is no longer current")
    if part.lapsed:
        return say("What became of these; the rest is no longer current")
    return done if is_done else say("None of these waits for you now")


def rest_row(count: int, voice: Voice, block_id: str) -> Blocks:
    """How many wait besides, and the button that shows all."""
    if not count:
        return []
    more = counted("{count} thing more waits.", "{count} things more wait.", "count", count=count)
    return [
        context(plain_text(plain(more, voice))),
        actions([button(plain(say("Show all"), voice), SHOW_ALL)], block_id=block_id),
    ]
