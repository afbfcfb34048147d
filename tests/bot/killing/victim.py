"""A served bot that can be killed and started again, under a load of webhooks."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.playground.crm.signing import webhook_headers
from tests.world import HOST, WEBHOOK_SECRET, WEBHOOK_TOKEN

ROOT = Path(__file__).resolve().parents[3]


class SlowSlack:
    """Slack takes its time on both sides of doing what was asked: a kill can fall in between."""

    def __init__(self, app: ASGIApp, chance: random.Random, longest: float) -> None:
        self._app = app
        self._chance = chance
        self._longest = longest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(self._chance.random() * self._longest)

        async def slowly(message: Any) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(self._chance.random() * self._longest)
            await send(message)

        await self._app(scope, receive, slowly)


@dataclass
class Victim:
    """The bot's server. Each start puts its clock ahead, so that lost claims have run out."""

    nursery: subprocess.Popen[str]
    http: aiohttp.ClientSession
    port: int
    #: How far each new server's clock is ahead of the last one's, in seconds.
    step: float
    starts: int = 0
    pid: int = 0
    #: The wall times at which a server was killed.
    kills: list[float] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"

    async def start(self) -> None:
        """Start a server; returns at once, while it comes up."""
        assert self.nursery.stdin is not None
        assert self.nursery.stdout is not None
        self.nursery.stdin.write(f"{self.port} {self.starts * self.step}\n")
        self.nursery.stdin.flush()
        self.pid = int(await asyncio.to_thread(self.nursery.stdout.readline))
        self.starts += 1

    async def ready(self, seconds: float = 30.0) -> None:
        """Return when it answers."""
        async with asyncio.timeout(seconds):
            while True:
                with suppress(aiohttp.ClientError):
                    async with self.http.get(f"{self.url}/readyz") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.01)

    async def kill(self) -> None:
        """SIGKILL; returns when it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        self.kills.append(time.time())
        with suppress(ProcessLookupError):
            while True:
                os.kill(self.pid, 0)
                await asyncio.sleep(0.002)


@asynccontextmanager
async def served(
    environment: Mapping[str, str], port: int, *, step: float, errors: Path
) -> AsyncIterator[Victim]:
    """A bot with these settings, not yet started; ended at the end of the block.

    What it says on its standard error goes to the file `errors`.
    """
    with errors.open("w") as said:
        nursery = subprocess.Popen(
            [sys.executable, "-m", "tests.bot.killing.nursery"],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
    victim = None
    try:
        async with aiohttp.ClientSession(trust_env=False) as http:
            victim = Victim(nursery, http, port, step)
            yield victim
    finally:
        if victim is not None and victim.pid:
            with suppress(ProcessLookupError):
                os.kill(victim.pid, signal.SIGKILL)
        # Its loop ends with its input.
        nursery.communicate(timeout=10)


@dataclass
class Load:
    """Senders who each try an event until it is accepted, and now and then once more after that."""

    victim: Victim
    bodies: Mapping[str, bytes]
    chance: random.Random
    #: Events answered with 202, and how often each was.
    accepted: dict[str, int] = field(default_factory=dict)
    #: Every other answer that came: there should be none.
    refused: list[tuple[str, int]] = field(default_factory=list)

    async def send(self, senders: int, pause: float) -> None:
        """Send everything; returns when everything has been accepted."""
        waiting = iter(self.bodies.items())
        await asyncio.gather(*(self._sender(waiting, pause) for _ in range(senders)))

    async def _sender(self, waiting: Any, pause: float) -> None:
        for id, body in waiting:
            while not await self._try(id, body):
                await asyncio.sleep(0.02)
            if self.chance.random() < 0.2:
                await self._try(id, body)
            await asyncio.sleep(self.chance.random() * 2 * pause)

    async def _try(self, id: str, body: bytes) -> bool:
        headers = webhook_headers(WEBHOOK_SECRET, id, body, time.time())
        url = f"{self.victim.url}/webhooks/native/{WEBHOOK_TOKEN}"
        try:
            async with self.victim.http.post(url, data=body, headers=headers) as answer:
                if answer.status != 202:
                    self.refused.append((id, answer.status))
                    return False
                told = json.loads(await answer.read())
        except aiohttp.ClientError:
            return False
        assert told["accepted"] + told["duplicates"] == 1
        self.accepted[id] = self.accepted.get(id, 0) + 1
        return True
