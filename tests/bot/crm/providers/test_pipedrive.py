"""Pipedrive's webhooks are checked as far as they can be, and become what happened."""

import base64
import json
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from bot.crm.provider import (
    Account,
    PayloadError,
    Reading,
    Request,
    SignatureError,
    Stub,
    Taken,
    load_providers,
)
from bot.crm.providers.pipedrive.things import MARK
from coach.events import Change, Event, Owner
from coach.models import DealStatus, Origin, SubjectKind, TaskStatus, Verb
from tests.bot.crm.vendors import BOUNDED, hostile, payload, payloads, read_safely

PIPEDRIVE = load_providers()["pipedrive"]
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
DEAL, CONTACT, TASK = SubjectKind.DEAL, SubjectKind.CONTACT, SubjectKind.TASK


def read(name: str) -> Reading:
    return PIPEDRIVE.parse(payload("pipedrive", name), None, NOW)


def event(name: str) -> Event:
    (found,) = read(name).events
    return found


def of(name: str = "v2_deal_won", **changed: Any) -> Reading:
    """What a payload says with other values: `meta__attempt=3`."""
    value = json.loads(payload("pipedrive", name))
    for place, new in changed.items():
        *way, last = place.split("__")
        at = value
        for each in way:
            at = at[each]
        at[last] = new
    return PIPEDRIVE.parse(json.dumps(value).encode(), None, NOW)


# Authenticity

SECRET = "coach:" + "5" * 64
ACCOUNT = Account((SECRET,), id="15747575", subscription=("1872755",))


def basic(secret: str) -> dict[bytes, bytes]:
    return {b"authorization": b"Basic " + base64.b64encode(secret.encode())}


def checked(
    account: Account = ACCOUNT,
    secret: str = SECRET,
    *,
    late: float = 5,
    body: bytes | None = None,
) -> str | None:
    body = payload("pipedrive", "v2_deal_won") if body is None else body
    wall = datetime(2026, 5, 29, 10, tzinfo=UTC).timestamp() + late
    return PIPEDRIVE.verify(Request(basic(secret), body), account, wall)


def test_user_and_password_are_checked_and_the_event_has_an_id() -> None:
    assert checked() == "22222222-2222-4222-8222-222222222222"
    assert checked(Account(("coach:new", SECRET))) is not None
    for wrong in (SECRET[:-1], SECRET + "0", "", "coach:"):
        with pytest.raises(SignatureError):
            checked(secret=wrong)
    with pytest.raises(SignatureError):
        checked(Account(()))
    with pytest.raises(SignatureError):
        PIPEDRIVE.verify(Request({}, b"{}"), ACCOUNT, 0.0)


def test_a_header_that_was_captured_is_what_it_says() -> None:
    headers = {b"authorization": b"Basic dXNlcm5hbWU6cGFzc3dvcmQ="}
    account = Account(("username:password",))
    assert PIPEDRIVE.verify(Request(headers, b""), account, 0.0) is None
    bearer = {b"authorization": b"Bearer dXNlcm5hbWU6cGFzc3dvcmQ="}
    with pytest.raises(SignatureError):
        PIPEDRIVE.verify(Request(bearer, b""), account, 0.0)


def test_what_is_not_signed_is_at_least_of_this_company_and_subscription_and_of_now() -> None:
    with pytest.raises(SignatureError, match="of company 15747575"):
        checked(Account((SECRET,), id="8087566"))
    with pytest.raises(SignatureError, match="none of those"):
        checked(Account((SECRET,), subscription=("1",)))
    assert checked(late=3599)
    with pytest.raises(SignatureError, match="an hour old"):
        checked(late=3601)


def test_what_cannot_be_read_is_let_in_to_be_looked_at() -> None:
    assert checked(body=b"\xff") is None
    assert checked(body=b'{"meta": {"id": 7, "company_id": {}, "timestamp": {}}}') is None


def test_a_new_secret_is_a_user_and_a_long_password() -> None:
    assert PIPEDRIVE.new_secret is not None
    assert PIPEDRIVE.new_secret(lambda size: b"\x05" * size) == "coach:" + "05" * 32


