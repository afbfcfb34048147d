"""A stand-in for Close's API, with one organization."""

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

STATUSES = {
    "stat_1": ("Demo", "active"),
    "stat_2": ("Offer", "active"),
    "stat_3": ("Signed", "won"),
}


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


@dataclass
class Close(Standin):
    """Things by the word in their address, and id."""

    now: datetime = BEGINNING
    things: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {name: {} for name in ("opportunity", "lead", "task")}
    )
    webhooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    previous: dict[str, dict[str, Any]] = field(default_factory=dict)

    def lets_in(self, asked: Asked) -> bool:
        # “api_k:” in base64.
        return asked.headers.get("authorization") == "Basic YXBpX2s6"

    def change(self, id: str, **new: Any) -> None:
        """Make an opportunity, or change it, now."""
        if status := STATUSES.get(new.get("status_id", "")):
            new |= {"status_label": status[0], "status_type": status[1]}
        made = {"id": id, "date_created": iso(self.now)}
        deal = self.things["opportunity"].setdefault(id, made)
        self.previous[id] = {name: deal.get(name) for name in new if deal.get(name) != new[name]}
        deal.update(new, date_updated=iso(self.now))

    def answer(self, asked: Asked) -> Response:
        match asked.method, *asked.path.strip("/").split("/"):
            case "GET", "me":
                return JSONResponse({"organizations": [{"id": "orga_1", "name": "Northwind"}]})
            case "GET", "user":
                ana = {"id": "user_77", "first_name": "Ana", "email": "ana@northwind.example"}
                return JSONResponse({"data": [ana], "has_more": False})
            case "GET", "pipeline":
                statuses = [
                    {"id": id, "label": label, "type": type}
                    for id, (label, type) in STATUSES.items()
                ]
                return JSONResponse({"data": [{"id": "pipe_1", "statuses": statuses}]})
            case "GET", "webhook":
                return JSONResponse({"data": list(self.webhooks.values())})
            case "POST", "webhook":
                id = f"whsub_{len(self.asked)}"
                self.webhooks[id] = {"id": id, "status": "active", **asked.body}
                return JSONResponse({"id": id, "signature_key": "ab" * 32}, 201)
            case "DELETE", "webhook", id:
                return JSONResponse({}, 200 if self.webhooks.pop(id, None) else 404)
            case "GET", "event":
                return JSONResponse({"data": self._log(asked.query), "cursor_next": None})
            case "GET", kind if kind in self.things:
                begin, size = int(asked.query["_skip"]), int(asked.query["_limit"])
                there = list(self.things[kind].values())
                more = begin + size < len(there)
                return JSONResponse({"data": there[begin : begin + size], "has_more": more})
            case "POST", kind:
                id = f"{kind}_900{len(self.things[kind])}"
                self.things[kind][id] = {"id": id, **asked.body}
                return JSONResponse({"id": id})
            case "PUT", "opportunity", id:
                self.change(id, **asked.body)
                return JSONResponse(self.things["opportunity"][id])
            case method, kind, id if id in self.things.get(kind, {}):
                if method == "PUT":
                    self.things[kind][id].update(asked.body)
                return JSONResponse(self.things[kind][id])
        return JSONResponse({"error": "Not found"}, 404)

    def _log(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        if query["object_type"] != "opportunity":
            return []
        since = datetime.fromisoformat(query["date_updated__gte"])
        return [
            told(self, "changed", each["id"], f"ev_log_{each['id']}")
            for each in self.things["opportunity"].values()
            if datetime.fromisoformat(each["date_updated"]) >= since
        ]


def told(standin: Close, what: str, id: str, name: str) -> dict[str, Any]:
    deal, previous = standin.things["opportunity"].get(id), standin.previous.get(id, {})
    changed = what == "changed"
    return {
        "id": name,
        "object_type": "opportunity",
        "object_id": id,
        "action": {"created": "created", "changed": "updated", "deleted": "deleted"}[what],
        # Without a zone, as Close writes it here.
        "date_updated": iso(standin.now).removesuffix("+00:00"),
        "data": deal or {"id": id} if what != "deleted" else {},
        "previous_data": previous if changed else {},
        "changed_fields": list(previous) if changed else [],
        "user_id": "user_77",
    }


def sign(connection: Connection, url: str, body: bytes, wall: float) -> Mapping[str, str]:
    stamp = str(int(wall))
    key = bytes.fromhex(connection.secrets[0])
    digest = hmac.new(key, stamp.encode() + body, hashlib.sha256).hexdigest()
    return {"close-sig-hash": digest, "close-sig-timestamp": stamp}


def event(standin: Standin, what: str, id: str, number: int) -> dict[str, Any]:
    assert isinstance(standin, Close)
    return told(standin, what, id, f"ev_{number}")


def put(standin: Standin, id: str, title: str, stage: str) -> None:
    assert isinstance(standin, Close)
    standin.change(
        id,
        lead_id="lead_1",
        lead_name=title,
        user_id="user_77",
        value=120000,
        value_currency="EUR",
        value_period="one_time",
        status_id=stage,
    )


def remove(standin: Standin, id: str) -> None:
    assert isinstance(standin, Close)
    standin.things["opportunity"].pop(id, None)


def body(events: Sequence[Any]) -> bytes:
    return json.dumps({"subscription_id": "whsub_1", "event": events[0]}).encode()


CASE = Case(
    "close",
    Close,
    {"api_key": "api_k"},
    "orga_1",
    sign,
    event,
    body,
    put,
    remove,
    open_stage=("Demo", "stat_1"),
    won_stage=("Signed", "stat_3"),
    next_stage=("Offer", "stat_2"),
    tolerance=300,
)
