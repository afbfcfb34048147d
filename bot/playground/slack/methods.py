"""The Web API methods of the stand-in, with Slack's checks and error codes.

Facts: https://docs.slack.dev/reference/methods
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.playground.slack.blocks import MOST_VIEW_BYTES, Surface, problems, too_long, view_problems
from bot.playground.slack.things import Json, Message, Person, Sent, SlackFault
from bot.playground.slack.unfurling import unfurl
from bot.playground.slack.world import Workspace

MOST_TEXT = 40_000

MOST_METADATA_BYTES = 8_000

#: About so many people `dnd.teamInfo` answers at once.
MOST_USERS = 50


@dataclass(frozen=True)
class Method:
    """A Web API method and the scope a token needs for it, if any."""

    call: Callable[[Workspace, Json], Json]
    scope: str | None = None


def _json(args: Json, name: str, code: str) -> Any:
    value = args.get(name)
    if isinstance(value, str):
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            raise SlackFault(code) from None
    return value


def _blocks(args: Json) -> list[Json] | None:
    """The checked blocks of a message, or None when it names none."""
    blocks = _json(args, "blocks", "invalid_blocks_format")
    if blocks is None:
        return None
    found = problems(blocks, "message")
    if found:
        raise SlackFault("invalid_blocks", [str(problem) for problem in found])
    if too_long(blocks):
        raise SlackFault("msg_blocks_too_long")
    checked: list[Json] = blocks
    return checked


def _text(args: Json) -> str:
    text = args.get("text") or ""
    if not isinstance(text, str):
        raise SlackFault("invalid_arguments", ["[ERROR] must be a string [json-pointer:/text]"])
    if len(text) > MOST_TEXT:
        raise SlackFault("msg_too_long")
    return text


def content(args: Json) -> tuple[str, list[Json]]:
    """The checked text and blocks of a new message.

    Raises:
        SlackFault: ``no_text``, ``invalid_blocks`` and the like.
    """
    blocks = _blocks(args) or []
    text = _text(args)
    if not blocks and not text:
        raise SlackFault("no_text")
    return text, blocks


def _as_slack(world: Workspace, message: Message) -> Json:
    if message.sender != "bot":
        user = message.author or message.person
        return {"type": "message", "user": user, "ts": message.ts, "text": message.text}
    shown: Json = {
        "type": "message",
        "user": world.bot_user_id,
        "ts": message.ts,
        "bot_id": world.bot_id,
        "app_id": world.app_id,
        "team": world.team_id,
        "text": message.text,
        "blocks": message.blocks,
    }
    if message.edited:
        shown["edited"] = {"user": world.bot_user_id, "ts": message.ts}
    return shown


def _note(world: Workspace, method: str, message: Message) -> None:
    world.sent.append(Sent(method, message.person, message.ts, message.text, time.time()))


def _auth_test(world: Workspace, args: Json) -> Json:
    return {
        "url": f"https://{world.team_domain}.slack.com/",
        "team": world.team_name,
        "user": world.app_name.lower(),
        "team_id": world.team_id,
        "user_id": world.bot_user_id,
        "bot_id": world.bot_id,
        "enterprise_id": world.enterprise_id,
        "is_enterprise_install": world.is_enterprise_install,
    }


def _user_info(world: Workspace, args: Json) -> Json:
    person = world.person(str(args.get("user")))
    user = person.as_slack(world.team_id)
    if args.get("include_locale") in {True, "1", "true"}:
        user["locale"] = person.locale
    return {"user": user}


def _dnd_info(world: Workspace, args: Json) -> Json:
    person = world.person(str(args.get("user")))
    if (peace := world.peace.get(person.id)) is None:
        # So Slack answers about somebody who has never had any.
        return {"dnd_enabled": False, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1}
    starts, ends = (int(each.timestamp()) for each in peace)
    return {"dnd_enabled": True, "next_dnd_start_ts": starts, "next_dnd_end_ts": ends}


def _dnd_team_info(world: Workspace, args: Json) -> Json:
    ids = [id for id in str(args.get("users") or "").split(",") if id]
    if not ids:
        raise SlackFault("no_users_provided")
    if len(ids) > MOST_USERS:
        raise SlackFault("invalid_arguments", [f"[ERROR] no more than {MOST_USERS} users"])
    if not all(id in world.people for id in ids):
        raise SlackFault("user_not_visible")
    return {"users": {id: _dnd_info(world, {"user": id}) for id in ids}}


def _users_list(world: Workspace, args: Json) -> Json:
    everybody = list(world.people.values())
    first = int(args.get("cursor") or 0)
    limit = int(args.get("limit") or 0) or len(everybody)
    page = everybody[first : first + limit]
    further = str(first + limit) if first + limit < len(everybody) else ""
    return {
        "members": [person.as_slack(world.team_id) for person in page],
        "cache_ts": int(time.time()),
        "response_metadata": {"next_cursor": further},
    }


def _user_by_email(world: Workspace, args: Json) -> Json:
    wanted = str(args.get("email", "")).lower()
    for person in world.people.values():
        if wanted and person.email.lower() == wanted and not person.deleted:
            return {"user": person.as_slack(world.team_id)}
    raise SlackFault("users_not_found")


def _conversations_open(world: Workspace, args: Json) -> Json:
    users = args.get("users")
    names = users if isinstance(users, list) else str(users or "").split(",")
    if len(names) != 1:
        raise SlackFault("method_not_supported_for_channel_type")
    return {"channel": {"id": _reachable(world, names[0]).dm}}


def _reachable(world: Workspace, who: str) -> Person:
    person = world.person(who)
    if person.deleted:
        raise SlackFault("user_disabled")
    return person


def _post(world: Workspace, args: Json) -> Json:
    if not args.get("channel"):
        raise SlackFault("channel_not_found")
    place = world.place_of(args["channel"], users_too=True)
    metadata = _metadata(args)
    message = world.post(place, *content(args), metadata=metadata)
    _note(world, "chat.postMessage", message)
    return {
        "channel": world.address_of(place),
        "ts": message.ts,
        "message": _as_slack(world, message),
    }


def _metadata(args: Json) -> Json | None:
    """What the app keeps with a message
    (https://docs.slack.dev/messaging/message-metadata/).
    """
    metadata = _json(args, "metadata", "invalid_metadata_format")
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_payload"), dict):
        raise SlackFault("invalid_metadata_format")
    if not isinstance(metadata.get("event_type"), str):
        raise SlackFault("invalid_metadata_format")
    if too_long(metadata, MOST_METADATA_BYTES):
        raise SlackFault("metadata_too_large")
    return metadata


def _history(world: Workspace, args: Json) -> Json:
    """The latest messages of a direct message, the newest first, page by page."""
    person = world.person_of_channel(args.get("channel"), users_too=False)
    listed = [one for one in world.messages(person.id) if not one.ephemeral][::-1]
    first, limit = int(args.get("cursor") or 0), int(args.get("limit") or 100)
    page, further = listed[first : first + limit], first + limit
    whole = args.get("include_all_metadata") in {True, "1", "true"}
    shown = [_as_slack(world, one) | _kept(one, whole=whole) for one in page]
    answer: Json = {"messages": shown, "has_more": len(listed) > further, "pin_count": 0}
    if answer["has_more"]:
        answer["response_metadata"] = {"next_cursor": str(further)}
    return answer


def _kept(message: Message, *, whole: bool) -> Json:
    if message.metadata is None:
        return {}
    event = {"event_type": message.metadata["event_type"]}
    return {"metadata": message.metadata if whole else event}


def _post_ephemeral(world: Workspace, args: Json) -> Json:
    person = world.person_of_channel(args.get("channel"), users_too=True)
    if args.get("user") != person.id:
        raise SlackFault("user_not_in_channel")
    message = world.post(person.id, *content(args), quiet=True)
    _note(world, "chat.postEphemeral", message)
    return {"message_ts": message.ts}


def _own_message(world: Workspace, args: Json, refusal: str) -> Message:
    place = world.place_of(args.get("channel"), users_too=False)
    message = world.conversations.get(place, {}).get(str(args.get("ts")))
    if message is None or message.deleted or message.ephemeral:
        raise SlackFault("message_not_found")
    if message.sender != "bot":
        raise SlackFault(refusal)
    return message


def _update(world: Workspace, args: Json) -> Json:
    message = _own_message(world, args, "cant_update_message")
    blocks = _blocks(args)
    text = _text(args) if args.get("text") is not None else None
    if blocks is None and text is None:
        raise SlackFault("no_text")
    world.rewrite(message, text, blocks)
    _note(world, "chat.update", message)
    return {
        "channel": args["channel"],
        "ts": message.ts,
        "text": message.text,
        "message": _as_slack(world, message),
    }


def _delete(world: Workspace, args: Json) -> Json:
    message = _own_message(world, args, "cant_delete_message")
    world.remove(message)
    _note(world, "chat.delete", message)
    return {"channel": args["channel"], "ts": message.ts}


def checked_view(view: object, kind: str) -> Json:
    """A view as an app sent it, when Slack would take it as this kind (modal or home).

    Raises:
        SlackFault: ``invalid_arguments`` with pointers, or ``view_too_large``.
    """
    found = [str(problem) for problem in view_problems(view)]
    if isinstance(view, dict) and view.get("type") != kind and not found:
        found = [f'[ERROR] must be "{kind}" [json-pointer:/view/type]']
    if found or not isinstance(view, dict):
        raise SlackFault("invalid_arguments", found)
    if too_long(view, MOST_VIEW_BYTES):
        raise SlackFault("view_too_large")
    return view


def _views_open(world: Workspace, args: Json) -> Json:
    view = checked_view(_json(args, "view", "invalid_arguments"), "modal")
    trigger = world.use_trigger(args.get("trigger_id"))
    return {"view": world.open_view(trigger.person, view)}


def _views_push(world: Workspace, args: Json) -> Json:
    view = checked_view(_json(args, "view", "invalid_arguments"), "modal")
    trigger = world.use_trigger(args.get("trigger_id"))
    if not world.views.get(trigger.person):
        raise SlackFault("not_found")
    return {"view": world.open_view(trigger.person, view, push=True)}


def _views_update(world: Workspace, args: Json) -> Json:
    given = _json(args, "view", "invalid_arguments")
    who, old = _view_meant(world, args)
    view = checked_view(given, old["type"])
    if args.get("hash") and args["hash"] != old["hash"]:
        raise SlackFault("hash_conflict")
    return {"view": world.replace_view(who, old, view)}


def _view_meant(world: Workspace, args: Json) -> tuple[str, Json]:
    if args.get("view_id"):
        return world.view(str(args["view_id"]))
    wanted = args.get("external_id")
    for who, stack in world.views.items():
        for view in stack:
            if wanted and view["external_id"] == wanted:
                return who, view
    raise SlackFault("not_found")


def _views_publish(world: Workspace, args: Json) -> Json:
    view = checked_view(_json(args, "view", "invalid_arguments"), "home")
    person = world.person(str(args.get("user_id")))
    old = world.homes.get(person.id)
    if args.get("hash") and (old is None or args["hash"] != old["hash"]):
        raise SlackFault("hash_conflict")
    return {"view": world.publish_home(person.id, view)}


def _blocks_validate(world: Workspace, args: Json) -> Json:
    """Slack's own check for the asking, without a token.

    Fact: https://docs.slack.dev/reference/methods/blocks.validate
    """
    view = _json(args, "view", "invalid_json")
    message = _json(args, "message", "invalid_json")
    blocks = _json(args, "blocks", "invalid_json")
    surface: Surface = "message"
    if view is not None:
        found = view_problems(view)
    elif isinstance(message, dict):
        found = problems(message.get("blocks", []), surface, "/message/blocks")
    else:
        found = problems(blocks, surface)
    if not found:
        return {}
    raise SlackFault(
        "invalid_blocks",
        errors=[
            {"pointer": one.pointer, "code": one.code, "message": one.message, "constraint": None}
            for one in found
        ],
    )


METHODS: dict[str, Method] = {
    "auth.test": Method(_auth_test),
    "dnd.info": Method(_dnd_info, "dnd:read"),
    "dnd.teamInfo": Method(_dnd_team_info, "dnd:read"),
    "users.info": Method(_user_info, "users:read"),
    "users.list": Method(_users_list, "users:read"),
    "users.lookupByEmail": Method(_user_by_email, "users:read.email"),
    "conversations.open": Method(_conversations_open, "im:write"),
    "conversations.history": Method(_history, "im:history"),
    "chat.postMessage": Method(_post, "chat:write"),
    "chat.postEphemeral": Method(_post_ephemeral, "chat:write"),
    "chat.update": Method(_update, "chat:write"),
    "chat.delete": Method(_delete, "chat:write"),
    "chat.unfurl": Method(unfurl, "links:write"),
    "views.open": Method(_views_open),
    "views.push": Method(_views_push),
    "views.update": Method(_views_update),
    "views.publish": Method(_views_publish),
    "blocks.validate": Method(_blocks_validate),
}
