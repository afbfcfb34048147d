"""What stands below what was decided: why it was sent away, if the person likes, and Undo."""

from datetime import datetime

from bot.slack.blocks.pieces import Blocks, Json, actions, button, option, plain_text
from coach.models import Dismissed, Insight
from coach.phrases import say
from coach.wording import Voice, plain

#: The `action_id` of the button and of the menu.
UNDO, WHY_NOT = "insight:undo", "insight:why_not"

_REASONS = {
    Dismissed.NOT_RELEVANT: say("Not relevant"),
    Dismissed.ALREADY_DONE: say("Already done"),
    Dismissed.WRONG_DATA: say("The data is wrong"),
    Dismissed.BAD_TIMING: say("Bad timing: on my next working day"),
    Dismissed.STOP_KIND: say("Stop this kind"),
}


def undo_row(insight: Insight, voice: Voice, now: datetime) -> Blocks:
    """What can still be pressed once something was decided, or done; nothing when time is up."""
    if not insight.can_be_undone(now):
        return []
    undo = button(plain(say("Undo"), voice), UNDO, insight.fingerprint)
    shown = [undo]
    if insight.dismissed and insight.dismissed_as is None:
        shown = [_reasons(insight, voice), undo]
    return [actions(shown, block_id=f"undo:{insight.fingerprint}")]


def reason_chosen(action: Json) -> tuple[Dismissed, str] | None:
    """Why which insight was sent away, by what was chosen in the menu."""
    chosen = str((action.get("selected_option") or {}).get("value") or "")
    why, _, fingerprint = chosen.partition(":")
    try:
        return Dismissed(why), fingerprint
    except ValueError:
        return None


def _reasons(insight: Insight, voice: Voice) -> Json:
    return {
        "type": "static_select",
        "action_id": WHY_NOT,
        "placeholder": plain_text(plain(say("Why? (if you like)"), voice)),
        "options": [
            option(plain(label, voice), f"{why}:{insight.fingerprint}")
            for why, label in _REASONS.items()
        ],
    }
