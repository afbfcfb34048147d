"""Twenty's webhooks are checked on their raw bytes and become what happened; its API is called."""

import base64
import hashlib
import hmac
import json
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from starlette.routing import Router

from bot.crm import worker
from bot.crm.calls import Answer, Call
from bot.crm.intake import Intake
from bot.crm.provider import (
    Account,
    Fetch,
    Fetched,
    PayloadError,
    Reading,
    Request,
    SignatureError,
    Taken,
    Told,
    Want,
    load_providers,
)
from bot.crm.setup import Identity, RefusedError
from coach.events import Change, Event, Owner
from coach.models import Deal, DealStatus, SubjectKind, TaskPriority, TaskStatus, Verb
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
from storage import activities, mirror
from storage.connections import Connection
from tests.bot.crm.vendors import (
    BOUNDED,
    answers_do_no_harm,
    change,
    found,
    hostile,
    payload,
    payloads,
    read_safely,
    talked,
    written,
)
from tests.world import WORKSPACE as OURS
from tests.world import address, connect, crm_of, listening, plain_config, running_parts, serving

TWENTY = load_providers()["twenty"]
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
DEAL, CONTACT, TASK = SubjectKind.DEAL, SubjectKind.CONTACT, SubjectKind.TASK
WORKSPACE = "20202020-1c25-4d02-bf25-6aeccf7ea419"
ACME = "20202020-be10-412b-a663-16bd3c2228e1"
ANN = "20202020-1c0e-494c-a1b6-85b1c6fefaa5"
CALL = "20202020-0d3c-4b3e-8d3f-3c2b1a0f9e01"
ANA = Owner(id="20202020-0687-4c41-b707-ed1bfca972a7")
BEN = Owner(id="20202020-77d5-4cb6-b60a-f4a835a85d61")


def read(name: str) -> Reading:
    return TWENTY.parse(payload("twenty", name), None, NOW)


def event(name: str) -> Event:
    (happened,) = read(name).events
    return happened


def of(name: str, **changed: Any) -> Reading:
    """What a payload says with other values: `record__stage="LOST"`."""
    value = json.loads(payload("twenty", name))
    for place, new in changed.items():
        *way, last = place.split("__")
        at = value
        for each in way:
            at = at[each]
        at[last] = new
    return TWENTY.parse(json.dumps(value).encode(), None, NOW)


# Authenticity

SECRET = "5" * 64
AT = datetime(2026, 5, 29, 10, tzinfo=UTC).timestamp()
ACCOUNT = Account(
    (SECRET,),
    id=WORKSPACE,
    address="https://api.twenty.com",
    access={"api_key": "k3y"},
)


def signed(body: bytes, secret: str = SECRET, at: float = AT) -> Request:
    timestamp = str(int(at * 1000)).encode()
    digest = hmac.new(secret.encode(), timestamp + b":" + body, hashlib.sha256).hexdigest()
    headers = {
        b"x-twenty-webhook-timestamp": timestamp,
        b"x-twenty-webhook-signature": digest.encode(),
        b"x-twenty-webhook-nonce": b"00",
    }
    return Request(headers, body)


WON = payload("twenty", "opportunity_won")


def test_a_signed_webhook_passes_and_a_changed_one_does_not() -> None:
    assert TWENTY.verify(signed(WON), ACCOUNT, AT) is None
    assert TWENTY.verify(signed(WON), Account(("new", SECRET)), AT) is None
    good = signed(WON)
    for bad in (
        Request(good.headers, WON + b" "),
        Request({**good.headers, b"x-twenty-webhook-timestamp": b"1780048800001"}, WON),
        signed(WON, secret=SECRET[:-1]),
    ):
        with pytest.raises(SignatureError, match="does not match"):
            TWENTY.verify(bad, ACCOUNT, AT)
    with pytest.raises(SignatureError, match="does not match"):
        TWENTY.verify(good, Account(()), AT)


