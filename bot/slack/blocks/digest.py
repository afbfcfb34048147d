"""The digest: what did not interrupt, by kind, the most important first."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby

from bot.coaching.saying import SHOWN
from bot.slack.blocks.card import settled, short_buttons, waits, what_and_why
from bot.slack.blocks.pieces import (
    Blocks,
    context,
    fitted,
    header,
    plain_text,
)
from bot.slack.blocks.text import escaped, flat
from bot.slack.blocks.together import nothing_waits, parted, rest_row
from coach.models import Insight
from coach.phrases import Phrase, counted, say
from coach.wording import Voice, plain, words


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
    part = parted(insights, SHOWN["digest"], superseded=superseded, now=now)
    top = part.top
    if not top:
        return None
    count = sum(waits(each, now) for each in top) + part.rest
    title = counted(
        "Worth a look when you have time: {count} thing",
        "Worth a look when you have time: {count} things",
        "count",
        count=count,
    ) if count else nothing_waits(part, say("Worth a look: all done"))  # fmt: skip
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
                    blocks += [
                        what_and_why(each, voice, share * 0.4),
                        short_buttons(each, voice, now=now),
                    ]
                else:
                    blocks += settled(each, voice, share * 0.4, now)
        return blocks + rest_row(part.rest, voice, "digest")

    return escaped(flat(words(title, voice)), 320), fitted(build)
