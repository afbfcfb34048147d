"""Submitted forms: what was filled in is stored before Slack is told that it was."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from slack_sdk.web.async_client import AsyncWebClient

from bot.coaching.actor import Actor
from bot.slack.blocks.asides import sentence_modal
from bot.slack.blocks.pieces import Json
from bot.slack.blocks.text import unbroken
from bot.slack.listeners.answering import BUSY, attempt
from bot.slack.listeners.desk import Desk
from bot.slack.listeners.pressing import team_of
from coach.action import FieldErrors
from coach.phrases import Phrase, say
from coach.wording import Voice, plain

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Submission:
    """One submitted modal, by one person."""

    desk: Desk
    client: AsyncWebClient
    team_id: str
    user: Json
    view: Json

    @classmethod
    def of(cls, desk: Desk, client: AsyncWebClient, body: Json) -> "Submission":
        """The submission a `view_submission` payload tells of
        (https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload).
        """
        view = {**body["view"], "state": _whole(body["view"].get("state"))}
        return cls(desk, client, team_of(body), body["user"], view)

    async def actor(self) -> Actor:
        """Who submitted. Raises `UnknownTeamError`."""
        return await self.desk.actor(self.team_id, self.user)

    async def voice(self) -> Voice:
        """How to speak to the one who submitted."""
        return await self.desk.voice(self.team_id, self.user)


def _whole(told: object) -> object:
    """What was filled in, without halves of characters: JSON can name them, no database keeps them.

    What belongs together of them is a character already.
    """
    match told:
        case dict():
            return {name: _whole(each) for name, each in told.items()}
        case list():
            return [_whole(each) for each in told]
        case str() if not told.isascii() or "\x00" in told:
            return unbroken(told)
        case _:
            return told


def shown(errors: FieldErrors, voice: Voice) -> dict[str, str]:
    """What is to be corrected, in words, as Slack shows it at the fields."""
    return {name: plain(said, voice) for name, said in errors.errors.items()}


#: Takes a submission; returns the arguments of its acknowledgement. May raise.
Handler = Callable[[Submission], Awaitable[Json]]


async def answer(submission: Submission, handlers: Mapping[str, Handler]) -> Json:
    """The acknowledgement of a form, in time: what is not done by then is finished afterwards."""
    result: asyncio.Future[Json] = asyncio.get_running_loop().create_future()

    handler = handlers.get(str(submission.view.get("callback_id") or ""))
    if handler is None:
        said = say("This form is from an older version. Close it and open it again.")
        return {"response_action": "update", "view": sentence_modal(said)}

    async def work() -> None:
        parts = submission.desk.parts
        told = await attempt(parts, "a form", partial(handler, submission))
        if isinstance(told, Phrase):
            view = sentence_modal(told, await submission.voice())
            told = {"response_action": "update", "view": view}
        result.set_result(told)

    if not submission.desk.lanes.begin(submission.team_id, "a form", work):
        return _refused(submission.view)
    done, _ = await asyncio.wait({result}, timeout=submission.desk.ack_within)
    if done:
        return result.result()
    submission.desk.parts.background.spawn(_finish(submission, result), "a slow form")
    said = say("This takes a little longer than usual. It is being done.")
    return {"response_action": "update", "view": sentence_modal(said)}


def _refused(view: Json) -> Json:
    """There is too much to do: said at the first field, so that what was filled in stays there."""
    fields = [each for each in view.get("blocks") or () if each.get("type") == "input"]
    if not fields:
        return {"response_action": "update", "view": sentence_modal(BUSY)}
    return {"response_action": "errors", "errors": {str(fields[0]["block_id"]): plain(BUSY)}}


async def _finish(submission: Submission, result: "asyncio.Future[Json]") -> None:
    told = await result
    match told.get("response_action"):
        case "update":
            view = told["view"]
        case "errors":
            faults = " ".join(told["errors"].values())
            said = say("Nothing was changed. {faults} Please open the form again.", faults=faults)
            view = sentence_modal(said, await submission.voice())
        case _:
            view = sentence_modal(say("Done."), await submission.voice())
    await submission.client.views_update(view_id=str(submission.view["id"]), view=view)
