"""Linking a Close organization: an API key, and one webhook made by API."""

from collections.abc import Mapping
from typing import Any

from bot.crm.calls import Account
from bot.crm.providers.close.calling import API, request
from bot.crm.setup import (
    Credential,
    Identity,
    RefusedError,
    Setup,
    Subscribing,
    Subscription,
    Talk,
    granted,
)
from bot.crm.things import answered, name_of, rows, words

_CHANGES = ("created", "updated", "deleted")

#: What the coach wants to be told of.
EVENTS: Mapping[str, tuple[str, ...]] = {
    "opportunity": _CHANGES,
    "lead": (*_CHANGES, "merged"),
    "contact": _CHANGES,
    "task.lead": _CHANGES,
    "status.opportunity": _CHANGES,
    "activity.note": ("created",),
    "activity.call": ("created", "updated"),
    "activity.email": ("created", "updated"),
    "activity.sms": ("created", "updated"),
    "activity.meeting": ("created",),
}


def probe(account: Account) -> Talk[Identity]:
    """Whose key it is: a key belongs to one user in one organization."""
    me = answered(granted((yield request(account, "GET", "/me/")), "see whose key it is"))
    listed = rows(me.get("organizations"))
    id = name_of(listed[0].get("id")) if len(listed) == 1 else None
    if id is None:
        raise RefusedError("Close did not say of which organization this key is.")
    return Identity(id, words(listed[0].get("name")))


def _mine(account: Account, url: str) -> Talk[list[dict[str, Any]]]:
    answer = granted((yield request(account, "GET", "/webhook/")), "list its webhooks")
    return [each for each in rows(answered(answer).get("data")) if each.get("url") == url]


def subscribe(account: Account, url: str) -> Talk[Subscription]:
    """Make it anew, since the key is told only then; then remove those that were there."""
    before = yield from _mine(account, url)
    events = [
        {"object_type": kind, "action": action}
        for kind, actions in EVENTS.items()
        for action in actions
    ]
    wanted = {"url": url, "events": events}
    answer = yield request(account, "POST", "/webhook/", wanted, repeatable=False)
    made = answered(granted(answer, "make a webhook"))
    id, signing_key = name_of(made.get("id")), words(made.get("signature_key"), 255)
    if id is None or not signing_key:
        raise RefusedError("Close did not tell the key by which its webhook is signed.")
    for each in before:
        yield from _remove(account, each)
    return Subscription((id,), signing_key)


def _remove(account: Account, webhook: Mapping[str, Any]) -> Talk[None]:
    id = name_of(webhook.get("id"))
    if id is not None and id.isascii() and id.isidentifier():
        answer = yield request(account, "DELETE", f"/webhook/{id}/")
        if not answer.gone:
            granted(answer, "remove a webhook")


def look(account: Account, url: str) -> Talk[str | None]:
    """Whether it runs: after three days of failure Close pauses it, and forgets what waits."""
    mine = yield from _mine(account, url)
    if any(each.get("status") == "active" for each in mine):
        return None
    if not mine:
        return "Close has no webhook to this address any more."
    why = words(mine[0].get("pause_reason"), 100)
    return "Close has paused its webhook" + (f" ({why})." if why else ".")


def unsubscribe(account: Account, url: str) -> Talk[None]:
    """Remove every webhook to this address."""
    for each in (yield from _mine(account, url)):
        yield from _remove(account, each)


SETUP = Setup(
    credentials=(
        Credential(
            "api_key",
            "API key",
            "in Close: Settings, Developer, API Keys, New API Key; best that of an administrator",
        ),
    ),
    probe=probe,
    api_url=API,
    subscribing=Subscribing(subscribe, look, unsubscribe),
)
