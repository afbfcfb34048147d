"""What is asked of Pipedrive's API and told to it, and what its answers mean."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from bot.crm.calls import Answer, Call
from bot.crm.provider import Account, Fetch, Fetched, PayloadError, Told, Want, load_providers
from bot.crm.providers.pipedrive.calling import LONG
from bot.crm.providers.pipedrive.linking import ENTITIES
from bot.crm.providers.pipedrive.things import MARK
from bot.crm.setup import Identity, RefusedError, Subscription
from coach.events import Change, Owner
from coach.models import DealStatus, SubjectKind, TaskPriority, TaskStatus, Verb
from coach.stages import Stage
from coach.writes import (
    CompleteTask,
    CreateTask,
    CrmWrite,
    DeleteTask,
    LogContact,
    MoveDeal,
    ReopenTask,
    RescheduleTask,
)
from tests.bot.crm.vendors import (
    BOUNDED,
    answers_do_no_harm,
    change,
    found,
    hostile,
    payload,
    talked,
    written,
)

PIPEDRIVE = load_providers()["pipedrive"]
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ACCOUNT = Account(
    ("coach:s3cret",),
    id="8087566",
    address="https://api.pipedrive.com",
    access={"api_token": "t0ken", "company_domain": "northwind"},
)
DEAL = json.loads(payload("pipedrive", "v2_deal_won"))["data"]
TASK = json.loads(payload("pipedrive", "v2_create_activity"))["data"]


def asked(fetch: Fetch) -> Call:
    return PIPEDRIVE.fetching[fetch.want].call(ACCOUNT, fetch)


def read(fetch: Fetch, answer: Answer) -> Fetched:
    return PIPEDRIVE.fetching[fetch.want].read(ACCOUNT, fetch, answer, NOW)


# Looking up


@pytest.mark.parametrize(
    ("fetch", "path"),
    [
        (Fetch(Want.THING, "deal", "8"), "/api/v2/deals/8"),
        (Fetch(Want.THING, "person", "8"), "/api/v2/persons/8"),
        (Fetch(Want.THING, "activity", "8"), "/api/v2/activities/8"),
        (Fetch(Want.THING, "user", "../8"), "/api/v1/users/..%2F8"),
        (Fetch(Want.THING, "stages", "all"), "/api/v2/stages?limit=500"),
        (Fetch(Want.STAGES), "/api/v2/stages?limit=500"),
        (Fetch(Want.OWNERS), "/api/v1/users"),
        (
            Fetch(Want.HISTORY, "deal"),
            "/api/v2/deals?limit=500&sort_by=update_time&sort_direction=asc",
        ),
        (
            Fetch(Want.HISTORY, "activity", cursor="a&b", since=NOW),
            (
                "/api/v2/activities?limit=500&sort_by=update_time&sort_direction=asc"
                "&updated_since=2026-11-23T09%3A00%3A00Z&cursor=a%26b"
            ),
        ),
    ],
)
def test_where_things_are_looked_up(fetch: Fetch, path: str) -> None:
    call = asked(fetch)
    assert written(call) == ("GET", path, None)
    assert call.url.startswith("https://api.pipedrive.com/")
    assert call.headers["x-api-token"] == "t0ken"


def test_every_history_can_be_asked_for() -> None:
    for history in PIPEDRIVE.histories:
        assert history.since
        assert asked(Fetch(Want.HISTORY, history.kind)).method == "GET"


def test_a_deal_is_found_as_it_is_and_since_when() -> None:
    moved = DEAL | {"stage_change_time": "2026-05-28T09:00:00Z"}
    (event,) = read(Fetch(Want.THING, "deal", "178"), found({"data": moved})).events
    assert (event.verb, event.observed) == (Verb.DEAL_UPDATED, True)
    came, now = event.changes
    at = datetime(2026, 5, 28, 9, tzinfo=UTC)
    assert came == Change(SubjectKind.DEAL, "178", at, {"stage": "12"}, came=True)
    assert now.at == event.occurred_at == datetime(2026, 5, 29, 10, tzinfo=UTC)
    assert now.fields["status"] is DealStatus.WON
    assert now.fields["url"] == "https://northwind.pipedrive.com/deal/178"
    assert now.owner == Owner(id="26510409")


def test_a_deal_that_was_never_moved_has_been_there_since_it_was_made() -> None:
    (event,) = read(Fetch(Want.THING, "deal", "178"), found({"data": DEAL})).events
    assert event.changes[0].at == datetime(2026, 5, 27, 6, 54, 41, tzinfo=UTC)
    # The same state found twice is one event.
    again = read(Fetch(Want.THING, "deal", "178"), found({"data": DEAL}))
    assert again.events[0].dedupe_key == event.dedupe_key


def test_what_is_gone_is_deleted() -> None:
    for answer in (Answer(404), found({"data": DEAL | {"is_deleted": True}})):
        (event,) = read(Fetch(Want.THING, "deal", "178"), answer).events
        assert (event.verb, event.observed) == (Verb.DEAL_DELETED, True)
        assert event.changes[0].fields == {"deleted": True}
    assert read(Fetch(Want.THING, "user", "7"), Answer(404)) == Fetched()


def test_history_comes_in_pages_and_what_cannot_be_read_of_one_is_said() -> None:
    page = {"data": [TASK, 7, {"id": {}}], "additional_data": {"next_cursor": "eyJ"}}
    brought = read(Fetch(Want.HISTORY, "activity"), found(page))
    (event,) = brought.events
    assert (event.verb, event.changes[0].fields["status"]) == (
        Verb.TASK_UPDATED,
        TaskStatus.PENDING,
    )
    assert [index for index, _ in brought.rejected] == [1, 2]
    assert brought.next == "eyJ"
    last = {"data": [], "additional_data": {"next_cursor": None}}
    assert read(Fetch(Want.HISTORY, "activity"), found(last)) == Fetched([], rejected=[])


def test_stages_have_an_order_and_a_probability_and_mean_that_a_deal_is_open() -> None:
    listed = [
        {"id": 12, "order_nr": 2, "name": "Won over", "pipeline_id": 3, "deal_probability": 60},
        {"id": 13, "order_nr": 3, "name": "Gone", "pipeline_id": 3, "is_deleted": True},
        {"id": None, "name": "x"},
        {"id": 14, "name": "Bare"},
    ]
    assert read(Fetch(Want.STAGES), found({"data": listed})).stages == [
        Stage("12", "Won over", "3", 2, DealStatus.OPEN, Decimal("0.6")),
        Stage("14", "Bare", "", None, DealStatus.OPEN, None),
    ]


def test_users_are_owners_with_their_addresses() -> None:
    ana = {"id": 7, "name": "Ana Ruiz", "email": "Ana@northwind.example"}
    owner = Owner("ana@northwind.example", "7", "Ana Ruiz")
    assert read(Fetch(Want.OWNERS), found({"data": [ana, {}, 7]})).owners == [owner]
    assert read(Fetch(Want.THING, "user", "7"), found({"data": ana})).owners == [owner]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"data": 7}', b'{"data": {"id": []}}', b"\xff"])
def test_an_answer_that_is_none_is_said_to_be_so(body: bytes) -> None:
    with pytest.raises(PayloadError):
        read(Fetch(Want.THING, "deal", "8"), Answer(200, {}, body))
    if b"{" not in body or b"7" in body:
        for want in (Want.HISTORY, Want.STAGES, Want.OWNERS):
            if want is Want.HISTORY or b"data" not in body:
                with pytest.raises(PayloadError):
                    read(Fetch(want, "deal"), Answer(200, {}, body))
    with pytest.raises(PayloadError):
        read(Fetch(Want.THING, "lead", "8"), found({"data": {}}))


# Writing

STAGE = Stage("13", "Proposal", "3")
ANA = Owner(id="7")
NEW = CreateTask(
    "c1", "task_1", "Call <Ann>", date(2026, 11, 24), TaskPriority.HIGH, "a < b\nc", "179", "178"
)


def call(write: CrmWrite, **more: Any) -> Call | None:
    assert PIPEDRIVE.writing is not None
    return PIPEDRIVE.writing.call(ACCOUNT, change(write, **more), 0.0)


def told(write: CrmWrite, answer: Answer) -> Told:
    assert PIPEDRIVE.writing is not None
    return PIPEDRIVE.writing.read(change(write), answer)


@pytest.mark.parametrize(
    ("write", "method", "path", "body"),
    [
        (CompleteTask("c1", "2"), "PATCH", "/api/v2/activities/2", {"done": True}),
        (ReopenTask("c1", "2"), "PATCH", "/api/v2/activities/2", {"done": False}),
        (
            RescheduleTask("c1", "2", date(2026, 11, 24)),
            "PATCH",
            "/api/v2/activities/2",
            {"due_date": "2026-11-24"},
        ),
        (DeleteTask("c1", "2"), "DELETE", "/api/v2/activities/2", None),
        (MoveDeal("c1", "178", "Proposal"), "PATCH", "/api/v2/deals/178", {"stage_id": 13}),
        (
            LogContact("c1", "179", Verb.NOTE_LOGGED),
            "POST",
            "/api/v1/notes",
            {"content": f"Contacted {MARK}", "person_id": 179},
        ),
        (
            LogContact("c1", "179", Verb.EMAIL_LOGGED),
            "POST",
            "/api/v2/activities",
            {
                "subject": f"Email {MARK}",
                "type": "email",
                "done": True,
                "due_date": "2026-11-23",
                "participants": [{"person_id": 179, "primary": True}],
                "owner_id": 7,
            },
        ),
    ],
)
def test_each_change_is_one_call(write: CrmWrite, method: str, path: str, body: object) -> None:
    made = call(write, owner=ANA, stage=STAGE)
    assert written(made) == (method, path, body)
    assert made is not None
    # What would be made a second time must not be repeated by itself.
    assert made.repeatable is (method != "POST")


@pytest.mark.parametrize(
    ("verb", "name", "before"),
    [(Verb.CALL_LOGGED, "note", ""), (Verb.NOTE_LOGGED, "content", f"Contacted {MARK}<br>")],
)
def test_what_was_said_goes_with_the_log_as_text(verb: Verb, name: str, before: str) -> None:
    made = written(call(LogContact("c1", "179", verb, "Wants <b>10 %</b>\nless"), owner=ANA))
    assert made[2][name] == f"{before}Wants &lt;b&gt;10 %&lt;/b&gt;<br>less"


def test_a_new_task_belongs_to_its_person_deal_and_owner() -> None:
    made = call(NEW, owner=ANA)
    assert written(made) == (
        "POST",
        "/api/v2/activities",
        {
            "subject": "Call <Ann>",
            "type": "task",
            "done": False,
            "due_date": "2026-11-24",
            "note": "a &lt; b<br>c",
            "deal_id": 178,
            "participants": [{"person_id": 179, "primary": True}],
            "owner_id": 7,
        },
    )
    assert made is not None
    assert not made.repeatable
    bare = call(CreateTask("c1", "task_1", "Call", None, TaskPriority.LOW, None, "C-9", "x"))
    assert written(bare)[2] == {"subject": "Call", "type": "task", "done": False}


def test_a_stage_without_a_number_cannot_be_told() -> None:
    assert call(MoveDeal("c1", "178", "Proposal")) is None
    assert call(MoveDeal("c1", "178", "Won"), stage=Stage("Won", "Won")) is None


def test_the_answer_names_what_was_made_or_says_why_not() -> None:
    assert told(NEW, found({"data": {"id": 900}}, 201)) == Told(remote_id="900")
    error = {"success": False, "error": "Deal not found"}
    assert told(NEW, found(error, 400)) == Told(refusal="HTTP 400: Deal not found")
    assert told(NEW, Answer(429)) == Told(again="HTTP 429")
    gate = Answer(403, {}, b"<html>cloudflare</html>")
    assert told(NEW, gate) == Told(again="Pipedrive asked for a longer pause")
    refused = told(NEW, found({"error": "No permission"}, 403)).refusal
    assert refused == "the coach may not do that in the CRM (HTTP 403: No permission)"
    assert told(CompleteTask("c1", "2"), Answer(404)).refusal
    assert told(DeleteTask("c1", "2"), Answer(404)) == Told()


# Rest


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (Answer(429, {"x-ratelimit-reset": "2", "x-ratelimit-remaining": "0"}), 2.0),
        (Answer(429, {"x-ratelimit-reset": "2", "x-daily-ratelimit-token-remaining": "0"}), None),
        (Answer(403, {}, b"<html>"), None),
        (Answer(200, {"x-ratelimit-remaining": "79", "x-ratelimit-reset": "2"}), 0.0),
        (Answer(403, {}, b'{"error": "No permission"}'), 0.0),
    ],
)
def test_pipedrive_is_left_alone_as_long_as_it_asks(answer: Answer, wait: float | None) -> None:
    expected = LONG if wait is None else timedelta(seconds=wait) or None
    assert PIPEDRIVE.rest(answer, NOW) == expected


# Linking

URL = "https://coach.example/webhooks/pipedrive/t"
SETUP = PIPEDRIVE.setup
assert SETUP is not None
assert SETUP.subscribing is not None
SUBSCRIBING = SETUP.subscribing
ME = {
    "company_id": 8087566,
    "company_name": "Northwind",
    "company_domain": "northwind",
    "is_admin": 1,
}


class Webhooks:
    """The webhooks of an account, as its API has them."""

    def __init__(self) -> None:
        self.there: dict[str, dict[str, Any]] = {
            "7": {"id": 7, "subscription_url": "https://else.example", "event_object": "deal"}
        }
        self.passwords: list[str] = []

    def __call__(self, call: Call) -> Answer:
        method, path, body = written(call)
        if method == "GET":
            return found({"data": list(self.there.values())})
        if method == "DELETE":
            gone = self.there.pop(path.rpartition("/")[2], None)
            return found({"success": True}) if gone else Answer(404)
        assert not call.repeatable
        assert (body["event_action"], body["version"]) == ("*", "2.0")
        assert body["http_auth_user"] == "coach"
        self.passwords.append(body["http_auth_password"])
        id = len(self.passwords) + 100
        self.there[str(id)] = {"id": id, "is_active": 1} | body
        return found({"data": {"id": id}}, 201)


def test_the_token_says_whose_account_it_is() -> None:
    assert SETUP is not None
    identity = talked(SETUP.probe(ACCOUNT), lambda call: found({"data": ME}))
    access = {"company_domain": "northwind"}
    assert identity == Identity("8087566", "Northwind", access, lacking=[])
    (lacking,) = talked(
        SETUP.probe(ACCOUNT), lambda call: found({"data": ME | {"is_admin": 0}})
    ).lacking
    assert "not an administrator's" in lacking


@pytest.mark.parametrize("answer", [Answer(401), Answer(200), found({"data": {"company_id": {}}})])
def test_a_token_that_says_nothing_is_refused(answer: Answer) -> None:
    assert SETUP is not None
    with pytest.raises(RefusedError):
        talked(SETUP.probe(ACCOUNT), lambda call: answer)


def test_subscribing_twice_leaves_one_of_each_with_the_newest_password() -> None:
    webhooks = Webhooks()
    first = talked(SUBSCRIBING.subscribe(ACCOUNT, URL), webhooks)
    assert len(first.ids) == len(ENTITIES)
    assert webhooks.passwords == ["s3cret"] * len(ENTITIES)
    second = talked(SUBSCRIBING.subscribe(ACCOUNT, URL), webhooks)
    assert isinstance(second, Subscription)
    assert set(webhooks.there) == {"7", *second.ids}
    assert talked(SUBSCRIBING.look(ACCOUNT, URL), webhooks) is None


def test_a_webhook_that_was_removed_is_missed() -> None:
    webhooks = Webhooks()
    ids = talked(SUBSCRIBING.subscribe(ACCOUNT, URL), webhooks).ids
    del webhooks.there[ids[0]]
    webhooks.there[ids[1]]["is_active"] = 0
    why = talked(SUBSCRIBING.look(ACCOUNT, URL), webhooks)
    assert why == "Pipedrive has stopped its webhooks for deal, person."


def test_unsubscribing_removes_ours_alone() -> None:
    webhooks = Webhooks()
    talked(SUBSCRIBING.subscribe(ACCOUNT, URL), webhooks)
    talked(SUBSCRIBING.unsubscribe(ACCOUNT, URL), webhooks)
    assert set(webhooks.there) == {"7"}
    talked(SUBSCRIBING.unsubscribe(ACCOUNT, URL), webhooks)


def test_what_somebody_else_removes_meanwhile_is_gone_as_well() -> None:
    listed = found({"data": [{"id": 1, "subscription_url": URL}]})

    def slow(call: Call) -> Answer:
        return listed if call.method == "GET" else Answer(404)

    talked(SUBSCRIBING.unsubscribe(ACCOUNT, URL), slow)


# Strangers

ANSWERS = {
    "things": json.dumps({"data": [DEAL, TASK], "additional_data": {"next_cursor": "x"}}).encode(),
    "deal": json.dumps({"data": DEAL}).encode(),
    "stages": json.dumps({"data": [{"id": 1, "name": "A", "deal_probability": 5}]}).encode(),
    "me": json.dumps({"data": ME | {"id": 7, "email": "a@b.example", "name": "Ana"}}).encode(),
}


@given(hostile(ANSWERS))
@BOUNDED
def test_hostile_answers_do_no_harm(body: bytes) -> None:
    answers_do_no_harm(PIPEDRIVE, ACCOUNT, body, change(NEW), ["deal", "activity", "user"])
