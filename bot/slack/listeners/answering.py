"""The one place where what went wrong becomes words, and where answers reach their person."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import aiohttp
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.coaching.actor import Actor
from bot.runtime.lanes import Bounds, Lanes, Work
from bot.runtime.parts import Parts
from bot.slack.blocks.asides import sentence, sentence_modal, working_modal
from bot.slack.blocks.pieces import Blocks, Json
from bot.slack.command import Subcommand, load_subcommands
from bot.slack.faults import CALL_FAILED, Means, fault
from bot.slack.installed import Slack
from bot.slack.listeners.response_url import respond
from coach.errors import CoachError
from coach.phrases import Phrase, say
from coach.wording import plain

log = logging.getLogger(__name__)

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

#: How many transactions all of it may have at once: the rest of the database's connections is for
#: webhooks and messages, whatever people type.
DATABASE_SHARE = 4

BUSY = say("The coach is busy at the moment. Please try again in a minute.")

T = TypeVar("T")
Tell = Callable[[Phrase], Awaitable[None]]

_TOO_LATE = {"expired_trigger_id", "exchanged_trigger_id", "trigger_expired"}


class UnknownTeamError(CoachError):
    """A request comes from a Slack team that this coach does not serve."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What all listeners share: the parts, the sub-commands, and what is worth remembering."""

    parts: Parts
    slack: Slack
    subcommands: dict[str, Subcommand] = field(default_factory=load_subcommands)
    patience: float = PATIENCE
    ack_within: float = ACK_WITHIN
    bounds: Bounds = BOUNDS
    lanes: Lanes = field(init=False)
    refusals: Lanes = field(init=False)
    #: One change at a time in one modal, so that its views come in the order of the clicks.
    turns: "WeakValueDictionary[str, asyncio.Lock]" = field(default_factory=WeakValueDictionary)

    def __post_init__(self) -> None:
        """Make the lanes: they belong to these parts."""
        object.__setattr__(self, "lanes", Lanes(self.parts.background, self.bounds))
        object.__setattr__(self, "refusals", Lanes(self.parts.background, REFUSALS))

    async def workspace_id(self, team_id: str) -> str:
        """The workspace of a Slack team. Raises `UnknownTeamError`."""
        known = await self.slack.of_team(team_id)
        if known is None:
            raise UnknownTeamError(
                say(
                    "This coach serves another Slack workspace. Whoever installed it can run "
                    "`coach doctor`."
                )
            )
        return known.workspace_id

    async def actor(self, team_id: str, user: Json) -> Actor:
        """Somebody of a Slack team, from the user a payload names. Raises `UnknownTeamError`."""
        name = str(user.get("name") or user.get("username") or "")
        return Actor(await self.workspace_id(team_id), str(user["id"]), name)

    def turn(self, view_id: str) -> asyncio.Lock:
        """The lock of one modal."""
        return self.turns.setdefault(view_id, asyncio.Lock())

    def begin(self, team_id: str, name: str, work: Work, tell: Tell) -> bool:
        """Do something after the acknowledgement; what goes wrong is told to the person.

        Returns whether it will be done: a team that asks for more than can be done is told so.
        """

        async def told() -> None:
            said = await attempt(self.parts, name, work())
            if said is not None:
                await _tell(name, said, tell)

        return self.lanes.begin(team_id, name, told)

    def refuse(self, team_id: str, name: str, tell: Tell) -> bool:
        """Say that there is too much to do; `False` where even that would be too much."""

        async def told() -> None:
            await _tell(name, BUSY, tell)

        return self.refusals.begin(team_id, name, told)


async def _tell(name: str, said: Phrase, tell: Tell) -> None:
    try:
        await tell(said)
    except CALL_FAILED as error:
        log.error("%s could not be answered (%s): %s", name, fault(error).code, plain(said))


async def attempt(parts: Parts, name: str, work: Awaitable[T]) -> T | Phrase:
    """What `work` returns, or what its person is to be told when it goes wrong.

    The one place where anything that people ask for may go wrong in any way.
    """
    try:
        return await work
    except Exception as error:
        return explained(parts, name, error)


