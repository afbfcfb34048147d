"""Builds what Slack sends to an app: commands, clicks, submissions and events, in its own shapes.

Facts: https://docs.slack.dev/interactivity/implementing-slash-commands ,
https://docs.slack.dev/reference/interaction-payloads and https://docs.slack.dev/apis/events-api/
"""

import re
import time

from bot.playground.slack.things import Json, Message, Person
from bot.playground.slack.world import Workspace

VERIFICATION_TOKEN = "stand-in"  # noqa: S105 - Slack's old token, sent but long out of use

_EMAIL = re.compile(r"[^\s@<>|]+@[^\s@<>|]+\.[^\s@<>|]+")
_LINK = re.compile(r"https?://[^\s<>]+")


def typed(world: Workspace, text: str) -> str:
    """A command's text as it arrives when the manifest says ``should_escape``.

    ``&``, ``<`` and ``>`` become entities; people, links and addresses come in angle brackets.
    """
    names = {person.username: person for person in world.people.values()}
    words = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").split(" ")
    for index, word in enumerate(words):
        if word.startswith("@") and word[1:] in names:
            person = names[word[1:]]
            words[index] = f"<@{person.id}|{person.username}>"
        elif _EMAIL.fullmatch(word):
            words[index] = f"<mailto:{word}|{word}>"
        elif _LINK.fullmatch(word):
            words[index] = f"<{word}>"
    return " ".join(words)


def slash_command(
    world: Workspace, person: Person, command: str, text: str, response_url: str
) -> dict[str, str]:
    """The form of a slash command."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": world.team_id,
        "team_domain": world.team_domain,
        "channel_id": person.dm,
        "channel_name": "directmessage",
        "user_id": person.id,
        "user_name": person.username,
        "command": command,
        "text": typed(world, text),
        "api_app_id": world.app_id,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": world.new_trigger(person.id),
    }


def action(element: Json, state: Json) -> Json:
    """What ``actions[]`` holds for a control and the state a person gave it."""
    kept = ("type", "action_id", "block_id", "text", "value", "style", "placeholder", "url")
    given = {name: element[name] for name in kept if name in element}
    return {**given, **state, "action_ts": f"{time.time():.6f}"}


def block_actions(
    world: Workspace, person: Person, actions: list[Json], values: Json, *, view: Json | None = None
) -> Json:
    """A click in a view, or, completed by ``in_message``, in a message."""
    payload: Json = {
        "type": "block_actions",
        **_who(world, person),
        "trigger_id": world.new_trigger(person.id, view["id"] if view else None),
        "actions": actions,
    }
    if view is not None:
        payload["container"] = {"type": "view", "view_id": view["id"]}
        payload["view"] = view
    else:
        payload["state"] = {"values": values}
    return payload


def shortcut(
    world: Workspace, person: Person, callback_id: str, message: Message | None, response_url: str
) -> Json:
    """A shortcut, from a message or from anywhere."""
    payload: Json = {
        "type": "shortcut",
        **_who(world, person),
        "callback_id": callback_id,
        "trigger_id": world.new_trigger(person.id),
        "action_ts": f"{time.time():.6f}",
    }
    if message is not None:
        payload |= {
            "type": "message_action",
            "message_ts": message.ts,
            "channel": world.channel_named(message.person),
            "message": {"type": "message", "text": message.text, "ts": message.ts},
            "response_url": response_url,
        }
    return payload


def block_suggestion(
    world: Workspace, person: Person, element: Json, typed: str, *, view: Json | None = None
) -> Json:
    """Somebody types into a menu whose entries the app is asked for."""
    payload: Json = {
        "type": "block_suggestion",
        **_who(world, person),
        "action_id": element["action_id"],
        "block_id": element["block_id"],
        "value": typed,
    }
    if view is not None:
        payload["container"] = {"type": "view", "view_id": view["id"]}
        payload["view"] = view
    return payload


def below_link(payload: Json, world: Workspace, message: Message) -> Json:
    """Complete a click made below a link with its message; there is no address to answer it at."""
    channel = world.channel_named(message.person)
    payload["container"] = {
        "type": "message_attachment",
        "message_ts": message.ts,
        "attachment_id": 1,
        "channel_id": channel["id"],
        "is_ephemeral": False,
        "is_app_unfurl": True,
    }
    payload["channel"] = channel
    return payload


def in_message(payload: Json, world: Workspace, message: Message, response_url: str) -> Json:
    """Complete a click with the message it was made in."""
    payload["container"] = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": world.address_of(message.person),
        "is_ephemeral": message.ephemeral,
    }
    payload["channel"] = world.channel_named(message.person)
    if not message.ephemeral:
        payload["message"] = {
            "type": "message",
            "user": world.bot_user_id,
            "bot_id": world.bot_id,
            "app_id": world.app_id,
            "team": world.team_id,
            "ts": message.ts,
            "text": message.text,
            "blocks": message.blocks,
        }
    payload["response_url"] = response_url
    return payload


def view_submission(world: Workspace, person: Person, view: Json) -> Json:
    """A modal's form, sent by its submit button; the values are in ``view.state``."""
    return {
        "type": "view_submission",
        **_who(world, person),
        "trigger_id": world.new_trigger(person.id, view["id"]),
        "view": view,
        "response_urls": [],
    }


def view_closed(world: Workspace, person: Person, view: Json, *, cleared: bool) -> Json:
    """A modal that asked to be told was closed."""
    return {
        "type": "view_closed",
        **_who(world, person),
        "view": view,
        "is_cleared": cleared,
    }


def event_callback(world: Workspace, event: Json) -> Json:
    """The envelope of an event."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": world.team_id,
        "api_app_id": world.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": world.next_id("Ev"),
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": world.team_id,
                "user_id": world.bot_user_id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
    }


def app_home_opened(world: Workspace, person: Person, tab: str) -> Json:
    """The event of somebody opening the app's Home or Messages tab."""
    event: Json = {
        "type": "app_home_opened",
        "user": person.id,
        "channel": person.dm,
        "tab": tab,
        "event_ts": f"{time.time():.6f}",
    }
    home = world.homes.get(person.id)
    if tab == "home" and home is not None:
        event["view"] = home
    return event


def message_im(world: Workspace, person: Person, message: Message) -> Json:
    """The event of somebody writing to the app."""
    return {
        "type": "message",
        "channel": person.dm,
        "channel_type": "im",
        "user": person.id,
        "team": world.team_id,
        "text": message.text,
        "ts": message.ts,
        "event_ts": message.ts,
        "client_msg_id": world.next_id("m"),
    }


def _who(world: Workspace, person: Person) -> Json:
    return {
        "user": {
            "id": person.id,
            "username": person.username,
            "name": person.username,
            "team_id": world.team_id,
        },
        "api_app_id": world.app_id,
        "token": VERIFICATION_TOKEN,
        "team": {"id": world.team_id, "domain": world.team_domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }
