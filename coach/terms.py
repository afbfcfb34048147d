"""What people call the domain's own values: priorities, levels, and how things stand."""

from collections.abc import Mapping

from coach.models import DealStatus, Level, SubjectKind, TaskPriority, Verb
from coach.phrases import Phrase, counted, say

#: How pressing a task is, inside a sentence.
PRIORITIES: Mapping[TaskPriority, Phrase] = {
    TaskPriority.LOW: say("low priority"),
    TaskPriority.MEDIUM: say("medium priority"),
    TaskPriority.HIGH: say("high priority"),
    TaskPriority.URGENT: say("urgent"),
}

#: The same by itself, as a choice.
PRIORITY_CHOICES: Mapping[TaskPriority, Phrase] = {
    TaskPriority.LOW: say("Low"),
    TaskPriority.MEDIUM: say("Medium"),
    TaskPriority.HIGH: say("High"),
    TaskPriority.URGENT: say("Urgent"),
}

#: The same as a fact about a task.
PRIORITY_FACTS: Mapping[TaskPriority, Phrase] = {
    TaskPriority.LOW: say("Low priority"),
    TaskPriority.MEDIUM: say("Medium priority"),
    TaskPriority.HIGH: say("High priority"),
    TaskPriority.URGENT: say("Urgent"),
}

#: How a deal that is no longer open ended.
CLOSED: Mapping[DealStatus, Phrase] = {
    DealStatus.WON: say("Closed won"),
    DealStatus.LOST: say("Closed lost"),
}

#: How much a person hears, inside a sentence.
LEVEL_NAMES: Mapping[Level, Phrase] = {
    Level.MINIMAL: say("minimal"),
    Level.BALANCED: say("balanced"),
    Level.ACTIVE: say("active"),
}

#: What happened, in a list of what happened.
VERBS: Mapping[Verb, Phrase] = {
    Verb.DEAL_CREATED: say("deal created"),
    Verb.DEAL_UPDATED: say("deal updated"),
    Verb.DEAL_STAGE_CHANGED: say("deal stage changed"),
    Verb.DEAL_CLOSED: say("deal closed"),
    Verb.DEAL_REOPENED: say("deal reopened"),
    Verb.DEAL_AMOUNT_CHANGED: say("deal amount changed"),
    Verb.DEAL_OWNER_CHANGED: say("deal owner changed"),
    Verb.DEAL_DELETED: say("deal deleted"),
    Verb.CONTACT_CREATED: say("contact created"),
    Verb.CONTACT_UPDATED: say("contact updated"),
    Verb.CONTACT_DELETED: say("contact deleted"),
    Verb.TASK_CREATED: say("task created"),
    Verb.TASK_UPDATED: say("task updated"),
    Verb.TASK_COMPLETED: say("task completed"),
    Verb.TASK_RESCHEDULED: say("task rescheduled"),
    Verb.TASK_DELETED: say("task deleted"),
    Verb.NOTE_LOGGED: say("note logged"),
    Verb.CALL_LOGGED: say("call logged"),
    Verb.EMAIL_LOGGED: say("email logged"),
    Verb.MEETING_BOOKED: say("meeting booked"),
    Verb.COMMAND_USED: say("command used"),
}


def so_many_days(days: int) -> Phrase:
    """A time in days, as people count them."""
    return counted("{days} day", "{days} days", "days", days=days)


def at_least_days(days: int) -> Phrase:
    """A time of so many days or more."""
    return counted("{days}+ days", "{days}+ days", "days", days=days)


def how_many(kind: SubjectKind, count: int) -> Phrase:
    """So many things of a kind."""
    match kind:
        case SubjectKind.DEAL:
            return counted("{count} deal", "{count} deals", "count", count=count)
        case SubjectKind.CONTACT:
            return counted("{count} contact", "{count} contacts", "count", count=count)
        case SubjectKind.TASK:
            return counted("{count} task", "{count} tasks", "count", count=count)
