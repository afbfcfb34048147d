"""The summary of a backlog: what waits in numbers, what matters most of it, and two ways on."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from bot.slack.blocks.brief import line_of
from bot.slack.blocks.card import waits
from bot.slack.blocks.pieces import (
    Blocks,
    Json,
    actions,
    button,
    emoji,
    fitted,
    header,
    line,
    paragraph,
)
from bot.slack.blocks.text import escaped, flat
from bot.slack.blocks.together import parted
from coach.backlogs import LINES
from coach.models import Insight
from coach.phrases import Phrase, facts, say
from coach.wording import Voice, plain, words

#: The `action_id`s of its buttons.
ALL, REST, WAKE = "backlog:all", "backlog:rest", "backlog:wake"

_TITLE = say("What was waiting before I came")


def backlog(
    params: Mapping[str, Any],
    insights: Sequence[Insight],
    counts: Sequence[Phrase],
    voice: Voice,
    promise: Callable[[Insight], Phrase | None],
    *,
    superseded: bool,
    now: datetime,
    morning: date | None = None,
) -> tuple[str, Blocks] | None:
    """The notification's text and the blocks; `None` when nothing is left to show.

    `counts` tell how much there is of each kind, as things are now. Params: `id`, and `rests` where
    the person lets it rest: then its lines are gone but for what was done.
    """
    rests = bool(params.get("rests"))
    top = parted(insights, LINES, superseded=superseded, now=now).top
    if rests:
        top = [each for each in top if not waits(each, now)]
    left = [] if superseded else list(counts)
    if not top and not left:
        return None
    said = _said(left, rests=rests)

    def build(share: float) -> Blocks:
        blocks: Blocks = [header(plain(_TITLE, voice))]
        text = line(words(said, voice), 600)
        blocks.append(paragraph([*emoji("zzz"), *text] if rests else text))
        for each in top:
            blocks += line_of(each, voice, promise, share, now, morning)
        if left:
            blocks.append(actions(_ways_on(str(params.get("id", "")), voice, rests=rests)))
        return blocks

    notice = say("{title}: {said}", title=_TITLE, said=said)
    return escaped(flat(words(notice, voice)), 320), fitted(build)


def _said(counts: list[Phrase], *, rests: bool) -> Phrase:
    if not counts:
        return say("None of it waits any more.")
    what = facts(*counts)
    if rests:
        return say(
            "{what}: they rest now. I speak of one again when something happens to it, or when "
            "the list that it is in grows.",
            what=what,
        )
    return say(
        "{what}. I tell you of these once; of one of them again when something happens to it, or "
        "when the list that it is in grows.",
        what=what,
    )


def _ways_on(id: str, voice: Voice, *, rests: bool) -> list[Json]:
    show = button(plain(say("Show all"), voice), ALL, id)
    if rests:
        return [show, button(plain(say("Undo"), voice), WAKE, id)]
    return [show, button(plain(say("Let old ones rest"), voice), REST, id)]
