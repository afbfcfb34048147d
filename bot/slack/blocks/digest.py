"""The digest: what did not interrupt, by kind, the most important first."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby

from bot.slack.blocks.brief import SHOW_ALL
from bot.slack.blocks.card import is_over, is_set_aside, settled, short_buttons, waits, what_and_why
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
from coach.models import Insight, InsightState
from coach.phrases import Phrase, counted, say
from coach.wording import Voice, plain, words

#: How many things a digest shows; the others are in the Home tab and behind a button.
LINES = 10


def digest(
    insights: Sequence[Insight],
    voice: Voice,
    kind: Callable[[Insight], Phrase | None],
    *,
    superseded: bool,
    now: datetime,
) -> tuple[str, Blocks] | None:
    """The notification's text and the blocks; `None` when nothing is left to show.

    `kind` is what things like it are called together.
    """
    top = [
        each
        for each in insights[:LINES]
        if not is_over(each, now) and not (superseded and each.state is InsightState.OPEN)
    ]
    if not top:
        return None
    rest = [each for each in insights[LINES:] if waits(each, now) and not superseded]
    count = sum(waits(each, now) for each in top) + len(rest)
    title = counted(
        "Worth a look when you have time: {count} thing",
        "Worth a look when you have time: {count} things",
        "count",
        count=count,
    ) if count else _nothing_left(any(is_set_aside(each, now) for each in top))  # fmt: skip
    order = {each.rule: place for place, each in reversed(list(enumerate(top)))}
    grouped = sorted(top, key=lambda each: order[each.rule])

    def build(share: float) -> Blocks:
        blocks: Blocks = [header(plain(title, voice))]
        for _, group in groupby(grouped, key=lambda each: each.rule):
            its = list(group)
            if (name := kind(its[0])) is not None:
                blocks.append(context(plain_text(plain(name, voice))))
            for each in its:
                if waits(each, now):
                    blocks += [what_and_why(each, voice, share * 0.4), short_buttons(each, voice)]
                else:
                    blocks += settled(each, voice, share * 0.4, now)
        return blocks + _rest(len(rest), voice)

    return escaped(flat(words(title, voice)), 320), fitted(build)


def _nothing_left(some_aside: bool) -> Phrase:
    return say("Nothing waits for you now") if some_aside else say("Worth a look: all done")


def _rest(count: int, voice: Voice) -> Blocks:
    if not count:
        return []
    more = counted("{count} thing more waits.", "{count} things more wait.", "count", count=count)
    return [
        context(plain_text(plain(more, voice))),
        actions([button(plain(say("Show all"), voice), SHOW_ALL)], block_id="digest"),
    ]
