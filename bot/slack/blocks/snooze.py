"""The window in which a day is chosen until which an insight is put off."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from bot.slack.blocks.pieces import VALUE, Json, field, modal
from coach.models import Person
from coach.phrases import TimeOfDay, say
from coach.postponing import morning_of
from coach.wording import Voice, plain

#: The `callback_id` of the modal.
CALLBACK = "snooze"


def snooze_modal(fingerprint: str, first: date, person: Person, voice: Voice) -> Json:
    """The modal; `first`, the beginning of next week, is chosen already."""
    hint = say(
        "It comes back as your work begins on that day, at {time}, or on the first working day "
        "after it. The day there now is the first one of next week.",
        time=TimeOfDay(morning_of(first, person)),
    )
    picker: Json = {"type": "datepicker", "initial_date": first.isoformat()}
    label, shown_hint = plain(say("Put it off until"), voice), plain(hint, voice)
    return modal(
        plain(say("Snooze"), voice),
        [field("day", label, picker, hint=shown_hint)],
        callback_id=CALLBACK,
        submit=plain(say("Snooze"), voice),
        close=plain(say("Cancel"), voice),
        private_metadata=fingerprint,
    )


def whose(view: Mapping[str, Any]) -> str:
    """The insight the modal is about."""
    return str(view.get("private_metadata") or "")


def day_in(view: Mapping[str, Any]) -> str | None:
    """The day that was chosen."""
    chosen = view["state"]["values"]["day"][VALUE].get("selected_date")
    return None if chosen is None else str(chosen)
