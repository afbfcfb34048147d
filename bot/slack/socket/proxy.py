"""The way a socket to Slack takes."""

from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from bot.runtime.loopback import is_loopback_name


def proxy_to(url: str, client: AsyncWebClient) -> str | None:
    """The proxy that leads there, which the client has from the environment; none on this machine.

    Raises `ValueError` for what is no address.
    """
    return None if is_loopback_name(URL(url).host or "") else client.proxy