def test_every_answer_is_a_2xx() -> None:
    for taken in (Taken(1), Taken(error="x"), Taken(rejected=[(0, "x")]), Taken(duplicates=1)):
        assert PIPEDRIVE.reply(taken).status == 202


# What happened


@pytest.mark.parametrize(
    ("name", "verb", "kind", "id"),
    [
        ("v2_create_deal", Verb.DEAL_CREATED, DEAL, "8"),
        ("v2_create_deal_attempt_3", Verb.DEAL_CREATED, DEAL, "178"),
        ("v2_change_deal", Verb.DEAL_UPDATED, DEAL, "8"),
        ("v2_deal_stage_changed", Verb.DEAL_STAGE_CHANGED, DEAL, "178"),
        ("v2_deal_won", Verb.DEAL_CLOSED, DEAL, "178"),
        ("v2_deal_lost", Verb.DEAL_CLOSED, DEAL, "178"),
        ("v2_deal_reopened", Verb.DEAL_REOPENED, DEAL, "178"),
        ("v2_delete_deal", Verb.DEAL_DELETED, DEAL, "8"),
        ("v2_create_person", Verb.CONTACT_CREATED, CONTACT, "8"),
        ("v2_change_person", Verb.CONTACT_UPDATED, CONTACT, "8"),
        ("v2_delete_person", Verb.CONTACT_DELETED, CONTACT, "8"),
        ("v2_person_deleted_by_merge", Verb.CONTACT_UPDATED, CONTACT, "8"),
        ("v2_create_activity", Verb.TASK_CREATED, TASK, "2"),
        ("v2_change_activity", Verb.TASK_UPDATED, TASK, "2"),
        ("v2_activity_done", Verb.TASK_COMPLETED, TASK, "2"),
        ("v2_delete_activity", Verb.TASK_DELETED, TASK, "2"),
        ("v2_create_note", Verb.NOTE_LOGGED, CONTACT, "10"),
        ("v1_added_deal", Verb.DEAL_CREATED, DEAL, "1"),
        ("v1_updated_deal", Verb.DEAL_AMOUNT_CHANGED, DEAL, "1315"),
        ("v1_added_person", Verb.CONTACT_CREATED, CONTACT, "3"),
        ("v1_updated_person", Verb.CONTACT_UPDATED, CONTACT, "3"),
        ("v1_deleted_person", Verb.CONTACT_DELETED, CONTACT, "2"),
        ("v1_added_activity", Verb.TASK_CREATED, TASK, "2"),
        ("v1_deleted_activity", Verb.TASK_DELETED, TASK, "2"),
    ],
)
def test_what_each_payload_says(name: str, verb: Verb, kind: SubjectKind, id: str) -> None:
    found = event(name)
    assert (found.verb, found.subject_id(kind)) == (verb, id)


@pytest.mark.parametrize(
    ("name", "kind", "id"),
    [("v2_change_stage", "stages", "all"), ("v2_user_deactivated", "user", "15702024")],
)
def test_stages_and_users_are_looked_up_anew(name: str, kind: str, id: str) -> None:
    (stub,) = read(name).stubs
    assert (stub.kind, stub.id) == (kind, id)


@pytest.mark.parametrize("name", ["v2_change_lead", "v1_added_organization"])
def test_what_is_not_followed_is_passed_over(name: str) -> None:
    found = read(name)
    assert not found.dedupe_keys
    assert not found.rejected
    assert [index for index, _ in found.passed] == [0]


def test_every_payload_is_read() -> None:
    for name in payloads("pipedrive"):
        found = read(name)
        assert len(found.events) + len(found.stubs) + len(found.passed) == 1, name


def test_a_created_deal_is_read_whole() -> None:
    at = datetime(2022, 11, 24, 13, 18, 56, 89000, tzinfo=UTC)
    assert event("v2_create_deal") == Event(
        event("v2_create_deal").dedupe_key,
        Verb.DEAL_CREATED,
        at,
        (
            Change(
                DEAL,
                "8",
                at,
                {
                    "title": "Sample Org deal",
                    "value": Decimal(100),
                    "currency": "EUR",
                    "stage": "2",
                    "pipeline": "1",
                    "status": DealStatus.OPEN,
                    "contact_id": "8",
                    "created_at": datetime(2022, 11, 24, 13, 18, 55, tzinfo=UTC),
                    "expected_close_date": None,
                    "probability": None,
                    "lost_reason": None,
                    "url": "https://pd-us.pipedrive.com/deal/8",
                },
                Owner(id="12415231"),
                came=True,
            ),
        ),
        origin=Origin.UI,
    )


