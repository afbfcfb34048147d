"""Kinds of advice by the names that people type for them."""

import difflib
from collections.abc import Mapping

from coach.phrases import Phrase
from coach.rule import Rule
from coach.wording import Voice, plain


def named(rules: Mapping[str, Rule], name: str, voice: Voice) -> str | None:
    """The rule that goes by this name: its own, or what it is called, in English or in theirs."""
    return _by_name(rules, voice).get(name.casefold())


def nearest(rules: Mapping[str, Rule], name: str, voice: Voice) -> Phrase | None:
    """What the kind is called that was probably meant."""
    by_name = _by_name(rules, voice)
    near = difflib.get_close_matches(name.casefold(), by_name, n=1, cutoff=0.75)
    return rules[by_name[near[0]]].called if near else None


def _by_name(rules: Mapping[str, Rule], voice: Voice) -> dict[str, str]:
    return {
        word.casefold(): rule
        for rule, each in rules.items()
        for word in (
            rule,
            rule.replace("_", " "),
            plain(each.called),
            plain(each.called, voice),
        )
    }
