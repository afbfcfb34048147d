"""Links in messages: which the app is told of, and what it puts below them.

Facts: https://docs.slack.dev/messaging/unfurling-links-in-messages
"""

import json
import re
from urllib.parse import urlsplit

from bot.playground.slack.blocks import problems, too_long
from bot.playground.slack.things import Json, Message, SlackFault
from bot.playground.slack.world import Workspace

_LINK = re.compile(r"https?://[^\s<>|]+[^\s<>|.,;:!?)]")


def shared(world: Workspace, message: Message, place: str, author: str) -> Json | None:
    """The event of the links in a message that are on the app's domains; None without any."""
    links = [
        {"domain": domain, "url": url}
        for url in dict.fromkeys(_LINK.findall(message.text.replace("&amp;", "&")))
        if (domain := _domain(world, url)) is not None
    ]
    if not links or "links:read" not in world.scopes:
        return None
    channel = world.address_of(place)
    return {
        "type": "link_shared",
        "channel": channel,
        "is_bot_user_member": place not in world.channels or world.channels[place].joined,
        "user": author,
        "message_ts": message.ts,
        "unfurl_id": f"{channel}.{message.ts}.{place}",
        "source": "conversations_history",
        "links": links,
        "event_ts": message.ts,
    }


def _domain(world: Workspace, url: str) -> str | None:
    host = urlsplit(url).hostname or ""
    return next(
        (each for each in world.unfurl_domains if host == each or host.endswith(f".{each}")), None
    )


def unfurl(world: Workspace, args: Json) -> Json:
    """What ``chat.unfurl`` does: below each link of the message what is given for it."""
    unfurls = args.get("unfurls")
    if isinstance(unfurls, str):
        unfurls = json.loads(unfurls)
    if not isinstance(unfurls, dict) or not unfurls:
        raise SlackFault("missing_unfurls")
    for each in unfurls.values():
        found = problems(each.get("blocks"), "message")
        if found or too_long(each["blocks"]):
            raise SlackFault("invalid_blocks", [str(problem) for problem in found])
    if args.get("source") == "composer":
        world.previews[str(args.get("unfurl_id"))] = unfurls
        return {}
    place, ts = _place(world, args)
    message = world.conversations.get(place, {}).get(ts)
    if message is None or message.deleted or message.sender == "bot":
        raise SlackFault("cannot_find_message")
    text = message.text.replace("&amp;", "&")
    for url, each in unfurls.items():
        if url not in text:
            raise SlackFault("cannot_unfurl_url")
        message.unfurls[url] = world.named(each["blocks"])
    world.tell({"type": "message", "person": message.person, "message": message.as_page()})
    return {}


def _place(world: Workspace, args: Json) -> tuple[str, str]:
    if args.get("unfurl_id") and args.get("source"):
        channel, *ts, place = str(args["unfurl_id"]).split(".")
        return place, ".".join(ts)
    channel = str(args.get("channel"))
    if channel in world.channels:
        return channel, str(args.get("ts"))
    return world.person_of_channel(channel, users_too=False).id, str(args.get("ts"))
