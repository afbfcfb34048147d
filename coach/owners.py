"""Who is who among the owners a CRM names: which keys are one person's, and which only seem so.

An address or an id is one person's. A name may be borne by several: it ties what else is known of
somebody only where nothing speaks against it, and where two people bear it, nobody is guessed.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from coach.events import EVERYWHERE, Owner, OwnerKey


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody the workspace knows, with all that they are recognised by."""

    person_id: str
    keys: frozenset[OwnerKey]
    #: Whether a Slack user was found for them: two of these are never the same person.
    in_slack: bool = False
    #: Names that, said alone, mean this person: somebody who may say so has said so.
    chosen: frozenset[OwnerKey] = frozenset()


@dataclass(eq=False, slots=True)
class Tied:
    """One person as they are known now: keys that were found to be theirs, and who they were."""

    keys: set[OwnerKey] = field(default_factory=set)
    people: set[str] = field(default_factory=set)
    in_slack: str | None = None
    chosen: set[OwnerKey] = field(default_factory=set)

    @property
    def keeper(self) -> str | None:
        """Who of several people stays: whom Slack knows, else who was known first."""
        return self.in_slack or min(self.people, default=None)

    def _has(self, kind: str, connection_id: str | None = None) -> bool:
        return any(
            key.kind == kind and connection_id in {None, key.connection_id} for key in self.keys
        )


@dataclass(frozen=True, slots=True)
class Ties:
    """What came of tying: everybody concerned, and whom each owner means."""

    everybody: tuple[Tied, ...]
    whom: Mapping[Owner, Tied]
    #: Owners told by a name alone that several bear: each may be any of these.
    unsure: Mapping[Owner, tuple[Tied, ...]]
    #: Owners whose keys are those of two Slack users: who is meant goes by the first key.
    torn: tuple[Owner, ...]


def tie(connection_id: str, named: Collection[Owner], known: Iterable[Known]) -> Ties:
    """Tie what belongs together, from the owners that a connection names at one time.

    `known` is everybody who has any of their keys. The outcome does not depend on the order of
    either.
    """
    work = _Work(connection_id)
    for person in sorted(known, key=lambda each: each.person_id):
        work.know(person)
    in_order = sorted(named, key=lambda owner: owner.keys(connection_id))
    torn = tuple(owner for owner in in_order if not work.tie_sure(owner))
    for name in sorted({key for owner in in_order for key in owner.keys(connection_id)}):
        if name.kind == "name":
            work.tie_by(name)
    whom: dict[Owner, Tied] = {}
    unsure: dict[Owner, tuple[Tied, ...]] = {}
    for owner in in_order:
        whom[owner], bearers = work.whom(owner)
        if len(bearers) > 1:
            unsure[owner] = bearers
    return Ties(tuple(work.everybody()), whom, unsure, torn)


class _Work:
    """Groups of keys as they grow together."""

    def __init__(self, connection_id: str) -> None:
        self._connection_id = connection_id
        self._sure: dict[OwnerKey, Tied] = {}
        self._bearers: dict[OwnerKey, list[Tied]] = {}
        self._all: dict[Tied, None] = {}

    def know(self, person: Known) -> None:
        one = Tied(
            people={person.person_id},
            in_slack=person.person_id if person.in_slack else None,
            chosen=set(person.chosen),
        )
        self._all[one] = None
        for key in person.keys:
            self._give(one, key)

    def tie_sure(self, owner: Owner) -> bool:
        """Make the address and the id of an owner one person's; says whether they could be."""
        keys = owner.keys(self._connection_id)
        sure = [key for key in keys if key.kind != "name"]
        if not sure:
            return True
        torn = False
        one = self._sure.get(sure[0]) or self._new()
        for key in sure:
            other = self._sure.get(key)
            if other is None:
                self._give(one, key)
            elif other is not one:
                if one.in_slack and other.in_slack:
                    torn = True
                else:
                    one = self._join(one, other)
        for key in keys:
            if key.kind == "name":
                self._give(one, key)
        return not torn

    def tie_by(self, name: OwnerKey) -> None:
        """Make those who bear a name one person, unless they may be several."""
        bearers = self._bearers.get(name, [])
        if len(bearers) < 2:
            return
        for differing in (
            [one for one in bearers if one._has("email")],
            [one for one in bearers if one._has("id", self._connection_id)],
            [one for one in bearers if one.in_slack],
        ):
            if len(differing) > 1:
                return
        one = bearers[0]
        for other in bearers[1:]:
            one = self._join(one, other)

    def whom(self, owner: Owner) -> tuple[Tied, tuple[Tied, ...]]:
        """Whom an owner means, and everybody who may be meant."""
        keys = owner.keys(self._connection_id)
        if keys[0].kind != "name":
            return self._sure[keys[0]], ()
        name = keys[0]
        bearers = self._bearers.get(name, [])
        for one in bearers:
            if name in one.chosen:
                return one, ()
        if len(bearers) == 1:
            return bearers[0], ()
        # Of several nobody is guessed: the name alone is somebody of its own.
        alone = [one for one in bearers if all(key.kind == "name" for key in one.keys)]
        if not alone:
            alone = [self._new()]
            self._give(alone[0], name)
        return alone[0], tuple(self._bearers[name])

    def everybody(self) -> list[Tied]:
        return list(self._all)

    def _new(self) -> Tied:
        one = Tied()
        self._all[one] = None
        return one

    def _give(self, one: Tied, key: OwnerKey) -> None:
        one.keys.add(key)
        if key.kind != "name":
            self._sure[key] = one
        elif one not in (bearers := self._bearers.setdefault(key, [])):
            bearers.append(one)

    def _join(self, one: Tied, other: Tied) -> Tied:
        """Both as one; at most one of them is in Slack."""
        del self._all[other]
        for name in [key for key in other.keys if key.kind == "name"]:
            self._bearers[name].remove(other)
        one.people |= other.people
        one.in_slack = one.in_slack or other.in_slack
        one.chosen |= other.chosen
        for key in other.keys:
            self._give(one, key)
        return one


def named_by(text: str, connections: Collection[str]) -> list[OwnerKey]:
    """The keys that somebody may mean who types `text`.

    An address, an id or a name; `id:7` and `name:Ann Lee` say which, and `hubspot/7` in which
    connection. Empty when nothing was typed.
    """
    words = " ".join(text.split())
    place, slash, rest = words.partition("/")
    places = sorted(connections)
    if slash and place in connections:
        places, words = [place], rest.strip()
    kind, colon, value = words.partition(":")
    value = value.strip()
    if colon and value and kind.lower() in {"email", "id", "name"}:
        return list(_keys(kind.lower(), value, places))
    if not words:
        return []
    if "@" in words:
        return list(_keys("email", words, places))
    return [*_keys("id", words, places), *_keys("name", words, places)]


def _keys(kind: str, value: str, places: Iterable[str]) -> Iterable[OwnerKey]:
    owner = Owner.of(**{kind: value})
    if owner is None:
        return []
    if kind == "email":
        return owner.keys(EVERYWHERE)
    return [key for place in places for key in owner.keys(place)]


def shown(key: OwnerKey) -> str:
    """A key as it can be typed: `ann@example.com`, `hubspot/id:7`, `hubspot/name:ann lee`."""
    return key.value if key.kind == "email" else f"{key.connection_id}/{key.key}"


def surest(keys: Iterable[OwnerKey]) -> OwnerKey | None:
    """By which of somebody's keys they are told apart best: an id, else an address, else a name."""
    order = {"id": 0, "email": 1, "name": 2}
    return min(keys, key=lambda key: (order[key.kind], key), default=None)
