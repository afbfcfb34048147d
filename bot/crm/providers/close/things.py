"""Opportunities, leads and tasks as Close tells them, by webhook, event log and API alike.

A lead is a company with the people in it. Opportunities, tasks and calls hang on it and need not
name a person, so it is the lead that the coach knows as a contact. https://developer.close.com
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from bot.crm.things import moment, name_of, percent, rows, thing, words
from coach.events import Change
from coach.models import DealStatus, SubjectKind, TaskStatus

#: What Close calls what we mirror.
KINDS: Mapping[str, SubjectKind] = {
    "opportunity": SubjectKind.DEAL,
    "lead": SubjectKind.CONTACT,
    "task.lead": SubjectKind.TASK,
}

#: What the types of statuses mean.
MEANINGS: Mapping[str, DealStatus] = {
    "active": DealStatus.OPEN,
    "won": DealStatus.WON,
    "lost": DealStatus.LOST,
}

#: At the end of what the coach logs itself, so that it is known again when it comes back.
MARK = "(logged from Slack by Coach)"

_PAGE = "https://app.close.com/lead/{}/"


def change_of(kind: str, data: Mapping[str, Any], id: object, at: datetime) -> Change:
    """What one of `KINDS` is, as it was told whole. Raises `PayloadError` when it has no id."""
    read = {"opportunity": _opportunity, "lead": _lead, "task.lead": _task}[kind]
    return thing(KINDS[kind], {**read(data, at), "id": name_of(id)}, at)


def status_of(type: object) -> DealStatus | None:
    """What a status of this type means, where that is known."""
    return MEANINGS.get(type) if isinstance(type, str) else None


def _ids(data: Mapping[str, Any], **names: str) -> dict[str, Any]:
    return {ours: name_of(data[theirs]) for ours, theirs in names.items() if theirs in data}


def _page(lead: object) -> dict[str, Any]:
    id = name_of(lead)
    return {"url": _PAGE.format(id)} if id and id.isascii() and id.isidentifier() else {}


def _owner(data: Mapping[str, Any], id: str, name: str) -> dict[str, Any]:
    if id not in data:
        return {}
    owner = name_of(data[id])
    return {"owner_id": owner, "owner_name": data.get(name) if owner else None}


def _opportunity(data: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    told = _ids(data, stage="status_id", pipeline="pipeline_id", contact_id="lead_id")
    told |= _owner(data, "user_id", "user_name") | _page(data.get("lead_id"))
    if "lead_name" in data:
        # An opportunity has no name of its own.
        told["title"] = told["account"] = data["lead_name"]
    if "value" in data:
        told["value"] = _money(data["value"])
        told["currency"] = data.get("value_currency")
    if "confidence" in data:
        told["probability"] = percent(data["confidence"])
    if period := words(data.get("value_period"), 60):
        told["other"] = {"period": period}
    if (created := moment(data.get("date_created"))) is not None:
        told["created_at"] = created
    status = status_of(data.get("status_type"))
    if status is not None:
        told["status"] = status
    if "date_won" in data and status is DealStatus.OPEN:
        # Of an open one it is the day on which it is hoped to be won.
        told["expected_close_date"] = data["date_won"]
    ended = {DealStatus.WON: "date_won", DealStatus.LOST: "date_lost"}.get(
        status or DealStatus.OPEN
    )
    if ended and (day := moment(data.get(ended))) is not None:
        # A day without an hour: on the day itself the change says it better.
        told["closed_at"] = at if day.date() == at.date() else day
    return told


def _money(cents: object) -> Decimal | None:
    if isinstance(cents, bool) or not isinstance(cents, int | float):
        return None
    return Decimal(str(cents)) / 100


def _lead(data: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    told: dict[str, Any] = _page(data.get("id"))
    name = words(data.get("display_name"), 500) or words(data.get("name"), 500)
    if name:
        told["name"] = told["company"] = name
    if "status_label" in data:
        told["status"] = data["status_label"]
    if "contacts" in data:
        addresses = [
            each["email"]
            for person in rows(data["contacts"])
            for each in rows(person.get("emails"))
            if isinstance(each.get("email"), str)
        ]
        told["email"] = addresses[0] if addresses else None
    if (created := moment(data.get("date_created"))) is not None:
        told["created_at"] = created
    return told


def _task(data: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    told = _ids(data, contact_id="lead_id")
    told |= _owner(data, "assigned_to", "assigned_to_name") | _page(data.get("lead_id"))
    if "text" in data:
        told["title"] = data["text"]
    if "date" in data:
        told["due_date"] = data["date"]
    if isinstance(data.get("is_complete"), bool):
        told["status"] = TaskStatus.COMPLETED if data["is_complete"] else TaskStatus.PENDING
    if (created := moment(data.get("date_created"))) is not None:
        told["created_at"] = created
    return told
