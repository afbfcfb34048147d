"""The menu of an insight: what else a person may want than to act or to send it away."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from bot.slack.blocks.pieces import Json
from coach.calendar import zone
from coach.phrases import Phrase, say
from coach.wording import Voice, plain, weekdays

#: The `action_id` of the menu.
MENU = "insight:menu"

ENTRIES: dict[str, Phrase] = {
    "dismiss": say("Dismiss"),
    "hour": say("Snooze for an hour"),
    "tomorrow": say("Snooze until the next day of work"),
    "day": say("Snooze until…"),
    "mute": say("Mute…"),
    "why": say("Why am I seeing this?"),
}

#: What stands in it; Slack takes five at most.
BESIDE_BUTTONS = ("hour", "tomorrow", "day", "mute", "why")

#: What stands in it where there is no room for another button.
INSTEAD = ("dismiss", "day", "mute", "why")


#: What parts the entry that puts off until the next morning from the day that it names.
_DAY = ":"


def menu(
    voice: Voice,
    entries: Iterable[str] = BESIDE_BUTTONS,
    *,
    now: datetime,
    morning: date | None = None,
) -> Json:
    """The menu, as one element among buttons.

    `morning` is the next day on which its person works, where that is known: it is named.
    """
    named = {} if morning is None else {"tomorrow": _until(morning, voice, now)}
    options = [named.get(value, (value, ENTRIES[value])) for value in entries]
    return {
        "type": "overflow",
        "action_id": MENU,
        "options": [_entry(value, words, voice) for value, words in options],
    }


def _until(day: date, voice: Voice, now: datetime) -> tuple[str, Phrase]:
    """The entry that puts off until a day, which it keeps: it may be pressed days later."""
    today = now.astimezone(zone(voice.time_zone)).date()
    if day == today + timedelta(days=1):
        return "tomorrow", say("Snooze until tomorrow")
    value = f"tomorrow{_DAY}{day.isoformat()}"
    if day < today + timedelta(days=7):
        return value, say("Snooze until {weekday}", weekday=weekdays(voice)[day.weekday()])
    return value, say("Snooze until {date}", date=day)


def chosen(value: str) -> tuple[str, date | None]:
    """Which entry was chosen, and the day that it names, if any."""
    entry, _, day = value.partition(_DAY)
    try:
        return entry, date.fromisoformat(day) if day else None
    except ValueError:
        return value, None


def _entry(value: str, words: Phrase, voice: Voice) -> Json:
    # No more than Slack needs: it stands there many times.
    return {"text": {"type": "plain_text", "text": plain(words, voice)}, "value": value}


#: What begins the `block_id` of an insight's buttons; its fingerprint follows.
BLOCK = "insight:"


def insight_in(block_id: str) -> str:
    """The fingerprint of the insight whose buttons stand in this block; empty if there is none."""
    return block_id.removeprefix(BLOCK) if block_id.startswith(BLOCK) else ""
