"""What a `/coach` sub-command is: one file in `bot/slack/commands` that exports one constant."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from bot.coaching.actor import Actor
from bot.coaching.connecting import Connecting
from bot.runtime.parts import Parts
from bot.slack import commands
from bot.slack.blocks.asides import sentence
from bot.slack.blocks.pieces import Blocks, Json
from bot.slack.installed import Slack
from coach import plugins
from coach.models import Person
from coach.phrases import Phrase
from coach.wording import Voice


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person who typed gets to see: a message only they see, or a modal.

    What takes longer is done afterwards (`later`), and its answer takes the place of this one.
    """

    text: str = ""
    blocks: Blocks = field(default_factory=list)
    view: Json | None = None
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


@dataclass(frozen=True, slots=True)
class Subcommand:
    """One word after `/coach`."""

    #: What to type, from the name on: `level 1|2|3`.
    usage: str
    #: What it does, in a few words that end without a full stop.
    summary: Phrase
    #: May raise `CoachError`, whose sentence becomes the answer.
    run: Callable[[Call], Awaitable[Answer]]
    #: Whether the answer is a modal, which must be opened within Slack's three seconds.
    opens_modal: bool = False


def load_subcommands() -> dict[str, Subcommand]:
    """Every sub-command by its file's name."""
    return plugins.load(commands, "SUBCOMMAND", Subcommand)
