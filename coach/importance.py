"""What matters most comes first: the one order of whatever is sent, or stands in a list.

By priority; then by the money at stake, which is compared within a currency alone: the largest of
each comes first, then the second of each, and what nobody has put a number to comes last; then the
newest, and at last the place that its rule has given it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

from coach.models import Priority


class Worth(NamedTuple):
    """The money at stake; no currency is the empty one."""

    currency: str
    amount: float


class Weighed(Protocol):
    """What can be more or less important: an insight, however much of it is known."""

    @property
    def fingerprint(self) -> str:
        """Which it is."""
        ...

    @property
    def priority(self) -> Priority:
        """How much it matters."""
        ...

    @property
    def created_at(self) -> datetime:
        """When it was made."""
        ...

    @property
    def rank(self) -> int:
        """Its place among what its rule said at the same time."""
        ...


T = TypeVar("T", bound=Weighed)


def most_important_first(things: Iterable[T], worth: Mapping[str, Worth]) -> list[T]:
    """The same in their order; `worth` is the money at stake, by fingerprint, where it is known."""
    all_ = list(things)
    ranks = ranked(all_, worth)

    def key(each: T) -> tuple[tuple[int, int], float, int, str]:
        newest = -each.created_at.timestamp()
        return (ranks[each.fingerprint], newest, each.rank, each.fingerprint)

    return sorted(all_, key=key)


def ranked(things: Iterable[Weighed], worth: Mapping[str, Worth]) -> dict[str, tuple[int, int]]:
    """How important each is among these, by fingerprint, the least number first.

    Of those with the same rank neither matters more.
    """
    ranks: dict[str, tuple[int, int]] = {}
    all_ = list(things)
    for priority in {each.priority for each in all_}:
        alike = [each.fingerprint for each in all_ if each.priority is priority]
        places = places_by_worth([worth.get(id) for id in alike])
        ranks |= {id: (-priority, place) for id, place in zip(alike, places, strict=True)}
    return ranks


def places_by_worth(worth: Sequence[Worth | None]) -> list[int]:
    """The place of each within its currency, the same for equals; the last for what is unknown."""
    amounts: dict[str, set[float]] = {}
    for each in worth:
        if each is not None:
            amounts.setdefault(each.currency, set()).add(each.amount)
    places = {
        Worth(currency, amount): place
        for currency, its in amounts.items()
        for place, amount in enumerate(sorted(its, reverse=True))
    }
    return [len(worth) if each is None else places[each] for each in worth]
