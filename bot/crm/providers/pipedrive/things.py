"""Deals, persons and activities as Pipedrive tells them, by webhook and by API alike.

Field names: https://developers.pipedrive.com/docs/api/v1 (v2 of the API) and
https://pipedrive.readme.io/docs/guide-for-webhooks-v2.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.crm.calls import Account
from bot.crm.pages import page
from bot.crm.things import inner, moment, name_of, percent, rows, thing, words
from coach.events import Change
from coach.models import DealStatus, SubjectKind, TaskStatus, Verb

#: What Pipedrive calls what we mirror.
KINDS: Mapping[str, SubjectKind] = {
    "deal": SubjectKind.DEAL,
    "person": SubjectKind.CONTACT,
    "activity": SubjectKind.TASK,
}

#: Activities of these types are a contact once they are done.
TYPES: Mapping[str, Verb] = {
    "call": Verb.CALL_LOGGED,
    "email": Verb.EMAIL_LOGGED,
    "meeting": Verb.MEETING_BOOKED,
}

#: At the end of what the coach logs itself, so that it is known again when it comes back.
MARK = "(logged from Slack by Coach)"

_HOST = re.compile(r"[a-z0-9-]{1,60}\.pipedrive\.com")
_TAG = re.compile(r"<[^<>]*>")


def change_of(entity: str, data: Mapping[str, Any], at: datetime, host: object = None) -> Change:
    """What one of `KINDS` is, as it was told whole. Raises `PayloadError` when it has no id."""
    if entity == "deal":
        return _deal(data, at, _page(host, "deal", data))
    if entity == "person":
        return thing(SubjectKind.CONTACT, _person(data) | _page(host, "person", data), at)
    return thing(SubjectKind.TASK, _activity(data), at)


def deal_of_link(account: Account, url: str) -> str | None:
    """The deal of a page of this company's: `https://<company>.pipedrive.com/deal/<id>`."""
    found, company = page(url), account.access.get("company_domain")
    if found is None or not company or found.host != f"{company.lower()}.pipedrive.com":
        return None
    match found.path:
        case ("deal", id, *_) if id.isascii() and id.isdigit():
            return id
    return None


def _page(host: object, what: str, data: Mapping[str, Any]) -> dict[str, Any]:
    # Told by the webhook only; the address of an account's pages is its own.
    id = name_of(data.get("id"))
    known = isinstance(host, str) and _HOST.fullmatch(host) and id and id.isdigit()
    return {"url": f"https://{host}/{what}/{id}"} if known else {}


def _some(data: Mapping[str, Any], **names: str) -> dict[str, Any]:
    """What is told of these, by our names; what is not told is left out."""
    return {ours: data[theirs] for ours, theirs in names.items() if theirs in data}


def owner_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Whose it is; in the first version of webhooks under other names."""
    for name in ("owner_id", "assigned_to_user_id", "user_id"):
        if name in data:
            return {"owner_id": name_of(data[name])}
    return {}


def _deal(data: Mapping[str, Any], at: datetime, page: Mapping[str, Any]) -> Change:
    told = _some(
        data,
        id="id",
        title="title",
        value="value",
        currency="currency",
        expected_close_date="expected_close_date",
        lost_reason="lost_reason",
        account="org_name",
    )
    told |= {
        ours: name_of(data[theirs])
        for ours, theirs in (
            ("stage", "stage_id"),
            ("pipeline", "pipeline_id"),
            ("contact_id", "person_id"),
        )
        if theirs in data
    }
    if "probability" in data:
        told["probability"] = percent(data["probability"])
    if (created := moment(data.get("add_time"))) is not None:
        told["created_at"] = created
    status = status_of(data)
    if status is not None:
        told["status"] = status
    ended = {DealStatus.WON: "won_time", DealStatus.LOST: "lost_time"}.get(
        status or DealStatus.OPEN
    )
    if ended and (closed := moment(data.get(ended))) is not None:
        told["closed_at"] = closed
    change = thing(SubjectKind.DEAL, {**told, **owner_of(data), **page}, at)
    if data.get("is_archived") is True and status is DealStatus.OPEN:
        # Nobody works on it any more, and no list shows it.
        change = replace(change, fields={**change.fields, "deleted": True})
    return change


def status_of(data: Mapping[str, Any]) -> DealStatus | None:
    """Whether a deal is open, won or lost, where that is told."""
    status = data.get("status")
    return DealStatus(status) if status in ("open", "won", "lost") else None


def _person(data: Mapping[str, Any]) -> dict[str, Any]:
    told = _some(data, id="id", name="name", company="org_name")
    if (created := moment(data.get("add_time"))) is not None:
        told["created_at"] = created
    for name in ("emails", "email"):
        if name in data:
            told["email"] = _address(data[name])
    return told | owner_of(data)


def _address(listed: object) -> str | None:
    """The primary one of several addresses."""
    known = [each for each in rows(listed) if isinstance(each.get("value"), str)]
    known.sort(key=lambda each: each.get("primary") is not True)
    return known[0]["value"] if known else None


def _activity(data: Mapping[str, Any]) -> dict[str, Any]:
    told = _some(data, id="id", title="subject", due_date="due_date")
    told |= {
        ours: name_of(data[theirs])
        for ours, theirs in (("contact_id", "person_id"), ("deal_id", "deal_id"))
        if theirs in data
    }
    if isinstance(data.get("done"), bool):
        told["status"] = TaskStatus.COMPLETED if data["done"] else TaskStatus.PENDING
    if "note" in data:
        told["note"] = plain(data["note"]) or None
    if (created := moment(data.get("add_time"))) is not None:
        told["created_at"] = created
    if data.get("done") and (done := moment(data.get("marked_as_done_time"))) is not None:
        told["completed_at"] = done
    if kind := words(data.get("type"), 60):
        told["other"] = {"type": kind}
    return told | owner_of(data)


def plain(note: object) -> str:
    """A note without its marks of HTML."""
    text = words(note, 20_000)
    return html.unescape(_TAG.sub(" ", text)).strip() if text else ""


def is_deleted(entity: str, data: Mapping[str, Any]) -> bool:
    """Whether it was put into the bin, which is told like a change of a field."""
    return (
        data.get("is_deleted") is True
        or (entity == "deal" and data.get("status") == "deleted")
        or (entity != "deal" and data.get("active_flag") is False)
    )


def company_of(meta: object) -> str | None:
    """Which account a webhook is of."""
    return name_of(inner(meta, "company_id"))
