"""What finds out what rules ask to be shown: one file each in `storage/knowledge`, by its name."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import storage.knowledge
from coach import plugins
from coach.knowledge import Knowledge, Known
from coach.models import Subject
from storage.database import Tx


@dataclass(frozen=True, slots=True)
class Asked:
    """Of whom something is to be known, and of which of their things where that matters."""

    workspace_id: str
    people: Collection[str]
    subjects: Sequence[Subject] = ()


@dataclass(frozen=True, slots=True)
class Loader:
    """Finds out one thing for many people at once, by person id; whom it leaves out has nothing."""

    find: Callable[[Tx, Asked], Awaitable[Mapping[str, Any]]]


def load_loaders() -> dict[str, Loader]:
    """Every loader by its file's name, which is the name of its `Knowledge`."""
    return plugins.load(storage.knowledge, "LOADER", Loader)


async def find(
    tx: Tx, loaders: Mapping[str, Loader], wanted: Iterable[Knowledge[Any]], asked: Asked
) -> dict[str, Known]:
    """What is known of each of these people, by person id."""
    values: dict[str, dict[str, Any]] = {person_id: {} for person_id in asked.people}
    for name in sorted({what.name for what in wanted}):
        for person_id, value in (await loaders[name].find(tx, asked)).items():
            values[person_id][name] = value
    return {person_id: Known(each) for person_id, each in values.items()}
