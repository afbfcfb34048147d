"""Linking a Pipedrive account: an API token or OAuth, and webhooks made by API."""

from collections.abc import Mapping
from typing import Any

from bot.crm.calls import Account, Answer
from bot.crm.oauth import renewing
from bot.crm.provider import PayloadError
from bot.crm.providers.pipedrive.calling import API, domain, request
from bot.crm.setup import (
    Credential,
    Identity,
    OAuth,
    RefusedError,
    Setup,
    Subscribing,
    Subscription,
    Talk,
    Withdrawal,
    granted,
)
from bot.crm.things import answered, content, inner, name_of, rows, words

#: What the coach wants to be told of. A user may have forty webhooks.
ENTITIES = ("deal", "person", "activity", "note", "stage", "pipeline", "user")

_WEBHOOKS = "/api/v1/webhooks"


def probe(account: Account) -> Talk[Identity]:
    """Whose access it is, and whether it sees what everybody works on."""
    answer = granted((yield request(account, "GET", "/api/v1/users/me")), "see whose access it is")
    me = inner(answered(answer), "data")
    company = name_of(inner(me, "company_id"))
    if company is None:
        raise RefusedError("Pipedrive did not say of which company this access is.")
    domain = words(inner(me, "company_domain"), 60)
    access = {"company_domain": domain} if domain else {}
    if (user := name_of(inner(me, "id"))) is not None:
        # Of several who have allowed the app, whose access it is.
        access["user_id"] = user
    lacking = []
    if inner(me, "is_admin") != 1:
        lacking.append(
            "This access is not an administrator's: the coach is told only of what its user "
            "may see."
        )
    return Identity(company, words(inner(me, "company_name")), access, lacking)


def _listed(account: Account, url: str) -> Talk[list[dict[str, Any]]]:
    answer = granted((yield request(account, "GET", _WEBHOOKS)), "list its webhooks")
    every = rows(answered(answer).get("data"))
    return [each for each in every if each.get("subscription_url") == url]


def subscribe(account: Account, url: str) -> Talk[Subscription]:
    """Make them anew, then remove those that were there: their password may be an old one."""
    before = yield from _listed(account, url)
    user, _, password = account.signing[0].partition(":")
    ids: list[str] = []
    for entity in ENTITIES:
        wanted = {
            "subscription_url": url,
            "event_action": "*",
            "event_object": entity,
            "http_auth_user": user,
            "http_auth_password": password,
            "version": "2.0",
            "name": "Coach",
        }
        made: Answer = yield request(account, "POST", _WEBHOOKS, wanted, repeatable=False)
        id = name_of(inner(answered(granted(made, "make a webhook")), "data", "id"))
        if id is None:
            raise RefusedError("Pipedrive did not say what it calls the webhook it made.")
        ids.append(id)
    for each in before:
        yield from _remove(account, each)
    return Subscription(tuple(ids))


def _remove(account: Account, webhook: Mapping[str, Any]) -> Talk[None]:
    id = name_of(webhook.get("id"))
    if id is not None and id.isdigit():
        answer = yield request(account, "DELETE", f"{_WEBHOOKS}/{id}")
        if not answer.gone:
            granted(answer, "remove a webhook")


def look(account: Account, url: str) -> Talk[str | None]:
    """Whether all of them are there: after three days without success Pipedrive removes one."""
    active = {
        words(each.get("event_object"))
        for each in (yield from _listed(account, url))
        if each.get("is_active") == 1 and not each.get("remove_time")
    }
    missing = [entity for entity in ENTITIES if entity not in active]
    if not missing:
        return None
    return f"Pipedrive has stopped its webhooks for {', '.join(missing)}."


def unsubscribe(account: Account, url: str) -> Talk[None]:
    """Remove every webhook to this address."""
    for each in (yield from _listed(account, url)):
        yield from _remove(account, each)


def withdrawal(body: bytes) -> Withdrawal:
    """Who has removed the app (https://pipedrive.readme.io/docs/app-uninstallation)."""
    told = content(body)
    account, user = name_of(told.get("company_id")), name_of(told.get("user_id"))
    if account is None or user is None:
        raise PayloadError("It does not say who of which company has removed the app.")
    return Withdrawal(account, user)


_APP = "in Pipedrive: your name, Developer Hub, your app, OAuth & access scopes"

OAUTH = OAuth(
    called="Pipedrive",
    # https://pipedrive.readme.io/docs/marketplace-oauth-authorization
    authorize_url="https://oauth.pipedrive.com/oauth/authorize",
    token_url="https://oauth.pipedrive.com/oauth/token",  # noqa: S106 – an address
    api_url=API,
    scopes={
        "deals:full": "deals and notes cannot be read and changed",
        "contacts:read": "persons cannot be read",
        "activities:full": "activities cannot be read and changed",
        "users:read": "nobody can be told whose a deal is",
        "webhooks:full": "Pipedrive cannot be asked to tell of changes",
    },
    where=_APP,
    redirects="your app, Basic info, Callback URL",
    # They are those of the app, and the address takes none.
    asks=False,
    basic=True,
    further=domain,
    withdrawal=withdrawal,
)

SETUP = Setup(
    credentials=(
        Credential(
            "api_token",
            "API token",
            "in Pipedrive, at the top right: your name, Company settings, Personal preferences, "
            "API; best that of an administrator",
        ),
    ),
    probe=probe,
    api_url=API,
    subscribing=Subscribing(subscribe, look, unsubscribe),
    renewing=renewing(OAUTH),
    oauth=OAUTH,
)
