"""One, two and four processes on one PostgreSQL: messages a second, and nothing said twice."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import aiohttp

from benchmarks import team
from benchmarks.figures import Figure
from benchmarks.load import volley
from benchmarks.postgres import Server
from benchmarks.processes import HOST, Running, started

PROCESSES = (1, 2, 4)

#: Processes that share two cores with Slack's stand-in cannot do more than these: they must not be
#: slower, by more than two runs of one process differ.
NO_SLOWER = 0.95

#: How long the last message is waited for, in seconds.
PATIENCE = 180


async def measure(folder: Path, *, quick: bool, server: Server) -> list[Figure]:
    """Won deals of different people come to all processes; each is a message to somebody."""
    count = 200 if quick else 1000
    figures: list[Figure] = []
    alone = 0.0
    for processes in PROCESSES:
        rate, twice = await _rate(folder / str(processes), count, processes, server)
        alone = alone or rate
        name = "one process" if processes == 1 else f"{processes} processes"
        figures.append(
            Figure(
                f"messages a second{server.suffix}, {name}",
                f"{rate:,.0f}/s",
                f"{alone:,.0f}/s",
                rate / alone,
                f"ratio ≥ {NO_SLOWER}, said twice: 0",
                rate / alone >= NO_SLOWER and not twice,
                f"one process; said twice: {twice}",
                {"messages": count, "said twice": twice},
            )
        )
    return figures


async def _rate(folder: Path, count: int, processes: int, server: Server) -> tuple[float, int]:
    folder.mkdir()
    measured = await team.make(folder, count, server.database())
    with ExitStack() as stack:
        slack = stack.enter_context(started("benchmarks.slack_server", str(count)))
        environment = measured.environment(f"http://{HOST}:{slack.port}/api/")
        coaches = [
            stack.enter_context(started("benchmarks.coach_server", **environment))
            for _ in range(processes)
        ]
        begun = time.perf_counter()
        await _tell(measured, coaches, count)
        sent = await _wait(slack, count)
        rate = count / (time.perf_counter() - begun)
        # Whoever would say something twice has had the time to.
        await asyncio.sleep(2)
        sent = await _sent(slack)
    return rate, sum(sent.values()) - len(sent)


async def _tell(measured: team.Team, coaches: Sequence[Running], count: int) -> None:
    requests = measured.signed([team.won(n, n) for n in range(count)], "won")
    shares = [requests[place :: len(coaches)] for place in range(len(coaches))]
    volleys = await asyncio.gather(
        *(
            volley(coach.port, share, connections=8)
            for coach, share in zip(coaches, shares, strict=True)
        )
    )
    assert all(set(each.statuses) == {202} for each in volleys), volleys


async def _wait(slack: Running, count: int) -> dict[str, int]:
    until = time.monotonic() + PATIENCE
    while len(sent := await _sent(slack)) < count:
        assert time.monotonic() < until, f"only {len(sent)} of {count} people got a message"
        await asyncio.sleep(0.1)
    return sent


async def _sent(slack: Running) -> dict[str, int]:
    """How many messages each person got."""
    url = f"http://{HOST}:{slack.port}/measured/counts"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        found: dict[str, int] = await answer.json()
        return found
