"""A stand-in for Salesforce's REST API, with one organization; it tells of changes by Apex."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from storage.connections import Connection
from tests.bot.crm.standins.standin import Asked, Case, Standin
from tests.world import BEGINNING

ORGANIZATION = "00D000000000001EAA"

#: By its name in the API: what people call it, whether it is closed, and won.
STAGES = {
    "Demo": ("Vorführung", False, False),
    "Offer": ("Angebot", False, False),
    "Signed": ("Unterschrieben", True, True),
}

#: How many records are on one page here.
PAGE = 50


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Salesforce(Standin):
    """Records by what they are, and id."""

    now: datetime = BEGINNING
    records: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {name: {} for name in ("Opportunity", "Contact", "Lead", "Task")}
    )
    previous: dict[str, dict[str, Any]] = field(default_factory=dict)
    pages: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def lets_in(self, asked: Asked) -> bool:
        session = asked.headers.get("authorization") == "Bearer session-of-a-test"
        return session or asked.path == "/services/oauth2/token"

    def change(self, id: str, **new: Any) -> None:
        """Make an opportunity, or change it, now."""
        if (stage := new.get("StageName")) in STAGES:
            new |= {"IsClosed": STAGES[stage][1], "IsWon": STAGES[stage][2]}
        made = {"Id": id, "CreatedDate": iso(self.now), "IsDeleted": False}
        deal = self.records["Opportunity"].setdefault(id, made)
        self.previous[id] = dict(deal)
        if "StageName" in new and deal.get("StageName") != new["StageName"]:
            deal["LastStageChangeDate"] = iso(self.now)
        deal.update(new, LastModifiedDate=iso(self.now))

    def answer(self, asked: Asked) -> Response:
        match asked.method, *asked.path.strip("/").split("/")[1:]:
            case "POST", "oauth2", "token":
                return JSONResponse({"access_token": "session-of-a-test"})
            case "GET", "data", _, "query" | "queryAll":
                return self._asked(asked.query["q"])
            case "GET", "data", _, "query" | "queryAll", page:
                return self._page(self.pages.pop(page))
            case "POST", "data", _, "sobjects", "Task":
                id = f"00T900{len(self.records['Task'])}"
                self.records["Task"][id] = {"Id": id, **asked.body}
                return JSONResponse({"id": id, "success": True}, 201)
            case "PATCH", "data", _, "sobjects", "Opportunity", id:
                self.change(id, **asked.body)
                return Response(status_code=204)
            case "PATCH", "data", _, "sobjects", kind, id if id in self.records[kind]:
                self.records[kind][id].update(asked.body)
                return Response(status_code=204)
        return JSONResponse([{"errorCode": "NOT_FOUND", "message": "Not found"}], 404)

    def _asked(self, soql: str) -> Response:
        found = re.search(r" FROM (\w+)", soql)
        assert found is not None
        match found[1]:
            case "Organization":
                return self._page([{"Id": ORGANIZATION, "Name": "Northwind"}])
            case "CurrencyType":
                return JSONResponse([{"errorCode": "INVALID_TYPE", "message": "no such"}], 400)
            case "User":
                return self._page(
                    [{"Id": "005000000000077AAA", "Name": "Ana", "Email": "ana@northwind.example"}]
                )
            case "OpportunityStage":
                return self._page(
                    [
                        {"ApiName": id, "MasterLabel": label, "IsClosed": closed, "IsWon": won}
                        for id, (label, closed, won) in STAGES.items()
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


def sign(connection: Connection, url: str, body: bytes, wall: float) -> Mapping[str, str]:
    return {"authorization": f"Bearer {connection.secrets[0]}"}


def event(standin: Standin, what: str, id: str, number: int) -> dict[str, Any]:
    assert isinstance(standin, Salesforce)
    deal = standin.records["Opportunity"].get(id, {"Id": id, "Name": "Gone"})
    previous = {"opportunity": standin.previous.get(id, {"Id": id})}
    match what:
        case "created":
            return {"current": {"opportunity": deal}, "number": number}
        case "changed":
            return {"current": {"opportunity": deal}, "previous": previous, "number": number}
        case _:
            return {"current": None, "previous": {"opportunity": {"Id": id}}, "number": number}


def put(standin: Standin, id: str, title: str, stage: str) -> None:
    assert isinstance(standin, Salesforce)
    standin.change(id, Name=title, StageName=stage, Amount=1200.0, OwnerId="005000000000077AAA")


def remove(standin: Standin, id: str) -> None:
    assert isinstance(standin, Salesforce)
    standin.records["Opportunity"].pop(id, None)


def body(events: Sequence[Any]) -> bytes:
    return json.dumps(list(events)).encode()


CASE = Case(
    "salesforce",
    Salesforce,
    {"instance_url": "https://northwind.my.salesforce.com", "client_id": "k", "client_secret": "s"},
    ORGANIZATION,
    sign,
    event,
    body,
    put,
    remove,
    open_stage=("Vorführung", "Demo"),
    won_stage=("Unterschrieben", "Signed"),
    next_stage=("Angebot", "Offer"),
    bad_event={"current": 7},
)
