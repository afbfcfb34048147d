"""What somebody has changed of their settings, in words: each by what it is now."""

from collections.abc import Callable, Mapping, Sequence
from datetime import time
from typing import NamedTuple

from coach.models import Often, Person, Settings
from coach.phrases import Phrase, Value, counted, facts, say
from coach.terms import LEVEL_NAMES, so_many_days
from coach.thresholds import DAILY_CAPS, STALE_LEAD_DAYS, STUCK_DEAL_DAYS


class Names(NamedTuple):
    """What things are called in the person's words."""

    #: The days of the week, Monday first.
    days: Sequence[str]
    #: Kinds of advice, by their rules.
    kinds: Mapping[str, Phrase]


def changed(before: Settings, after: Settings, names: Names) -> list[Phrase]:
    """One phrase for each setting that is another now."""
    return [
        told(after, names)
        for name, told in _TOLD.items()
        if getattr(before, name) != getattr(after, name)
    ]


def _at(at: time | None) -> str:
    return f"{at:%H:%M}" if at is not None else ""


def _brief_at(given: Settings, _: Names) -> Phrase:
    if given.brief_at is None:
        return say("the brief comes as your work begins")
    return say("the brief comes at {time}", time=_at(given.brief_at))


def _digest_at(given: Settings, _: Names) -> Phrase:
    if given.digest_at is None:
        return say("the digest comes an hour before your work ends")
    return say("the digest comes at {time}", time=_at(given.digest_at))


_OFTEN: Mapping[Often, Phrase] = {
    Often.OFF: say("no digest"),
    Often.DAILY: say("a digest each working day"),
    Often.WEEKLY: say("a digest once a week"),
}


def _stuck(given: Settings, _: Names) -> Phrase:
    if given.stuck_deal_days is None:
        return say("deals are stuck by what is usual with your team, or {time}", time=_default())
    return say("deals are stuck after {time}", time=so_many_days(given.stuck_deal_days))


def _default() -> Phrase:
    return so_many_days(STUCK_DEAL_DAYS[0])


def _stale(given: Settings, _: Names) -> Phrase:
    days = given.stale_lead_days or STALE_LEAD_DAYS[0]
    return say("leads go cold after {time}", time=so_many_days(days))


def _cap(given: Settings, _: Names) -> Phrase:
    return counted(
        "at most {count} message a day",
        "at most {count} messages a day",
        "count",
        count=given.daily_cap or DAILY_CAPS[given.level],
    )


def _days(given: Settings, names: Names) -> Phrase:
    listed: list[Value] = [names.days[day - 1] for day in given.working_days]
    return say("at work on {days}", days=facts(*listed))


def _also(given: Settings, names: Names) -> Phrase:
    if not given.also:
        return say("nothing more is heard of than usual")
    kinds = [names.kinds[each] for each in given.also if each in names.kinds]
    return say("also heard of: {kinds}", kinds=facts(*kinds))


_TOLD: Mapping[str, Callable[[Settings, Names], Phrase]] = {
    "enabled": lambda given, _: (
        say("the coach is on") if given.enabled else say("the coach is off")
    ),
    "level": lambda given, _: say(
        "level {number}, {name}", number=int(given.level), name=LEVEL_NAMES[given.level]
    ),
    "working_days": _days,
    "work_from": lambda given, _: say("work begins at {time}", time=_at(given.work_from)),
    "work_until": lambda given, _: say("work ends at {time}", time=_at(given.work_until)),
    "holidays": lambda given, _: (
        say("off on public holidays ({country})", country=given.holidays)
        if given.holidays
        else say("at work on public holidays")
    ),
    "brief": lambda given, _: say("a brief each morning") if given.brief else say("no brief"),
    "brief_at": _brief_at,
    "digest": lambda given, _: _OFTEN[given.digest],
    "digest_at": _digest_at,
    "daily_cap": _cap,
    "stale_lead_days": _stale,
    "stuck_deal_days": _stuck,
    "also": _also,
    "named": lambda given, _: (
        say("the team's channel names you when you win a deal")
        if given.named
        else say("the team's channel does not name you")
    ),
}


def saved(before: Person, after: Settings, names: Names) -> Phrase:
    """That it is saved, and what is another now."""
    told = changed(before.settings, after, names)
    if not told:
        return say("Saved. Nothing is another than before.")
    return say("Saved. From now on: {told}.", told=facts(*told))
