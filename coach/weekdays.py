"""Days of the week by the names people type: `monday`, `fri`."""

from datetime import date, timedelta

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def next_named(word: str, today: date, *, least: int = 3) -> date | None:
    """The next day whose name begins so, by at least so many letters; never today."""
    if len(word) < least:
        return None
    place = next((place for place, day in enumerate(_DAYS) if day.startswith(word)), None)
    return None if place is None else today + timedelta(days=(place - today.weekday() - 1) % 7 + 1)
