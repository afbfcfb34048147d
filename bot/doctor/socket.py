"""Socket Mode: whether Slack gives the app a connection, and whether the coach has one."""

import asyncio

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.doctor.findings import Finding, fault, note, ok
from bot.runtime.unreached import unreached
from bot.slack.faults import CALL_FAILED, Means
from bot.slack.faults import fault as slack_fault
from bot.slack.socket.envelopes import Goodbye, Hello, read
from bot.slack.socket.proxy import proxy_to

#: How long Slack may take to answer, in seconds.
PATIENCE = 6

_MAKE = (
    "On your app's page “Basic Information”, make an App-Level Token with the scope "
    "connections:write; copy it (xapp-…) into SLACK_APP_TOKEN and restart `coach serve`."
)
_SWITCH = "Switch it on on your app's page “Socket Mode”; the coach connects by itself then."
_NETWORK = "Check the network and SLACK_API_URL, and try again in a minute."


async def check_socket(url: str, app_token: str) -> list[Finding]:
    """Ask Slack for a connection and hear its hello, for the moment that takes.

    What Slack sends just then to this connection is not acknowledged, so that it sends it again to
    the coach's.
    """
    good = ok("slack", "The app-level token is good.")
    try:
        async with asyncio.timeout(PATIENCE), aiohttp.ClientSession() as session:
            client = AsyncWebClient(base_url=url, timeout=PATIENCE, session=session)
            client.retry_handlers = []
            try:
                answer = await client.apps_connections_open(app_token=app_token)
            except CALL_FAILED as error:
                return [_refused(url, error)]
            try:
                return [good, await _heard(session, client, str(answer["url"]))]
            except (aiohttp.ClientError, OSError, ValueError) as error:
                why = f"Slack's socket cannot be opened: {unreached(error)}."
                way = "Check that the network lets WebSockets through to Slack."
                return [good, fault("slack", why, way)]
    except TimeoutError:
        return [fault("slack", f"Slack did not answer within {PATIENCE} seconds.", _NETWORK)]


def _refused(url: str, error: Exception) -> Finding:
    found = slack_fault(error)
    if found.means is Means.AGAIN:
        return fault(
            "slack", f"Slack cannot be asked for a socket at {url}: {found.code}.", _NETWORK
        )
    if found.code == "missing_scope":
        return fault("slack", "The app-level token lacks the scope connections:write.", _MAKE)
    return fault("slack", f"Slack refuses the app-level token: {found.code}.", _MAKE)


async def _heard(session: aiohttp.ClientSession, client: AsyncWebClient, url: str) -> Finding:
    async with session.ws_connect(url, proxy=proxy_to(url, client)) as socket:
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            match read(message.data):
                case Hello(count):
                    return _connected(count - 1)
                case Goodbye("link_disabled"):
                    return fault("slack", "Socket Mode is switched off for the app.", _SWITCH)
                case Goodbye("too_many_websockets"):
                    return fault(
                        "slack",
                        "Slack has all ten connections of the app in use and gives no more.",
                        "End some of the processes that connect with this app.",
                    )
                case Goodbye(reason):
                    break_off = f"Slack closed the connection at once: {reason}."
                    return fault("slack", break_off, "Try again in a minute.")
                case _:
                    continue
    return fault("slack", "Slack closed the connection without a word.", _SWITCH)


def _connected(others: int) -> Finding:
    if others < 1:
        return note(
            "slack",
            "Slack gives connections by Socket Mode; the coach has none at the moment.",
            "Start `coach serve`; if it runs, its log and /readyz say why it is not connected.",
        )
    return ok("slack", f"Slack gives connections by Socket Mode; open at the moment: {others}.")
