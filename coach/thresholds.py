"""Each person's settings: defaults, ranges, and the numbers in force."""

import re
from collections.abc import Collection, Mapping

from coach.errors import SettingError
from coach.models import Level, Person
from coach.phrases import say

#: Default, least and greatest of every number a person can set, in working days.
STALE_LEAD_DAYS = (7, 1, 30)
STUCK_DEAL_DAYS = (14, 1, 60)

#: ISO weekdays, Monday is 1.
WEEK = range(1, 8)

RANGES: Mapping[str, tuple[int, int, int]] = {
    "stale_lead_days": STALE_LEAD_DAYS,
    "stuck_deal_days": STUCK_DEAL_DAYS,
}


def stale_lead_days(person: Person) -> int:
    """After how many working days without contact a lead is stale for this person."""
    return person.settings.stale_lead_days or STALE_LEAD_DAYS[0]


def stuck_deal_days(person: Person) -> int:
    """After how many working days in one stage a deal is stuck for this person."""
    return person.settings.stuck_deal_days or STUCK_DEAL_DAYS[0]


def checked_days(setting: str, text: str | None) -> int | None:
    """The number a person typed for a setting; `None` for an empty field, which means the default.

    Raises `SettingError` that names the range.
    """
    default, least, most = RANGES[setting]
    if text is None or not text.strip():
        return None
    # Not everything that `int` reads is a number to people.
    digits = re.fullmatch(r"[0-9]{1,9}", text.strip())
    number = int(digits[0]) if digits else least - 1
    if not least <= number <= most:
        raise SettingError(
            setting,
            say(
                "Enter a whole number from {least} to {most}, or nothing for {default}.",
                least=least,
                most=most,
                default=default,
            ),
        )
    return number


def level_named(text: str) -> Level:
    """The level a person typed: 1 to 3, or its name.

    Raises `SettingError` that lists them.
    """
    word = text.strip().lower()
    for level in Level:
        if word in {str(int(level)), level.name.lower()}:
            return level
    raise SettingError("level", say("Choose a level: 1 minimal, 2 balanced or 3 active."))


def working_days_chosen(values: Collection[str]) -> tuple[int, ...]:
    """The working days a person ticked, as ISO weekdays in order, from the values of a form.

    Raises `SettingError` for none, and for one that is no day of the week.
    """
    if not values:
        raise SettingError("working_days", say("Choose at least one working day."))
    if unknown := set(values) - {str(day) for day in WEEK}:
        raise SettingError(
            "working_days",
            say("“{day}” is no day of the week; choose from Monday to Sunday.", day=min(unknown)),
        )
    return tuple(sorted({int(value) for value in values}))
