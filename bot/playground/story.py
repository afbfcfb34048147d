"""Tells each request of the playground as a line that a person follows in the terminal."""

from collections.abc import Mapping

from bot.playground.slack.things import Json


def line(entry: Json, names: Mapping[str, str]) -> str | None:
    """What happened, in a line, or None when it is of no interest.

    ``entry`` is one of the request log; ``names`` maps people's ids to their names.
    """
    told = _told(entry, names)
    if entry["problem"]:
        told = f"{told or entry['name']}: {entry['problem']}"
    return None if told is None else plain(told)


def plain(text: str, most: int = 200) -> str:
    """Text of people and CRMs made harmless for a terminal, and short."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    shown = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def _told(entry: Json, names: Mapping[str, str]) -> str | None:
    direction, name, request = entry["direction"], entry["name"], entry["request"]
    if direction == "from CRM":
        return f"CRM → coach   {name}{_subject(request)}  (webhook, {entry['status'] or 'lost'})"
    if direction == "to CRM":
        return f"coach → CRM   {name}{_subject(request)}"
    if direction == "to bot":
        return _deed(name, request, names)
    if not isinstance(request, dict):
        return None
    who = names.get(_person(str(request.get("channel", ""))), "somebody")
    if name == "chat.postMessage":
        return f"coach → Slack  to {who}: {request.get('text', '')}"
    if name == "chat.update":
        return f"coach → Slack  changes its message to {who}: {request.get('text', '')}"
    if name in ("views.open", "views.push"):
        return "coach → Slack  opens a window"
    return None


def _deed(name: str, request: Json, names: Mapping[str, str]) -> str | None:
    user = request.get("user")
    user_id = user.get("id") if isinstance(user, dict) else request.get("user_id")
    who = names.get(str(user_id), "somebody")
    if name.startswith("/"):
        return f"{who} types  {name}"
    if name.startswith("click "):
        return f"{who} presses  {name.removeprefix('click ')}"
    if name.startswith("the shortcut "):
        return f"{who} uses  {name}"
    if name == "view_submission":
        return f"{who} sends the form"
    return None


def _subject(request: object) -> str:
    data = request.get("data") if isinstance(request, dict) else None
    if not isinstance(data, dict):
        return ""
    events = data.get("events")
    if isinstance(events, list):
        return f" of {len(events)} events: the team's past"
    for kind in ("deal", "task", "contact"):
        record = data.get(kind)
        if isinstance(record, dict):
            return f" “{record.get('title') or record.get('name') or record.get('id')}”"
    return ""


def _person(channel: str) -> str:
    return "U" + channel[1:] if channel.startswith("D") else channel
