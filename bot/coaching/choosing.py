"""What somebody may choose from: things of their own, found by what they type."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.coaching.listing import Kind, Place, listed
from bot.runtime.parts import Parts
from coach.models import Contact, Deal, Person, Subject

#: How many things are offered at once.
OFFERED = 100


@dataclass(frozen=True, slots=True)
class Choice:
    """Things to choose from, the nearest to what was typed first."""

    things: Sequence[Subject]
    #: Whether these are all there are.
    whole: bool


async def contacts(parts: Parts, person: Person, typed: str = "") -> Choice:
    """The person's contacts."""
    page = await listed(parts, person, Place(Kind.CONTACTS, sought=typed), most=OFFERED)
    found = [each for each in page.things if isinstance(each, Contact)]
    return Choice(found, page.count <= OFFERED)


async def deals_and_contacts(parts: Parts, person: Person, typed: str = "") -> Choice:
    """The person's open deals and contacts; of too many, some of both."""
    page = await listed(parts, person, Place(Kind.DEALS, sought=typed), most=OFFERED)
    deals = [each for each in page.things if isinstance(each, Deal)]
    whom = await contacts(parts, person, typed)
    room = OFFERED - min(len(whom.things), OFFERED // 2)
    first = deals[:room]
    both = [*first, *whom.things[: OFFERED - len(first)]]
    return Choice(both, page.count + len(whom.things) <= OFFERED and whom.whole)
