"""The states of an insight and the only ways between them."""

from collections.abc import Mapping

from coach.errors import LifecycleError
from coach.models import InsightState as S

#: From each state, the states that may follow.
TRANSITIONS: Mapping[S, frozenset[S]] = {
    S.HELD: frozenset({S.QUEUED, S.QUIET, S.TAKEN, S.DISMISSED, S.EXPIRED}),
    S.QUIET: frozenset({S.QUEUED, S.TAKEN, S.DISMISSED, S.EXPIRED}),
    S.QUEUED: frozenset({S.SENDING, S.HELD, S.QUIET, S.TAKEN, S.DISMISSED, S.EXPIRED}),
    # A claim that failed for the moment goes back to the queue; one that ran out is expired.
    S.SENDING: frozenset({S.SENT, S.QUEUED, S.FAILED, S.TAKEN, S.DISMISSED, S.EXPIRED}),
    S.SENT: frozenset({S.TAKEN, S.DISMISSED, S.EXPIRED}),
    # A person may be reachable again after a permanent error was mended.
    S.FAILED: frozenset({S.QUEUED, S.QUIET, S.TAKEN, S.DISMISSED, S.EXPIRED}),
    S.TAKEN: frozenset(),
    S.DISMISSED: frozenset(),
    S.EXPIRED: frozenset(),
}

#: States in which the insight still waits for its person.
PENDING = frozenset(state for state, following in TRANSITIONS.items() if following)

#: States in which nothing more can happen.
DECIDED = frozenset(TRANSITIONS) - PENDING


def sources(target: S) -> frozenset[S]:
    """The states from which `target` may be reached: the `WHERE` of a conditional update."""
    return frozenset(state for state, following in TRANSITIONS.items() if target in following)


def check(before: S, after: S) -> None:
    """Raise `LifecycleError` unless an insight may go from `before` to `after`."""
    if after not in TRANSITIONS[before]:
        raise LifecycleError(f"An insight that is {before} cannot become {after}.")
