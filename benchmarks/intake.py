"""Signed webhooks a second, durable before the answer, over 32 connections to one process."""

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import team
from benchmarks.figures import Figure, median
from benchmarks.load import Volley, volley
from benchmarks.processes import started

CONNECTIONS = 32
AIM = 0.5


async def measure(folder: Path, *, quick: bool) -> list[Figure]:
    """Two rows: everything running as in production, and the intake by itself."""
    rows = (
        ("intake, the worker working", (), (2, 4000) if quick else (4, 8000)),
        ("intake alone", ("--intake-alone",), (3, 1500) if quick else (5, 3000)),
    )
    return [
        await _compare(folder, name, arguments, rounds, count)
        for name, arguments, (rounds, count) in rows
    ]


async def _compare(
    folder: Path, name: str, arguments: Sequence[str], rounds: int, count: int
) -> Figure:
    place = folder / name.replace(" ", "_")
    place.mkdir()
    measured = await team.make(place, 50)
    reference = str(place / "reference.db")
    ours: list[float] = []
    theirs: list[float] = []
    with (
        started("benchmarks.coach_server", *arguments, **measured.environment()) as coach,
        started("benchmarks.bare_intake", reference, measured.connection.secrets[0]) as bare,
    ):
        for turn in range(rounds + 1):
            for port, rates in ((coach.port, ours), (bare.port, theirs)):
                bodies = [team.moved(turn * count + n, n % 50) for n in range(count)]
                requests = measured.signed(bodies, f"turn{turn}")
                result = await volley(port, requests, connections=CONNECTIONS)
                _check(result, count)
                if turn:
                    # The first turn warms both up.
                    rates.append(result.rate)
                # What is left to work on must not fall into the other's turn.
                _settle(measured.path)
    ratio = median(ours) / median(theirs)
    return Figure(
        name,
        f"{median(ours):,.0f}/s",
        f"{median(theirs):,.0f}/s",
        ratio,
        f"ratio ≥ {AIM}",
        ratio >= AIM,
        "a bare ASGI app: HMAC, one row per commit",
        {"ours": ours, "reference": theirs},
    )


def _check(result: Volley, count: int) -> None:
    assert result.statuses == {202: count}, f"not everything was accepted: {result.statuses}"


def _settle(path: Path) -> None:
    """Wait until the worker has nothing left, or for a while when there is none."""
    with sqlite3.connect(path) as database:
        before = -1
        while True:
            query = "SELECT count(*) FROM deliveries WHERE state = 'pending'"
            (waiting,) = database.execute(query).fetchone()
            if waiting in {0, before}:
                return
            before = waiting
            time.sleep(0.5)
