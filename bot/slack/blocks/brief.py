"""The morning brief: the few things of a day in their order, each with its buttons."""

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.slack.blocks.card import (
    buttons,
    importance,
    is_over,
    is_set_aside,
    promised,
    settled,
    waits,
    what_and_why,
)
from bot.slack.blocks.pieces import (
    Blocks,
    actions,
    button,
    context,
    fitted,
    header,
    plain_text,
)
from bot.slack.blocks.text import escaped, flat
from bot.slack.blocks.undoing import undo_row
from coach.models import Insight, InsightState
from coach.phrases import Phrase, counted, say
from coach.wording import Voice, plain, words

#: How many things a brief shows.
THREE = 3

#: The `action_id` of the button behind which the rest is.
SHOW_ALL = "brief:all"

_TITLES = {
    1: say("One thing for today"),
    2: say("Your two for today, the most important first"),
    3: say("Your three for today, the most important first"),
}


def brief(
    insights: Sequence[Insight],
    voice: Voice,
    promise: Callable[[Insight], Phrase | None],
    *,
    superseded: bool,
    now: datetime,
) -> tuple[str, Blocks] | None:
    """The notification's text and the blocks; `None` when nothing is left to show.

    What was done keeps its place and loses its buttons. Of a brief that a newer one has taken the
    place of, only what was done is left.
    """
    top = [
        each
        for each in insights[:THREE]
        if not is_over(each, now) and not (superseded and each.state is InsightState.OPEN)
    ]
    if not top:
        return None
    rest = [each for each in insights[THREE:] if waits(each, now) and not superseded]
    open_ = [each for each in top if waits(each, now)]
    title = _title(len(top), bool(open_), any(is_set_aside(each, now) for each in top))

    def build(share: float) -> Blocks:
        blocks: Blocks = [header(plain(title, voice))]
        for each in top:
            if not waits(each, now):
                blocks += settled(each, voice, share * 0.5, now)
                continue
            promises = promised(promise(each), voice, share * 0.5)
            blocks += [
                what_and_why(each, voice, share * 0.75),
                context(importance(each, voice), *promises),
                buttons(each, voice),
                *undo_row(each, voice, now),
            ]
        return blocks + _rest(len(rest), voice)

    return _notice(title, open_, voice), fitted(build)


def _title(count: int, some_open: bool, some_aside: bool) -> Phrase:
    if some_open:
        return _TITLES[count]
    return say("Nothing waits for you now") if some_aside else say("Done for today")


def _notice(title: Phrase, open_: Sequence[Insight], voice: Voice) -> str:
    if not open_:
        return escaped(flat(words(title, voice)), 320)
    first = say("{title}: {message}", title=title, message=open_[0].message)
    return escaped(flat(words(first, voice)), 320)


def _rest(count: int, voice: Voice) -> Blocks:
    if not count:
        return []
    more = counted("{count} thing more waits.", "{count} things more wait.", "count", count=count)
    return [
        context(plain_text(plain(more, voice))),
        actions([button(plain(say("Show all"), voice), SHOW_ALL)], block_id="brief"),
    ]
