"""What a person has muted, as rows to take back, and the window in which something is muted."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.slack.blocks.asides import sentence
from bot.slack.blocks.pieces import (
    VALUE,
    Blocks,
    Json,
    button,
    context,
    field,
    fitted,
    header,
    modal,
    option,
    plain_text,
    section,
)
from bot.slack.blocks.text import shortened, units
from coach.phrases import Phrase, counted, say
from coach.until import in_full
from coach.wording import Voice, plain
from storage.mutes import Muted

#: The `callback_id` of the modal, and the `action_id` of a row's button.
CALLBACK = "mute"
UNMUTE = "mute:end"

#: What begins the `block_id` of each row, and that of what stands above them in a window.
_ROW, _TITLE = "mute:", "muted"

#: How many rows are shown.
ROWS = 20

#: Longest value of an entry in a menu, in characters.
MOST_VALUE = 150


def mute_rows(
    muted: Sequence[Muted], voice: Voice, called: Callable[[Muted], Phrase], share: float = 1.0
) -> Blocks:
    """Each with until when and a button to hear of it again; to be put wherever they are listed.

    `called` says what each is called.
    """
    shown = muted[: max(int(ROWS * share), 1)]
    rows: Blocks = []
    for each in shown:
        name = shortened(plain(called(each), voice), 200)
        text = plain_text(plain(_row(name, each, voice), voice), 300)
        undo = button(plain(say("Unmute"), voice), UNMUTE, each.what)
        rows.append(section(text, accessory=undo, block_id=row_id(each.what)))
    left = len(muted) - len(shown)
    if left > 0:
        rows.append(context(plain_text(plain(_more(left), voice))))
    return rows


def muted_title(voice: Voice) -> Json:
    """What stands above these rows in a window, and goes with the last of them."""
    return {**header(plain(say("Muted"), voice)), "block_id": _TITLE}


def _more(left: int) -> Phrase:
    return counted("… and {count} more.", "… and {count} more.", "count", count=left)


def _row(name: str, muted: Muted, voice: Voice) -> Phrase:
    if muted.until is None or voice.time_zone is None:
        return say("{name}", name=name)
    until = in_full(muted.until, muted.created_at, voice.time_zone)
    return say("{name} – until {time}", name=name, time=until)


def row_id(what: str) -> str:
    """The `block_id` of the row of something muted: short whatever its id."""
    return _ROW + hashlib.sha256(what.encode()).hexdigest()[:32]


def mute_list(
    muted: Sequence[Muted], voice: Voice, called: Callable[[Muted], Phrase]
) -> tuple[str, Blocks]:
    """What is muted, with how something is."""
    how = say(
        "Mute… in the menu of a message mutes its kind, or the deal or contact it is about. "
        "By typing: /coach mute stuck deals, or /coach mute stuck deals until monday."
    )
    if not muted:
        text, blocks = sentence(say("You have muted nothing."), voice)
        return text, [*blocks, context(plain_text(plain(how, voice)))]
    title = plain(say("You hear nothing of"), voice)

    def build(share: float) -> Blocks:
        rows = mute_rows(muted, voice, called, share)
        return [header(title), *rows, context(plain_text(plain(how, voice)))]

    return title, fitted(build)


def mute_modal(fingerprint: str, offered: Sequence[tuple[str, Phrase]], voice: Voice) -> Json:
    """The modal; `offered` is what can be muted, each with its name, the first chosen."""
    fits = [(what, name) for what, name in offered if units(what) <= MOST_VALUE]
    options = [option(plain(name, voice), what) for what, name in fits[:100]]
    what: Json = {"type": "static_select", "options": options, "initial_option": options[0]}
    hint = say("Empty: for good. It ends as your work begins on that day.")
    return modal(
        plain(say("Mute"), voice),
        [
            *sentence(say("You can take it back in the Home tab, or by `/coach mute`."), voice)[1],
            field("what", plain(say("Hear nothing of"), voice), what),
            field(
                "day",
                plain(say("Until"), voice),
                {"type": "datepicker"},
                optional=True,
                hint=plain(hint, voice),
            ),
        ],
        callback_id=CALLBACK,
        submit=plain(say("Mute"), voice),
        close=plain(say("Cancel"), voice),
        private_metadata=fingerprint,
    )


def chosen_in(view: Mapping[str, Any]) -> tuple[str, str | None]:
    """What was chosen to be muted, and the day until which, if any was."""
    state = view["state"]["values"]
    what = (state["what"][VALUE].get("selected_option") or {}).get("value")
    day = state["day"][VALUE].get("selected_date")
    return str(what or ""), None if day is None else str(day)


def without(view: Mapping[str, Any], what: str) -> Json:
    """A view as it is to be shown without the row of something that is muted no more."""
    kept = ("type", "callback_id", "title", "submit", "close", "private_metadata")
    made = {name: view[name] for name in kept if view.get(name)}
    blocks = [each for each in view["blocks"] if each.get("block_id") != row_id(what)]
    if not any(str(each.get("block_id")).startswith(_ROW) for each in blocks):
        blocks = [each for each in blocks if each.get("block_id") != _TITLE]
    return {**made, "notify_on_close": bool(view.get("notify_on_close")), "blocks": blocks}
