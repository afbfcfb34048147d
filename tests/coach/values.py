"""Values that tests of the domain are made from, and short ways to ask its rules."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from coach import engine
from coach.action import ActionView
from coach.keys import fingerprint
from coach.knowledge import LARGE_VALUE, PRESSING_TASKS, Known
from coach.models import (
    Activity,
    Contact,
    Deal,
    DealStatus,
    Draft,
    Enrolment,
    Insight,
    InsightState,
    PastInsight,
    Person,
    Settings,
    Subject,
    Task,
    TaskPriority,
    Verb,
)
from coach.rule import ActionLook, Rule, TimeLook, TimeRule, Verdict
from coach.truth import Changed, Over, Standing, StillTrue, TruthLook
from coach.wording import plain

#: A Monday morning; ten o'clock in Madrid.
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

ANA = Person(
    "w1",
    "p1",
    "Ana Ruiz",
    "ana@northwind.example",
    "U01ANA",
    "Europe/Madrid",
    Enrolment.STARTED,
    Settings(),
)

WON = Deal(
    "c1",
    "D-17",
    "Acme renewal",
    "Closed Won",
    DealStatus.WON,
    value=Decimal("12000.00"),
    currency="EUR",
    contact_id="C-9",
    person_id="p1",
    url="https://crm.example/deals/17",
    created_at=NOW - timedelta(days=30),
    closed_at=NOW,
)

ANN = Contact("c1", "C-9", "Ann Lee", "ann@acme.example", url="https://crm.example/contacts/9")

CALL = Task(
    "c1",
    "T-1",
    "Call Bo",
    priority=TaskPriority.HIGH,
    due_date=date(2026, 11, 25),
    person_id="p1",
)


def setting(**changes: Any) -> Person:
    """Ana with some settings changed."""
    return replace(ANA, settings=replace(ANA.settings, **changes))


def did(verb: Verb, **things: Any) -> ActionLook:
    """A look at what Ana has just done."""
    pressing: Sequence[Task] = things.pop("pressing_tasks", ())
    person: Person = things.pop("person", ANA)
    at: datetime = things.pop("occurred_at", NOW)
    activity = Activity("w1", "c1", verb, at, person.id, **things)
    return ActionLook(NOW, person, activity, Known({PRESSING_TASKS.name: pressing}))


def look(
    *due: Subject,
    now: datetime = NOW,
    person: Person = ANA,
    past: Sequence[PastInsight] = (),
    count: int | None = None,
    large_value: float | None = None,
) -> TimeLook:
    """What a time rule sees of Ana; `count` where more is due than is shown."""
    known = Known({LARGE_VALUE.name: {"EUR": large_value}})
    return TimeLook(now, person, due, len(due) if count is None else count, past, known)


def only(verdict: Verdict) -> Draft:
    """The one thing said."""
    (draft,) = verdict.drafts
    return draft


def said(
    draft: Draft, at: datetime, *, dismissed_at: datetime | None = None, taken: bool = False
) -> PastInsight:
    """A draft as rules see it later."""
    return PastInsight("rule", draft.subject, at, dismissed_at, draft.about, draft.occasion, taken)


def words(draft: Draft | None) -> str:
    """What a draft says, in bare words."""
    assert draft is not None
    return plain(draft.message)


def reason(draft: Draft | None) -> str:
    """Why it says so, in bare words."""
    assert draft is not None
    return plain(draft.reason)


def dismissals_until_silence(rule: TimeRule, *due: Subject, person: Person = ANA) -> list[float]:
    """A person dismisses whatever a rule says, at once: after how many days it speaks each time.

    Looks every hour, as long as a rule that has gone silent needs to be believed.
    """
    past: list[PastInsight] = []
    spoke: list[float] = []
    for hour in range(24 * 90):
        now = NOW + timedelta(hours=hour)
        verdict = rule.evaluate(look(*due, now=now, person=person, past=past))
        for draft in verdict.drafts:
            past.insert(0, said(draft, now, dismissed_at=now))
            spoke.append(hour / 24)
    return spoke


def stored(draft: Draft, rule: Rule) -> Insight:
    """A draft as it is once it was stored, as an insight of the rule named `rule`."""
    return Insight(
        "w1",
        fingerprint("w1", "rule", draft),
        draft.person_id,
        "rule",
        engine.type_of(rule),
        draft.priority,
        draft.subject,
        draft.message,
        draft.reason,
        replace(draft.suggestion, params=draft.suggestion.kept),
        InsightState.OPEN,
        NOW,
        draft.expires_at,
    )


def truth(
    rule: Rule,
    draft: Draft | None,
    *things: Subject,
    now: datetime = NOW,
    person: Person = ANA,
    known: Known | None = None,
    here: Sequence[str] = (),
    seen: bool = False,
) -> str:
    """What a rule says of its own draft, when the mirror has these things: in bare words.

    “still true”, what it says now, or what has settled it.
    """
    assert draft is not None
    match standing(rule, draft, *things, now=now, person=person, known=known, here=here, seen=seen):
        case Over(words):
            return plain(words)
        case Changed() as new if not new.says_the_same(stored(draft, rule), draft.about):
            return plain(new.message)
        case Changed() | StillTrue():
            return "still true"


def truth_of_reason(
    rule: Rule, draft: Draft, *things: Subject, now: datetime = NOW, known: Known | None = None
) -> str:
    """Why a rule says what it says of these things now, in bare words."""
    new = standing(rule, draft, *things, now=now, known=known)
    return plain(new.reason if isinstance(new, Changed) else draft.reason)


def standing(
    rule: Rule,
    draft: Draft,
    *things: Subject,
    now: datetime = NOW,
    person: Person = ANA,
    known: Known | None = None,
    here: Sequence[str] = (),
    seen: bool = False,
) -> Standing:
    """What a rule answers of its own draft, when the mirror has these things."""
    look = TruthLook(
        now,
        person,
        replace(stored(draft, rule), seen_at=NOW if seen else None),
        draft.about,
        things,
        known or Known(),
        here=frozenset(here),
    )
    return engine.still_true({"rule": rule}, look)


def view(**things: Any) -> ActionView:
    """What an action sees for Ana."""
    params = things.pop("params", {})
    return ActionView(NOW, ANA, date(2026, 11, 23), params, "coach-new", **things)
