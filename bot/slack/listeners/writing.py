"""Somebody writes to the coach, which cannot talk: it offers what may be meant instead."""

from datetime import datetime

from bot.coaching import enrolling
from bot.slack.blocks.pieces import Json
from bot.slack.listeners import links
from bot.slack.listeners.desk import Desk
from bot.slack.nearest import nearest
from coach.models import Enrolment, Person
from storage import messages
from storage.messages import Message

#: What people write, by Slack's `subtype`; all else tells of changes, or is not theirs.
_WRITTEN = frozenset({None, "file_share", "me_message"})

_SLACKBOT = "USLACKBOT"


def is_theirs(event: Json) -> bool:
    """Whether a person has written it just now: no app, no edit, nothing that was taken away
    (https://docs.slack.dev/reference/events/message.im).
    """
    if event.get("channel_type") != "im" or event.get("subtype") not in _WRITTEN:
        return False
    return not event.get("bot_id") and event.get("user") not in {None, "", _SLACKBOT}


async def answer(desk: Desk, body: Json) -> None:
    """Have them answered by a message of the minute: what is made a second time is the same.

    What they wrote is looked at and not kept. Whoever has declined or turned the coach off is
    answered, too: they have asked.
    """
    typed = str(body["event"].get("text") or "")
    actor = await desk.actor(str(body["team_id"]), {"id": body["event"]["user"]})
    if await links.says_it_all(desk, actor.workspace_id, typed):
        return
    person = await enrolling.person_of(desk.parts, actor)
    now, near = desk.parts.clock.now(), nearest(typed, desk.subcommands)
    hello = Message(
        person.workspace_id,
        # What is like it is answered once a minute, and what is not by itself.
        f"hello:{person.id}:{now:%Y-%m-%dT%H:%M}:{'+'.join(near)}",
        "hello",
        actor.slack_user_id,
        {"coach": _stands(person, now), "near": near},
        person.id,
    )
    async with desk.parts.database.write() as tx:
        await messages.make(tx, [(hello, [])], now)
    desk.parts.wake.sender.set()


def _stands(person: Person, now: datetime) -> str:
    if person.enrolment is not Enrolment.STARTED:
        return "new"
    if not person.settings.enabled:
        return "off"
    return "paused" if person.paused_until is not None and person.paused_until > now else "on"
