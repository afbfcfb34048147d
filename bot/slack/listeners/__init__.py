"""Slack in: what people press, type, submit and open, each answered by its own file here.

Bolt asks every registration about every request, so there is one for each kind of request and a
table of our own behind it. A click or command is acknowledged at once and done afterwards; a form
is stored before it is acknowledged; nothing ever raises out of a listener.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.coaching.connecting import Connecting
from bot.runtime.lanes import Bounds
from bot.runtime.parts import Parts
from bot.slack.blocks import act_forms, mutes, screen, snooze
from bot.slack.blocks import administration as administration_blocks
from bot.slack.blocks import connecting as connecting_blocks
from bot.slack.blocks import settings as settings_blocks
from bot.slack.blocks import team_channel as team_channel_blocks
from bot.slack.blocks.arrival import PEOPLE
from bot.slack.blocks.backlog import ALL, REST, WAKE
from bot.slack.blocks.card import UNMUTE, UNSNOOZE
from bot.slack.blocks.links import SHOW as SHOW_DEAL
from bot.slack.blocks.menu import MENU
from bot.slack.blocks.preview import CHOOSE as CHOOSE_LEVEL
from bot.slack.blocks.question import GO_ON, STOP
from bot.slack.blocks.rights import DOWNLOAD, FORGET
from bot.slack.blocks.together import SHOW_ALL
from bot.slack.blocks.undelivered import BY_HAND, NOT_BY_HAND
from bot.slack.blocks.undoing import UNDO, WHY_NOT
from bot.slack.blocks.usages import RUN
from bot.slack.blocks.why import CHOOSE, SETTINGS, WHY
from bot.slack.installed import Slack
from bot.slack.listeners import (
    acts,
    administering,
    arriving,
    asking,
    backlog,
    command,
    connecting,
    enrolment,
    home,
    insight,
    lifecycle,
    linking,
    menu,
    preview,
    rights,
    settings,
    shortcuts,
    submitting,
    suggesting,
    team_channel,
    undelivered,
    why,
    writing,
)
from bot.slack.listeners import links as shared_links
from bot.slack.listeners.answering import BUSY
from bot.slack.listeners.claim import Claim
from bot.slack.listeners.desk import (
    ACK_WITHIN,
    BOUNDS,
    DATABASE_SHARE,
    PATIENCE,
    Desk,
    UnknownTeamError,
)
from bot.slack.listeners.pressing import Press, team_of
from bot.slack.listeners.shortcuts import Shortcut
from bot.slack.listeners.submitting import Submission
from coach.phrases import Phrase, say
from coach.wording import plain

log = logging.getLogger(__name__)

#: By the whole `action_id`, or by what stands before its colon.
PRESSES: Mapping[str, Callable[[Press], Awaitable[None]]] = {
    "insight:take": insight.take,
    "insight:dismiss": insight.dismiss,
    MENU: menu.choose,
    UNSNOOZE: menu.unsnooze,
    UNMUTE: menu.undo_mute,
    mutes.UNMUTE: menu.unmute,
    UNDO: insight.undo,
    WHY_NOT: insight.explain,
    WHY: why.show,
    CHOOSE: why.choose,
    SETTINGS: home.open_settings,
    SHOW_ALL: insight.show_all,
    ALL: backlog.show,
    REST: backlog.rest,
    WAKE: backlog.wake,
    GO_ON: asking.go_on,
    STOP: asking.stop,
    BY_HAND: undelivered.by_hand,
    NOT_BY_HAND: undelivered.not_by_hand,
    screen.DO: insight.use_control,
    CHOOSE_LEVEL: preview.choose,
    connecting_blocks.CHOOSE: connecting.choose,
    connecting_blocks.TEST: connecting.test,
    connecting_blocks.OPEN: connecting.opened,
    "act": acts.choose,
    "admin": administering.choose,
    RUN: command.pressed,
    DOWNLOAD: rights.opened,
    FORGET: rights.forget,
    PEOPLE: arriving.missing,
    "welcome:start": enrolment.start,
    "welcome:later": enrolment.later,
    SHOW_DEAL: shared_links.show,
    "link:confirm": linking.confirm,
    "link:refuse": linking.refuse,
    "home:on": home.turn_on,
    "home:off": home.turn_off,
    "home:resume": home.resume,
    "home:settings": home.open_settings,
    team_channel_blocks.NAME: team_channel.be_named,
    team_channel_blocks.UNNAME: team_channel.be_unnamed,
}

#: By `callback_id`.
FORMS: Mapping[str, submitting.Handler] = {
    screen.CALLBACK: insight.submit,
    snooze.CALLBACK: menu.snooze_until,
    mutes.CALLBACK: menu.mute,
    settings_blocks.CALLBACK: settings.save,
    connecting_blocks.CALLBACK: connecting.link,
    act_forms.CALLBACK: acts.submit,
    administration_blocks.CALLBACK: administering.submit,
    team_channel_blocks.CALLBACK: team_channel.submit,
}

#: What reading a request raises that is not of the form Slack's documentation gives.
MALFORMED = (AttributeError, IndexError, KeyError, TypeError, ValueError)

_ANYTHING = re.compile("")


def register(
    app: AsyncApp,
    parts: Parts,
    slack: Slack,
    links: Connecting,
    *,
    patience: float = PATIENCE,
    ack_within: float = ACK_WITHIN,
    bounds: Bounds = BOUNDS,
) -> None:
    """Let `app` answer what Slack sends; nothing else is registered anywhere.

    `links`: what can be done with CRMs. `patience` and `ack_within`, in seconds: when a modal's
    place is kept by another, and when a form is acknowledged though it is not done. `bounds`: how
    much is done at once and may wait.
    """
    ours = replace(parts, database=parts.database.share(DATABASE_SHARE))
    desk = Desk(ours, slack, links, patience=patience, ack_within=ack_within, bounds=bounds)

    async def on_press(
        ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient
    ) -> BoltResponse | None:
        press = Press.of(desk, client, body)
        action_id = str(press.action.get("action_id") or "")
        handler = PRESSES.get(action_id) or PRESSES.get(action_id.partition(":")[0]) or _unknown
        name = f"a press of {action_id}"
        begun = desk.begin(press.team_id, name, partial(handler, press), press.tell)
        if begun or desk.refuse(press.team_id, name, press.tell):
            await ack()
            return None
        return BoltResponse(status=503)

    async def on_form(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack(**await submitting.answer(Submission.of(desk, client, body), FORMS))

    async def on_close(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        submission = Submission.of(desk, client, body)

        async def tell(said: Phrase) -> None:
            # There is no window any more in which to say it, and the card still has its buttons.
            log.warning("a closed window could not be followed: %s", plain(said))

        closing = partial(insight.closed, submission)
        if not desk.begin(submission.team_id, "closing a window", closing, tell):
            log.warning("a closed window could not be followed: there is too much to do")

    async def on_shortcut(
        ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient
    ) -> BoltResponse | None:
        shortcut = Shortcut(desk, client, body)
        team_id, name = team_of(body), f"the shortcut {body.get('callback_id')}"
        answering = partial(shortcuts.answer, shortcut)
        begun = desk.begin(team_id, name, answering, shortcut.tell)
        if begun or desk.refuse(team_id, name, shortcut.tell):
            await ack()
            return None
        return BoltResponse(status=503)

    async def on_options(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack(await suggesting.answer(desk, body))

    async def on_command(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        async def tell(said: Phrase) -> None:
            await command.refuse(desk, client, body, said)

        answering = partial(command.answer, desk, client, body, Claim())
        if desk.begin(team_of(body), "a command", answering, tell):
            await ack()
        else:
            # In the acknowledgement itself: one more call would be more to do.
            await ack(text=plain(BUSY), response_type="ephemeral")

    async def on_home(body: dict[str, Any], client: AsyncWebClient) -> BoltResponse | None:
        async def tell(said: Phrase) -> None:
            log.error("the Home tab could not be drawn: %s", plain(said))

        drawing = partial(home.opened, desk, client, body)
        if desk.begin(team_of(body), "drawing the Home tab", drawing, tell):
            return None
        # Slack will tell us again.
        return BoltResponse(status=503)

    async def on_message(body: dict[str, Any]) -> BoltResponse:
        if not writing.is_theirs(body["event"]):
            return BoltResponse(status=200)

        async def tell(said: Phrase) -> None:
            log.error("what somebody wrote could not be answered: %s", plain(said))

        answering = partial(writing.answer, desk, body)
        begun = desk.begin(team_of(body), "answering what was written", answering, tell)
        # Slack will tell us again.
        return BoltResponse(status=200 if begun else 503)

    async def on_link(body: dict[str, Any], client: AsyncWebClient) -> BoltResponse:
        async def tell(said: Phrase) -> None:
            log.error("a link could not be answered: %s", plain(said))

        answering = partial(shared_links.answer, desk, body, client)
        begun = desk.begin(team_of(body), "answering a link", answering, tell)
        # Slack will tell us again.
        return BoltResponse(status=200 if begun else 503)

    async def on_end(body: dict[str, Any]) -> BoltResponse:
        try:
            await lifecycle.ended(desk, body)
        except UnknownTeamError as error:
            log.warning("the end of an installation was not ours to store: %s", error)
        return BoltResponse(status=200)

    async def on_error(error: Exception) -> BoltResponse:
        reference = parts.entropy(4).hex()
        if isinstance(error, MALFORMED):
            log.error("a request of another form than Slack's, %s: %r", reference, error)
            log.debug("what was done with it, %s", reference, exc_info=error)
            return BoltResponse(status=200)
        log.error("a request from Slack failed, reference %s", reference, exc_info=error)
        # Slack will tell us again, where it is an event.
        return BoltResponse(status=503)

    app.action({"type": "block_actions", "action_id": _ANYTHING})(on_press)
    app.view_submission(_ANYTHING)(on_form)
    app.view_closed(screen.CALLBACK)(on_close)
    app.shortcut(_ANYTHING)(on_shortcut)
    app.options(_ANYTHING)(on_options)
    app.command("/coach")(on_command)
    app.event("app_home_opened")(on_home)
    app.event("message")(on_message)
    app.event("link_shared")(on_link)
    app.event("app_uninstalled")(on_end)
    app.event("tokens_revoked")(on_end)
    app.error(on_error)


async def _unknown(press: Press) -> None:
    await press.tell(
        say("This button is from an older version. `/coach insights` shows what is open.")
    )
