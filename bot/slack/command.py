"""What a `/coach` sub-command is: one file in `bot/slack/commands` that exports one constant."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from bot.coaching.actor import Actor
from bot.coaching.connecting import Connecting
from bot.runtime.parts import Parts
from bot.slack import commands
from bot.slack.blocks.asides import sentence
from bot.slack.blocks.pieces import Blocks, Json
from bot.slack.installed import Slack
from coach import plugins
from coach.models import Person
from coach.phrases import Phrase, say
from coach.wording import Voice


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person who typed gets to see: a message only they see, or a modal.

    What takes longer is done afterwards (`later`), and its answer takes the place of this one.
    """

    text: str = ""
    blocks: Blocks = field(default_factory=list)
    view: Json | None = None
    #: The same without what not every Slack takes: said instead where it refuses the blocks.
    simpler: Blocks = field(default_factory=list)
    later: "Callable[[], Awaitable[Answer]] | None" = None


def says(said: Phrase, voice: Voice) -> Answer:
    """A sentence as an answer; `/coach …` between backticks is set apart in it."""
    return Answer(*sentence(said, voice))


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a sub-command."""

    parts: Parts
    slack: Slack
    connecting: Connecting
    #: Who typed, and the person they are.
    actor: Actor
    person: Person
    #: Tells this use of it from every other; the same where Slack sends it twice.
    key: str
    #: What was typed after the sub-command's name.
    args: str
    #: Every sub-command by name.
    subcommands: "Mapping[str, Subcommand]"

    @property
    def workspace_id(self) -> str:
        """The workspace it was typed in."""
        return self.actor.workspace_id

    @property
    def voice(self) -> Voice:
        """How to speak to the one who typed."""
        return self.parts.voices.to(self.person)


class Group(Enum):
    """Where a sub-command stands in the list of all."""

    WORK = "work"
    ADVICE = "advice"
    SETUP = "setup"


#: What stands above each group, in the order in which they are listed.
GROUPS: Mapping[Group, Phrase] = {
    Group.WORK: say("Your work"),
    Group.ADVICE: say("Your coach"),
    Group.SETUP: say("Setting up"),
}


@dataclass(frozen=True, slots=True)
class Subcommand:
    """One word after `/coach`."""

    #: What to type, from the name on: `level 1|2|3`.
    usage: str
    #: What it does, in a few words that end without a full stop.
    summary: Phrase
    #: May raise `CoachError`, whose sentence becomes the answer.
    run: Callable[[Call], Awaitable[Answer]]
    group: Group
    #: What somebody would type, from the name on; the name alone where nothing need follow.
    example: str = ""
    #: Other words that people who mean it may use.
    also: tuple[str, ...] = ()
    #: Whether the answer is a modal, which must be opened within Slack's three seconds.
    opens_modal: bool = False

    @property
    def shown(self) -> str:
        """What to type, as it is shown in a list: an example."""
        return self.example or self.usage.split()[0]


def load_subcommands() -> dict[str, Subcommand]:
    """Every sub-command by its file's name, where a hyphen is written as `_`."""
    found = plugins.load(commands, "SUBCOMMAND", Subcommand)
    return {name.replace("_", "-"): each for name, each in found.items()}
