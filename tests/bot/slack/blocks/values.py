"""Values that tests of the blocks are made from."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from coach.models import (
    Deal,
    Enrolment,
    Insight,
    InsightState,
    InsightType,
    Person,
    Priority,
    Settings,
    Suggestion,
    Task,
    TaskPriority,
)
from coach.phrases import Money, Thing, say
from coach.wording import Voice

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

ANA = Person(
    "w1", "p1", "Ana Ruiz", "ana@northwind.example", "U01ANA", "Europe/Madrid",
    Enrolment.STARTED, Settings(),
)  # fmt: skip

#: English, in Ana's time zone.
VOICE = Voice(time_zone="Europe/Madrid")

INSIGHT = Insight(
    workspace_id="w1",
    fingerprint="f" * 32,
    person_id="p1",
    rule="referral_ask",
    type=InsightType.ACTION,
    priority=Priority.HIGH,
    subject="deal:c1:D-17",
    message=say(
        "Great close! This is the perfect moment to ask {contact} for a referral "
        "while they're happy.",
        contact=Thing("Ann Lee", "https://crm.example/contacts/9"),
    ),
    reason=say(
        "You won {deal} ({value}).",
        deal=Thing("Acme renewal", "https://crm.example/deals/17"),
        value=Money(Decimal(12000), "EUR"),
    ),
    suggestion=Suggestion("create_task", {"connection_id": "c1", "title": "Ask Ann Lee"}),
    state=InsightState.OPEN,
    created_at=NOW,
    expires_at=NOW + timedelta(days=3),
)

PROMISE = say("Take Action opens a task to check and create: “Ask Ann Lee for referral”.")

TASKS = [
    Task("c1", "T-1", "Send the offer", priority=TaskPriority.HIGH, due_date=date(2026, 11, 20),
         url="https://crm.example/tasks/1"),
    Task("c1", "T-2", "Call Bo", due_date=date(2026, 11, 25)),
    Task("c1", "T-3", "Think"),
]  # fmt: skip

DEALS = [
    Deal("c1", "D-1", "Acme renewal", "Proposal", value=Decimal("12000.00"), currency="EUR",
         url="https://crm.example/deals/1"),
    Deal("c1", "D-2", "Blue pilot", "Qualified", value=Decimal("990.50"), currency="EUR"),
    Deal("c1", "D-3"),
]  # fmt: skip


def insight(**changes: object) -> Insight:
    """The insight above with some fields changed."""
    return replace(INSIGHT, **changes)  # type: ignore[arg-type]
