"""The composition root: `build` makes the running bot from settings; it knows every part."""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp
import uvicorn
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp

from bot.coaching import (
    attending,
    departing,
    learning,
    pattern_turns,
    planning,
    team_channel,
    ticking,
)
from bot.crm import fetching, large, outbox, watching, worker
from bot.crm.browser import Browser
from bot.crm.caller import Caller
from bot.crm.intake import Intake
from bot.crm.links import Links
from bot.crm.parts import CrmParts
from bot.crm.provider import load_providers
from bot.runtime import clock as clocks
from bot.runtime import collecting
from bot.runtime.clock import SharedClock, SystemClock
from bot.runtime.loops import keep_working
from bot.runtime.parts import Parts
from bot.runtime.redacting import quiet_logs
from bot.runtime.settings import Settings
from bot.runtime.voices import load_voices
from bot.slack import arriving, home, lookup, taking_over, troubles
from bot.slack import team as slack_team
from bot.slack import team_channel as channels
from bot.slack.bolt import slack_app
from bot.slack.exporting import Exports
from bot.slack.install_pages import InstallPages
from bot.slack.installed import Slack
from bot.slack.renewing import OurApp
from bot.slack.sender import Sender
from bot.slack.socket.keeper import Keeper
from bot.slack.socket.standing import Pace
from bot.web.dispatching import BYTES, REQUESTS
from bot.web.room import Room
from bot.web.routes import BySocket, SlackGuard, Web
from coach.action import load_actions
from coach.calendar import public_holidays
from coach.engine import load_rules
from coach.errors import CoachError
from coach.ids import Entropy
from coach.ports import Clock
from storage import installations, people, schema, statistics, takeovers, workspaces
from storage.database import Database
from storage.installations import ENVIRONMENT, Installation
from storage.sealing import Seal

log = logging.getLogger(__name__)

#: How often it is seen whether a CRM's webhooks are to be looked at, or told of, in seconds.
WATCH = 60.0

#: How often it is seen whether a team's figures are to be looked at, in seconds.
PATTERNS = 60.0

#: How long work under way may take to end at shutdown, in seconds.
DRAIN = 5.0


