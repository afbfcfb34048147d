"""The gate: which of the things that were looked at may be said, and what holds back the others.

Everything looked at for one team at one time (all patterns, all groups, all its people) is one
family: the more questions are asked, the more answers come by chance, and the share of those among
what is said stays below a tenth (Benjamini and Hochberg). What is plain to see, as that deals are
older than any was, must be sure by itself, and makes no room for others.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from coach.chances import adjusted, wilson
from coach.pattern import Held, Least, Looked, Pattern

#: By itself, a difference as large may come by chance once in twenty times.
BY_ITSELF = 0.05

#: Of all that passes, at most one in ten is so by chance.
AMONG_ALL = 0.1

#: What is said of a team is from so many people at least, and what it is compared with too.
PEOPLE = 5

#: What part of a group may be one person's: with more it would tell of them.
ONE_PERSONS = 0.5

#: What is few is drawn to the rest as by so many more cases that are like the rest.
DRAWN = 20

#: In each half of the history there is at least this part of the difference.
HOLDS = 1 / 3

#: An estimate is good if its interval is no wider than this, as a factor.
NARROW = 1.5


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing looked at, and whether it may be said."""

    pattern: str
    #: The person whose it is, by their place in the history; `None`: the team's.
    owner: int | None
    looked: Looked
    #: The expected share of false ones among all that are as unlikely; `None`: not tested.
    q: float | None
    held_by: Held | None
    #: Whether it would pass, were there not a surer group of its pattern that tells the same.
    is_told: bool = False

    @property
    def passed(self) -> bool:
        """Whether it may be said."""
        return self.held_by is None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Between which values the share likely is, or what was estimated."""
        if self.looked.likely is not None:
            return self.looked.likely
        return wilson(self.looked.k, self.looked.n) if self.looked.n else None


def judged(
    patterns: Mapping[str, Pattern],
    found: Sequence[tuple[str, int | None, Looked]],
    *,
    small: bool,
) -> list[Candidate]:
    """All that was looked at for one team, as (pattern, person or none, what); in that order.

    `small`: the history is of so few people that nothing may be said of all together.
    """
    untested: list[Held | None] = []
    for name, owner, looked in found:
        untested.append(_untested(patterns[name].least, owner, looked, small=small))
    tested = [
        place
        for place, (held, (_, _, looked)) in enumerate(zip(untested, found, strict=True))
        if held is None and looked.p is not None
    ]
    family = [place for place in tested if not found[place][2].is_fact]
    chances = {place: found[place][2].p or 0.0 for place in tested}
    q = dict(zip(family, adjusted([chances[place] for place in family]), strict=True))
    # Dozens of facts would leave the rest a multiple of its one in ten: each must hold by itself,
    # whatever else was looked at (Bonferroni).
    q |= {place: min(1.0, chances[place] * len(tested)) for place in tested if place not in q}
    candidates = [
        Candidate(
            name,
            owner,
            looked,
            q.get(place),
            untested[place] or _tested(patterns[name].least, looked, q.get(place)),
        )
        for place, (name, owner, looked) in enumerate(found)
    ]
    same = _so_by_others(patterns, candidates)
    return [
        replace(each, held_by=Held.EFFECT, is_told=True) if place in same else each
        for place, each in enumerate(candidates)
    ]


def _so_by_others(
    patterns: Mapping[str, Pattern], candidates: Sequence[Candidate]
) -> Collection[int]:
    """The places of those that are so only because of a group of their pattern that is surer.

    Where one source is much better, each other one is worse than “everything else” is.
    """
    passed: dict[tuple[str, int | None], list[int]] = defaultdict(list)
    for place, each in enumerate(candidates):
        if each.passed and each.looked.is_one_of:
            passed[each.pattern, each.owner].append(place)
    found: set[int] = set()
    for (name, _), places in passed.items():
        said: list[Looked] = []
        for place in sorted(places, key=lambda place: _surest(candidates[place].looked)):
            looked = candidates[place].looked
            if _differs(patterns[name].least, looked, said):
                said.append(looked)
            else:
                found.add(place)
    return found


def _surest(looked: Looked) -> tuple[float, float]:
    # Two sides of the same differ in the last digits alone: what is won more often goes first.
    chance = 1.0 if looked.p is None else float(f"{looked.p:.6g}")
    return chance, -(looked.rate or 0.0)


def _differs(least: Least, looked: Looked, said: Sequence[Looked]) -> bool:
    """Whether it is still worth it beside the rest without those that are told of already."""
    rest_n = looked.rest_n - sum(each.n for each in said)
    rest_k = looked.rest_k - sum(each.k for each in said)
    if rest_n < least.rest or looked.rate is None or looked.rest_rate is None:
        return False
    rest = rest_k / rest_n
    same_way = (looked.rate > rest) == (looked.rate > looked.rest_rate)
    return (
        same_way and abs(looked.rate - rest) >= least.apart and _is_many_times(least, looked, rest)
    )


def _untested(least: Least, owner: int | None, looked: Looked, *, small: bool) -> Held | None:
    """What holds it back whatever came of it: it is then no part of the family."""
    if owner is None and small:
        return Held.PEOPLE
    if looked.p is None and looked.likely is None:
        return Held.COUNTS
    if looked.n < least.count or (looked.likely is None and looked.rest_n < least.rest):
        return Held.COUNTS
    if owner is None and (looked.people < PEOPLE or looked.one_persons > ONE_PERSONS):
        return Held.PEOPLE
    return None


def _tested(least: Least, looked: Looked, q: float | None) -> Held | None:
    if looked.likely is not None:
        low, high = looked.likely
        if low <= 0 or high > low * NARROW:
            return Held.TEST
    elif looked.p is None or looked.p >= BY_ITSELF:
        return Held.TEST
    elif q is None or q > AMONG_ALL:
        return Held.FAMILY
    elif not _is_worth_it(least, looked):
        return Held.EFFECT
    return None if _holds(looked) else Held.STABILITY


def _is_worth_it(least: Least, looked: Looked) -> bool:
    """Whether the difference is large enough, as it is said and within strata alike."""
    rate, rest = looked.rate, looked.rest_rate
    if rate is None or rest is None or looked.apart is None:
        return False
    if (rate > rest) != (looked.apart > 0) or (least.more_only and rate < rest):
        return False
    if min(abs(rate - rest), abs(looked.apart)) < least.apart:
        return False
    return _is_many_times(least, looked, rest)


def _is_many_times(least: Least, looked: Looked, rest: float) -> bool:
    drawn = (looked.k + DRAWN * rest) / (looked.n + DRAWN)
    larger, smaller = max(drawn, rest), min(drawn, rest)
    return larger >= least.factor * smaller


def _holds(looked: Looked) -> bool:
    """Whether each half of the history shows it by itself."""
    whole = looked.apart
    if whole is None:
        return False
    return all(
        half is not None and half * whole > 0 and abs(half) >= HOLDS * abs(whole)
        for half in looked.halves
    )
