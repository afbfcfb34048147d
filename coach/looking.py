"""Looking at a team's history: every pattern asks, and the gate decides on all of it together."""

from collections.abc import Callable, Mapping

from coach.columns import History
from coach.gate import PEOPLE, Candidate, judged
from coach.pattern import Looked, Pattern, Scope, Whose


def look(
    patterns: Mapping[str, Pattern],
    history: History,
    progress: Callable[[int, int], None] | None = None,
) -> list[Candidate]:
    """Everything the patterns look at, the team's first, then person by person.

    All of it is one family: it is never asked about one person alone. `progress` hears of how many
    steps are done of how many.
    """
    own = history.by_owner()
    small = len(own) < PEOPLE
    found: list[tuple[str, int | None, Looked]] = []
    scopes: list[int | None] = [None, *own]
    for done, owner in enumerate(scopes):
        if progress is not None:
            progress(done, len(scopes))
        scope = Scope(history, history if owner is None else own[owner], owner)
        for name, pattern in patterns.items():
            if _asks(pattern.whose, owner, small=small):
                found += [(name, owner, each) for each in pattern.look(scope)]
    candidates = judged(patterns, found, small=small)
    if progress is not None:
        progress(len(scopes), len(scopes))
    return candidates


def _asks(whose: Whose, owner: int | None, *, small: bool) -> bool:
    if owner is None:
        return whose is not Whose.PERSON
    return whose is not Whose.TEAM or small
