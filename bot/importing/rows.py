"""What one row says: its cells as values of the domain, told apart by thing."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from bot.importing.amounts import amount, likelihood
from bot.importing.dates import DateReader, Moment
from bot.importing.faults import RowError
from bot.importing.stage_dates import key
from bot.importing.things import Thing
from coach.events import Owner
from coach.mirror import bounded
from coach.models import LEAD_STATUSES, DealStatus, SubjectKind, TaskPriority, TaskStatus
from coach.stages import meaning_of_name

KINDS: Mapping[Thing, SubjectKind] = {
    Thing.DEALS: SubjectKind.DEAL,
    Thing.CONTACTS: SubjectKind.CONTACT,
    Thing.TASKS: SubjectKind.TASK,
}

#: What exports write into a cell that holds nothing.
_NOTHING = frozenset({"-", "--", "—", "n/a", "#n/a", "null", "none", "(none)", "(no value)", "nan"})

_WON = frozenset({"won", "closed won", "closedwon", "win", "gewonnen", "gagné", "ganado", "vinto"})
_LOST = frozenset({"lost", "closed lost", "closedlost", "lose", "verloren", "perdu", "perdido",
                   "perso", "abandoned"})  # fmt: skip
_OPEN = frozenset({"open", "active", "in progress", "pending", "new", "ongoing"})
_YES = frozenset({"true", "yes", "y", "1", "x", "done", "completed", "complete", "closed",
                  "finished", "won", "ja", "oui", "sí", "si"})  # fmt: skip
_URGENT = {"urgent": TaskPriority.URGENT, "highest": TaskPriority.URGENT,
           "critical": TaskPriority.URGENT, "high": TaskPriority.HIGH,
           "low": TaskPriority.LOW, "lowest": TaskPriority.LOW}  # fmt: skip
_NO = frozenset({"false", "no", "n", "0", "nein", "non"})
_LEAD_OVER = re.compile(
    r"closed|converted|unqualified|not qualified|disqualified|lost|dead|junk|recycled"
    r"|\bcustomers?\b|\bclients?\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"]+@[^\s<>()\[\],;:\"]+\.[^\s<>()\[\],;:\"]+")


@dataclass(frozen=True, slots=True)
class Record:
    """One row, understood."""

    line: int
    kind: SubjectKind
    id: str
    #: Fields of the mirror as they are at the time the file tells of.
    facts: dict[str, Any]
    owner: Owner | None = None
    created_at: datetime | None = None
    #: Stage and status of a deal, status of a task: they have a time of their own.
    standing: dict[str, Any] = field(default_factory=dict)
    #: Whether the deal is closed or the task completed, and when, if the file says.
    ended: bool = False
    ended_at: datetime | None = None
    #: When a deal came to the stage it is in, if the file says, and to those before it.
    stage_since: datetime | None = None
    way: Sequence[tuple[datetime, str]] = ()
    #: What tells deals of one title and day apart that have no id: whose they are, how much.
    apart: Sequence[str] | None = None

    @property
    def stage_age_unknown(self) -> bool:
        """Whether it is an open deal of which nobody tells since when it is in its stage."""
        return (
            self.kind is SubjectKind.DEAL
            and not self.ended
            and "stage" in self.standing
            and self.stage_since is None
        )


@dataclass(frozen=True, slots=True)
class Interpreter:
    """Reads rows of one file: where each field is, and how its dates and amounts are written."""

    thing: Thing
    places: Mapping[str, int]
    dates: Mapping[str, DateReader]
    decimal: str | None
    #: Columns that no field is known for, by their names in the header.
    other: Mapping[str, int] = field(default_factory=dict)
    #: Whether probabilities are told in percent.
    percent: bool = False
    #: What every row says though no column does.
    constants: Mapping[str, str] = field(default_factory=dict)
    #: Which column tells when a deal came to which stage, and how its dates are read.
    stages: Sequence[tuple[str, int, DateReader]] = ()

    def record(self, line: int, cells: Sequence[str]) -> Record:
        """What a row says. Raises `RowError` with the reason it cannot be used."""
        match self.thing:
            case Thing.DEALS:
                record = self._deal(line, cells)
            case Thing.CONTACTS:
                record = self._contact(line, cells)
            case Thing.TASKS:
                record = self._task(line, cells)
        if self._has("deleted"):
            record.facts["deleted"] = self._says("deleted", cells) is True
        if self.other:
            told = {
                name: cell(cells[place]) for name, place in self.other.items() if place < len(cells)
            }
            record.facts["other"] = bounded(told)
        return record

    def _text(self, cells: Sequence[str], name: str, longest: int = 500) -> str | None:
        if name in self.constants:
            return self.constants[name]
        place = self.places.get(name)
        if place is None or place >= len(cells):
            return None
        return cell(cells[place])[:longest] or None

    def _has(self, name: str) -> bool:
        return name in self.places or name in self.constants

    def _says(self, name: str, cells: Sequence[str]) -> bool | None:
        """Whether a column answers yes or no; `None` when neither."""
        word = (self._text(cells, name) or "").lower()
        return True if word in _YES else False if word in _NO else None

    def _read(self, name: str, cells: Sequence[str]) -> Moment | None:
        return self.dates[name].read(self._text(cells, name) or "") if name in self.dates else None

    def _moment(self, cells: Sequence[str], name: str) -> datetime | None:
        moment = self._read(name, cells)
        return moment.at if moment else None

    def _id(self, cells: Sequence[str], *identity: str | datetime | None) -> str:
        given = self._text(cells, "id", 1000)
        if given is None:
            # Without an id of its own, a row is what it says that does not change.
            return id_of(*map(_written, identity))
        if len(given) > 255:
            raise RowError("the id is longer than 255 characters")
        return given

    def _owner(self, cells: Sequence[str]) -> Owner | None:
        email = _address(self._text(cells, "owner_email"))
        name = self._text(cells, "owner")
        if name and (found := _address(name)):
            # "Ana Ruiz (ana@example.com)" and the address alone are both seen.
            email = email or found
            name = re.sub(r"[()<>\[\],;]", " ", name.replace(found, " "))
        id = self._text(cells, "owner_id")
        if name and name.isdigit():
            return Owner.of(email=email, id=name)
        return Owner.of(email=email, id=id, name=name)

    def _link(self, cells: Sequence[str]) -> str | None:
        url = self._text(cells, "url", 2000)
        # Links lead out of Slack: nothing but plain web addresses.
        return url if url and re.fullmatch(r"https://[^\s<>|\"']+", url) else None

    def _first_id(self, cells: Sequence[str], name: str) -> str | None:
        # Several associated ids stand in one cell.
        text = self._text(cells, name)
        return re.split(r"[;,|\s]", text)[0][:255] or None if text else None

    def _told(self, name: str, value: object) -> dict[str, Any]:
        """The field when the file has a column for it, be it empty; nothing otherwise."""
        return {name: value} if self._has(name) else {}

    def _deal(self, line: int, cells: Sequence[str]) -> Record:
        account = self._text(cells, "account", 200)
        product = self._text(cells, "product", 200)
        title = self._text(cells, "title") or " – ".join(filter(None, (account, product)))
        if not title and self._text(cells, "id") is None:
            raise RowError("it has neither a title nor an id")
        created = self._moment(cells, "created_at")
        facts: dict[str, Any] = {"title": title} if title else {}
        if self._has("value"):
            facts["value"] = None
            if text := self._text(cells, "value"):
                facts["value"], code = amount(text, self.decimal)
                if code:
                    facts["currency"] = code
        if (code := self._text(cells, "currency")) and re.fullmatch(r"[A-Za-z]{3}", code):
            facts["currency"] = code.upper()
        source = self._text(cells, "source", 120)
        facts |= self._told("source", source)
        facts |= self._told("contact_id", self._first_id(cells, "contact_id"))
        facts |= self._told("url", self._link(cells))
        facts |= self._told("account", account)
        facts |= self._told("product", product)
        facts |= self._told("pipeline", self._text(cells, "pipeline", 120))
        facts |= self._told("lost_reason", self._text(cells, "lost_reason"))
        facts |= self._told("probability", self._probability(cells))
        stage, status, ended = self._standing(cells)
        facts |= self._expected(cells, status)
        standing: dict[str, Any] = {"status": status} | ({"stage": stage} if stage else {})
        since, way = self._way(cells, stage)
        closed = status is not DealStatus.OPEN
        if closed and stage and is_last(stage):
            # What says when it came to its last stage says when it was closed, and the reverse.
            ended = ended or since
            since = ended
        return Record(
            line,
            SubjectKind.DEAL,
            self._id(cells, title, account, product, created),
            facts,
            self._owner(cells),
            created,
            standing,
            closed,
            # What an open deal has in this column is when it is expected to close.
            ended if closed else None,
            since,
            _before(way, since, ended if closed else None),
            None
            if self._text(cells, "id")
            else (str(self._owner(cells) or ""), str(facts.get("value"))),
        )

    def _way(
        self, cells: Sequence[str], stage: str | None
    ) -> tuple[datetime | None, list[tuple[datetime, str]]]:
        """When a deal came to its stage, and to each of the others that it has been in."""
        came: dict[str, datetime] = {}
        for name, place, reader in self.stages:
            text = cell(cells[place]) if place < len(cells) else ""
            if moment := reader.read(text):
                came[name] = max(moment.at, came.get(name, moment.at))
        mine = [name for name in came if stage and key(name) == key(stage)]
        present = max((came.pop(name) for name in mine), default=None)
        since = self._moment(cells, "stage_entered_at") or present
        return since, sorted((at, name) for name, at in came.items())

    def _probability(self, cells: Sequence[str]) -> Decimal | None:
        text = self._text(cells, "probability")
        if text is None:
            return None
        chance = likelihood(text)
        if chance is not None and self.percent and "%" not in text:
            chance /= 100
        # What is none does not keep the deal out.
        return chance if chance is not None and 0 <= chance <= 1 else None

    def _expected(self, cells: Sequence[str], status: DealStatus) -> dict[str, Any]:
        """When an open deal is to be closed: many tell it where a closed one has its close."""
        name = "expected_close_date"
        if name not in self.places:
            if "closed_at" not in self.places or status is not DealStatus.OPEN:
                return {}
            moment = self._read("closed_at", cells)
        else:
            moment = self._read(name, cells)
        return {name: moment.day if moment else None}

    def _standing(self, cells: Sequence[str]) -> tuple[str | None, DealStatus, datetime | None]:
        stage = self._text(cells, "stage", 120)
        told = self._text(cells, "status", 120)
        won, lost = self._moment(cells, "won_at"), self._moment(cells, "lost_at")
        status = _deal_status(told)
        if status is None:
            status = self._answered(cells)
        if status is None:
            if stage is not None:
                status = _deal_status(stage) or meaning_of_name(stage)
            elif told is not None:
                status = meaning_of_name(told)
            elif won or lost:
                status = DealStatus.WON if won else DealStatus.LOST
        if stage is None and told and "stage" not in self.places and "status" in self.places:
            stage = told
        status = status or DealStatus.OPEN
        by_outcome = won if status is DealStatus.WON else lost
        return stage, status, by_outcome or self._moment(cells, "closed_at")

    def _answered(self, cells: Sequence[str]) -> DealStatus | None:
        """A deal's status by columns that say yes or no to one question each."""
        won, lost = self._says("is_won", cells), self._says("is_lost", cells)
        closed = self._says("is_closed", cells)
        if won or lost:
            return DealStatus.WON if won else DealStatus.LOST
        if closed is False:
            return DealStatus.OPEN
        if closed and (won is False or lost is False):
            # The one that was not answered with no.
            return DealStatus.WON if won is None else DealStatus.LOST
        if closed and not is_last(self._text(cells, "stage") or ""):
            raise RowError("it is closed, and nothing says whether it was won or lost")
        return None

    def _contact(self, line: int, cells: Sequence[str]) -> Record:
        parts = (self._text(cells, "first_name"), self._text(cells, "last_name"))
        name = self._text(cells, "name") or " ".join(filter(None, parts))
        email = self._text(cells, "email", 320)
        company = self._text(cells, "company", 200)
        if not name and email is None:
            raise RowError("it has neither a name nor an email address")
        created = self._moment(cells, "created_at")
        facts: dict[str, Any] = {"name_given": name} if name else {}
        facts |= self._told("email", email)
        facts |= self._told("company", company)
        if any(map(self._has, ("status", "lead_status", "lead"))):
            facts["status"] = self._contact_status(cells)
        facts |= self._told("source", self._text(cells, "source", 120))
        facts |= self._told("url", self._link(cells))
        if contacted := self._moment(cells, "last_contacted_at"):
            facts["last_contacted_at"] = contacted
        return Record(
            line,
            SubjectKind.CONTACT,
            self._id(cells, (email or "").lower() or f"{name}\x1e{company or ''}"),
            facts,
            self._owner(cells),
            created,
        )

    def _contact_status(self, cells: Sequence[str]) -> str | None:
        """LEAD and PROSPECT are what counts; everything else is kept in its own words."""
        told, lead = self._text(cells, "status", 120), self._text(cells, "lead_status", 120)
        status = self._by_stage(told) if told else "LEAD" if lead else None
        if lead and _LEAD_OVER.search(lead) and status in LEAD_STATUSES:
            # Whoever turned out to be none was one once.
            return lead
        match self._text(cells, "lead"):
            case "yes" if not lead or not _LEAD_OVER.search(lead):
                return status if status in {"PROSPECT", "CUSTOMER", "CLIENT"} else "LEAD"
            case "no" if status in LEAD_STATUSES:
                return "CONTACT"
        return status

    def _by_stage(self, told: str) -> str:
        words = set(re.findall(r"[a-z]+", told.lower()))
        if words & {"prospect", "prospects"}:
            return "PROSPECT"
        if words & {"lead", "leads", "mql", "sql"} and not _LEAD_OVER.search(told):
            return "LEAD"
        return told.upper() if words & {"customer", "client"} else told

    def _task(self, line: int, cells: Sequence[str]) -> Record:
        title = self._text(cells, "title")
        if title is None:
            raise RowError("it has no title")
        created = self._moment(cells, "created_at")
        due = self._read("due_date", cells)
        completed = self._moment(cells, "completed_at")
        status = (self._text(cells, "status") or "").lower()
        done = status in _YES if status else completed is not None
        facts: dict[str, Any] = {"title": title}
        facts |= self._told("due_date", due.day if due else None)
        if self._has("priority"):
            word = (self._text(cells, "priority") or "").lower()
            facts["priority"] = _URGENT.get(word, TaskPriority.MEDIUM)
        facts |= self._told("note", self._text(cells, "note", 5000))
        facts |= self._told("contact_id", self._first_id(cells, "contact_id"))
        facts |= self._told("deal_id", self._first_id(cells, "deal_id"))
        facts |= self._told("url", self._link(cells))
        began = created or (due.at if due else None)
        return Record(
            line,
            SubjectKind.TASK,
            self._id(cells, title, began, self._text(cells, "owner")),
            facts,
            self._owner(cells),
            created,
            {"status": TaskStatus.COMPLETED if done else TaskStatus.PENDING},
            done,
            completed if done else None,
        )


