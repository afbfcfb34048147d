"""What was done, in a few words for the screen and the card."""

from coach.models import Verb
from coach.writes import CompleteTask, CreateTask, CrmWrite, LogContact, MoveDeal, RescheduleTask

_SAID = {
    Verb.CALL_LOGGED: "Logged a call with",
    Verb.EMAIL_LOGGED: "Logged a mail to",
    Verb.MEETING_BOOKED: "Logged a meeting with",
    Verb.NOTE_LOGGED: "Logged a note on",
}


def words(write: CrmWrite, name: str) -> str:
    """The change as done; `name` is what people know the thing by."""
    match write:
        case CreateTask():
            return f"Created “{write.title}”"
        case CompleteTask():
            return f"Completed “{name}”"
        case RescheduleTask():
            return f"Moved “{name}” to {write.due_date:%a %-d %b}"
        case LogContact():
            return f"{_SAID[write.verb]} {name}"
        case MoveDeal():
            return f"Moved “{name}” to {write.stage}"
