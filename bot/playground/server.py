"""The playground: a stand-in for Slack, a small CRM and the page on which to use both."""

import asyncio
import pkgutil
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.playground import keeping, story
from bot.playground.crm import seed
from bot.playground.crm.board import PAGES, Crm
from bot.playground.crm.callback import Callback
from bot.playground.crm.disguise import NATIVE, Disguise, Linking
from bot.playground.mornings import until_morning, until_next
from bot.playground.page.calls import Calls
from bot.playground.page.files import Files
from bot.playground.page.guard import Guard
from bot.playground.page.shortcuts import Shortcuts, SwitchedOn, none
from bot.playground.page.stream import Stream
from bot.playground.slack.api import SlackStandIn
from bot.playground.slack.things import Json
from bot.playground.team import CHANNELS, PEOPLE
from bot.slack import commands as subcommand_files
from coach.ports import Clock

LOG_KEPT = 500
SAVE_SECONDS = 0.5


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


class Playground:
    """Everything a person needs to try the coach: ``app`` is served on loopback.

    ``advance`` moves the clock the coach reasons about; ``tell`` gets one line for each thing that
    happens. With a ``state_file`` a restart shows the same messages and CRM. ``link`` has the coach
    linked to what the CRM pretends to be; without it the CRM is nothing but itself. Shortcuts are
    offered once they are ``switched_on``.
    """

    def __init__(
        self,
        wiring: Wiring,
        *,
        clock: Clock,
        advance: Callable[[timedelta], Awaitable[None]],
        state_file: Path | None,
        advanced: timedelta = timedelta(),
        tell: Callable[[str], None],
        link: Linking | None = None,
        switched_on: SwitchedOn = none,
    ) -> None:
        self.wiring = wiring
        self.clock = clock
        self.tell = tell
        self.slack = SlackStandIn(
            PEOPLE,
            bot_token=wiring.bot_token,
            signing_secret=wiring.signing_secret,
            bot_url=wiring.bot_url,
            own_url=wiring.page_url,
            clock=clock,
            changed=self._changed,
            log=self._log,
        )
        self.slack.scopes |= {"links:read", "links:write"}
        self.slack.unfurl_domains = {PAGES}
        self.slack.channels |= {each.id: replace(each) for each in CHANNELS}
        self.faults = self.slack.faults
        self.crm = Crm(
            {person.id: person.email for person in PEOPLE},
            clock=clock,
            webhook_url=wiring.webhook_url,
            webhook_secret=wiring.webhook_secret,
            changed=self._crm_changed,
            log=self._log,
            say=self._crm_says,
        )
        self.callback = Callback(self.crm, secret=wiring.callback_secret, log=self._log)
        self.disguise = Disguise(
            self.crm,
            {person.id: person.name for person in PEOPLE},
            callback=self.callback,
            page_url=wiring.page_url,
            link=link,
            log=self._log,
        )
        self.log: deque[Json] = deque(maxlen=LOG_KEPT)
        self.names = {person.id: person.name for person in PEOPLE}
        self.names |= {channel.id: f"#{channel.name}" for channel in CHANNELS}
        self._advance = advance
        self._advanced = advanced
        self._state_file = state_file
        self._saving: asyncio.TimerHandle | None = None
        self._entries = 0
        self._closed = False
        # Time passes once at a time, however often the buttons are pressed.
        self._turn = asyncio.Lock()
        self.stream = Stream()
        self.shortcuts = Shortcuts(switched_on, self.stream.publish)
        routes = [
            Route("/ui/state", self._show_state),
            *Files().routes,
            *self.stream.routes,
            *Calls(self.slack, self.crm, self.go_on, self.pretend).routes,
            *self.slack.routes,
            *self.callback.routes,
            *self.disguise.routes,
        ]
        self.app: ASGIApp = Guard(Starlette(routes=routes), wiring.page_url)

    async def start(self) -> None:
        """Take up what was kept, or begin with the team's records and tell the coach its past."""
        kept = keeping.kept(self._state_file) if self._state_file else None
        if kept:
            self.slack.load(kept["slack"])
            self.crm.load(kept["crm"])
            self._advanced = timedelta(seconds=kept["advanced"])
            await self.disguise.load(kept.get("disguise"))
        self.crm.deliveries.start()
        if not kept:
            past = seed.fill(self.crm, {person.id: person.tz for person in PEOPLE})
            self.crm.deliveries.send(seed.batch(past, self.clock.now()))
            self._crm_changed()

    async def close(self) -> None:
        """Keep the state, end the page's streams and close connections."""
        self._closed = True
        self._save()
        self.stream.end()
        await self.shortcuts.close()
        await self.crm.deliveries.close()
        await self.slack.close()

    async def move_clock(self, by: timedelta) -> None:
        """Let time pass for the coach."""
        await self._advance(by)
        self._advanced += by
        now = self.clock.now()
        self.tell(f"The clock moves on: it is {now:%Y-%m-%d %H:%M} UTC.")
        self.stream.publish({"type": "clock", "now": now.isoformat()})
        self._save_soon()

    async def pretend(self, name: str) -> None:
        """Have the CRM be this vendor, or itself."""
        async with self._turn:
            await self.disguise.be(name)
        self.tell(f"The CRM pretends to be: {name}." if name != NATIVE else "The CRM is itself.")
        self._crm_changed()

    async def go_on(self, days: int) -> None:
        """Let it be the first morning of work so many days ahead; the next one after the digest."""
        async with self._turn:
            now = self.clock.now()
            await self.move_clock(until_next(now) if days == 1 else until_morning(now, days))

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
                    "peace_until": self.slack.in_peace_until(one.id),
                }
                for one in people.values()
            ],
            "channels": [
                {**each, "messages": [one.as_page() for one in shown(each["id"])]}
                for each in self.slack.channels_as_page()
            ],
            "messages": {who: [one.as_page() for one in shown(who)] for who in people},
            "homes": {who: self.slack.homes.get(who) for who in people},
            "views": {who: self.slack.views.get(who, []) for who in people},
            "crm": self.crm.as_page(),
            "log": list(self.log),
        }

    def _changed(self, change: Json) -> None:
        self.stream.publish(change)
        if change["type"] in ("message", "message_gone", "home", "channels"):
            self._save_soon()
        if change["type"] == "home":
            # Where something is switched, a Home tab is drawn anew.
            self.shortcuts.look_soon()

    def _crm_changed(self) -> None:
        self.stream.publish({"type": "crm", "crm": self.crm.as_page()})
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
        self.stream.publish({"type": "log", "entry": whole})
        told = story.line(entry, self.names)
        if told is not None:
            self.tell(told)

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
        keeping.keep(
            self._state_file,
            self.slack.dump(),
            self.crm.dump(),
            self._advanced,
            self.disguise.dump(),
        )

    async def _show_state(self, request: Request) -> Response:
        whole = {**self.state(), "shortcuts": await self.shortcuts.offered()}
        return JSONResponse(whole, headers={"Cache-Control": "no-store"})


def _completion(command: str) -> Json:
    """What may follow the command: the bot's sub-commands, one module each, a hyphen as `_`."""
    names = sorted(
        module.name.replace("_", "-")
        for module in pkgutil.iter_modules(subcommand_files.__path__)
        if not module.name.startswith("_")
    )
    return {
        "command": command,
        "usage_hint": " | ".join(names) or "help",
        "completions": names or ["help"],
    }
