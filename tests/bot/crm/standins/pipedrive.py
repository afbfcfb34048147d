"""A stand-in for Pipedrive's API, with one company."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from storage.connections import Connection
from tests.bot.crm.standins.oauth import App
from tests.bot.crm.standins.standin import Asked, Case, Standin
from tests.world import BEGINNING

TOKEN, COMPANY = "api-token-of-a-test", 8087566

#: Deals in this one are won; elsewhere it would be somebody's press of a button.
WON = 14


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Pipedrive(Standin):
    """Things by the word in their address, and id."""

    now: datetime = BEGINNING
    things: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {name: {} for name in ("deals", "persons", "activities")}
    )
    webhooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: What the last change of a deal has replaced.
    previous: dict[str, dict[str, Any]] = field(default_factory=dict)

    app: App = field(default_factory=lambda: App("/oauth/authorize", "/oauth/token", basic=True))

    def lets_in(self, asked: Asked) -> bool:
        if self.app.concerns(asked) or self.app.lets_in(asked):
            return True
        return asked.headers.get("x-api-token") == TOKEN

    def change(self, id: str, **new: Any) -> None:
        """Make a deal, or change it, now."""
        if new.get("stage_id") == WON:
            new |= {"status": "won", "won_time": iso(self.now)}
        deal = self.things["deals"].setdefault(id, {"id": int(id), "add_time": iso(self.now)})
        self.previous[id] = {name: deal.get(name) for name in new if deal.get(name) != new[name]}
        deal.update(new, update_time=iso(self.now))

    def answer(self, asked: Asked) -> Response:
        if self.app.concerns(asked):
            return self.app.answer(asked)
        match asked.method, *asked.path.strip("/").split("/")[2:]:
            case "GET", "users", "me":
                me = {"company_id": COMPANY, "company_name": "Northwind", "is_admin": True}
                return JSONResponse({"data": me})
            case "GET", "users":
                ana = {"id": 77, "name": "Ana Ruiz", "email": "ana@northwind.example"}
                return JSONResponse({"data": [ana]})
            case "GET", "stages":
                names = enumerate(("Qualified", "Proposal", "Signed"))
                return JSONResponse(
                    {
                        "data": [
                            {"id": 12 + n, "name": name, "order_nr": n, "pipeline_id": 3}
                            for n, name in names
                        ]
                    }
                )
            case "GET", "webhooks":
                return JSONResponse({"data": list(self.webhooks.values())})
            case "POST", "webhooks":
                id = str(100 + len(self.asked))
                self.webhooks[id] = {"id": int(id), "is_active": 1, **asked.body}
                return JSONResponse({"data": {"id": int(id)}}, 201)
            case "DELETE", "webhooks", id:
                return JSONResponse({}, 200 if self.webhooks.pop(id, None) else 404)
            case "GET", kind:
                return self._page(kind, asked.query)
            case "POST", kind:
                id = str(900 + len(self.things[kind]))
                self.things[kind][id] = {"id": int(id), **asked.body}
                return JSONResponse({"data": {"id": int(id)}}, 201)
            case "PATCH", "deals", id:
                self.change(id, **asked.body)
                return JSONResponse({"data": self.things["deals"][id]})
            case method, kind, id if id in self.things[kind]:
                if method == "PATCH":
                    self.things[kind][id].update(asked.body)
                return JSONResponse({"data": self.things[kind][id]})
        return JSONResponse({"success": False, "error": "Not found"}, 404)

    def _page(self, kind: str, query: Mapping[str, str]) -> Response:
        since, begin = query.get("updated_since", ""), int(query.get("cursor", "0"))
        # Half as many as are asked for, so that a test needs no more to have several pages.
        size = int(query["limit"]) // 10
        there = [
            each
            for each in self.things[kind].values()
            if not since
            or datetime.fromisoformat(each["update_time"]) >= datetime.fromisoformat(since)
        ]
        further = str(begin + size) if begin + size < len(there) else None
        return JSONResponse(
            {"data": there[begin : begin + size], "additional_data": {"next_cursor": further}}
        )


def sign(connection: Connection, url: str, body: bytes, wall: float) -> Mapping[str, str]:
    secret = base64.b64encode(connection.secrets[0].encode()).decode()
    return {"content-type": "application/json", "authorization": f"Basic {secret}"}


_ACTIONS = {"created": "create", "changed": "change", "deleted": "delete"}


def event(standin: Standin, what: str, id: str, number: int) -> dict[str, Any]:
    assert isinstance(standin, Pipedrive)
    deal = standin.things["deals"].get(id)
    webhook = next(iter(standin.webhooks), "1")
    return {
        "data": None if what == "deleted" else deal or {"id": int(id)},
        "previous": {
            "created": None,
            "changed": standin.previous.get(id, {}),
            "deleted": {"id": int(id)},
        }[what],
        "meta": {
            "action": _ACTIONS[what],
            "entity": "deal",
            "entity_id": id,
            "id": f"00000000-0000-4000-8000-{number:012}",
            "company_id": str(COMPANY),
            "webhook_id": webhook,
            "timestamp": iso(standin.now),
            "change_source": "app",
            "host": "northwind.pipedrive.com",
            "version": "2.0",
        },
    }


def put(standin: Standin, id: str, title: str, stage: str) -> None:
    assert isinstance(standin, Pipedrive)
    told = {"title": title, "value": 1200, "currency": "EUR", "owner_id": 77, "status": "open"}
    standin.change(id, **{**told, "pipeline_id": 3, "stage_id": int(stage)})


def remove(standin: Standin, id: str) -> None:
    assert isinstance(standin, Pipedrive)
    standin.things["deals"].pop(id, None)


def body(events: Sequence[Any]) -> bytes:
    return json.dumps(events[0]).encode()


CASE = Case(
    "pipedrive",
    Pipedrive,
    {"api_token": TOKEN},
    str(COMPANY),
    sign,
    event,
    body,
    put,
    remove,
    open_stage=("Qualified", "12"),
    won_stage=("Signed", str(WON)),
    next_stage=("Proposal", "13"),
)
