"""What was done, as the screen and the card say it."""

from coach.models import Verb
from coach.phrases import Phrase, Value, say
from coach.writes import (
    CompleteTask,
    CreateTask,
    CrmWrite,
    DeleteTask,
    LogContact,
    MoveDeal,
    ReopenTask,
    RescheduleTask,
)


def words(write: CrmWrite, thing: Value) -> Phrase:
    """The change as done; `thing` is what was changed."""
    match write:
        case CreateTask():
            return say("Created “{task}”", task=thing)
        case CompleteTask():
            return say("Completed “{task}”", task=thing)
        case RescheduleTask():
            return say("Moved “{task}” to {date}", task=thing, date=write.due_date)
        case MoveDeal():
            return say("Moved “{deal}” to {stage}", deal=thing, stage=write.stage)
        case LogContact(verb=Verb.EMAIL_LOGGED):
            return say("Logged a mail to {contact}", contact=thing)
        case LogContact(verb=Verb.MEETING_BOOKED):
            return say("Logged a meeting with {contact}", contact=thing)
        case LogContact(verb=Verb.NOTE_LOGGED):
            return say("Logged a note on {contact}", contact=thing)
        case ReopenTask():
            return say("Reopened “{task}”", task=thing)
        case DeleteTask():
            return say("Deleted “{task}”", task=thing)
        case LogContact():
            return say("Logged a call with {contact}", contact=thing)
