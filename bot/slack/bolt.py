"""Bolt, which takes what Slack sends apart and calls our listeners; it keeps nothing by itself."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.coaching.connecting import Connecting
from bot.runtime.parts import Parts
from bot.slack import listeners
from bot.slack.installed import PATIENCE, Slack, authorizing


def slack_app(parts: Parts, slack: Slack, connecting: Connecting, signing_secret: str) -> AsyncApp:
    """Bolt with our listeners."""
    app = bolt_for(parts, slack, signing_secret)
    listeners.register(app, parts, slack, connecting)
    return app


@contextmanager
def _out_of_the_environment(*names: str) -> Iterator[None]:
    """Where Bolt finds these it makes stores of its own, in files, beside ours."""
    held = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(held)


def bolt_for(parts: Parts, slack: Slack, signing_secret: str) -> AsyncApp:
    """Bolt, that keeps nothing by itself."""
    with _out_of_the_environment("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"):
        return AsyncApp(
            # Without a token of its own: each request is answered with its own team's.
            client=AsyncWebClient(base_url=parts.slack_api_url, timeout=PATIENCE),
            signing_secret=signing_secret,
            authorize=authorizing(slack),
            # The guard before it has verified already, on the raw body that Bolt does not see.
            request_verification_enabled=False,
            # Bolt otherwise looks for the ack every ten milliseconds only.
            process_before_response=True,
        )
