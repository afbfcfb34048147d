"""What a person's browser is shown while they grant access to a CRM: two addresses, a page each."""

import logging
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.crm import backfill, granting
from bot.crm.connecting import new_token
from bot.crm.granting import Done
from bot.crm.parts import CrmParts
from bot.crm.provider import PayloadError
from bot.web.pages import page, sent_on
from bot.web.raw_body import GoneError, TooLargeError, TooSlowError, read_body
from bot.web.room import Room
from coach.errors import CoachError
from storage.database import is_passing

log = logging.getLogger(__name__)

#: Tells the browser that opened a link from all others.
COOKIE = "coach_grant"

#: The largest request of a vendor here, in bytes, and how many are read at once.
_LARGEST, _TOGETHER = 10_000, 8


class Browser:
    """The pages behind its `routes`."""

    def __init__(self, crm: CrmParts) -> None:
        self._crm = crm
        self._room = Room(_TOGETHER, _TOGETHER * _LARGEST)

    def routes(self) -> list[Route]:
        """Where a browser begins, and where it comes back to."""
        return [
            Route("/crm/{provider}/connect", self._connect, methods=["GET"]),
            Route("/crm/{provider}/callback", self._callback, methods=["GET", "DELETE"]),
        ]

    async def _connect(self, request: Request) -> Response:
        if request.method != "GET":
            # Whoever only looks what is there, as for a preview, is not the one who opens it.
            return Response(status_code=405, headers={"allow": "GET"})
        return await self._told(request, self._send)

    async def _callback(self, request: Request) -> Response:
        if request.method == "DELETE":
            return await self._withdrawn(request)
        if request.method != "GET":
            return Response(status_code=405, headers={"allow": "GET"})
        return await self._told(request, self._take_back)

    async def _withdrawn(self, request: Request) -> Response:
        """A vendor tells here as well that somebody has taken back what they had granted."""
        provider = self._crm.providers.get(request.path_params["provider"])
        setup = provider.setup if provider else None
        if setup is None or setup.oauth is None or setup.oauth.withdrawal is None:
            return Response(status_code=405, headers={"allow": "GET"})
        try:
            with self._room.share() as share:
                body = await read_body(request.scope, request.receive, _LARGEST, share)
            authorization = request.headers.get("authorization", "")
            name = request.path_params["provider"]
            known = await granting.withdraw(self._crm, name, authorization, body)
        except (TooLargeError, TooSlowError, GoneError, PayloadError) as error:
            return JSONResponse({"error": str(error) or "The body did not come whole."}, 400)
        except Exception as error:
            log.error(
                "a withdrawal could not be worked on: %s",
                type(error).__name__,
                exc_info=not is_passing(error),
            )
            return JSONResponse({"error": "The coach cannot do this now."}, 503)
        if not known:
            return JSONResponse({"error": "This is not the app that was allowed."}, 401)
        return JSONResponse({"ok": True})

    async def _told(
        self, request: Request, work: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        try:
            return await work(request)
        except CoachError as error:
            return page("Not linked", [str(error)], status=400)
        except Exception as error:
            log.error(
                "a grant could not be worked on: %s",
                type(error).__name__,
                exc_info=not is_passing(error),
            )
            said = "The coach cannot do this now. Open the link once more in a minute."
            return page("Not linked", [said], status=503)

    async def _send(self, request: Request) -> Response:
        provider = request.path_params["provider"]
        link = request.query_params.get("link", "")[: granting.LONGEST]
        browser = request.cookies.get(COOKIE) or new_token(self._crm.shared.entropy)
        address = await granting.send(self._crm, provider, link, browser)
        cookie, path = (COOKIE, browser), f"/crm/{provider}"
        return sent_on(address, cookie, granting.LASTS, self._crm.public_url, path)

    async def _take_back(self, request: Request) -> Response:
        provider = request.path_params["provider"]
        told = {name: value[: granting.LONGEST] for name, value in request.query_params.items()}
        browser = request.cookies.get(COOKIE, "")
        return self._done(await granting.take_back(self._crm, provider, told, browser))

    def _done(self, done: Done) -> Response:
        kinds = [each[2] for each in backfill.order(self._crm.providers[done.connection.provider])]
        taking = (
            f"The coach now takes over {', '.join(kinds)}. How far it is, /coach connect says in "
            "Slack, and `coach connections` in a terminal."
        )
        said = [*done.said, taking]
        if not done.steps:
            said.append("There is nothing more to do: you can close this page.")
        return page(f"{done.name} is linked", said, done.steps)
