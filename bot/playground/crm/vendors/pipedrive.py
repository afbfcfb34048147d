"""A stand-in for Pipedrive's API and its webhooks (version 2), with one company."""

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse, Response

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

TOKEN, COMPANY = "api-token-of-a-test", 8087566

#: A deal that comes here is won; in Pipedrive itself it is somebody's press of a button.
WON = "14"

STAGES = (Step("12", "Qualified"), Step("13", "Proposal"), Step(WON, "Signed", "won"))

PLURALS = {DEAL: "deals", CONTACT: "persons", TASK: "activities"}
_ENTITIES = {DEAL: "deal", CONTACT: "person", TASK: "activity"}
_KINDS = {plural: kind for kind, plural in PLURALS.items()}

#: What somebody did with a person, by the type of the activity.
_TOUCHES = {"call": "Call", "email": "Email", "meeting": "Meeting"}


def iso(at: datetime) -> str:
    """A moment as Pipedrive writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Pipedrive(Standin):
    """Things by the word in their address, and id."""

    stages: Sequence[Step] = STAGES
    things: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {name: {} for name in ("deals", "persons", "activities", "notes")}
    )
    webhooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: What the last change of a thing has replaced.
    previous: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    app: App = field(default_factory=lambda: App("/oauth/authorize", "/oauth/token", basic=True))

    def lets_in(self, asked: Asked) -> bool:
        if self.app.concerns(asked) or self.app.lets_in(asked):
            return True
        return asked.headers.get("x-api-token") == TOKEN

    def change(self, id: str, *, plural: str = "deals", **new: Any) -> None:
        """Make a thing, or change it, now."""
        thing = self.things[plural].setdefault(id, {"id": int(id), "add_time": iso(self.now)})
        if plural == "deals" and "stage_id" in new:
            step = self.step(str(new["stage_id"]))
            if step.meaning != "open":
                new |= {"status": step.meaning, f"{step.meaning}_time": iso(self.now)}
            if thing.get("stage_id") != new["stage_id"]:
                new.setdefault("stage_change_time", iso(self.now))
        changed = {name for name in new if thing.get(name) != new[name]} - {"stage_change_time"}
        self.previous[plural, id] = {name: thing.get(name) for name in changed}
        thing.update(new, update_time=iso(self.now))

    def answer(self, asked: Asked) -> Response:
        if self.app.concerns(asked):
            return self.app.answer(asked)
        match asked.method, *asked.path.strip("/").split("/")[2:]:
            case "GET", "users", "me":
                me: dict[str, Any] = {"id": self.people[0].number, "is_admin": True}
                me |= {"company_id": COMPANY, "company_name": "Northwind"}
                return JSONResponse({"data": me})
            case "GET", "users":
                people = [
                    {"id": each.number, "name": each.name, "email": each.email}
                    for each in self.people
                ]
                return JSONResponse({"data": people})
            case "GET", "stages":
                return JSONResponse({"data": self._stages()})
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
                return self._make(kind, asked.body)
            case method, kind, id if id in self.things.get(kind, {}):
                return self._one(method, kind, id, asked.body)
        return JSONResponse({"success": False, "error": "Not found"}, 404)

    def _stages(self) -> list[dict[str, Any]]:
        # Whether a deal is won is said by the deal: here is none but the stages to be in.
        return [
            {"id": int(each.id), "name": each.name, "order_nr": place, "pipeline_id": 3}
            for place, each in enumerate(self.stages)
            if each.meaning == "open" or each in STAGES
        ]

    def _make(self, plural: str, given: Any) -> Response:
        id = str(900 + self.made)
        self.made += 1
        told = dict(given)
        for person in told.pop("participants", ()):
            told["person_id"] = person["person_id"]
        self.change(id, plural=plural, **told)
        if plural == "notes" or (told.get("done") and told.get("type") in _TOUCHES):
            self.wrote("touched", CONTACT, str(told.get("person_id")))
        else:
            self.wrote("made", _KINDS[plural], id)
        return JSONResponse({"data": {"id": int(id)}}, 201)

    def _one(self, method: str, plural: str, id: str, given: Any) -> Response:
        thing = self.things[plural][id]
        if method == "DELETE":
            del self.things[plural][id]
            self.wrote("ended", _KINDS[plural], id)
            return JSONResponse({"data": {"id": int(id)}})
        if method == "PATCH":
            told = dict(given)
            if "done" in told:
                told["marked_as_done_time"] = iso(self.now) if told["done"] else None
            self.change(id, plural=plural, **told)
            self.wrote("changed", _KINDS[plural], id)
        return JSONResponse({"data": thing})

    def _page(self, kind: str, query: Mapping[str, str]) -> Response:
        since, begin = query.get("updated_since", ""), int(query.get("cursor", "0"))
        # A tenth of what is asked for, so that a test needs no more to have several pages.
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

    # As a CRM

    def keep(self, kind: str, id: str, facts: Facts) -> None:
        owner = self.member(facts["owner"])
        told: dict[str, Any] = {"owner_id": owner.number if owner else None}
        match kind:
            case "deal":
                told |= {
                    "title": facts["title"],
                    "value": float(facts["value"]),
                    "currency": facts["currency"],
                    "pipeline_id": 3,
                    "person_id": _number(facts["contact"]),
                    **self._standing(id, facts),
                }
            case "contact":
                emails = [{"value": facts["email"], "primary": True}] if facts["email"] else []
                told |= {"name": facts["name"], "emails": emails}
            case _:
                told |= {
                    "subject": facts["title"],
                    "type": "task",
                    "done": facts["done"],
                    "due_date": facts["due_date"],
                    "note": facts["note"],
                    "person_id": _number(facts["contact"]),
                    "deal_id": _number(facts["deal"]),
                    "marked_as_done_time": facts["completed_at"],
                }
        self.change(id, plural=PLURALS[kind], **told)
        self.things[PLURALS[kind]][id]["add_time"] = facts["created_at"]

    def _standing(self, id: str, facts: Facts) -> dict[str, Any]:
        """A deal that is won or lost stays in the stage where it was."""
        step = self.step(facts["stage"])
        before = self.things["deals"].get(id, {})
        told = {"status": step.meaning, "won_time": None, "lost_time": None}
        if step.meaning != "open":
            told[f"{step.meaning}_time"] = facts["closed_at"]
            last = [each for each in self.stages if each.meaning == "open"][-1]
            return {"stage_id": before.get("stage_id", int(last.id)), **told}
        entered = {"stage_change_time": facts["stage_entered_at"]}
        return {"stage_id": int(step.id), **told, **entered}

    def drop(self, kind: str, id: str) -> None:
        self.things[PLURALS[kind]].pop(id, None)

    def facts(self, kind: str, id: str) -> Facts:
        told = self.things[PLURALS[kind]][id]
        if kind == DEAL:
            status = told.get("status", "open")
            met = (each.name for each in self.stages if each.meaning == status)
            return {
                "stage": self.step(str(told["stage_id"])).name if status == "open" else next(met)
            }
        owner = self.numbered(told.get("owner_id"))
        return {
            "title": told.get("subject"),
            "note": told.get("note"),
            "done": bool(told.get("done")),
            "due_date": told.get("due_date"),
            "owner": owner.email if owner else None,
            "contact": _id(told.get("person_id")),
            "deal": _id(told.get("deal_id")),
        }

    def tell(
        self, what: str, kind: str, id: str, changed: Collection[str], number: int
    ) -> list[Any]:
        return [_told(self, what, kind, id, number)]

    def touch(self, id: str, how: str, number: int) -> list[Any]:
        self.made += 1
        made = str(900 + self.made)
        if how == "note":
            note = {"id": int(made), "content": "Contacted", "person_id": int(id)}
            return [{**_envelope(self, "created", "note", made, number), "data": note}]
        done = {"subject": _TOUCHES[how], "type": how, "done": True, "person_id": int(id)}
        self.change(made, plural="activities", **done)
        return [_told(self, "created", TASK, made, number)]

    def hooks(self) -> list[str]:
        return sorted({str(each["subscription_url"]) for each in self.webhooks.values()})


def _number(id: str | None) -> int | None:
    return int(id) if id else None


def _id(number: object) -> str | None:
    return str(number) if number else None


def sign(link: Link, url: str, body: bytes, wall: float) -> Mapping[str, str]:
    """HTTP Basic, with the user and the password that the webhook was made with."""
    secret = base64.b64encode(link.secrets[0].encode()).decode()
    return {"content-type": "application/json", "authorization": f"Basic {secret}"}


_ACTIONS = {"created": "create", "changed": "change", "deleted": "delete"}


def _envelope(standin: Pipedrive, what: str, entity: str, id: str, number: int) -> dict[str, Any]:
    webhook = next(iter(standin.webhooks), "1")
    return {
        "data": None,
        "previous": None,
        "meta": {
            "action": _ACTIONS[what],
            "entity": entity,
            "entity_id": id,
            "id": f"00000000-0000-4000-8000-{number % 10**12:012}",
            "company_id": str(COMPANY),
            "webhook_id": webhook,
            "timestamp": iso(standin.now),
            "change_source": "api" if standin.by_api else "app",
            "host": "northwind.pipedrive.com",
            "version": "2.0",
        },
    }


def _told(standin: Pipedrive, what: str, kind: str, id: str, number: int) -> dict[str, Any]:
    thing = standin.things[PLURALS[kind]].get(id)
    previous = {
        "created": None,
        "changed": standin.previous.get((PLURALS[kind], id), {}),
        "deleted": {"id": int(id)},
    }
    return {
        **_envelope(standin, what, _ENTITIES[kind], id, number),
        "data": None if what == "deleted" else thing or {"id": int(id)},
        "previous": previous[what],
    }


def event(standin: Standin, what: str, id: str, number: int) -> dict[str, Any]:
    """An event of a deal."""
    assert isinstance(standin, Pipedrive)  # noqa: S101
    return _told(standin, what, DEAL, id, number)


def put(standin: Standin, id: str, title: str, stage: str) -> None:
    """A deal of Ana's."""
    assert isinstance(standin, Pipedrive)  # noqa: S101
    told: dict[str, Any] = {"title": title, "value": 1200, "currency": "EUR", "owner_id": 77}
    standin.change(id, **told, status="open", pipeline_id=3, stage_id=int(stage))


def remove(standin: Standin, id: str) -> None:
    """The deal is no more."""
    standin.drop(DEAL, id)


def body(events: Sequence[Any]) -> bytes:
    """One event."""
    return json.dumps(events[0]).encode()


VENDOR = Vendor(
    "pipedrive",
    "Pipedrive",
    Pipedrive,
    {"api_token": TOKEN},
    str(COMPANY),
    "with the user and password of its webhook (Pipedrive signs nothing)",
    sign,
    event,
    body,
    put,
    remove,
    open_stage=("Qualified", "12"),
    won_stage=("Signed", WON),
    next_stage=("Proposal", "13"),
    remark="Won and lost are said by the deal, not by a stage: Coach can move a deal to open "
    "stages only.",
)
