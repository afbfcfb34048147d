"""What a person is shown about their own data: the file of it, and having it deleted."""

from bot.slack.blocks.asides import sentence
from bot.slack.blocks.pieces import Blocks, Json, actions, button, plain_text
from coach.phrases import Phrase, counted, say
from coach.wording import Voice, plain

#: The `action_id` of the link, which Slack opens itself, and of the button that deletes.
DOWNLOAD, FORGET = "rights:download", "rights:forget"

_STAYS = say(
    "What stays: your deals, contacts and tasks as your CRM tells them, with you as their owner, "
    "and changes that are still on their way there. I do not write to you any more. What I have "
    "written in Slack stays there until Slack deletes it."
)


def download(url: str, voice: Voice) -> tuple[str, Blocks]:
    """The link as a button: what looks at links in messages does not find it."""
    said = say("Your data is ready. The link is yours alone, works once and for an hour.")
    text, blocks = sentence(said, voice)
    pressed: Json = {**button(plain(say("Get it"), voice), DOWNLOAD), "url": url}
    return text, [*blocks, actions([pressed])]


def ask_to_forget(voice: Voice) -> tuple[str, Blocks]:
    """What goes, what stays, and the button, which asks once more."""
    goes = say(
        "I delete all that I have told you and why, what you answered, what you did from here, "
        "what you typed, your settings and what you have muted. Nobody can bring it back."
    )
    text, blocks = sentence(goes, voice)
    pressed = button(plain(say("Delete my data"), voice), FORGET, style="danger")
    pressed["confirm"] = {
        "title": plain_text(plain(say("Delete it all?"), voice), 100),
        "text": plain_text(plain(say("This cannot be undone."), voice), 300),
        "confirm": plain_text(plain(say("Delete"), voice), 30),
        "deny": plain_text(plain(say("Keep it"), voice), 30),
        "style": "danger",
    }
    return text, [*blocks, *sentence(_STAYS, voice)[1], actions([pressed])]


def forgotten(count: int) -> Phrase:
    """That it is done."""
    return counted(
        "Done: {count} entry about you is deleted, and I do not write to you any more. `/coach on` "
        "starts anew.",
        "Done: {count} entries about you are deleted, and I do not write to you any more. "
        "`/coach on` starts anew.",
        "count",
        count=count,
    )
