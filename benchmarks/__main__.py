"""`python -m benchmarks`: measure everything, print the table and JSON, keep the JSON."""

import argparse
import sys
import tempfile
from pathlib import Path

import uvloop

from benchmarks import button, intake, message, tick, worker
from benchmarks.figures import keep, show

MEASURES = {
    "intake": intake.measure,
    "message": message.measure,
    "button": button.measure,
    "worker": worker.measure,
    "tick": tick.measure,
}


def main() -> int:
    """Measure; the exit status is 0 however fast it was."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--only", choices=list(MEASURES), nargs="+", default=list(MEASURES))
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"), metavar="FILE")
    chosen = parser.parse_args()
    figures = []
    for name in chosen.only:
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="coach-bench-") as folder:
            found = uvloop.run(MEASURES[name](Path(folder), quick=chosen.quick))
        figures += found
    show(figures)
    keep(figures, chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
