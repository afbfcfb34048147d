"""The wire to the bot: requests signed as Slack signs them, timed and logged, events sent again."""

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from urllib.parse import urlencode

import aiohttp

from bot.playground.slack import payloads
from bot.playground.slack.answers import Answer
from bot.playground.slack.signing import slack_headers
from bot.playground.slack.sockets import Sockets
from bot.playground.slack.things import Json, Person
from bot.playground.slack.world import Workspace
from coach.ports import Clock

ANSWER_SECONDS = 3.0
RETRY_DELAYS = (0.0, 60.0, 300.0)
FORM = "application/x-www-form-urlencoded"


class Wire(Workspace):
    """A workspace with a bot at ``bot_url``.

    ``own_url`` is where the stand-in itself is served, for response urls.
    """

    def __init__(
        self,
        people: Iterable[Person],
        *,
        signing_secret: str,
        bot_url: str,
        own_url: str,
        clock: Clock | None,
        timer: Callable[[], float],
        changed: Callable[[Json], None] | None,
        log: Callable[[Json], None] | None,
        session: aiohttp.ClientSession | None,
        retry_delays: tuple[float, ...],
        answer_seconds: float,
    ) -> None:
        super().__init__(people, clock=clock, timer=timer, changed=changed)
        self.signing_secret = signing_secret
        self.bot_url = bot_url
        self.own_url = own_url
        self.log = log
        self.retry_delays = retry_delays
        self.answer_seconds = answer_seconds
        #: Set where the bot comes by Socket Mode: then nothing is posted to ``bot_url``.
        self.sockets: Sockets | None = None
        self._session = session
        self._own_session: aiohttp.ClientSession | None = None
        self._retries: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Stop retrying events and close the connections made here."""
        for task in list(self._retries):
            task.cancel()
        await asyncio.gather(*self._retries, return_exceptions=True)
        if self._own_session is not None:
            await self._own_session.close()
            self._own_session = None

    async def event(self, event: Json) -> Answer:
        """Send an event; when the bot does not take it, again at once, after 1 and 5 minutes."""
        envelope = payloads.event_callback(self, event)
        answer = await self._event_once(envelope, 0, None)
        if answer.problem is not None and _wants_retry(answer):
            task = asyncio.create_task(self._event_again(envelope, answer))
            self._retries.add(task)
            task.add_done_callback(self._retries.discard)
        return answer

    async def interaction(self, name: str, payload: Json) -> Answer:
        """Send what somebody pressed or filled in; ``name`` is for the log."""
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return await self.to_bot(name, body, FORM, payload)

    async def to_bot(
        self,
        name: str,
        body: bytes,
        content_type: str,
        shown: Json,
        more: dict[str, str] | None = None,
    ) -> Answer:
        """One signed request, or one envelope; ``shown`` is what the log keeps of it."""
        begun = time.perf_counter()
        if self.sockets is not None:
            got: dict[str, str] = {}
            again = more or {}
            status, text, problem = await self.sockets.deliver(
                shown,
                self.answer_seconds,
                attempt=int(again.get("X-Slack-Retry-Num", 0)),
                reason=again.get("X-Slack-Retry-Reason"),
            )
        else:
            status, text, got, problem = await self._posted(body, content_type, more or {})
        ms = (time.perf_counter() - begun) * 1000
        if self.log is not None:
            self.log(
                {
                    "direction": "to bot",
                    "name": name,
                    "status": status,
                    "ms": round(ms, 1),
                    "request": shown,
                    "response": text,
                    "problem": problem,
                }
            )
        return Answer(status, text, ms, problem, headers=got)

    async def _posted(
        self, body: bytes, content_type: str, more: dict[str, str]
    ) -> tuple[int, str, dict[str, str], str | None]:
        headers = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            **slack_headers(self.signing_secret, body, time.time()),
            **more,
        }
        try:
            async with self._client().post(
                f"{self.bot_url}/slack/events",
                data=body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=self.answer_seconds),
            ) as response:
                text = await response.text(errors="replace")
                status = response.status
                problem = None if status == 200 else f"The app answered with HTTP status {status}."
                return status, text, dict(response.headers), problem
        except TimeoutError:
            return 0, "", {}, f"The app did not answer within {self.answer_seconds:g} seconds."
        except aiohttp.ClientError:
            return 0, "", {}, "The app could not be reached."

    async def _event_again(self, envelope: Json, answer: Answer) -> None:
        for attempt, delay in enumerate(self.retry_delays, start=1):
            await asyncio.sleep(delay)
            reason = "http_timeout" if answer.status == 0 else "http_error"
            answer = await self._event_once(envelope, attempt, reason)
            if answer.problem is None or not _wants_retry(answer):
                return

    async def _event_once(self, envelope: Json, attempt: int, reason: str | None) -> Answer:
        headers = {}
        if attempt:
            headers = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason or ""}
        name = f"event {envelope['event']['type']}"
        body = json.dumps(envelope).encode()
        return await self.to_bot(name, body, "application/json", envelope, headers)

    def _client(self) -> aiohttp.ClientSession:
        if self._session is not None:
            return self._session
        if self._own_session is None:
            self._own_session = aiohttp.ClientSession(trust_env=False)
        return self._own_session


def _wants_retry(answer: Answer) -> bool:
    names = {name.lower(): value for name, value in answer.headers.items()}
    return names.get("x-slack-no-retry") != "1"
