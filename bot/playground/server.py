"""The playground: a stand-in for Slack, a small CRM and the page on which to use both."""

import asyncio
import json
import os
import pkgutil
import stat
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.playground import story
from bot.playground.crm import seed
from bot.playground.crm.board import Crm, CrmRefusal
from bot.playground.guard import Guard
from bot.playground.slack.api import Answer, SlackStandIn
from bot.playground.slack.things import Clock, Json, SlackFault
from bot.slack import commands as subcommand_files

LOG_KEPT = 500
SAVE_SECONDS = 0.5
QUEUE_KEPT = 2000
HEARTBEAT_SECONDS = 15.0
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".txt": "text/plain; charset=utf-8",
}
NO_ANSWER = "The coach reads commands, not messages. Try /coach help."


@dataclass(frozen=True)
class Wiring:
    """Where the bot and the playground listen, and what they share.

    Urls are without a trailing slash; ``webhook_secret`` and ``callback_secret`` are ``whsec_…``.
    """

    bot_url: str
    signing_secret: str
    bot_token: str
    webhook_url: str
    webhook_secret: str
    callback_secret: str
    page_url: str


def saved_advance(state_file: Path) -> timedelta:
    """How far the clock had been moved when the state was kept; nothing when there is none."""
    kept = _kept(state_file)
    return timedelta(seconds=kept["advanced"]) if kept else timedelta()


