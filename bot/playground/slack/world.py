"""What the stand-in for Slack holds: people, direct messages, modals and Home tabs."""

import copy
import time
from collections.abc import Callable, Iterable
from datetime import datetime

from bot.playground.slack.changes import Changes
from bot.playground.slack.channels import Channels
from bot.playground.slack.forms import state_of
from bot.playground.slack.keys import Keys
from bot.playground.slack.things import (
    Json,
    Message,
    Person,
    RealClock,
    Refusal,
    Sent,
    SlackFault,
    words_of,
)
from coach.ports import Clock

MOST_VIEWS = 3


class Workspace(Keys, Changes, Channels):
    """One Slack team: its people and what they see."""

    def __init__(
        self,
        people: Iterable[Person],
        *,
        clock: Clock | None = None,
        timer: Callable[[], float] = time.monotonic,
        changed: Callable[[Json], None] | None = None,
    ) -> None:
        Keys.__init__(self, "T0NORTHWIND", clock or RealClock(), timer)
        Changes.__init__(self, changed)
        self.team_name = "Northwind"
        self.team_domain = "northwind"
        #: Enterprise Grid: the organisation, and whether the app is installed in all of it.
        self.enterprise_id: str | None = None
        self.is_enterprise_install = False
        self.app_id = "A0COACH"
        self.app_name = "Coach"
        self.bot_id = "B0COACH"
        self.bot_user_id = "U0COACH"
        Channels.__init__(self, {person.id: person for person in people})
        self.conversations: dict[str, dict[str, Message]] = {}
        self.homes: dict[str, Json] = {}
        self.views: dict[str, list[Json]] = {}
        #: Do Not Disturb of people who have it: from when, and until when.
        self.peace: dict[str, tuple[datetime, datetime]] = {}
        self.commands = {"/coach"}
        #: What the app may do; which links it is told of, by domain, and what it showed of those
        #: that were being written.
        self.scopes: set[str] = set()
        self.unfurl_domains: set[str] = set()
        self.previews: dict[str, Json] = {}
        self.sent: list[Sent] = []
        self.refusals: list[Refusal] = []

    # What is there

    def person(self, who: str) -> Person:
        """The person with this id.

        Raises:
            SlackFault: ``user_not_found``.
        """
        found = self.people.get(who)
        if found is None:
            raise SlackFault("user_not_found")
        return found

    def messages(self, who: str) -> list[Message]:
        """What stands in this person's direct message, or in this channel, oldest first."""
        return [one for one in self.conversations.get(who, {}).values() if not one.deleted]

    def top_view(self, who: str) -> Json | None:
        """The modal this person looks at, or None."""
        stack = self.views.get(who)
        return stack[-1] if stack else None

    def open_one(self, who: str, view_id: str | None) -> Json | None:
        """The open modal with this id, or without one the modal on top; None when it is closed."""
        if view_id is None:
            return self.top_view(who)
        return next((one for one in self.views.get(who, []) if one["id"] == view_id), None)

    def view(self, view_id: str) -> tuple[str, Json]:
        """A view by its id, with the person who sees it.

        Raises:
            SlackFault: ``not_found``.
        """
        for who, stack in self.views.items():
            for view in stack:
                if view["id"] == view_id:
                    return who, view
        for who, home in self.homes.items():
            if home["id"] == view_id:
                return who, home
        raise SlackFault("not_found")

    # What changes

    def post(
        self,
        who: str,
        text: str,
        blocks: list[Json],
        *,
        sender: str = "bot",
        quiet: bool = False,
        metadata: Json | None = None,
        author: str | None = None,
        only: str | None = None,
    ) -> Message:
        """Put a message before a person or into a channel; ``quiet`` ones are ephemeral.

        In a channel it is ``author``'s, if a person wrote it, and ``only`` sees a quiet one.
        """
        message = Message(
            ts=self.next_ts(),
            person=who,
            sender=sender,
            text=text,
            blocks=self.named(blocks),
            at=self.clock.now().isoformat(),
            ephemeral=quiet,
            posted=time.time(),
            metadata=metadata,
            author=author,
            only=only,
        )
        self.conversations.setdefault(who, {})[message.ts] = message
        self.tell({"type": "message", "person": who, "message": message.as_page()})
        return message

    def rewrite(self, message: Message, text: str | None, blocks: list[Json] | None) -> None:
        """Change a message in place; None leaves that part as it is."""
        message.earlier.append(message.blocks)
        if text is not None:
            message.text = text
        if blocks is not None:
            message.blocks = self.named(blocks)
        message.edited = True
        self.tell({"type": "message", "person": message.person, "message": message.as_page()})

    def remove(self, message: Message) -> None:
        """Take a message away."""
        message.deleted = True
        self.tell({"type": "message_gone", "person": message.person, "ts": message.ts})

    def complete_view(self, view: Json, view_id: str | None = None) -> Json:
        """Slack's whole view object for what an app sent."""
        blocks = self.named(view["blocks"])
        whole: Json = {
            "id": view_id or self.next_id("V"),
            "team_id": self.team_id,
            "type": view["type"],
            "blocks": blocks,
            "private_metadata": view.get("private_metadata", ""),
            "callback_id": view.get("callback_id", ""),
            "external_id": view.get("external_id", ""),
            "state": {"values": {}},
            "hash": f"{int(time.time())}.{self.next_id('')}",
            "title": view.get("title"),
            "close": view.get("close"),
            "submit": view.get("submit"),
            "clear_on_close": view.get("clear_on_close", False),
            "notify_on_close": view.get("notify_on_close", False),
            "previous_view_id": None,
            "app_id": self.app_id,
            "app_installed_team_id": self.team_id,
            "bot_id": self.bot_id,
        }
        whole["root_view_id"] = whole["id"]
        return whole

    def open_view(self, who: str, view: Json, *, push: bool = False) -> Json:
        """Show a modal, on top of the open ones with ``push``, else instead of them.

        Raises:
            SlackFault: ``push_limit_reached``.
        """
        stack = self.views.get(who, []) if push else []
        if len(stack) >= MOST_VIEWS:
            raise SlackFault("push_limit_reached")
        whole = self.complete_view(view)
        if stack:
            whole["previous_view_id"] = stack[-1]["id"]
            whole["root_view_id"] = stack[0]["id"]
        self.views[who] = [*stack, whole]
        self._tell_views(who)
        return whole

    def replace_view(self, who: str, old: Json, view: Json) -> Json:
        """Change a modal or Home tab in place, keeping its id and what still fits of its state."""
        whole = self.complete_view(view, old["id"])
        whole["previous_view_id"] = old["previous_view_id"]
        whole["root_view_id"] = old["root_view_id"]
        whole["state"]["values"] = state_of(whole["blocks"], old["state"]["values"])
        if self.homes.get(who) is old:
            self.homes[who] = whole
            self.tell({"type": "home", "person": who, "view": whole})
        else:
            self.views[who] = [whole if one is old else one for one in self.views[who]]
            self._tell_views(who)
        return whole

    def close_view(self, who: str, view: Json, *, everything: bool = False) -> list[Json]:
        """Close a modal and those above it, or all; answers which were closed, top first."""
        stack = self.views.get(who, [])
        first = 0 if everything else next(i for i, one in enumerate(stack) if one is view)
        self.views[who] = stack[:first]
        self._tell_views(who)
        return stack[first:][::-1]

    def publish_home(self, who: str, view: Json) -> Json:
        """Show a Home tab to a person."""
        old = self.homes.get(who)
        whole = self.complete_view(view, old["id"] if old else None)
        self.homes[who] = whole
        self.tell({"type": "home", "person": who, "view": whole})
        return whole

    def leave_in_peace(
        self, who: str, until: datetime | None, since: datetime | None = None
    ) -> None:
        """Do Not Disturb for a person, from now on unless ``since`` says so; None ends it.

        Raises:
            SlackFault: ``user_not_found``.
        """
        self.person(who)
        self.peace.pop(who, None)
        if until is not None:
            self.peace[who] = (since or self.clock.now(), until)
        self.tell({"type": "peace", "person": who, "until": until and until.isoformat()})

    def in_peace_until(self, who: str) -> str | None:
        """When the Do Not Disturb ends in which this person is now, for the page."""
        starts, ends = self.peace.get(who, (None, None))
        now = self.clock.now()
        return ends.isoformat() if starts and ends and starts <= now < ends else None

    def say(self, who: str, text: str) -> None:
        """A passing notice of Slack itself to a person."""
        self.tell({"type": "say", "person": who, "text": text})

    def _tell_views(self, who: str) -> None:
        self.tell({"type": "views", "person": who, "views": self.views.get(who, [])})

    def named(self, blocks: list[Json]) -> list[Json]:
        """A copy of the blocks in which each block and control has an id, as Slack gives them."""
        named = copy.deepcopy(blocks)
        for block in named:
            if not block.get("block_id"):
                block["block_id"] = self.next_id("b")
            parts = [block.get("accessory"), block.get("element")]
            inner = block.get("elements")
            if block["type"] in ("actions", "context_actions") and isinstance(inner, list):
                parts.extend(inner)
            for part in parts:
                if isinstance(part, dict) and part["type"] != "image":
                    part.setdefault("action_id", self.next_id("a"))
        return named

    # Waiting and keeping

    async def message(
        self, who: str, containing: str = "", *, after: str = "", seconds: float = 5.0
    ) -> Message:
        """Wait for a message to this person with these words, later than the ts ``after``."""

        def found() -> Message | None:
            for one in self.messages(who):
                if one.ts > after and one.sender == "bot" and containing in words_of(one):
                    return one
            return None

        what = f"a message to {who}" + (f" with the words {containing!r}" if containing else "")
        message: Message = await self.until(found, what, seconds)
        return message

    def dump(self) -> Json:
        """What outlives a restart: messages and Home tabs; open modals and keys do not."""
        return {
            "messages": {
                who: [
                    {**one.as_page(), "posted": one.posted, "metadata": one.metadata}
                    for one in self.messages(who)
                    if not one.ephemeral
                ]
                for who in self.conversations
            },
            "homes": self.homes,
            "peace": {
                who: [each.isoformat() for each in peace] for who, peace in self.peace.items()
            },
            "joined": [one.id for one in self.channels.values() if one.joined],
            "last_micro": self._last_micro,
            "serial": self._serial,
        }

    def load(self, kept: Json) -> None:
        """Take up what ``dump`` gave."""
        for who, messages in kept["messages"].items():
            self.conversations[who] = {
                one["ts"]: Message(
                    ts=one["ts"],
                    person=who,
                    sender=one["from"],
                    text=one["text"],
                    blocks=one["blocks"],
                    at=one["at"],
                    edited=one["edited"],
                    posted=one["posted"],
                    metadata=one.get("metadata"),
                    author=one.get("author"),
                )
                for one in messages
            }
        for id in kept.get("joined", ()):
            if id in self.channels:
                self.channels[id].joined = True
        self.homes = dict(kept["homes"])
        for who, (starts, ends) in kept.get("peace", {}).items():
            self.peace[who] = (datetime.fromisoformat(starts), datetime.fromisoformat(ends))
        self._last_micro = kept["last_micro"]
        self._serial = kept["serial"]
