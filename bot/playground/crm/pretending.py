"""The small CRM as one of the vendors: its records in that vendor's form, its API, its webhooks."""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bot.playground.crm.board import LOGGED, STAGES, STATUSES, Crm
from bot.playground.crm.fields import Json
from bot.playground.crm.vendors.standin import (
    CONTACT,
    DEAL,
    TASK,
    Asked,
    Facts,
    Member,
    Standin,
    Step,
    Vendor,
)
from bot.playground.crm.webhooks import entry

#: The number of the first of its people, and of its records.
FIRST_MEMBER, FIRST_RECORD = 77, 1001

#: Of what went to and fro so much is told on the board.
RECENT = 8

#: Calls that the stand-in remembers.
REMEMBERED = 200


@dataclass(frozen=True)
class Keys:
    """What the coach has told whoever set up the vendor: where webhooks go, and what signs them."""

    url: str
    secrets: Sequence[str] = ()
    access: Mapping[str, str] | None = None


class Pretence:
    """One vendor, whose things are the board's.

    What is changed on the board is told by the vendor's webhooks, and what is changed by its API is
    changed on the board. ``names`` maps people's ids to their names.
    """

    def __init__(
        self,
        vendor: Vendor,
        crm: Crm,
        names: Mapping[str, str],
        *,
        log: Callable[[Json], None] | None = None,
    ) -> None:
        self.vendor = vendor
        self.crm = crm
        self.log = log
        self.standin: Standin = vendor.make()
        self.keys = Keys("")
        #: The vendor's id of each record, by kind and the board's id.
        self.ids: dict[str, dict[str, str]] = {DEAL: {}, CONTACT: {}, TASK: {}}
        self.recent: deque[Json] = deque(maxlen=RECENT)
        self._records = {DEAL: crm.deals, CONTACT: crm.contacts, TASK: crm.tasks}
        self._known: dict[tuple[str, str], Facts] = {}
        self._serial = FIRST_RECORD
        standin = self.standin
        standin.people = [
            Member(FIRST_MEMBER + place, names[id], email)
            for place, (id, email) in enumerate(crm.owners.items())
        ]
        standin.stages = [
            Step(standin.stage_id(place, name), name, STATUSES.get(name, "open"))
            for place, name in enumerate(STAGES)
        ]
        standin.wrote = self._wrote

    # Keeping

    def dump(self) -> Json:
        """What a restart must know: what each record is called here."""
        return {"provider": self.vendor.provider, "ids": self.ids, "serial": self._serial}

    def load(self, kept: Json) -> None:
        """Take up what ``dump`` gave."""
        self.ids, self._serial = kept["ids"], kept["serial"]

    def take(self) -> None:
        """Have all that is on the board; contacts first, as others name them."""
        for kind in (CONTACT, DEAL, TASK):
            for id, record in self._records[kind].items():
                self.standin.now = max(map(_moment, filter(None, _times(record))))
                self._keep(kind, id)

    def as_page(self) -> Json:
        """What the board says of it."""
        return {
            "provider": self.vendor.provider,
            "called": self.vendor.called,
            "signs": self.vendor.signs,
            "remark": self.vendor.remark,
            "recent": list(self.recent),
        }

    # From the board

    def announce(self, verb: str, objects: Mapping[str, Json]) -> None:
        """Tell the coach what happened, as the vendor does."""
        kind = next(each for each in (DEAL, TASK, CONTACT) if each in objects)
        record = objects[kind]
        name, standin = _name(record), self.standin
        standin.now, number = self.crm.clock.now(), self._number()
        how = next((each for each, logged in LOGGED.items() if logged == verb), None)
        if how is not None:
            self._keep(CONTACT, record["id"])
            events = standin.touch(self.ids[CONTACT][record["id"]], how, number)
            self._send(events, f"{_a(how)} with “{name}”")
            return
        new = record["id"] not in self.ids[kind]
        if verb.endswith("_deleted"):
            id = self.ids[kind].pop(record["id"])
            standin.drop(kind, id)
            self._send(standin.tell("deleted", kind, id, (), number), f"“{name}” is gone")
            return
        id, changed = self._keep(kind, record["id"])
        if new:
            self._send(standin.tell("created", kind, id, (), number), f"“{name}” is new")
        elif changed:
            what = " and ".join(sorted(map(_plain, changed & _TOLD)))
            events = standin.tell("changed", kind, id, changed, number)
            self._send(events, f"{what} of “{name}” changed" if what else f"“{name}” changed")

    def _send(self, events: Sequence[Any], said: str) -> None:
        called = self.vendor.called
        if not events:
            self._tell(f"{said}: {called} tells nothing of that. Coach finds it by looking.")
            return
        bodies = [events] if self.vendor.batches else [[each] for each in events]
        for each in bodies:
            self.crm.deliveries.send(self.vendor.body(each).decode(), name=_event_name(each))
        self._tell(f"{called} tells Coach: {said}.")

    def headers(self, message_id: str, body: bytes) -> Mapping[str, str]:
        """With what a webhook is sent, signed at this very moment."""
        return self.vendor.sign(_Link(self.keys), self.url, body, time.time())

    @property
    def url(self) -> str:
        """Where webhooks go: to where they were asked for by API, else to where they were told."""
        hooks = self.standin.hooks()
        return hooks[0] if hooks else self.keys.url

    # From the coach

    async def respond(self, request: Request) -> Response:
        """Answer a call to the vendor's API."""
        begun, path = time.perf_counter(), f"/{request.path_params['path']}"
        self.standin.now = self.crm.clock.now()
        del self.standin.asked[:-REMEMBERED]
        response = await self.standin.respond(request, path)
        asked = self.standin.asked[-1]
        if asked.method == "GET":
            self._tell(f"Coach reads from {self.vendor.called}: {_read(path)}.")
        if self.log is not None:
            ms = round((time.perf_counter() - begun) * 1000, 1)
            problem = _answered(response)[:300] if _is_wrong(asked, response) else None
            sent = asked.body if asked.body is not None else dict(asked.query)
            name = f"{asked.method} {path}"
            self.log(
                entry("to CRM", name, response.status_code, ms, sent, _answered(response), problem)
            )
        self.crm.tell()
        return response

    def _wrote(self, deed: str, kind: str, id: str) -> None:
        """The coach has changed something by the API: the board shows it, and it is told."""
        at = self.crm.now()
        board_id = next((ours for ours, theirs in self.ids[kind].items() if theirs == id), None)
        if deed == "made":
            board_id = self.crm.next_id("T")
            self.ids[kind][board_id] = id
            self.crm.made_by_coach(board_id, next(iter(self.crm.owners)), at)
        if board_id is None:
            return
        if deed == "ended":
            self._tell(f"Coach deletes in {self.vendor.called}: “{self._called(kind, board_id)}”.")
            del self._records[kind][board_id], self.ids[kind][board_id]
            self._echo("deleted", kind, id, frozenset())
            return
        if deed == "touched":
            self.crm.contacts[board_id]["last_contacted_at"] = at
            self._tell(
                f"Coach logs in {self.vendor.called}: in touch with "
                f"“{self._called(kind, board_id)}”."
            )
            return
        self._take(kind, board_id, self.standin.facts(kind, id), at)
        changed = self._noted(kind, board_id)
        name = self._called(kind, board_id)
        done = f"makes the task “{name}”" if deed == "made" else f"changes “{name}”"
        self._tell(f"Coach {done} in {self.vendor.called}.")
        self._echo("created" if deed == "made" else "changed", kind, id, changed)

    def _take(self, kind: str, board_id: str, told: Facts, at: str) -> None:
        record = self._records[kind][board_id]
        if kind == DEAL:
            if told["stage"] != record["stage"]:
                self.crm.move(record, told["stage"], at)
            return
        done = told.pop("done")
        record.update({name: value for name, value in told.items() if name in _TASK})
        record["contact_id"] = self._ours(CONTACT, told["contact"])
        record["deal_id"] = self._ours(DEAL, told["deal"])
        record["owner"] = self.crm.owner_by_email(told["owner"]) or record["owner"]
        if done != (record["status"] == "completed"):
            record["completed_at"] = at if done else None
        record["status"] = "completed" if done else "pending"

    def _echo(self, what: str, kind: str, id: str, changed: frozenset[str]) -> None:
        """A vendor tells of what was done by its API as of anything else."""
        self.standin.by_api = True
        events = self.standin.tell(what, kind, id, changed, self._number())
        self.standin.by_api = False
        bodies = [events] if self.vendor.batches else [[each] for each in events]
        for each in filter(None, bodies):
            self.crm.deliveries.send(self.vendor.body(each).decode(), name=_event_name(each))

    # Both ways

    def _keep(self, kind: str, board_id: str) -> tuple[str, frozenset[str]]:
        """Have a record as it is on the board now; its id here, and which facts are others."""
        facts = self._facts(kind, board_id)
        if board_id not in self.ids[kind]:
            self.ids[kind][board_id] = self.standin.id_of(kind, self._serial, facts)
            self._serial += 1
        id = self.ids[kind][board_id]
        self.standin.keep(kind, id, facts)
        return id, self._noted(kind, board_id)

    def _noted(self, kind: str, board_id: str) -> frozenset[str]:
        facts = self._facts(kind, board_id)
        before = self._known.get((kind, board_id), {})
        self._known[kind, board_id] = facts
        return frozenset(name for name in facts if before.get(name) != facts[name])

    def _facts(self, kind: str, board_id: str) -> Facts:
        record = self._records[kind][board_id]
        facts: Facts = {"owner": self.crm.owners[record["owner"]]}
        names = {DEAL: _DEAL, CONTACT: _CONTACT, TASK: _TASK}[kind]
        facts |= {name: record.get(name) for name in (*names, "created_at")}
        if kind == TASK:
            facts["done"] = record["status"] == "completed"
            facts["deal"] = self.ids[DEAL].get(record.get("deal_id") or "")
        if kind != CONTACT:
            facts["contact"] = self.ids[CONTACT].get(record.get("contact_id") or "")
        return facts

    def _ours(self, kind: str, id: str | None) -> str | None:
        return next((ours for ours, theirs in self.ids[kind].items() if theirs == id), None)

    def _called(self, kind: str, board_id: str) -> str:
        return _name(self._records[kind][board_id])

    def _number(self) -> int:
        # After a restart it must be another than any before.
        self._serial += 1
        return time.time_ns() // 1_000_000 * 1000 + self._serial % 1000

    def _tell(self, said: str) -> None:
        if self.recent and self.recent[-1]["said"] == said:
            self.recent.pop()
        self.recent.append({"said": said, "at": self.crm.now()})