def id_of(*identity: str) -> str:
    """The id of a row that has none, by what it says that does not change."""
    return "row-" + hashlib.sha256("\x1f".join(identity).encode()).hexdigest()[:16]


def cell(text: str) -> str:
    """A cell's text, with what stands for nothing as nothing."""
    text = text.strip()
    return "" if text.lower() in _NOTHING else text


def _before(
    way: Sequence[tuple[datetime, str]], *ends: datetime | None
) -> Sequence[tuple[datetime, str]]:
    # A stage that was come to again later tells only of the last time.
    return [each for each in way if all(each[0] < end for end in ends if end)]


def is_last(stage: str) -> bool:
    """Whether a stage is one that deals come to when they are closed."""
    return (_deal_status(stage) or meaning_of_name(stage)) is not DealStatus.OPEN


def _address(text: str | None) -> str | None:
    match = _ADDRESS.search(text or "")
    return match[0] if match else None


def _deal_status(text: str | None) -> DealStatus | None:
    word = (text or "").lower().replace("-", " ").replace("_", " ").strip()
    if word in _WON:
        return DealStatus.WON
    if word in _LOST:
        return DealStatus.LOST
    return DealStatus.OPEN if word in _OPEN else None


def _written(part: str | datetime | None) -> str:
    return part.isoformat() if isinstance(part, datetime) else part or ""
