"""Short answers: a sentence in a message, and a sentence in a modal."""

from dataclasses import replace
from itertools import groupby
from operator import itemgetter

from bot.slack.blocks.pieces import Blocks, Json, modal, paragraph
from bot.slack.blocks.text import escaped, flat, rich, shorter
from coach.phrases import Phrase, say
from coach.wording import ENGLISH, Span, Voice, Words, plain, words

#: Longest sentence, in characters.
LONGEST = 1500


def _blocks(said: Words) -> Blocks:
    # What people are told to type stands between backticks in our own words.
    runs: list[tuple[bool, Span]] = []
    code = False
    for span in shorter(said, LONGEST):
        for place, text in enumerate(span.text.split("`") if span.ours else [span.text]):
            code ^= place > 0
            runs.append((code, replace(span, text=text)))
    elements: list[Json] = []
    for code, group in groupby(runs, key=itemgetter(0)):
        made = rich([span for _, span in group])
        elements += [{**each, "style": {"code": True}} for each in made] if code else made
    return [paragraph(elements)]


def sentence(said: Phrase, voice: Voice = ENGLISH) -> tuple[str, Blocks]:
    """A plain answer as the notification's text and blocks; what our own words have between
    backticks is set apart."""
    made = words(said, voice)
    return escaped(flat(made).replace("`", ""), 600), _blocks(made)


def sentence_modal(said: Phrase, voice: Voice = ENGLISH) -> Json:
    """A modal that says one thing."""
    return modal(
        plain(say("Coach"), voice),
        _blocks(words(said, voice)),
        callback_id="aside",
        close=plain(say("Close"), voice),
    )


def answer_modal(blocks: Blocks, voice: Voice = ENGLISH) -> Json:
    """What a command would answer, as a modal."""
    return modal(
        plain(say("Coach"), voice),
        blocks[:100],
        callback_id="aside",
        close=plain(say("Close"), voice),
    )


def working_modal(voice: Voice = ENGLISH) -> Json:
    """A modal that keeps a place while the answer is being fetched."""
    return sentence_modal(say("One moment …"), voice)
