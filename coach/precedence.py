"""Of one thing one rule speaks at a time: the stronger one takes the place of the weaker.

A deal whose close date has passed has mostly been in its stage for long as well. Whoever is told
the one need not be told the other.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from coach.chain import admits
from coach.keys import key_of
from coach.models import PastInsight, Person
from coach.one_by_one import RESTS
from coach.repetition import OFTEN, WEEK
from coach.rule import Rule, TimeRule


def weaker(rules: Mapping[str, Rule], name: str) -> frozenset[str]:
    """The rules that a rule takes the place of."""
    rule = rules.get(name)
    return rule.instead_of if isinstance(rule, TimeRule) else frozenset()


def stronger(rules: Mapping[str, Rule], name: str) -> set[str]:
    """The rules that take the place of a rule."""
    return {
        each
        for each, rule in rules.items()
        if isinstance(rule, TimeRule) and name in rule.instead_of
    }


def related(rules: Mapping[str, Rule], names: Iterable[str]) -> set[str]:
    """These rules, and those that take the place of them, or the other way around."""
    found = set(names)
    return found.union(*(weaker(rules, name) | stronger(rules, name) for name in found))


def speakers(rules: Mapping[str, Rule], name: str) -> set[str]:
    """The rules that speak one by one of what a list leaves out then."""
    return {
        each
        for each, rule in rules.items()
        if isinstance(rule, TimeRule) and name in rule.left_out_of
    }


def strongest_first(rules: Mapping[str, Rule], names: Iterable[str]) -> list[str]:
    """In the order in which they are to be asked: lists know what was said by itself."""

    def place(name: str) -> tuple[bool, int, str]:
        return bool(speakers(rules, name)), len(stronger(rules, name)), name

    return sorted(names, key=place)


#: For so long after the stronger one has spoken of something the weaker one does not.
FORTNIGHT = timedelta(days=14)


def silent_until(
    rules: Mapping[str, Rule],
    name: str,
    past: Mapping[str, Sequence[PastInsight]],
    muted: Collection[str],
    now: datetime,
) -> dict[str, datetime]:
    """Of which subjects a rule is to say nothing to a person, and until when.

    `past` is what the rules of `related` have said to them, newest first; `muted` are those of
    which they hear nothing. One thing has one voice: for a fortnight after the stronger rule has
    spoken of something the weaker one does not, and for a week where that was settled since. Nor
    does the stronger one for a week after the weaker one did, unless what it tells is worse by
    itself: where that one speaks of it again and again, it has its turn after a fortnight. And what
    was left standing twice in a week, whichever of them said it, is not said once more.
    """
    found: dict[str, datetime] = {}
    if not any(past.values()):
        return found

    def rests(subject: str, until: datetime) -> None:
        if until > now:
            found[subject] = max(until, found.get(subject, until))

    for other in stronger(rules, name) - set(muted):
        settled: set[str] = set()
        for each in past.get(other, ()):
            if each.settled is not None:
                settled.add(each.subject)
            # What is settled by now is settled of what was said of it before, too.
            rest = WEEK if each.subject in settled else FORTNIGHT
            if (until := _rests_until(each, rest)) is not None:
                rests(each.subject, until)
    rule = rules.get(name)
    if isinstance(rule, TimeRule) and not rule.worsens:
        for other in rule.instead_of:
            for subject, (first, last) in _spells(past.get(other, ())).items():
                rests(subject, max(min(last + WEEK, first + FORTNIGHT), last + RESTS))
    own = {at for each in past.get(name, ()) for at in each.unanswered_at}
    left: dict[str, set[datetime]] = {}
    for other in related(rules, [name]):
        for each in past.get(other, ()):
            left.setdefault(each.subject, set()).update(each.unanswered_at)
    for subject, times in left.items():
        lately = sorted(at for at in times if at > now - WEEK)
        # How often it said it alone, attention counts.
        if len(lately) >= OFTEN and not own.issuperset(lately):
            rests(subject, lately[-OFTEN] + WEEK)
    return found


def _rests_until(each: PastInsight, rest: timedelta) -> datetime | None:
    """Until when nothing else is to be said of what an insight said; `None`: it does not matter.

    What was settled and never said silences nothing.
    """
    if each.missed:
        return None
    if each.settled is not None:
        return None if each.said_at is None else each.said_at + min(rest, WEEK)
    return each.created_at + rest


def _spells(past: Sequence[PastInsight]) -> dict[str, tuple[datetime, datetime]]:
    """From when to when each thing was spoken of again and again; `past` is newest first."""
    found: dict[str, tuple[datetime, datetime]] = {}
    for each in past:
        if each.missed or (each.settled is not None and each.said_at is None):
            continue
        first, last = found.get(each.subject, (each.created_at, each.created_at))
        if first - each.created_at < FORTNIGHT:
            found[each.subject] = each.created_at, last
    return found


def left_out_until(
    rules: Mapping[str, Rule],
    name: str,
    past: Mapping[str, Sequence[PastInsight]],
    muted: Collection[str],
    person: Person,
    now: datetime,
) -> dict[str, datetime]:
    """Which things a list leaves out for a person, and until when: they hear of them by themselves.

    `past` is what the `speakers` have said. What does not interrupt at their level leaves the list
    as it is: there it would be told of sooner.
    """
    found: dict[str, datetime] = {}
    rule = rules.get(name)
    if not isinstance(rule, TimeRule):
        return found
    for other in speakers(rules, name) - set(muted):
        for each in past.get(other, ()):
            until = None if each.settled is not None else _rests_until(each, WEEK)
            if until is None or until <= now or not admits(person.settings.level, each.priority):
                continue
            for thing in each.about:
                if thing.kind is rule.kind:
                    key = key_of(thing)
                    found[key] = max(until, found.get(key, until))
    return found
