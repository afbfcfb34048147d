"""What people do on the page, each a call with a JSON object that is answered by one."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.playground.crm.board import Crm
from bot.playground.crm.fields import CrmRefusal
from bot.playground.slack.api import Answer, SlackStandIn
from bot.playground.slack.things import Json, SlackFault


class Calls:
    """The page's ways to act on Slack's stand-in, on the CRM and on the clock.

    ``go_on`` lets it be morning, so many days ahead; ``pretend`` has the CRM be another one.
    """

    def __init__(
        self,
        slack: SlackStandIn,
        crm: Crm,
        go_on: Callable[[int], Awaitable[None]],
        pretend: Callable[[str], Awaitable[None]],
    ) -> None:
        self.slack = slack
        self.crm = crm
        self._go_on = go_on
        self._pretend = pretend
        self.routes = [
            self._route("command", self._do_command),
            self._route("message", self._do_message),
            self._route("shortcut", self._do_shortcut),
            self._route("action", self._do_action),
            self._route("suggest", self._do_suggest),
            self._route("submit", self._do_submit),
            self._route("close", self._do_close),
            self._route("tab", self._do_tab),
            self._route("peace", self._do_peace),
            self._route("clock", self._do_clock),
            self._route("crm/pretend", self._do_pretend),
            self._route("crm/deals", self._do_new_deal),
            self._route("crm/deals/{id}", self._do_deal),
            self._route("crm/deals/{id}/delete", self._do_delete_deal),
            self._route("crm/deals/{id}/link", self._do_link),
            self._route("crm/contacts", self._do_new_contact),
            self._route("crm/contacts/{id}/log", self._do_log_contact),
            self._route("crm/tasks", self._do_new_task),
            self._route("crm/tasks/{id}", self._do_task),
        ]

    @staticmethod
    def _route(path: str, do: Callable[[Json, Request], Awaitable[Json]]) -> Route:
        return Route(f"/ui/{path}", _doing(do), methods=["POST"])

    async def _do_command(self, given: Json, request: Request) -> Json:
        channel = _channel(given)
        if channel is not None and str(given["text"]).startswith("/invite "):
            self.slack.invite(channel)
            return {"ok": True}
        return _outcome(await self.slack.command(given["person"], str(given["text"])))

    async def _do_message(self, given: Json, request: Request) -> Json:
        text = str(given["text"]).strip()
        if not text:
            return {"ok": False, "error": "Write something first."}
        await self.slack.write(given["person"], text[:4000], _channel(given))
        return {"ok": True}

    async def _do_shortcut(self, given: Json, request: Request) -> Json:
        ts = None if given.get("ts") is None else str(given["ts"])
        try:
            done = await self.slack.shortcut(given["person"], str(given["callback_id"]), ts)
        except LookupError:
            return {"ok": False, "error": "That message is no longer there."}
        return _outcome(done)

    async def _do_action(self, given: Json, request: Request) -> Json:
        container, action = dict(given["container"]), dict(given["action"])
        values = given.get("values") or {}
        return _outcome(await self.slack.act(given["person"], container, action, values))

    async def _do_suggest(self, given: Json, request: Request) -> Json:
        container, action, typed = dict(given["container"]), dict(given["action"]), given["value"]
        answer = await self.slack.suggest(given["person"], container, action, str(typed))
        return {**_outcome(answer), **(json.loads(answer.text) if answer.ok else {})}

    async def _do_submit(self, given: Json, request: Request) -> Json:
        values = given.get("values") or {}
        return _outcome(await self.slack.submit(given["person"], str(given["view_id"]), values))

    async def _do_close(self, given: Json, request: Request) -> Json:
        return _outcome(await self.slack.dismiss(given["person"], str(given["view_id"])))

    async def _do_tab(self, given: Json, request: Request) -> Json:
        return _outcome(await self.slack.open_tab(given["person"], str(given["tab"])))

    async def _do_peace(self, given: Json, request: Request) -> Json:
        minutes = int(given["minutes"])
        until = self.slack.clock.now() + timedelta(minutes=minutes) if minutes > 0 else None
        self.slack.leave_in_peace(given["person"], until)
        return {"ok": True}

    async def _do_clock(self, given: Json, request: Request) -> Json:
        if given.get("days") not in (1, 7):
            return {"ok": False, "error": "The clock moves on by a day or by a week."}
        await self._go_on(given["days"])
        return {"ok": True}

    async def _do_pretend(self, given: Json, request: Request) -> Json:
        await self._pretend(str(given["as"]))
        return {"ok": True}

    async def _do_new_deal(self, given: Json, request: Request) -> Json:
        return {"ok": True, "deal": self.crm.add_deal(given)}

    async def _do_deal(self, given: Json, request: Request) -> Json:
        return {"ok": True, "deal": self.crm.change_deal(request.path_params["id"], given)}

    async def _do_delete_deal(self, given: Json, request: Request) -> Json:
        self.crm.delete_deal(request.path_params["id"])
        return {"ok": True}

    async def _do_link(self, given: Json, request: Request) -> Json:
        return {"ok": True, "url": self.crm.link(request.path_params["id"])}

    async def _do_new_contact(self, given: Json, request: Request) -> Json:
        return {"ok": True, "contact": self.crm.add_contact(given)}

    async def _do_log_contact(self, given: Json, request: Request) -> Json:
        contact = self.crm.log_contact(request.path_params["id"], given.get("kind"))
        return {"ok": True, "contact": contact}

    async def _do_new_task(self, given: Json, request: Request) -> Json:
        return {"ok": True, "task": self.crm.add_task(given)}

    async def _do_task(self, given: Json, request: Request) -> Json:
        return {"ok": True, "task": self.crm.change_task(request.path_params["id"], given)}


def _doing(
    do: Callable[[Json, Request], Awaitable[Json]],
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that reads a JSON object and answers one, faults as sentences."""

    async def endpoint(request: Request) -> Response:
        try:
            given: Any = json.loads(await request.body() or b"{}")
            if not isinstance(given, dict):
                raise TypeError("not an object")
            answer = await do(given, request)
        except CrmRefusal as refusal:
            answer = {"ok": False, "error": str(refusal)}
        except SlackFault as fault:
            answer = {"ok": False, "error": f"Slack says {fault}."}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            answer = {"ok": False, "error": f"The page sent something unexpected: {error!r}."}
        return JSONResponse(answer)

    return endpoint


def _channel(given: Json) -> str | None:
    """The channel in which somebody does something; nothing in their direct message."""
    return str(given["channel"]) if given.get("channel") else None


def _outcome(answer: Answer) -> Json:
    if answer.errors:
        return {"ok": False, "errors": answer.errors}
    if answer.problem is not None:
        return {"ok": False, "error": answer.problem}
    return {"ok": True}
