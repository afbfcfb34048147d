"""Messages that show no insights: the welcome, an answer to who writes, links, and trouble."""

from collections.abc import Mapping, Sequence
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
from bot.slack.blocks.text import escaped, flat, one_line, shortened
from bot.slack.blocks.usages import run_buttons
from coach.phrases import Phrase, from_json, say, together
from coach.wording import Voice, plain, words


def _short(value: object, most: int = 150) -> str:
    return shortened(one_line(str(value or "")).strip(), most)


def _one_line(said: Phrase, icon: str, voice: Voice) -> tuple[str, Blocks]:
    made = words(said, voice)
    return escaped(flat(made), 500), [paragraph([*emoji(icon), *line(made, 700)])]


#: What is said last to somebody who writes, by how it stands with their coach.
_STANDS = {
    "on": say("When something of yours needs you, I write to you here."),
    "off": say("Your coach is off, so I say nothing else; /coach on turns it on."),
    "paused": say("You have paused me, so I say nothing else; /coach pause off ends that."),
    "new": say("I say nothing else before you have started me, by /coach on."),
}


def hello(params: Mapping[str, Any], voice: Voice) -> tuple[str, Blocks]:
    """The answer to somebody who writes to the coach.

    Params: `coach`, as above, and `near`, the sub-commands that may be meant.
    """
    near = [str(each) for each in params.get("near") or ()]
    if near:
        return _perhaps(near, voice)
    pitch = say(
        "Hello! I watch your CRM and tell you the one thing worth doing next. I cannot chat yet."
    )
    look = say(
        "/coach help lists what you can ask, and my Home tab shows what is open and your settings."
    )
    said = together(together(pitch, look), _STANDS[params.get("coach", "on")])
    made = words(said, voice)
    return escaped(flat(made), 500), [paragraph(line(made, 700))]


def _perhaps(near: Sequence[str], voice: Voice) -> tuple[str, Blocks]:
    said = say("I cannot chat yet. Perhaps you want one of these; /coach help lists everything.")
    made = words(said, voice)
    return escaped(flat(made), 500), [paragraph(line(made, 300)), run_buttons(near)]


def administrators(params: Mapping[str, Any], voice: Voice) -> tuple[str, Blocks]:
    """That somebody administers the coach, or does so no more. Params: `said`, a kept phrase."""
    return _one_line(from_json(params["said"]), "key", voice)


def feedback(params: Mapping[str, Any], voice: Voice) -> tuple[str, Blocks]:
    """What somebody says of the coach, to whoever runs it. Params: `who` and `text`."""
    said = say("{who} says of the coach:", who=_short(params.get("who"), 80) or "?")
    text = one_line(str(params.get("text") or "")).strip()
    quoted = {"type": "rich_text_quote", "elements": line(text, 2000)}
    return _text(said, voice), [
        paragraph(line(words(said, voice), 200)),
        {"type": "rich_text", "elements": [quoted]},
    ]


def _text(said: Phrase, voice: Voice) -> str:
    return escaped(flat(words(said, voice)), 500)


def welcome(params: Mapping[str, Any], voice: Voice) -> tuple[str, Blocks]:
    """The first message.

    Params: `state` (asked, started or declined), `name`, and `holidays`, a kept phrase.
    """
    match params.get("state"):
        case "started":
            on = say("Your coach is on. /coach settings changes what you hear, /coach off ends it.")
            if params.get("holidays"):
                on = together(on, from_json(params["holidays"]))
            return _one_line(on, "white_check_mark", voice)
        case "declined":
            off = say("Your coach stays quiet. Whenever you like, /coach on starts it.")
            return _one_line(off, "no_bell", voice)
    name = _short(params.get("name"), 60)
    hello = say("Hello {name}!", name=name) if name else say("Hello!")
    pitch = say(
        "I am your business coach: I watch your CRM and tell you the one thing worth doing next."
    )
    greeting = together(hello, pitch)
    points = (
        (
            say("What I do"),
            say("a short message when a deal, a lead or a task needs you, with a button"),
        ),
        (
            say("What I read"),
            say(
                "the deals, contacts and tasks that belong to you; no Slack messages but those "
                "in this conversation"
            ),
        ),
        (say("Who sees it"), say("only you. Nobody gets a report on you, or a ranking")),
    )
    # All of it is our own words: nothing in it has to be escaped.
    told = "\n".join(f"• *{plain(title, voice)}:* {plain(what, voice)}." for title, what in points)
    ask = together(greeting, say("May I start?"))
    return (
        escaped(flat(words(ask, voice)), 420),
        [
            paragraph([*emoji("wave"), *line(words(greeting, voice), 300)]),
            section(mrkdwn(told)),
            actions(
                [
                    button(plain(say("Start"), voice), "welcome:start", style="primary"),
                    button(plain(say("Not now"), voice), "welcome:later"),
                ],
                block_id="welcome",
            ),
            context(plain_text(plain(say("Until you press Start I send you no advice."), voice))),
        ],
    )