def test_a_stage_change_tells_where_the_deal_was() -> None:
    (change,) = event("v2_deal_stage_changed").changes
    assert (change.before, change.fields["stage"]) == ({"stage": "12"}, "13")


def test_a_won_deal_was_won_when_pipedrive_says() -> None:
    (change,) = event("v2_deal_won").changes
    assert change.fields["status"] is DealStatus.WON
    assert change.fields["closed_at"] == datetime(2026, 5, 29, 10, tzinfo=UTC)
    assert change.before == {"status": DealStatus.OPEN}


def test_a_lost_deal_has_its_reason_and_a_reopened_one_is_open() -> None:
    (lost,) = event("v2_deal_lost").changes
    assert (lost.fields["status"], lost.fields["lost_reason"]) == (DealStatus.LOST, "Price")
    (again,) = event("v2_deal_reopened").changes
    assert again.fields["status"] is DealStatus.OPEN


def test_a_won_deal_that_is_moved_is_not_won_once_more() -> None:
    (moved,) = of("v2_deal_stage_changed", data__status="won").events
    assert moved.verb is Verb.DEAL_UPDATED


def test_owner_amount_and_date_are_told_apart() -> None:
    name = "v2_deal_stage_changed"
    for previous, verb in (
        ({"owner_id": 1}, Verb.DEAL_OWNER_CHANGED),
        ({"value": 1}, Verb.DEAL_AMOUNT_CHANGED),
        ({"pipeline_id": 2}, Verb.DEAL_STAGE_CHANGED),
        ({"expected_close_date": None}, Verb.DEAL_UPDATED),
    ):
        (found,) = of(name, previous=previous).events
        assert found.verb is verb


def test_what_was_merged_into_another_was_not_deleted_by_anybody() -> None:
    found = event("v2_person_deleted_by_merge")
    assert (found.verb, found.details) == (Verb.CONTACT_UPDATED, {"merged_to": "9"})
    assert found.changes[0].fields == {"deleted": True}
    (into,) = of("v2_change_person", meta__merged_from_id="8").events
    assert into.details == {"merged_from": "8"}


def test_a_done_activity_is_a_task_done_and_a_meeting_held() -> None:
    found = event("v2_activity_done")
    task, contact = found.changes
    at = datetime(2022, 11, 24, 16, tzinfo=UTC)
    assert task.fields["status"] is TaskStatus.COMPLETED
    assert (task.fields["completed_at"], task.fields["due_date"]) == (at, date(2022, 11, 24))
    assert (task.fields["deal_id"], task.fields["contact_id"]) == ("10", "10")
    assert contact == Change(CONTACT, "10", at, {"last_contacted_at": at})
    (plain,) = of("v2_activity_done", data__type="task").events
    assert [change.kind for change in plain.changes] == [TASK]


def test_what_is_entered_when_it_is_over_is_a_call() -> None:
    (call,) = of("v2_create_activity", data__done=True, data__type="call").events
    assert call.verb is Verb.CALL_LOGGED
    assert [change.kind for change in call.changes] == [TASK, CONTACT]
    (todo,) = of("v2_create_activity", data__done=True, data__type="todo").events
    assert todo.verb is Verb.TASK_COMPLETED


def test_another_date_is_a_rescheduled_task() -> None:
    (moved,) = of("v2_change_activity", previous={"due_date": "2022-11-23"}).events
    assert moved.verb is Verb.TASK_RESCHEDULED


def test_a_note_is_a_contact_and_its_change_is_nothing() -> None:
    found = event("v2_create_note")
    assert [(change.kind, change.id) for change in found.changes] == [(CONTACT, "10"), (DEAL, "10")]
    assert found.owner == Owner(id="12415231")
    assert not of("v2_create_note", meta__action="change").events


