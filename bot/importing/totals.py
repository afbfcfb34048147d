"""What a file holds as a whole: how it would be taken, told before anything is stored."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.importing.rows import Record
from bot.importing.run import Understood
from bot.importing.things import Thing
from coach.events import Owner, normalised
from coach.models import LEAD_STATUSES


@dataclass(frozen=True, slots=True)
class Owners:
    """The owners a file names, and how many of them by no address."""

    count: int
    without_address: int
    #: One of these, as the file calls them.
    example: Owner | None
    #: Rows that name nobody.
    rows_without: int


def states(understood: Understood) -> Counter[str]:
    """How many are open, won, lost, pending, completed, leads, others or deleted, in that order."""
    found: Counter[str] = Counter()
    for word in _WORDS[understood.thing]:
        found[word] = 0
    found.update(_state(understood.thing, record) for record in understood.records)
    if not found["deleted"]:
        del found["deleted"]
    return found


_WORDS = {
    Thing.DEALS: ("open", "won", "lost", "deleted"),
    Thing.CONTACTS: ("leads", "others", "deleted"),
    Thing.TASKS: ("pending", "completed", "deleted"),
}


def _state(thing: Thing, record: Record) -> str:
    if record.facts.get("deleted"):
        return "deleted"
    if thing is Thing.CONTACTS:
        status = record.facts.get("status") or ""
        return "leads" if status.upper() in LEAD_STATUSES else "others"
    return str(record.standing["status"].value)


def statuses(records: Iterable[Record], most: int = 3) -> Sequence[tuple[str, int]]:
    """What contacts are in the file's own words, the most frequent first."""
    told = Counter(record.facts.get("status") for record in records)
    return [(str(word), count) for word, count in told.most_common() if word][:most]


def owners(records: Sequence[Record]) -> Owners:
    """Who owns the things of a file; one that is named in several ways counts once."""
    named = {record.owner for record in records if record.owner is not None}
    addresses = {each.email for each in named if each.email}
    known = {each.id for each in named if each.email and each.id}
    called = {normalised(each.name) for each in named if each.email and each.name}
    bare: dict[str, Owner] = {}
    for each in sorted(named, key=lambda owner: (owner.id is None, str(owner))):
        if each.email or each.id in known:
            continue
        name = normalised(each.name or "")
        if each.id:
            bare.setdefault(f"id:{each.id}", each)
            called |= {name} - {""}
        elif name not in called:
            bare.setdefault(f"name:{name}", each)
    return Owners(
        len(addresses) + len(bare),
        len(bare),
        next(iter(bare.values()), None),
        sum(record.owner is None for record in records),
    )
