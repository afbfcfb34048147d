"""Looking for patterns in a team's history: read whole, and counted in a thread of its own."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from coach.columns import History, micros
from coach.gate import Candidate
from coach.looking import look
from coach.models import Person
from coach.pattern import Pattern, load_patterns
from coach.phrases import Phrase
from coach.rows_to_columns import Gathered
from storage import past, people
from storage.database import Database, Tx


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that was looked at for one team, as of a moment."""

    candidates: list[Candidate]
    history: History
    patterns: dict[str, Pattern]

    def person(self, candidate: Candidate) -> Person | None:
        """Whose it is; `None`: the team's."""
        return None if candidate.owner is None else self.history.people[candidate.owner]

    def words(self, candidate: Candidate) -> Phrase:
        """What would be said of it."""
        pattern = self.patterns[candidate.pattern]
        return pattern.words(candidate.looked, candidate.owner is not None)


#: Hears of how many steps are done of how many; called in another thread.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Figures:
    """A team's whole history as it was read, to be looked at as of any moment."""

    gathered: Gathered
    #: Those who own anything, by id.
    people: Mapping[str, Person]

    async def found(self, now: datetime, progress: Progress | None = None) -> Found:
        """Everything there is to look at by then."""
        # Counting keeps a processor busy for a second or more.
        return await asyncio.to_thread(_looked, self, now, progress)


async def gathered(tx: Tx, workspace_id: str) -> Gathered:
    """A team's whole history, read page by page."""
    pages = Gathered()
    async for page in past.pages(tx, workspace_id):
        await asyncio.to_thread(pages.take, page)
    return pages


async def found_in(
    database: Database, workspace_id: str, now: datetime, progress: Progress | None = None
) -> Found:
    """Look at a team's whole history as of that moment; nothing is kept, and nobody hears of it."""
    async with database.read() as tx:
        history = await gathered(tx, workspace_id)
        known = await people.load(tx, workspace_id, history.owners())
    return await Figures(history, known).found(now, progress)


def _looked(figures: Figures, now: datetime, progress: Progress | None) -> Found:
    history = figures.gathered.history(figures.people, micros(now))
    patterns = load_patterns()
    return Found(look(patterns, history, progress), history, patterns)
