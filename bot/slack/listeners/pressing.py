"""A press, where its answer reaches its person, and modals that are opened in time."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.coaching.actor import Actor
from bot.runtime.parts import Parts
from bot.slack.blocks.asides import sentence, sentence_modal, working_modal
from bot.slack.blocks.menu import insight_in
from bot.slack.blocks.pieces import Blocks, Json
from bot.slack.faults import CALL_FAILED
from bot.slack.listeners.answering import attempt
from bot.slack.listeners.claim import Claim
from bot.slack.listeners.desk import Desk
from bot.slack.listeners.response_url import respond
from coach.phrases import Phrase


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
    claim: Claim = field(default_factory=Claim)

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
    def insight(self) -> str:
        """The fingerprint of the insight whose button or menu it is, to be checked likewise."""
        # Buttons had it as their value once.
        return self.value or insight_in(str(self.action.get("block_id") or ""))

    @property
    def chosen(self) -> str:
        """The value of the entry that was chosen in a menu, to be checked in the same way."""
        return str((self.action.get("selected_option") or {}).get("value") or "")

    @property
    def chosen_user(self) -> str:
        """The Slack user who was chosen in a menu of users."""
        return str(self.action.get("selected_user") or "")

    @property
    def is_in_home(self) -> bool:
        """Whether it happened in the Home tab."""
        return self.view is not None and self.view.get("type") == "home"

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
        voice = await self.desk.voice(self.team_id, self.user, said)
        if self.response_url:
            await self.respond(*sentence(said, voice))
            return
        view = sentence_modal(said, voice)
        if self.modal_id:
            await self.client.views_update(view_id=self.modal_id, view=view)
        else:
            await self.client.views_open(trigger_id=self.trigger_id, view=view)

    async def respond(self, text: str, blocks: Blocks, *, replace: bool = False) -> None:
        """Answer beside the message, or in its place."""
        url, api = self.response_url or "", self.parts.slack_api_url
        await respond(self.client, api, url, text, blocks, replace=replace)

    async def show(self, making: Callable[[], Coroutine[Any, Any, Json]]) -> None:
        """Open the modal that `making` makes; above the one in which it was asked for, if any."""
        on_top = self.modal_id is not None
        await show(self.desk, self.client, self.trigger_id, making, on_top=on_top)


def team_of(body: Json) -> str:
    """The Slack team a payload comes from."""
    team = body.get("team") or {}
    return str(team.get("id") or body.get("team_id") or (body.get("user") or {}).get("team_id"))


async def show(
    desk: Desk,
    client: AsyncWebClient,
    trigger_id: str,
    making: Callable[[], Coroutine[Any, Any, Json]],
    *,
    on_top: bool = False,
) -> None:
    """Open a modal in time, whatever it takes to make it.

    One that takes long finds its place kept; what then goes wrong is said there.
    """
    open_view = client.views_push if on_top else client.views_open
    task = asyncio.create_task(making())
    done, _ = await asyncio.wait({task}, timeout=desk.patience)
    if done:
        await open_view(trigger_id=trigger_id, view=task.result())
        return
    try:
        opened = await open_view(trigger_id=trigger_id, view=working_modal())
    except CALL_FAILED:
        task.cancel()
        raise
    first: list[Awaitable[Json]] = [task]
    made = await attempt(desk.parts, "a modal", lambda: first.pop() if first else making())
    view = sentence_modal(made) if isinstance(made, Phrase) else made
    await client.views_update(view_id=opened["view"]["id"], view=view)
