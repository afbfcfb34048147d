"""Linking an Attio workspace: an access token, where its deals are, and one webhook made by API."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.crm.calls import Account
from bot.crm.providers.attio.calling import API, DEALS, PEOPLE, request
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
from bot.crm.things import answered, inner, name_of, rows, words
from coach.models import DealStatus
from coach.stages import meaning_of_name

#: What the coach wants to be told of.
EVENTS = (
    *(f"record.{what}" for what in ("created", "updated", "deleted", "merged")),
    *(f"list-entry.{what}" for what in ("created", "updated", "deleted")),
    *(f"task.{what}" for what in ("created", "updated", "deleted")),
    "note.created",
    "object-attribute.updated",
    "list-attribute.updated",
    "workspace-member.created",
)

#: What the coach does there, by scope.
SCOPES: Mapping[str, str] = {
    "record_permission:read-write": "read deals and people, and move deals",
    "object_configuration:read": "read the stages of deals",
    "list_entry:read-write": "follow a pipeline that is a list",
    "list_configuration:read": "read the stages of a list",
    "task:read-write": "read and make tasks",
    "note:read-write": "read and write notes",
    "user_management:read": "know whose a deal is",
    "webhook:read-write": "be told of changes",
}

#: Of so many lists it is looked whether they are a pipeline.
_LISTS = 30


def probe(account: Account) -> Talk[Identity]:
    """Whose token it is, what it may do, and whether deals are deals or entries of a list."""
    me = answered(granted((yield request(account, "GET", "/v2/self")), "see whose token it is"))
    workspace = name_of(me.get("workspace_id"))
    if me.get("active") is not True or workspace is None:
        raise RefusedError("Attio does not know this token: copy it anew from the settings.")
    access = yield from _objects(account)
    if not (yield from _has_deals(account)) and (found := (yield from _pipeline(account))):
        access["pipeline"] = found
    granted_scopes = words(me.get("scope"), 2000).split()
    lacking = [
        f"The token lacks the scope {scope}, without which the coach cannot {what}."
        for scope, what in SCOPES.items()
        if granted_scopes and not _allows(granted_scopes, scope)
    ]
    return Identity(workspace, words(me.get("workspace_name")), access, lacking)


def _allows(scopes: list[str], wanted: str) -> bool:
    return wanted in scopes or f"{wanted}-write" in scopes


def _objects(account: Account) -> Talk[dict[str, str]]:
    answer = granted((yield request(account, "GET", "/v2/objects")), "list its objects")
    return {
        f"object_{slug}": id
        for each in rows(answered(answer).get("data"))
        if (slug := each.get("api_slug")) in (DEALS, PEOPLE)
        and (id := name_of(inner(each, "id", "object_id")))
    }


def _has_deals(account: Account) -> Talk[bool]:
    """Whether there is any record of the object deals; it may be switched off."""
    answer = yield request(account, "POST", f"/v2/objects/{DEALS}/records/query", {"limit": 1})
    return bool(rows(answered(answer).get("data"))) if answer.ok else False


def _pipeline(account: Account) -> Talk[str | None]:
    """The first list with a status in which something is won and one in which it is lost."""
    answer = yield request(account, "GET", "/v2/lists")
    for each in rows(answered(answer).get("data"))[:_LISTS]:
        list_id = name_of(inner(each, "id", "list_id"))
        if list_id is None or not list_id.replace("-", "").isalnum():
            continue
        attributes = yield request(account, "GET", f"/v2/lists/{list_id}/attributes")
        for attribute in rows(answered(attributes).get("data")):
            slug = words(attribute.get("api_slug"), 100)
            if attribute.get("type") != "status" or not slug:
                continue
            path = f"/v2/lists/{list_id}/attributes/{quote(slug, safe='')}/statuses"
            statuses = rows(answered((yield request(account, "GET", path))).get("data"))
            meanings = {meaning_of_name(words(each.get("title"))) for each in statuses}
            if {DealStatus.WON, DealStatus.LOST} <= meanings:
                return f"{list_id}/{slug}"
    return None


def _mine(account: Account, url: str) -> Talk[list[dict[str, Any]]]:
    answer = granted((yield request(account, "GET", "/v2/webhooks?limit=100")), "list its webhooks")
    listed = rows(answered(answer).get("data"))
    return [each for each in listed if each.get("target_url") == url]


def subscribe(account: Account, url: str) -> Talk[Subscription]:
    """Make it anew, since the secret is told only then; then remove those that were there."""
    before = yield from _mine(account, url)
    wanted = {
        "target_url": url,
        "subscriptions": [{"event_type": type, "filter": None} for type in EVENTS],
    }
    answer = yield request(account, "POST", "/v2/webhooks", {"data": wanted}, repeatable=False)
    made = answered(granted(answer, "make a webhook")).get("data")
    id = name_of(inner(made, "id", "webhook_id"))
    secret = words(inner(made, "secret"), 255)
    if id is None or not secret:
        raise RefusedError("Attio did not tell the secret by which its webhook is signed.")
    for each in before:
        yield from _remove(account, each)
    return Subscription((id,), secret)


def _remove(account: Account, webhook: Mapping[str, Any]) -> Talk[None]:
    id = name_of(inner(webhook, "id", "webhook_id"))
    if id is not None and id.replace("-", "").isalnum():
        answer = yield request(account, "DELETE", f"/v2/webhooks/{id}")
        if not answer.gone:
            granted(answer, "remove a webhook")


def look(account: Account, url: str) -> Talk[str | None]:
    """Whether it runs: after three days of failure Attio calls it degraded."""
    mine = yield from _mine(account, url)
    if any(each.get("status") == "active" for each in mine):
        return None
    if not mine:
        return "Attio has no webhook to this address any more."
    return f"Attio calls its webhook {words(mine[0].get('status'), 40) or 'inactive'}."


def unsubscribe(account: Account, url: str) -> Talk[None]:
    """Remove every webhook to this address."""
    for each in (yield from _mine(account, url)):
        yield from _remove(account, each)


SETUP = Setup(
    credentials=(
        Credential(
            "api_key",
            "access token",
            "in Attio: Workspace settings, Developers, Create a new integration, Access token; "
            "with the scopes that docs/crm/attio.md lists",
        ),
    ),
    probe=probe,
    api_url=API,
    subscribing=Subscribing(subscribe, look, unsubscribe),
)
