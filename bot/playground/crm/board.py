"""A small CRM: deals, contacts and tasks whose every change goes out as a signed webhook.

What the coach changes comes back to ``/crm/callback``, signed the same way, and is shown here.
"""

import json
import time
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.playground.crm.webhooks import RETRY_DELAYS, Deliveries, entry
from bot.playground.slack.signing import webhook_fault
from bot.playground.slack.things import Clock, Json

STAGES = ("Prospecting", "Qualified", "Proposal", "Negotiation", "Closed Won", "Closed Lost")
STATUSES = {"Closed Won": "won", "Closed Lost": "lost"}
CONTACT_STATUSES = ("LEAD", "PROSPECT", "CUSTOMER")
PRIORITIES = ("low", "medium", "high", "urgent")
LOGGED = {
    "call": "call_logged",
    "email": "email_logged",
    "meeting": "meeting_booked",
    "note": "note_logged",
}


class CrmRefusal(Exception):  # noqa: N818 - a sentence for the person at the page
    """The CRM does not accept a change; the text says what to do."""


def stage_verb(old: str, new: str) -> str:
    """What a move of a deal from one stage to another is called."""
    if new in STATUSES:
        return "deal_closed"
    return "deal_reopened" if old in STATUSES else "deal_stage_changed"


class Crm:
    """Holds the team's records and tells the coach of each change.

    ``owners`` maps a person's id to their address. ``changed`` is called after each change,
    ``log`` with each request and answer, ``say`` with a notice for a person.
    """

    def __init__(
        self,
        owners: Mapping[str, str],
        *,
        clock: Clock,
        webhook_url: str,
        webhook_secret: str,
        callback_secret: str,
        changed: Callable[[], None] | None = None,
        log: Callable[[Json], None] | None = None,
        say: Callable[[str], None] | None = None,
        retry_delays: tuple[float, ...] = RETRY_DELAYS,
    ) -> None:
        self.owners = dict(owners)
        self.clock = clock
        self.callback_secret = callback_secret
        self.changed = changed
        self.log = log
        self.deliveries = Deliveries(
            url=webhook_url, secret=webhook_secret, log=log, say=say, retry_delays=retry_delays
        )
        self.deals: dict[str, Json] = {}
        self.contacts: dict[str, Json] = {}
        self.tasks: dict[str, Json] = {}
        self.received: dict[str, str] = {}
        """Webhook ids that came from the coach, with what they were, so that none counts twice."""
        self._serial = 100
        self.routes = [Route("/crm/callback", self._callback, methods=["POST"])]

    def as_page(self) -> Json:
        """The form the page reads."""
        return {
            "stages": list(STAGES),
            "deals": list(self.deals.values()),
            "contacts": list(self.contacts.values()),
            "tasks": list(self.tasks.values()),
        }

    def dump(self) -> Json:
        """Everything, for a restart."""
        return {
            "deals": self.deals,
            "contacts": self.contacts,
            "tasks": self.tasks,
            "undelivered": self.deliveries.undelivered,
            "received": self.received,
            "serial": self._serial,
        }

    def load(self, kept: Json) -> None:
        """Take up what ``dump`` gave."""
        self.deals, self.contacts = kept["deals"], kept["contacts"]
        self.tasks, self.deliveries.undelivered = kept["tasks"], kept["undelivered"]
        self.received, self._serial = kept["received"], kept["serial"]

    # What people change

    def add_deal(self, given: Json) -> Json:
        """Add an open deal: title, value, stage, owner, and perhaps contact_id and source."""
        now = self._now()
        stage = _one_of(given.get("stage") or STAGES[0], STAGES, "stage")
        deal: Json = {
            "id": self._next("D"),
            "title": _text(given.get("title"), "title"),
            "stage": stage,
            "status": STATUSES.get(stage, "open"),
            "value": _money(given.get("value")),
            "currency": "EUR",
            "contact_id": self._known_contact(given.get("contact_id")),
            "owner": self._owner(given.get("owner")),
            "created_at": now,
            "stage_entered_at": now,
            "closed_at": now if stage in STATUSES else None,
            "source": given.get("source") or None,
        }
        self.deals[deal["id"]] = deal
        self._announce("deal_created", deal["owner"], deal=deal)
        return deal

    def change_deal(self, deal_id: str, given: Json) -> Json:
        """Change a deal's stage, title, value or owner; each kind of change is told by itself."""
        deal = _there(self.deals, deal_id, "deal")
        stage = given.get("stage")
        if stage is not None and _one_of(stage, STAGES, "stage") != deal["stage"]:
            verb = stage_verb(deal["stage"], stage)
            self._move(deal, stage, self._now())
            self._announce(verb, deal["owner"], deal=deal)
        edits: Json = {}
        if given.get("title") is not None:
            edits["title"] = _text(given["title"], "title")
        if given.get("value") is not None:
            edits["value"] = _money(given["value"])
        if any(deal[name] != value for name, value in edits.items()):
            deal.update(edits)
            self._announce("deal_amount_changed", deal["owner"], deal=deal)
        owner = given.get("owner")
        if owner is not None and self._owner(owner) != deal["owner"]:
            deal["owner"] = owner
            self._announce("deal_owner_changed", owner, deal=deal)
        return deal

    def delete_deal(self, deal_id: str) -> None:
        """Delete a deal."""
        deal = _there(self.deals, deal_id, "deal")
        del self.deals[deal_id]
        self._announce("deal_deleted", deal["owner"], deal=deal)

    def add_contact(self, given: Json) -> Json:
        """Add a contact: name, status, owner, and perhaps email."""
        contact: Json = {
            "id": self._next("C"),
            "name": _text(given.get("name"), "name"),
            "email": given.get("email") or None,
            "status": _one_of(given.get("status") or "LEAD", CONTACT_STATUSES, "status"),
            "owner": self._owner(given.get("owner")),
            "source": given.get("source") or None,
            "created_at": self._now(),
            "last_contacted_at": None,
        }
        self.contacts[contact["id"]] = contact
        self._announce("contact_created", contact["owner"], contact=contact)
        return contact

    def log_contact(self, contact_id: str, kind: object) -> Json:
        """Note a call, email, meeting or note with a contact, now."""
        contact = _there(self.contacts, contact_id, "contact")
        verb = LOGGED[_one_of(kind, tuple(LOGGED), "kind")]
        contact["last_contacted_at"] = self._now()
        self._announce(verb, contact["owner"], contact=contact)
        return contact

    def add_task(self, given: Json) -> Json:
        """Add a pending task: title, owner, and perhaps due_date, priority and note."""
        task: Json = {
            "id": self._next("T"),
            "title": _text(given.get("title"), "title"),
            "status": "pending",
            "priority": _one_of(given.get("priority") or "medium", PRIORITIES, "priority"),
            "due_date": _day(given.get("due_date")),
            "owner": self._owner(given.get("owner")),
            "created_at": self._now(),
            "completed_at": None,
            "note": given.get("note") or "",
            "from_coach": False,
        }
        self.tasks[task["id"]] = task
        self._announce("task_created", task["owner"], task=task)
        return task

    def change_task(self, task_id: str, given: Json) -> Json:
        """Complete a task, move its date, or rename it."""
        task = _there(self.tasks, task_id, "task")
        edits: Json = {}
        if given.get("title") is not None:
            edits["title"] = _text(given["title"], "title")
        if "due_date" in given:
            edits["due_date"] = _day(given["due_date"])
        if any(task[name] != value for name, value in edits.items()):
            task.update(edits)
            self._announce("task_rescheduled", task["owner"], task=task)
        if given.get("completed") and task["status"] != "completed":
            task.update(status="completed", completed_at=self._now())
            self._announce("task_completed", task["owner"], task=task)
        return task

    def native(self, **objects: Json) -> Json:
        """The ``data`` of a webhook: the named objects as the coach knows them."""
        data: Json = {}
        for name, record in objects.items():
            hidden = ("owner", "stage_entered_at", "from_coach")
            shown = {key: value for key, value in record.items() if key not in hidden}
            data[name] = {**shown, "owner_email": self.owners[record["owner"]]}
        return data

    def _announce(self, verb: str, owner: str, **objects: Json) -> None:
        deal = objects.get("deal")
        contact = self.contacts.get(deal["contact_id"] or "") if deal else None
        if contact is not None:
            objects["contact"] = contact
        self.deliveries.send(
            {
                "type": verb,
                "timestamp": self._now(),
                "owner": {"email": self.owners[owner]},
                "data": self.native(**objects),
            }
        )
        self._tell()

    # Webhooks from the coach

    async def _callback(self, request: Request) -> Response:
        begun = time.perf_counter()
        body = await request.body()
        fault = webhook_fault(self.callback_secret, request.headers, body, time.time())
        event: Json = {}
        status = 202
        answer: Json = {}
        if fault is not None:
            status, answer = 401, {"error": fault}
        else:
            try:
                event = json.loads(body)
                answer = self.take(request.headers["webhook-id"], event)
            except CrmRefusal as refusal:
                status, answer = 404, {"error": str(refusal)}
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                status, answer = 400, {"error": f"The body is not of the native form: {error!r}."}
        if self.log is not None:
            kind = str(event.get("type", "callback"))
            ms = round((time.perf_counter() - begun) * 1000, 1)
            problem = str(answer.get("error")) if "error" in answer else None
            self.log(entry("to CRM", kind, status, ms, event, answer, problem))
        return JSONResponse(answer, status)

    def take(self, webhook_id: str, event: Json) -> Json:
        """Do what the coach wrote, once for each webhook id.

        Raises:
            CrmRefusal: a record it is about does not exist.
            KeyError: a part of the native form is missing.
        """
        if webhook_id in self.received:
            return {"accepted": 0, "duplicates": 1}
        verb, at, data = event["type"], event["timestamp"], event["data"]
        owner = self._owner_of(event)
        if "task" in data:
            self._take_task(verb, at, data["task"], owner)
        if "deal" in data:
            self._take_deal(verb, at, data["deal"])
        if "contact" in data:
            self._take_contact(verb, at, data["contact"], alone=len(data) == 1)
        self.received[webhook_id] = verb
        self._tell()
        return {"accepted": 1, "duplicates": 0}

    def _take_task(self, verb: str, at: str, given: Json, owner: str) -> None:
        task_id = str(given.get("id") or self._next("T"))
        task = self.tasks.get(task_id)
        if task is None:
            if verb != "task_created":
                raise CrmRefusal(f"There is no task {task_id}.")
            task = {
                "id": task_id,
                "title": "",
                "status": "pending",
                "priority": "medium",
                "due_date": None,
                "owner": self._owner_by_email(given.get("owner_email")) or owner,
                "created_at": at,
                "completed_at": None,
                "note": "",
                "from_coach": True,
            }
            self.tasks[task_id] = task
        fields = (
            "title",
            "status",
            "priority",
            "due_date",
            "completed_at",
            "note",
            "contact_id",
            "deal_id",
        )
        task.update({name: given[name] for name in fields if given.get(name) is not None})
        if verb == "task_completed":
            task.update(status="completed", completed_at=given.get("completed_at") or at)
        if verb == "task_deleted":
            del self.tasks[task_id]

    def _take_deal(self, verb: str, at: str, given: Json) -> None:
        deal = _there(self.deals, str(given["id"]), "deal")
        stage = given.get("stage")
        if stage is not None and stage != deal["stage"]:
            self._move(deal, _one_of(stage, STAGES, "stage"), at)
        fields = ("title", "value", "currency", "source")
        deal.update({name: given[name] for name in fields if given.get(name) is not None})
        if verb == "deal_deleted":
            del self.deals[deal["id"]]

    def _take_contact(self, verb: str, at: str, given: Json, *, alone: bool) -> None:
        contact_id = str(given["id"])
        contact = self.contacts.get(contact_id)
        if contact is None:
            if alone:
                raise CrmRefusal(f"There is no contact {contact_id}.")
            return
        fields = ("name", "email", "status", "last_contacted_at")
        contact.update({name: given[name] for name in fields if given.get(name) is not None})
        if verb in LOGGED.values():
            contact["last_contacted_at"] = given.get("last_contacted_at") or at

    # Small things

    def _move(self, deal: Json, stage: str, at: str) -> None:
        closed = stage in STATUSES
        deal.update(
            stage=stage,
            status=STATUSES.get(stage, "open"),
            stage_entered_at=at,
            closed_at=at if closed else None,
        )

    def _now(self) -> str:
        return self.clock.now().isoformat().replace("+00:00", "Z")

    def _next(self, letter: str) -> str:
        self._serial += 1
        return f"{letter}-{self._serial}"

    def _owner(self, given: object) -> str:
        if not isinstance(given, str) or given not in self.owners:
            raise CrmRefusal("Choose who this belongs to: that person is not in the team.")
        return given

    def _owner_by_email(self, email: object) -> str | None:
        return next((who for who, known in self.owners.items() if known == email), None)

    def _owner_of(self, event: Json) -> str:
        owner = event.get("owner")
        found = self._owner_by_email(owner.get("email")) if isinstance(owner, dict) else None
        return found or next(iter(self.owners))

    def _known_contact(self, given: object) -> str | None:
        if not given:
            return None
        return str(_there(self.contacts, str(given), "contact")["id"])

    def _tell(self) -> None:
        if self.changed is not None:
            self.changed()


def _there(records: dict[str, Json], record_id: str, kind: str) -> Json:
    found = records.get(record_id)
    if found is None:
        raise CrmRefusal(f"There is no {kind} {record_id}.")
    return found


def _text(given: object, name: str) -> str:
    if not isinstance(given, str) or not given.strip():
        raise CrmRefusal(f"Give a {name}.")
    return given.strip()[:200]


def _one_of(given: object, allowed: tuple[str, ...], name: str) -> str:
    if not isinstance(given, str) or given not in allowed:
        raise CrmRefusal(f"The {name} must be one of {', '.join(allowed)}.")
    return given


def _money(given: object) -> str:
    try:
        value = Decimal(str(given if given not in (None, "") else 0).replace(",", ""))
    except InvalidOperation:
        raise CrmRefusal("Write the value as a number, such as 12000.") from None
    if not value.is_finite() or not 0 <= value < Decimal("1e12"):
        raise CrmRefusal("Write a value between 0 and a million million.")
    return f"{value:.2f}"


def _day(given: object) -> str | None:
    if given in (None, ""):
        return None
    try:
        return date.fromisoformat(str(given)).isoformat()
    except ValueError:
        raise CrmRefusal("Write the due date as YYYY-MM-DD.") from None
