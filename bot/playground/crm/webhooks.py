"""Delivers the CRM's webhooks to the coach, signed, in order, and again when it was not there."""

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp

from bot.playground.crm.fields import Json
from bot.playground.crm.signing import webhook_headers

RETRY_DELAYS = (1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0)
ANSWER_SECONDS = 10.0


class Deliveries:
    """What waits for the coach; a delivery that fails is kept and tried again with back-off."""

    def __init__(
        self,
        *,
        url: str,
        secret: str,
        log: Callable[[Json], None] | None = None,
        say: Callable[[str], None] | None = None,
        retry_delays: tuple[float, ...] = RETRY_DELAYS,
    ) -> None:
        self.address: Callable[[], str] = lambda: url
        self.headers: Callable[[str, bytes], Mapping[str, str]]
        self.natively(url, secret)
        self.log = log
        self.say = say
        self.retry_delays = retry_delays
        self.undelivered: dict[str, Json] = {}
        """What the coach has not taken yet, by webhook id: its ``name`` and ``content``."""
        self._session: aiohttp.ClientSession | None = None
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._sending: asyncio.Task[None] | None = None
        self._retries: set[asyncio.Task[None]] = set()

    def natively(self, url: str, secret: str) -> None:
        """From now on deliver to this address, signed as Standard Webhooks."""
        self.to(lambda: url, lambda id, body: webhook_headers(secret, id, body, time.time()))

    def to(
        self, address: Callable[[], str], headers: Callable[[str, bytes], Mapping[str, str]]
    ) -> None:
        """From now on deliver there; ``headers`` are made for an id and a body at each sending."""
        self.address, self.headers = address, headers

    def forget(self) -> None:
        """Deliver nothing of what waits: whoever it was for is not there any more."""
        self.undelivered.clear()

    def start(self) -> None:
        """Begin to deliver, first what an earlier run left over."""
        while not self._queue.empty():
            self._queue.get_nowait()
        for message_id in self.undelivered:
            self._queue.put_nowait(message_id)
        self._sending = asyncio.create_task(self._send_in_order())

    async def close(self) -> None:
        """Stop delivering; what is left stays in ``undelivered``."""
        tasks = [*self._retries, *([self._sending] if self._sending else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def settled(self, seconds: float = 5.0) -> None:
        """Wait until the coach has taken everything.

        Raises:
            TimeoutError: it has not within ``seconds``.
        """
        try:
            async with asyncio.timeout(seconds):
                while self.undelivered:
                    await asyncio.sleep(0.01)
        except TimeoutError:
            left = ", ".join(str(each["name"]) for each in self.undelivered.values())
            raise TimeoutError(f"The coach did not take these changes: {left}.") from None

    def send(self, content: Json | str, *, name: str | None = None) -> None:
        """Queue a webhook's content for delivery, in the order of calls; text goes as it is."""
        message_id = f"msg_{uuid.uuid4().hex}"
        if name is None and isinstance(content, dict):
            name = content["type"]
        self.undelivered[message_id] = {"name": name, "content": content}
        self._queue.put_nowait(message_id)

    async def _send_in_order(self) -> None:
        while True:
            message_id = await self._queue.get()
            if message_id in self.undelivered and not await self._deliver(message_id):
                task = asyncio.create_task(self._retry(message_id))
                self._retries.add(task)
                task.add_done_callback(self._retries.discard)

    async def _retry(self, message_id: str) -> None:
        kind = self.undelivered[message_id]["name"]
        self._notice(f"The coach did not take {kind}. The change is kept and will be sent again.")
        for delay in self.retry_delays:
            await asyncio.sleep(delay)
            if message_id not in self.undelivered:
                return
            if await self._deliver(message_id):
                self._notice(f"The coach has taken {kind} now.")
                return
        self._notice(f"The coach still does not take {kind}; it is sent again at the next start.")

    async def _deliver(self, message_id: str) -> bool:
        name, content = (self.undelivered[message_id][each] for each in ("name", "content"))
        told = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        body = told.encode()
        if self._session is None:
            self._session = aiohttp.ClientSession(trust_env=False)
        begun = time.perf_counter()
        status, text, problem = 0, "", None
        try:
            async with self._session.post(
                self.address(),
                data=body,
                headers=self.headers(message_id, body),
                timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
            ) as response:
                status, text = response.status, await response.text(errors="replace")
        except (aiohttp.ClientError, TimeoutError):
            problem = "The coach could not be reached."
        if status and not 200 <= status < 300:
            problem = f"The coach answered with HTTP status {status}."
        if self.log is not None:
            ms = round((time.perf_counter() - begun) * 1000, 1)
            shown = json.loads(content) if isinstance(content, str) else content
            self.log(entry("from CRM", name, status, ms, shown, text, problem))
        if problem is None:
            self.undelivered.pop(message_id, None)
        return problem is None

    def _notice(self, text: str) -> None:
        if self.say is not None:
            self.say(text)


def entry(
    direction: str, name: str, status: int, ms: float, request: Any, response: Any, problem: Any
) -> Json:
    """A line of the request log."""
    return {
        "direction": direction,
        "name": name,
        "status": status,
        "ms": ms,
        "request": request,
        "response": response,
        "problem": problem,
    }