def link_request(params: Mapping[str, Any], voice: Voice) -> tuple[str, Blocks]:
    """What the administrator is asked, and then what was decided.

    Params: `request_id`, `who`, `email`, `things` as a phrase that was kept, `state` (asked,
    confirmed or refused) and `by`.
    """
    who = _short(params.get("who")) or say("A new member")
    email = _short(params.get("email"), 254)
    match str(params.get("state")):
        case "confirmed":
            done = say("{who} is now recognised as {email}", who=who, email=email)
            return _decided(done, params, "white_check_mark", voice)
        case "refused":
            done = say("{who} is not recognised as {email}", who=who, email=email)
            return _decided(done, params, "no_entry_sign", voice)
    question = say("{who} says that {email} in the CRM is them.", who=who, email=email)
    things = params.get("things")
    consequence = say(
        "In the CRM {email} has: {things}. Confirm only if you know that it is the same person: "
        "they will see these and be coached on them.",
        email=email,
        things=from_json(things) if things else say("nothing yet"),
    )
    request_id = str(params["request_id"])
    asked = together(question, say("Please confirm or refuse."))
    return (
        escaped(flat(words(asked, voice)), 530),
        [
            paragraph(
                [*emoji("link"), *line(words(question, voice), 700)],
                line(words(consequence, voice), 1000),
            ),
            actions(
                [
                    button(plain(say("Confirm"), voice), "link:confirm", request_id, "primary"),
                    button(plain(say("Refuse"), voice), "link:refuse", request_id),
                ],
                block_id=f"link:{request_id}",
            ),
        ],
    )


def _decided(
    done: Phrase, params: Mapping[str, Any], icon: str, voice: Voice
) -> tuple[str, Blocks]:
    by = _short(params.get("by"))
    said = say("{done} (decided by {by}).", done=done, by=by) if by else say("{done}.", done=done)
    return _one_line(said, icon, voice)


def link_answer(params: Mapping[str, Any], voice: Voice) -> tuple[str, Blocks]:
    """What became of somebody's request: `email`, and `state`, confirmed or refused."""
    email = _short(params.get("email"), 254)
    if params.get("state") == "confirmed":
        said = say("You are now recognised as {email} in the CRM.", email=email)
        return _one_line(said, "white_check_mark", voice)
    said = say(
        "The administrator did not confirm that {email} is you. Ask them if that is wrong.",
        email=email,
    )
    return _one_line(said, "no_entry_sign", voice)


def trouble(params: Mapping[str, Any], voice: Voice) -> tuple[str, Blocks]:
    """What the administrator hears of a CRM's webhooks: `connection`, `why`, and `state`.

    That is `found`, or `mended`.
    """
    connection, why = _short(params.get("connection"), 60), _short(params.get("why"), 500)
    if params.get("state") == "mended":
        said = say(
            "The webhooks of {connection} come again. What was wrong: {why} What was missed "
            "meanwhile is looked up.",
            connection=connection,
            why=why,
        )
        return _one_line(said, "white_check_mark", voice)
    said = say(
        "What happens in {connection} does not reach the coach as it should: {why} Until it does, "
        "what the coach says of it may be out of date.",
        connection=connection,
        why=why,
    )
    return _one_line(said, "warning", voice)
