"""What is looked up at Salesforce, all of it in SOQL: records, pages of them, stages and users."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from bot.crm.calls import Account, Answer, Call
from bot.crm.provider import Fetch, Fetched, Fetching, History, PayloadError, Want
from bot.crm.providers.salesforce.calling import host_of, query, request
from bot.crm.providers.salesforce.things import KINDS, id_of, told_at, truth
from bot.crm.providers.salesforce.webhooks import DELETED, event_of
from bot.crm.things import content, gone, inner, key, needed, percent, rows, utc, words
from coach.events import Event, Owner
from coach.models import DealStatus
from coach.stages import Stage

HISTORIES: Sequence[History] = (
    History("Contact", "contacts", since=True),
    History("Lead", "leads", since=True),
    History("Opportunity", "opportunities", since=True),
    History("Task", "tasks", since=True),
)

_ALWAYS = "Id, OwnerId, CreatedDate, LastModifiedDate, IsDeleted"

FIELDS: Mapping[str, str] = {
    "Opportunity": f"{_ALWAYS}, Name, StageName, IsClosed, IsWon, Amount, CloseDate, Probability, "
    "LeadSource, Type, NextStep, LastStageChangeDate, Account.Name",
    "Contact": f"{_ALWAYS}, Name, Email, Account.Name",
    "Lead": f"{_ALWAYS}, Name, Email, Company, LeadSource, IsConverted",
    "Task": f"{_ALWAYS}, Subject, Description, Status, IsClosed, Priority, ActivityDate, WhoId, "
    "WhatId, TaskSubtype, CompletedDateTime",
}

#: What is over and long past need not be taken over.
_WORTH = {"Task": "IsClosed = false OR LastModifiedDate = LAST_N_DAYS:90"}

_STAGES = (
    "SELECT ApiName, MasterLabel, SortOrder, IsClosed, IsWon, DefaultProbability "
    "FROM OpportunityStage WHERE IsActive = true ORDER BY SortOrder"
)
_USERS = "SELECT Id, Name, Email FROM User WHERE UserType = 'Standard' ORDER BY Id"

_PAGE = re.compile(r"/services/data/v\d+\.\d/query(?:All)?/[\w.-]{1,200}")


def _select(account: Account, sobject: str) -> str:
    several = account.access.get("currencies") and sobject == "Opportunity"
    more = ", CurrencyIsoCode" if several else ""
    return f"SELECT {FIELDS[sobject]}{more} FROM {sobject}"  # noqa: S608 – SOQL, and names of our own


def _thing(account: Account, fetch: Fetch) -> Call:
    # Whatever is no letter or digit has no place in an id, and no business in a question.
    id = re.sub(r"[^A-Za-z0-9]", "", fetch.id)[:18]
    sobject = fetch.kind if fetch.kind in KINDS else "Opportunity"
    return query(account, f"{_select(account, sobject)} WHERE Id = '{id}'", deleted=True)


def _read_thing(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    if fetch.kind not in KINDS:
        raise PayloadError(f"{fetch.kind} is not looked up.")
    found = rows(content(answer.body).get("records")) if not answer.gone else []
    if found:
        return Fetched(_found(account, fetch.kind, found[0], at))
    kind = KINDS[fetch.kind]
    which = key("gone", fetch.kind, fetch.id)
    change = gone(kind, fetch.id, at)
    return Fetched([Event(which, DELETED[kind], at, (change,), observed=True)])


def _found(
    account: Account, sobject: str, record: Mapping[str, Any], at: datetime
) -> Sequence[Event]:
    """How a record is now."""
    id, when = needed(id_of(record.get("Id"))), told_at(record, at)
    which = key("seen", sobject, id, when.isoformat())
    if truth(record.get("IsDeleted")):
        kind = KINDS[sobject]
        change = gone(kind, id, when)
        return [Event(f"{which}|gone", DELETED[kind], when, (change,), observed=True)]
    return event_of(sobject, record, which, at, host_of(account))


def _history(account: Account, fetch: Fetch) -> Call:
    if fetch.cursor:
        return request(account, "GET", fetch.cursor)
    chosen = _select(account, fetch.kind)
    if fetch.since is not None:
        changed = f"{chosen} WHERE SystemModstamp >= {utc(fetch.since)} ORDER BY SystemModstamp"
        return query(account, changed, deleted=True)
    worth = f" WHERE {_WORTH[fetch.kind]}" if fetch.kind in _WORTH else ""
    return query(account, f"{chosen}{worth} ORDER BY SystemModstamp")


def _read_history(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    value = content(answer.body)
    listed = value.get("records")
    if not isinstance(listed, list):
        raise PayloadError("The answer has no list of records.")
    events: list[Event] = []
    rejected: list[tuple[int, str]] = []
    for index, record in enumerate(listed):
        try:
            if not isinstance(record, dict):
                raise PayloadError("It is not an object.")
            events += _found(account, fetch.kind, record, at)
        except PayloadError as error:
            rejected.append((index, str(error)))
    return Fetched(events, rejected=rejected, next=_next(value))


def _next(value: Mapping[str, Any]) -> str | None:
    further = words(value.get("nextRecordsUrl"), 500)
    return further if _PAGE.fullmatch(further) else None


def _read_stages(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    found: list[Stage] = []
    for place, each in enumerate(rows(content(answer.body).get("records"))):
        id, name = words(each.get("ApiName"), 120), words(each.get("MasterLabel"), 120)
        if not id:
            continue
        closed, won = truth(each.get("IsClosed")), truth(each.get("IsWon"))
        meaning = DealStatus.WON if won else DealStatus.LOST if closed else DealStatus.OPEN
        likely = percent(each.get("DefaultProbability"))
        probability = Decimal(likely.rstrip("%")) / 100 if likely else None
        known = meaning if closed is not None or won else None
        found.append(Stage(id, name or id, "", place, known, probability))
    return Fetched(stages=found)


def _owners(account: Account, fetch: Fetch) -> Call:
    return request(account, "GET", fetch.cursor) if fetch.cursor else query(account, _USERS)


def _read_owners(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    value = content(answer.body)
    found = (
        Owner.of(
            id=id_of(each.get("Id")),
            email=words(inner(each, "Email"), 320) or None,
            name=words(each.get("Name"), 120) or None,
        )
        for each in rows(value.get("records"))
    )
    return Fetched(owners=[owner for owner in found if owner is not None], next=_next(value))


FETCHING: Mapping[Want, Fetching] = {
    Want.THING: Fetching(_thing, _read_thing),
    Want.HISTORY: Fetching(_history, _read_history),
    Want.STAGES: Fetching(lambda account, fetch: query(account, _STAGES), _read_stages),
    Want.OWNERS: Fetching(_owners, _read_owners),
}