@dataclass(slots=True)
class Bot:
    """The running bot: an ASGI application whose lifespan starts and stops everything."""

    settings: Settings
    parts: Parts
    crm: CrmParts
    slack: Slack | None
    intake: Intake
    web: Web = field(init=False)
    #: Slack by Socket Mode, where an app-level token is set.
    socket: Keeper | None = None
    workspace_id: str = workspaces.DEFAULT
    #: Held while the clock ticks: whoever takes it finds done what the tick before has begun.
    at_the_tick: asyncio.Lock = field(default_factory=asyncio.Lock)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _loops: list[asyncio.Task[None]] = field(default_factory=list)
    _http: aiohttp.ClientSession | None = None
    _caller: Caller | None = None
    _scheduler: AsyncIOScheduler | None = None

    async def start(self) -> None:
        """Bring the schema up and every part to work; what has begun ends when one cannot."""
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        parts, crm = self.parts, self.crm
        await prepare(parts, self.workspace_id)
        await fetching.stand_all(crm)
        self._http = aiohttp.ClientSession()
        http = self._http

        async def work() -> bool:
            return (await worker.work_turn(crm)).goes_on

        async def work_large() -> bool:
            return (await large.work_turn(crm)).goes_on

        async def ring() -> None:
            parts.wake.tick.set()

        self._begin("the worker", work, parts.wake.worker, 2.0, apart=worker.APART)
        self._begin("the worker on large deliveries", work_large, parts.wake.large, 2.0)
        self._begin("attention", lambda: attending.turn(parts), parts.wake.attention, 1.0)
        if not parts.database.is_sqlite:
            self._begin(
                "the clock's correction",
                lambda: clocks.correct(parts.clock, parts.database),
                parts.wake.correction,
                clocks.EVERY,
            )
            self._begin(
                "the planner's statistics",
                lambda: statistics.keep_up(parts.database),
                parts.wake.statistics,
                statistics.EVERY,
            )
        caller = self._caller = Caller(crm)
        self._begin("the outbox", lambda: outbox.send_due(crm, caller), parts.wake.outbox, 5.0)
        self._begin("the fetcher", lambda: fetching.fetch_due(crm, caller), parts.wake.fetcher, 1.0)
        self._begin("the watch", lambda: watching.look_due(crm, caller), parts.wake.watch, WATCH)
        self._begin("patterns", lambda: pattern_turns.turn(parts), parts.wake.patterns, PATTERNS)
        # The scheduler rings every half minute; others when something cannot wait for that.
        self._begin("the clock", self._tick, parts.wake.tick, None)
        self._begin(
            "learning", lambda: learning.learn_due(parts), parts.wake.learning, learning.EVERY
        )
        self._begin(
            "deleting who left",
            lambda: departing.delete_due(parts),
            parts.wake.departing,
            departing.EVERY,
        )
        self._begin(
            "the team's channel",
            lambda: team_channel.turn(parts),
            parts.wake.team,
            team_channel.EVERY,
        )
        if self.slack is not None:
            slack = self.slack
            slack.session = http
            token = self.settings.slack_bot_token
            if token is not None and token.get_secret_value():
                await slack_team.adopt(parts, Installation(ENVIRONMENT, token.get_secret_value()))

            async def client_of(workspace_id: str) -> AsyncWebClient:
                return (await slack.of(workspace_id)).client

            sender = Sender(parts, client_of)
            self._begin("the sender", sender.work, parts.wake.sender, 1.0, sender.finish)
            self._begin(
                "the lookup", lambda: lookup.look_up_due(parts, slack), parts.wake.lookup, 30.0
            )
            self._begin(
                "asking Slack", lambda: slack_team.ask_due(parts, slack), parts.wake.asking, 5.0
            )
            self._begin(
                "telling of trouble",
                lambda: troubles.tell_due(parts, slack),
                parts.wake.trouble,
                WATCH,
            )
            self._begin(
                "telling of a channel's trouble",
                lambda: channels.tell_due(parts, slack),
                parts.wake.channels,
                channels.EVERY,
            )
            self._begin(
                "greeting", lambda: arriving.greet_due(parts), parts.wake.greeting, arriving.EVERY
            )
            links = Links(crm, self.intake)
            self._begin(
                "keeping Home tabs true",
                lambda: home.draw_due(parts, slack, links),
                parts.wake.home,
                2.0,
            )
            self._begin(
                "telling of progress",
                lambda: taking_over.tell_due(parts, slack, links),
                parts.wake.progress,
                takeovers.EVERY.total_seconds(),
            )
        if self.socket is not None:
            # Last: what comes by it finds everything at work.
            self._loops.append(asyncio.create_task(self.socket.keep(http), name="Socket Mode"))
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._scheduler.add_job(
            ring,
            "interval",
            seconds=ticking.EVERY,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        self._scheduler.add_job(
            collecting.give_back,
            "interval",
            seconds=collecting.EVERY,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        self._scheduler.start()

    def _begin(
        self,
        name: str,
        work: Callable[[], Awaitable[object]],
        bell: asyncio.Event,
        idle: float | None,
        finish: Callable[[], Awaitable[object]] | None = None,
        *,
        apart: float = 0.0,
    ) -> None:
        async def run() -> None:
            await keep_working(name, work, bell, self._stopping, idle=idle, apart=apart)
            if finish is not None:
                await finish()

        self._loops.append(asyncio.create_task(run(), name=name))

    async def _tick(self) -> None:
        async with self.at_the_tick:
            await ticking.tick(self.parts)

    async def stop(self) -> None:
        """Finish what is under way within ten seconds, and let go of everything."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
        with suppress(TimeoutError):
            # The doors first: nothing comes in any more, and what is in hand is acknowledged.
            async with asyncio.timeout(1.5):
                await asyncio.gather(self.intake.close(), self._close_socket())
        self._stopping.set()
        self.parts.wake.ring_all()
        if self._loops:
            _, late = await asyncio.wait(self._loops, timeout=DRAIN)
            for task in late:
                log.warning("%s had to be cut off", task.get_name())
                task.cancel()
        await self.parts.background.drain(1.0)
        if self._http is not None:
            await self._http.close()
        if self._caller is not None:
            await self._caller.close()
        await self.parts.database.close()

    async def _close_socket(self) -> None:
        if self.socket is not None:
            await self.socket.close()

    async def ready(self) -> str | None:
        """What keeps the bot from working, if anything."""
        try:
            async with self.parts.database.read() as tx:
                await workspaces.get(tx, self.workspace_id)
                unheard = self.slack is not None and await installations.first_asked(tx)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            return f"the database does not answer: {type(error).__name__}"
        ended = [task.get_name() for task in self._loops if task.done()]
        if ended:
            return f"{', '.join(ended)} has ended"
        if unheard:
            return "Slack has not said yet whose SLACK_BOT_TOKEN is"
        return self.socket.fault() if self.socket is not None else None


async def prepare(parts: Parts, workspace_id: str) -> None:
    """The schema, the workspace, and word of the rules there are."""
    await schema.make_ready(parts.database)
    await clocks.correct(parts.clock, parts.database)
    async with parts.database.write() as tx:
        await workspaces.ensure(tx, workspace_id, parts.clock.now())
        await planning.announce(parts, tx)
        countries = await people.countries(tx)
    if countries:
        await asyncio.to_thread(_know_holidays, countries, parts.clock.now().year)


def _know_holidays(countries: Iterable[str], year: int) -> None:
    """Load them before anybody waits for it: it takes about half a second."""
    for country in countries:
        with suppress(ValueError):
            public_holidays(country, year)


def make_parts(
    settings: Settings, *, clock: Clock | None = None, entropy: Entropy = os.urandom
) -> Parts:
    """The shared parts for these settings; also what commands work with that serve nothing."""
    return Parts(
        database=Database(settings.database()),
        clock=clock or SharedClock(SystemClock()),
        seal=Seal(settings.secret_keys()),
        entropy=entropy,
        rules=load_rules(),
        actions=load_actions(),
        takes_back={
            name: each.writing.takes_back for name, each in load_providers().items() if each.writing
        },
        voices=load_voices(),
        administrator=settings.coach_administrator,
        slack_api_url=settings.slack_api_url,
        public_url=(settings.coach_public_url or "").rstrip("/"),
    )


def build(
    settings: Settings,
    *,
    clock: Clock | None = None,
    entropy: Entropy = os.urandom,
    wall: Callable[[], float] | None = None,
    pace: Pace | None = None,
) -> Bot:
    """Put the bot together. Nothing runs and nothing is opened until its lifespan starts.

    `wall` gives the seconds since 1970 by which signatures are judged; by default the clock's.
    `pace` is that of Socket Mode.
    """
    parts = make_parts(settings, clock=clock, entropy=entropy)
    if wall is None:
        # A clock that a test or the playground moves is nobody's who signs a request.
        wall = parts.clock.seconds if isinstance(parts.clock, SharedClock) else time.time
    token, secret = settings.slack_bot_token, settings.slack_signing_secret
    crm = CrmParts(
        parts,
        load_providers(),
        wall=wall,
        public_url=parts.public_url,
        apps=settings.apps(),
    )
    intake = Intake(crm)
    client = settings.client()
    ours = OurApp(*client) if client else None
    alone = token is not None and token.get_secret_value()
    slack = Slack(parts, app=ours) if alone or ours else None
    guard: ASGIApp | None = None
    bot = Bot(settings, parts, crm, slack, intake)
    signing_secret = secret.get_secret_value() if secret is not None else ""
    app_token = settings.slack_app_token.get_secret_value() if settings.slack_app_token else ""
    if slack is not None and (signing_secret or app_token):
        room = Room(REQUESTS, BYTES)
        app = slack_app(parts, slack, Links(crm, intake), signing_secret)
        if app_token:
            bot.socket = Keeper(app, slack.nobodys(), app_token, room, entropy, pace=pace)
        guard = SlackGuard(app, signing_secret, wall, room) if signing_secret else BySocket()
    installing = InstallPages(slack).routes() if slack is not None and ours is not None else ()
    bot.web = Web(
        routes=[*intake.routes(), *Browser(crm).routes(), *Exports(parts).routes(), *installing],
        slack=guard,
        ready=bot.ready,
        start=bot.start,
        stop=bot.stop,
    )
    return bot


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until SIGTERM or Ctrl-C; then end within ten seconds. Raises `CoachError`."""
    quiet_logs(settings.coach_log_level)
    bot = build(settings)
    server = uvicorn.Server(web_config(bot, host=host, port=port))
    collecting.settle()
    server.run()
    if not server.started:
        raise CoachError("The coach could not start; the lines above say why.")


def web_config(bot: Bot, *, host: str = "127.0.0.1", port: int = 0) -> uvicorn.Config:
    """How the bot is served: its lifespan on, nothing logged for each request."""
    return uvicorn.Config(
        bot.web,
        host=host,
        port=port,
        lifespan="on",
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=2,
        server_header=False,
    )
