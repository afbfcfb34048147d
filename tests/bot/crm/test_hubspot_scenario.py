"""HubSpot from a webhook to what a person does about it, and back, over real HTTP."""

from datetime import date, timedelta
from typing import Any

import pytest

from bot.coaching.recording import apply
from bot.crm import outbox
from bot.playground.crm.vendors.hubspot import PORTAL, VENDOR, Hubspot
from coach import writes
from coach.models import Deal, DealStatus, SubjectKind, Task, TaskPriority, TaskStatus, Verb
from coach.phrases import say
from coach.writes import CompleteTask, CreateTask, CrmWrite, DeleteTask, LogContact, MoveDeal
from storage import crm_writes, mirror, remote_ids
from storage.crm_writes import StoredWrite
from tests.bot.crm.test_vendors import Office, bare
from tests.world import ANA, WORKSPACE, enrol, insights_of

__all__ = ["bare"]


@pytest.fixture(params=["hubspot"])
def case() -> Any:
    return VENDOR


@pytest.fixture
async def office(bare: Office) -> Office:
    hubspot = bare.vendor
    assert isinstance(hubspot, Hubspot)
    hubspot.put("contacts", "5101", {"firstname": "Ann", "lastname": "Lee"})
    bare.put()
    tied = {"contacts": {"results": [{"id": "5101", "type": "deal_to_contact"}]}}
    hubspot.objects["deals"]["5001"]["associations"] = tied
    await bare.link()
    await bare.settle()
    return bare


def hubspot(office: Office) -> Hubspot:
    assert isinstance(office.vendor, Hubspot)
    return office.vendor


async def do(office: Office, write: CrmWrite) -> None:
    """What pressing a button does, and the outbox after it."""
    parts = office.crm.shared
    now, key = parts.clock.now(), writes.key(write, "f")
    event = writes.event(write, dedupe_key=f"coach:{key}", at=now, owner=None)
    async with parts.database.write() as tx:
        await apply(parts, tx, WORKSPACE, "hubspot", [event])
        await crm_writes.add(tx, StoredWrite(WORKSPACE, key, "f", say("Done"), write), now)
    office.later(timedelta(seconds=1))
    assert await outbox.send_due(office.crm, office.caller) == 1
    async with parts.database.read() as tx:
        assert [each.error for each in await crm_writes.failed(tx, WORKSPACE)] == []


async def things(office: Office, kind: SubjectKind) -> list[Any]:
    async with office.crm.shared.database.read() as tx:
        return await mirror.some(tx, kind, WORKSPACE, "hubspot", 10)


def of_task(what: str, id: str, number: int, **more: Any) -> dict[str, Any]:
    return {
        "eventId": number, "portalId": int(PORTAL), "occurredAt": 1788000009000 + number,
        "subscriptionType": f"object.{what}", "objectTypeId": "0-27", "objectId": int(id),
        "changeSource": "INTEGRATION", **more,
    }  # fmt: skip


