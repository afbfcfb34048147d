"""Which of many is most worth a word: what was alive of late, then what is larger, then nearer."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from operator import itemgetter
from typing import TypeVar

from coach.calendar import days_between
from coach.importance import Worth, places_by_worth
from coach.keys import subject_key
from coach.knowledge import Dealings
from coach.models import Contact, Deal, Person

#: Silence of up to so many days counts alike; after the last of them little is left to hope for.
ALIKE = (30, 90, 365)

_NEVER = datetime.min.replace(tzinfo=UTC)

_NONE = Dealings()

T = TypeVar("T", Deal, Contact)


def most_promising_first(
    things: Iterable[T], now: datetime, dealings: Mapping[str, Dealings]
) -> list[T]:
    """Deals or contacts in the order in which they are worth a word, the same for every reader.

    A deal lives since it came to its stage, a contact since the last word with it; `dealings` are
    the deals with each contact, by its `subject_key`. Of all else alike the one that was alive last
    comes first.
    """
    today = now.date()
    return sorted(things, key=lambda thing: _place(thing, now, today, dealings))


def largest_first(deals: Iterable[Deal], now: datetime) -> list[Deal]:
    """Deals in the order of their values, of equal ones the most promising first.

    Of several currencies the largest of each comes first: there is no rate to compare them by.
    """
    ordered = most_promising_first(deals, now, {})
    places = places_by_worth([_worth(deal) for deal in ordered])
    return [deal for _, deal in sorted(zip(places, ordered, strict=True), key=itemgetter(0))]


def _worth(deal: Deal) -> Worth | None:
    return None if deal.value is None else Worth(deal.currency or "", float(deal.value))


def days_silent(contact: Contact, now: datetime, person: Person) -> int:
    """For how many days nobody has been in touch with a contact, as the person counts them.

    Of one nobody was ever in touch with: since it is there.
    """
    since = contact.last_contacted_at or contact.silent_since or now
    return days_between(since, now, person)


def _place(
    thing: Deal | Contact, now: datetime, today: date, dealings: Mapping[str, Dealings]
) -> tuple[int, float, int, float, str]:
    if isinstance(thing, Deal):
        alive, closes = thing.stage_since, thing.expected_close_date
        value = None if thing.value is None else float(thing.value)
    else:
        its = dealings.get(subject_key(thing), _NONE)
        alive, value, closes = thing.silent_since, its.value, its.closes
    silence = now - (alive or _NEVER)
    return (
        bisect_left(ALIKE, silence.days),
        -(value or 0.0),
        # Long past is as far away as long to come.
        abs((closes - today).days) if closes else today.toordinal(),
        silence.total_seconds(),
        thing.id,
    )
