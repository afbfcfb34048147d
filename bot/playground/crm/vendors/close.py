"""A stand-in for Close's API and its webhooks, with one organization."""

import hashlib
import hmac
import json
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

STAGES = (
    Step("stat_1", "Demo"),
    Step("stat_2", "Offer"),
    Step("stat_3", "Signed", "won"),
)

WORDS = {DEAL: "opportunity", CONTACT: "lead", TASK: "task"}
_TYPES = {DEAL: "opportunity", CONTACT: "lead", TASK: "task.lead"}
_KINDS = {word: kind for kind, word in WORDS.items()}
_IDS = {DEAL: "oppo", CONTACT: "lead", TASK: "task"}

#: How an activity is called, and its status once it has come about.
_TOUCHES = {"call": "completed", "email": "sent", "meeting": "completed", "note": None}


def iso(at: datetime) -> str:
    """A moment as Close writes it in things."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


@dataclass
class Close(Standin):
    """Things by the word in their address, and id."""

    stages: Sequence[Step] = STAGES
    things: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {name: {} for name in ("opportunity", "lead", "task")}
    )
    webhooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: What the last change of a thing has replaced.
    previous: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def lets_in(self, asked: Asked) -> bool:
        # “api_k:” in base64.
        return asked.headers.get("authorization") == "Basic YXBpX2s6"

    def change(self, id: str, *, word: str = "opportunity", **new: Any) -> None:
        """Make a thing, or change it, now."""
        if word == "opportunity" and new.get("status_id"):
            step = self.step(new["status_id"])
            kind = "active" if step.meaning == "open" else step.meaning
            new |= {"status_label": step.name, "status_type": kind}
            if kind != "active":
                new.setdefault(f"date_{kind}", self.now.date().isoformat())
        made = {"id": id, "date_created": iso(self.now)}
        thing = self.things[word].setdefault(id, made)
        self.previous[word, id] = {
            name: thing.get(name) for name in new if thing.get(name) != new[name]
        }
        thing.update(new, date_updated=iso(self.now))

    def answer(self, asked: Asked) -> Response:
        match asked.method, *asked.path.strip("/").split("/"):
            case "GET", "me":
                return JSONResponse({"organizations": [{"id": "orga_1", "name": "Northwind"}]})
            case "GET", "user":
                return JSONResponse({"data": self._users(), "has_more": False})
            case "GET", "pipeline":
                statuses = [
                    {"id": each.id, "label": each.name, "type": _type(each)} for each in self.stages
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
            case "POST", "activity", _:
                self.wrote("touched", CONTACT, str(asked.body["lead_id"]))
                return JSONResponse({"id": f"acti_{len(self.asked)}"})
            case "POST", word if word in self.things:
                self.made += 1
                id = f"{_IDS[_KINDS[word]]}_{9000 + self.made}"
                self.change(id, word=word, **asked.body)
                self.wrote("made", _KINDS[word], id)
                return JSONResponse({"id": id})
            case method, word, id if id in self.things.get(word, {}):
                return self._one(method, word, id, asked.body)
        return JSONResponse({"error": "Not found"}, 404)

    def _users(self) -> list[dict[str, str]]:
        named = [(each, *each.name.partition(" ")) for each in self.people]
        return [
            {
                "id": f"user_{each.number}",
                "first_name": first,
                "last_name": last,
                "email": each.email,
            }
            for each, first, _, last in named
        ]

    def _one(self, method: str, word: str, id: str, given: Any) -> Response:
        if method == "DELETE":
            del self.things[word][id]
            self.wrote("ended", _KINDS[word], id)
            return JSONResponse({})
        if method == "PUT":
            self.change(id, word=word, **given)
            self.wrote("changed", _KINDS[word], id)
        return JSONResponse(self.things[word][id])

    def _log(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        if query["object_type"] != "opportunity":
            return []
        since = datetime.fromisoformat(query["date_updated__gte"])
        return [
            told(self, "changed", DEAL, each["id"], f"ev_log_{each['id']}")
            for each in self.things["opportunity"].values()
            if datetime.fromisoformat(each["date_updated"]) >= since
        ]

    # As a CRM

    def stage_id(self, place: int, name: str) -> str:
        return f"stat_{place + 1}"

    def id_of(self, kind: str, number: int, facts: Facts) -> str:
        return f"{_IDS[kind]}_{number}"

    def keep(self, kind: str, id: str, facts: Facts) -> None:
        owner = self.member(facts["owner"])
        user = f"user_{owner.number}" if owner else None
        match kind:
            case "deal":
                lead = self.things["lead"].get(facts["contact"] or "", {})
                step = self.step(facts["stage"])
                closed = (facts["closed_at"] or "")[:10] or None
                fields: dict[str, Any] = {
                    "lead_id": facts["contact"],
                    # An opportunity has no name of its own.
                    "lead_name": lead.get("display_name") or facts["title"],
                    "note": facts["title"],
                    "user_id": user,
                    "value": round(float(facts["value"]) * 100),
                    "value_currency": facts["currency"],
                    "value_period": "one_time",
                    "pipeline_id": "pipe_1",
                    "status_id": step.id,
                    "date_won": closed if step.meaning == "won" else None,
                    "date_lost": closed if step.meaning == "lost" else None,
                }
            case "contact":
                people = [{"name": facts["name"], "emails": [{"email": facts["email"]}]}]
                fields = {
                    "display_name": facts["name"],
                    "status_label": facts["status"],
                    "contacts": people if facts["email"] else [],
                }
            case _:
                fields = {
                    "_type": "lead",
                    "lead_id": facts["contact"],
                    "text": facts["title"],
                    "date": facts["due_date"],
                    "is_complete": facts["done"],
                    "assigned_to": user,
                }
        self.change(id, word=WORDS[kind], **fields)
        self.things[WORDS[kind]][id]["date_created"] = facts["created_at"]

    def drop(self, kind: str, id: str) -> None:
        self.things[WORDS[kind]].pop(id, None)

    def facts(self, kind: str, id: str) -> Facts:
        told = self.things[WORDS[kind]][id]
        if kind == DEAL:
            return {"stage": self.step(told["status_id"]).name}
        owner = self.numbered(told.get("assigned_to"))
        return {
            "title": told.get("text"),
            "done": bool(told.get("is_complete")),
            "due_date": told.get("date"),
            "owner": owner.email if owner else None,
            "contact": told.get("lead_id"),
            "deal": None,
        }

    def tell(
        self, what: str, kind: str, id: str, changed: Collection[str], number: int
    ) -> list[Any]:
        return [told(self, what, kind, id, f"ev_{number}")]

    def touch(self, id: str, how: str, number: int) -> list[Any]:
        status = {"status": _TOUCHES[how]} if _TOUCHES[how] else {}
        return [
            {
                "id": f"ev_{number}",
                "object_type": f"activity.{how}",
                "object_id": f"acti_{number}",
                "lead_id": id,
                "action": "created",
                "date_updated": iso(self.now).removesuffix("+00:00"),
                "data": {"id": f"acti_{number}", "lead_id": id, **status},
                "previous_data": {},
                "changed_fields": [],
            }
        ]

    def hooks(self) -> list[str]:
        return [str(each["url"]) for each in self.webhooks.values()]


def _type(step: Step) -> str:
    return "active" if step.meaning == "open" else step.meaning


def told(standin: Close, what: str, kind: str, id: str, name: str) -> dict[str, Any]:
    """What happened to a thing, as webhooks and the event log have it."""
    thing = standin.things[WORDS[kind]].get(id)
    previous = standin.previous.get((WORDS[kind], id), {})
    changed = what == "changed"
    return {
        "id": name,
        "object_type": _TYPES[kind],
        "object_id": id,
        "action": {"created": "created", "changed": "updated", "deleted": "deleted"}[what],
        # Without a zone, as Close writes it here.
        "date_updated": iso(standin.now).removesuffix("+00:00"),
        "data": thing or {"id": id} if what != "deleted" else {},
        "previous_data": previous if changed else {},
        "changed_fields": list(previous) if changed else [],
        "user_id": "user_77",
        "api_key_id": "api_1" if standin.by_api else None,
    }


def sign(link: Link, url: str, body: bytes, wall: float) -> Mapping[str, str]:
    """HMAC over seconds and body; the key is written in hex."""
    stamp = str(int(wall))
    key = bytes.fromhex(link.secrets[0])
    digest = hmac.new(key, stamp.encode() + body, hashlib.sha256).hexdigest()
    return {"close-sig-hash": digest, "close-sig-timestamp": stamp}


def event(standin: Standin, what: str, id: str, number: int) -> dict[str, Any]:
    """An event of an opportunity."""
    assert isinstance(standin, Close)  # noqa: S101
    return told(standin, what, DEAL, id, f"ev_{number}")


def put(standin: Standin, id: str, title: str, stage: str) -> None:
    """An opportunity of Ana's."""
    assert isinstance(standin, Close)  # noqa: S101
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
    """The opportunity is no more."""
    standin.drop(DEAL, id)


def body(events: Sequence[Any]) -> bytes:
    """One event."""
    return json.dumps({"subscription_id": "whsub_1", "event": events[0]}).encode()


VENDOR = Vendor(
    "close",
    "Close",
    Close,
    {"api_key": "api_k"},
    "orga_1",
    "signed with the webhook's key over time and body",
    sign,
    event,
    body,
    put,
    remove,
    open_stage=("Demo", "stat_1"),
    won_stage=("Signed", "stat_3"),
    next_stage=("Offer", "stat_2"),
    tolerance=300,
    remark="An opportunity has no title: Coach calls it by its lead, and a task needs one.",
)
