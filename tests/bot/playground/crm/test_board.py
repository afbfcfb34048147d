"""The small CRM tells the coach of every change, signed, and shows what the coach wrote."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from starlette.applications import Starlette

from bot.playground.crm.board import STAGES, Crm, CrmRefusal
from bot.playground.slack.signing import webhook_fault, webhook_headers
from tests.bot.playground.conftest import HandClock
from tests.bot.playground.fake_bot import CALLBACK_SECRET, WEBHOOK_SECRET, FakeBot, served

OWNERS = {"U01ANA": "ana@northwind.example", "U02BEN": "ben@northwind.example"}


class Office:
    """A CRM wired to a tiny bot, with what it said and logged."""

    def __init__(self, url: str, bot: FakeBot) -> None:
        self.url, self.bot = url, bot
        self.said: list[str] = []
        self.log: list[dict[str, Any]] = []
        self.tellings = 0
        self.clock = HandClock()
        self.crm = Crm(
            OWNERS,
            clock=self.clock,
            webhook_url=f"{url}/webhooks/native/token",
            webhook_secret=WEBHOOK_SECRET,
            callback_secret=CALLBACK_SECRET,
            changed=self.told,
            log=self.log.append,
            say=self.said.append,
            retry_delays=(0.01, 0.02, 0.02),
        )

    def told(self) -> None:
        self.tellings += 1

    async def sent(self) -> list[dict[str, Any]]:
        """The webhooks that arrived, once all have."""
        await self.crm.deliveries.settled()
        return self.bot.webhooks

    async def calls_back(
        self, event: dict[str, Any], *, webhook_id: str = "msg_1", secret: str = CALLBACK_SECRET
    ) -> tuple[int, dict[str, Any]]:
        """The coach writes something into the CRM."""
        body = json.dumps(event).encode()
        headers = webhook_headers(secret, webhook_id, body, time.time())
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/crm/callback", data=body, headers=headers) as response,
        ):
            return response.status, await response.json()


@contextlib.asynccontextmanager
async def an_office() -> AsyncIterator[Office]:
    bot, routes = FakeBot(), []
    app = Starlette()
    async with served(app) as url:
        made = Office(url, bot)
        routes = [*bot.routes(), *made.crm.routes]
        app.router.routes.extend(routes)
        made.crm.deliveries.start()
        yield made
        await made.crm.deliveries.close()


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with an_office() as made:
        yield made


def event(kind: str, **data: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "timestamp": "2026-11-23T10:00:00Z",
        "owner": {"email": "ana@northwind.example"},
        "data": data,
    }


DEAL = {"title": "Acme <renewal> & more", "value": "12000", "stage": "Proposal", "owner": "U01ANA"}


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


async def test_a_delivery_the_coach_does_not_take_comes_again(office: Office) -> None:
    office.bot.webhook_status = 503
    deal = office.crm.add_deal(DEAL)
    while not office.said:
        await asyncio.sleep(0.005)
    assert office.crm.deals[deal["id"]]["title"] == DEAL["title"], "the change stands"
    (webhook_id,) = office.crm.deliveries.undelivered
    assert "deal_created" in office.said[0]
    office.bot.webhook_status = 202
    assert [one["type"] for one in await office.sent()] == ["deal_created"]
    assert office.bot.webhook_ids == [webhook_id], "under the same id, so it counts once"
    assert office.log[0]["problem"] == "The coach answered with HTTP status 503."


async def test_what_was_not_delivered_outlives_a_restart() -> None:
    async with an_office() as first:
        first.bot.webhook_status = 503
        first.crm.add_deal(DEAL)
        while len(first.said) < 2:
            await asyncio.sleep(0.005)
        assert "next start" in first.said[1]
        kept = json.loads(json.dumps(first.crm.dump()))
    async with an_office() as second:
        second.crm.load(kept)
        second.crm.deliveries.start()
        assert [one["type"] for one in await second.sent()] == ["deal_created"]
        assert second.crm.as_page()["deals"][0]["title"] == DEAL["title"]


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


def test_a_webhooks_signature_is_checked_in_every_part() -> None:
    body = b'{"a": 1}'
    good = webhook_headers(WEBHOOK_SECRET, "msg_1", body, 1000.0)
    assert webhook_fault(WEBHOOK_SECRET, good, body, 1200.0) is None
    rotated = {**good, "webhook-signature": "v1,AAAA " + good["webhook-signature"]}
    assert webhook_fault(WEBHOOK_SECRET, rotated, body, 1000.0) is None
    for bad in (
        {**good, "webhook-id": "msg_2"},
        {**good, "webhook-id": ""},
        {**good, "webhook-timestamp": "1001"},
        {**good, "webhook-timestamp": "soon"},
        {**good, "webhook-signature": "v1,AAAA"},
        {**good, "webhook-signature": "é"},
    ):
        assert webhook_fault(WEBHOOK_SECRET, bad, body, 1000.0) is not None
    assert webhook_fault(WEBHOOK_SECRET, good, body + b" ", 1000.0) is not None
    assert webhook_fault(WEBHOOK_SECRET, good, body, 1301.0) is not None
