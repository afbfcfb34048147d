"""Each person's settings: defaults, ranges, and the numbers in force."""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import time

from coach.calendar import public_holidays
from coach.errors import SettingError
from coach.models import Level, Often, Person, Settings
from coach.phrases import say
from coach.timetable import brief_time, digest_time

#: Default, least and greatest of every number a person can set, in working days.
STALE_LEAD_DAYS = (7, 1, 30)
STUCK_DEAL_DAYS = (14, 1, 60)

#: ISO weekdays, Monday is 1.
WEEK = range(1, 8)

#: Messages of advice a day, by level, and the bounds of what a person may choose.
DAILY_CAPS = {Level.MINIMAL: 3, Level.BALANCED: 6, Level.ACTIVE: 12}
LEAST_A_DAY, MOST_A_DAY = 1, 30

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


def daily_cap(person: Person) -> int:
    """How many messages of advice this person gets in a day at most."""
    return person.settings.daily_cap or DAILY_CAPS[person.settings.level]


def checked_cap(text: str | None) -> int | None:
    """The cap a person typed; `None` for an empty field, which means what goes with the level.

    Raises `SettingError` that names the range.
    """
    if text is None or not text.strip():
        return None
    digits = re.fullmatch(r"[0-9]{1,9}", text.strip())
    number = int(digits[0]) if digits else 0
    if not LEAST_A_DAY <= number <= MOST_A_DAY:
        raise SettingError(
            "daily_cap",
            say(
                "Enter a whole number from {least} to {most}, or nothing for what goes with your "
                "level.",
                least=LEAST_A_DAY,
                most=MOST_A_DAY,
            ),
        )
    return number


def checked_time(setting: str, text: str | None) -> time | None:
    """The time of day a person chose, as `HH:MM`; `None` for none.

    Raises `SettingError` for what is no time.
    """
    if not text:
        return None
    found = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", text)
    if found is None:
        raise SettingError(setting, say("Choose a time of day, such as 09:00."))
    return time(int(found[1]), int(found[2]))


def often_chosen(text: str) -> Often:
    """How often the digest comes, from the value of a form.

    Raises `SettingError` for what is none of them.
    """
    try:
        return Often(text)
    except ValueError as error:
        raise SettingError("digest", say("Choose off, daily or weekly.")) from error


def at_odds(settings: Settings) -> Iterator[SettingError]:
    """What of these settings does not go together, each told at one of them."""
    if settings.work_until <= settings.work_from:
        later = say("Choose a time that is later than the start of your work.")
        yield SettingError("work_until", later)
        return
    within = say("Choose a time within your working hours: nothing comes outside them.")
    if settings.brief and not _is_in_hours(brief_time(settings), settings):
        yield SettingError("brief_at", within)
    if settings.digest is not Often.OFF and not _is_in_hours(digest_time(settings), settings):
        yield SettingError("digest_at", within)


def _is_in_hours(at: time, settings: Settings) -> bool:
    return settings.work_from <= at < settings.work_until


def checked_country(text: str | None) -> str | None:
    """The country, or the part of one, whose public holidays count; `None` for none.

    Raises `SettingError` for one whose holidays nobody knows.
    """
    name = (text or "").strip().upper()
    if not name:
        return None
    try:
        if not re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", name):
            raise ValueError(name)
        public_holidays(name, 2026)
    except ValueError as error:
        raise SettingError(
            "holidays",
            say("Enter a country by its two letters, such as DE, or a part of it, such as DE-BY."),
        ) from error
    return name


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
