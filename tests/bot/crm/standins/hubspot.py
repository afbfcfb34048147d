"""A stand-in for HubSpot's CRM API v3, with one account."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from bot.crm.providers.hubspot.signature import signature
from storage.connections import Connection
from tests.bot.crm.standins.oauth import App
from tests.bot.crm.standins.standin import Asked, Case, Standin
from tests.world import BEGINNING

TOKEN, SECRET, PORTAL = "pat-eu1-of-a-test", "client-secret-of-a-test", "62515"

#: How many objects HubSpot gives on one page at most, and with the versions of a property.
MOST, MOST_WITH_HISTORY, MOST_FOUND = 100, 50, 200


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


@dataclass
class Hubspot(Standin):
    """Objects by their plural and id; each with its properties, and versions of some."""

    token: str = TOKEN
    objects: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {plural: {} for plural in ("deals", "contacts", "tasks", "notes")}
    )
    owners: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"id": "77", "email": "ana@northwind.example", "firstName": "Ana", "lastName": "Ruiz"}
        ]
    )
    #: Scopes that the app lacks, by a part of the path.
    forbidden: list[str] = field(default_factory=list)
    now: datetime = BEGINNING
    app: App = field(
        default_factory=lambda: App("/oauth/authorize", "/oauth/2026-03/token", pkce=True)
    )

    def lets_in(self, asked: Asked) -> bool:
        granted = self.app.concerns(asked) or self.app.lets_in(asked)
        return granted or asked.headers.get("authorization") == f"Bearer {self.token}"

    def put(
        self, plural: str, id: str, properties: Mapping[str, Any], *, at: datetime | None = None
    ) -> dict[str, Any]:
        """Make an object, or change it, at that time."""
        at = at or self.now
        thing = self.objects[plural].setdefault(
            id,
            {"id": id, "properties": {}, "createdAt": iso(at), "versions": [], "associations": {}},
        )
        stage = properties.get("dealstage")
        if stage and thing["properties"].get("dealstage") != stage:
            thing["versions"].insert(0, {"value": stage, "timestamp": iso(at)})
        thing["properties"].update(properties)
        thing["updatedAt"] = iso(at)
        return thing

    def answer(self, asked: Asked) -> Response:
        if self.app.concerns(asked):
            return self.app.answer(asked)
        if any(part in asked.path for part in self.forbidden):
            return JSONResponse({"category": "MISSING_SCOPES", "message": "Missing scopes."}, 403)
        match asked.method, *asked.path.strip("/").split("/"):
            case "GET", "account-info", "v3", "details":
                return JSONResponse(
                    {
                        "portalId": int(PORTAL),
                        "timeZone": "Europe/Madrid",
                        "companyCurrency": "EUR",
                        "uiDomain": "app.hubspot.com",
                    }
                )
            case "GET", "crm", "v3", "pipelines", "deals":
                return JSONResponse({"results": [PIPELINE]})
            case "GET", "crm", "v3", "owners":
                gone = asked.query.get("archived") == "true"
                return JSONResponse({"results": [] if gone else self.owners})
            case "GET", "crm", "v3", "objects", plural:
                return self._page(plural, asked)
            case "POST", "crm", "v3", "objects", plural, "search":
                return self._found(plural, asked.body)
            case "POST", "crm", "v3", "objects", plural:
                id = str(9000 + len(self.objects[plural]))
                thing = self.put(plural, id, asked.body["properties"])
                thing["made_with"] = asked.body["associations"]
                return JSONResponse({"id": id}, 201)
            case method, "crm", "v3", "objects", plural, id:
                return self._one(method, plural, id, asked)
        return JSONResponse({"message": "No such address."}, 404)

    def _one(self, method: str, plural: str, id: str, asked: Asked) -> Response:
        thing = self.objects[plural].get(id)
        if thing is None:
            return JSONResponse({"message": "resource not found"}, 404)
        if method == "DELETE":
            del self.objects[plural][id]
            return Response(status_code=204)
        if method == "PATCH":
            self.put(plural, id, asked.body["properties"])
        return JSONResponse(self._told(thing, asked.query))

    def _told(self, thing: Mapping[str, Any], query: Mapping[str, str]) -> dict[str, Any]:
        names = query.get("properties", "").split(",")
        told = {
            "id": thing["id"],
            "properties": {name: thing["properties"].get(name) for name in names},
            "createdAt": thing["createdAt"],
            "updatedAt": thing["updatedAt"],
        }
        if query.get("propertiesWithHistory"):
            told["propertiesWithHistory"] = {"dealstage": thing["versions"]}
        if query.get("associations") and thing["associations"]:
            told["associations"] = thing["associations"]
        return told

    def _page(self, plural: str, asked: Asked) -> Response:
        most = MOST_WITH_HISTORY if "propertiesWithHistory" in asked.query else MOST
        limit = int(asked.query.get("limit", "10"))
        if limit > most:
            return JSONResponse({"message": f"limit must be at most {most}"}, 400)
        things = sorted(self.objects[plural].values(), key=lambda each: int(each["id"]))
        after = int(asked.query.get("after", "0"))
        left = [each for each in things if int(each["id"]) >= after]
        content: dict[str, Any] = {"results": [self._told(e, asked.query) for e in left[:limit]]}
        if len(left) > limit:
            content["paging"] = {"next": {"after": left[limit]["id"], "link": "?after=..."}}
        return JSONResponse(content)

    def _found(self, plural: str, body: Any) -> Response:
        (filter_,) = body["filterGroups"][0]["filters"]
        since, begin = int(filter_["value"]), int(body.get("after", "0"))
        things = [
            each
            for each in self.objects[plural].values()
            if _milliseconds(datetime.fromisoformat(each["updatedAt"])) >= since
        ]
        things.sort(key=lambda each: (each["updatedAt"], int(each["id"])))
        query = {"properties": ",".join(body["properties"])}
        page = things[begin : begin + body["limit"]]
        told: list[dict[str, Any]] = []
        for each in page:
            thing = self._told(each, query)
            thing["properties"][filter_["propertyName"]] = each["updatedAt"]
            told.append(thing)
        content: dict[str, Any] = {"total": len(things), "results": told}
        if begin + len(page) < len(things):
            content["paging"] = {"next": {"after": str(begin + len(page))}}
        return JSONResponse(content)


def _stage(id: str, label: str, place: int, probability: str, *, closed: bool) -> dict[str, Any]:
    meta = {"isClosed": str(closed).lower(), "probability": probability}
    return {"id": id, "label": label, "displayOrder": place, "metadata": meta}


PIPELINE = {
    "id": "default",
    "label": "Sales",
    "stages": [
        _stage("101", "Qualified", 0, "0.4", closed=False),
        _stage("102", "Contract sent", 1, "0.9", closed=False),
        _stage("103", "Signed", 2, "1.0", closed=True),
        _stage("104", "Not this time", 3, "0.0", closed=True),
    ],
}


def sign(connection: Connection, url: str, body: bytes, wall: float) -> Mapping[str, str]:
    stamp = str(round(wall * 1000))
    made = signature(connection.access["client_secret"], "POST", url, body, stamp.encode())
    return {
        "content-type": "application/json",
        "x-hubspot-request-timestamp": stamp,
        "x-hubspot-signature-v3": made.decode(),
    }


_WHAT = {
    "created": {"subscriptionType": "deal.creation", "changeFlag": "CREATED"},
    "changed": {
        "subscriptionType": "deal.propertyChange",
        "propertyName": "dealstage",
        "propertyValue": "102",
    },
    "deleted": {"subscriptionType": "deal.deletion", "changeFlag": "DELETED"},
}


def event(standin: Standin, what: str, id: str, number: int) -> dict[str, Any]:
    assert isinstance(standin, Hubspot)
    return {
        "eventId": number,
        "subscriptionId": 1,
        "portalId": int(PORTAL),
        "appId": 54321,
        "occurredAt": _milliseconds(standin.now),
        "attemptNumber": 0,
        "objectId": int(id),
        "changeSource": "CRM_UI",
        "sourceId": "userId:1001",
        **_WHAT[what],
    }


def put(standin: Standin, id: str, title: str, stage: str) -> None:
    assert isinstance(standin, Hubspot)
    standin.put(
        "deals",
        id,
        {
            "dealname": title,
            "dealstage": stage,
            "pipeline": "default",
            "amount": "1200",
            "hubspot_owner_id": "77",
        },
    )


def remove(standin: Standin, id: str) -> None:
    assert isinstance(standin, Hubspot)
    standin.objects["deals"].pop(id, None)


def body(events: Sequence[Any]) -> bytes:
    return json.dumps(list(events)).encode()


CASE = Case(
    "hubspot",
    Hubspot,
    {"token": TOKEN, "client_secret": SECRET},
    PORTAL,
    sign,
    event,
    body,
    put,
    remove,
    open_stage=("Qualified", "101"),
    won_stage=("Signed", "103"),
    next_stage=("Contract sent", "102"),
    bad_event={"subscriptionType": "deal.creation", "objectId": None},
    tolerance=300,
    thin=True,
)