def test_the_signature_is_what_openssl_makes_of_it() -> None:
    # printf '1780048800000:{}' | openssl dgst -sha256 -hmac secret
    digest = b"d902bcbbd32f9dfd1f3309f562cd7012e991a8f0f4ddca4927acc009065b69da"
    headers = {
        b"x-twenty-webhook-timestamp": b"1780048800000",
        b"x-twenty-webhook-signature": digest,
    }
    assert TWENTY.verify(Request(headers, b"{}"), Account(("secret",)), 1780048800) is None


def test_a_webhook_is_of_now() -> None:
    for late in (-299, 299):
        assert TWENTY.verify(signed(WON), ACCOUNT, AT + late) is None
    for late in (-301, 301):
        with pytest.raises(SignatureError, match="five minutes"):
            TWENTY.verify(signed(WON), ACCOUNT, AT + late)


@pytest.mark.parametrize(
    "headers",
    [{}, {b"x-twenty-webhook-signature": b"00"}, {b"x-twenty-webhook-timestamp": b"1780048800000"}],
)
def test_one_without_a_signature_says_where_it_is_switched_on(headers: dict[bytes, bytes]) -> None:
    with pytest.raises(SignatureError, match="Secret in Twenty"):
        TWENTY.verify(Request(headers, WON), ACCOUNT, AT)


def test_a_webhook_of_another_workspace_is_refused() -> None:
    with pytest.raises(SignatureError, match="of workspace"):
        TWENTY.verify(signed(WON), Account((SECRET,), id="another"), AT)
    # What cannot be read is let in to be looked at.
    assert TWENTY.verify(signed(b"\xff"), ACCOUNT, AT) is None


def test_a_new_secret_is_32_bytes_and_every_answer_is_a_2xx() -> None:
    assert TWENTY.new_secret is not None
    assert TWENTY.new_secret(lambda size: b"\x05" * size) == "05" * 32
    for taken in (Taken(1), Taken(error="x"), Taken(duplicates=1)):
        assert TWENTY.reply(taken).status == 202


# What happened


@pytest.mark.parametrize(
    ("name", "verb", "kind", "id"),
    [
        ("opportunity_created", Verb.DEAL_CREATED, DEAL, ACME),
        ("opportunity_stage", Verb.DEAL_STAGE_CHANGED, DEAL, ACME),
        ("opportunity_won", Verb.DEAL_STAGE_CHANGED, DEAL, ACME),
        ("opportunity_amount", Verb.DEAL_AMOUNT_CHANGED, DEAL, ACME),
        ("opportunity_owner", Verb.DEAL_OWNER_CHANGED, DEAL, ACME),
        ("opportunity_moved_on_board", Verb.DEAL_UPDATED, DEAL, ACME),
        ("opportunity_deleted", Verb.DEAL_DELETED, DEAL, ACME),
        ("person_created", Verb.CONTACT_CREATED, CONTACT, ANN),
        ("person_updated", Verb.CONTACT_UPDATED, CONTACT, ANN),
        ("task_created", Verb.TASK_CREATED, TASK, CALL),
        ("task_done", Verb.TASK_COMPLETED, TASK, CALL),
        ("task_rescheduled", Verb.TASK_RESCHEDULED, TASK, CALL),
        ("task_destroyed", Verb.TASK_DELETED, TASK, CALL),
        ("task_target_of_opportunity", Verb.TASK_UPDATED, TASK, CALL),
        ("task_target_of_person", Verb.TASK_UPDATED, TASK, CALL),
        ("note_target_of_person", Verb.NOTE_LOGGED, CONTACT, ANN),
    ],
)
def test_what_each_payload_says(name: str, verb: Verb, kind: SubjectKind, id: str) -> None:
    happened = event(name)
    assert (happened.verb, happened.subject_id(kind)) == (verb, id)


@pytest.mark.parametrize("name", ["company_updated", "note_created", "note_target_of_company"])
def test_what_is_not_followed_says_nothing_and_is_no_fault(name: str) -> None:
    assert read(name) == Reading(())
    assert of("opportunity_won", eventName="opportunity.archived") == Reading(())
    assert of("task_target_of_person", eventName="taskTarget.deleted") == Reading(())
    assert of("company_updated", eventName="metadata.view.updated", record=None) == Reading(())


