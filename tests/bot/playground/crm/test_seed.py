"""The seeded team is believable, and the coach finds something to say about it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.playground.crm import seed
from bot.playground.crm.board import Crm
from bot.playground.team import PEOPLE
from tests.bot.playground.clocks import HandClock
from tests.bot.playground.fake_bot import WEBHOOK_SECRET

ZONES = {person.id: person.tz for person in PEOPLE}


@pytest.fixture
def crm() -> Crm:
    return Crm(
        {person.id: person.email for person in PEOPLE},
        clock=HandClock(),
        webhook_url="http://127.0.0.1:9/",
        webhook_secret=WEBHOOK_SECRET,
    )


def test_what_is_due_is_due_by_its_owners_calendar(crm: Crm) -> None:
    assert isinstance(crm.clock, HandClock)
    crm.clock.moment = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    seed.fill(crm, ZONES)
    # In Madrid it is Tuesday already, in New York still Monday.
    assert crm.tasks["T-3"]["due_date"] == "2026-11-25"
    assert crm.tasks["T-10"]["due_date"] == "2026-11-27"


def days_since(stamp: str, now: datetime) -> float:
    return (now - datetime.fromisoformat(stamp)) / timedelta(days=1)


def test_the_team_has_deals_over_the_stages_contacts_and_tasks(crm: Crm) -> None:
    seed.fill(crm, ZONES)
    shown = crm.as_page()
    still_open = [deal for deal in shown["deals"] if deal["status"] == "open"]
    assert len(still_open) == 14
    assert {deal["stage"] for deal in shown["deals"]} == set(shown["stages"])
    assert len(shown["contacts"]) == 20
    assert len(shown["tasks"]) == 12
    assert {deal["owner"] for deal in still_open} == {person.id for person in PEOPLE}
    assert all(deal["contact_id"] in crm.contacts for deal in shown["deals"])
    titles = "".join(deal["title"] for deal in shown["deals"])
    assert all(sign in titles for sign in "&<>*'")


def test_a_task_that_speaks_of_a_deal_or_contact_belongs_to_it(crm: Crm) -> None:
    events = seed.fill(crm, ZONES)
    told = {e["data"]["task"]["id"]: e["data"]["task"] for e in events if "task" in e["data"]}
    deals = {task["title"]: crm.deals[task["deal_id"]] for task in told.values() if task["deal_id"]}
    # Else the coach says of a deal that nothing is planned for it beside a task that is.
    assert {title: deal["title"] for title, deal in deals.items()} == {
        "Send Weber & Sons the revised offer": "Weber & Sons rollout",
        "Answer Lumen's security questions": "Lumen starter",
        "Book the Obi Foods demo": "Obi Foods <pilot>",
        "Prepare Acme's renewal call": "Acme renewal",
        "Write to Marta Silva": "Porto Labs subscription",
        "Call Elif Demir about delivery dates": "Demir fleet",
        "Quote for Atlas onboarding": "Atlas onboarding",
        "Draft the Horvat contract": "Horvat partnership",
        "Thank Sven Lund for the order": "Lund support plan",
    }
    for task in told.values():
        assert task["deal_id"] is None or task["contact_id"] == deals[task["title"]]["contact_id"]
        assert (
            task["deal_id"] is None
            or task["owner_email"] == crm.owners[deals[task["title"]]["owner"]]
        )


def test_ana_has_stale_leads_stuck_deals_and_overdue_tasks_now_and_more_in_a_week(
    crm: Crm,
) -> None:
    seed.fill(crm, ZONES)
    now = crm.clock.now()

    def hers(records: dict[str, Any]) -> list[dict[str, Any]]:
        return [one for one in records.values() if one["owner"] == seed.ANA]

    leads = [c for c in hers(crm.contacts) if c["status"] != "CUSTOMER" and c["last_contacted_at"]]
    silent = [days_since(lead["last_contacted_at"], now) for lead in leads]
    assert sum(days >= 11 for days in silent) == 4, "seven working days are at most eleven days"
    assert sum(days >= 4 for days in silent) > 4
    stays = [
        days_since(deal["stage_entered_at"], now)
        for deal in hers(crm.deals)
        if deal["status"] == "open"
    ]
    assert sum(days >= 20 for days in stays) == 2, "fourteen working days are at most twenty days"
    assert sum(days >= 13 for days in stays) == 4
    pending = [task for task in hers(crm.tasks) if task["status"] == "pending" and task["due_date"]]
    assert sum(task["due_date"] < now.date().isoformat() for task in pending) == 2
    assert sum(task["priority"] in ("high", "urgent") for task in pending) == 3


def test_the_past_is_told_in_order_each_event_once_and_before_now(crm: Crm) -> None:
    events = seed.fill(crm, ZONES)
    now = crm.clock.now()
    stamps = [datetime.fromisoformat(event["timestamp"]) for event in events]
    assert stamps == sorted(stamps)
    assert max(stamps) < now - timedelta(hours=1), "nothing that would be answered as fresh"
    assert len({event["id"] for event in events}) == len(events)
    closed = [event for event in events if event["type"] == "deal_closed"]
    assert {event["data"]["deal"]["status"] for event in closed} == {"won", "lost"}
    made = [event["data"]["deal"] for event in events if event["type"] == "deal_created"]
    assert {deal["stage"] for deal in made} == {"Prospecting"}, "as it was then, not as it is now"
    body = seed.batch(events, now)
    assert body["type"] == "batch"
    assert body["data"]["events"] is events
