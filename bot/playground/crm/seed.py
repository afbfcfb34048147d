"""The records the small team starts with, and its past as webhooks for the coach.

Some names hold ``&``, ``<`` and ``*`` so that everybody can see they do no harm.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.playground.crm.board import STAGES, STATUSES, Crm
from bot.playground.crm.fields import Json

ANA, BEN, CHRIS = "U01ANA", "U02BEN", "U03CHRIS"


@dataclass(frozen=True)
class _Contact:
    id: str
    name: str
    email: str
    status: str
    owner: str
    known: int
    """Days since the contact was made."""
    silent: float | None
    """Days since somebody last spoke to them."""
    source: str


@dataclass(frozen=True)
class _Deal:
    id: str
    title: str
    stage: str
    value: str
    owner: str
    contact: str
    age: int
    """Days since it was opened."""
    stay: float
    """Days in its present stage."""
    source: str


@dataclass(frozen=True)
class _Task:
    id: str
    title: str
    owner: str
    priority: str
    due: int | None
    """Days from today; negative is overdue."""
    age: int
    note: str = ""
    done: float | None = None
    """Days since it was completed."""
    deal: str | None = None
    """The deal it is for."""


_CONTACTS = (
    _Contact("C-1", "Ann Lee", "ann@acme.example", "CUSTOMER", ANA, 420, 3, "referral"),
    _Contact("C-2", "Jonas Weber", "jonas@weber-sons.example", "PROSPECT", ANA, 61, 4, "event"),
    _Contact("C-3", "Priya Nair", "priya@lumen.example", "LEAD", ANA, 40, 19, "website"),
    _Contact("C-4", "Tom & Lena Fischer", "hello@fischer.example", "LEAD", ANA, 33, 16, "event"),
    _Contact("C-5", "Zoë <zoe> Klein", "zoe@kleinworks.example", "PROSPECT", ANA, 52, 13,
             "website"),
    _Contact("C-6", "Marta Silva", "marta@porto-labs.example", "LEAD", ANA, 26, 12, "referral"),
    _Contact("C-7", "Hiro Tanaka", "hiro@tanaka.example", "LEAD", ANA, 12, 6, "cold mail"),
    _Contact("C-8", "Grace Obi", "grace@obi-foods.example", "PROSPECT", ANA, 30, 2, "referral"),
    _Contact("C-9", "Sven Lund", "sven@lundtech.example", "CUSTOMER", ANA, 300, 21, "event"),
    _Contact("C-10", "Elif Demir", "elif@demir.example", "PROSPECT", BEN, 45, 15, "website"),
    _Contact("C-11", "Oscar Brandt", "oscar@brandt.example", "LEAD", BEN, 21, 14, "cold mail"),
    _Contact("C-12", "Nadia Karim", "nadia@karim.example", "LEAD", BEN, 9, 5, "website"),
    _Contact("C-13", "Liam O'Hara", "liam@ohara.example", "PROSPECT", BEN, 70, 3, "referral"),
    _Contact("C-14", "Wei Chen", "wei@chenoptics.example", "CUSTOMER", BEN, 380, 8, "referral"),
    _Contact("C-15", "Fatima Zahra", "fatima@atlas.example", "PROSPECT", BEN, 38, 1, "event"),
    _Contact("C-16", "Pete *Star* Moore", "pete@starcatering.example", "LEAD", BEN, 17, 11,
             "website"),
    _Contact("C-17", "Ivana Horvat", "ivana@horvat.example", "PROSPECT", CHRIS, 90, 18,
             "referral"),
    _Contact("C-18", "Diego Ramos", "diego@ramos.example", "CUSTOMER", CHRIS, 500, 30, "referral"),
    _Contact("C-19", "Kate Winslow", "kate@winslow.example", "LEAD", CHRIS, 14, 4, "event"),
    _Contact("C-20", "Yusuf Aydin", "yusuf@aydin.example", "LEAD", ANA, 3, None, "website"),
)  # fmt: skip

_DEALS = (
    _Deal("D-1", "Acme renewal", "Negotiation", "12000.00", ANA, "C-1", 34, 3, "referral"),
    _Deal("D-2", "Weber & Sons rollout", "Proposal", "28500.00", ANA, "C-2", 58, 31, "event"),
    _Deal("D-3", "Lumen starter", "Qualified", "4200.00", ANA, "C-3", 39, 25, "website"),
    _Deal("D-4", "Obi Foods <pilot>", "Proposal", "9600.00", ANA, "C-8", 27, 16, "referral"),
    _Deal("D-5", "Klein Works workshop", "Prospecting", "2900.00", ANA, "C-5", 17, 17, "website"),
    _Deal("D-6", "Porto Labs subscription", "Prospecting", "7400.00", ANA, "C-6", 8, 8,
          "referral"),
    _Deal("D-7", "Demir fleet", "Negotiation", "46000.00", BEN, "C-10", 44, 27, "website"),
    _Deal("D-8", "O'Hara R&D seats", "Qualified", "15300.00", BEN, "C-13", 51, 12, "referral"),
    _Deal("D-9", "Atlas onboarding", "Proposal", "8800.00", BEN, "C-15", 30, 5, "event"),
    _Deal("D-10", "*Star* Catering bundle", "Prospecting", "3100.00", BEN, "C-16", 16, 16,
          "website"),
    _Deal("D-11", "Brandt trial", "Prospecting", "1900.00", BEN, "C-11", 20, 20, "cold mail"),
    _Deal("D-12", "Horvat partnership", "Negotiation", "64000.00", CHRIS, "C-17", 80, 22,
          "referral"),
    _Deal("D-13", "Winslow kick-off", "Qualified", "5600.00", CHRIS, "C-19", 13, 4, "event"),
    _Deal("D-14", "Tanaka add-on", "Qualified", "6700.00", ANA, "C-7", 11, 6, "cold mail"),
    _Deal("D-15", "Lund support plan", "Closed Won", "18200.00", ANA, "C-9", 75, 21, "event"),
    _Deal("D-16", "Chen Optics upgrade", "Closed Won", "22400.00", BEN, "C-14", 66, 40,
          "referral"),
    _Deal("D-17", "Fischer website", "Closed Lost", "3800.00", ANA, "C-4", 60, 33, "event"),
    _Deal("D-18", "Ramos renewal", "Closed Won", "31000.00", CHRIS, "C-18", 90, 55, "referral"),
)  # fmt: skip

_TASKS = (
    _Task("T-1", "Send Weber & Sons the revised offer", ANA, "high", -3, 9, deal="D-2"),
    _Task("T-2", "Answer Lumen's security questions", ANA, "medium", -1, 6, deal="D-3"),
    _Task(
        "T-3", "Book the Obi Foods demo", ANA, "urgent", 1, 4, "They prefer mornings", deal="D-4"
    ),
    _Task("T-4", "Prepare Acme's renewal call", ANA, "high", 2, 5, deal="D-1"),
    _Task("T-5", "Update the forecast", ANA, "low", 6, 3),
    _Task("T-6", "Write to Marta Silva", ANA, "medium", None, 8, deal="D-6"),
    _Task("T-7", "Call Elif Demir about delivery dates", BEN, "high", -2, 7, deal="D-7"),
    _Task("T-8", "Quote for Atlas onboarding", BEN, "high", 3, 5, deal="D-9"),
    _Task("T-9", "Clean up old leads", BEN, "low", 12, 20),
    _Task("T-10", "Draft the Horvat contract", CHRIS, "urgent", 4, 10, deal="D-12"),
    _Task("T-11", "Thank Sven Lund for the order", ANA, "medium", -18, 22, done=17.2, deal="D-15"),
    _Task("T-12", "Renew the trade fair stand", CHRIS, "medium", -6, 30, done=7.1),
)


def fill(crm: Crm, zones: Mapping[str, str]) -> list[Json]:
    """Put the team's records into an empty CRM and answer its past, oldest first.

    `zones` are the owners' time zones: what is due tomorrow is so by their calendars.

    Each event is one of the native webhook's batch items, dated when it happened, so the coach
    learns the team without answering what is long over.
    """
    now = crm.clock.now().replace(microsecond=0)
    events: list[Json] = []
    for contact in _CONTACTS:
        events += _past_of_contact(crm, contact, now)
    for deal in _DEALS:
        events += _past_of_deal(crm, deal, now)
    for task in _TASKS:
        today = now.astimezone(ZoneInfo(zones[task.owner])).date()
        events += _past_of_task(crm, task, now, today)
    events.sort(key=lambda event: str(event["timestamp"]))
    for index, event in enumerate(events, start=1):
        event["id"] = f"seed-{index}"
    return events


def present(crm: Crm) -> list[Json]:
    """What is on the board now as events of its past, oldest first, for a coach that is new to it.

    The times at which deals came to their stages are told, and what was before that is not.
    """
    events: list[Json] = []
    for contact in crm.contacts.values():
        events.append(_event(crm, "contact_created", contact["created_at"], contact=contact))
        if contact["last_contacted_at"]:
            events.append(_event(crm, "note_logged", contact["last_contacted_at"], contact=contact))
    for deal in crm.deals.values():
        events.append(_event(crm, "deal_created", deal["created_at"], deal=deal))
        if deal["stage_entered_at"] != deal["created_at"]:
            verb = "deal_closed" if deal["stage"] in STATUSES else "deal_stage_changed"
            events.append(_event(crm, verb, deal["stage_entered_at"], deal=deal))
    for task in crm.tasks.values():
        events.append(_event(crm, "task_created", task["created_at"], task=task))
        if task["completed_at"]:
            events.append(_event(crm, "task_completed", task["completed_at"], task=task))
    events.sort(key=lambda event: str(event["timestamp"]))
    begun = crm.now()
    for index, event in enumerate(events, start=1):
        event["id"] = f"present-{begun}-{index}"
    return events


def batch(events: list[Json], at: datetime) -> Json:
    """One webhook that carries all the events."""
    return {"type": "batch", "timestamp": _stamp(at), "data": {"events": events}}


def _past_of_contact(crm: Crm, given: _Contact, now: datetime) -> list[Json]:
    contact: Json = {
        "id": given.id,
        "name": given.name,
        "email": given.email,
        "status": given.status,
        "owner": given.owner,
        "source": given.source,
        "created_at": _stamp(now - timedelta(days=given.known)),
        "last_contacted_at": None,
    }
    crm.contacts[given.id] = contact
    events = [_event(crm, "contact_created", contact["created_at"], contact=contact)]
    if given.silent is not None:
        contact["last_contacted_at"] = _stamp(now - timedelta(days=given.silent))
        verb = ("call_logged", "email_logged", "meeting_booked")[int(given.silent) % 3]
        events.append(_event(crm, verb, contact["last_contacted_at"], contact=contact))
    return events


def _past_of_deal(crm: Crm, given: _Deal, now: datetime) -> list[Json]:
    created, entered = now - timedelta(days=given.age), now - timedelta(days=given.stay)
    last = STAGES.index("Negotiation") if given.stage in STATUSES else STAGES.index(given.stage)
    stages = [*STAGES[: last + 1], *([given.stage] if given.stage in STATUSES else [])]
    step = (entered - created) / max(1, len(stages) - 1)
    deal: Json = {
        "id": given.id,
        "title": given.title,
        "stage": stages[0],
        "status": "open",
        "value": given.value,
        "currency": "EUR",
        "contact_id": given.contact,
        "owner": given.owner,
        "created_at": _stamp(created),
        "stage_entered_at": _stamp(created),
        "closed_at": None,
        "source": given.source,
    }
    crm.deals[given.id] = deal
    events = [_event(crm, "deal_created", deal["created_at"], deal=deal)]
    for index, stage in enumerate(stages[1:], start=1):
        at = _stamp(entered if index == len(stages) - 1 else created + step * index)
        closed = stage in STATUSES
        deal.update(
            stage=stage,
            status=STATUSES.get(stage, "open"),
            stage_entered_at=at,
            closed_at=at if closed else None,
        )
        verb = "deal_closed" if closed else "deal_stage_changed"
        events.append(_event(crm, verb, at, deal=deal))
    return events


def _past_of_task(crm: Crm, given: _Task, now: datetime, today: date) -> list[Json]:
    due = None if given.due is None else (today + timedelta(days=given.due)).isoformat()
    task: Json = {
        "id": given.id,
        "title": given.title,
        "status": "pending",
        "priority": given.priority,
        "due_date": due,
        "owner": given.owner,
        "created_at": _stamp(now - timedelta(days=given.age)),
        "completed_at": None,
        "note": given.note,
        "deal_id": given.deal,
        "contact_id": crm.deals[given.deal]["contact_id"] if given.deal else None,
        "from_coach": False,
    }
    crm.tasks[given.id] = task
    events = [_event(crm, "task_created", task["created_at"], task=task)]
    if given.done is not None:
        at = _stamp(now - timedelta(days=given.done))
        task.update(status="completed", completed_at=at)
        events.append(_event(crm, "task_completed", at, task=task))
    return events


def _event(crm: Crm, verb: str, at: str, **objects: Json) -> Json:
    (record,) = objects.values()
    return {
        "type": verb,
        "timestamp": at,
        "owner": {"email": crm.owners[record["owner"]]},
        "data": crm.native(**objects),
    }


def _stamp(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
