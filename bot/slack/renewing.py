"""Tokens that end: renewed by one process, in good time, also when nobody in Slack asks us.

https://docs.slack.dev/authentication/using-token-rotation
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from slack_sdk.web.async_client import AsyncWebClient

from bot.runtime.parts import Parts
from bot.slack.blocks.pieces import Json
from bot.slack.faults import CALL_FAILED, Means, fault
from storage import installations
from storage.installations import Installation

log = logging.getLogger(__name__)

#: So long before its end a token is renewed: they last for twelve hours.
AHEAD = timedelta(hours=2)

#: For how long who renews has the turn. Who crashed in it gives it back by that.
TURN = timedelta(seconds=30)

#: How often, and for how many seconds, the end of another's turn is waited for.
LOOKS, PAUSE = 20, 0.25


@dataclass(frozen=True, slots=True)
class OurApp:
    """Slack's app that is ours, as it shows itself to Slack."""

    client_id: str
    client_secret: str = field(repr=False)


def ends_at(answer: Json, now: datetime) -> datetime | None:
    """When the token of an answer of oauth.v2.access ends; `None` for one that does not."""
    lasts = answer.get("expires_in")
    return now + timedelta(seconds=int(lasts)) if lasts else None


async def access(client: AsyncWebClient, app: OurApp, asked: Mapping[str, str]) -> Json:
    """What Slack gives for a code or for what renews a token
    (https://docs.slack.dev/reference/methods/oauth.v2.access).
    """
    # The SDK's own method goes by a class that aiohttp is about to drop.
    told = {"client_id": app.client_id, "client_secret": app.client_secret, **asked}
    answer = await client.api_call("oauth.v2.access", data=told)
    return answer.data if isinstance(answer.data, dict) else {}


async def good(
    parts: Parts,
    app: OurApp | None,
    installation: Installation,
    *,
    client: AsyncWebClient,
    rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Installation:
    """The installation with a token that is good for a while.

    Of all processes one renews it; the others use the old one as long as it is good, and else wait
    for the new one. Where it cannot be renewed it stays as it is: Slack says then what is wrong.
    """
    if app is None or not _due(installation, parts.clock.now()):
        return installation
    for _ in range(LOOKS):
        now = parts.clock.now()
        until = now + TURN
        async with parts.database.write() as tx:
            mine = await installations.take_turn(tx, installation.id, now, until)
            stored = await installations.get(tx, parts.seal, installation.id)
            if mine and (stored is None or not _due(stored, now)):
                # Another was faster.
                await installations.change(tx, installation.id, renewing_until=None)
        if stored is None:
            return installation
        installation = stored
        if not _due(installation, now):
            return installation
        if mine:
            return await _renewed(parts, app, installation, client, until)
        if installation.expires_at is not None and installation.expires_at > now:
            return installation
        await rest(PAUSE)
    return installation


def _due(installation: Installation, now: datetime) -> bool:
    ends = installation.expires_at
    return ends is not None and installation.refresh_token is not None and ends - AHEAD <= now


async def _renewed(
    parts: Parts, app: OurApp, installation: Installation, client: AsyncWebClient, until: datetime
) -> Installation:
    try:
        renewal = {"grant_type": "refresh_token", "refresh_token": installation.refresh_token or ""}
        answer = await access(client, app, renewal)
    except CALL_FAILED as error:
        found = fault(error)
        log.log(
            logging.WARNING if found.means is Means.AGAIN else logging.ERROR,
            "the token of %s could not be renewed: %s",
            installation.id,
            found.code,
        )
        async with parts.database.write() as tx:
            await installations.end_turn(tx, installation.id, until)
            return await installations.get(tx, parts.seal, installation.id) or installation
    new = replace(
        installation,
        bot_token=str(answer.get("access_token") or installation.bot_token),
        # What renews it the next time is new, too: the one before is good for nothing now.
        refresh_token=str(answer.get("refresh_token") or "") or None,
        expires_at=ends_at(answer, parts.clock.now()),
    )
    async with parts.database.write() as tx:
        if await installations.renew(tx, parts.seal, installation, new):
            return new
        # It was installed anew meanwhile.
        return await installations.get(tx, parts.seal, installation.id) or new
