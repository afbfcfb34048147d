"""Channels of the stand-in for Slack: where a message stands, and whether the app may write there.

A place is a person's id, for their direct message with the app, or a channel's own id.
"""

from dataclasses import dataclass

from bot.playground.slack.things import Json, Person, SlackFault


@dataclass
class Channel:
    """A channel, and whether the app is in it."""

    id: str
    name: str
    joined: bool = False
    private: bool = False
    archived: bool = False

    def as_page(self) -> Json:
        """The form the page reads."""
        return {"id": self.id, "name": self.name, "joined": self.joined}


class Channels:
    """The places of one team: ``channels`` by id, beside its ``people``."""

    def __init__(self, people: dict[str, Person]) -> None:
        self.people = people
        self.channels: dict[str, Channel] = {}

    def channels_as_page(self) -> list[Json]:
        """All of them, in the form the page reads."""
        return [one.as_page() for one in self.channels.values()]

    def place_of(self, channel: object, *, users_too: bool) -> str:
        """The place a channel's id means; a user's id means theirs where Slack allows it.

        Raises:
            SlackFault: ``channel_not_found``, ``not_in_channel`` or ``is_archived``.
        """
        found = self.channels.get(channel) if isinstance(channel, str) else None
        if found is None:
            return self.person_of_channel(channel, users_too=users_too).id
        if not found.joined:
            # Of a private one the app is not in it knows nothing.
            raise SlackFault("channel_not_found" if found.private else "not_in_channel")
        if found.archived:
            raise SlackFault("is_archived")
        return found.id

    def person_of_channel(self, channel: object, *, users_too: bool) -> Person:
        """Whose direct message a channel id means; a user id does too where Slack allows it.

        Raises:
            SlackFault: ``channel_not_found``.
        """
        if isinstance(channel, str):
            if channel.startswith("D") and "U" + channel[1:] in self.people:
                return self.people["U" + channel[1:]]
            if users_too and channel in self.people:
                return self.people[channel]
        raise SlackFault("channel_not_found")

    def address_of(self, place: str) -> str:
        """The id that Slack has for a place in a channel's stead."""
        return place if place in self.channels else self.people[place].dm

    def channel_named(self, place: str) -> Json:
        """What a payload says of a place."""
        found = self.channels.get(place)
        name = found.name if found else "directmessage"
        return {"id": self.address_of(place), "name": name}