def explained(parts: Parts, name: str, error: Exception) -> Phrase:
    """The sentence a person gets for an error; what nobody expected is logged under a number."""
    if isinstance(error, CoachError):
        return error.said
    if isinstance(error, SlackClientError | aiohttp.ClientError):
        found = fault(error)
        if found.code in _TOO_LATE:
            return say("That took too long for Slack to open a window. Please press again.")
        log.error("%s: Slack did not do its part: %s", name, found.code)
        if found.means is Means.AGAIN:
            return say("Slack is too busy at the moment. Please try again in a minute.")
        return say("Slack did not accept this ({code}). Please try again.", code=found.code)
    reference = parts.entropy(4).hex()
    log.error("%s failed, reference %s", name, reference, exc_info=error)
    return say(
        "Something went wrong here, and it is not your fault. Please try again; if it stays, "
        "give whoever runs the coach this reference: {reference}.",
        reference=reference,
    )


@dataclass(frozen=True, slots=True)
class Press:
    """One press of a button or use of a menu, by one person, somewhere in Slack."""

    desk: Desk
    client: AsyncWebClient
    team_id: str
    user: Json
    action: Json
    trigger_id: str
    #: The modal or Home tab it happened in.
    view: Json | None
    #: Where its message can be answered.
    response_url: str | None
    #: Whether the message is one that only this person sees: an answer to a command.
    in_answer: bool

    @classmethod
    def of(cls, desk: Desk, client: AsyncWebClient, body: Json) -> "Press":
        """The press a `block_actions` payload tells of
        (https://docs.slack.dev/reference/interaction-payloads/block_actions-payload).
        """
        return cls(
            desk=desk,
            client=client,
            team_id=team_of(body),
            user=body["user"],
            action=body["actions"][0],
            trigger_id=str(body.get("trigger_id") or ""),
            view=body.get("view"),
            response_url=body.get("response_url"),
            in_answer=bool((body.get("container") or {}).get("is_ephemeral")),
        )

    @property
    def parts(self) -> Parts:
        """The shared parts."""
        return self.desk.parts

    @property
    def value(self) -> str:
        """The button's value: an id, to be checked against what is stored."""
        return str(self.action.get("value") or "")

    @property
    def modal_id(self) -> str | None:
        """The modal it happened in, if it did."""
        if self.view is not None and self.view.get("type") == "modal":
            return str(self.view["id"])
        return None

    async def actor(self) -> Actor:
        """Who pressed. Raises `UnknownTeamError`."""
        return await self.desk.actor(self.team_id, self.user)

    async def tell(self, said: Phrase) -> None:
        """Say a sentence to the one who pressed, and to nobody else."""
        if self.response_url:
            await self.respond(*sentence(said))
        elif self.modal_id:
            await self.client.views_update(view_id=self.modal_id, view=sentence_modal(said))
        else:
            await self.client.views_open(trigger_id=self.trigger_id, view=sentence_modal(said))

    async def respond(self, text: str, blocks: Blocks, *, replace: bool = False) -> None:
        """Answer beside the message, or in its place."""
        url, api = self.response_url or "", self.parts.slack_api_url
        await respond(self.client, api, url, text, blocks, replace=replace)

    async def show(self, making: Coroutine[Any, Any, Json]) -> None:
        """Open the modal that `making` makes."""
        await show(self.desk, self.client, self.trigger_id, making)


def team_of(body: Json) -> str:
    """The Slack team a payload comes from."""
    team = body.get("team") or {}
    return str(team.get("id") or body.get("team_id") or (body.get("user") or {}).get("team_id"))


async def show(
    desk: Desk, client: AsyncWebClient, trigger_id: str, making: Coroutine[Any, Any, Json]
) -> None:
    """Open a modal in time, whatever it takes to make it.

    One that takes long finds its place kept; what then goes wrong is said there.
    """
    task = asyncio.create_task(making)
    done, _ = await asyncio.wait({task}, timeout=desk.patience)
    if done:
        await client.views_open(trigger_id=trigger_id, view=task.result())
        return
    try:
        opened = await client.views_open(trigger_id=trigger_id, view=working_modal())
    except CALL_FAILED:
        task.cancel()
        raise
    made = await attempt(desk.parts, "a modal", task)
    view = sentence_modal(made) if isinstance(made, Phrase) else made
    await client.views_update(view_id=opened["view"]["id"], view=view)