@dataclass(frozen=True)
class _Link:
    keys: Keys

    @property
    def secrets(self) -> Sequence[str]:
        return self.keys.secrets

    @property
    def access(self) -> Mapping[str, str]:
        return self.keys.access or {}


_DEAL = ("title", "stage", "value", "currency", "stage_entered_at", "closed_at")
_CONTACT = ("name", "email", "status", "last_contacted_at")
_TASK = ("title", "priority", "due_date", "note", "completed_at")

#: Changes that are worth a word: the others follow from them.
_TOLD = frozenset({"title", "stage", "value", "owner", "name", "done", "due_date"})


def _plain(fact: str) -> str:
    return {"done": "the state", "due_date": "the date"}.get(fact, f"the {fact}")


def _a(how: str) -> str:
    return f"an {how}" if how[0] in "aeiou" else f"a {how}"


def _name(record: Json) -> str:
    return str(record.get("title") or record.get("name") or record["id"])


def _times(record: Json) -> list[Any]:
    names = ("created_at", "stage_entered_at", "closed_at", "completed_at", "last_contacted_at")
    return [record.get(name) for name in names]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _read(path: str) -> str:
    """Which part of the API, without ids and versions."""
    words = [each for each in path.split("/") if each.isalpha() and each not in _PREFIXES]
    return " ".join(words) or "its data"


_PREFIXES = frozenset({"api", "crm", "services", "data", "objects"})


def _is_wrong(asked: Asked, response: Response) -> bool:
    """Whether an answer is trouble: to look for what is not there is none."""
    status = response.status_code
    return status >= 400 and (asked.method != "GET" or status not in {400, 404})


def _event_name(events: Sequence[Any]) -> str:
    """What the vendor calls the first of them."""
    first = events[0]
    for name in ("subscriptionType", "event_type"):
        if name in first:
            return str(first[name])
    if "meta" in first:
        return f"{first['meta']['action']}.{first['meta']['entity']}"
    if "object_type" in first:
        return f"{first['object_type']}.{first['action']}"
    return "Apex callout"


def _answered(response: Response) -> str:
    return bytes(response.body).decode(errors="replace")[:20_000]
