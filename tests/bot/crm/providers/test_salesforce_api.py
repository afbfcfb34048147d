"""What is asked of Salesforce's API and told to it, and what its answers mean."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given

from bot.crm.calls import Answer, Call
from bot.crm.provider import Account, Fetch, Fetched, PayloadError, Told, Want, load_providers
from bot.crm.providers.salesforce.calling import LONG
from bot.crm.providers.salesforce.linking import LASTS, MESSAGES
from bot.crm.providers.salesforce.lookups import FIELDS
from bot.crm.providers.salesforce.things import MARK
from bot.crm.setup import Identity, RefusedError
from coach.events import Owner
from coach.models import DealStatus, TaskPriority, Verb
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
    talked,
    written,
)

SALESFORCE = load_providers()["salesforce"]
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
DATA = "/services/data/v62.0"
ACCOUNT = Account(
    ("t",),
    id="00D000000000001EAA",
    access={
        "instance_url": "https://northwind.my.salesforce.com/",
        "client_id": "key",
        "client_secret": "hush",
        "access_token": "t0ken",
        "session_begun": NOW.isoformat(),
    },
)
WON = {
    "attributes": {"type": "Opportunity"},
    "Id": "006000000000001AAA",
    "OwnerId": "005000000000001AAA",
    "CreatedDate": "2026-10-01T08:00:00.000+0000",
    "LastModifiedDate": "2026-11-22T09:00:00.000+0000",
    "LastStageChangeDate": "2026-11-20T09:00:00.000+0000",
    "IsDeleted": False,
    "Name": "Acme",
    "StageName": "Closed Won",
    "IsClosed": True,
    "IsWon": True,
    "Amount": 12000.5,
    "CloseDate": "2026-11-20",
    "Probability": 100.0,
    "Account": {"Name": "Acme Inc"},
}
TASK = {
    "Id": "00T000000000001AAA",
    "LastModifiedDate": "2026-11-22T09:00:00.000+0000",
    "IsDeleted": False,
    "Subject": "Call",
    "IsClosed": False,
}


def asked(fetch: Fetch, account: Account = ACCOUNT) -> Call:
    return SALESFORCE.fetching[fetch.want].call(account, fetch)


def read(fetch: Fetch, answer: Answer) -> Fetched:
    return SALESFORCE.fetching[fetch.want].read(ACCOUNT, fetch, answer, NOW)


def question(call: Call) -> tuple[str, str]:
    """Where a question is asked, and what."""
    address = urlsplit(call.url)
    assert (address.scheme, address.netloc) == ("https", "northwind.my.salesforce.com")
    assert (call.method, call.headers["authorization"]) == ("GET", "Bearer t0ken")
    return address.path, parse_qs(address.query)["q"][0]


# Looking up


def test_a_record_is_looked_up_also_when_it_lies_in_the_bin() -> None:
    where, soql = question(asked(Fetch(Want.THING, "Opportunity", "006000000000001AAA")))
    assert where == f"{DATA}/queryAll"
    assert soql.startswith("SELECT Id, OwnerId")
    assert soql.endswith(" FROM Opportunity WHERE Id = '006000000000001AAA'")
    assert "CurrencyIsoCode" not in soql
    _, injected = question(asked(Fetch(Want.THING, "Task", "x' OR Id != '")))
    assert injected.endswith(" FROM Task WHERE Id = 'xORId'")
    several = replace(ACCOUNT, access={**ACCOUNT.access, "currencies": "1"})
    assert (
        "CurrencyIsoCode FROM" in question(asked(Fetch(Want.THING, "Opportunity", "1"), several))[1]
    )


def test_histories_are_asked_for_whole_and_by_what_has_changed() -> None:
    for history in SALESFORCE.histories:
        assert history.since
        where, soql = question(asked(Fetch(Want.HISTORY, history.kind)))
        assert (where, f"SELECT {FIELDS[history.kind]}" in soql) == (f"{DATA}/query", True)
        assert soql.endswith("ORDER BY SystemModstamp")
    assert "IsClosed = false OR" in question(asked(Fetch(Want.HISTORY, "Task")))[1]
    where, soql = question(asked(Fetch(Want.HISTORY, "Lead", since=NOW)))
    assert where == f"{DATA}/queryAll"
    assert "WHERE SystemModstamp >= 2026-11-23T09:00:00Z ORDER BY" in soql
    further = f"{DATA}/query/01g0-2000"
    assert written(asked(Fetch(Want.HISTORY, "Lead", cursor=further))) == ("GET", further, None)
    assert written(asked(Fetch(Want.OWNERS, cursor=further))) == ("GET", further, None)


def test_an_address_that_was_given_instead_is_used() -> None:
    call = asked(Fetch(Want.STAGES), replace(ACCOUNT, address="https://sandbox.example"))
    assert call.url.startswith(f"https://sandbox.example{DATA}/query?q=SELECT%20ApiName")
    bare = replace(ACCOUNT, access={**ACCOUNT.access, "instance_url": "n.my.salesforce.com"})
    assert asked(Fetch(Want.STAGES), bare).url.startswith("https://n.my.salesforce.com/services/")


def test_a_record_is_found_as_it_is_and_since_when() -> None:
    answer = found({"records": [WON]})
    (event,) = read(Fetch(Want.THING, "Opportunity", "006000000000001AAA"), answer).events
    assert (event.verb, event.observed) == (Verb.DEAL_CLOSED, True)
    came, now = event.changes
    assert came.fields == {"stage": "Closed Won"}
    assert came.at == event.occurred_at == datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert now.at == datetime(2026, 11, 22, 9, tzinfo=UTC)
    assert now.fields["value"] == Decimal("12000.5")
    assert now.fields["account"] == "Acme Inc"
    assert now.fields["url"] == "https://northwind.my.salesforce.com/006000000000001AAA"
    # The same state found twice is one event.
    again = read(Fetch(Want.THING, "Opportunity", "006000000000001AAA"), answer)
    assert again.events[0].dedupe_key == event.dedupe_key


def test_what_is_gone_or_in_the_bin_is_deleted() -> None:
    fetch = Fetch(Want.THING, "Opportunity", "006000000000001AAA")
    binned = found({"records": [WON | {"IsDeleted": True}]})
    for answer in (Answer(404), found({"records": []}), binned):
        (event,) = read(fetch, answer).events
        assert (event.verb, event.observed) == (Verb.DEAL_DELETED, True)
        assert event.changes[0].fields == {"deleted": True}
    (seen,) = read(fetch, found({"records": [WON]})).events
    assert read(fetch, binned).events[0].dedupe_key != seen.dedupe_key


def test_history_comes_in_pages_and_what_cannot_be_read_of_one_is_said() -> None:
    further = f"{DATA}/query/01g0-2000"
    page = {"records": [WON, 7, {"Id": None}], "nextRecordsUrl": further}
    brought = read(Fetch(Want.HISTORY, "Opportunity"), found(page))
    assert len(brought.events) == 1
    assert [index for index, _ in brought.rejected] == [1, 2]
    assert brought.next == further
    for astray in (None, "https://evil.example/", "/services/apexrest/x", f"{DATA}/query/../x"):
        other: dict[str, Any] = {"records": [], "nextRecordsUrl": astray}
        assert read(Fetch(Want.HISTORY, "Opportunity"), found(other)).next is None


def test_stages_say_their_order_what_they_mean_and_how_likely_they_are() -> None:
    listed = [
        {"ApiName": "Demo", "MasterLabel": "Vorführung", "IsClosed": False, "IsWon": False},
        {"ApiName": "Signed", "IsClosed": True, "IsWon": True, "DefaultProbability": 100.0},
        {"ApiName": "No", "MasterLabel": "No", "IsClosed": True, "IsWon": False},
        {"ApiName": None},
        {"ApiName": "?"},
    ]
    assert read(Fetch(Want.STAGES), found({"records": listed})).stages == [
        Stage("Demo", "Vorführung", "", 0, DealStatus.OPEN),
        Stage("Signed", "Signed", "", 1, DealStatus.WON, Decimal(1)),
        Stage("No", "No", "", 2, DealStatus.LOST),
        Stage("?", "?", "", 4, None),
    ]


def test_users_are_owners_with_their_addresses() -> None:
    ana = {"Id": "005000000000001", "Name": "Ana Ruiz", "Email": "a@b.example"}
    brought = read(Fetch(Want.OWNERS), found({"records": [ana, {}]}))
    assert brought.owners == [Owner("a@b.example", "005000000000001AAA", "Ana Ruiz")]


def test_an_answer_that_is_none_is_said_to_be_so() -> None:
    for fetch in (Fetch(Want.THING, "Task", "t"), Fetch(Want.HISTORY, "Task"), Fetch(Want.STAGES)):
        for body in (b"", b"[]", b"\xff"):
            with pytest.raises(PayloadError):
                read(fetch, Answer(200, {}, body))
    with pytest.raises(PayloadError):
        read(Fetch(Want.HISTORY, "Task"), found({"records": 7}))
    with pytest.raises(PayloadError):
        read(Fetch(Want.THING, "Case", "c"), found({"records": [{}]}))


# Writing

NEW = CreateTask(
    "c1",
    "task_1",
    "Call Ann",
    date(2026, 11, 24),
    TaskPriority.URGENT,
    "Soon",
    "003000000000001AAA",
    "006000000000001AAA",
)
TASKS = f"{DATA}/sobjects/Task"


def call(write: CrmWrite, **more: Any) -> Call | None:
    assert SALESFORCE.writing is not None
    return SALESFORCE.writing.call(ACCOUNT, change(write, **more), 0.0)


def told(write: CrmWrite, answer: Answer) -> Told:
    assert SALESFORCE.writing is not None
    return SALESFORCE.writing.read(change(write), answer)


@pytest.mark.parametrize(
    ("write", "method", "path", "body"),
    [
        (
            NEW,
            "POST",
            TASKS,
            {
                "Subject": "Call Ann",
                "Status": "Not Started",
                "Priority": "High",
                "ActivityDate": "2026-11-24",
                "Description": "Soon",
                "WhoId": "003000000000001AAA",
                "WhatId": "006000000000001AAA",
                "OwnerId": "005000000000001AAA",
            },
        ),
        (CompleteTask("c1", "00T1"), "PATCH", f"{TASKS}/00T1", {"Status": "Completed"}),
        (ReopenTask("c1", "00T1"), "PATCH", f"{TASKS}/00T1", {"Status": "Not Started"}),
        (
            RescheduleTask("c1", "00T1", date(2026, 11, 24)),
            "PATCH",
            f"{TASKS}/00T1",
            {"ActivityDate": "2026-11-24"},
        ),
        (DeleteTask("c1", "00T1"), "DELETE", f"{TASKS}/00T1", None),
        (
            MoveDeal("c1", "0061", "Vorführung"),
            "PATCH",
            f"{DATA}/sobjects/Opportunity/0061",
            {"StageName": "Demo"},
        ),
        (
            LogContact("c1", "0031", Verb.CALL_LOGGED),
            "POST",
            TASKS,
            {
                "Subject": f"Call {MARK}",
                "Status": "Completed",
                "TaskSubtype": "Call",
                "ActivityDate": "2026-11-23",
                "WhoId": "0031",
                "OwnerId": "005000000000001AAA",
            },
        ),
    ],
)
def test_each_change_is_one_call(write: CrmWrite, method: str, path: str, body: object) -> None:
    ana, stage = Owner(id="005000000000001AAA"), Stage("Demo", "Vorführung")
    made = call(write, owner=ana, stage=stage)
    assert written(made) == (method, path, body)
    assert made is not None
    # What would be made a second time must not be repeated by itself.
    assert made.repeatable is (method != "POST")


def test_what_was_said_goes_with_the_log() -> None:
    made = written(call(LogContact("c1", "0031", Verb.CALL_LOGGED, "Wants 10 % less")))
    assert made[2]["Description"] == "Wants 10 % less"


def test_a_task_of_a_lead_belongs_to_no_opportunity() -> None:
    lead = replace(NEW, contact_id="00Q000000000001AAA")
    assert "WhatId" not in written(call(lead))[2]
    bare = written(call(CreateTask("c1", "t", "Call", None, TaskPriority.LOW)))[2]
    assert bare == {"Subject": "Call", "Status": "Not Started", "Priority": "Low"}


def error(code: str, message: str, status: int = 400) -> Answer:
    return found([{"errorCode": code, "message": message, "fields": []}], status)


def test_the_answer_names_what_was_made_or_says_why_not() -> None:
    assert told(NEW, found({"id": "00T9", "success": True}, 201)) == Told(remote_id="00T9")
    assert told(CompleteTask("c1", "00T1"), Answer(204)) == Told()
    assert told(NEW, error("INVALID_FIELD", "No such status")) == Told(
        refusal="HTTP 400: No such status"
    )
    assert told(NEW, error("REQUEST_LIMIT_EXCEEDED", "x", 403)).again
    assert told(NEW, error("UNABLE_TO_LOCK_ROW", "x")).again
    assert told(NEW, error("INSUFFICIENT_ACCESS", "x", 403)).refusal
    assert told(DeleteTask("c1", "00T1"), error("NOT_FOUND", "x", 404)) == Told()


def test_salesforce_is_left_alone_when_the_day_is_spent() -> None:
    assert SALESFORCE.rest(error("REQUEST_LIMIT_EXCEEDED", "x", 403), NOW) == LONG
    assert SALESFORCE.rest(error("INSUFFICIENT_ACCESS", "x", 403), NOW) is None
    assert SALESFORCE.rest(Answer(503, {"retry-after": "7"}), NOW) == timedelta(seconds=7)


# Linking

SETUP = SALESFORCE.setup
assert SETUP is not None
assert SETUP.renewing is not None
PROBE, STEPS, RENEWING = SETUP.probe, SETUP.steps, SETUP.renewing


def test_a_session_is_made_with_the_apps_credentials_and_again_before_it_ends() -> None:
    assert not RENEWING.due(ACCOUNT, NOW + LASTS)
    assert RENEWING.due(ACCOUNT, NOW + LASTS + timedelta(seconds=1))
    for missing in ("access_token", "session_begun"):
        without = {name: value for name, value in ACCOUNT.access.items() if name != missing}
        assert RENEWING.due(replace(ACCOUNT, access=without), NOW)

    def session(call: Call) -> Answer:
        assert call.method == "POST"
        assert call.url == "https://northwind.my.salesforce.com/services/oauth2/token"
        assert call.headers["content-type"] == "application/x-www-form-urlencoded"
        assert call.body == b"grant_type=client_credentials&client_id=key&client_secret=hush"
        return found({"access_token": "new"})

    assert talked(RENEWING.renew(ACCOUNT, NOW), session) == {
        "access_token": "new",
        "session_begun": NOW.isoformat(),
    }


@pytest.mark.parametrize(
    "answer", [Answer(401), Answer(200), found({"error_description": "invalid client"}, 400)]
)
def test_credentials_that_open_nothing_are_refused(answer: Answer) -> None:
    with pytest.raises(RefusedError):
        talked(RENEWING.renew(ACCOUNT, NOW), lambda call: answer)
    with pytest.raises(RefusedError):
        talked(PROBE(ACCOUNT), lambda call: answer)


@pytest.mark.parametrize(("several", "told_so"), [(Answer(400), ""), (found({}), "1")])
def test_the_session_says_whose_organization_it_is(several: Answer, told_so: str) -> None:
    def answers(call: Call) -> Answer:
        if "CurrencyType" in call.url:
            return several
        return found({"records": [{"Id": "00D000000000001", "Name": "Northwind"}]})

    identity = talked(PROBE(ACCOUNT), answers)
    assert identity == Identity("00D000000000001EAA", "Northwind", {"currencies": told_so})


def test_the_steps_name_every_message_its_address_and_its_fields() -> None:
    url = "https://coach.example/webhooks/salesforce/t"
    steps = STEPS(ACCOUNT, url)
    assert len(steps) == len(MESSAGES) + 3
    assert sum(url in step for step in steps) == len(MESSAGES)
    assert f"Bearer {ACCOUNT.signing[0]}" in steps[-1]
    assert sum("LastStageChangeDate" in step for step in steps) == 1


# Strangers

ANSWERS = {
    "records": json.dumps({"records": [WON, TASK], "nextRecordsUrl": "/x"}).encode(),
    "stages": json.dumps({"records": [{"ApiName": "A", "DefaultProbability": 5.5}]}).encode(),
    "users": json.dumps({"records": [{"Id": "1", "Name": "A", "Email": "a@b.example"}]}).encode(),
    "errors": json.dumps([{"errorCode": "X", "message": "y"}]).encode(),
    "made": json.dumps({"id": "00T9", "access_token": "t"}).encode(),
}


@given(hostile(ANSWERS))
@BOUNDED
def test_hostile_answers_do_no_harm(body: bytes) -> None:
    kinds = [history.kind for history in SALESFORCE.histories]
    answers_do_no_harm(SALESFORCE, ACCOUNT, body, change(NEW), kinds)
    for answer in (Answer(200, {}, body), Answer(400, {}, body)):
        with suppress(RefusedError):
            talked(RENEWING.renew(ACCOUNT, NOW), partial(_answer, answer))


def _answer(answer: Answer, call: Call) -> Answer:
    return answer


def test_what_messages_hold_is_asked_for_as_well() -> None:
    assert set(FIELDS) == set(MESSAGES)
