"""Answers by a `response_url`: seen only by the person who clicked or typed."""

import asyncio
import logging
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.blocks.pieces import Blocks

log = logging.getLogger(__name__)

#: Slack's own host for these addresses.
SLACK_HOST = "hooks.slack.com"

TIMEOUT = aiohttp.ClientTimeout(total=10)
#: How long to wait before the second and last try, in seconds.
PAUSE = 0.5


def allowed(url: str, slack_api_url: str) -> bool:
    """Whether `url` leads to Slack, or to the stand-in that Slack's API is replaced by.

    A request is signed, yet what it asks us to call is checked again: our own network must be out
    of reach from outside.
    """
    try:
        asked, own = urlsplit(url), urlsplit(slack_api_url)
        same = (asked.scheme, asked.hostname, asked.port) == (own.scheme, own.hostname, own.port)
        return (same and bool(asked.hostname)) or (
            asked.scheme == "https" and asked.hostname == SLACK_HOST and asked.port in {None, 443}
        )
    except ValueError:
        return False


async def respond(
    client: AsyncWebClient,
    slack_api_url: str,
    url: str,
    text: str,
    blocks: Blocks,
    *,
    replace: bool = False,
    final: bool = True,
) -> bool:
    """Post an answer, or with `replace` put it in the place of the message that was clicked.

    One that is not `final` is not tried again where Slack refuses it: another takes its place.

    Up to five answers within 30 minutes
    (https://docs.slack.dev/interactivity/handling-user-interaction). Tried twice; a failure is
    logged and told by the return value.
    """
    if not allowed(url, slack_api_url):
        log.error("an answer was not posted: %r is not an address of Slack's", urlsplit(url).netloc)
        return False
    body = {
        "response_type": "ephemeral",
        "replace_original": replace,
        "text": text,
        "blocks": blocks,
    }
    for attempt in range(2):
        if attempt:
            await asyncio.sleep(PAUSE)
        fault = await _post(client, url, body)
        if fault is None:
            return True
        if not final and fault.startswith("HTTP 4"):
            log.info("an answer was not taken: %s", fault)
            return False
        log.warning("an answer could not be posted: %s", fault)
    return False


async def _post(client: AsyncWebClient, url: str, body: dict[str, object]) -> str | None:
    session = client.session
    own = None
    if session is None or session.closed:
        session = own = aiohttp.ClientSession()
    try:
        # A redirect could lead anywhere: it is not followed.
        async with session.post(url, json=body, timeout=TIMEOUT, allow_redirects=False) as response:
            if response.status == 200:
                return None
            return f"HTTP {response.status}: {(await response.text())[:200]}"
    except (aiohttp.ClientError, TimeoutError) as error:
        return type(error).__name__
    finally:
        if own is not None:
            await own.close()