async def test_a_deal_that_is_won_becomes_advice_and_what_is_done_about_it_gets_to_hubspot(
    office: Office,
) -> None:
    parts = office.crm.shared
    ana = await enrol(parts, ANA)
    before = await office.verbs()

    # Won, in one click that HubSpot tells of in several events.
    office.later(timedelta(minutes=5))
    office.put(won=True)
    events = [
        office.event("changed") | {"propertyName": name}
        for name in ("dealstage", "closedate", "amount")
    ]
    assert await office.post(*events) == 202
    await office.settle()
    assert await office.verbs() == [*before, Verb.DEAL_CLOSED]
    deal = await office.deal()
    assert deal is not None
    assert (deal.status, deal.stage, deal.person_id) == (DealStatus.WON, "Signed", ana.id)
    assert deal.url == f"https://app.hubspot.com/contacts/{PORTAL}/record/0-3/5001"
    assert "referral_ask" in {each.rule for each in await insights_of(parts, ana)}

    # Taken: a task there, with whom and what it is about.
    task = CreateTask(
        "hubspot", "coach-1", "Ask Ann Lee", date(2026, 12, 1), TaskPriority.HIGH,
        contact_id="5101", deal_id="5001",
    )  # fmt: skip
    await do(office, task)
    (made,) = hubspot(office).objects["tasks"].values()
    assert made["properties"]["hs_task_subject"] == "Ask Ann Lee"
    assert made["properties"]["hs_timestamp"] == "2026-12-01T09:00:00.000+01:00"
    assert [each["to"]["id"] for each in made["made_with"]] == ["5101", "5001"]

    # HubSpot tells of it, and nothing has happened.
    made["associations"] = {
        "contacts": {"results": [{"id": "5101"}]},
        "deals": {"results": [{"id": "5001"}]},
    }
    verbs = await office.verbs()
    assert await office.post(of_task("creation", made["id"], 1)) == 202
    await office.settle()
    assert await office.verbs() == verbs
    (ours,) = await things(office, SubjectKind.TASK)
    assert isinstance(ours, Task)
    assert (ours.id, ours.due_date, ours.deal_id) == ("coach-1", date(2026, 12, 1), "5001")
    async with parts.database.read() as tx:
        known = await remote_ids.theirs(tx, WORKSPACE, "hubspot", SubjectKind.TASK, ["coach-1"])
    assert known == {"coach-1": made["id"]}

    # Done in Slack, and reopened in HubSpot.
    await do(office, CompleteTask("hubspot", "coach-1"))
    assert made["properties"]["hs_task_status"] == "COMPLETED"
    office.later(timedelta(minutes=5))
    hubspot(office).put("tasks", made["id"], {"hs_task_status": "NOT_STARTED"})
    changed = of_task("propertyChange", made["id"], 2, propertyName="hs_task_status")
    assert await office.post(changed) == 202
    await office.settle()
    (ours,) = await things(office, SubjectKind.TASK)
    assert ours.status is TaskStatus.PENDING

    # Taken back: it is gone there, and HubSpot's word about that is no news.
    await do(office, DeleteTask("hubspot", "coach-1"))
    assert hubspot(office).objects["tasks"] == {}
    verbs = await office.verbs()
    assert await office.post(of_task("deletion", made["id"], 3)) == 202
    await office.settle()
    assert await office.verbs() == verbs


async def test_a_deal_that_is_moved_in_slack_moves_there_and_its_echo_is_no_news(
    office: Office,
) -> None:
    office.later(timedelta(minutes=5))
    await do(office, MoveDeal("hubspot", "5001", "Contract sent"))
    deal = hubspot(office).objects["deals"]["5001"]
    assert deal["properties"]["dealstage"] == "102"
    verbs = await office.verbs()
    assert await office.post(office.event("changed")) == 202
    await office.settle()
    assert await office.verbs() == verbs
    found = await office.deal()
    assert isinstance(found, Deal)
    assert (found.stage, found.status) == ("Contract sent", DealStatus.OPEN)


async def test_a_call_that_is_logged_becomes_a_note_with_the_contact(office: Office) -> None:
    await do(office, LogContact("hubspot", "5101"))
    (note,) = hubspot(office).objects["notes"].values()
    assert note["properties"]["hs_note_body"] == "Called. Logged from Slack."
    assert note["made_with"][0]["to"] == {"id": "5101"}


async def test_since_when_a_deal_is_in_its_stage_is_what_hubspot_says(office: Office) -> None:
    began = office.crm.shared.clock.now()
    office.later(timedelta(days=3))
    hubspot(office).put("deals", "5001", {"amount": "9"})
    assert await office.post(office.event("changed")) == 202
    await office.settle()
    deal = await office.deal()
    assert deal is not None
    assert deal.stage_entered_at is not None
    assert deal.stage_entered_at < began