def test_an_opportunity_is_read_whole() -> None:
    at = datetime(2026, 5, 20, 8, tzinfo=UTC)
    assert event("opportunity_created").changes == (
        Change(
            DEAL,
            ACME,
            at,
            {
                "title": "Acme - 400 Widgets",
                "stage": "NEW",
                "status": DealStatus.OPEN,
                "value": Decimal(12000),
                "currency": "USD",
                "expected_close_date": date(2026, 6, 30),
                "contact_id": ANN,
                "created_at": at,
            },
            ANA,
            came=True,
        ),
    )


def test_amounts_are_exact_be_they_text_or_number_and_an_emptied_one_is_none() -> None:
    (change,) = event("opportunity_amount").changes
    assert change.fields["value"] == Decimal("15500.5")
    for micros in (1, "1"):
        (tiny,) = of("opportunity_amount", record__amount={"amountMicros": micros}).events
        assert tiny.changes[0].fields["value"] == Decimal("0.000001")
    for empty in (None, {"amountMicros": None, "currencyCode": ""}):
        (emptied,) = of("opportunity_amount", record__amount=empty).events
        assert emptied.changes[0].fields["value"] is None
    (odd,) = of("opportunity_amount", record__amount="12").events
    assert "value" not in odd.changes[0].fields


@pytest.mark.parametrize(
    ("stage", "status"),
    [
        ("CUSTOMER", DealStatus.WON),
        ("CLOSED_WON", DealStatus.WON),
        ("LOST", DealStatus.LOST),
        ("PROPOSAL", DealStatus.OPEN),
    ],
)
def test_a_stage_says_whether_a_deal_is_won(stage: str, status: DealStatus) -> None:
    (moved,) = of("opportunity_won", record__stage=stage).events
    (change,) = moved.changes
    assert (change.fields["status"], change.came) == (status, True)
    # It happened when the record was changed, not when somebody came to tell.
    assert moved.occurred_at == datetime(2026, 5, 29, 9, 59, 59, tzinfo=UTC)


def test_who_made_an_opportunity_is_its_owner_only_where_it_has_none() -> None:
    assert event("opportunity_owner").changes[0].owner == BEN
    (nobodys,) = of("opportunity_owner", record__ownerId=None).events
    assert nobodys.changes[0].fields["person_id"] is None
    # Older servers have no owners of opportunities.
    (change,) = event("opportunity_stage").changes
    assert (change.owner, change.owner_assumed) == (None, True)
    value = json.loads(payload("twenty", "opportunity_won"))
    del value["record"]["ownerId"]
    (older,) = TWENTY.parse(json.dumps(value).encode(), None, NOW).events
    assert (older.changes[0].owner, older.changes[0].owner_assumed) == (ANA, True)


def test_a_person_has_a_name_and_an_address() -> None:
    (person,) = event("person_created").changes
    assert person.fields["name_given"] == "Ann Lee"
    assert person.fields["email"] == "ann@acme.example"
    assert (person.owner, person.owner_assumed) == (ANA, True)


def test_a_task_is_its_assignees_and_done_when_it_was_done() -> None:
    (task,) = event("task_created").changes
    assert task.fields == {
        "title": "Call Ann",
        "status": TaskStatus.PENDING,
        "due_date": date(2026, 6, 1),
        "note": "About the *offer*",
        "created_at": datetime(2026, 5, 28, 8, tzinfo=UTC),
    }
    assert task.owner == BEN
    (done,) = event("task_done").changes
    assert done.fields["status"] is TaskStatus.COMPLETED
    assert done.fields["completed_at"] == datetime(2026, 6, 1, 10, tzinfo=UTC)


