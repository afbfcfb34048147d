"""The first message to who has installed the coach: what it is, and three steps to begin with."""

from collections.abc import Mapping
from typing import Any

from bot.slack.blocks.pieces import (
    Blocks,
    Json,
    button,
    context,
    emoji,
    line,
    mrkdwn,
    paragraph,
    plain_text,
    section,
)
from bot.slack.blocks.text import escaped, flat
from bot.slack.blocks.usages import RUN
from coach.phrases import Phrase, counted, say
from coach.wording import Voice, plain, words

#: The `action_id` of the button that says who is not found in Slack.
PEOPLE = "arrival:people"

#: The steps by the param that says whether each is done.
STEPS = ("crm", "people", "started")


def arrival(params: Mapping[str, Any], voice: Voice) -> tuple[str, Blocks]:
    """What the coach does, what it reads, who sees what, and the steps, ticked as they are done.

    Params: `crm`, `people` and `started`, whether that step is done, and of the owners of CRMs
    `matched` and `unmatched`, how many are somebody in Slack and how many are not.
    """
    greeting = say(
        "Thank you for installing me. I watch your team’s CRM and tell each person the one thing "
        "worth doing next."
    )
    points = (
        (
            say("What I do"),
            say("a short message when a deal, a lead or a task needs somebody, with a button"),
        ),
        (
            say("What I read"),
            say(
                "deals, contacts and tasks of the CRM that you connect; in Slack, names, addresses "
                "and time zones, and no messages but those to me"
            ),
        ),
        (
            say("Who sees it"),
            say("advice goes only to whoever it is about, and to nobody who has not agreed first"),
        ),
    )
    # All of it is our own words: nothing in it has to be escaped.
    told = "\n".join(f"• *{plain(title, voice)}:* {plain(what, voice)}." for title, what in points)
    blocks: Blocks = [
        paragraph([*emoji("wave"), *line(words(greeting, voice), 300)]),
        section(mrkdwn(told)),
        *(_step(name, params, voice) for name in STEPS),
    ]
    if all(params.get(name) for name in STEPS):
        ready = say("All is set. When something of yours needs you, I write to you here.")
        blocks.append(context(plain_text(plain(ready, voice))))
    return escaped(flat(words(greeting, voice)), 420), blocks


def _step(name: str, params: Mapping[str, Any], voice: Voice) -> Json:
    done = bool(params.get(name))
    said = plain(_DONE[name] if done else _TO_DO[name], voice)
    if name == "people" and (count := int(params.get("unmatched") or 0)):
        said = plain(_not_found(count), voice)
    sign = ":white_check_mark:" if done else ":white_large_square:"
    text = mrkdwn(f"{sign} {said}")
    return section(text) if done else section(text, accessory=_button(name, voice))


_TO_DO: Mapping[str, Phrase] = {
    "crm": say("Connect a CRM, so that I hear what happens there."),
    "people": say("Match people: who in the CRM is who in Slack. It begins with the CRM."),
    "started": say("Start your own coach: until then I send you no advice."),
}
_DONE: Mapping[str, Phrase] = {
    "crm": say("A CRM is connected."),
    "people": say("Everybody who owns something in the CRM is found in Slack."),
    "started": say("Your own coach is on."),
}


def _not_found(count: int) -> Phrase:
    return counted(
        "Match people: {count} owner in the CRM is nobody in Slack yet.",
        "Match people: {count} owners in the CRM are nobody in Slack yet.",
        "count",
        count=count,
    )


def _button(name: str, voice: Voice) -> Json:
    match name:
        case "crm":
            return button(plain(say("Connect a CRM"), voice), f"{RUN}:connect", style="primary")
        case "people":
            return button(plain(say("Who is missing"), voice), PEOPLE)
        case _:
            return button(plain(say("Start"), voice), "welcome:start")