def test_an_archived_deal_is_gone_and_a_won_one_stays() -> None:
    (found,) = of("v2_change_deal", data__is_archived=True).events
    assert found.changes[0].fields["deleted"] is True
    (found,) = of("v2_deal_won", data__is_archived=True).events
    assert "deleted" not in found.changes[0].fields


def test_what_lies_in_the_bin_is_deleted() -> None:
    (found,) = of("v2_change_activity", data__active_flag=False).events
    assert (found.verb, found.changes[0].fields) == (Verb.TASK_DELETED, {"deleted": True})


def test_the_primary_of_several_addresses_counts() -> None:
    emails = [{"value": "old@acme.example"}, 7, {"value": "ann@acme.example", "primary": True}]
    (found,) = of("v2_create_person", data__emails=emails).events
    assert found.changes[0].fields["email"] == "ann@acme.example"


# Identity, origin and our own changes


def test_a_repeat_is_the_same_event_and_two_changes_are_two() -> None:
    again = of("v2_create_deal_attempt_3", meta__attempt=1)
    assert again.dedupe_keys == read("v2_create_deal_attempt_3").dedupe_keys
    keys = [key for name in payloads("pipedrive") for key in read(name).dedupe_keys]
    # The merged person is the deleted one, told with one word more.
    assert len(set(keys)) == len(keys) - 1


def test_of_a_user_the_event_has_no_id_of_its_own() -> None:
    later = of("v2_user_deactivated", meta__timestamp=1669304803)
    assert later.dedupe_keys != read("v2_user_deactivated").dedupe_keys


def test_a_bulk_edit_is_no_news() -> None:
    assert event("v2_deal_won").origin is Origin.UI
    (found,) = of(meta__is_bulk_edit=True).events
    assert found.origin is Origin.IMPORT


def test_what_was_done_by_api_may_have_been_us() -> None:
    (found,) = of(meta__change_source="api").events
    assert (found.verb, found.origin, found.observed) == (Verb.DEAL_CLOSED, Origin.API, True)
    assert event("v2_deal_won").observed
    assert not event("v2_create_deal").observed
    assert of("v2_create_deal", meta__change_source="api").events[0].observed


def test_what_the_coach_has_logged_is_not_told_again() -> None:
    subject = f"Call {MARK}"
    by_us = {"data__subject": subject, "data__done": True, "meta__change_source": "api"}
    assert of("v2_create_activity", **by_us) == Reading(())
    note = {"data__content": f"<p>Contacted {MARK}</p>", "meta__change_source": "api"}
    assert of("v2_create_note", **note) == Reading(())
    # Somebody may write the same words.
    assert of("v2_create_activity", data__subject=subject, data__done=True).events


# Strangers


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"meta": {}}', b'{"meta": {"action": "create", "entity": "deal"}}'],
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(PayloadError):
        PIPEDRIVE.parse(body, None, NOW)


def test_data_of_another_thing_than_meta_says_is_refused() -> None:
    with pytest.raises(PayloadError, match="two things"):
        of(data__id=179)


def test_nothing_happens_in_the_future() -> None:
    at = (NOW + timedelta(days=1)).isoformat()
    (found,) = of(meta__timestamp=at).events
    assert found.occurred_at == NOW


def test_only_addresses_of_pipedrive_are_linked() -> None:
    for host in ("evil.example", "a.pipedrive.com.evil.example", "x/y.pipedrive.com", 7, None):
        (found,) = of(meta__host=host).events
        assert "url" not in found.changes[0].fields


@given(hostile(payloads("pipedrive")))
@BOUNDED
def test_hostile_bodies_do_no_harm(body: bytes) -> None:
    read_safely(PIPEDRIVE, body, NOW)
    with suppress(SignatureError):
        PIPEDRIVE.verify(Request(basic(SECRET), body), ACCOUNT, NOW.timestamp())


def test_a_stub_is_of_one_thing() -> None:
    (stub,) = read("v2_user_deactivated").stubs
    assert stub == Stub(stub.dedupe_key, "user", "15702024")