def test_a_task_is_attached_by_itself_in_old_words_and_new() -> None:
    assert event("task_target_of_opportunity").changes[0].fields == {"deal_id": ACME}
    assert event("task_target_of_person").changes[0].fields == {"contact_id": ANN}


def test_a_note_on_a_person_is_a_contact_of_whoever_wrote_it() -> None:
    happened = event("note_target_of_person")
    at = datetime(2026, 5, 28, 9, tzinfo=UTC)
    assert happened.changes == (Change(CONTACT, ANN, at, {"last_contacted_at": at}),)
    assert happened.owner == ANA


def test_a_member_who_changed_is_looked_up() -> None:
    (stub,) = read("member_updated").stubs
    assert (stub.kind, stub.id) == ("workspaceMember", ANA.id)


def test_what_is_told_as_it_is_known_is_no_news() -> None:
    for name in payloads("twenty"):
        for happened in read(name).events:
            assert happened.observed or happened.verb is Verb.NOTE_LOGGED, name


def test_each_change_is_another_event_and_the_same_one_again_is_the_same() -> None:
    keys = [key for name in payloads("twenty") for key in read(name).dedupe_keys]
    assert len(set(keys)) == len(keys)
    assert of("opportunity_won", targetUrl="x").dedupe_keys == read("opportunity_won").dedupe_keys
    # What is deleted for good was put into the trash at the same time.
    trash = of("task_destroyed", eventName="task.deleted")
    assert trash.dedupe_keys != read("task_destroyed").dedupe_keys
    later = of("opportunity_won", eventDate="2026-05-29T10:00:00.001Z")
    assert later.dedupe_keys != read("opportunity_won").dedupe_keys


def test_nothing_happens_in_the_future() -> None:
    at = (NOW + timedelta(days=1)).isoformat()
    (happened,) = of("opportunity_won", record__updatedAt=at).events
    assert happened.occurred_at == NOW


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"eventName": "task.created"}', b'{"eventName": 7, "record": {}}'],
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(PayloadError):
        TWENTY.parse(body, None, NOW)
    with pytest.raises(PayloadError):
        of("opportunity_won", record__id={})


@given(hostile(payloads("twenty")))
@BOUNDED
def test_hostile_bodies_do_no_harm(body: bytes) -> None:
    read_safely(TWENTY, body, NOW)
    with suppress(SignatureError):
        TWENTY.verify(signed(body), ACCOUNT, AT)


# Looking up


def asked(fetch: Fetch) -> Call:
    return TWENTY.fetching[fetch.want].call(ACCOUNT, fetch)


def looked_up(fetch: Fetch, answer: Answer) -> Fetched:
    return TWENTY.fetching[fetch.want].read(ACCOUNT, fetch, answer, NOW)


