"""The menu of an insight: what else a person may want than to act or to send it away."""

from collections.abc import Iterable

from bot.slack.blocks.pieces import Json
from coach.phrases import Phrase, say
from coach.wording import Voice, plain

#: The `action_id` of the menu.
MENU = "insight:menu"

ENTRIES: dict[str, Phrase] = {
    "dismiss": say("Dismiss"),
    "hour": say("Snooze for an hour"),
    "tomorrow": say("Snooze until tomorrow"),
    "day": say("Snooze until…"),
    "mute": say("Mute…"),
    "why": say("Why am I seeing this?"),
}

#: What stands in it; Slack takes five at most.
BESIDE_BUTTONS = ("hour", "tomorrow", "day", "mute", "why")

#: What stands in it where there is no room for another button.
INSTEAD = ("dismiss", "day", "mute", "why")


def menu(voice: Voice, entries: Iterable[str] = BESIDE_BUTTONS) -> Json:
    """The menu, as one element among buttons."""
    return {
        "type": "overflow",
        "action_id": MENU,
        "options": [_entry(value, ENTRIES[value], voice) for value in entries],
    }


def _entry(value: str, words: Phrase, voice: Voice) -> Json:
    # No more than Slack needs: it stands there many times.
    return {"text": {"type": "plain_text", "text": plain(words, voice)}, "value": value}


#: What begins the `block_id` of an insight's buttons; its fingerprint follows.
BLOCK = "insight:"


def insight_in(block_id: str) -> str:
    """The fingerprint of the insight whose buttons stand in this block; empty if there is none."""
    return block_id.removeprefix(BLOCK) if block_id.startswith(BLOCK) else ""
