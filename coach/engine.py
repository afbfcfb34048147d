"""How rules are asked: on what somebody did, and on time passing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import coach.rules
from coach import plugins
from coach.calendar import next_morning
from coach.errors import RuleFaultError
from coach.knowledge import Knowledge, Known
from coach.models import (
    Activity,
    Draft,
    InsightType,
    PastInsight,
    Person,
    Subject,
    Verb,
)
from coach.rule import ActionLook, ActionRule, PersonRule, Rule, TimeLook, TimeRule, Verdict
from coach.truth import TRUE, Standing, TruthLook, with_left
from coach.values import altered

#: An event told later than this is history: it updates the mirror, but calls forth no word.
FRESH = timedelta(minutes=15)

#: A look at a person is made up for within so long; after that it waits for its next time.
GOOD_FOR = timedelta(hours=12)

#: A look comes a little late, and the one of the next day may come a little less late: a day after
#: is a day after even so.
LATE = timedelta(minutes=15)


def load_rules() -> dict[str, Rule]:
    """Every rule by its file's name."""
    return plugins.load(coach.rules, "RULE", (ActionRule, TimeRule, PersonRule))


def time_rules(rules: Mapping[str, Rule]) -> dict[str, TimeRule]:
    """The rules that wait until a thing is due."""
    return {name: rule for name, rule in rules.items() if isinstance(rule, TimeRule)}


def action_rules(rules: Mapping[str, Rule]) -> dict[str, ActionRule]:
    """The rules that answer to what happens."""
    return {name: rule for name, rule in rules.items() if isinstance(rule, ActionRule)}


def person_rules(rules: Mapping[str, Rule]) -> dict[str, PersonRule]:
    """The rules that look at people by themselves."""
    return {name: rule for name, rule in rules.items() if isinstance(rule, PersonRule)}


def switched(rules: Mapping[str, Rule]) -> dict[str, Rule]:
    """The rules that are off until somebody wants them."""
    return {name: rule for name, rule in rules.items() if rule.switch is not None}


def type_of(rule: Rule) -> InsightType:
    """Which type of insight a rule makes."""
    if isinstance(rule, PersonRule):
        return rule.type
    return InsightType.ACTION if isinstance(rule, ActionRule) else InsightType.TIME


def is_news(occurred_at: datetime, received_at: datetime) -> bool:
    """Whether something was told soon after it happened; how long it then lay is not its fault."""
    return received_at - occurred_at <= FRESH


def on_activity(
    rules: Mapping[str, Rule],
    look: ActionLook,
) -> list[tuple[str, Draft]]:
    """What the action rules say of one activity, as (rule, draft); nothing for old news."""
    told_at = look.received_at or look.now
    if not is_news(look.activity.occurred_at, told_at) or not look.person.listens:
        return []
    said = []
    for name, rule in rules.items():
        if (
            isinstance(rule, ActionRule)
            and look.activity.verb in rule.verbs
            and is_heard(rule, look.person)
            and (draft := rule.evaluate(_recalling(look, name)))
            # It may have lain so long before it was worked on that it helps nobody any more.
            and draft.expires_at > look.now
        ):
            said.append((name, draft))
    return said


def _recalling(look: ActionLook, name: str) -> ActionLook:
    if not look.past:
        return look
    return replace(look, past=[each for each in look.past if each.rule == name])


def recalled(rules: Mapping[str, Rule], activity: Activity) -> dict[str, str]:
    """What the action rules go by of what they have said before: its mark, by rule."""
    return {
        name: mark
        for name, rule in rules.items()
        if isinstance(rule, ActionRule) and rule.recalls and activity.verb in rule.verbs
        if (mark := rule.recalls(activity)) is not None
    }


def shown(rules: Mapping[str, Rule], verbs: Iterable[Verb]) -> set[Knowledge[Any]]:
    """What the action rules for these verbs ask to be shown."""
    happened = set(verbs)
    return {
        what
        for rule in rules.values()
        if isinstance(rule, ActionRule) and rule.verbs & happened
        for what in rule.shown
    }


def is_heard(rule: Rule, person: Person | None) -> bool:
    """Whether somebody hears of a rule at all: at their level, and if they have switched it on."""
    if person is None or person.settings.level < rule.level:
        return False
    return is_switched_on(rule, person)


def is_switched_on(rule: Rule, person: Person) -> bool:
    """Whether a rule is on for somebody: most are, the others for whoever wants them."""
    return rule.switch is None or rule.switch in person.settings.also


