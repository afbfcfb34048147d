"""What people say of the coach: it goes to whoever runs it, in their own words."""

from bot.coaching import enrolling
from bot.coaching.actor import Actor
from bot.runtime.parts import Parts
from bot.slack import members
from bot.slack.installed import Slack
from coach.phrases import Phrase, say
from storage import messages
from storage.messages import Message

#: Longest text, in characters; what is longer is cut.
LONGEST = 2000


async def send(parts: Parts, slack: Slack, actor: Actor, typed: str) -> Phrase:
    """Have the administrator told; returns the answer. At most one a minute of each person.

    Raises `MembersError` where Slack does not say who the administrator is.
    """
    person = await enrolling.person_of(parts, actor)
    admin = await members.administrator(parts, slack, actor.workspace_id)
    now = parts.clock.now()
    told = Message(
        actor.workspace_id,
        f"feedback:{person.id}:{now:%Y-%m-%dT%H:%M}",
        "feedback",
        admin,
        {"who": person.name, "text": typed[:LONGEST]},
        # It is theirs, whoever reads it.
        person.id,
    )
    async with parts.database.write() as tx:
        if await messages.get(tx, actor.workspace_id, told.id) is not None:
            return say("Your message of this minute was passed on. Please wait for the next one.")
        await messages.make(tx, [(told, [])], now)
    parts.wake.sender.set()
    return say("Thank you. It goes to whoever runs this coach, with your name.")
