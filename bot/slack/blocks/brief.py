"""The morning brief: the few things of a day in their order, each with its buttons."""

from collections.abc import Callable, Mapping, Sequence
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
from coach.importance import Worth, ranked
from coach.models import Insight
from coach.phrases import Phrase, say
from coach.wording import Voice, plain, words

_UNKNOWN: Mapping[str, Worth] = {}

#: By how many they are, and whether they are in their order.
_TITLES = {
    (1, True): say("One thing for today"),
    (2, False): say("Your two for today"),
    (2, True): say("Your two for today, the most important first"),
    (3, False): say("Your three for today"),
    (3, True): say("Your three for today, the most important first"),
}


def _of_before(count: int, day: date, *, in_order: bool) -> Phrase:
    """The same of another day than today."""
    match count, in_order:
        case 1, _:
            return say("One thing of {date}", date=day)
        case 2, False:
            return say("Your two of {date}", date=day)
        case 2, True:
            return say("Your two of {date}, the most important first", date=day)
        case _, False:
            return say("Your three of {date}", date=day)
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
    worth: Mapping[str, Worth] = _UNKNOWN,
) -> tuple[str, Blocks] | None:
    """The notification's text and the blocks; `None` when nothing is left to show.

    `day` is the day it is of, where that is over for its person; `morning` is the next day on which
    they work, and `worth` the money at stake, by fingerprint.

    What was done keeps its place and loses its buttons. Of a brief that a newer one has taken the
    place of, only what was done is left.
    """
    part = parted(insights, SHOWN["brief"], superseded=superseded, now=now)
    top = part.top
    if not top:
        return None
    open_ = [each for each in top if waits(each, now)]
    ordered = len(top) == 1 or _is_in_order(insights, top, worth, now)
    title = _TITLES[len(top), ordered]
    if day is not None:
        title = _of_before(len(top), day, in_order=ordered)
    if not open_:
        done = say("Done for today") if day is None else say("Done on {date}", date=day)
        title = nothing_waits(part, done)

    def build(share: float) -> Blocks:
        blocks: Blocks = [header(plain(title, voice))]
        for each in top:
            blocks += line_of(each, voice, promise, share, now, morning)
        return blocks + rest_row(part.rest, voice, "brief")

    return _notice(title, open_, voice), fitted(build)


def _is_in_order(
    insights: Sequence[Insight], top: Sequence[Insight], worth: Mapping[str, Worth], now: datetime
) -> bool:
    """Whether those of the first that wait are the most important of all that do, in that order.

    Lines keep their places through the day: what came later, or is worth more by now, may stand
    below what matters less.
    """
    ranks = ranked(insights, worth)
    shown = {each.fingerprint for each in top}
    first = [ranks[each.fingerprint] for each in top if waits(each, now)]
    rest = [
        ranks[each.fingerprint]
        for each in insights
        if waits(each, now) and each.fingerprint not in shown
    ]
    return first == sorted(first) and not (first and rest and min(rest) < first[-1])


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
