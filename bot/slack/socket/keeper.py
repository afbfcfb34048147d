"""Sees to it that there is a connection to Slack: opens it, and the next one before it ends."""

import asyncio
import logging
from contextlib import suppress

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.runtime.backoff import backoff
from bot.runtime.unreached import unreached
from bot.slack.faults import CALL_FAILED, Means, fault
from bot.slack.socket.envelopes import Envelope
from bot.slack.socket.line import Line
from bot.slack.socket.once import Once
from bot.slack.socket.proxy import proxy_to
from bot.slack.socket.standing import Pace, Standing, Trouble
from bot.web.dispatching import LARGEST, dispatched
from bot.web.room import FullError, Room
from coach.ids import Entropy

log = logging.getLogger(__name__)

#: How long what is in hand may go on when the coach ends, in seconds.
DRAIN = 1.0

#: Slack's words for why it closes a connection that somebody has to do something about.
_LASTING = {
    "link_disabled": "Socket Mode is switched off for the app (link_disabled)",
    "too_many_websockets": "more than ten processes are connected (too_many_websockets)",
}


class TroubleError(Exception):
    """There is no connection to be had now."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.why)
        self.trouble = trouble


class Keeper:
    """Slack by Socket Mode, for as long as the coach runs."""

    def __init__(
        self,
        bolt: AsyncApp,
        client: AsyncWebClient,
        app_token: str,
        room: Room,
        entropy: Entropy,
        *,
        pace: Pace | None = None,
    ) -> None:
        self._bolt = bolt
        self._client = client
        self._app_token = app_token
        self._room = room
        self._entropy = entropy
        self._pace = pace or Pace()
        self._once = Once()
        self._standing = Standing(self._pace)
        self._stopping = asyncio.Event()
        self._opening: asyncio.Task[Line] | None = None
        self._lines: set[Line] = set()
        self._retiring: set[asyncio.Task[None]] = set()

    def fault(self) -> str | None:
        """Why the coach does not hear Slack, if so."""
        hears = any(each.hello.is_set() and not each.over.is_set() for each in self._lines)
        return self._standing.fault(asyncio.get_running_loop().time(), hears=hears)

    async def keep(self, http: aiohttp.ClientSession) -> None:
        """Have a connection at all times, until `close`."""
        clock, failures = asyncio.get_running_loop().time, 0
        self._client.session = http
        while not self._stopping.is_set():
            begun = clock()
            self._opening = asyncio.create_task(self._open(http), name="opening Slack's socket")
            try:
                line = await self._opening
            except asyncio.CancelledError:
                if self._stopping.is_set():
                    return
                raise
            except TroubleError as error:
                trouble = error.trouble
            except Exception:
                log.exception("the socket to Slack could not be opened")
                trouble = Trouble("an error of the coach's; its log says more")
            else:
                self._standing.heard()
                log.info("Slack's socket is open; of this app: %d", line.open)
                self._retire_all_but(line)
                trouble = await self._until_ending(line)
                if self._stopping.is_set():
                    return
                if clock() - begun >= self._pace.short and not trouble.lasting:
                    failures = 0
                    self._standing.lost(trouble, clock())
                    continue
            failures += 1
            self._standing.lost(trouble, clock())
            pause = self._pause(failures, trouble)
            level = logging.ERROR if trouble.lasting else logging.WARNING
            words = "the socket to Slack is not open: %s; again in %.0f s"
            log.log(level, words, trouble.why, pause)
            await self._rest(pause)

    async def close(self) -> None:
        """Take nothing more, acknowledge what is in hand, and close every connection."""
        self._stopping.set()
        if self._opening is not None:
            self._opening.cancel()
        for task in self._retiring:
            task.cancel()
        await asyncio.gather(*(line.close(DRAIN) for line in self._lines))
        self._lines.clear()

    # One connection

    async def _open(self, http: aiohttp.ClientSession) -> Line:
        try:
            async with asyncio.timeout(self._pace.hello):
                url = await self._address()
                socket = await http.ws_connect(
                    url,
                    # Found out by it: a connection that is dead and does not say so.
                    heartbeat=self._pace.heartbeat,
                    # Beyond that the connection would end, and Slack would send it again and again.
                    max_msg_size=4 * LARGEST,
                    timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
                    proxy=proxy_to(url, self._client),
                )
                line = Line(socket, self._take)
                self._lines.add(line)
                try:
                    await _first(line.hello, line.ending)
                    if not line.hello.is_set():
                        raise TroubleError(_said(line))
                except BaseException:
                    await self._drop(line)
                    raise
        except TroubleError:
            raise
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise TroubleError(Trouble(unreached(error))) from error
        return line

    async def _address(self) -> str:
        try:
            answer = await self._client.apps_connections_open(app_token=self._app_token)
        except CALL_FAILED as error:
            found = fault(error)
            wait = found.retry_after.total_seconds() if found.retry_after else None
            lasting = found.means is not Means.AGAIN
            why = f"Slack answers {found.code}" if lasting else found.code
            raise TroubleError(Trouble(why, lasting, wait)) from error
        return str(answer["url"])

    async def _until_ending(self, line: Line) -> Trouble:
        await _first(line.ending, self._stopping)
        if line.over.is_set():
            await self._drop(line)
        return _said(line)

    async def _drop(self, line: Line) -> None:
        self._lines.discard(line)
        await line.close(0)

    def _retire_all_but(self, line: Line) -> None:
        for each in self._lines - {line}:
            task = asyncio.create_task(self._retire(each), name="a connection that is given up")
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)

    async def _retire(self, line: Line) -> None:
        await line.retire(self._pace.retire)
        self._lines.discard(line)

    # What comes by it

    async def _take(self, envelope: Envelope, size: int) -> BoltResponse:
        if size > LARGEST:
            log.error("Slack sent something of %d characters; nothing of that size is taken", size)
            return BoltResponse(status=413)
        try:
            with self._room.share() as share:
                share.take(size)
                share.whole()
                return await self._once.do(envelope.key, lambda: self._dispatch(envelope))
        except FullError:
            log.warning("too much comes from Slack at once; it is to send it again")
            return BoltResponse(status=503)

    async def _dispatch(self, envelope: Envelope) -> BoltResponse:
        return await dispatched(
            self._bolt, envelope.payload, dict(envelope.headers), mode="socket_mode"
        )

    # Pauses

    def _pause(self, failures: int, trouble: Trouble) -> float:
        longest = self._pace.refused if trouble.lasting else self._pace.unreached
        # What lasts does not end within seconds.
        tries = failures + 3 if trouble.lasting else failures
        pause = min(backoff(tries, self._entropy).total_seconds(), longest) * self._pace.scale
        return pause if trouble.wait is None else max(pause, trouble.wait)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()


def _said(line: Line) -> Trouble:
    """What is known of why a connection ends."""
    if line.goodbye is None:
        return Trouble("the connection was lost")
    lasting = _LASTING.get(line.goodbye)
    return Trouble(lasting or f"Slack replaces it ({line.goodbye})", lasting is not None)


async def _first(*events: asyncio.Event) -> None:
    """Wait for the first of these."""
    waiting = [asyncio.create_task(each.wait()) for each in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
