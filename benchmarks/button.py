"""From pressing a button to Slack's having the answer."""

import asyncio
import time
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks import team
from benchmarks.figures import Figure, median, quantile
from benchmarks.load import paced, request
from benchmarks.processes import HOST, started

AIM = 1.2
#: More than a team presses, and few enough that what one press sets off has mostly ended before
#: the next: the ack is measured, not how much can be done at once.
PER_SECOND = 20


async def measure(folder: Path, *, quick: bool) -> list[Figure]:
    """Take Action and Dismiss on insights of different people, against Bolt with nothing to do."""
    rounds, count = (3, 40) if quick else (3, 80)
    size = (rounds + 1) * count
    measured = await team.make(folder, 2 * size)
    waits: dict[str, dict[str, list[list[float]]]] = {}
    with started("benchmarks.slack_server", str(2 * size)) as slack:
        environment = measured.environment(f"http://{HOST}:{slack.port}/api/")
        with (
            started("benchmarks.coach_server", **environment) as coach,
            started("benchmarks.bare_bolt", **environment) as bare,
        ):
            await _give_everyone_a_card(measured, coach.port, slack.port)
            for turn in range(rounds + 1):
                for place, action in enumerate(("insight:dismiss", "insight:take")):
                    first = (2 * turn + place) * count
                    people = range(first, first + count)
                    clicks = await _clicks(slack.port, people, action)
                    for name, port in (("reference", bare.port), ("ours", coach.port)):
                        volley, _ = await paced(port, clicks, per_second=PER_SECOND, connections=2)
                        assert volley.statuses == {200: count}, volley.statuses
                        if turn:
                            # The first turn warms both up.
                            found = waits.setdefault(action, {"ours": [], "reference": []})
                            found[name].append(volley.waits)
    return [_figure(action, found) for action, found in waits.items()]


async def _give_everyone_a_card(measured: team.Team, port: int, slack_port: int) -> None:
    bodies = [team.won(number, number) for number in range(measured.people)]
    await paced(port, measured.signed(bodies, "card"), per_second=200)
    async with aiohttp.ClientSession() as http:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            async with http.get(f"http://{HOST}:{slack_port}/measured/messages") as answer:
                if len(await answer.json()) == measured.people:
                    return
            await asyncio.sleep(0.2)
    raise RuntimeError("Not everybody got a card.")


async def _clicks(slack_port: int, people: range, action: str) -> list[bytes]:
    async with aiohttp.ClientSession() as http:

        async def click(number: int) -> bytes:
            url = f"http://{HOST}:{slack_port}/measured/click"
            asked = {"person": team.slack_user(number), "action": action}
            async with http.get(url, params=asked) as answer:
                made: dict[str, Any] = await answer.json()
            form = {"content-type": "application/x-www-form-urlencoded"}
            return request("/slack/events", form | made["headers"], made["body"].encode())

        return [await click(number) for number in people]


def _figure(action: str, found: dict[str, list[list[float]]]) -> Figure:
    ours, theirs = (
        median(quantile(waits, 0.99) for waits in found[name]) for name in ("ours", "reference")
    )
    ratio = ours / theirs
    return Figure(
        f"button to ack, p99: {action}",
        f"{ours * 1000:.1f} ms",
        f"{theirs * 1000:.1f} ms",
        ratio,
        f"ratio ≤ {AIM}",
        ratio <= AIM,
        "a bare Bolt app: empty listener, process_before_response",
        {
            f"{name} {share}": [quantile(waits, each) for waits in rounds]
            for name, rounds in found.items()
            for share, each in (("p50", 0.5), ("p99", 0.99))
        },
    )
