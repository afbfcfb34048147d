"""What a rule is, and how rules are asked: on an action, and on time passing."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Flag, auto

import coach.rules
from coach import plugins
from coach.models import (
    Activity,
    Contact,
    Deal,
    Draft,
    Enrolment,
    InsightState,
    InsightType,
    Level,
    PastInsight,
    Person,
    Priority,
    Subject,
    SubjectKind,
    Task,
    Verb,
)

#: An event told later than this is history: it updates the mirror, but calls forth no word.
FRESH = timedelta(minutes=15)


class Need(Flag):
    """What an action rule must be shown besides the activity; loaded for a whole batch at once."""

    NOTHING = 0
    #: The person's pending tasks of high and urgent priority.
    PRESSING_TASKS = auto()


@dataclass(frozen=True, slots=True)
class ActionLook:
    """What an action rule sees: one activity of one person, and what it asked for."""

    now: datetime
    person: Person
    activity: Activity
    pressing_tasks: Sequence[Task] = ()
    #: When we were told of the activity, if that was before now.
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ActionRule:
    """A rule that answers something a person has just done."""

    #: One sentence for people: what it watches for and what it suggests.
    summary: str
    #: The least level at which a person hears of it.
    level: Level
    verbs: frozenset[Verb]
    evaluate: Callable[[ActionLook], Draft | None]
    needs: Need = Need.NOTHING


@dataclass(frozen=True, slots=True)
class TimeLook:
    """What a time rule sees of one person: everything ripe, and what was said before."""

    now: datetime
    person: Person
    #: All of the person's subjects of the rule's kind that are ripe, in no particular order.
    ripe: Sequence[Subject]
    #: What this rule has said to this person of late, newest first.
    past: Sequence[PastInsight]
    #: The value from which a deal belongs to the person's largest tenth; none for few deals.
    large_value: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a time rule says, and when to look again at each subject that stays ripe."""

    drafts: Sequence[Draft] = ()
    #: When to look at any ripe subject again; a subject in `again_at_for` has its own time.
    again_at: datetime | None = None
    again_at_for: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TimeRule:
    """A rule that speaks when something has gone on for too long.

    A subject is *ripe* when its `since` field is at or before `cutoff(now, person)`; `ripe_at` is
    the inverse: the instant at which a subject becomes ripe if nothing happens (`None`: never).
    """

    summary: str
    level: Level
    kind: SubjectKind
    #: The mirror's field that starts the wait.
    since: str
    cutoff: Callable[[datetime, Person], datetime | date]
    ripe_at: Callable[[Subject, Person], datetime | None]
    evaluate: Callable[[TimeLook], Verdict]
    #: Whether `TimeLook.large_value` is wanted.
    wants_large_value: bool = False


Rule = ActionRule | TimeRule


def load_rules() -> dict[str, Rule]:
    """Every rule by its file's name."""
    return plugins.load(coach.rules, "RULE", (ActionRule, TimeRule))


def type_of(rule: Rule) -> InsightType:
    """Which type of insight a rule makes."""
    return InsightType.ACTION if isinstance(rule, ActionRule) else InsightType.TIME


def fingerprint(workspace_id: str, rule: str, draft: Draft) -> str:
    """The identity of an insight: rule, person, subject and occasion; 32 hexadecimal digits."""
    parts = (workspace_id, rule, draft.person_id, draft.subject, draft.occasion)
    # JSON keeps the parts apart whatever is in them: ids are a stranger's text.
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def admits(level: Level, priority: Priority) -> bool:
    """Whether a person at this level is interrupted by an insight of this priority."""
    return priority + level > Priority.HIGH


def is_news(occurred_at: datetime, received_at: datetime) -> bool:
    """Whether something was told soon after it happened; how long it then lay is not its fault."""
    return received_at - occurred_at <= FRESH


def first_state(person: Person, priority: Priority) -> InsightState:
    """Where a new insight begins: held without consent, quiet below the level, else queued."""
    if not admits(person.settings.level, priority):
        return InsightState.QUIET
    if person.slack_user_id is None or person.enrolment is not Enrolment.STARTED:
        return InsightState.HELD
    return InsightState.QUEUED


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
            and look.person.settings.level >= rule.level
            and (draft := rule.evaluate(look))
        ):
            said.append((name, draft))
    return said


def needs(rules: Mapping[str, Rule], verbs: Iterable[Verb]) -> Need:
    """What the action rules for these verbs must be shown."""
    wanted, happened = Need.NOTHING, set(verbs)
    for rule in rules.values():
        if isinstance(rule, ActionRule) and rule.verbs & happened:
            wanted |= rule.needs
    return wanted


def on_time(rules: Mapping[str, Rule], name: str, look: TimeLook) -> Verdict:
    """What one time rule says to one person; a person who does not listen is looked at next day."""
    rule = rules[name]
    if not isinstance(rule, TimeRule):
        raise TypeError(f"{name} is not a time rule")
    if not look.person.listens or look.person.settings.level < rule.level or not look.ripe:
        return Verdict(again_at=look.now + timedelta(days=1))
    return rule.evaluate(look)


def next_check(
    rules: Mapping[str, Rule], kind: SubjectKind, subject: Subject, person: Person
) -> datetime | None:
    """When the clock must look at a subject: the earliest of what its time rules ask; or never."""
    moments = [
        moment
        for rule in rules.values()
        if isinstance(rule, TimeRule) and rule.kind is kind
        if (moment := rule.ripe_at(subject, person)) is not None
    ]
    return min(moments, default=None)


def subject_key(subject: Subject) -> str:
    """One word for a subject, unique in its workspace: `deal:c1:D-17`."""
    match subject:
        case Deal():
            kind = SubjectKind.DEAL
        case Contact():
            kind = SubjectKind.CONTACT
        case Task():
            kind = SubjectKind.TASK
    return f"{kind}:{subject.connection_id}:{subject.id}"