def due(rule: TimeRule, subject: Subject, person: Person, known: Known) -> datetime | None:
    """When a thing is a rule's business if nothing happens to it; `None`: never.

    Of what somebody has not switched on nothing is ever due. Raises `RuleFaultError` when the rule
    cannot tell.
    """
    if not is_switched_on(rule, person):
        return None
    try:
        return rule.due(subject, person, known)
    except Exception as error:
        raise RuleFaultError(f"{type(error).__name__}: {error}") from error


def on_time(rule: TimeRule, look: TimeLook) -> Verdict:
    """What a time rule says to one person; nothing to one who does not listen, or over nothing.

    Raises `RuleFaultError` when the rule fails.
    """
    if not look.person.listens or not is_heard(rule, look.person) or not look.due:
        return Verdict()
    try:
        return _by_mornings(rule.evaluate(replace(look, past=_punctual(look.past))), look.person)
    except Exception as error:
        raise RuleFaultError(f"{type(error).__name__}: {error}") from error


def _punctual(past: Sequence[PastInsight]) -> list[PastInsight]:
    return [
        altered(
            each,
            created_at=each.created_at - LATE,
            # What was sent away is gone for whole days, and not back on the next morning.
            dismissed_at=each.dismissed_at and each.dismissed_at + LATE,
        )
        for each in past
    ]


def _by_mornings(verdict: Verdict, person: Person) -> Verdict:
    """The same, but what holds for a day holds until work begins on the day after.

    What is said again then takes the place of what went unanswered, and each thing is said once in
    a brief, whatever time of day it came up at.
    """

    def morning(at: datetime) -> datetime:
        return next_morning(at - LATE, person)

    return Verdict(
        [altered(draft, expires_at=morning(draft.expires_at)) for draft in verdict.drafts],
        None if verdict.again_at is None else morning(verdict.again_at),
        {key: morning(at) for key, at in verdict.later.items()},
    )


def on_person(rule: PersonRule, look: TimeLook) -> Verdict:
    """What a rule says to one person by itself, if it is its time, and when the next one is.

    Raises `RuleFaultError` when the rule fails.
    """
    person, now = look.person, look.now
    try:
        last, coming = _times(rule, person, now)
        hears = person.listens and is_heard(rule, person)
        spoken = last is None or any(earlier.created_at >= last for earlier in look.past)
        draft = rule.evaluate(look) if hears and not spoken else None
        return Verdict([draft] if draft else [], again_at=coming)
    except Exception as error:
        raise RuleFaultError(f"{type(error).__name__}: {error}") from error


def _times(rule: PersonRule, person: Person, now: datetime) -> tuple[datetime | None, datetime]:
    """The latest of a rule's times that is good still, if any is, and the next one to come."""
    last, since = None, now - GOOD_FOR
    while (at := rule.next(person, since)) <= now:
        if at <= since:
            raise ValueError(f"{at.isoformat()} does not come after {since.isoformat()}.")
        last = since = at
    return last, at


def known_for_truth(rules: Mapping[str, Rule], names: Iterable[str]) -> set[Knowledge[Any]]:
    """What these rules ask to be shown when they are asked whether something is still true."""
    found: set[Knowledge[Any]] = set()
    for name in names:
        rule = rules.get(name)
        if rule is not None:
            found |= {*rule.shown, *(() if isinstance(rule, PersonRule) else rule.knows)}
    return found


def still_true(rules: Mapping[str, Rule], look: TruthLook) -> Standing:
    """Whether an open insight is still true; where nothing can tell otherwise, it is.

    That is so for a rule that this version does not know, and of an insight that is about nothing
    in particular, unless its rule looks at people themselves. Raises `RuleFaultError` when the rule
    fails.
    """
    rule = rules.get(look.insight.rule)
    if rule is None or not (look.about or isinstance(rule, PersonRule)):
        return TRUE
    try:
        return rule.still_true(with_left(look, look.listed or _left(rule, look)))
    except Exception as error:
        raise RuleFaultError(f"{type(error).__name__}: {error}") from error


def _left(rule: Rule, look: TruthLook) -> list[Subject]:
    """Those things that are the person's and the rule's business now."""
    if not isinstance(rule, TimeRule):
        return []
    theirs = [each for each in look.things if each.person_id == look.person.id]
    moments = [(each, rule.due(each, look.person, look.known)) for each in theirs]
    return [each for each, at in moments if at is not None and at <= look.now]
