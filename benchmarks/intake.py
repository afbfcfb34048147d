"""Signed webhooks a second, durable before the answer, over 32 connections to one process."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks import team
from benchmarks.figures import Figure, median
from benchmarks.load import Volley, volley
from benchmarks.postgres import Server
from benchmarks.processes import started

CONNECTIONS = 32

#: What share of the bare server's rate is aimed at: everything running, and the intake alone,
#: where a request may cost 1.2 of what it costs there.
AIM, AIM_ALONE = 0.5, 1 / 1.2


async def measure(folder: Path, *, quick: bool, server: Server | None = None) -> list[Figure]:
    """Two rows: everything running as in production, and the intake by itself."""
    rows = (
        ("intake, the worker working", (), (2, 4000) if quick else (4, 8000), AIM),
        ("intake alone", ("--intake-alone",), (3, 1500) if quick else (5, 3000), AIM_ALONE),
    )
    return [
        await _compare(folder, name, arguments, rounds, count, aim, server)
        for name, arguments, (rounds, count), aim in rows
    ]


async def _compare(
    folder: Path,
    name: str,
    arguments: Sequence[str],
    rounds: int,
    count: int,
    aim: float,
    server: Server | None,
) -> Figure:
    place = folder / name.replace(" ", "_")
    place.mkdir()
    measured = await team.make(place, 50, server.database() if server else None)
    reference = server.bare() if server else str(place / "reference.db")
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
                await team.settled(measured)
    ratio = median(ours) / median(theirs)
    return Figure(
        name + (server.suffix if server else ""),
        f"{median(ours):,.0f}/s",
        f"{median(theirs):,.0f}/s",
        ratio,
        f"ratio ≥ {aim:.2f}",
        ratio >= aim,
        "a bare ASGI app: HMAC, one row per commit",
        {"ours": ours, "reference": theirs},
    )


def _check(result: Volley, count: int) -> None:
    assert result.statuses == {202: count}, f"not everything was accepted: {result.statuses}"
