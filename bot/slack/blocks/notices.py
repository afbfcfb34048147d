"""Messages that are not insights: the welcome, and the questions and answers about links."""

from collections.abc import Callable, Mapping
from typing import Any

from bot.slack.blocks.pieces import (
    Blocks,
    actions,
    button,
    context,
    emoji,
    line,
    mrkdwn,
    paragraph,
    plain_text,
    section,
)
from bot.slack.blocks.text import escaped, one_line, shortened


def notice(kind: str, params: Mapping[str, Any]) -> tuple[str, Blocks]:
    """The notification's text and the blocks of a notice.

    Kinds and params: `welcome` (`state` asked, started or declined; `name`), `link_request`
    (`request_id`, `who`, `email`, `things`, `state` asked, confirmed or refused, `by`) and
    `link_answer` (`email`, `state` confirmed or refused). Raises `ValueError` for any other kind.
    """
    build = _KINDS.get(kind)
    if build is None:
        raise ValueError(f"There is no notice of the kind {kind}.")
    return build(params)


def _short(value: object, most: int = 150) -> str:
    return shortened(one_line(str(value or "")).strip(), most)


def _welcome(params: Mapping[str, Any]) -> tuple[str, Blocks]:
    match params.get("state"):
        case "started":
            text = "Your coach is on. /coach settings changes what you hear, /coach off ends it."
            return text, [paragraph([*emoji("white_check_mark"), *line(text, 300)])]
        case "declined":
            text = "Your coach stays quiet. Whenever you like, /coach on starts it."
            return text, [paragraph([*emoji("no_bell"), *line(text, 300)])]
    name = _short(params.get("name"), 60)
    hello = f"Hello {name}! " if name else "Hello! "
    pitch = (
        "I am your business coach: I watch your CRM and tell you the one thing worth doing next."
    )
    points = (
        ("What I do", "a short message when a deal, a lead or a task needs you, with a button"),
        ("What I read", "the deals, contacts and tasks that belong to you; no Slack messages"),
        ("Who sees it", "only you. Nobody gets a report or a ranking"),
    )
    told = "\n".join(f"• *{title}:* {what}." for title, what in points)
    return (
        f"{escaped(hello + pitch, 400)} May I start?",
        [
            paragraph([*emoji("wave"), *line(hello + pitch, 300)]),
            section(mrkdwn(told)),
            actions(
                [
                    button("Start", "welcome:start", style="primary"),
                    button("Not now", "welcome:later"),
                ],
                block_id="welcome",
            ),
            context(plain_text("Until you press Start I send you no advice.")),
        ],
    )


def _link_request(params: Mapping[str, Any]) -> tuple[str, Blocks]:
    who, email = _short(params.get("who")), _short(params.get("email"), 254)
    by = _short(params.get("by"))
    ended = {
        "confirmed": ("white_check_mark", f"{who} is now recognised as {email}"),
        "refused": ("no_entry_sign", f"{who} is not recognised as {email}"),
    }.get(str(params.get("state")))
    if ended:
        icon, told = ended
        said = f"{told} (decided by {by})." if by else f"{told}."
        return escaped(said, 500), [paragraph([*emoji(icon), *line(said, 700)])]
    question = f"{who} says that {email} in the CRM is them."
    things = _short(params.get("things"), 200) or "nothing yet"
    consequence = (
        f"In the CRM {email} has: {things}. Confirm only if you know that it is the same person: "
        "they will see these and be coached on them."
    )
    request_id = str(params["request_id"])
    return (
        f"{escaped(question, 500)} Please confirm or refuse.",
        [
            paragraph([*emoji("link"), *line(question, 700)], line(consequence, 1000)),
            actions(
                [
                    button("Confirm", "link:confirm", request_id, "primary"),
                    button("Refuse", "link:refuse", request_id),
                ],
                block_id=f"link:{request_id}",
            ),
        ],
    )


def _link_answer(params: Mapping[str, Any]) -> tuple[str, Blocks]:
    email = _short(params.get("email"), 254)
    if params.get("state") == "confirmed":
        icon, said = "white_check_mark", f"You are now recognised as {email} in the CRM."
    else:
        icon = "no_entry_sign"
        said = f"The administrator did not confirm that {email} is you. Ask them if that is wrong."
    return escaped(said, 500), [paragraph([*emoji(icon), *line(said, 700)])]


_KINDS: Mapping[str, Callable[[Mapping[str, Any]], tuple[str, Blocks]]] = {
    "welcome": _welcome,
    "link_request": _link_request,
    "link_answer": _link_answer,
}
