"""Linking a Salesforce organization: an app's credentials, and a Flow that an admin makes."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode

from bot.crm.calls import Account, Call
from bot.crm.providers.salesforce.calling import address_of, query
from bot.crm.providers.salesforce.things import id_of
from bot.crm.setup import Credential, Identity, RefusedError, Renewing, Setup, Talk, granted
from bot.crm.things import answered, inner, moment, rows, words

#: A session lasts two hours unless the organization says otherwise, and Salesforce does not tell.
#: A shorter one is noticed when it is refused.
LASTS = timedelta(minutes=90)


def due(account: Account, now: datetime) -> bool:
    """Whether there is no session, or an old one."""
    begun = moment(account.access.get("session_begun"))
    return not account.access.get("access_token") or begun is None or now - begun > LASTS


def renew(account: Account, now: datetime) -> Talk[Mapping[str, str]]:
    """A session for the app's own user (the client credentials flow)."""
    asked = {
        "grant_type": "client_credentials",
        "client_id": account.access.get("client_id", ""),
        "client_secret": account.access.get("client_secret", ""),
    }
    headers = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
    where = f"{address_of(account)}/services/oauth2/token"
    answer = yield Call("POST", where, headers, urlencode(asked).encode())
    if answer.status == 400:
        why = words(answered(answer).get("error_description")) or "no reason given"
        raise RefusedError(f"Salesforce gave no session: {why}. See docs/crm/salesforce.md.")
    token = words(answered(granted(answer, "log in")).get("access_token"), 5000)
    if not token:
        raise RefusedError("Salesforce gave no session, and did not say why.")
    return {"access_token": token, "session_begun": now.isoformat()}


def probe(account: Account) -> Talk[Identity]:
    """Which organization it is, and whether it has several currencies."""
    asked = query(account, "SELECT Id, Name FROM Organization LIMIT 1")
    answer = granted((yield asked), "see which organization it is")
    listed = rows(answered(answer).get("records"))
    id = id_of(inner(listed[0], "Id")) if listed else None
    if id is None:
        raise RefusedError("Salesforce did not say which organization this is.")
    # Where there is one currency only, there is no such thing to be asked for.
    several = yield query(account, "SELECT IsoCode FROM CurrencyType WHERE IsActive = true LIMIT 1")
    access = {"currencies": "1" if several.ok else ""}
    return Identity(id, words(listed[0].get("Name")), access)


#: What a message must hold; of a deal also CurrencyIsoCode, where there are several currencies.
MESSAGES: Mapping[str, str] = {
    "Opportunity": "Id, Name, StageName, IsClosed, IsWon, Amount, CloseDate, Probability, OwnerId, "
    "CreatedDate, LastModifiedDate, LastStageChangeDate",
    "Task": "Id, Subject, Status, IsClosed, Priority, OwnerId, WhoId, WhatId, ActivityDate, "
    "TaskSubtype, CreatedDate, LastModifiedDate",
    "Contact": "Id, Name, Email, OwnerId, CreatedDate, LastModifiedDate",
    "Lead": "Id, Name, Email, Company, IsConverted, OwnerId, CreatedDate, LastModifiedDate",
}


def steps(account: Account, url: str) -> Sequence[str]:
    """What an admin clicks, so that Salesforce tells of changes."""
    messages = [
        f"The message for {sobject}: its Endpoint URL is {url}, “Send Session ID” stays unticked, "
        f"and its fields are {fields}."
        for sobject, fields in MESSAGES.items()
    ]
    create = (
        "In Salesforce: Setup, Outbound Messages, New Outbound Message; one for each of "
        f"{', '.join(MESSAGES)}."
    )
    flow = (
        "Setup, Flows, New Flow, Record-Triggered Flow; one for each of them, when a record is "
        "created or updated, with one Action of the type Outbound Message. Save and activate."
    )
    token = account.signing[0] if account.signing else ""
    apex = (
        "Or JSON from Apex or a Flow's HTTP callout, which can tell of deletions as well: the same "
        f"address, with Authorization: Bearer {token} in a Named Credential; its form is in "
        "docs/crm/salesforce.md."
    )
    return (create, *messages, flow, apex)


SETUP = Setup(
    credentials=(
        Credential(
            "instance_url",
            "My Domain URL",
            "in Salesforce: Setup, My Domain; as https://northwind.my.salesforce.com",
            secret=False,
        ),
        Credential(
            "client_id",
            "Consumer Key",
            "in Salesforce: Setup, External Client App Manager, your app for the coach, Settings, "
            "OAuth Settings; see docs/crm/salesforce.md",
        ),
        Credential("client_secret", "Consumer Secret", "beside the Consumer Key"),
    ),
    probe=probe,
    steps=steps,
    renewing=Renewing(due, renew),
)
