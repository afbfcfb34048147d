"""What `coach serve` holds in memory: at rest, and after a burst of commands and webhooks."""

import asyncio
import time
from pathlib import Path
from urllib.parse import urlencode

from benchmarks import team
from benchmarks.figures import Figure
from benchmarks.load import request, volley
from benchmarks.processes import HOST, Running, started
from bot.playground.slack.signing import slack_headers

#: Megabytes at rest, and what share of that may be held more after the burst.
AT_REST, MORE = 120, 0.2

PEOPLE = 200


async def measure(folder: Path, *, quick: bool) -> list[Figure]:
    """At rest, at its highest, and a while after the burst was worked off."""
    commands, webhooks = (1_000, 5_000) if quick else (10_000, 100_000)
    measured = await team.make(folder, PEOPLE)
    with started("benchmarks.slack_server", str(PEOPLE)) as slack:
        environment = measured.environment(f"http://{HOST}:{slack.port}/api/")
        with started("benchmarks.coach_server", **environment) as coach:
            await asyncio.sleep(3)
            rest = _held(coach)["VmRSS"]
            await asyncio.gather(
                _commands(coach, slack, commands), _webhooks(measured, coach, webhooks)
            )
            await team.settled(measured)
            await asyncio.sleep(15)
            held = _held(coach)
    burst = f"{commands:,} commands and {webhooks:,} webhooks"
    after, peak = held["VmRSS"], held["VmHWM"]
    return [
        _figure("memory at rest", rest, rest, f"< {AT_REST} MB", rest < AT_REST, "itself"),
        _figure("memory at its highest", peak, rest, "told", True, f"at rest; {burst}"),
        _figure(
            "memory afterwards",
            after,
            rest,
            f"ratio ≤ {1 + MORE}",
            after <= rest * (1 + MORE),
            f"at rest; {burst}",
        ),
    ]


def _held(running: Running) -> dict[str, float]:
    """Megabytes, as Linux counts them."""
    lines = Path(f"/proc/{running.process.pid}/status").read_text().splitlines()
    pairs = (line.split(":", 1) for line in lines if line.startswith("Vm"))
    return {name: int(value.split()[0]) / 1024 for name, value in pairs}


async def _commands(coach: Running, slack: Running, count: int) -> None:
    def command(number: int) -> bytes:
        fields = {
            "command": "/coach",
            "text": "help",
            "user_id": team.slack_user(number % PEOPLE),
            "team_id": "T0NORTHWIND",
            "channel_id": f"D{number % PEOPLE:08d}",
            "trigger_id": f"{number}.2.3",
            "response_url": f"http://{HOST}:{slack.port}/response/none",
        }
        body = urlencode(fields).encode()
        form = {"content-type": "application/x-www-form-urlencoded"}
        signed = slack_headers(team.SIGNING_SECRET, body, time.time())
        return request("/slack/events", form | signed, body)

    result = await volley(coach.port, [command(number) for number in range(count)], connections=32)
    assert set(result.statuses) == {200}, result.statuses


async def _webhooks(measured: team.Team, coach: Running, count: int) -> None:
    for first in range(0, count, 5_000):
        bodies = [team.moved(n, n % PEOPLE) for n in range(first, min(first + 5_000, count))]
        result = await volley(coach.port, measured.signed(bodies, f"from{first}"), connections=64)
        assert set(result.statuses) <= {202, 503}, result.statuses


def _figure(name: str, value: float, rest: float, aim: str, met: bool, beside: str) -> Figure:
    return Figure(name, f"{value:.0f} MB", f"{rest:.0f} MB", value / rest, aim, met, beside)
