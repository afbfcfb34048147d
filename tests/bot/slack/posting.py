"""What tests of the sender share: a sender before a stand-in for Slack, and what it has sent."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import Interval, literal, update

from bot.coaching import attending
from bot.playground.slack.api import SlackStandIn
from bot.runtime.parts import Parts
from bot.slack.sender import Sender
from bot.slack.speaking import ClientOf
from coach.models import Person
from storage import messages, people
from storage.messages import Message
from storage.tables import messages as messages_table
from tests.world import ANA, WORKSPACE, FixedClock, insights_of, standing, standings, won


@dataclass
class Post:
    """A sender before a stand-in for Slack."""

    parts: Parts
    clock: FixedClock
    slack: SlackStandIn
    client: AsyncWebClient
    sender: Sender

    def posted(self, who: str = ANA) -> list[str]:
        """The deals that were spoken of, or the text."""
        return [
            next((f"D-{n}" for n in range(30) if f"Deal {n} " in each.text), each.text)
            for each in self.slack.sent
            if each.person == who and each.method == "chat.postMessage"
        ]

    def shown(self, who: str = ANA) -> list[str]:
        return [each.text for each in self.slack.messages(who)]

    def has_buttons(self, who: str = ANA) -> bool:
        blocks = self.slack.messages(who)[0].blocks
        return any(block["type"] == "actions" for block in blocks)

    async def send(self, later: timedelta = timedelta()) -> int:
        """Send all that is due at that time, and what that makes due."""
        self.clock.advance(later)
        total = 0
        while True:
            await attending.turn(self.parts)
            if not (done := await self.sender.send_due()):
                return total
            total += done

    async def person(self, slack_user_id: str) -> Person:
        async with self.parts.database.read() as tx:
            found = await people.by_slack_user(tx, WORKSPACE, slack_user_id)
        assert found is not None
        return found

    async def states(self, person: Person) -> list[str]:
        return await standings(self.parts, person)

    async def message_of(self, person: Person) -> Message:
        """The one message of this person's one insight."""
        (insight,) = await insights_of(self.parts, person)
        async with self.parts.database.read() as tx:
            (message,) = await messages.showing(tx, WORKSPACE, insight.fingerprint)
        return message

    async def unanswered(self, person: Person) -> list[str]:
        """The fingerprints of what stands in this person's messages, unanswered."""
        return [
            each.fingerprint
            for each in await insights_of(self.parts, person)
            if await standing(self.parts, each.fingerprint) == "sent"
        ]


def one_client(client: AsyncWebClient) -> ClientOf:
    """The same client for every workspace."""

    async def client_of(_: str) -> AsyncWebClient:
        return client

    return client_of


async def let_pass(post: Post, by: timedelta) -> None:
    """Let time pass for claims too: on PostgreSQL they run out by the database's own clock."""
    post.clock.advance(by)
    if not post.parts.database.is_sqlite:
        async with post.parts.database.write() as tx:
            earlier = messages_table.c.leased_until - literal(by, Interval)
            await tx.execute(update(messages_table).values(leased_until=earlier))


def won_deal(number: int, owner: str = ANA) -> dict[str, Any]:
    """A won deal whose card names it."""
    return won(f"D-{number}", contact=f"Deal {number} Ltd", owner=owner)
