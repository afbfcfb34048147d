"""A tick of the clock over a million subjects: its cost follows what is due, not what exists."""

import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import subjects, team
from benchmarks.figures import Figure, median
from bot.app import make_parts
from bot.coaching import ticking
from bot.runtime import collecting
from bot.runtime.parts import Parts
from storage.columns import to_micros

MANY, FEW = 1_000_000, 100_000
DUE = (1_000, 10_000)
IDLE_AIM = 0.010

#: How much longer the same work may take among ten times as many subjects.
FOLLOWS = 1.5


async def measure(folder: Path, *, quick: bool) -> list[Figure]:
    """Nothing due, then a thousand and ten thousand due, among 100,000 and among 1,000,000."""
    rounds = 2 if quick else 3
    paths: dict[int, Path] = {}
    parts: dict[int, Parts] = {}
    for count in (FEW, MANY):
        place = folder / str(count)
        place.mkdir()
        made = await team.make(place, 0)
        subjects.fill(made.path, count)
        paths[count], parts[count] = made.path, make_parts(team.settings(made.path, made.key))
    # As `coach serve` does it.
    collecting.settle()
    try:
        figures = [await _idle(parts[MANY], paths[MANY])]
        taken: dict[tuple[int, int], list[float]] = {}
        first = 0
        for _ in range(rounds):
            for due in DUE:
                people = range(first, first + due // 10)
                if people.stop > FEW // subjects.EACH:
                    people = range(due // 10)
                first = people.stop
                for count in (FEW, MANY):
                    _forget(paths[count])
                    found = subjects.make_due(paths[count], people)
                    assert found == due, f"{found} are due and not {due}"
                    seconds = await _tick(parts[count], due)
                    taken.setdefault((due, count), []).append(seconds)
        figures += [_following(due, taken) for due in DUE]
        figures.append(_growing(taken))
    finally:
        for each in parts.values():
            await each.database.close()
    return figures


def _forget(path: Path) -> None:
    """Let nobody have been told anything yet."""
    with sqlite3.connect(path) as database:
        database.execute("DELETE FROM insights")


async def _tick(parts: Parts, due: int) -> float:
    begun = time.perf_counter()
    ticked = await ticking.tick(parts)
    seconds = time.perf_counter() - begun
    assert ticked.due >= due, f"a tick looked at {ticked.due}"
    assert ticked.insights, "a tick said nothing"
    return seconds


async def _idle(parts: Parts, path: Path) -> Figure:
    ours: list[float] = []
    theirs: list[float] = []
    bare = sqlite3.connect(path)
    for _ in range(30):
        begun = time.perf_counter()
        await ticking.tick(parts)
        ours.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        for rule in ("overdue_tasks", "stale_leads", "stuck_deals"):
            query = "SELECT person_id FROM rounds WHERE rule = ? AND due_at <= ? LIMIT 1"
            assert bare.execute(query, (rule, to_micros(datetime.now(UTC)))).fetchall() == []
        theirs.append(time.perf_counter() - begun)
    bare.close()
    return Figure(
        f"tick over {MANY:,}, nothing due",
        f"{median(ours) * 1000:.2f} ms",
        f"{median(theirs) * 1000:.2f} ms",
        median(ours) / median(theirs),
        f"< {IDLE_AIM * 1000:.0f} ms",
        median(ours) < IDLE_AIM,
        "bare sqlite3: the same three look-ups",
        {"ours": ours, "reference": theirs},
    )


def _following(due: int, taken: dict[tuple[int, int], list[float]]) -> Figure:
    many, few = median(taken[due, MANY]), median(taken[due, FEW])
    return Figure(
        f"tick over {MANY:,}, {due:,} due",
        f"{many:.2f} s",
        f"{few:.2f} s",
        many / few,
        f"ratio ≤ {FOLLOWS}",
        many / few <= FOLLOWS,
        f"the same work among {FEW:,} subjects",
        {"ours": taken[due, MANY], "reference": taken[due, FEW]},
    )


def _growing(taken: dict[tuple[int, int], list[float]]) -> Figure:
    small, large = median(taken[DUE[0], MANY]), median(taken[DUE[1], MANY])
    times = DUE[1] / DUE[0]
    return Figure(
        f"tick: {DUE[1]:,} due, for each of them",
        f"{large / DUE[1] * 1e6:.0f} µs",
        f"{small / DUE[0] * 1e6:.0f} µs",
        large / small / times,
        f"ratio ≤ {FOLLOWS}",
        large / small / times <= FOLLOWS,
        f"each of {DUE[0]:,} due, among as many",
    )
