"""A stand-in for HubSpot's CRM API v3 and its webhooks, with one account."""

import base64
import hashlib
import hmac
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from bot.playground.crm.vendors.hubspot_properties import PROPERTIES, properties_of
from bot.playground.crm.vendors.oauth import App
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

TOKEN, SECRET, PORTAL = "pat-eu1-of-a-test", "client-secret-of-a-test", "62515"

#: How many objects HubSpot gives on one page at most, and with the versions of a property.
MOST, MOST_WITH_HISTORY, MOST_FOUND = 100, 50, 200

STAGES = (
    Step("101", "Qualified"),
    Step("102", "Contract sent"),
    Step("103", "Signed", "won"),
    Step("104", "Not this time", "lost"),
)

#: How likely a deal is that is in an open stage, the last one and those before, won, and lost.
_LIKELY = {"open": "0.4", "last": "0.9", "won": "1.0", "lost": "0.0"}

PLURALS = {DEAL: "deals", CONTACT: "contacts", TASK: "tasks"}
_KINDS = {plural: kind for kind, plural in PLURALS.items()}
_TYPES = {DEAL: "0-3", CONTACT: "0-1", TASK: "0-27"}

#: What the numbers of associations tie to.
_TIES = {202: "contacts", 204: "contacts", 216: "deals"}


