"""The preview: what each level would have brought, and a button to choose another one."""

from collections.abc import Mapping, Sequence
from itertools import combinations

from bot.simulating.previewing import Preview
from bot.slack.blocks.pieces import (
    Blocks,
    Json,
    actions,
    button,
    context,
    fitted,
    line,
    paragraph,
    plain_text,
)
from bot.slack.blocks.settings import LEVELS
from bot.slack.blocks.text import escaped, flat
from coach.history import STEP_BACK
from coach.models import Person
from coach.phrases import Phrase, counted, facts, say
from coach.rule import Rule
from coach.wording import Voice, plain, words

#: The `action_id` of the buttons that choose a level, with its number as their value.
CHOOSE = "preview:choose"

#: Longest example, in characters.
EXAMPLE = 200


def preview(
    found: Sequence[Preview], person: Person, rules: Mapping[str, Rule], voice: Voice
) -> tuple[str, Blocks]:
    """The notification's text and the blocks."""
    title = say("What your last 30 days would have brought at each level")

    def build(share: float) -> Blocks:
        blocks: Blocks = [paragraph(line(words(title, voice), 150, bold=True))]
        for each in found:
            blocks += _level(each, person, rules, voice, share)
        assumed = say(
            "As if you had answered nothing, with all else as you have set it. Nothing was changed."
        )
        notes = [context(plain_text(plain(assumed, voice)))]
        if _brings_less(found):
            notes.append(context(plain_text(plain(_SOONER, voice))))
        return [*blocks, *notes]

    return escaped(flat(words(title, voice)), 320), fitted(build)


#: Why a higher level may have less of a kind.
_SOONER = say(
    "A higher level can bring less of a kind: what goes unanswered on {count} days steps back into "
    "the digest, and what comes more often does so sooner.",
    count=STEP_BACK,
)


def _brings_less(found: Sequence[Preview]) -> bool:
    """Whether something is said less often at a level than at one below it."""
    return any(
        higher.kinds.get(rule, 0) < count
        for lower, higher in combinations(sorted(found, key=lambda each: each.level), 2)
        for rule, count in lower.kinds.items()
    )


def _level(
    each: Preview, person: Person, rules: Mapping[str, Rule], voice: Voice, share: float
) -> Blocks:
    mine = each.level is person.settings.level
    level: Phrase = LEVELS[each.level]
    name = say("{level} (yours)", level=level) if mine else level
    lines: list[list[Json]] = [line(words(name, voice), 150, bold=True)]
    lines.append(line(words(_how_much(each), voice), 200))
    if each.kinds:
        lines.append(line(words(_kinds(each, rules), voice), int(300 * share)))
    for example in each.examples:
        quoted = say("“{message}”", message=example)
        lines.append(line(words(quoted, voice), int(EXAMPLE * share), links=False))
    blocks: Blocks = [paragraph(*lines)]
    if not mine:
        label = say("Choose level {level}", level=int(each.level))
        choose = button(plain(label, voice), CHOOSE, str(int(each.level)))
        blocks.append(actions([choose], block_id=f"preview:{int(each.level)}"))
    return blocks


def _how_much(each: Preview) -> Phrase:
    if not each.messages:
        return say("No message")
    return say(
        "{messages} on {days}",
        messages=counted("{count} message", "{count} messages", "count", count=each.messages),
        days=counted("{count} day", "{count} days", "count", count=each.days),
    )


def _kinds(each: Preview, rules: Mapping[str, Rule]) -> Phrase:
    """How often each kind was spoken of: a brief may speak of three at once."""
    of_each = [
        say("{kind} {count}", kind=rules[rule].called if rule in rules else rule, count=count)
        for rule, count in each.kinds.items()
    ]
    return say("In them: {kinds}", kinds=facts(*of_each))