def record(name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(payload("twenty", name))["record"]
    return value


PAGES = "limit=60&order_by=updatedAt%5BAscNullsFirst%5D"


@pytest.mark.parametrize(
    ("fetch", "path"),
    [
        (Fetch(Want.THING, "opportunity", "8"), "/rest/opportunities/8?depth=0"),
        (Fetch(Want.THING, "task", "../8"), "/rest/tasks/..%2F8?depth=1"),
        (Fetch(Want.THING, "workspaceMember", "8"), "/rest/workspaceMembers/8?depth=0"),
        (Fetch(Want.OWNERS), f"/rest/workspaceMembers?{PAGES}&depth=0"),
        (Fetch(Want.STAGES), "/rest/metadata/objects"),
        (Fetch(Want.HISTORY, "person"), f"/rest/people?{PAGES}&depth=0"),
        (
            Fetch(Want.HISTORY, "task", cursor="a&b", since=NOW),
            (
                f"/rest/tasks?{PAGES}&depth=1"
                "&filter=updatedAt%5Bgte%5D%3A2026-11-23T09%3A00%3A00Z&starting_after=a%26b"
            ),
        ),
    ],
)
def test_where_things_are_looked_up(fetch: Fetch, path: str) -> None:
    call = asked(fetch)
    assert written(call) == ("GET", path, None)
    assert call.url.startswith("https://api.twenty.com/rest/")
    assert call.headers["authorization"] == "Bearer k3y"


def test_a_server_of_ones_own_is_called_at_its_address() -> None:
    own = Account(address="https://crm.northwind.example/")
    call = TWENTY.fetching[Want.OWNERS].call(own, Fetch(Want.OWNERS))
    assert call.url.startswith("https://crm.northwind.example/rest/workspaceMembers?")


def test_every_history_can_be_asked_for() -> None:
    for history in TWENTY.histories:
        assert history.since
        assert asked(Fetch(Want.HISTORY, history.kind)).method == "GET"


def test_a_thing_is_found_as_it_is() -> None:
    fetch = Fetch(Want.THING, "opportunity", ACME)
    answer = found({"data": {"opportunity": record("opportunity_won")}})
    (seen,) = looked_up(fetch, answer).events
    assert (seen.verb, seen.observed) == (Verb.DEAL_UPDATED, True)
    assert seen.changes[0].fields["status"] is DealStatus.WON
    assert seen.changes[0].came is None
    again = looked_up(fetch, answer).events[0]
    assert again.dedupe_key == seen.dedupe_key


def test_what_is_gone_is_deleted() -> None:
    (event,) = looked_up(Fetch(Want.THING, "task", "8"), Answer(404)).events
    assert (event.verb, event.changes[0].fields) == (Verb.TASK_DELETED, {"deleted": True})
    assert looked_up(Fetch(Want.THING, "workspaceMember", "8"), Answer(404)) == Fetched()


def test_a_member_is_an_owner_with_an_address() -> None:
    ana = Owner("ana@northwind.example", ANA.id, "Ana Ruiz")
    member = record("member_updated")
    one = found({"data": {"workspaceMember": member}})
    assert looked_up(Fetch(Want.THING, "workspaceMember", "8"), one).owners == [ana]
    page = {
        "data": {"workspaceMembers": [member, {}, 7]},
        "pageInfo": {"hasNextPage": True, "endCursor": "eyJ"},
    }
    brought = looked_up(Fetch(Want.OWNERS), found(page))
    assert (brought.owners, brought.next) == ([ana], "eyJ")


def test_history_comes_in_pages_with_what_tasks_are_attached_to() -> None:
    targets = [record("task_target_of_opportunity"), record("task_target_of_person")]
    task = record("task_created") | {"taskTargets": targets}
    page = {
        "data": {"tasks": [task, 7, {"id": {}}]},
        "pageInfo": {"hasNextPage": False, "endCursor": "eyJ"},
    }
    brought = looked_up(Fetch(Want.HISTORY, "task"), found(page))
    (event,) = brought.events
    fields = event.changes[0].fields
    assert (fields["deal_id"], fields["contact_id"]) == (ACME, ANN)
    assert [index for index, _ in brought.rejected] == [1, 2]
    # The cursor is of the last record, whether or not one follows.
    assert brought.next is None


@pytest.mark.parametrize("old", [True, False])
def test_stages_are_the_choices_of_a_field(old: bool) -> None:
    options = [
        {"value": "CUSTOMER", "label": "Customer", "position": 4},
        {"value": "LOST", "label": "Lost", "position": "x"},
        {"value": "", "label": "Nothing"},
    ]
    objects = [
        {"nameSingular": "company", "fields": [{"name": "stage", "options": options}]},
        {
            "nameSingular": "opportunity",
            "fields": [{"name": "name"}, {"name": "stage", "options": options}],
        },
    ]
    answer = found({"data": {"objects": objects} if old else objects})
    assert looked_up(Fetch(Want.STAGES), answer).stages == [
        Stage("CUSTOMER", "Customer", place=4, meaning=DealStatus.WON),
        Stage("LOST", "Lost", meaning=DealStatus.LOST),
    ]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"data": 7}', b"\xff"])
