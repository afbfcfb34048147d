"""`/coach help`: every sub-command with an example; also the answer to what nobody understood."""

from bot.slack.blocks.usages import grouped, nearest_ones, usages
from bot.slack.command import GROUPS, Answer, Call, Group, Subcommand
from bot.slack.nearest import nearest
from coach.phrases import Phrase, say


async def run(call: Call) -> Answer:
    """All sub-commands; for what is none of them, the nearest ones to be pressed."""
    typed = call.args.strip()
    word = typed.lower()
    if not word:
        return _listing(call)
    if word in call.subcommands:
        return _one(call, call.subcommands[word])
    near = nearest(typed, call.subcommands)
    if not near:
        return _listing(call, say("I do not know “{word}”. I know:", word=typed[:60]))
    unknown = say("I do not know “{word}”. Did you mean one of these?", word=typed[:60])
    offered = {name: call.subcommands[name] for name in near}
    told = {name: (each.shown, each.summary) for name, each in offered.items()}
    return Answer(*nearest_ones(unknown, told, call.voice))


def _listing(call: Call, before: Phrase | None = None) -> Answer:
    groups = [
        (
            title,
            [
                (each.shown, each.summary)
                for _, each in sorted(call.subcommands.items())
                if each.group is group
            ],
        )
        for group, title in GROUPS.items()
    ]
    return Answer(*grouped(before or say("What you can type:"), groups, call.voice))


def _one(call: Call, subcommand: Subcommand) -> Answer:
    told = [(subcommand.usage, subcommand.summary)]
    if subcommand.example and subcommand.example != subcommand.usage:
        told.append((subcommand.example, say("an example")))
    return Answer(*usages(say("What you can type:"), told, call.voice))


SUBCOMMAND = Subcommand(
    "help [COMMAND]",
    say("show this list, or what one command takes"),
    run,
    group=Group.SETUP,
    example="help deals",
    also=("how", "commands"),
)
