"""Columns that tell when a deal came to one stage: `Date entered "Proposal"` and its like."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from bot.importing.columns import compact

#: How a column says which stage it is about: in words, or by the CRM's own name for it.
_WORDS = (
    re.compile(r'(?:date|time) (?:of )?(?:entered|entering|entry)(?: into)? ["“”\']?(.+?)["“”\']?'),
    re.compile(r'entered ["“”\']?(.+?)["“”\']?(?: stage)?(?: on| at| date| time)?'),
    re.compile(r"(.+?)(?: stage)? (?:entered|entry)(?: on| at| date| time)?"),
)
_OWN = re.compile(r"hs (?:v2 )?date entered (.+)")

#: Salesforce writes this behind the name of a field of one's own.
_CUSTOM = re.compile(r"__c$")

_PIPELINE = re.compile(r"\s*\([^()]*\)$")

#: What is written for a stage that is called otherwise: “engage date” begins “Engaging”.
_ALSO = {"engagedate": "engaging"}


def stage_dates(
    header: Sequence[str], free: Callable[[int], bool], stages: Iterable[str]
) -> list[tuple[str, int]]:
    """The stage, as the file calls it, and the place of each such column that is `free`.

    A stage that no row of the file is in now is known by the column's own words only.
    """
    called: dict[str, str] = {}
    for name in stages:
        called.setdefault(compact(name), name)
        called.setdefault(key(name), name)
    found: list[tuple[str, int]] = []
    for place, column in enumerate(header):
        also = _ALSO.get(compact(column))
        if also is not None and also in called:
            found.append((called[also], place))
        elif free(place) and (stage := _stage(column, called)) is not None:
            found.append((stage, place))
    return found


def key(stage: str) -> str:
    """What stages are compared by: some exports write the pipeline behind their names."""
    return compact(_PIPELINE.sub("", stage))


def _stage(column: str, called: Mapping[str, str]) -> str | None:
    text = " ".join(_CUSTOM.sub("", column).replace("_", " ").split()).casefold()
    if match := _OWN.fullmatch(text):
        # An id, which is a name only where the file calls a stage so.
        return called.get(compact(match[1]))
    for place, pattern in enumerate(_WORDS):
        if match := pattern.fullmatch(text):
            named = match[1]
            if known := called.get(compact(named)) or called.get(key(named)):
                return known
            if place == 0 and '"' in column:
                # In its own spelling.
                quoted = column[column.index('"') :].strip().strip('"')
                return _PIPELINE.sub("", quoted) or None
    return None