class Playground:
    """Everything a person needs to try the coach: ``app`` is served on loopback.

    ``advance`` moves the clock the coach reasons about; ``tell`` gets one line for each thing that
    happens. With a ``state_file`` a restart shows the same messages and CRM.
    """

    def __init__(
        self,
        wiring: Wiring,
        *,
        clock: Clock,
        advance: Callable[[timedelta], Awaitable[None]],
        state_file: Path | None,
        tell: Callable[[str], None],
    ) -> None:
        self.wiring = wiring
        self.clock = clock
        self.tell = tell
        self.slack = SlackStandIn(
            seed.PEOPLE,
            bot_token=wiring.bot_token,
            signing_secret=wiring.signing_secret,
            bot_url=wiring.bot_url,
            own_url=wiring.page_url,
            clock=clock,
            changed=self._changed,
            log=self._log,
        )
        self.faults = self.slack.faults
        self.crm = Crm(
            {person.id: person.email for person in seed.PEOPLE},
            clock=clock,
            webhook_url=wiring.webhook_url,
            webhook_secret=wiring.webhook_secret,
            callback_secret=wiring.callback_secret,
            changed=self._crm_changed,
            log=self._log,
            say=self._crm_says,
        )
        self.log: deque[Json] = deque(maxlen=LOG_KEPT)
        self.names = {person.id: person.name for person in seed.PEOPLE}
        self._advance = advance
        self._advanced = timedelta()
        self._state_file = state_file
        self._saving: asyncio.TimerHandle | None = None
        self._entries = 0
        self._listeners: set[asyncio.Queue[Json | None]] = set()
        self._closed = False
        self._page = _page_files()
        self.app: ASGIApp = Guard(Starlette(routes=self._routes()), wiring.page_url)

    async def start(self) -> None:
        """Take up what was kept, or begin with the team's records and tell the coach its past."""
        kept = _kept(self._state_file) if self._state_file else None
        if kept:
            self.slack.load(kept["slack"])
            self.crm.load(kept["crm"])
            self._advanced = timedelta(seconds=kept["advanced"])
        self.crm.deliveries.start()
        if not kept:
            past = seed.fill(self.crm)
            self.crm.deliveries.send(seed.batch(past, self.clock.now()))
            self._crm_changed()

    async def close(self) -> None:
        """Keep the state, end the page's streams and close connections."""
        self._closed = True
        self._save()
        for queue in self._listeners:
            _put(queue, None)
        await self.crm.deliveries.close()
        await self.slack.close()

    async def move_clock(self, by: timedelta) -> None:
        """Let time pass for the coach."""
        await self._advance(by)
        self._advanced += by
        now = self.clock.now()
        self.tell(f"The clock moves on: it is {now:%A %-d %B %Y, %H:%M} UTC.")
        self._publish({"type": "clock", "now": now.isoformat()})
        self._save_soon()

    # What the page reads

    def state(self) -> Json:
        """Everything the page shows, in the form it reads."""
        people, shown = self.slack.people, self.slack.messages
        return {
            "now": self.clock.now().isoformat(),
            "app": {"name": self.slack.app_name},
            "commands": [_completion(command) for command in sorted(self.slack.commands)],
            "people": [
                {
                    "id": one.id,
                    "name": one.name,
                    "title": one.title,
                    "email": one.email,
                    "tz": one.tz,
                    "admin": one.admin or one.owner,
                }
                for one in people.values()
            ],
            "messages": {who: [one.as_page() for one in shown(who)] for who in people},
            "homes": {who: self.slack.homes.get(who) for who in people},
            "views": {who: self.slack.views.get(who, []) for who in people},
            "crm": self.crm.as_page(),
            "log": list(self.log),
        }

    def _changed(self, change: Json) -> None:
        self._publish(change)
        if change["type"] in ("message", "message_gone", "home"):
            self._save_soon()

    def _crm_changed(self) -> None:
        self._publish({"type": "crm", "crm": self.crm.as_page()})
        self.slack.wake()
        self._save_soon()

    def _crm_says(self, text: str) -> None:
        for who in self.slack.people:
            self.slack.say(who, text)
        self.tell(story.plain(text))

    def _log(self, entry: Json) -> None:
        self._entries += 1
        whole = {**entry, "id": self._entries, "at": self.clock.now().isoformat()}
        self.log.append(whole)
        self._publish({"type": "log", "entry": whole})
        told = story.line(entry, self.names)
        if told is not None:
            self.tell(told)

    def _publish(self, change: Json) -> None:
        for queue in list(self._listeners):
            if queue.full():
                # A page that does not read is cut off; it comes back and loads the whole state.
                self._listeners.discard(queue)
                queue.get_nowait()
                change_or_end: Json | None = None
            else:
                change_or_end = change
            _put(queue, change_or_end)

    # Keeping

    def _save_soon(self) -> None:
        if self._state_file is None or self._saving is not None or self._closed:
            return
        self._saving = asyncio.get_running_loop().call_later(SAVE_SECONDS, self._save)

    def _save(self) -> None:
        if self._saving is not None:
            self._saving.cancel()
            self._saving = None
        if self._state_file is None:
            return
        kept = {
            "version": 1,
            "slack": self.slack.dump(),
            "crm": self.crm.dump(),
            "advanced": self._advanced.total_seconds(),
        }
        part = self._state_file.with_suffix(".part")
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
        part.chmod(stat.S_IRUSR | stat.S_IWUSR)
        os.replace(part, self._state_file)

    # Routes

    def _routes(self) -> list[Route]:
        def ui(path: str, do: Callable[[Json, Request], Awaitable[Json]]) -> Route:
            return Route(f"/ui/{path}", _doing(do), methods=["POST"])

        return [
            Route("/", self._show_page),
            Route("/page/{name:path}", self._show_page),
            Route("/ui/state", self._show_state),
            Route("/ui/events", self._show_events),
            ui("command", self._do_command),
            ui("message", self._do_message),
            ui("action", self._do_action),
            ui("submit", self._do_submit),
            ui("close", self._do_close),
            ui("tab", self._do_tab),
            ui("clock", self._do_clock),
            ui("crm/deals", self._do_new_deal),
            ui("crm/deals/{id}", self._do_deal),
            ui("crm/deals/{id}/delete", self._do_delete_deal),
            ui("crm/contacts", self._do_new_contact),
            ui("crm/contacts/{id}/log", self._do_log_contact),
            ui("crm/tasks", self._do_new_task),
            ui("crm/tasks/{id}", self._do_task),
            *self.slack.routes,
            *self.crm.routes,
        ]

    async def _show_page(self, request: Request) -> Response:
        name = request.path_params.get("name", "index.html")
        file = self._page.get(name)
        if file is None:
            return PlainTextResponse("There is no such page here.", 404)
        kind = TYPES.get(Path(name).suffix, "application/octet-stream")
        headers = {"Cache-Control": "no-cache", "Content-Type": kind}
        return Response(file.read_bytes(), headers=headers)

    async def _show_state(self, request: Request) -> Response:
        return JSONResponse(self.state(), headers={"Cache-Control": "no-store"})

    async def _show_events(self, request: Request) -> Response:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._stream(), media_type="text/event-stream", headers=headers)

    async def _stream(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[Json | None] = asyncio.Queue(QUEUE_KEPT)
        self._listeners.add(queue)
        try:
            yield ": hello\n\n"
            while not self._closed:
                try:
                    change = await asyncio.wait_for(queue.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if change is None:
                    return
                yield f"data: {json.dumps(change, ensure_ascii=False)}\n\n"
        finally:
            self._listeners.discard(queue)

    async def _do_command(self, given: Json, request: Request) -> Json:
        return _outcome(await self.slack.command(given["person"], str(given["text"])))

    async def _do_message(self, given: Json, request: Request) -> Json:
        text = str(given["text"]).strip()
        if not text:
            return {"ok": False, "error": "Write something first."}
        await self.slack.write(given["person"], text[:4000])
        self.slack.say(given["person"], NO_ANSWER)
        return {"ok": True}

    async def _do_action(self, given: Json, request: Request) -> Json:
        container, action = dict(given["container"]), dict(given["action"])
        values = given.get("values") or {}
        return _outcome(await self.slack.act(given["person"], container, action, values))

    async def _do_submit(self, given: Json, request: Request) -> Json:
        values = given.get("values") or {}
        return _outcome(await self.slack.submit(given["person"], str(given["view_id"]), values))

    async def _do_close(self, given: Json, request: Request) -> Json:
        return _outcome(await self.slack.dismiss(given["person"], str(given["view_id"])))

    async def _do_tab(self, given: Json, request: Request) -> Json:
        return _outcome(await self.slack.open_tab(given["person"], str(given["tab"])))

    async def _do_clock(self, given: Json, request: Request) -> Json:
        if given.get("days") not in (1, 7):
            return {"ok": False, "error": "The clock moves on by a day or by a week."}
        await self.move_clock(timedelta(days=given["days"]))
        return {"ok": True}

    async def _do_new_deal(self, given: Json, request: Request) -> Json:
        return {"ok": True, "deal": self.crm.add_deal(given)}

    async def _do_deal(self, given: Json, request: Request) -> Json:
        return {"ok": True, "deal": self.crm.change_deal(request.path_params["id"], given)}

    async def _do_delete_deal(self, given: Json, request: Request) -> Json:
        self.crm.delete_deal(request.path_params["id"])
        return {"ok": True}

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


def _outcome(answer: Answer) -> Json:
    if answer.errors:
        return {"ok": False, "errors": answer.errors}
    if answer.problem is not None:
        return {"ok": False, "error": answer.problem}
    return {"ok": True}


def _completion(command: str) -> Json:
    """What may follow the command: the bot's sub-commands, one module each."""
    names = sorted(
        module.name
        for module in pkgutil.iter_modules(subcommand_files.__path__)
        if not module.name.startswith("_")
    )
    return {
        "command": command,
        "usage_hint": " | ".join(names) or "help",
        "completions": names or ["help"],
    }


def _page_files() -> dict[str, Traversable]:
    """The page's files by their path, so that nothing else can be asked for."""
    found: dict[str, Traversable] = {}

    def walk(folder: Traversable, prefix: str) -> None:
        for entry in folder.iterdir():
            if entry.is_dir():
                walk(entry, f"{prefix}{entry.name}/")
            else:
                found[prefix + entry.name] = entry

    folder = files("bot.playground") / "page"
    if folder.is_dir():
        walk(folder, "")
    return found


def _kept(state_file: Path) -> Any:
    """What an earlier run kept, or None when there is nothing of use."""
    try:
        kept = json.loads(state_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(kept, dict) or kept.get("version") != 1:
        return None
    return kept if {"slack", "crm", "advanced"} <= set(kept) else None


def _put(queue: asyncio.Queue[Json | None], change: Json | None) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(change)
