"""A stand-in for Salesforce's REST API, with one organization; it tells of changes by Apex."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from bot.playground.crm.vendors.standin import (
    CONTACT,
    DEAL,
    TASK,
    Asked,
    Facts,
    Link,
    Standin,
    Step,
    Vendor,
)

ORGANIZATION = "00D000000000001EAA"

#: By their names in the API; people call them otherwise.
STAGES = (
    Step("Demo", "Vorführung"),
    Step("Offer", "Angebot"),
    Step("Signed", "Unterschrieben", "won"),
)

#: How many records are on one page here.
PAGE = 50

_PREFIXES = {"Opportunity": "006", "Contact": "003", "Lead": "00Q", "Task": "00T"}
_SUBTYPES = {"call": "Call", "email": "Email", "meeting": "Task", "note": "Task"}
_PRIORITIES = {"low": "Low", "medium": "Normal", "high": "High", "urgent": "High"}


def iso(at: datetime) -> str:
    """A moment as Salesforce writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _sobject(kind: str, id: str) -> str:
    if kind == CONTACT:
        return "Lead" if id.startswith(_PREFIXES["Lead"]) else "Contact"
    return {DEAL: "Opportunity", TASK: "Task"}[kind]


def _kind(sobject: str) -> str:
    return {"Opportunity": DEAL, "Task": TASK}.get(sobject, CONTACT)


@dataclass
class Salesforce(Standin):
    """Records by what they are, and id."""

    stages: Sequence[Step] = STAGES
    records: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {name: {} for name in ("Opportunity", "Contact", "Lead", "Task")}
    )
    #: How a record was before its last change.
    previous: dict[str, dict[str, Any]] = field(default_factory=dict)
    pages: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def lets_in(self, asked: Asked) -> bool:
        session = asked.headers.get("authorization") == "Bearer session-of-a-test"
        return session or asked.path == "/services/oauth2/token"

    def change(self, id: str, *, sobject: str = "Opportunity", **new: Any) -> None:
        """Make a record, or change it, now."""
        made = {"Id": id, "CreatedDate": iso(self.now), "IsDeleted": False}
        record = self.records[sobject].setdefault(id, made)
        self.previous[id] = dict(record)
        if "StageName" in new:
            meaning = self.step(new["StageName"]).meaning
            new |= {"IsClosed": meaning != "open", "IsWon": meaning == "won"}
            if record.get("StageName") != new["StageName"]:
                new.setdefault("LastStageChangeDate", iso(self.now))
        if sobject == "Task" and "Status" in new:
            closed = new["Status"] == "Completed"
            new |= {"IsClosed": closed}
            new.setdefault("CompletedDateTime", iso(self.now) if closed else None)
        record.update(new, LastModifiedDate=iso(self.now))

    def answer(self, asked: Asked) -> Response:
        match asked.method, *asked.path.strip("/").split("/")[1:]:
            case "POST", "oauth2", "token":
                return JSONResponse({"access_token": "session-of-a-test"})
            case "GET", "data", _, "query" | "queryAll":
                return self._asked(asked.query["q"])
            case "GET", "data", _, "query" | "queryAll", page:
                return self._page(self.pages.pop(page))
            case "POST", "data", _, "sobjects", "Task":
                return self._make(asked.body)
            case method, "data", _, "sobjects", sobject, id if id in self.records.get(sobject, {}):
                if method == "DELETE":
                    del self.records[sobject][id]
                    self.wrote("ended", _kind(sobject), id)
                else:
                    self.change(id, sobject=sobject, **asked.body)
                    self.wrote("changed", _kind(sobject), id)
                return Response(status_code=204)
        return JSONResponse([{"errorCode": "NOT_FOUND", "message": "Not found"}], 404)

    def _make(self, given: Mapping[str, Any]) -> Response:
        self.made += 1
        id = self._id("Task", 9000 + self.made)
        self.change(id, sobject="Task", **given)
        if given.get("Status") == "Completed":
            self.wrote("touched", CONTACT, str(given.get("WhoId")))
        else:
            self.wrote("made", TASK, id)
        return JSONResponse({"id": id, "success": True}, 201)

    def _asked(self, soql: str) -> Response:
        found = re.search(r" FROM (\w+)", soql)
        assert found is not None  # noqa: S101
        match found[1]:
            case "Organization":
                return self._page([{"Id": ORGANIZATION, "Name": "Northwind"}])
            case "CurrencyType":
                return JSONResponse([{"errorCode": "INVALID_TYPE", "message": "no such"}], 400)
            case "User":
                return self._page(
                    [
                        {"Id": _user(each.number), "Name": each.name, "Email": each.email}
                        for each in self.people
                    ]
                )
            case "OpportunityStage":
                return self._page(
                    [
                        {
                            "ApiName": each.id,
                            "MasterLabel": each.name,
                            "IsClosed": each.meaning != "open",
                            "IsWon": each.meaning == "won",
                        }
                        for each in self.stages
                    ]
                )
        there = list(self.records[found[1]].values())
        if one := re.search(r"WHERE Id = '(\w+)'", soql):
            return self._page([each for each in there if each["Id"] == one[1]])
        if since := re.search(r"SystemModstamp >= (\S+)", soql):
            begin = datetime.fromisoformat(since[1])
            there = [
                each for each in there if datetime.fromisoformat(each["LastModifiedDate"]) >= begin
            ]
        return self._page(there)

    def _page(self, there: list[dict[str, Any]]) -> Response:
        content: dict[str, Any] = {"records": there[:PAGE], "done": len(there) <= PAGE}
        if len(there) > PAGE:
            name = f"01g0-{len(self.asked)}"
            self.pages[name] = there[PAGE:]
            content["nextRecordsUrl"] = f"/services/data/v62.0/query/{name}"
        return JSONResponse(content)

    # As a CRM

    def stage_id(self, place: int, name: str) -> str:
        return name

    def _id(self, sobject: str, number: int) -> str:
        return f"{_PREFIXES[sobject]}{number:012}AAA"

    def id_of(self, kind: str, number: int, facts: Facts) -> str:
        is_lead = kind == CONTACT and facts.get("status") == "LEAD"
        return self._id("Lead" if is_lead else _sobject(kind, ""), number)

    def keep(self, kind: str, id: str, facts: Facts) -> None:
        owner = self.member(facts["owner"])
        told: dict[str, Any] = {"OwnerId": _user(owner.number) if owner else None}
        match kind:
            case "deal":
                told |= {
                    "Name": facts["title"],
                    "StageName": self.step(facts["stage"]).id,
                    "Amount": float(facts["value"]),
                    "CloseDate": (facts["closed_at"] or "")[:10] or None,
                    "LastStageChangeDate": facts["stage_entered_at"],
                }
            case "contact":
                told |= {"Name": facts["name"], "Email": facts["email"]}
            case _:
                told |= {
                    "Subject": facts["title"],
                    "Description": facts["note"],
                    "Status": "Completed" if facts["done"] else "Not Started",
                    "Priority": _PRIORITIES[facts["priority"]],
                    "ActivityDate": facts["due_date"],
                    "CompletedDateTime": facts["completed_at"],
                    "WhoId": facts["contact"],
                    "WhatId": facts["deal"],
                }
        sobject = _sobject(kind, id)
        known = id in self.records[sobject]
        self.change(id, sobject=sobject, **told)
        if not known:
            self.records[sobject][id]["CreatedDate"] = facts["created_at"]

    def drop(self, kind: str, id: str) -> None:
        self.records[_sobject(kind, id)].pop(id, None)

    def facts(self, kind: str, id: str) -> Facts:
        told = self.records[_sobject(kind, id)][id]
        if kind == DEAL:
            return {"stage": self.step(told["StageName"]).name}
        owner = self.numbered(str(told.get("OwnerId"))[3:-3])
        return {
            "title": told.get("Subject"),
            "note": told.get("Description"),
            "done": told.get("Status") == "Completed",
            "due_date": told.get("ActivityDate"),
            "owner": owner.email if owner else None,
            "contact": told.get("WhoId"),
            "deal": told.get("WhatId"),
        }

    def tell(
        self, what: str, kind: str, id: str, changed: Collection[str], number: int
    ) -> list[Any]:
        return [_told(self, what, _sobject(kind, id), id, number)]

    def touch(self, id: str, how: str, number: int) -> list[Any]:
        made = self._id("Task", number % 10**12)
        done = {"Subject": how.capitalize(), "Status": "Completed", "WhoId": id}
        self.change(made, sobject="Task", TaskSubtype=_SUBTYPES[how], **done)
        return [_told(self, "created", "Task", made, number)]


