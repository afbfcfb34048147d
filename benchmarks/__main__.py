"""`python -m benchmarks`: measure everything, print the table and JSON, keep the JSON."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import uvloop

from benchmarks import (
    backfill,
    button,
    intake,
    memory,
    message,
    patterns,
    postgres,
    several,
    tick,
    worker,
)
from benchmarks.figures import Figure, keep, show


async def on_postgres(folder: Path, *, quick: bool) -> list[Figure]:
    """The same three on PostgreSQL, and several processes on it."""
    figures: list[Figure] = []
    with postgres.running() as server:
        for part in (intake, message, worker, several):
            place = folder / part.__name__
            place.mkdir()
            figures += await part.measure(place, quick=quick, server=server)
    return figures


MEASURES: dict[str, Callable[..., Coroutine[Any, Any, list[Figure]]]] = {
    "intake": intake.measure,
    "message": message.measure,
    "button": button.measure,
    "worker": worker.measure,
    "tick": tick.measure,
    "backfill": backfill.measure,
    "patterns": patterns.measure,
    "memory": memory.measure,
    "postgres": on_postgres,
}


def main() -> int:
    """Measure; the exit status is 0 however fast it was."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--only", choices=list(MEASURES), nargs="+", default=list(MEASURES))
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"), metavar="FILE")
    chosen = parser.parse_args()
    figures: list[Figure] = []
    try:
        for name in chosen.only:
            print(f"measuring: {name}", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory(prefix="coach-bench-") as folder:
                figures += uvloop.run(MEASURES[name](Path(folder), quick=chosen.quick))
    finally:
        # What was measured counts, also where something after it could not be.
        show(figures)
        keep(figures, chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
