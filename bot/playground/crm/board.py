"""The board of a small CRM: deals, contacts and tasks, each change of which is told the coach."""

from collections.abc import Callable, Mapping

from bot.playground.crm.fields import CrmRefusal, Json, day, money, one_of, text, there
from bot.playground.crm.webhooks import RETRY_DELAYS, Deliveries
from coach.ports import Clock

STAGES = ("Prospecting", "Qualified", "Proposal", "Negotiation", "Closed Won", "Closed Lost")
#: The stages that end a deal, and how it ends there.
STATUSES = {"Closed Won": "won", "Closed Lost": "lost"}
CONTACT_STATUSES = ("LEAD", "PROSPECT", "CUSTOMER")
PRIORITIES = ("low", "medium", "high", "urgent")
LOGGED = {
    "call": "call_logged",
    "email": "email_logged",
    "meeting": "meeting_booked",
    "note": "note_logged",
}


#: Where its pages would be: nobody is there.
PAGES = "crm.northwind.example"


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
        changed: Callable[[], None] | None = None,
        log: Callable[[Json], None] | None = None,
        say: Callable[[str], None] | None = None,
        retry_delays: tuple[float, ...] = RETRY_DELAYS,
    ) -> None:
        self.owners = dict(owners)
        self.clock = clock
        self.changed = changed
        self.deliveries = Deliveries(
            url=webhook_url, secret=webhook_secret, log=log, say=say, retry_delays=retry_delays
        )
        self.deals: dict[str, Json] = {}
        self.contacts: dict[str, Json] = {}
        self.tasks: dict[str, Json] = {}
        #: How the coach is told of a change: what happened, and to which records.
        self.announce: Callable[[str, Mapping[str, Json]], None] = self.natively
        #: What the page is told of what the CRM pretends to be; nothing while it is itself.
        self.pretends: Callable[[], Json | None] = lambda: None
        self.received: dict[str, str] = {}
        """Webhook ids that came from the coach, with what they were, so that none counts twice."""
        self._serial = 100

    def as_page(self) -> Json:
        """The form the page reads."""
        return {
            "stages": list(STAGES),
            "deals": list(self.deals.values()),
            "contacts": list(self.contacts.values()),
            "tasks": list(self.tasks.values()),
            "pretends": self.pretends(),
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
        self.tasks = kept["tasks"]
        self.deliveries.undelivered = {
            # As it was kept before there were other forms than the native one.
            id: each if "content" in each else {"name": each["type"], "content": each}
            for id, each in kept["undelivered"].items()
        }
        self.received, self._serial = kept["received"], kept["serial"]

    # What people change

    def add_deal(self, given: Json) -> Json:
        """Add an open deal: title, value, stage, owner, and perhaps contact_id and source."""
        now = self.now()
        stage = one_of(given.get("stage") or STAGES[0], STAGES, "stage")
        deal: Json = {
            "id": self.next_id("D"),
            "title": text(given.get("title"), "title"),
            "stage": stage,
            "status": STATUSES.get(stage, "open"),
            "value": money(given.get("value")),
            "currency": "EUR",
            "contact_id": self._known_contact(given.get("contact_id")),
            "owner": self._owner(given.get("owner")),
            "created_at": now,
            "stage_entered_at": now,
            "closed_at": now if stage in STATUSES else None,
            "source": given.get("source") or None,
        }
        self.deals[deal["id"]] = deal
        self._announce("deal_created", deal=deal)
        return deal

    def change_deal(self, deal_id: str, given: Json) -> Json:
        """Change a deal's stage, title, value or owner; each kind of change is told by itself."""
        deal = there(self.deals, deal_id, "deal")
        stage = given.get("stage")
        if stage is not None and one_of(stage, STAGES, "stage") != deal["stage"]:
            verb = stage_verb(deal["stage"], stage)
            self.move(deal, stage, self.now())
            self._announce(verb, deal=deal)
        edits: Json = {}
        if given.get("title") is not None:
            edits["title"] = text(given["title"], "title")
        if given.get("value") is not None:
            edits["value"] = money(given["value"])
        if any(deal[name] != value for name, value in edits.items()):
            deal.update(edits)
            self._announce("deal_amount_changed", deal=deal)
        owner = given.get("owner")
        if owner is not None and self._owner(owner) != deal["owner"]:
            deal["owner"] = owner
            self._announce("deal_owner_changed", deal=deal)
        return deal

    def link(self, deal_id: str) -> str:
        """The address of a deal's page, of which the coach is told when it is asked for first."""
        deal = there(self.deals, deal_id, "deal")
        if not deal.get("url"):
            deal["url"] = f"https://{PAGES}/deals/{deal_id}"
            self._announce("deal_updated", deal=deal)
        return str(deal["url"])

    def delete_deal(self, deal_id: str) -> None:
        """Delete a deal."""
        deal = there(self.deals, deal_id, "deal")
        del self.deals[deal_id]
        self._announce("deal_deleted", deal=deal)

    def add_contact(self, given: Json) -> Json:
        """Add a contact: name, status, owner, and perhaps email."""
        contact: Json = {
            "id": self.next_id("C"),
            "name": text(given.get("name"), "name"),
            "email": given.get("email") or None,
            "status": one_of(given.get("status") or "LEAD", CONTACT_STATUSES, "status"),
            "owner": self._owner(given.get("owner")),
            "source": given.get("source") or None,
            "created_at": self.now(),
            "last_contacted_at": None,
        }
        self.contacts[contact["id"]] = contact
        self._announce("contact_created", contact=contact)
        return contact

    def log_contact(self, contact_id: str, kind: object) -> Json:
        """Note a call, email, meeting or note with a contact, now."""
        contact = there(self.contacts, contact_id, "contact")
        verb = LOGGED[one_of(kind, tuple(LOGGED), "kind")]
        contact["last_contacted_at"] = self.now()
        self._announce(verb, contact=contact)
        return contact

    def add_task(self, given: Json) -> Json:
        """Add a pending task: title, owner, and perhaps due_date, priority and note."""
        task: Json = {
            "id": self.next_id("T"),
            "title": text(given.get("title"), "title"),
            "status": "pending",
            "priority": one_of(given.get("priority") or "medium", PRIORITIES, "priority"),
            "due_date": day(given.get("due_date")),
            "owner": self._owner(given.get("owner")),
            "created_at": self.now(),
            "completed_at": None,
            "note": given.get("note") or "",
            "from_coach": False,
        }
        self.tasks[task["id"]] = task
        self._announce("task_created", task=task)
        return task

    def change_task(self, task_id: str, given: Json) -> Json:
        """Complete a task, move its date, or rename it."""
        task = there(self.tasks, task_id, "task")
        edits: Json = {}
        if given.get("title") is not None:
            edits["title"] = text(given["title"], "title")
        if "due_date" in given:
            edits["due_date"] = day(given["due_date"])
        if any(task[name] != value for name, value in edits.items()):
            task.update(edits)
            self._announce("task_rescheduled", task=task)
        if given.get("completed") and task["status"] != "completed":
            task.update(status="completed", completed_at=self.now())
            self._announce("task_completed", task=task)
        return task

    def made_by_coach(self, task_id: str, owner: str, at: str) -> Json:
        """A task the coach has just made, with nothing in it yet."""
        task: Json = {
            "id": task_id,
            "title": "",
            "status": "pending",
            "priority": "medium",
            "due_date": None,
            "owner": owner,
            "created_at": at,
            "completed_at": None,
            "note": "",
            "from_coach": True,
        }
        self.tasks[task_id] = task
        return task

    def native(self, **objects: Json) -> Json:
        """The ``data`` of a webhook: the named objects as the coach knows them."""
        data: Json = {}
        for name, record in objects.items():
            hidden = ("owner", "stage_entered_at", "from_coach")
            shown = {key: value for key, value in record.items() if key not in hidden}
            data[name] = {**shown, "owner_email": self.owners[record["owner"]]}
        return data

    def _announce(self, verb: str, **objects: Json) -> None:
        deal = objects.get("deal")
        contact = self.contacts.get(deal["contact_id"] or "") if deal else None
        if contact is not None:
            objects["contact"] = contact
        self.announce(verb, objects)
        self.tell()

    def natively(self, verb: str, objects: Mapping[str, Json]) -> None:
        """Tell the coach in the native form."""
        about = next(objects[each] for each in ("deal", "task", "contact") if each in objects)
        self.deliveries.send(
            {
                "type": verb,
                "timestamp": self.now(),
                "owner": {"email": self.owners[about["owner"]]},
                "data": self.native(**objects),
            }
        )

    def move(self, deal: Json, stage: str, at: str) -> None:
        """Put a deal into a stage, with what follows from it."""
        closed = stage in STATUSES
        deal.update(
            stage=stage,
            status=STATUSES.get(stage, "open"),
            stage_entered_at=at,
            closed_at=at if closed else None,
        )

    def now(self) -> str:
        """The present time, as records have it."""
        return self.clock.now().isoformat().replace("+00:00", "Z")

    def next_id(self, letter: str) -> str:
        """An id not used before; ``letter`` tells the kind."""
        self._serial += 1
        return f"{letter}-{self._serial}"

    def _owner(self, given: object) -> str:
        if not isinstance(given, str) or given not in self.owners:
            raise CrmRefusal("Choose who this belongs to: that person is not in the team.")
        return given

    def owner_by_email(self, email: object) -> str | None:
        """The person with this address, or None."""
        return next((who for who, known in self.owners.items() if known == email), None)

    def _known_contact(self, given: object) -> str | None:
        if not given:
            return None
        return str(there(self.contacts, str(given), "contact")["id"])

    def tell(self) -> None:
        """Say that something changed."""
        if self.changed is not None:
            self.changed()
