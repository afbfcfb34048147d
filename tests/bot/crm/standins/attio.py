"""A stand-in for Attio's API, with one workspace."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from storage.connections import Connection
from tests.bot.crm.standins.standin import Asked, Case, Standin
from tests.world import BEGINNING

DEALS, PEOPLE = "0b1e-deals", "0b1e-people"
STATUSES = {"s1": "Demo", "s2": "Offer", "s3": "Signed 🎉"}


def iso(at: datetime) -> str:
    # Attio writes nine digits of a second.
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "000Z")


@dataclass
class Attio(Standin):
    """Records of deals, and tasks, by their ids."""

    now: datetime = BEGINNING
    deals: dict[str, dict[str, Any]] = field(default_factory=dict)
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    webhooks: dict[str, dict[str, Any]] = field(default_factory=dict)

    def lets_in(self, asked: Asked) -> bool:
        return asked.headers.get("authorization") == "Bearer token-of-a-test"

    def change(self, id: str, **new: Any) -> None:
        """Make a deal, or change it; each value that is another holds from now on."""
        made = {"id": {"record_id": id}, "created_at": iso(self.now), "values": {}}
        values = self.deals.setdefault(id, made)["values"]
        for slug, value in new.items():
            (before,) = values.get(slug, [{}])
            if before != {**value, "active_from": before.get("active_from")}:
                values[slug] = [{"active_from": iso(self.now), **value}]

    def answer(self, asked: Asked) -> Response:
        match asked.method, *asked.path.strip("/").split("/")[1:]:
            case "GET", "self":
                return JSONResponse({"active": True, "workspace_id": "w", "workspace_name": "N"})
            case "GET", "objects":
                ids = {"deals": DEALS, "people": PEOPLE}
                return JSONResponse(
                    {"data": [{"api_slug": s, "id": {"object_id": i}} for s, i in ids.items()]}
                )
            case "GET", "lists":
                return JSONResponse({"data": []})
            case "GET", "workspace_members":
                ana = {
                    "id": {"workspace_member_id": "m77"},
                    "email_address": "ana@northwind.example",
                }
                return JSONResponse({"data": [{**ana, "first_name": "Ana"}]})
            case "GET", "objects", "deals", "attributes", "stage", "statuses":
                return JSONResponse(
                    {
                        "data": [
                            {
                                "id": {"status_id": id},
                                "title": title,
                                "celebration_enabled": id == "s3",
                            }
                            for id, title in STATUSES.items()
                        ]
                    }
                )
            case "POST", "objects", object, "records", "query":
                begin, size = asked.body.get("offset", 0), asked.body["limit"]
                there = list(self.deals.values()) if object == "deals" else []
                return JSONResponse({"data": there[begin : begin + size]})
            case "GET", "objects", _, "records", id if id in self.deals:
                return JSONResponse({"data": self.deals[id]})
            case "PATCH", "objects", "deals", "records", id if id in self.deals:
                stage = asked.body["data"]["values"]["stage"]
                self.change(id, stage={"status": {"title": STATUSES.get(stage, stage)}})
                return JSONResponse({"data": self.deals[id]})
            case "GET", "tasks":
                return JSONResponse({"data": list(self.tasks.values())})
            case "POST", "tasks":
                id = f"task-900{len(self.tasks)}"
                made = {"id": {"task_id": id}, "created_at": iso(self.now), **asked.body["data"]}
                self.tasks[id] = {**made, "content_plaintext": asked.body["data"]["content"]}
                return JSONResponse({"data": self.tasks[id]})
            case method, "tasks", id if id in self.tasks:
                if method == "PATCH":
                    self.tasks[id].update(asked.body["data"])
                return JSONResponse({"data": self.tasks[id]})
            case "GET", "webhooks":
                return JSONResponse({"data": list(self.webhooks.values())})
            case "POST", "webhooks":
                id = f"webhook-{len(self.asked)}"
                made = {"id": {"webhook_id": id}, "status": "active", **asked.body["data"]}
                self.webhooks[id] = made
                return JSONResponse({"data": {**made, "secret": "a secret of Attio's"}})
            case "DELETE", "webhooks", id:
                return JSONResponse({}, 200 if self.webhooks.pop(id, None) else 404)
        return JSONResponse({"message": "Not found"}, 404)


def sign(connection: Connection, url: str, body: bytes, wall: float) -> Mapping[str, str]:
    key = connection.secrets[0].encode()
    return {"attio-signature": hmac.new(key, body, hashlib.sha256).hexdigest()}


_TYPES = {"created": "record.created", "changed": "record.updated", "deleted": "record.deleted"}


def event(standin: Standin, what: str, id: str, number: int) -> dict[str, Any]:
    ids = {"workspace_id": "w", "object_id": DEALS, "record_id": id}
    return {"event_type": _TYPES[what], "id": ids}


def put(standin: Standin, id: str, title: str, stage: str) -> None:
    assert isinstance(standin, Attio)
    standin.change(
        id,
        name={"value": title},
        stage={"status": {"title": STATUSES[stage]}},
        value={"currency_value": 1200, "currency_code": "EUR"},
        owner={"referenced_actor_type": "workspace-member", "referenced_actor_id": "m77"},
    )


def remove(standin: Standin, id: str) -> None:
    assert isinstance(standin, Attio)
    standin.deals.pop(id, None)


def body(events: Sequence[Any]) -> bytes:
    return json.dumps({"webhook_id": "w", "events": list(events)}).encode()


CASE = Case(
    "attio",
    Attio,
    {"api_key": "token-of-a-test"},
    "w",
    sign,
    event,
    body,
    put,
    remove,
    open_stage=("Demo", "s1"),
    won_stage=("Signed 🎉", "s3"),
    next_stage=("Offer", "s2"),
    bad_event={"event_type": "record.created", "id": None},
    # Attio gives five hundred on a page.
    pages=520,
    thin=True,
)