def test_an_answer_that_is_none_is_said_to_be_so(body: bytes) -> None:
    for fetch in (
        Fetch(Want.THING, "opportunity", "8"),
        Fetch(Want.HISTORY, "opportunity"),
        Fetch(Want.OWNERS),
    ):
        with pytest.raises(PayloadError):
            looked_up(fetch, Answer(200, {}, body))


# Writing

NEW = CreateTask(
    "c1", "task_1", "Call <Ann>", date(2026, 11, 24), TaskPriority.HIGH, "a < b", ANN, ACME
)


def call(write: CrmWrite, **more: Any) -> Call | None:
    assert TWENTY.writing is not None
    return TWENTY.writing.call(ACCOUNT, change(write, **more), 0.0)


def told(write: CrmWrite, answer: Answer) -> Told:
    assert TWENTY.writing is not None
    return TWENTY.writing.read(change(write), answer)


@pytest.mark.parametrize(
    ("write", "method", "path", "body"),
    [
        (CompleteTask("c1", "2"), "PATCH", "/rest/tasks/2", {"status": "DONE"}),
        (ReopenTask("c1", "2"), "PATCH", "/rest/tasks/2", {"status": "TODO"}),
        (
            RescheduleTask("c1", "2", date(2026, 11, 24)),
            "PATCH",
            "/rest/tasks/2",
            {"dueAt": "2026-11-24T00:00:00.000Z"},
        ),
        (DeleteTask("c1", "2"), "DELETE", "/rest/tasks/2?soft_delete=true", None),
        (
            MoveDeal("c1", "8", "Proposal made"),
            "PATCH",
            "/rest/opportunities/8",
            {"stage": "PROPOSAL_MADE"},
        ),
    ],
)
def test_each_change_is_one_call(write: CrmWrite, method: str, path: str, body: object) -> None:
    made = call(write, stage=Stage("PROPOSAL_MADE", "Proposal made"))
    assert written(made) == (method, path, body)
    assert made is not None
    assert made.repeatable


def test_a_new_task_is_its_owners_and_is_not_made_twice() -> None:
    made = call(NEW, owner=ANA)
    assert written(made) == (
        "POST",
        "/rest/tasks",
        {
            "title": "Call <Ann>",
            "status": "TODO",
            "dueAt": "2026-11-24T00:00:00.000Z",
            "bodyV2": {"markdown": "a < b"},
            "assigneeId": ANA.id,
        },
    )
    assert made is not None
    assert not made.repeatable
    bare = CreateTask("c1", "task_1", "Call", None, TaskPriority.LOW)
    assert written(call(bare))[2] == {"title": "Call", "status": "TODO"}


def test_a_stage_nobody_listed_is_called_as_the_deal_had_it() -> None:
    assert written(call(MoveDeal("c1", "8", "PROPOSAL")))[2] == {"stage": "PROPOSAL"}


def test_there_are_no_calls_to_be_logged() -> None:
    assert call(LogContact("c1", ANN, Verb.CALL_LOGGED)) is None


def test_the_answer_names_what_was_made_or_says_why_not() -> None:
    assert told(NEW, found({"data": {"createTask": {"id": "t-9"}}}, 201)) == Told(remote_id="t-9")
    refusal = {"statusCode": 400, "error": "BadRequestException", "messages": ["No such stage"]}
    assert told(NEW, found(refusal, 400)) == Told(refusal="HTTP 400: No such stage")
    assert told(NEW, Answer(429)) == Told(again="HTTP 429")
    assert told(DeleteTask("c1", "2"), Answer(404)) == Told()
    assert told(CompleteTask("c1", "2"), Answer(404)).refusal


# Linking

SETUP = TWENTY.setup
assert SETUP is not None


def api_key(claims: object) -> Account:
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return Account((SECRET,), access={"api_key": f"eyJ.{middle}.x"})


