"""Where the playground's clock is set: on mornings at work, and on the week's last evening."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.playground.team import PEOPLE

#: Whose mornings they are: everything is told by this person's day.
_ZONE = ZoneInfo(PEOPLE[0].tz)

#: In Madrid and in London people are at work by then, and until then.
_MORNING, _EVENING = time(10, 5), time(17)

#: The digest of the week has come by then.
_FRIDAY, _DIGEST = 5, time(17, 5)


def until_at_work(now: datetime) -> timedelta:
    """How far a new playground's clock is ahead: none of its people is asleep or off."""
    here = now.astimezone(_ZONE)
    if here.isoweekday() <= 5 and _MORNING <= here.time() < _EVENING:
        return timedelta()
    return until_morning(now, 0 if here.time() < _MORNING else 1)


def until_next(now: datetime) -> timedelta:
    """How long it is until the next morning of work, or until the week's digest is there to see."""
    here = now.astimezone(_ZONE)
    if here.isoweekday() == _FRIDAY and here.time() < _DIGEST:
        return datetime.combine(here.date(), _DIGEST, _ZONE) - now
    return until_morning(now, 1)


def until_morning(now: datetime, days: int) -> timedelta:
    """How long it is until the first morning of work so many days ahead, or after."""
    day = now.astimezone(_ZONE).date() + timedelta(days=days)
    while day.isoweekday() > 5:
        day += timedelta(days=1)
    return datetime.combine(day, _MORNING, _ZONE) - now
