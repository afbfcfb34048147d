"""Tests of an insight's states: every way that is allowed, and that no other is."""

import itertools

import pytest

from coach import lifecycle
from coach.errors import LifecycleError
from coach.models import InsightState as S

ALLOWED = {
    (S.HELD, S.QUEUED),
    (S.HELD, S.QUIET),
    (S.HELD, S.TAKEN),
    (S.HELD, S.DISMISSED),
    (S.HELD, S.EXPIRED),
    (S.QUIET, S.QUEUED),
    (S.QUIET, S.TAKEN),
    (S.QUIET, S.DISMISSED),
    (S.QUIET, S.EXPIRED),
    (S.QUEUED, S.SENDING),
    (S.QUEUED, S.HELD),
    (S.QUEUED, S.QUIET),
    (S.QUEUED, S.TAKEN),
    (S.QUEUED, S.DISMISSED),
    (S.QUEUED, S.EXPIRED),
    (S.SENDING, S.SENT),
    (S.SENDING, S.QUEUED),
    (S.SENDING, S.FAILED),
    (S.SENDING, S.TAKEN),
    (S.SENDING, S.DISMISSED),
    (S.SENDING, S.EXPIRED),
    (S.SENT, S.TAKEN),
    (S.SENT, S.DISMISSED),
    (S.SENT, S.EXPIRED),
    (S.FAILED, S.QUEUED),
    (S.FAILED, S.QUIET),
    (S.FAILED, S.TAKEN),
    (S.FAILED, S.DISMISSED),
    (S.FAILED, S.EXPIRED),
}


@pytest.mark.parametrize(("before", "after"), sorted(ALLOWED))
def test_an_insight_may_go(before: S, after: S) -> None:
    lifecycle.check(before, after)
    assert before in lifecycle.sources(after)


@pytest.mark.parametrize(
    ("before", "after"), sorted(set(itertools.product(S, S)) - ALLOWED), ids=str
)
def test_an_insight_may_not_go(before: S, after: S) -> None:
    with pytest.raises(LifecycleError, match=f"that is {before} cannot become {after}"):
        lifecycle.check(before, after)
    assert before not in lifecycle.sources(after)


def test_every_state_is_either_pending_or_decided() -> None:
    assert {S.TAKEN, S.DISMISSED, S.EXPIRED} == lifecycle.DECIDED
    assert set(S) - lifecycle.DECIDED == lifecycle.PENDING


def test_every_pending_insight_can_be_decided_any_way() -> None:
    for state, decision in itertools.product(lifecycle.PENDING, lifecycle.DECIDED):
        assert state in lifecycle.sources(decision)
