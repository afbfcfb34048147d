"""Which sub-commands somebody may mean who writes something else."""

import difflib
import re
from collections.abc import Mapping

from bot.slack.command import Subcommand

#: How many are offered.
MOST = 3

#: How alike a word must be to one that is known.
ALIKE = 0.75

_WORD = re.compile(r"[^\W_]+")


def nearest(text: str, subcommands: Mapping[str, Subcommand]) -> list[str]:
    """The names of those it may be, the likeliest first; nothing where it is like none.

    A word counts that is a sub-command's name, or one of those people use for it, or nearly so; two
    of them more than one, and an earlier one more than a later one.
    """
    known: dict[str, set[str]] = {}
    for name, each in subcommands.items():
        for word in (name, *each.also):
            known.setdefault(word, set()).add(name)
    found: dict[str, float] = {}
    typed = dict.fromkeys(_WORD.findall(text.casefold())[:20])
    for place, word in enumerate(typed):
        for name, alike in _meant(word, known).items():
            # Of two that are alike the earlier word decides.
            found[name] = found.get(name, 0) + alike - place / 1000
    ordered = sorted(found, key=lambda name: (-found[name], name))
    return ordered[:MOST]


def _meant(word: str, known: Mapping[str, set[str]]) -> dict[str, float]:
    if word in known:
        return dict.fromkeys(known[word], 1.0)
    if len(word) < 4:
        # Of short words too many are alike.
        return {}
    near = difflib.get_close_matches(word, known, n=1, cutoff=ALIKE)
    return {name: 0.5 for each in near for name in known[each]}
