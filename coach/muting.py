"""What a person wants to hear nothing of: a kind of advice, or all about one thing."""

from collections.abc import Collection, Iterable
from datetime import datetime

from coach.history import Mute
from coach.models import InsightType

#: What begins the name of a kind of advice among what is muted; a thing goes by `subject_key`.
KIND = "rule:"


def names_of(rule: str, type_: InsightType, subject: str, about: Collection[str]) -> set[str]:
    """By which names an insight can be muted as a whole; `about` are its things.

    Of a list of things only those that are muted are left out.
    """
    names = {f"{KIND}{rule}", subject}
    if type_ is InsightType.ACTION or len(about) == 1:
        names.update(about)
    return names


def mute_of(names: Collection[str], mutes: Iterable[Mute], now: datetime) -> Mute | None:
    """The mute in force that silences what goes by any of these names, the longest of several."""
    found = [
        mute for mute in mutes if mute.what in names and (mute.until is None or mute.until > now)
    ]
    return max(found, key=lambda mute: (mute.until is None, mute.until or now), default=None)
