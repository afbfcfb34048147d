"""Many changes in one go: an import, an automation, a list marked and moved; no acts to answer."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from coach.models import InsightType
from coach.waiting import Waiting

#: So many of one kind within so short a time are no acts of a person.
BULK, WITHIN = 5, timedelta(seconds=10)


def in_one_go(times: Iterable[datetime]) -> list[datetime]:
    """Those of the times around which there are too many for somebody to have done each."""
    found: list[datetime] = []
    ordered = sorted(times)
    for first, last in zip(ordered, ordered[BULK - 1 :], strict=False):
        if last - first <= WITHIN:
            found += (first, last)
    return found


def in_bulk(waiting: Sequence[Waiting]) -> set[str]:
    """What came with many of its kind in one go, and was not said yet."""
    found: set[str] = set()
    by_rule: dict[str, list[tuple[datetime, Waiting]]] = defaultdict(list)
    for each in waiting:
        if each.type is InsightType.ACTION:
            by_rule[each.rule].append((each.told_at or each.created_at, each))
    for its in by_rule.values():
        many = [at for at, each in its if each.in_bulk] + in_one_go(at for at, _ in its)
        # What came just before or after belongs to it, however the bulk was cut into pieces.
        found |= {
            each.fingerprint
            for at, each in its
            if each.is_unsaid and any(abs(at - one) <= WITHIN for one in many)
        }
    return found
