"""What all listeners share: the parts, the sub-commands, and so much work at once."""

import asyncio
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from sqlalchemy.exc import SQLAlchemyError

from bot.coaching.actor import Actor
from bot.coaching.connecting import Connecting
from bot.runtime.lanes import Bounds, Lanes, Work
from bot.runtime.parts import Parts
from bot.slack.blocks.pieces import Json
from bot.slack.command import Subcommand, load_subcommands
from bot.slack.installed import Slack
from bot.slack.listeners.answering import BUSY, Tell, attempt, tell_of
from coach.errors import CoachError
from coach.phrases import Phrase, say
from coach.wording import ENGLISH, Voice
from storage import installations, people, workspaces

#: A modal must be opened within three seconds of the click
#: (https://docs.slack.dev/surfaces/modals/): after this long, one that says so keeps the place.
PATIENCE = 1.0

#: A submitted form is acknowledged within three seconds, done or not.
ACK_WITHIN = 2.5

#: How much of what people ask for is done at once and may wait. It is work of milliseconds, so a
#: full queue is worked off within Slack's three seconds.
BOUNDS = Bounds(each=8, together=32, waiting_each=200, waiting=1000)

#: How many people are told at once that there is too much to do. The others see it by Slack's own
#: sign for an app that does not answer.
REFUSALS = Bounds(each=2, together=8, waiting_each=20, waiting=100)

#: How much of what takes seconds is done at once and may wait: one thing for a team, few in all.
LONG = Bounds(each=1, together=2, waiting_each=4, waiting=20)

#: How many transactions all of it may have at once: the rest of the database's connections is for
#: webhooks and messages, whatever people type.
DATABASE_SHARE = 4


class UnknownTeamError(CoachError):
    """A request comes from a Slack team that this coach does not serve."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What all listeners share: the parts, the sub-commands, and what is worth remembering."""

    parts: Parts
    slack: Slack
    connecting: Connecting
    subcommands: dict[str, Subcommand] = field(default_factory=load_subcommands)
    patience: float = PATIENCE
    ack_within: float = ACK_WITHIN
    bounds: Bounds = BOUNDS
    lanes: Lanes = field(init=False)
    refusals: Lanes = field(init=False)
    long: Lanes = field(init=False)
    #: One change at a time in one modal, so that its views come in the order of the clicks.
    turns: "WeakValueDictionary[str, asyncio.Lock]" = field(default_factory=WeakValueDictionary)

    def __post_init__(self) -> None:
        """Make the lanes: they belong to these parts."""
        object.__setattr__(self, "lanes", Lanes(self.parts.background, self.bounds))
        object.__setattr__(self, "refusals", Lanes(self.parts.background, REFUSALS))
        object.__setattr__(self, "long", Lanes(self.parts.background, LONG))

    async def workspace_id(self, team_id: str) -> str:
        """The workspace of a Slack team. Raises `UnknownTeamError`."""
        known = await self.slack.of_team(team_id)
        if known is None and await self._asks_still():
            raise UnknownTeamError(
                say(
                    "The coach has just started, and Slack has not told it yet whose it is. Please "
                    "try again in a moment."
                )
            )
        if known is None:
            raise UnknownTeamError(
                say(
                    "This coach serves another Slack workspace. Whoever installed it can run "
                    "`coach doctor`."
                )
            )
        return known.workspace_id

    async def _asks_still(self) -> bool:
        """Whether Slack was not heard yet on whose the operator's token is."""
        async with self.parts.database.read() as tx:
            workspace = await workspaces.get(tx, workspaces.DEFAULT)
            asked = await installations.unasked(tx)
        return asked and workspace is not None and workspace.team_id is None

    async def actor(self, team_id: str, user: Json) -> Actor:
        """Somebody of a Slack team, from the user a payload names. Raises `UnknownTeamError`."""
        name = str(user.get("name") or user.get("username") or "")
        return Actor(await self.workspace_id(team_id), str(user["id"]), name)

    async def voice(self, team_id: str, user: Json, said: Phrase | None = None) -> Voice:
        """How to speak to somebody of a Slack team; English where nobody can say who they are.

        That there is too much to do is said without asking the database about each of many.
        """
        if said is BUSY:
            return ENGLISH
        try:
            actor = await self.actor(team_id, user)
            async with self.parts.database.read() as tx:
                person = await people.by_slack_user(tx, actor.workspace_id, actor.slack_user_id)
        except (CoachError, SQLAlchemyError):
            return ENGLISH
        return self.parts.voices.to(person)

    def turn(self, view_id: str) -> asyncio.Lock:
        """The lock of one modal."""
        return self.turns.setdefault(view_id, asyncio.Lock())

    def begin(self, team_id: str, name: str, work: Work, tell: Tell) -> bool:
        """Do something after the acknowledgement; what goes wrong is told to the person.

        Returns whether it will be done: a team that asks for more than can be done is told so.
        """
        return self._begin(self.lanes, team_id, name, work, tell)

    def begin_long(self, team_id: str, name: str, work: Work, tell: Tell) -> bool:
        """The same with what takes seconds: it keeps nothing else from being done."""
        return self._begin(self.long, team_id, name, work, tell)

    def _begin(self, lanes: Lanes, team_id: str, name: str, work: Work, tell: Tell) -> bool:
        async def told() -> None:
            said = await attempt(self.parts, name, work)
            if said is not None:
                await tell_of(name, said, tell)

        return lanes.begin(team_id, name, told)

    def refuse(self, team_id: str, name: str, tell: Tell) -> bool:
        """Say that there is too much to do; `False` where even that would be too much."""

        async def told() -> None:
            await tell_of(name, BUSY, tell)

        return self.refusals.begin(team_id, name, told)
