"""One connection to Slack, from its hello until it is closed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import aiohttp
from slack_bolt.response import BoltResponse

from bot.slack.socket.envelopes import Envelope, Goodbye, Hello, acknowledgement, read

log = logging.getLogger(__name__)

#: What answers an envelope of so many bytes.
Take = Callable[[Envelope, int], Awaitable[BoltResponse]]


class Line:
    """Reads what comes and acknowledges it by the same connection, which Slack waits at."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, take: Take) -> None:
        self._socket = socket
        self._take = take
        self._in_hand: set[asyncio.Task[None]] = set()
        #: How many connections of the app are open, as Slack has said with its hello.
        self.open = 0
        #: Why Slack will close it, in Slack's word, once it has said so.
        self.goodbye: str | None = None
        self.hello = asyncio.Event()
        #: It is time for the next one: Slack has said goodbye, or this one is over.
        self.ending = asyncio.Event()
        self.over = asyncio.Event()
        self._reading = asyncio.create_task(self._read(), name="reading what Slack sends")

    async def _read(self) -> None:
        try:
            while True:
                message = await self._socket.receive()
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._heard(message.data)
                elif message.type is not aiohttp.WSMsgType.BINARY:
                    return
        except Exception:
            log.exception("the socket to Slack could not be read")
        finally:
            self.ending.set()
            self.over.set()

    def _heard(self, text: str) -> None:
        match read(text):
            case Hello(open):
                self.open = open
                self.hello.set()
            case Goodbye(reason):
                self.goodbye = reason
                self.ending.set()
            case Envelope() as envelope:
                task = asyncio.create_task(self._answer(envelope, len(text)), name="an envelope")
                self._in_hand.add(task)
                task.add_done_callback(self._in_hand.discard)
            case _:
                log.error("Slack sent something of another form than its documentation gives")

    async def _answer(self, envelope: Envelope, size: int) -> None:
        told = acknowledgement(envelope, await self._take(envelope, size))
        if told is None:
            return
        try:
            await self._socket.send_str(told)
        except (aiohttp.ClientError, OSError):
            # What is not acknowledged Slack sends again, and it is not done again.
            log.info("an acknowledgement came too late for its connection")

    async def close(self, seconds: float) -> None:
        """Take nothing more, let what is in hand come to its end, and close."""
        self._reading.cancel()
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=seconds)
        for task in self._in_hand:
            task.cancel()
        await self._socket.close()
        self.ending.set()
        self.over.set()

    async def retire(self, seconds: float) -> None:
        """The next one is open: go on until Slack closes this one, and no longer than so long."""
        try:
            async with asyncio.timeout(seconds):
                await self.over.wait()
        except TimeoutError:
            pass
        await self.close(1.0)
