"""The small CRM tells the coach of every change, each by what it means."""

from typing import Any

import pytest

from bot.playground.crm.board import STAGES
from bot.playground.crm.fields import CrmRefusal
from tests.bot.playground.crm.office import DEAL, Office


async def test_a_new_deal_is_told_whole(office: Office) -> None:
    contact = office.crm.add_contact({"name": "Ann Lee", "owner": "U01ANA"})
    deal = office.crm.add_deal({**DEAL, "contact_id": contact["id"]})
    first, second = await office.sent()
    assert first["type"] == "contact_created"
    assert second["type"] == "deal_created"
    assert second["timestamp"] == "2026-11-23T09:00:00Z", "the coach's time, not the wall's"
    assert second["owner"] == {"email": "ana@northwind.example"}
    assert second["data"]["deal"] == {
        "id": deal["id"],
        "title": "Acme <renewal> & more",
        "stage": "Proposal",
        "status": "open",
        "value": "12000.00",
        "currency": "EUR",
        "contact_id": contact["id"],
        "created_at": "2026-11-23T09:00:00Z",
        "closed_at": None,
        "source": None,
        "owner_email": "ana@northwind.example",
    }
    assert second["data"]["contact"]["name"] == "Ann Lee"
    assert office.tellings == 2
    assert office.log[0]["direction"] == "from CRM"


@pytest.mark.parametrize(
    ("way", "verb", "status"),
    [
        (["Negotiation"], "deal_stage_changed", "open"),
        (["Closed Won"], "deal_closed", "won"),
        (["Closed Lost"], "deal_closed", "lost"),
        (["Closed Lost", "Proposal"], "deal_reopened", "open"),
    ],
)
async def test_a_moved_deal_is_told_by_what_the_move_means(
    office: Office, way: list[str], verb: str, status: str
) -> None:
    deal = office.crm.add_deal(DEAL)
    for stage in way:
        office.clock.moment = office.clock.moment.replace(hour=15)
        office.crm.change_deal(deal["id"], {"stage": stage})
    told = (await office.sent())[-1]
    assert told["type"] == verb
    assert (told["data"]["deal"]["stage"], told["data"]["deal"]["status"]) == (way[-1], status)
    assert deal["stage_entered_at"] == "2026-11-23T15:00:00Z"
    assert (told["data"]["deal"]["closed_at"] is not None) == (status != "open")


async def test_each_kind_of_edit_has_its_own_event(office: Office) -> None:
    deal = office.crm.add_deal(DEAL)
    office.crm.change_deal(deal["id"], {"value": "13,500.5"})
    office.crm.change_deal(deal["id"], {"owner": "U02BEN"})
    office.crm.change_deal(deal["id"], {"owner": "U02BEN", "stage": "Proposal"})
    office.crm.delete_deal(deal["id"])
    told = await office.sent()
    assert [one["type"] for one in told] == [
        "deal_created", "deal_amount_changed", "deal_owner_changed", "deal_deleted"
    ]  # fmt: skip
    assert told[1]["data"]["deal"]["value"] == "13500.50"
    assert told[2]["data"]["deal"]["owner_email"] == "ben@northwind.example"
    assert office.crm.deals == {}


@pytest.mark.parametrize(
    ("kind", "verb"),
    [("call", "call_logged"), ("email", "email_logged"), ("meeting", "meeting_booked"),
     ("note", "note_logged")],
)  # fmt: skip
async def test_talking_to_a_contact_is_told(office: Office, kind: str, verb: str) -> None:
    contact = office.crm.add_contact({"name": "Ann Lee", "owner": "U01ANA"})
    office.crm.log_contact(contact["id"], kind)
    told = (await office.sent())[-1]
    assert told["type"] == verb
    assert told["data"]["contact"]["last_contacted_at"] == "2026-11-23T09:00:00Z"


async def test_a_task_is_told_when_made_moved_and_done(office: Office) -> None:
    task = office.crm.add_task({"title": "Call", "owner": "U01ANA", "due_date": "2026-11-24"})
    office.crm.change_task(task["id"], {"due_date": "2026-11-30"})
    office.crm.change_task(task["id"], {"completed": True})
    office.crm.change_task(task["id"], {"completed": True})
    told = await office.sent()
    assert [one["type"] for one in told] == ["task_created", "task_rescheduled", "task_completed"]
    assert told[1]["data"]["task"]["due_date"] == "2026-11-30"
    assert told[2]["data"]["task"]["status"] == "completed"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda crm: crm.add_deal({**DEAL, "title": " "}), "Give a title"),
        (lambda crm: crm.add_deal({**DEAL, "value": "much"}), "as a number"),
        (lambda crm: crm.add_deal({**DEAL, "value": "NaN"}), "between 0"),
        (lambda crm: crm.add_deal({**DEAL, "value": "-1"}), "between 0"),
        (lambda crm: crm.add_deal({**DEAL, "stage": "Dreaming"}), STAGES[0]),
        (lambda crm: crm.add_deal({**DEAL, "owner": "U404"}), "not in the team"),
        (lambda crm: crm.add_deal({**DEAL, "contact_id": "C-404"}), "no contact C-404"),
        (lambda crm: crm.change_deal("D-404", {}), "no deal D-404"),
        (lambda crm: crm.add_task({"title": "x", "owner": "U01ANA", "due_date": "soon"}), "YYYY"),
        (lambda crm: crm.log_contact("C-404", "call"), "no contact"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_a_sentence(
    office: Office, change: Any, sentence: str
) -> None:
    with pytest.raises(CrmRefusal, match=sentence):
        change(office.crm)
    assert office.crm.deliveries.undelivered == {}
