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
from bot.web.visits import Visits, address_of
from storage.database import is_passing

log = logging.getLogger(__name__)

#: So often within `installing.LASTS` may one browser begin, and one address: behind it may be a
#: whole company, or a proxy that does not say for whom it comes.
BROWSER, ADDRESS = 10, 50

#: So often may one network, of which an address may be one of 65,536 of IPv6.
NETWORK = 200

#: Tells the browser that was sent to Slack from all others.
COOKIE = "coach_install"


class InstallPages:
    """The pages behind its `routes`."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        self._browsers = Visits(BROWSER, installing.LASTS)
        self._addresses = Visits(ADDRESS, installing.LASTS)
        self._networks = Visits(NETWORK, installing.LASTS)

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
        known = request.cookies.get(COOKIE, "")[: installing.LONGEST]
        self._not_too_often(request, known)
        browser = known or parts.entropy(24).hex()
        links = "links" in request.query_params
        address = await installing.send(self._slack, browser, links=links)
        cookie = (COOKIE, browser)
        return sent_on(address, cookie, installing.LASTS, parts.public_url, "/slack")

    def _not_too_often(self, request: Request, browser: str) -> None:
        """Raises `InstallError`, before anything is stored."""
        now, minutes = self._slack.parts.clock.now(), int(installing.LASTS.total_seconds() // 60)
        again = f"Wait {minutes} minutes, then open /slack/install once more."
        if browser and not self._browsers.may(browser, now):
            raise InstallError(
                f"This browser has begun {BROWSER} times within {minutes} minutes, and each time "
                f"keeps a place until it is used or runs out. {again}",
                status=429,
            )
        host = request.client.host if request.client else ""
        if not self._addresses.may(address_of(host), now):
            raise InstallError(
                f"From your address it was begun {ADDRESS} times within {minutes} minutes, so that "
                f"others would find no place. {again} Where the coach runs behind a proxy, whoever "
                "runs it sets FORWARDED_ALLOW_IPS to that proxy's address: then each visitor "
                "counts by their own.",
                status=429,
            )
        if not self._networks.may(address_of(host, 48), now):
            raise InstallError(
                f"From your network it was begun {NETWORK} times within {minutes} minutes, so that "
                f"others would find no place. {again}",
                status=429,
            )

    async def _take_back(self, request: Request) -> Response:
        told = {name: value[: installing.LONGEST] for name, value in request.query_params.items()}
        browser = request.cookies.get(COOKIE, "")[: installing.LONGEST]
        done = await installing.take_back(self._slack, told, browser)
        where = f"the organisation {done.name}" if done.whole else done.name
        return page(
            f"Coach is installed in {where}",
            ["In Slack, Coach writes to you what comes next. You can close this page."],
        )
