"""What the coach writes is checked, done once, and shown."""

from typing import Any

from tests.bot.playground.crm.office import DEAL, Office
from tests.bot.playground.fake_bot import WEBHOOK_SECRET


def event(kind: str, **data: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "timestamp": "2026-11-23T10:00:00Z",
        "owner": {"email": "ana@northwind.example"},
        "data": data,
    }


async def test_a_task_of_the_coach_appears_once(office: Office) -> None:
    task = {"id": "T-abc", "title": "Ask Ann for referral", "due_date": "2026-11-25",
            "priority": "high", "note": "kindly"}  # fmt: skip
    assert await office.calls_back(event("task_created", task=task)) == (
        202, {"accepted": 1, "duplicates": 0}
    )  # fmt: skip
    assert await office.calls_back(event("task_created", task=task)) == (
        202, {"accepted": 0, "duplicates": 1}
    )  # fmt: skip
    (made,) = office.crm.tasks.values()
    assert (made["title"], made["due_date"], made["owner"]) == (
        "Ask Ann for referral", "2026-11-25", "U01ANA"
    )  # fmt: skip
    assert made["from_coach"]
    assert made["note"] == "kindly"
    assert office.tellings == 1
    assert office.log[-1]["direction"] == "to CRM"


async def test_what_the_coach_changes_is_shown(office: Office) -> None:
    task = office.crm.add_task({"title": "Call", "owner": "U01ANA"})
    contact = office.crm.add_contact({"name": "Ann Lee", "owner": "U01ANA"})
    deal = office.crm.add_deal(DEAL)
    changes = [
        event("task_rescheduled", task={"id": task["id"], "due_date": "2026-12-01"}),
        event("task_completed", task={"id": task["id"]}),
        event("call_logged", contact={"id": contact["id"]}),
        event("deal_stage_changed", deal={"id": deal["id"], "stage": "Negotiation"}),
        event("deal_closed", deal={"id": deal["id"], "stage": "Closed Won", "status": "won"}),
    ]
    for index, change in enumerate(changes):
        status, _ = await office.calls_back(change, webhook_id=f"msg_{index}")
        assert status == 202
    assert task["due_date"] == "2026-12-01"
    assert task["status"] == "completed"
    assert contact["last_contacted_at"] == "2026-11-23T10:00:00Z"
    assert (deal["stage"], deal["status"]) == ("Closed Won", "won")
    assert deal["stage_entered_at"] == "2026-11-23T10:00:00Z"


async def test_a_callback_that_is_not_the_coachs_is_refused(office: Office) -> None:
    change = event("task_created", task={"id": "T-1", "title": "x"})
    status, answer = await office.calls_back(change, secret=WEBHOOK_SECRET)
    assert status == 401
    assert "signature" in answer["error"]
    assert office.crm.tasks == {}


async def test_a_callback_about_nothing_known_says_so(office: Office) -> None:
    for kind, data in (
        ("deal_stage_changed", {"deal": {"id": "D-9", "stage": "Proposal"}}),
        ("task_completed", {"task": {"id": "T-9"}}),
        ("call_logged", {"contact": {"id": "C-9"}}),
    ):
        status, answer = await office.calls_back(event(kind, **data))
        assert status == 404
        assert "There is no" in answer["error"]
    status, _ = await office.calls_back({"type": "task_created"})
    assert status == 400


async def test_what_the_coach_takes_back_is_as_it_was(office: Office) -> None:
    task = office.crm.add_task({"title": "Call", "owner": "U01ANA"})
    made = {"id": "T-abc", "title": "Ask Ann for referral"}
    changes = [
        event("task_completed", task={"id": task["id"]}),
        event("task_updated", task={"id": task["id"], "status": "pending", "completed_at": None}),
        event("task_created", task=made),
        event("task_deleted", task=made),
    ]
    for index, change in enumerate(changes):
        status, _ = await office.calls_back(change, webhook_id=f"msg_{index}")
        assert status == 202
    assert (task["status"], task["completed_at"]) == ("pending", None)
    assert list(office.crm.tasks) == [task["id"]]
