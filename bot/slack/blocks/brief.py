"""The morning brief: the few things of a day in their order, each with its buttons."""

from collections.abc import Callable, Sequence
from datetime import date, datetime

from bot.coaching.saying import SHOWN
from bot.slack.blocks.card import (
    buttons,
    importance,
    promised,
    settled,
    waits,
    what_and_why,
)
from bot.slack.blocks.pieces import (
    Blocks,
    context,
    fitted,
    header,
)
from bot.slack.blocks.text import escaped, flat
from bot.slack.blocks.together import nothing_waits, parted, rest_row
from bot.slack.blocks.undoing import undo_row
from coach.models import Insight
from coach.phrases import Phrase, say
from coach.wording import Voice, plain, words

_TITLES = {
    1: say("One thing for today"),
    2: say("Your two for today, the most important first"),
    3: say("Your three for today, the most important first"),
}


def _of_before(count: int, day: date) -> Phrase:
    """The same of another day than today."""
    match count:
        case 1:
            return say("One thing of {date}", date=day)
        case 2:
            return say("Your two of {date}, the most important first", date=day)
        case _:
            return say("Your three of {date}, the most important first", date=day)


def brief(
    insights: Sequence[Insight],
    voice: Voice,
    promise: Callable[[Insight], Phrase | None],
    *,
    superseded: bool,
    now: datetime,
    day: date | None = None,
    morning: date | None = None,
) -> tuple[str, Blocks] | None:
    """The notification's text and the blocks; `None` when nothing is left to show.

    `day` is the day it is of, where that is over for its person; `morning` is the next day on which
    they work.

    What was done keeps its place and loses its buttons. Of a brief that a newer one has taken the
    place of, only what was done is left.
    """
    part = parted(insights, SHOWN["brief"], superseded=superseded, now=now)
    top = part.top
    if not top:
        return None
    open_ = [each for each in top if waits(each, now)]
    title = _TITLES[len(top)] if day is None else _of_before(len(top), day)
    if not open_:
        done = say("Done for today") if day is None else say("Done on {date}", date=day)
        title = nothing_waits(part, done)

    def build(share: float) -> Blocks:
        blocks: Blocks = [header(plain(title, voice))]
        for each in top:
            blocks += line_of(each, voice, promise, share, now, morning)
        return blocks + rest_row(part.rest, voice, "brief")

    return _notice(title, open_, voice), fitted(build)


def line_of(
    insight: Insight,
    voice: Voice,
    promise: Callable[[Insight], Phrase | None],
    share: float,
    now: datetime,
    morning: date | None,
) -> Blocks:
    """One of a few things with its buttons, or what became of it."""
    if not waits(insight, now):
        return settled(insight, voice, share * 0.5, now)
    promises = promised(promise(insight), voice, share * 0.5)
    return [
        what_and_why(insight, voice, share * 0.75),
        context(importance(insight, voice), *promises),
        buttons(insight, voice, now=now, morning=morning),
        *undo_row(insight, voice, now),
    ]


def _notice(title: Phrase, open_: Sequence[Insight], voice: Voice) -> str:
    if not open_:
        return escaped(flat(words(title, voice)), 320)
    first = say("{title}: {message}", title=title, message=open_[0].message)
    return escaped(flat(words(first, voice)), 320)
