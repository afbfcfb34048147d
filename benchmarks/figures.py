"""A measured figure, and the table and JSON that show many of them."""

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: what was measured, beside what, and what is aimed at."""

    name: str
    #: The measured value and the reference's, as a person reads them: "1,820/s".
    value: str
    reference: str
    #: The measured value over the reference's; medians over interleaved rounds.
    ratio: float
    aim: str
    met: bool
    #: What the reference is, in a few words.
    beside: str
    #: The single rounds and further numbers, for the JSON.
    rounds: dict[str, Any] = field(default_factory=dict)


def median(values: Iterable[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie; the nearest one that was measured."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def show(figures: Sequence[Figure]) -> None:
    """Print the table and, after it, the same as JSON."""
    table = Table(title="Benchmarks: medians over interleaved rounds")
    for column in ("figure", "measured", "reference", "ratio", "aim", "", "the reference is"):
        numeric = column in {"measured", "reference", "ratio"}
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for each in figures:
        mark = "met" if each.met else "missed"
        ratio = f"{each.ratio:.2f}"
        table.add_row(each.name, each.value, each.reference, ratio, each.aim, mark, each.beside)
    Console(width=132).print(table)
    print(json.dumps([asdict(each) for each in figures], indent=1))


def keep(figures: Sequence[Figure], path: Path) -> None:
    """Write the JSON to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(each) for each in figures], indent=1) + "\n")
