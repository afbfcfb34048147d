"""The country somebody probably works in: to suggest whose public holidays are theirs."""

import re

from babel.core import get_global

from coach.models import Person
from coach.phrases import Phrase, say

#: How CLDR writes that a zone is of no country.
_NONE = frozenset({"001", "ZZ"})


def suggested(person: Person) -> Phrase | None:
    """That country, and by what it is theirs; `None`: nothing tells.

    A language is spoken in many countries, so that a time zone tells more.
    """
    if here := _of_zone(person.time_zone or ""):
        return say("{country}, by your time zone", country=here)
    spoken = re.search(r"[-_]([A-Z]{2})$", person.locale or "")
    return say("{country}, by your language in Slack", country=spoken[1]) if spoken else None


def not_chosen(person: Person) -> Phrase | None:
    """That public holidays do not count for somebody who has chosen no country."""
    if person.settings.holidays:
        return None
    country = suggested(person)
    if country is None:
        return say(
            "Public holidays count as working days until you choose your country in settings."
        )
    return say(
        "Public holidays count as working days until you choose your country in settings "
        "({country}).",
        country=country,
    )


def _of_zone(name: str) -> str | None:
    if "/" not in name:
        # `CET` and the like, which CLDR takes for one city of many.
        return None
    now_called = get_global("zone_aliases").get(name, name)
    country: str | None = get_global("zone_territories").get(now_called)
    return None if country in _NONE else country
