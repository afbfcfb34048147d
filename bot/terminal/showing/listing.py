"""What every kind that can be shown has in common."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from coach.calendar import zone
from coach.models import Person, Subject, SubjectKind, Verb
from coach.phrases import DateWithYear, TimeOfDay, Value, verbatim
from coach.wording import Voice, plain
from storage import people, showing
from storage.database import Tx
from storage.showing import Place

Item = TypeVar("Item")

#: One row as JSON values.
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for, once it is known to be possible."""

    workspace_id: str
    now: datetime
    person_id: str | None = None
    #: Nothing from before this instant.
    since: datetime | None = None
    #: For activities only: of this thing, and of this verb.
    thing: tuple[SubjectKind, str] | None = None
    verb: Verb | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """The people and things that belong to the ids of a page."""

    people: Mapping[str, Person] = field(default_factory=dict)
    things: Mapping[Place, Subject] = field(default_factory=dict)

    def person(self, id: str | None) -> Person | None:
        """The person with this id."""
        return self.people.get(id or "")

    def name(self, kind: SubjectKind, connection_id: str, id: str | None) -> str | None:
        """What the thing is called; `None` when it is not in the mirror, as it was deleted."""
        subject = self.things.get((kind, connection_id, id or ""))
        return subject.name if subject is not None else None

    def of(self, person_id: str | None) -> Json:
        """A person as two fields of a row."""
        person = self.person(person_id)
        return {
            "person": person.name if person else None,
            "person_email": person.email if person else None,
        }

    def when(self, at: datetime | None, person_id: str | None) -> str:
        """An instant as that person's calendar and clock have it, in UTC where that is unknown."""
        if at is None:
            return ""
        person = self.person(person_id)
        voice = Voice(time_zone=person.time_zone if person else None)
        local = at.astimezone(zone(voice.time_zone))
        return plain(verbatim(DateWithYear(local.date()), " ", TimeOfDay(at)), voice)

    def who(self, person_id: str | None) -> str:
        """The person's name."""
        person = self.person(person_id)
        return person.name if person else ""


@dataclass(frozen=True, slots=True)
class Listing(Generic[Item]):
    """One kind that can be shown."""

    #: How many days back are shown when nothing is said; `None` for everything.
    days: int | None
    #: The next items, in order: (transaction, wish, the last one seen, how many at most).
    page: Callable[[Tx, Wish, Item | None, int], Awaitable[Sequence[Item]]]
    #: Whose names an item needs: ids of people, and things.
    needs: Callable[[Item], tuple[Iterable[str | None], Iterable[Place]]]
    json: Callable[[Item, Names], Json]
    columns: tuple[str, ...]
    cells: Callable[[Item, Names], tuple[str, ...]]


async def names_of(
    tx: Tx, workspace_id: str, listing: Listing[Item], items: Sequence[Item]
) -> Names:
    """The names a page needs, by a few queries however many rows it has."""
    ids: set[str] = set()
    places: set[Place] = set()
    for item in items:
        persons, things = listing.needs(item)
        ids.update(id for id in persons if id)
        places.update(things)
    return Names(
        await people.load(tx, workspace_id, ids),
        await showing.by_places(tx, workspace_id, places),
    )


def words(given: Value) -> str:
    """Money, a date or a number as people write it."""
    return plain(verbatim(given))
