"""What is asked of Close's API and told to it, and what its answers mean."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from bot.crm.calls import Answer, Call
from bot.crm.provider import Account, Fetch, Fetched, PayloadError, Told, Want, load_providers
from bot.crm.providers.close.linking import EVENTS
from bot.crm.providers.close.lookups import DEEPEST
from bot.crm.providers.close.things import MARK
from bot.crm.setup import Identity, RefusedError, Subscription
from coach.events import Owner
from coach.models import DealStatus, TaskPriority, TaskStatus, Verb
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

CLOSE = load_providers()["close"]
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ACCOUNT = Account(("00" * 32,), address="https://api.close.com/api/v1", access={"api_key": "api_k"})
WON = json.loads(payload("close", "opportunity_updated_won"))["event"]
DEAL = WON["data"]
TASK = json.loads(payload("close", "task_lead_updated_completed"))["event"]["data"]


def asked(fetch: Fetch) -> Call:
    return CLOSE.fetching[fetch.want].call(ACCOUNT, fetch)


def read(fetch: Fetch, answer: Answer) -> Fetched:
    return CLOSE.fetching[fetch.want].read(ACCOUNT, fetch, answer, NOW)


# Looking up

V1 = "/api/v1"


@pytest.mark.parametrize(
    ("fetch", "path"),
    [
        (Fetch(Want.THING, "opportunity", "oppo_1"), "/opportunity/oppo_1/"),
        (Fetch(Want.THING, "lead", "../x"), "/lead/..%2Fx/"),
        (Fetch(Want.THING, "task.lead", "task_1"), "/task/task_1/"),
        (Fetch(Want.THING, "stages", "all"), "/pipeline/"),
        (Fetch(Want.STAGES), "/pipeline/"),
        (Fetch(Want.OWNERS, cursor="100"), "/user/?_limit=100&_skip=100"),
        (Fetch(Want.HISTORY, "lead"), "/lead/?_limit=100&_skip=0"),
        (
            Fetch(Want.HISTORY, "task.lead", cursor="200|2026-01-01T00:00:00Z"),
            "/task/?_limit=100&_skip=200&_type=lead&_order_by=date_created&date_created__gte=2026-01-01T00%3A00%3A00Z",
        ),
        (
            Fetch(Want.HISTORY, "opportunity", cursor="c&1", since=NOW),
            "/event/?object_type=opportunity&date_updated__gte=2026-11-23T09%3A00%3A00Z&_limit=50&_cursor=c%261",
        ),
    ],
)
def test_where_things_are_looked_up(fetch: Fetch, path: str) -> None:
    call = asked(fetch)
    assert written(call) == ("GET", V1 + path, None)
    # The key and a colon, in base64.
    assert call.headers["authorization"] == "Basic YXBpX2s6"


def test_every_history_can_be_asked_for() -> None:
    for history in CLOSE.histories:
        assert history.since
        assert asked(Fetch(Want.HISTORY, history.kind)).method == "GET"


def test_a_thing_is_found_as_it_is() -> None:
    (event,) = read(Fetch(Want.THING, "opportunity", DEAL["id"]), found(DEAL)).events
    assert (event.verb, event.observed) == (Verb.DEAL_UPDATED, True)
    assert event.occurred_at == datetime(2019, 1, 15, 12, 48, 23, 392000, tzinfo=UTC)
    assert event.changes[0].fields["status"] is DealStatus.WON
    (task,) = read(Fetch(Want.THING, "task.lead", "t"), found(TASK)).events
    assert task.changes[0].fields["status"] is TaskStatus.COMPLETED


def test_what_is_gone_is_deleted() -> None:
    (event,) = read(Fetch(Want.THING, "lead", "lead_1"), Answer(404)).events
    assert (event.verb, event.observed) == (Verb.CONTACT_DELETED, True)


def test_history_comes_in_pages_and_what_cannot_be_read_of_one_is_said() -> None:
    page = {"data": [DEAL, 7, {"id": None}], "has_more": True}
    brought = read(Fetch(Want.HISTORY, "opportunity"), found(page))
    assert len(brought.events) == 1
    assert [index for index, _ in brought.rejected] == [1, 2]
    assert brought.next == "3|"
    assert read(Fetch(Want.HISTORY, "opportunity"), found(page | {"has_more": False})).next is None


def test_beyond_closes_ceiling_the_next_page_begins_by_date() -> None:
    page = found({"data": [DEAL], "has_more": True})
    deep = f"{DEEPEST - 1}|"
    assert read(Fetch(Want.HISTORY, "opportunity", cursor=deep), page).next == (
        "0|2019-01-15T12:41:24Z"
    )
    # All of them made in one second: further down, since there is no other way.
    stuck = f"{DEEPEST}|2019-01-15T12:41:24Z"
    assert read(Fetch(Want.HISTORY, "opportunity", cursor=stuck), page).next == (
        f"{DEEPEST + 1}|2019-01-15T12:41:24Z"
    )
    assert read(Fetch(Want.HISTORY, "lead", cursor=deep), page).next == f"{DEEPEST}|"


def test_what_has_changed_is_read_from_the_log_like_webhooks() -> None:
    fetch = Fetch(Want.HISTORY, "opportunity", since=NOW - timedelta(days=1))
    unseen = WON | {"id": "ev_2", "data": None}
    created = json.loads(payload("close", "opportunity_created"))["event"]
    page = {"data": [WON, unseen, 7, {"object_type": "x"}, created], "cursor_next": "c1"}
    brought = read(fetch, found(page))
    event, new = brought.events
    assert (new.verb, new.observed) == (Verb.DEAL_CREATED, True)
    (webhook,) = CLOSE.parse(payload("close", "opportunity_updated_won"), None, NOW).events
    assert (event.dedupe_key, event.verb) == (webhook.dedupe_key, Verb.DEAL_CLOSED)
    assert event.observed
    assert [stub.kind for stub in brought.stubs] == ["opportunity"]
    assert [index for index, _ in brought.rejected] == [2, 3]
    assert brought.next == "c1"
    # Close names a next page behind the last one, too.
    assert read(fetch, found({"data": [], "cursor_next": "c2"})).next is None


def test_stages_are_the_statuses_of_each_pipeline_and_say_what_they_mean() -> None:
    statuses = [
        {"id": "stat_1", "label": "Demo", "type": "active"},
        {"id": "stat_2", "label": "Signed", "type": "won"},
        {"id": "stat_3", "label": "No", "type": "lost"},
        {"id": "stat_4", "label": "?", "type": {}},
        {"id": None, "label": "x"},
    ]
    pipelines = {"data": [{"id": "pipe_1", "statuses": statuses}, {"id": None}, 7]}
    expected = [
        Stage("stat_1", "Demo", "pipe_1", 0, DealStatus.OPEN),
        Stage("stat_2", "Signed", "pipe_1", 1, DealStatus.WON),
        Stage("stat_3", "No", "pipe_1", 2, DealStatus.LOST),
        Stage("stat_4", "?", "pipe_1", 3, None),
    ]
    assert read(Fetch(Want.STAGES), found(pipelines)).stages == expected
    assert read(Fetch(Want.THING, "stages", "all"), found(pipelines)).stages == expected


def test_users_are_owners_with_their_addresses() -> None:
    ana = {"id": "user_7", "first_name": "Ana", "last_name": "Ruiz", "email": "a@b.example"}
    brought = read(Fetch(Want.OWNERS), found({"data": [ana, {}], "has_more": True}))
    assert brought.owners == [Owner("a@b.example", "user_7", "Ana Ruiz")]
    assert brought.next == "2"
    assert read(Fetch(Want.OWNERS), found({"data": [ana]})).next is None


def test_an_answer_that_is_none_is_said_to_be_so() -> None:
    for fetch in (Fetch(Want.THING, "lead", "l"), Fetch(Want.HISTORY, "lead"), Fetch(Want.STAGES)):
        for body in (b"", b"[]", b"\xff"):
            with pytest.raises(PayloadError):
                read(fetch, Answer(200, {}, body))
    with pytest.raises(PayloadError):
        read(Fetch(Want.HISTORY, "lead"), found({"data": 7}))
    with pytest.raises(PayloadError):
        read(Fetch(Want.THING, "user", "u"), found({"id": "u"}))


# Writing

STAGE = Stage("stat_1", "Demo", "pipe_1")
NEW = CreateTask(
    "c1", "task_1", "Call Ann", date(2026, 11, 24), TaskPriority.HIGH, "Soon", "lead_1", "oppo_1"
)


def call(write: CrmWrite, **more: Any) -> Call | None:
    assert CLOSE.writing is not None
    return CLOSE.writing.call(ACCOUNT, change(write, **more), 0.0)


def told(write: CrmWrite, answer: Answer) -> Told:
    assert CLOSE.writing is not None
    return CLOSE.writing.read(change(write), answer)


@pytest.mark.parametrize(
    ("write", "method", "path", "body"),
    [
        (
            NEW,
            "POST",
            "/task/",
            {
                "_type": "lead",
                "lead_id": "lead_1",
                "text": "Call Ann\n\nSoon",
                "date": "2026-11-24",
                "assigned_to": "user_7",
            },
        ),
        (CompleteTask("c1", "task_1"), "PUT", "/task/task_1/", {"is_complete": True}),
        (ReopenTask("c1", "task_1"), "PUT", "/task/task_1/", {"is_complete": False}),
        (
            RescheduleTask("c1", "task_1", date(2026, 11, 24)),
            "PUT",
            "/task/task_1/",
            {"date": "2026-11-24"},
        ),
        (DeleteTask("c1", "task_1"), "DELETE", "/task/task_1/", None),
        (MoveDeal("c1", "oppo_1", "Demo"), "PUT", "/opportunity/oppo_1/", {"status_id": "stat_1"}),
        (
            LogContact("c1", "lead_1", Verb.CALL_LOGGED),
            "POST",
            "/activity/call/",
            {
                "lead_id": "lead_1",
                "direction": "outbound",
                "status": "completed",
                "note": f"Call {MARK}",
            },
        ),
        (
            LogContact("c1", "lead_1", Verb.EMAIL_LOGGED),
            "POST",
            "/activity/note/",
            {"lead_id": "lead_1", "note": f"Email {MARK}"},
        ),
    ],
)
def test_each_change_is_one_call(write: CrmWrite, method: str, path: str, body: object) -> None:
    made = call(write, owner=Owner(id="user_7"), stage=STAGE)
    assert written(made) == (method, V1 + path, body)
    assert made is not None
    # What would be made a second time must not be repeated by itself.
    assert made.repeatable is (method != "POST")


@pytest.mark.parametrize(
    ("verb", "word"), [(Verb.CALL_LOGGED, "Call"), (Verb.EMAIL_LOGGED, "Email")]
)
def test_what_was_said_goes_with_the_log(verb: Verb, word: str) -> None:
    made = written(call(LogContact("c1", "lead_1", verb, "Wants 10 % less")))
    assert made[2]["note"] == f"{word} {MARK}\n\nWants 10 % less"


def test_what_close_has_no_place_for_is_not_told() -> None:
    assert call(CreateTask("c1", "t", "Call", None, TaskPriority.LOW)) is None
    assert call(MoveDeal("c1", "oppo_1", "Demo")) is None


def test_the_answer_names_what_was_made_or_says_why_not() -> None:
    assert told(NEW, found({"id": "task_9"})) == Told(remote_id="task_9")
    assert told(NEW, found({"error": "Lead not found"}, 400)) == Told(
        refusal="HTTP 400: Lead not found"
    )
    assert told(NEW, found({"field-errors": {"date": "is wrong"}}, 400)) == Told(
        refusal="HTTP 400: date: is wrong"
    )
    assert told(NEW, Answer(500)) == Told(again="HTTP 500")
    assert told(DeleteTask("c1", "t"), Answer(404)) == Told()
    assert told(CompleteTask("c1", "t"), Answer(404)).refusal


def test_close_is_left_alone_as_long_as_it_asks() -> None:
    spent = Answer(429, {"ratelimit": "limit=100, remaining=0, reset=3.5"})
    assert CLOSE.rest(spent, NOW) == timedelta(seconds=3)
    assert CLOSE.rest(Answer(429, {"retry-after": "7"}), NOW) == timedelta(seconds=7)
    assert CLOSE.rest(Answer(200, {"ratelimit": "limit=9, remaining=5, reset=3"}), NOW) is None


# Linking

URL = "https://coach.example/webhooks/close/t"
SETUP = CLOSE.setup
assert SETUP is not None
assert SETUP.subscribing is not None
PROBE, SUBSCRIBING = SETUP.probe, SETUP.subscribing
ME = {"id": "user_7", "organizations": [{"id": "orga_1", "name": "Northwind"}]}


class Webhooks:
    """The webhooks of an organization, as its API has them."""

    def __init__(self) -> None:
        self.there: dict[str, dict[str, Any]] = {"w0": {"id": "w0", "url": "https://else.example"}}
        self.made = 0

    def __call__(self, call: Call) -> Answer:
        method, path, body = written(call)
        if method == "GET":
            return found({"data": list(self.there.values())})
        if method == "DELETE":
            gone = self.there.pop(path.strip("/").rpartition("/")[2], None)
            return found({}) if gone else Answer(404)
        assert not call.repeatable
        self.made += 1
        id = f"w{self.made}"
        self.there[id] = {"id": id, "status": "active", **body}
        return found({"id": id, "signature_key": f"{self.made:02x}" * 32}, 201)


def test_the_key_says_whose_account_it_is() -> None:
    assert talked(PROBE(ACCOUNT), lambda call: found(ME)) == Identity("orga_1", "Northwind")


@pytest.mark.parametrize("answer", [Answer(401), Answer(200), found({"organizations": [{}]})])
def test_a_key_that_says_nothing_is_refused(answer: Answer) -> None:
    with pytest.raises(RefusedError):
        talked(PROBE(ACCOUNT), lambda call: answer)


def test_subscribing_twice_leaves_one_with_the_newest_key() -> None:
    webhooks = Webhooks()
    talked(SUBSCRIBING.subscribe(ACCOUNT, URL), webhooks)
    again = talked(SUBSCRIBING.subscribe(ACCOUNT, URL), webhooks)
    assert again == Subscription(("w2",), "02" * 32)
    assert set(webhooks.there) == {"w0", "w2"}
    events = webhooks.there["w2"]["events"]
    assert len(events) == sum(map(len, EVENTS.values()))
    assert {"object_type": "opportunity", "action": "updated"} in events


def test_a_webhook_that_was_paused_or_removed_is_missed() -> None:
    webhooks = Webhooks()
    talked(SUBSCRIBING.subscribe(ACCOUNT, URL), webhooks)
    assert talked(SUBSCRIBING.look(ACCOUNT, URL), webhooks) is None
    webhooks.there["w1"] |= {"status": "paused", "pause_reason": "backlog"}
    assert talked(SUBSCRIBING.look(ACCOUNT, URL), webhooks) == (
        "Close has paused its webhook (backlog)."
    )
    talked(SUBSCRIBING.unsubscribe(ACCOUNT, URL), webhooks)
    assert set(webhooks.there) == {"w0"}
    assert talked(SUBSCRIBING.look(ACCOUNT, URL), webhooks) == (
        "Close has no webhook to this address any more."
    )


def test_a_webhook_without_a_key_is_no_use() -> None:
    def keyless(call: Call) -> Answer:
        return found({"data": []} if call.method == "GET" else {"id": "w1"})

    with pytest.raises(RefusedError):
        talked(SUBSCRIBING.subscribe(ACCOUNT, URL), keyless)


def test_what_somebody_else_removes_meanwhile_is_gone_as_well() -> None:
    listed = found({"data": [{"id": "w1", "url": URL}]})

    def slow(call: Call) -> Answer:
        return listed if call.method == "GET" else Answer(404)

    talked(SUBSCRIBING.unsubscribe(ACCOUNT, URL), slow)


# Strangers

ANSWERS = {
    "things": json.dumps({"data": [DEAL, TASK], "has_more": True}).encode(),
    "events": json.dumps({"data": [WON], "cursor_next": "x"}).encode(),
    "deal": json.dumps(DEAL).encode(),
    "stages": json.dumps(
        {"data": [{"id": "p", "statuses": [{"id": "s", "label": "A", "type": "won"}]}]}
    ).encode(),
    "users": json.dumps({"data": [{"id": "u", "email": "a@b.example"}]}).encode(),
    "me": json.dumps(ME | {"field-errors": {"a": ["b"]}, "error": "x"}).encode(),
}


@given(hostile(ANSWERS))
@BOUNDED
def test_hostile_answers_do_no_harm(body: bytes) -> None:
    kinds = [history.kind for history in CLOSE.histories]
    answers_do_no_harm(CLOSE, ACCOUNT, body, change(NEW), [*kinds, "stages"])
