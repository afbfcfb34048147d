"""Slack's stand-in in a process of its own, noting when each message arrives.

Besides Slack's own routes: `/measured/messages` tells when each person's first message came,
`/measured/counts` how many came to each, and `/measured/click` makes the request Slack would send
when somebody presses a button.
"""

import json
import sys
import time
from collections import Counter
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from benchmarks import team
from benchmarks.processes import serve
from bot.playground.slack import payloads as slack_payloads
from bot.playground.slack.api import Person, SlackStandIn
from bot.playground.slack.forms import find
from bot.playground.slack.signing import slack_headers


def application(size: int) -> ASGIApp:
    """A workspace of so many people."""
    people = [
        Person(team.slack_user(number), f"Seller {number}", team.address(number))
        for number in range(size)
    ]
    slack = SlackStandIn(
        people,
        bot_token=team.BOT_TOKEN,
        signing_secret=team.SIGNING_SECRET,
        # Clicks are made some seconds before they are sent; their triggers must live so long.
        timer=lambda: 0.0,
    )

    async def messages(request: Request) -> Response:
        first: dict[str, Any] = {}
        for sent in slack.sent:
            if sent.method == "chat.postMessage":
                first.setdefault(sent.person, sent.wall)
        return JSONResponse(first)

    async def counts(request: Request) -> Response:
        posts = (sent.person for sent in slack.sent if sent.method == "chat.postMessage")
        return JSONResponse(Counter(posts))

    async def click(request: Request) -> Response:
        who, action_id = request.query_params["person"], request.query_params["action"]
        message = next(iter(slack.conversations[who].values()))
        element = find(message.blocks, action_id, None)
        assert element is not None, f"{who} has no button {action_id}"
        payload = slack_payloads.block_actions(
            slack, slack.person(who), [slack_payloads.action(element, {})], {}
        )
        key = slack.new_response_url(who, message.ts)
        slack_payloads.in_message(payload, slack, message, f"{request.base_url}response/{key}")
        body = urlencode({"payload": json.dumps(payload)})
        headers = slack_headers(team.SIGNING_SECRET, body.encode(), time.time())
        return JSONResponse({"body": body, "headers": headers})

    return Starlette(
        routes=[
            Route("/measured/messages", messages),
            Route("/measured/counts", counts),
            Route("/measured/click", click),
            *slack.routes,
        ]
    )


if __name__ == "__main__":
    serve(application(int(sys.argv[1])), lifespan=False)
