"""A stand-in for Attio's API and its webhooks, with one workspace."""

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

DEALS, PEOPLE = "0b1e-deals", "0b1e-people"
_SLUGS = {DEALS: "deals", PEOPLE: "people"}
_OBJECTS = {DEAL: "deals", CONTACT: "people"}

STAGES = (Step("s1", "Demo"), Step("s2", "Offer"), Step("s3", "Signed 🎉", "won"))

_ATTRIBUTES = {"title": "name", "owner": "owner", "stage": "stage", "value": "value"}


def iso(at: datetime) -> str:
    """A moment as Attio writes it, with nine digits of a second."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "000Z")


@dataclass
class Attio(Standin):
    """Records by their object and id, tasks and notes by theirs."""

    stages: Sequence[Step] = STAGES
    records: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {"deals": {}, "people": {}}
    )
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: dict[str, dict[str, Any]] = field(default_factory=dict)
    webhooks: dict[str, dict[str, Any]] = field(default_factory=dict)

    def lets_in(self, asked: Asked) -> bool:
        return asked.headers.get("authorization") == "Bearer token-of-a-test"

    def change(self, id: str, *, object: str = "deals", **new: Any) -> None:
        """Make a record, or change it; each value that is another holds from now on."""
        made = {"id": {"record_id": id}, "created_at": iso(self.now), "values": {}}
        values = self.records[object].setdefault(id, made)["values"]
        for slug, value in new.items():
            (before,) = values.get(slug) or [{}]
            if value is None:
                values[slug] = []
            elif before != {**value, "active_from": before.get("active_from")}:
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
                return JSONResponse({"data": self._members()})
            case "GET", "objects", "deals", "attributes", "stage", "statuses":
                return JSONResponse({"data": self._statuses()})
            case "POST", "objects", object, "records", "query":
                begin, size = asked.body.get("offset", 0), asked.body["limit"]
                there = list(self.records.get(_SLUGS.get(object, object), {}).values())
                return JSONResponse({"data": there[begin : begin + size]})
            case "GET", "objects", object, "records", id:
                found = self.records.get(_SLUGS.get(object, object), {}).get(id)
                return JSONResponse({"data": found}) if found else _nothing()
            case "PATCH", "objects", "deals", "records", id if id in self.records["deals"]:
                step = self.step(asked.body["data"]["values"]["stage"])
                self.change(id, stage={"status": {"title": step.name}})
                self.wrote("changed", DEAL, id)
                return JSONResponse({"data": self.records["deals"][id]})
            case method, "tasks", *rest:
                return self._of_tasks(method, rest, asked.body)
            case "POST", "notes":
                return self._note(asked.body["data"])
            case "GET", "notes", id if id in self.notes:
                return JSONResponse({"data": self.notes[id]})
            case "GET", "webhooks":
                return JSONResponse({"data": list(self.webhooks.values())})
            case "POST", "webhooks":
                id = f"webhook-{len(self.asked)}"
                made = {"id": {"webhook_id": id}, "status": "active", **asked.body["data"]}
                self.webhooks[id] = made
                return JSONResponse({"data": {**made, "secret": "a secret of Attio's"}})
            case "DELETE", "webhooks", id:
                return JSONResponse({}, 200 if self.webhooks.pop(id, None) else 404)
        return _nothing()

    def _members(self) -> list[dict[str, Any]]:
        named = [(each, *each.name.partition(" ")) for each in self.people]
        return [
            {
                "id": {"workspace_member_id": f"m{each.number}"},
                "email_address": each.email,
                "first_name": first,
                "last_name": last,
            }
            for each, first, _, last in named
        ]

    def _statuses(self) -> list[dict[str, Any]]:
        return [
            {
                "id": {"status_id": each.id},
                "title": each.name,
                "celebration_enabled": each.meaning == "won",
            }
            for each in self.stages
        ]

    def _of_tasks(self, method: str, rest: Sequence[str], given: Any) -> Response:
        match method, *rest:
            case ("GET",):
                return JSONResponse({"data": list(self.tasks.values())})
            case ("POST",):
                self.made += 1
                id = f"task-{9000 + self.made}"
                made = {"id": {"task_id": id}, "created_at": iso(self.now), **given["data"]}
                self.tasks[id] = {**made, "content_plaintext": given["data"]["content"]}
                self.wrote("made", TASK, id)
                return JSONResponse({"data": self.tasks[id]})
            case "DELETE", id if id in self.tasks:
                del self.tasks[id]
                self.wrote("ended", TASK, id)
                return JSONResponse({})
            case method, id if id in self.tasks:
                if method == "PATCH":
                    self.tasks[id].update(given["data"])
                    self.wrote("changed", TASK, id)
                return JSONResponse({"data": self.tasks[id]})
        return _nothing()

    def _note(self, given: Mapping[str, Any]) -> Response:
        self.made += 1
        id = f"note-{9000 + self.made}"
        actor = {"type": "api-token", "id": "t"}
        made = {"id": {"note_id": id}, "created_at": iso(self.now), "created_by_actor": actor}
        self.notes[id] = {**made, **given}
        if given["parent_object"] == "people":
            self.wrote("touched", CONTACT, str(given["parent_record_id"]))
        return JSONResponse({"data": self.notes[id]})

    # As a CRM

    def stage_id(self, place: int, name: str) -> str:
        return f"s{place + 1}"

    def id_of(self, kind: str, number: int, facts: Facts) -> str:
        return f"{_OBJECTS.get(kind, 'task')}-{number}"

    def keep(self, kind: str, id: str, facts: Facts) -> None:
        owner = self.member(facts["owner"])
        whose = {
            "referenced_actor_type": "workspace-member",
            "referenced_actor_id": f"m{owner.number}" if owner else None,
        }
        match kind:
            case "deal":
                money = {
                    "currency_value": float(facts["value"]),
                    "currency_code": facts["currency"],
                }
                person = {"target_object": "people", "target_record_id": facts["contact"]}
                self.change(
                    id,
                    name={"value": facts["title"]},
                    stage={"status": {"title": facts["stage"]}},
                    value=money,
                    owner=whose if owner else None,
                    associated_people=person if facts["contact"] else None,
                )
                record = self.records["deals"][id]
                record["values"]["stage"][0]["active_from"] = facts["stage_entered_at"]
                record["created_at"] = facts["created_at"]
            case "contact":
                touched = facts["last_contacted_at"]
                self.change(
                    id,
                    object="people",
                    name={"full_name": facts["name"]},
                    email_addresses={"email_address": facts["email"]} if facts["email"] else None,
                    last_interaction={"interacted_at": touched} if touched else None,
                )
                self.records["people"][id]["created_at"] = facts["created_at"]
            case _:
                due, linked = facts["due_date"], []
                for object, other in ((PEOPLE, facts["contact"]), (DEALS, facts["deal"])):
                    if other:
                        linked.append({"target_object_id": object, "target_record_id": other})
                note = f"\n{facts['note']}" if facts["note"] else ""
                self.tasks[id] = {
                    "id": {"task_id": id},
                    "content_plaintext": f"{facts['title']}{note}",
                    "deadline_at": f"{due}T12:00:00.000Z" if due else None,
                    "is_completed": facts["done"],
                    "linked_records": linked,
                    "assignees": [whose] if owner else [],
                    "created_at": facts["created_at"],
                }

    def drop(self, kind: str, id: str) -> None:
        (self.tasks if kind == TASK else self.records[_OBJECTS[kind]]).pop(id, None)

    def facts(self, kind: str, id: str) -> Facts:
        if kind == DEAL:
            (stage,) = self.records["deals"][id]["values"]["stage"]
            return {"stage": stage["status"]["title"]}
        told = self.tasks[id]
        title, _, note = told["content_plaintext"].partition("\n")
        linked = {
            each.get("target_object") or _SLUGS.get(each.get("target_object_id", "")): each
            for each in told["linked_records"]
        }
        whose = [each["referenced_actor_id"] for each in told["assignees"]]
        owner = self.numbered(whose[0]) if whose else None
        return {
            "title": title,
            "note": note,
            "done": told["is_completed"],
            "due_date": (told["deadline_at"] or "")[:10] or None,
            "owner": owner.email if owner else None,
            "contact": linked.get("people", {}).get("target_record_id"),
            "deal": linked.get("deals", {}).get("target_record_id"),
        }

    def tell(
        self, what: str, kind: str, id: str, changed: Collection[str], number: int
    ) -> list[Any]:
        named = {"created": "created", "changed": "updated", "deleted": "deleted"}[what]
        if kind == TASK:
            ids = {"workspace_id": "w", "task_id": id}
            return [{"event_type": f"task.{named}", "id": ids}]
        ids = {
            "workspace_id": "w",
            "object_id": DEALS if kind == DEAL else PEOPLE,
            "record_id": id,
        }
        if what != "changed":
            return [{"event_type": f"record.{named}", "id": ids}]
        # One event for each attribute.
        return [
            {"event_type": "record.updated", "id": {**ids, "attribute_id": _ATTRIBUTES[fact]}}
            for fact in sorted(changed)
            if fact in _ATTRIBUTES
        ] or [{"event_type": "record.updated", "id": ids}]

    def touch(self, id: str, how: str, number: int) -> list[Any]:
        if how != "note":
            # Mails and meetings are found in calendars and mailboxes; the record changes by it.
            touched = {"interacted_at": iso(self.now)}
            self.change(id, object="people", last_interaction=touched)
            return self.tell("changed", CONTACT, id, (), number)
        made = f"note-{number}"
        self.notes[made] = {
            "id": {"note_id": made},
            "title": "Contacted",
            "created_at": iso(self.now),
            "created_by_actor": {"type": "workspace-member", "id": f"m{self.people[0].number}"},
            "parent_object": "people",
            "parent_record_id": id,
        }
        return [{"event_type": "note.created", "id": {"workspace_id": "w", "note_id": made}}]

    def hooks(self) -> list[str]:
        return [str(each["target_url"]) for each in self.webhooks.values()]


def _nothing() -> Response:
    return JSONResponse({"message": "Not found"}, 404)


def sign(link: Link, url: str, body: bytes, wall: float) -> Mapping[str, str]:
    """HMAC over the body alone; the key is text."""
    key = link.secrets[0].encode()
    return {"attio-signature": hmac.new(key, body, hashlib.sha256).hexdigest()}


_TYPES = {"created": "record.created", "changed": "record.updated", "deleted": "record.deleted"}


def event(standin: Standin, what: str, id: str, number: int) -> dict[str, Any]:
    """An event of a deal."""
    ids = {"workspace_id": "w", "object_id": DEALS, "record_id": id}
    return {"event_type": _TYPES[what], "id": ids}


def put(standin: Standin, id: str, title: str, stage: str) -> None:
    """A deal of Ana's."""
    assert isinstance(standin, Attio)  # noqa: S101
    standin.change(
        id,
        name={"value": title},
        stage={"status": {"title": standin.step(stage).name}},
        value={"currency_value": 1200, "currency_code": "EUR"},
        owner={"referenced_actor_type": "workspace-member", "referenced_actor_id": "m77"},
    )


def remove(standin: Standin, id: str) -> None:
    """The deal is no more."""
    standin.drop(DEAL, id)


def body(events: Sequence[Any]) -> bytes:
    """Events in their envelope."""
    return json.dumps({"webhook_id": "w", "events": list(events)}).encode()


VENDOR = Vendor(
    "attio",
    "Attio",
    Attio,
    {"api_key": "token-of-a-test"},
    "w",
    "signed with the webhook's secret over the body",
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
    batches=True,
    remark="Its webhooks name what changed and no value; Coach looks it up. People have no owner.",
)
