"""`coach demo`: the bot and the playground side by side on loopback, set up without a question."""

import asyncio
import os
import secrets
import shutil
import signal
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import uvicorn
from pydantic import SecretStr
from rich.console import Console

from bot.app import Bot, build, prepare, web_config
from bot.coaching import forgetting
from bot.crm import connecting
from bot.crm.links import Links
from bot.crm.standard_webhooks import new_secret
from bot.playground import ports, safety
from bot.playground.alone import alone, tell
from bot.playground.crm.disguise import NATIVE
from bot.playground.crm.pretending import Keys
from bot.playground.crm.seed import ANA
from bot.playground.keeping import kept, saved_advance
from bot.playground.mornings import until_at_work
from bot.playground.passing import pass_by
from bot.playground.server import Playground, Wiring
from bot.playground.slack.sockets import Sockets
from bot.playground.team import PEOPLE
from bot.playground.tour import play
from bot.runtime.clock import MovableClock
from bot.runtime.redacting import quiet_logs
from bot.runtime.settings import Settings, data_folder, generated_key, private_folder
from bot.slack import switches
from coach.errors import CoachError
from coach.events import Owner
from coach.models import Enrolment
from storage import connections, owners, people
from storage.connections import Connection

#: After so many seconds the page is told of all the same: what is wrong is seen there.
READY_WITHIN = 20.0


class DemoError(CoachError):
    """The demo could not start."""


