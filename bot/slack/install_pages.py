"""What a browser is shown while the app is installed: sent to Slack, and back with a page."""

import logging
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.slack import installing
from bot.slack.installed import Slack
from bot.slack.installing import InstallError
from bot.web.pages import page, sent_on
from storage.database import is_passing

log = logging.getLogger(__name__)

#: Tells the browser that was sent to Slack from all others.
COOKIE = "coach_install"


class InstallPages:
    """The pages behind its `routes`."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack

    def routes(self) -> list[Route]:
        """Where a browser begins, and where Slack sends it back to."""
        return [
            Route("/slack/install", self._install, methods=["GET"]),
            Route("/slack/oauth_redirect", self._redirect, methods=["GET"]),
        ]

    async def _install(self, request: Request) -> Response:
        return await self._told(request, self._send)

    async def _redirect(self, request: Request) -> Response:
        return await self._told(request, self._take_back)

    async def _told(
        self, request: Request, work: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        if request.method != "GET":
            # Whoever only looks what is there, as for a preview, is not the one who installs it.
            return Response(status_code=405, headers={"allow": "GET"})
        try:
            return await work(request)
        except InstallError as error:
            return page("Not installed", [str(error)], status=error.status)
        except Exception as error:
            log.error(
                "an installation could not be worked on: %s",
                type(error).__name__,
                exc_info=not is_passing(error),
            )
            said = "The coach cannot do this now. Open /slack/install once more in a minute."
            return page("Not installed", [said], status=503)

    async def _send(self, request: Request) -> Response:
        parts = self._slack.parts
        # One browser may have begun in two windows: it is the same in both.
        browser = request.cookies.get(COOKIE, "")[: installing.LONGEST] or parts.entropy(24).hex()
        links = "links" in request.query_params
        address = await installing.send(self._slack, browser, links=links)
        cookie = (COOKIE, browser)
        return sent_on(address, cookie, installing.LASTS, parts.public_url, "/slack")

    async def _take_back(self, request: Request) -> Response:
        told = {name: value[: installing.LONGEST] for name, value in request.query_params.items()}
        browser = request.cookies.get(COOKIE, "")[: installing.LONGEST]
        done = await installing.take_back(self._slack, told, browser)
        where = f"the organisation {done.name}" if done.whole else done.name
        return page(
            f"Coach is installed in {where}",
            ["In Slack, Coach writes to you what comes next. You can close this page."],
        )
