"""Opportunities, people and tasks as Twenty tells them, by webhook and by API alike.

The records: github.com/twentyhq/twenty, its standard objects.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from bot.crm.things import inner, moment, name_of, rows, thing, words
from coach.events import Change, Owner
from coach.models import DealStatus, SubjectKind, TaskStatus
from coach.stages import meaning_of_name

#: The last stage of the pipeline a new workspace has; it has none for what is lost.
WON = "CUSTOMER"

#: What Twenty calls what we mirror.
KINDS: Mapping[str, SubjectKind] = {
    "opportunity": SubjectKind.DEAL,
    "person": SubjectKind.CONTACT,
    "task": SubjectKind.TASK,
}

_MICROS = re.compile(r"-?[0-9]{1,30}")


def about(target: Mapping[str, Any]) -> dict[str, str]:
    """The person or the deal that something is attached to."""
    # Older servers call it personId, newer ones targetPersonId.
    person = name_of(target.get("targetPersonId") or target.get("personId"))
    deal = name_of(target.get("targetOpportunityId") or target.get("opportunityId"))
    return ({"contact_id": person} if person else {}) | ({"deal_id": deal} if deal else {})


def meaning(stage: str) -> DealStatus:
    """What a stage says of a deal: there is nothing else in Twenty that would."""
    return DealStatus.WON if stage.upper() == WON else meaning_of_name(stage)


def deal(record: Mapping[str, Any], at: datetime) -> Change:
    """An opportunity. Raises `PayloadError` when it has no id."""
    told = _some(
        record,
        id="id",
        title="name",
        contact_id="pointOfContactId",
        owner_id="ownerId",
        expected_close_date="closeDate",
    )
    if stage := words(record.get("stage"), 120):
        told |= {"stage": stage, "status": meaning(stage)}
    amount = record.get("amount")
    if "amount" in record and isinstance(amount, dict | None):
        told["value"] = _whole(inner(amount, "amountMicros"))
        told |= _some(amount or {}, currency="currencyCode")
    return _owned(SubjectKind.DEAL, record, told, at)


def _whole(micros: object) -> Decimal | None:
    """An amount in whole units; JSON has millionths as a number or as text."""
    text = str(micros) if isinstance(micros, int | str) and not isinstance(micros, bool) else ""
    return Decimal(text) / 1_000_000 if _MICROS.fullmatch(text) else None


def person(record: Mapping[str, Any], at: datetime) -> Change:
    """A person. Raises `PayloadError` when it has no id."""
    told = _some(record, id="id")
    if name := full_name(record.get("name")):
        told["name"] = name
    if "emails" in record:
        told["email"] = inner(record["emails"], "primaryEmail")
    return _owned(SubjectKind.CONTACT, record, told, at)


def full_name(name: object) -> str:
    """First and last name, as far as they are told."""
    return " ".join(filter(None, (words(inner(name, part)) for part in ("firstName", "lastName"))))


def task(record: Mapping[str, Any], at: datetime) -> Change:
    """A task. Raises `PayloadError` when it has no id."""
    told = _some(record, id="id", title="title", due_date="dueAt", owner_id="assigneeId")
    if status := words(record.get("status"), 60):
        told["status"] = TaskStatus.COMPLETED if status == "DONE" else TaskStatus.PENDING
    if "bodyV2" in record:
        told["note"] = words(inner(record["bodyV2"], "markdown"), 5000) or None
    for target in rows(record.get("taskTargets")):
        # Only where the task was looked up: a webhook has them by themselves.
        told |= about(target)
    return _owned(SubjectKind.TASK, record, told, at)


def _some(record: Mapping[str, Any], **names: str) -> dict[str, Any]:
    """What is told of these, by our names; what is not told is left out."""
    return {ours: record[theirs] for ours, theirs in names.items() if theirs in record}


def _owned(
    kind: SubjectKind, record: Mapping[str, Any], told: Mapping[str, Any], at: datetime
) -> Change:
    created = moment(record.get("createdAt"))
    change = thing(kind, {**told, **({"created_at": created} if created else {})}, at)
    if "owner_id" in told:
        return change
    # Nobody owns a person in Twenty, and in older versions no opportunity.
    return replace(change, owner=Owner.of(id=maker(record)), owner_assumed=True)


def maker(record: Mapping[str, Any]) -> str | None:
    """Who has made it, where that was one of the workspace."""
    return name_of(inner(record.get("createdBy"), "workspaceMemberId"))


OF = {SubjectKind.DEAL: deal, SubjectKind.CONTACT: person, SubjectKind.TASK: task}
