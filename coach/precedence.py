"""Of one thing one rule speaks at a time: the stronger one takes the place of the weaker.

A deal whose close date has passed has mostly been in its stage for long as well. Whoever is told
the one need not be told the other.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from coach.models import PastInsight
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


def strongest_first(rules: Mapping[str, Rule], names: Iterable[str]) -> list[str]:
    """In the order in which they are to be asked."""
    return sorted(names, key=lambda name: (len(stronger(rules, name)), name))


def silent_until(
    rules: Mapping[str, Rule],
    name: str,
    past: Mapping[str, Sequence[PastInsight]],
    muted: Collection[str],
    now: datetime,
) -> dict[str, datetime]:
    """Of which subjects a rule is to say nothing to a person, and until when.

    `past` is what the rules of `related` have said to them, newest first; `muted` are those of
    which they hear nothing. For a week after the stronger one has spoken of something the weaker
    one does not, unless that was settled; and what was left standing twice in a week, whichever of
    them said it, is not said once more.
    """
    found: dict[str, datetime] = {}
    if not any(past.values()):
        return found
    for other in stronger(rules, name) - set(muted):
        for each in past.get(other, ()):
            until = each.created_at + WEEK
            if until > now and not each.missed and each.settled is None:
                found[each.subject] = max(until, found.get(each.subject, until))
    own = {at for each in past.get(name, ()) for at in each.unanswered_at}
    left: dict[str, set[datetime]] = {}
    for other in related(rules, [name]):
        for each in past.get(other, ()):
            left.setdefault(each.subject, set()).update(each.unanswered_at)
    for subject, times in left.items():
        lately = sorted(at for at in times if at > now - WEEK)
        # How often it said it alone, attention counts.
        if len(lately) >= OFTEN and not own.issuperset(lately):
            until = lately[-OFTEN] + WEEK
            found[subject] = max(until, found.get(subject, until))
    return found
