"""Slack in: what people press, type, submit and open, each answered by its own file here.

Bolt asks every registration about every request, so there is one for each kind of request and a
table of our own behind it. A click or command is acknowledged at once and done afterwards; a form
is stored before it is acknowledged; nothing ever raises out of a listener.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.runtime.parts import Parts
from bot.slack.blocks import screen
from bot.slack.blocks import settings as settings_blocks
from bot.slack.installed import Slack
from bot.slack.listeners import (
    command,
    enrolment,
    home,
    insight,
    lifecycle,
    linking,
    settings,
    submitting,
)
from bot.slack.listeners.answering import ACK_WITHIN, PATIENCE, Desk, Press
from bot.slack.listeners.submitting import Submission
from coach.errors import CoachError
from coach.phrases import Phrase, say
from coach.wording import plain

log = logging.getLogger(__name__)

#: By the whole `action_id`, or by what stands before its colon.
PRESSES: Mapping[str, Callable[[Press], Awaitable[None]]] = {
    "insight:take": insight.take,
    "insight:dismiss": insight.dismiss,
    screen.DO: insight.use_control,
    "welcome:start": enrolment.start,
    "welcome:later": enrolment.later,
    "link:confirm": linking.confirm,
    "link:refuse": linking.refuse,
    "home:on": home.turn_on,
    "home:off": home.turn_off,
    "home:settings": home.open_settings,
}

#: By `callback_id`.
FORMS: Mapping[str, submitting.Handler] = {
    screen.CALLBACK: insight.submit,
    settings_blocks.CALLBACK: settings.save,
}

_ANYTHING = re.compile("")


def register(
    app: AsyncApp,
    parts: Parts,
    slack: Slack,
    *,
    patience: float = PATIENCE,
    ack_within: float = ACK_WITHIN,
) -> None:
    """Let `app` answer what Slack sends; nothing else is registered anywhere.

    `patience` and `ack_within`, in seconds: when a modal's place is kept by another, and when a
    form is acknowledged though it is not done.
    """
    desk = Desk(parts, slack, patience=patience, ack_within=ack_within)

    async def on_press(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        press = Press.of(desk, client, body)
        action_id = str(press.action.get("action_id") or "")
        handler = PRESSES.get(action_id) or PRESSES.get(action_id.partition(":")[0])
        desk.begin(f"a press of {action_id}", (handler or _unknown)(press), press.tell)

    async def on_form(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack(**await submitting.answer(Submission.of(desk, client, body), FORMS))

    async def on_close(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()

        async def tell(said: Phrase) -> None:
            # There is no window any more in which to say it, and the card still has its buttons.
            log.warning("a closed window could not be followed: %s", plain(said))

        closing = insight.closed(Submission.of(desk, client, body))
        desk.begin("closing a window", closing, tell)

    async def on_command(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()

        async def tell(said: Phrase) -> None:
            await command.refuse(desk, client, body, said)

        desk.begin("a command", command.answer(desk, client, body), tell)

    async def on_home(body: dict[str, Any], client: AsyncWebClient) -> None:
        async def tell(said: Phrase) -> None:
            log.error("the Home tab could not be drawn: %s", plain(said))

        desk.begin("drawing the Home tab", home.opened(desk, client, body), tell)

    async def on_end(body: dict[str, Any]) -> BoltResponse:
        try:
            await lifecycle.ended(desk, body)
        except CoachError as error:
            log.warning("the end of an installation was not ours to store: %s", error)
        except Exception:
            log.exception("the end of an installation could not be stored")
            # Slack will tell us again.
            return BoltResponse(status=503)
        return BoltResponse(status=200)

    async def on_error(error: Exception) -> BoltResponse:
        log.error("a request from Slack was not of the form it has", exc_info=error)
        return BoltResponse(status=200)

    app.action({"type": "block_actions", "action_id": _ANYTHING})(on_press)
    app.view_submission(_ANYTHING)(on_form)
    app.view_closed(screen.CALLBACK)(on_close)
    app.command("/coach")(on_command)
    app.event("app_home_opened")(on_home)
    app.event("app_uninstalled")(on_end)
    app.event("tokens_revoked")(on_end)
    app.error(on_error)


async def _unknown(press: Press) -> None:
    await press.tell(
        say("This button is from an older version. `/coach insights` shows what is open.")
    )