class _Server(uvicorn.Server):
    """A server that leaves signals to us: two of them share one process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


@dataclass(frozen=True, slots=True)
class Demo:
    """The running demo."""

    bot: Bot
    playground: Playground
    clock: MovableClock
    page_url: str


def _ahead(state_file: Path) -> timedelta:
    """How far the clock is ahead: as it was left, or of a new demo so that it begins at work."""
    if kept(state_file):
        return saved_advance(state_file)
    return until_at_work(datetime.now(UTC))


@asynccontextmanager
async def running(
    folder: Path, console: Console, *, page: socket.socket | None = None, by_socket: bool = False
) -> AsyncIterator[Demo]:
    """Bot and playground, up and talking over real HTTP; what they know stays in `folder`.

    `page` listens where the page is to be; without it any free port will do. `by_socket` has the
    coach come to the stand-in for Slack by Socket Mode.
    """
    private_folder(folder)
    page_socket, bot_socket = page or ports.listen(0), ports.listen(0)
    page_url, bot_url = ports.address(page_socket), ports.address(bot_socket)
    state_file = folder / "playground.json"
    clock = MovableClock(_ahead(state_file))
    signing_secret = secrets.token_hex(16)
    # Not of the form of a real token, so that nobody's scanner takes it for one.
    bot_token = f"playground-{secrets.token_hex(12)}"
    sockets = Sockets(f"playground-app-{secrets.token_hex(12)}") if by_socket else None
    settings = Settings(
        _env_file=None,
        slack_bot_token=SecretStr(bot_token),
        slack_app_token=SecretStr(sockets.app_token) if sockets else None,
        slack_signing_secret=None if sockets else SecretStr(signing_secret),
        slack_api_url=f"{page_url}/api/",
        database_url=f"sqlite+aiosqlite:///{folder / 'coach.db'}",
        coach_public_url=bot_url,
        coach_secret_keys=(SecretStr(generated_key(folder / "secret.key")),),
        coach_data=folder,
        coach_administrator=None,
    )
    bot = build(settings, clock=clock)
    before = kept(state_file)
    disguised = bool(before and before.get("disguise"))
    connection = await _set_up(bot, f"{page_url}/crm/callback", disguised=disguised)
    wiring = Wiring(
        bot_url=bot_url,
        signing_secret=signing_secret,
        bot_token=bot_token,
        webhook_url=f"{bot_url}/webhooks/{NATIVE}/{connection.token}",
        webhook_secret=next(iter(connection.secrets), ""),
        callback_secret=next(iter(connection.secrets), ""),
        page_url=page_url,
    )

    async def advance(by: timedelta) -> None:
        await pass_by(bot.parts, clock, by)

    playground = Playground(
        wiring,
        clock=clock,
        advance=advance,
        state_file=state_file,
        advanced=clock.ahead,
        tell=lambda line: console.print(line, markup=False, highlight=False),
        link=partial(_link, bot),
        switched_on=partial(switches.are_on, bot.parts, bot.workspace_id),
    )
    playground.slack.sockets = sockets
    page_config = uvicorn.Config(
        playground.app,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    async with (
        _answering(sockets),
        _serving(_Server(page_config), page_socket),
        _serving(_Server(web_config(bot)), bot_socket),
    ):
        await playground.start()
        await _at_work(bot)
        try:
            yield Demo(bot, playground, clock, page_url)
        finally:
            await playground.close()


async def _at_work(bot: Bot) -> None:
    """Wait until the bot says that it is ready: it knows its team, and hears what is pressed."""
    with suppress(TimeoutError):
        async with asyncio.timeout(READY_WITHIN):
            while await bot.ready() is not None:
                await asyncio.sleep(0.02)


@asynccontextmanager
async def _answering(sockets: Sockets | None) -> AsyncIterator[None]:
    if sockets is None:
        yield
        return
    await sockets.start()
    try:
        yield
    finally:
        await sockets.close()


@asynccontextmanager
async def _serving(server: uvicorn.Server, listening: socket.socket) -> AsyncIterator[None]:
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not task.done():
        await asyncio.sleep(0.01)
    if not server.started:
        await task
        raise DemoError("The demo's server could not start.")
    try:
        yield
    finally:
        server.should_exit = True
        await task


async def _set_up(bot: Bot, callback_url: str, *, disguised: bool) -> Connection:
    """The schema, the CRM's connection, and Ana, who has pressed Start already; Ben has not.

    A CRM that is `disguised` is linked as another one, and says where that is once it is up.
    """
    parts = bot.parts
    await prepare(parts, bot.workspace_id)
    if not disguised:
        # What it pretended to be before its memory was lost is nothing it could be still.
        await _forget_others(bot, NATIVE)
    now = parts.clock.now()
    async with parts.database.write() as tx:
        known = await connections.of_workspace(tx, parts.seal, bot.workspace_id)
        if known and known[0].provider != NATIVE:
            return known[0]
        connection = replace(known[0] if known else _native(bot), callback_url=callback_url)
        await connections.save(tx, parts.seal, connection, now)
        if not known:
            ana = next(person for person in PEOPLE if person.id == ANA)
            owner = Owner.of(email=ana.email, name=ana.name)
            if owner is not None:
                made = await owners.resolve(
                    tx, bot.workspace_id, connection.id, [owner], now, parts.new_id
                )
                await people.change(
                    tx,
                    bot.workspace_id,
                    made[owner],
                    slack_user_id=ana.id,
                    time_zone=ana.tz,
                    enrolment=Enrolment.STARTED.value,
                    began_at=now,
                )
    return connection


def _native(bot: Bot) -> Connection:
    return Connection(
        bot.workspace_id,
        NATIVE,
        NATIVE,
        token=secrets.token_urlsafe(24),
        secrets=(new_secret(bot.parts.entropy),),
        bearer=secrets.token_urlsafe(24),
    )


async def _link(bot: Bot, name: str, address: str, credentials: Mapping[str, str]) -> Keys:
    """Link what the CRM pretends to be from now on, as an administrator does, and nothing else."""
    parts, workspace_id = bot.parts, bot.workspace_id
    await _forget_others(bot, name)
    if name == NATIVE:
        async with parts.database.write() as tx:
            made = replace(_native(bot), callback_url=address)
            await connections.save(tx, parts.seal, made, parts.clock.now())
    else:
        await Links(bot.crm, bot.intake, {name: address}).link(workspace_id, name, credentials)
    async with parts.database.read() as tx:
        linked = await connections.one(tx, parts.seal, workspace_id, name)
    if linked is None:
        raise DemoError(f"{name} could not be linked.")
    url = connecting.address_of(linked, bot.crm.public_url)
    return Keys(url, linked.secrets, linked.access)


async def _forget_others(bot: Bot, name: str) -> None:
    parts, workspace_id = bot.parts, bot.workspace_id
    async with parts.database.read() as tx:
        known = await connections.of_workspace(tx, parts.seal, workspace_id)
    for each in known:
        if each.provider != name:
            await forgetting.forget(parts, workspace_id, each.id)


async def run(
    *, fresh: bool, tour: bool = False, port: int | None = None, by_socket: bool = False
) -> int:
    """Run the demo until Ctrl-C, or play its tour; returns the exit status.

    Raises `CoachError` when it cannot start or the tour goes wrong.
    """
    safety.refuse_real_tokens(os.environ)
    safety.drop_proxies(os.environ)
    quiet_logs("WARNING")
    console = Console()
    # The tour tells its story from the beginning, whatever was done in the demo before.
    folder = private_folder(data_folder()) / ("tour" if tour else "demo")
    with alone(folder) as held:
        page, elsewhere = _page(0 if tour and port is None else port)
        tell(held, ports.address(page))
        if fresh or tour:
            shutil.rmtree(folder, ignore_errors=True)
        async with running(folder, console, page=page, by_socket=by_socket) as demo:
            if tour:
                await play(demo.playground, console=console)
                return 0
            if elsewhere is not None:
                console.print(f"\n  {elsewhere}")
            console.print(f"\n  The playground is ready: [bold]{demo.page_url}[/bold]")
            console.print(
                "  Open it in a browser. Ctrl-C ends it; `coach demo --fresh` begins anew.\n"
            )
            await _until_told_to_end()
            console.print("\n  Ended. Everything is kept for the next `coach demo`.")
    return 0


def _page(port: int | None) -> tuple[socket.socket, str | None]:
    return ports.listen_as_usual() if port is None else (ports.listen(port), None)


async def _until_told_to_end() -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, ended.set)
    await ended.wait()
