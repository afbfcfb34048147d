"""Lists that people ask for: their own tasks, deals and contacts, page by page or by a name."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from bot.runtime.parts import Parts
from coach.calendar import local_date
from coach.models import Contact, Deal, Person, Subject, SubjectKind, Task
from coach.sought import sought
from storage import lists, mirror, namesakes
from storage.database import Tx

#: How many things a page shows.
PAGE = 10

#: How many things are looked at, to find what was typed and to tell those apart that are alike.
#: Of more than these the database finds what was typed, letter by letter.
MOST = 1000

#: Longest name that is looked for, in characters: every line of a list carries it.
LONGEST = 24


class Kind(StrEnum):
    """What a list is of."""

    TASKS = "tasks"
    DEALS = "deals"
    CONTACTS = "contacts"
    #: One deal, with all that is known of it.
    DEAL = "deal"
    #: What is due by the end of the day, as the Home tab shows it.
    HOME = "home"


@dataclass(frozen=True, slots=True)
class Place:
    """A page of a list, as a button can name it."""

    kind: Kind
    #: How many things come before it.
    first: int = 0
    #: The name, or part of one, by which it was asked for.
    sought: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.first}:{self.sought[:LONGEST]}"

    @classmethod
    def read(cls, text: str) -> "Place":
        """The page that a button names. Raises `ValueError` for what is none."""
        kind, first, name = text.split(":", 2)
        if not (first.isascii() and first.isdigit()):
            raise ValueError(text)
        return cls(Kind(kind), int(first[:6]), name[:LONGEST])


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list as it is now."""

    place: Place
    person: Person
    today: date
    #: What stands on the page.
    things: Sequence[Subject]
    #: How many there are in all.
    count: int
    #: Of one deal: whom it is with, and what is planned for it.
    contact: Contact | None = None
    planned: Sequence[Task] = ()


async def listed(parts: Parts, person: Person, place: Place, *, most: int = PAGE) -> Listing:
    """The page, of at most so many things; one that is not there any more is the last there is."""
    async with parts.database.read() as tx:
        today = local_date(parts.clock.now(), person)
        found, count = await _found(tx, person, place, today, most)
        last = max(0, (count - 1) // most * most)
        first = min(place.first, last)
        shown = found[first : first + most]
        listing = Listing(replace(place, first=first), person, today, shown, count)
        if place.kind is Kind.DEAL and count == 1 and isinstance(shown[0], Deal):
            return await _of_deal(tx, listing, shown[0])
    return listing


async def of_deal(parts: Parts, person: Person, deal: Deal) -> Listing:
    """One deal of theirs with all that is known of it, be it open or not."""
    today = local_date(parts.clock.now(), person)
    place = Place(Kind.DEAL, sought=deal.name)
    async with parts.database.read() as tx:
        (told,) = await namesakes.told_apart(tx, person.workspace_id, [deal])
        return await _of_deal(tx, Listing(place, person, today, [told], 1), told)


async def _found(
    tx: Tx, person: Person, place: Place, today: date, most: int
) -> tuple[Sequence[Subject], int]:
    """The list as far as this page of so many needs it, and how many there are in truth."""
    where = (tx, person.workspace_id, person.id)
    # Only to find what was typed it is all looked at, and to tell deals apart.
    enough = MOST if place.sought else min(MOST, place.first + most)
    found: Sequence[Subject]
    match place.kind:
        case Kind.TASKS:
            found = await lists.tasks_of(*where, most=enough)
            count = await lists.how_many_tasks(*where)
        case Kind.HOME:
            tomorrow = today + timedelta(days=1)
            found = await lists.tasks_of(*where, due_before=tomorrow, most=enough)
            count = await lists.how_many_tasks(*where, due_before=tomorrow)
        case Kind.CONTACTS:
            count = await lists.how_many_contacts(*where)
            called = place.sought if count > MOST else ""
            found = await lists.contacts_of(*where, most=enough, called=called)
        case Kind.DEALS | Kind.DEAL:
            count = await lists.how_many_deals(*where)
            called = place.sought if count > MOST else ""
            found = await lists.deals_of(*where, most=MOST, called=called)
            found = await _told_apart(tx, person, found)
    if place.sought:
        found = sought(found, place.sought, _names)
        count = len(found)
    return found, min(count, MOST)


async def _told_apart(tx: Tx, person: Person, found: Sequence[Deal]) -> list[Deal]:
    """Those whose lines would be alike are told apart."""
    alike = Counter(map(_line, found))
    doubtful = [deal for deal in found if alike[_line(deal)] > 1]
    told = iter(await namesakes.told_apart(tx, person.workspace_id, doubtful))
    return [next(told) if alike[_line(deal)] > 1 else deal for deal in found]


def _line(deal: Deal) -> tuple[object, ...]:
    return deal.title, deal.value, deal.currency, deal.stage


def _names(thing: Subject) -> Sequence[str]:
    match thing:
        case Deal():
            return [thing.name, thing.account or ""]
        case Contact():
            return [thing.name, thing.email or "", thing.company or ""]
        case Task():
            return [thing.name]


async def _of_deal(tx: Tx, listing: Listing, deal: Deal) -> Listing:
    workspace_id = listing.person.workspace_id
    contact = None
    if deal.contact_id:
        there = await mirror.load(
            tx, SubjectKind.CONTACT, workspace_id, deal.connection_id, [deal.contact_id]
        )
        contact = _contact(there.get(deal.contact_id))
    planned = await lists.tasks_about(tx, workspace_id, deal)
    return replace(listing, contact=contact, planned=planned)


def _contact(found: Subject | None) -> Contact | None:
    return found if isinstance(found, Contact) and not found.deleted else None
