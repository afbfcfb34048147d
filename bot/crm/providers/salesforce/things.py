"""Opportunities, contacts, leads and tasks as Salesforce tells them: in SOAP, JSON and by its API.

SOAP tells everything as text, JSON and the API tell numbers and truths as such.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

from bot.crm.things import inner, moment, name_of, thing, words
from coach.events import Change
from coach.models import DealStatus, SubjectKind, TaskPriority, TaskStatus

#: What Salesforce calls what we mirror; a lead is a contact that somebody still hopes to win.
KINDS: Mapping[str, SubjectKind] = {
    "Opportunity": SubjectKind.DEAL,
    "Contact": SubjectKind.CONTACT,
    "Lead": SubjectKind.CONTACT,
    "Task": SubjectKind.TASK,
}

#: At the end of what the coach logs itself, so that it is known again when it comes back.
MARK = "(logged from Slack by Coach)"

_OPPORTUNITY, _WHO = "006", ("003", "00Q")
_HOST = re.compile(r"[a-z0-9.-]{1,200}\.(?:salesforce|force|salesforce-setup)\.com")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_PRIORITIES = {
    "high": TaskPriority.HIGH,
    "normal": TaskPriority.MEDIUM,
    "low": TaskPriority.LOW,
}


def id_of(value: object) -> str | None:
    """An id in its form of eighteen characters; that of fifteen is told apart by case alone."""
    id = name_of(value)
    if id is None or len(id) != 15 or not (id.isascii() and id.isalnum()):
        return id
    groups = (id[begin : begin + 5] for begin in (0, 5, 10))
    bits = (sum(sign.isupper() << place for place, sign in enumerate(each)) for each in groups)
    return id + "".join(_LETTERS[each] for each in bits)


def truth(value: object) -> bool | None:
    """A checkbox, however it is written."""
    return {"true": True, "false": False}.get(str(value).lower())


def told_at(fields: Mapping[str, Any], at: datetime) -> datetime:
    """As of when a record is told."""
    found = moment(fields.get("LastModifiedDate")) or moment(fields.get("SystemModstamp"))
    return min(found or at, at)


def is_new(fields: Mapping[str, Any]) -> bool:
    """Whether a record was made with the very change that is told."""
    created = moment(fields.get("CreatedDate"))
    return created is not None and created == moment(fields.get("LastModifiedDate"))


def changes_of(
    sobject: str, fields: Mapping[str, Any], at: datetime, host: str = ""
) -> tuple[Change, ...]:
    """What one of `KINDS` is, as it was told. Raises `PayloadError` when it has no id."""
    read = {
        "Opportunity": _opportunity,
        "Contact": _contact,
        "Lead": _lead,
        "Task": _task,
    }[sobject]
    id = id_of(fields.get("Id"))
    told: dict[str, Any] = {"id": id, **_owner(fields), **read(fields, at)}
    if (created := moment(fields.get("CreatedDate"))) is not None:
        told["created_at"] = created
    link = words(fields.get("Link"), 500)
    if link and _HOST.fullmatch(link.removeprefix("https://").partition("/")[0]):
        told["url"] = link
    elif id and id.isalnum() and _HOST.fullmatch(host):
        told["url"] = f"https://{host}/{id}"
    change = thing(KINDS[sobject], told, at)
    if change.kind is SubjectKind.DEAL and is_new(fields):
        return (replace(change, came=True),)
    return (*_way(change, fields), change)


def _way(change: Change, fields: Mapping[str, Any]) -> tuple[Change, ...]:
    """Since when a deal has been in its stage, where that is told."""
    since, stage = moment(fields.get("LastStageChangeDate")), change.fields.get("stage")
    if since is None or since > change.at or not stage:
        return ()
    return (replace(change, at=since, fields={"stage": stage}, owner=None, came=True),)


def _owner(fields: Mapping[str, Any]) -> dict[str, Any]:
    owner = fields.get("Owner")
    told: dict[str, Any] = {}
    if "OwnerId" in fields or isinstance(owner, dict):
        told["owner_id"] = id_of(fields.get("OwnerId")) or id_of(inner(owner, "Id"))
    if email := words(inner(owner, "Email"), 320):
        told["owner_email"] = email
    if name := words(inner(owner, "Name"), 120):
        told["owner_name"] = name
    return told


def _some(fields: Mapping[str, Any], **names: str) -> dict[str, Any]:
    return {ours: fields[theirs] for ours, theirs in names.items() if theirs in fields}


def status_of(fields: Mapping[str, Any]) -> DealStatus | None:
    """Whether a deal is open, won or lost, where that is told."""
    won, closed = truth(fields.get("IsWon")), truth(fields.get("IsClosed"))
    if won:
        return DealStatus.WON
    if closed is None:
        return None
    if not closed:
        return DealStatus.OPEN
    # Closed, and not known not to be won, could be either.
    return DealStatus.LOST if won is False else None


def closed_at(fields: Mapping[str, Any], at: datetime) -> datetime | None:
    """When a closed deal was closed: when it came to its stage, else at the end of its close date.

    `None` for one that is not closed.
    """
    if status_of(fields) in (DealStatus.OPEN, None):
        return None
    if (since := moment(fields.get("LastStageChangeDate"))) is not None:
        return min(since, at)
    day = moment(words(fields.get("CloseDate"))[:10])
    return min(at, datetime.combine(day.date(), time.max, UTC)) if day else at


def _opportunity(fields: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    told = _some(
        fields,
        title="Name",
        stage="StageName",
        value="Amount",
        currency="CurrencyIsoCode",
        source="LeadSource",
    )
    status = status_of(fields)
    if status is not None:
        told["status"] = status
    if (closed := closed_at(fields, at)) is not None:
        told["closed_at"] = closed
    elif "CloseDate" in fields:
        told["expected_close_date"] = fields["CloseDate"]
    if "Probability" in fields:
        likely = fields["Probability"]
        number = isinstance(likely, int | float) and not isinstance(likely, bool)
        text = str(likely) if number else words(likely, 20)
        told["probability"] = f"{text.rstrip('% ')}%" if text else None
    if name := words(inner(fields.get("Account"), "Name"), 500):
        told["account"] = name
    others = {name: words(fields[name]) for name in ("Type", "NextStep") if name in fields}
    return {**told, "other": others} if others else told


def _contact(fields: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    told = _some(fields, email="Email")
    both = f"{words(fields.get('FirstName'), 80)} {words(fields.get('LastName'), 80)}".strip()
    if name := words(fields.get("Name"), 500) or both:
        told["name"] = name
    if company := words(inner(fields.get("Account"), "Name"), 500):
        told["company"] = company
    return told


def _lead(fields: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    told = {**_contact(fields, at), **_some(fields, company="Company", source="LeadSource")}
    converted = truth(fields.get("IsConverted"))
    return {**told, "status": "CONVERTED" if converted else "LEAD"}


def _task(fields: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    told = _some(fields, title="Subject", due_date="ActivityDate", note="Description")
    closed = truth(fields.get("IsClosed"))
    if closed is None and "Status" in fields:
        closed = fields["Status"] == "Completed"
    if closed is not None:
        told["status"] = TaskStatus.COMPLETED if closed else TaskStatus.PENDING
    if closed:
        told["completed_at"] = min(moment(fields.get("CompletedDateTime")) or at, at)
    if priority := _PRIORITIES.get(words(fields.get("Priority")).lower()):
        told["priority"] = priority
    if "WhatId" in fields:
        what = id_of(fields["WhatId"])
        told["deal_id"] = what if what and what.startswith(_OPPORTUNITY) else None
    if "WhoId" in fields:
        who = id_of(fields["WhoId"])
        told["contact_id"] = who if who and who.startswith(_WHO) else None
    return told
