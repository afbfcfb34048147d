"""What the last days would have brought one person at each level, found out beside all else."""

import asyncio
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.runtime.parts import Parts
from bot.simulating import running
from bot.simulating import world as worlds
from coach.calendar import local_date
from coach.errors import CoachError
from coach.models import Level, Person
from coach.phrases import Phrase, say
from coach.wording import plain
from storage.database import Database

#: How far back a preview looks.
DAYS = timedelta(days=30)

#: So many of the messages are shown as examples.
EXAMPLES = 3


class NothingToPreviewError(CoachError):
    """Nothing is recorded of what a person did, so nothing can be said of it."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What one level would have brought."""

    level: Level
    messages: int
    #: On how many days there was any.
    days: int
    #: How often something of each kind was said, by rule, the most frequent first.
    kinds: Mapping[str, int]
    examples: Sequence[Phrase]


async def previews(parts: Parts, person: Person) -> list[Preview]:
    """One for each level, with whatever else this person has set; nothing is changed.

    It is worked out in a thread with a loop and a database of its own, and ends when nobody waits
    for it any more. Raises `NothingToPreviewError`.
    """
    over = threading.Event()
    try:
        return await asyncio.to_thread(apart, parts, person, parts.clock.now(), over)
    finally:
        over.set()


def apart(parts: Parts, person: Person, now: datetime, over: threading.Event) -> list[Preview]:
    """The same in this thread; raises `CancelledError` soon after it is `over`."""
    return asyncio.run(_previews(parts, person, now, over))


async def _previews(
    parts: Parts, person: Person, now: datetime, over: threading.Event
) -> list[Preview]:
    url = parts.database.url.render_as_string(hide_password=False)
    database = Database(url, pool_size=1)
    try:
        since = now - DAYS
        copied = await worlds.copied(
            database, person.workspace_id, since, now, coached=[person.id], now=now
        )
    finally:
        await database.close()
    if not copied.records:
        raise NothingToPreviewError(
            say(
                "Nothing is known yet of deals, contacts or tasks of yours, so nothing can be told "
                "of what the coach would have said. If the CRM has any, `/coach link` says who you "
                "are there."
            )
        )
    return [await _preview(parts, copied, person, level, over) for level in Level]


async def _preview(
    parts: Parts,
    copied: worlds.Copied,
    person: Person,
    level: Level,
    over: threading.Event,
) -> Preview:
    def go_on(at: datetime) -> None:
        if over.is_set():
            raise asyncio.CancelledError

    async with worlds.opened(parts, copied, level=level) as made:
        course = await running.run(made, progress=go_on)
    said = [each for each in course.decisions if each.by is not None]
    kinds = Counter(each.rule for each in said)
    return Preview(
        level,
        len(course.said),
        len({local_date(each.at, person) for each in course.said}),
        dict(kinds.most_common()),
        _examples(said),
    )


def _examples(said: Sequence[running.Decision]) -> list[Phrase]:
    """The first of each kind, then others, no sentence twice."""
    first = {each.rule: each for each in reversed(said)}
    by_words = {plain(each.words): each.words for each in [*reversed(first.values()), *said]}
    return list(by_words.values())[:EXAMPLES]
