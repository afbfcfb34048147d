"""What happened to a thing, in a sentence that names it."""

from typing import Any

import pytest

from coach.happened import told
from coach.models import Verb
from coach.phrases import Thing
from coach.wording import plain


@pytest.mark.parametrize(
    ("verb", "changes", "said"),
    [
        (Verb.DEAL_STAGE_CHANGED, {"stage": ["A", "Negotiation"]}, "moved X to Negotiation"),
        (Verb.DEAL_STAGE_CHANGED, {}, "deal stage changed: X"),
        (Verb.DEAL_STAGE_CHANGED, {"stage": ["A", None]}, "deal stage changed: X"),
        (Verb.DEAL_CLOSED, {"status": ["open", "won"]}, "won X"),
        (Verb.DEAL_CLOSED, {"status": ["open", "lost"]}, "lost X"),
        (Verb.DEAL_CLOSED, {}, "deal closed: X"),
        (Verb.TASK_COMPLETED, {}, "completed X"),
        (Verb.TASK_RESCHEDULED, {"due_date": [None, "2026-12-04"]}, "moved X to Fri, 4 Dec 2026"),
        (Verb.TASK_RESCHEDULED, {"due_date": [None, "soon"]}, "task rescheduled: X"),
        (Verb.CALL_LOGGED, {}, "called X"),
        (Verb.DEAL_UPDATED, {"value": ["1", "2"]}, "deal updated: X"),
    ],
)
def test_it_names_what_became_of_it_as_far_as_that_was_told(
    verb: Verb, changes: dict[str, Any], said: str
) -> None:
    assert plain(told(verb, Thing("X"), changes)) == said


@pytest.mark.parametrize("verb", list(Verb))
def test_every_verb_is_told(verb: Verb) -> None:
    assert "X" in plain(told(verb, Thing("X"), {}))
