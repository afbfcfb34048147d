"""Where the playground's clock is set: on mornings on which its people are at work."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.playground.team import PEOPLE

#: Whose mornings they are: everything is told by this person's day.
_ZONE = ZoneInfo(PEOPLE[0].tz)

#: In Madrid and in London people are at work by then, and until then.
_MORNING, _EVENING = time(10, 5), time(17)


def until_at_work(now: datetime) -> timedelta:
    """How far a new playground's clock is ahead: none of its people is asleep or off."""
    here = now.astimezone(_ZONE)
    if here.isoweekday() <= 5 and _MORNING <= here.time() < _EVENING:
        return timedelta()
    return until_morning(now, 0 if here.time() < _MORNING else 1)


def until_morning(now: datetime, days: int) -> timedelta:
    """How long it is until the first morning of work so many days ahead, or after."""
    day = now.astimezone(_ZONE).date() + timedelta(days=days)
    while day.isoweekday() > 5:
        day += timedelta(days=1)
    return datetime.combine(day, _MORNING, _ZONE) - now
