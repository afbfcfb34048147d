"""From sending a webhook to Slack's receiving the message, at a hundred events a second."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks import team
from benchmarks.figures import Figure, median, quantile
from benchmarks.load import paced
from benchmarks.postgres import Server
from benchmarks.processes import HOST, Running, started

PER_SECOND = 100
HALF, MOST = 0.015, 0.040


async def measure(folder: Path, *, quick: bool, server: Server | None = None) -> list[Figure]:
    """Won deals of different people, who have all started the coach; the bot as it is served."""
    rounds, count = (2, 300) if quick else (3, 500)
    ours: list[list[float]] = []
    theirs: list[list[float]] = []
    size = (rounds + 1) * count
    measured = await team.make(folder, size, server.database() if server else None)
    with started("benchmarks.slack_server", str(size)) as slack:
        api = f"http://{HOST}:{slack.port}/api/"
        with (
            started("benchmarks.coach_server", **measured.environment(api)) as coach,
            started("benchmarks.slack_server", str(size)) as other_slack,
            started(
                "benchmarks.bare_messenger",
                f"http://{HOST}:{other_slack.port}/api/",
                measured.connection.secrets[0],
            ) as bare,
        ):
            for turn in range(rounds + 1):
                people = range(turn * count, (turn + 1) * count)
                for bot, behind, found in ((coach, slack, ours), (bare, other_slack, theirs)):
                    delays = await _turn(measured, bot, behind, people)
                    if turn:
                        found.append(delays)
    half, most = (median(quantile(d, share) for d in ours) for share in (0.5, 0.99))
    bare_half, bare_most = (median(quantile(d, share) for d in theirs) for share in (0.5, 0.99))
    on = server.suffix if server else ""
    beside = "a bare app: HMAC, then chat.postMessage; nothing stored or decided"
    return [
        _figure(f"webhook to message{on}, p50", half, bare_half, HALF, beside, ours),
        _figure(f"webhook to message{on}, p99", most, bare_most, MOST, beside, ours),
    ]


async def _turn(measured: team.Team, bot: Running, slack: Running, people: range) -> list[float]:
    bodies = [team.won(number, number) for number in people]
    requests = measured.signed(bodies, f"from{people.start}")
    volley, sent = await paced(bot.port, requests, per_second=PER_SECOND)
    assert volley.statuses == {202: len(people)}, volley.statuses
    arrived: dict[str, Any] = {}
    async with aiohttp.ClientSession() as http:
        for _ in range(100):
            async with http.get(f"http://{HOST}:{slack.port}/measured/messages") as answer:
                arrived = await answer.json()
            missing = sum(team.slack_user(number) not in arrived for number in people)
            if not missing:
                break
            await asyncio.sleep(0.1)
        else:
            raise RuntimeError(f"{missing} of {len(people)} messages did not come within 10 s.")
    return [arrived[team.slack_user(n)] - at for n, at in zip(people, sent, strict=True)]


def _figure(
    name: str, ours: float, theirs: float, aim: float, beside: str, rounds: list[list[float]]
) -> Figure:
    return Figure(
        f"{name}, {PER_SECOND} events/s",
        f"{ours * 1000:.1f} ms",
        f"{theirs * 1000:.1f} ms",
        ours / theirs,
        f"< {aim * 1000:.0f} ms",
        ours < aim,
        beside,
        {
            "p50": [quantile(each, 0.5) for each in rounds],
            "p99": [quantile(each, 0.99) for each in rounds],
            "events": sum(map(len, rounds)),
        },
    )