def test_the_key_says_whose_workspace_it_is() -> None:
    assert SETUP is not None
    calls: list[Call] = []

    def answer(call: Call) -> Answer:
        calls.append(call)
        return found({"data": {"workspaceMembers": []}})

    account = api_key({"sub": WORKSPACE, "type": "API_KEY", "workspaceId": WORKSPACE})
    assert talked(SETUP.probe(account), answer) == Identity(WORKSPACE)
    assert written(calls[0])[1] == "/rest/workspaceMembers?limit=1"
    with pytest.raises(RefusedError, match="HTTP 401"):
        talked(SETUP.probe(account), lambda call: Answer(401))


@pytest.mark.parametrize("key", ["", "k3y", "a.b.c", "a.%.c", "a.bnVsbA.c", "é.é.é"])
def test_what_is_no_key_is_refused(key: str) -> None:
    assert SETUP is not None
    for account in (Account(access={"api_key": key}), api_key({"sub": "x"}), api_key([])):
        with pytest.raises(RefusedError, match="no API key"):
            talked(SETUP.probe(account), lambda call: Answer(200))


def test_what_is_to_be_clicked_holds_address_and_secret() -> None:
    assert SETUP is not None
    said = "\n".join(SETUP.steps(ACCOUNT, "https://coach.example/webhooks/twenty/t"))
    assert "https://coach.example/webhooks/twenty/t" in said
    assert SECRET in said


# All the way


async def test_what_happens_in_twenty_is_recorded_once(sqlite_url: str) -> None:
    on = listening()
    connection = Connection(
        *(OURS, "twenty", "twenty", "token-of-twenty-0123456789", (SECRET,), ""),
        account_id=WORKSPACE,
    )
    later = json.loads(payload("twenty", "opportunity_moved_on_board"))
    later["record"] |= {"stage": "CUSTOMER", "updatedAt": "2026-05-30T09:00:00.000Z"}
    bodies = [
        payload("twenty", "opportunity_created"),
        payload("twenty", "company_updated"),
        payload("twenty", "opportunity_won"),
        payload("twenty", "opportunity_won"),
        json.dumps(later).encode(),
        b'{"eventName": "task.updated"}',
    ]
    async with running_parts(sqlite_url) as parts:
        await connect(parts, connection)
        crm = crm_of(parts)
        app = Router(Intake(crm).routes())
        url = f"{address(on)}/webhooks/twenty/{connection.token}"
        async with serving(plain_config(app), on), aiohttp.ClientSession() as http:
            for body in bodies:
                request = signed(body, at=crm.wall())
                headers = {k.decode(): v.decode() for k, v in request.headers.items()}
                async with http.post(url, data=body, headers=headers) as answer:
                    assert answer.status == 202
        await worker.work_off(crm)
        async with parts.database.read() as tx:
            told = [each.verb for each in await activities.recent(tx, OURS)][::-1]
            deal = (await mirror.load(tx, DEAL, OURS, "twenty", [ACME]))[ACME]
    # Moved within its column of the board, nothing has happened to it.
    assert told == [Verb.DEAL_CREATED, Verb.DEAL_CLOSED]
    assert isinstance(deal, Deal)
    assert (deal.status, deal.stage) == (DealStatus.WON, "CUSTOMER")


# Strangers

ANSWERS = {
    "tasks": json.dumps({"data": {"tasks": [record("task_created")]}}).encode(),
    "task": json.dumps({"data": {"task": record("task_created")}}).encode(),
    "member": json.dumps({"data": {"workspaceMember": record("member_updated")}}).encode(),
    "stages": json.dumps(
        {
            "data": [
                {
                    "nameSingular": "opportunity",
                    "fields": [
                        {
                            "name": "stage",
                            "options": [{"value": "A", "label": "A", "position": 1}],
                        }
                    ],
                }
            ]
        }
    ).encode(),
    "made": json.dumps({"data": {"createTask": {"id": "1"}}, "messages": ["x"]}).encode(),
}


@given(hostile(ANSWERS))
@BOUNDED
def test_hostile_answers_do_no_harm(body: bytes) -> None:
    kinds = ["opportunity", "person", "task", "workspaceMember"]
    answers_do_no_harm(TWENTY, ACCOUNT, body, change(NEW), kinds)