def iso(at: datetime) -> str:
    """A moment as HubSpot writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


@dataclass
class Hubspot(Standin):
    """Objects by their plural and id; each with its properties, and versions of some."""

    token: str = TOKEN
    stages: Sequence[Step] = STAGES
    objects: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {plural: {} for plural in ("deals", "contacts", "tasks", "notes")}
    )
    #: Scopes that the app lacks, by a part of the path.
    forbidden: list[str] = field(default_factory=list)
    app: App = field(
        default_factory=lambda: App("/oauth/authorize", "/oauth/2026-03/token", pkce=True)
    )

    def lets_in(self, asked: Asked) -> bool:
        granted = self.app.concerns(asked) or self.app.lets_in(asked)
        return granted or asked.headers.get("authorization") == f"Bearer {self.token}"

    @property
    def owners(self) -> list[dict[str, Any]]:
        """Its people, as it tells them."""
        named = [(each, *each.name.partition(" ")) for each in self.people]
        return [
            {"id": str(each.number), "email": each.email, "firstName": first, "lastName": last}
            for each, first, _, last in named
        ]

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
                return JSONResponse({"results": [self._pipeline()]})
            case "GET", "crm", "v3", "owners":
                gone = asked.query.get("archived") == "true"
                return JSONResponse({"results": [] if gone else self.owners})
            case "GET", "crm", "v3", "objects", plural:
                return self._page(plural, asked)
            case "POST", "crm", "v3", "objects", plural, "search":
                return self._found(plural, asked.body)
            case "POST", "crm", "v3", "objects", plural:
                return self._make(plural, asked.body)
            case method, "crm", "v3", "objects", plural, id:
                return self._one(method, plural, id, asked)
        return JSONResponse({"message": "No such address."}, 404)

    def _pipeline(self) -> dict[str, Any]:
        last = [each for each in self.stages if each.meaning == "open"][-1]
        return {
            "id": "default",
            "label": "Sales",
            "stages": [
                {
                    "id": each.id,
                    "label": each.name,
                    "displayOrder": place,
                    "metadata": {
                        "isClosed": str(each.meaning != "open").lower(),
                        "probability": _LIKELY["last" if each is last else each.meaning],
                    },
                }
                for place, each in enumerate(self.stages)
            ],
        }

    def _make(self, plural: str, body: Any) -> Response:
        self.made += 1
        id = str(9000 + self.made)
        thing = self.put(plural, id, body["properties"])
        thing["made_with"] = body["associations"]
        for tie in body["associations"]:
            to = _TIES[tie["types"][0]["associationTypeId"]]
            thing["associations"].setdefault(to, {"results": []})["results"].append(
                {"id": tie["to"]["id"]}
            )
        if plural == "notes":
            for contact in thing["associations"].get("contacts", {"results": []})["results"]:
                self.wrote("touched", CONTACT, contact["id"])
        else:
            self.wrote("made", _KINDS[plural], id)
        return JSONResponse({"id": id}, 201)

    def _one(self, method: str, plural: str, id: str, asked: Asked) -> Response:
        thing = self.objects[plural].get(id)
        if thing is None:
            return JSONResponse({"message": "resource not found"}, 404)
        if method == "DELETE":
            del self.objects[plural][id]
            self.wrote("ended", _KINDS[plural], id)
            return Response(status_code=204)
        if method == "PATCH":
            self.put(plural, id, asked.body["properties"])
            self.wrote("changed", _KINDS[plural], id)
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

    # As a CRM

    def keep(self, kind: str, id: str, facts: Facts) -> None:
        owner = self.member(facts["owner"])
        properties = properties_of(kind, facts)
        properties["hubspot_owner_id"] = str(owner.number) if owner else None
        if kind == DEAL:
            properties["dealstage"] = self.step(facts["stage"]).id
        thing = self.put(PLURALS[kind], id, properties)
        thing["createdAt"] = facts["created_at"]
        if kind == DEAL:
            thing["versions"][0]["timestamp"] = facts["stage_entered_at"]
        ties = {"contacts": facts.get("contact"), "deals": facts.get("deal")}
        thing["associations"] = {
            plural: {"results": [{"id": other}]} for plural, other in ties.items() if other
        }

    def drop(self, kind: str, id: str) -> None:
        self.objects[PLURALS[kind]].pop(id, None)

    def facts(self, kind: str, id: str) -> Facts:
        thing = self.objects[PLURALS[kind]][id]
        told = thing["properties"]
        if kind == DEAL:
            return {"stage": self.step(told["dealstage"]).name}
        owner = self.numbered(told.get("hubspot_owner_id"))
        return {
            "title": told.get("hs_task_subject"),
            "note": told.get("hs_task_body"),
            "done": told.get("hs_task_status") == "COMPLETED",
            "priority": (told.get("hs_task_priority") or "MEDIUM").lower(),
            "due_date": (told.get("hs_timestamp") or "")[:10] or None,
            "owner": owner.email if owner else None,
            "contact": _first(thing, "contacts"),
            "deal": _first(thing, "deals"),
        }

    def tell(
        self, what: str, kind: str, id: str, changed: Collection[str], number: int
    ) -> list[Any]:
        named = {"created": "creation", "changed": "propertyChange", "deleted": "deletion"}[what]
        told = {**_about(self, id, number), "subscriptionType": f"{kind}.{named}"}
        if kind == TASK:
            # The older family of names knows no tasks.
            told |= {"subscriptionType": f"object.{named}", "objectTypeId": _TYPES[kind]}
        if what != "changed":
            return [{**told, "changeFlag": "CREATED" if what == "created" else "DELETED"}]
        properties = self.objects[PLURALS[kind]][id]["properties"]
        names = [name for fact, name in PROPERTIES[kind].items() if fact in changed]
        return [{**told, "propertyName": name, "propertyValue": properties[name]} for name in names]


def _first(thing: Mapping[str, Any], plural: str) -> str | None:
    found = thing["associations"].get(plural, {"results": []})["results"]
    return found[0]["id"] if found else None


def sign(link: Link, url: str, body: bytes, wall: float) -> Mapping[str, str]:
    """Signature version 3: over method, address, body and milliseconds."""
    stamp = str(round(wall * 1000))
    key, signed = link.access["client_secret"].encode(), f"POST{url}".encode() + body
    digest = hmac.new(key, signed + stamp.encode(), hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "x-hubspot-request-timestamp": stamp,
        "x-hubspot-signature-v3": base64.b64encode(digest).decode(),
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


def _about(standin: Standin, id: str, number: int) -> dict[str, Any]:
    return {
        "eventId": number,
        "subscriptionId": 1,
        "portalId": int(PORTAL),
        "appId": 54321,
        "occurredAt": _milliseconds(standin.now),
        "attemptNumber": 0,
        "objectId": int(id),
        "changeSource": "INTEGRATION" if standin.by_api else "CRM_UI",
        "sourceId": "userId:1001",
    }


def event(standin: Standin, what: str, id: str, number: int) -> dict[str, Any]:
    """An event of a deal."""
    return {**_about(standin, id, number), **_WHAT[what]}


def put(standin: Standin, id: str, title: str, stage: str) -> None:
    """A deal of Ana's."""
    assert isinstance(standin, Hubspot)  # noqa: S101
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
    """The deal is no more."""
    standin.drop(DEAL, id)


def body(events: Sequence[Any]) -> bytes:
    """Up to a hundred events in a list."""
    return json.dumps(list(events)).encode()


VENDOR = Vendor(
    "hubspot",
    "HubSpot",
    Hubspot,
    {"token": TOKEN, "client_secret": SECRET},
    PORTAL,
    "signed with the app's secret over address, body and time (version 3)",
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
    batches=True,
    remark="Its webhooks name what changed, and Coach looks it up; of calls and notes they tell "
    "nothing.",
)
