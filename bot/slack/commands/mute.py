"""`/coach mute`: what is muted, and muting a kind of advice by its name."""

import re
from functools import partial

from bot.coaching import muting, silencing
from bot.coaching.muting import Choice
from bot.coaching.permission import Refusal
from bot.slack import kinds
from bot.slack.blocks.mutes import mute_list
from bot.slack.command import Answer, Call, Group, Subcommand, says
from coach.muting import KIND
from coach.phrases import Phrase, facts, say
from coach.until import in_full, read_until
from coach.wording import Voice, plain
from storage.mutes import Muted

#: What somebody begins with who wants to hear nothing at all.
_ALL = frozenset({"all", "everything"})

_UNTIL = re.compile(" until ", re.IGNORECASE)


async def run(call: Call) -> Answer:
    """Mute a kind until then, or for good; without one, list what is muted, with its buttons."""
    typed = call.args.strip()
    if not typed:
        muted = await muting.of(call.parts, call.workspace_id, call.person.id)
        return Answer(*mute_list(muted, call.voice, partial(_called, call)))
    name, *when = _UNTIL.split(re.sub(r"\s+", " ", typed), maxsplit=1)
    rule = _rule(call, name)
    now = call.parts.clock.now()
    until = read_until(when[0], call.person, now) if when else None
    made = await muting.mute(call.parts, call.actor, Choice(f"{KIND}{rule}"), until)
    return says(_said(_called(call, made), made, call.voice), call.voice)


def _called(call: Call, muted: Muted) -> Phrase:
    return silencing.called(call.parts.rules, muted.what, muted.name)


def _said(what: Phrase, made: Muted, voice: Voice) -> Phrase:
    if made.until is None:
        return say(
            "Muted: {what}. You hear nothing of it any more; `/coach mute` takes it back.",
            what=what,
        )
    until = in_full(made.until, made.created_at, voice.time_zone)
    return say("Muted until {time}: {what}. `/coach mute` takes it back.", time=until, what=what)


def _rule(call: Call, name: str) -> str:
    """The rule that goes by this name. Raises `Refusal` that lists those there are."""
    rules = call.parts.rules
    if (rule := kinds.named(rules, name, call.voice)) is not None:
        return rule
    if name.casefold().split(" ")[0] in _ALL:
        raise Refusal(
            say(
                "Kinds of advice are muted one by one. `/coach pause until monday` silences me "
                "for a while, and `/coach off` altogether."
            )
        )
    listed = facts(*(each.called for _, each in sorted(rules.items())))
    if (near := kinds.nearest(rules, name, call.voice)) is not None:
        raise Refusal(
            say(
                "I do not know “{name}”. Did you mean `/coach mute {near}`?",
                name=name[:60],
                near=plain(near, call.voice),
            )
        )
    raise Refusal(
        say(
            "I do not know “{name}”. By name a kind of advice can be muted: {kinds}. A deal or "
            "contact is muted by the menu of a message about it.",
            name=name[:60],
            kinds=listed,
        )
    )


SUBCOMMAND = Subcommand(
    "mute [stuck deals [until monday]]",
    say("hear nothing of a kind, or see what is muted"),
    run,
    group=Group.ADVICE,
    example="mute stuck deals",
    also=("unmute", "silence", "hide"),
)
