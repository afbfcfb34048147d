"""A rule as somebody else might write it: a word to every person on Monday morning."""

from datetime import datetime, time, timedelta

from coach.calendar import local_date, zone
from coach.knowledge import PRESSING_TASKS
from coach.models import Draft, Level, Person, Priority, Suggestion
from coach.phrases import counted, say
from coach.rule import PersonRule, TimeLook
from coach.truth import always

MONDAY, MORNING = 1, time(9)


def next_monday(person: Person, after: datetime) -> datetime:
    """The first Monday at nine where the person is, after that instant."""
    here = zone(person.time_zone)
    day = local_date(after, person)
    while True:
        at = datetime.combine(day, MORNING, here)
        if day.isoweekday() == MONDAY and at > after:
            return at
        day += timedelta(days=1)


def evaluate(look: TimeLook) -> Draft | None:
    """How many important tasks the week begins with; nothing without one."""
    waiting = len(look.known[PRESSING_TASKS])
    if not waiting:
        return None
    day = local_date(look.now, look.person)
    return Draft(
        person_id=look.person.id,
        subject=f"person:{look.person.id}",
        occasion=day.isoformat(),
        priority=Priority.MEDIUM,
        message=counted(
            "Your week begins with {count} important task.",
            "Your week begins with {count} important tasks.",
            "count",
            count=waiting,
        ),
        reason=say("A week goes the way its Monday goes."),
        suggestion=Suggestion("view_overdue_tasks"),
        expires_at=look.now + timedelta(days=1),
    )


RULE = PersonRule(
    called=say("Weekly looks"),
    summary=say("On Monday morning: how much of importance waits."),
    level=Level.BALANCED,
    next=next_monday,
    evaluate=evaluate,
    # The week began with so many, whatever becomes of them.
    still_true=always,
    shown=(PRESSING_TASKS,),
)
