"""When the morning brief and the digest come, by each person's own clock and week."""

from datetime import date, datetime, time, timedelta

from coach.calendar import is_at_work, is_last_of_week, is_working_day, local_date, moment_on
from coach.models import Often, Person, Settings

#: What had no time in which it could be sent is still of use so long after.
LATE = timedelta(hours=3)

#: Who has pressed Start finds something before them for so long, at whatever hour.
BEGINNING = timedelta(minutes=15)

#: So long at most a brief waits for what the rules have to say.
LOOKING = timedelta(minutes=10)

#: What may still be put into a brief that was made so shortly before.
SAME_BRIEF = timedelta(minutes=15)

#: How many lines of a brief are read without pressing anything.
BRIEF_LINES = 3

#: Nobody is off for longer than this and still waits for a brief.
FAR = 366


def brief_on(day: date, person: Person) -> datetime | None:
    """When the brief of that day comes; `None` on a day off, or where there is none."""
    settings = person.settings
    if not settings.brief or not is_working_day(day, person):
        return None
    return moment_on(day, brief_time(settings), person)


def digest_on(day: date, person: Person) -> datetime | None:
    """When the digest of that day comes; the weekly one on the last working day of the week."""
    settings = person.settings
    match settings.digest:
        case Often.OFF:
            return None
        case Often.DAILY if not is_working_day(day, person):
            return None
        case Often.WEEKLY if not is_last_of_week(day, person):
            return None
    return moment_on(day, digest_time(settings), person)


def brief_time(settings: Settings) -> time:
    """When the brief comes; unless they have chosen a time, as work begins."""
    return settings.brief_at or settings.work_from


def digest_time(settings: Settings) -> time:
    """When the digest comes; unless they have chosen a time, an hour before work ends."""
    end = settings.work_until
    before = time(end.hour - 1, end.minute) if end.hour else time()
    return settings.digest_at or max(before, settings.work_from)


def brief_now(person: Person, now: datetime) -> datetime | None:
    """Since when it is time for today's brief; `None` while it is not, or not any more."""
    return _now(brief_on(local_date(now, person), person), now)


def brief_from(person: Person, now: datetime) -> datetime | None:
    """From when on today's brief can be made, at work; `None` while it is not its time."""
    since = brief_now(person, now)
    if since is None:
        return None
    return max(since, moment_on(local_date(now, person), person.settings.work_from, person))


def digest_now(person: Person, now: datetime) -> datetime | None:
    """Since when it is time for today's digest; `None` while it is not, or not any more."""
    return _now(digest_on(local_date(now, person), person), now)


def _now(since: datetime | None, now: datetime) -> datetime | None:
    return since if since is not None and since <= now < since + LATE else None


def next_brief(person: Person, now: datetime) -> datetime | None:
    """When the first brief after `now` comes."""
    if not person.settings.brief:
        return None
    today = local_date(now, person)
    days = (brief_on(today + timedelta(days=ahead), person) for ahead in range(FAR))
    return next((at for at in days if at is not None and at > now), None)


def next_digest(person: Person, now: datetime) -> datetime | None:
    """When the first digest after `now` comes."""
    if person.settings.digest is Often.OFF:
        return None
    today = local_date(now, person)
    days = (digest_on(today + timedelta(days=ahead), person) for ahead in range(FAR))
    return next((at for at in days if at is not None and at > now), None)


def has_just_begun(person: Person, now: datetime) -> bool:
    """Whether they pressed Start a moment ago: they are at it, and want to see something."""
    return person.began_at is not None and person.began_at <= now < person.began_at + BEGINNING


def is_time_for_brief(person: Person, now: datetime) -> bool:
    """Whether a brief is to be made now, or something is to be put into the one just made."""
    if adds_to_brief(person, now) or has_just_begun(person, now):
        return True
    made, since = person.brief_made_at, brief_now(person, now)
    return since is not None and is_at_work(now, person) and (made is None or made < since)


def waits_for_rules(person: Person, now: datetime) -> bool:
    """Whether a brief that is to be made now waits until the rules have looked at its person.

    As work begins all of them do; a brief made before has neither all that there is nor its order.
    After a while it comes as it is.
    """
    since = brief_from(person, now)
    if since is None or adds_to_brief(person, now) or has_just_begun(person, now):
        return False
    return is_time_for_brief(person, now) and now < since + LOOKING


def adds_to_brief(person: Person, now: datetime) -> bool:
    """Whether what belongs into a brief now goes into the latest one, made a moment ago."""
    made = person.brief_made_at
    return made is not None and made <= now < made + SAME_BRIEF


def is_time_for_digest(person: Person, now: datetime) -> bool:
    """Whether a digest is to be made now."""
    since, made = digest_now(person, now), person.digest_made_at
    return since is not None and (made is None or made < since) and is_at_work(now, person)


def digest_to_come(person: Person, now: datetime) -> bool:
    """Whether today's digest was not made yet, and is still to be."""
    at, made = digest_on(local_date(now, person), person), person.digest_made_at
    return at is not None and now < at + LATE and (made is None or made < at)
