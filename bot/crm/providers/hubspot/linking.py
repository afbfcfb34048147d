"""How a HubSpot account is linked: by an app of its own, made with a few clicks, or by OAuth.

https://developers.hubspot.com/docs/api/private-apps
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.crm.calls import Account, Answer, rest_by_headers
from bot.crm.oauth import granted as granted_in_browser
from bot.crm.providers.hubspot.calls import get
from bot.crm.setup import Credential, Identity, OAuth, RefusedError, Talk, granted
from bot.crm.things import answered, name_of, words

#: Where the API is, for every account.
API = "https://api.hubapi.com"

CREDENTIALS = (
    Credential(
        "token",
        "Access token",
        "Development, Legacy apps, your private app, Auth, Show token; it begins with pat-",
    ),
    Credential(
        "client_secret",
        "Client secret",
        "on the same page, Show secret; HubSpot signs its webhooks with it",
    ),
)

_APP = "in HubSpot: Development, Projects or Legacy apps, your app, Auth"

OAUTH = OAuth(
    called="HubSpot",
    # https://developers.hubspot.com/docs/api-reference/2026-03/authentication/manage-oauth-tokens
    authorize_url="https://app.hubspot.com/oauth/authorize",
    token_url="https://api.hubapi.com/oauth/2026-03/token",  # noqa: S106 – an address
    api_url=API,
    scopes={
        "oauth": "access cannot be granted at all",
        "crm.objects.deals.read": "deals and their stages cannot be read",
        "crm.objects.deals.write": "deals cannot be moved from Slack",
        "crm.objects.contacts.read": "contacts and tasks cannot be read",
        "crm.objects.contacts.write": "tasks and notes cannot be written from Slack",
        "crm.objects.owners.read": "nobody can be told whose a deal is",
    },
    where=_APP,
    redirects=f"{_APP}, Redirect URLs",
    pkce=True,
)

#: What is asked of the account, each with the scope that lets the coach and what it is for.
_READS = (
    ("/crm/v3/objects/deals", "crm.objects.deals.read", "deals cannot be read"),
    ("/crm/v3/pipelines/deals", "crm.objects.deals.read", "the stages of deals cannot be read"),
    ("/crm/v3/objects/contacts", "crm.objects.contacts.read", "contacts cannot be read"),
    ("/crm/v3/objects/tasks", "crm.objects.contacts.read", "tasks cannot be read"),
    ("/crm/v3/owners", "crm.objects.owners.read", "nobody can be told whose a deal is"),
)

#: What the app is to be subscribed to: the type of object, and the events or properties of it.
SUBSCRIPTIONS: Sequence[tuple[str, str]] = (
    ("Deal", "Created, Deleted, Merged, Restored, Association changed"),
    (
        "Deal, Property changed",
        "dealname, dealstage, pipeline, amount, closedate, hubspot_owner_id",
    ),
    ("Contact", "Created, Deleted, Merged, Restored, Deleted for privacy"),
    (
        "Contact, Property changed",
        "firstname, lastname, email, company, lifecyclestage, hs_lead_status, hubspot_owner_id",
    ),
    ("Task", "Created, Deleted, Restored"),
    (
        "Task, Property changed",
        "hs_task_subject, hs_task_status, hs_task_priority, hs_timestamp, hubspot_owner_id",
    ),
)


def probe(account: Account) -> Talk[Identity]:
    """Whose account it is, and whether all can be read that the coach reads."""
    answer = granted((yield get(account, "/account-info/v3/details")), "see whose account it is")
    told = answered(answer)
    id = name_of(told.get("portalId"))
    if id is None:
        raise RefusedError("HubSpot did not say whose account it is. Try again later.")
    lacking = []
    for path, scope, why in _READS:
        try:
            granted((yield get(account, path, limit=1)), f"read {path}")
        except RefusedError as error:
            lacking.append(f"{why}: add the scope {scope} to the app. ({error})")
    known = {
        "time_zone": words(told.get("timeZone"), 64),
        "currency": words(told.get("companyCurrency"), 8),
        "ui_domain": words(told.get("uiDomain"), 100),
    }
    return Identity(
        id,
        f"HubSpot account {id}",
        {name: value for name, value in known.items() if value},
        lacking,
    )


def steps(account: Account, url: str) -> Sequence[str]:
    """What to click: HubSpot lets no app change its webhooks by the access to an account."""
    if granted_in_browser(account):
        where = (
            "In HubSpot: Development, your app, Webhooks; of a project, its file "
            "webhooks-hsmeta.json. It counts for every account that has the app."
        )
        return (
            where,
            # An app has one address for all of them; each is found by what it sends.
            f"Target URL: {url.rpartition('/')[0]}",
            "Subscribe to each of these lines:",
            *(f"  {type_}: {what}" for type_, what in SUBSCRIPTIONS),
            "Save the changes.",
        )
    return (
        "In HubSpot: Development, Legacy apps, your private app, Webhooks, Edit webhooks.",
        f"Target URL: {url}",
        "Create subscription and Subscribe, for each of these lines:",
        *(f"  {type_}: {what}" for type_, what in SUBSCRIPTIONS),
        "Save the changes.",
    )


def rest(answer: Answer, now: datetime) -> timedelta | None:
    """How long HubSpot wants to be left alone: a second, ten, or until a new day."""
    asked = rest_by_headers(answer, now)
    if asked is not None or answer.status != 429:
        return asked
    match answered(answer).get("policyName"):
        case "SECONDLY":
            return timedelta(seconds=1)
        case "DAILY":
            # It does not say when its day ends.
            return timedelta(hours=1)
        case _:
            return timedelta(seconds=10)