def _user(number: int) -> str:
    return f"005{number:012}AAA"


def sign(link: Link, url: str, body: bytes, wall: float) -> Mapping[str, str]:
    """The token of the Named Credential."""
    return {"authorization": f"Bearer {link.secrets[0]}"}


def _told(standin: Salesforce, what: str, sobject: str, id: str, number: int) -> dict[str, Any]:
    record = standin.records[sobject].get(id, {"Id": id, "Name": "Gone"})
    name = sobject.lower()
    match what:
        case "created":
            return {"current": {name: record}, "number": number}
        case "changed":
            previous = {name: standin.previous.get(id, {"Id": id})}
            return {"current": {name: record}, "previous": previous, "number": number}
        case _:
            return {"current": None, "previous": {name: {"Id": id}}, "number": number}


def event(standin: Standin, what: str, id: str, number: int) -> dict[str, Any]:
    """An event of an opportunity."""
    assert isinstance(standin, Salesforce)  # noqa: S101
    return _told(standin, what, "Opportunity", id, number)


def put(standin: Standin, id: str, title: str, stage: str) -> None:
    """An opportunity of Ana's."""
    assert isinstance(standin, Salesforce)  # noqa: S101
    standin.change(id, Name=title, StageName=stage, Amount=1200.0, OwnerId=_user(77))


def remove(standin: Standin, id: str) -> None:
    """The opportunity is no more."""
    standin.drop(DEAL, id)


def body(events: Sequence[Any]) -> bytes:
    """Changes in a list."""
    return json.dumps(list(events)).encode()


VENDOR = Vendor(
    "salesforce",
    "Salesforce",
    Salesforce,
    {"instance_url": "https://northwind.my.salesforce.com", "client_id": "k", "client_secret": "s"},
    ORGANIZATION,
    "with the token of a Named Credential (Apex; Salesforce signs nothing)",
    sign,
    event,
    body,
    put,
    remove,
    open_stage=("Vorführung", "Demo"),
    won_stage=("Unterschrieben", "Signed"),
    next_stage=("Angebot", "Offer"),
    bad_event={"current": 7},
    batches=True,
    remark="Contacts that are leads are Leads. It tells by Apex, which can tell of deletions too.",
)
