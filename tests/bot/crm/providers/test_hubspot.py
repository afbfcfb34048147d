"""HubSpot's webhooks are checked over the whole address, and say what is to be looked up."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.crm.calls import Answer
from bot.crm.provider import Account, PayloadError, Reading, Request, SignatureError
from bot.crm.providers.hubspot import PROVIDER as HUBSPOT
from bot.crm.providers.hubspot.signature import signature, signed_url
from coach.models import SubjectKind, Verb

PAYLOADS = Path(__file__).parents[1] / "payloads" / "hubspot"
VECTORS = {each["name"]: each for each in json.loads((PAYLOADS / "vectors.json").read_text())}
V3 = VECTORS["hubspot-v3-python"]
SIGNED_AT = int(V3["timestamp"]) / 1000
ACCOUNT = Account(access={"client_secret": V3["secret"]})
RECEIVED = datetime(2026, 11, 25, 10, tzinfo=UTC)


def sent(**more: Any) -> Request:
    """The request of the published example."""
    headers = {
        b"x-hubspot-signature-v3": V3["expected"].encode(),
        b"x-hubspot-request-timestamp": V3["timestamp"].encode(),
        **more.pop("headers", {}),
    }
    values: dict[str, Any] = {"body": V3["body"].encode(), "url": V3["url"], **more}
    return Request(headers, **values)


def read(name: str, received: datetime = RECEIVED) -> Reading:
    value = json.loads((PAYLOADS / f"{name}.json").read_text())
    body = value["body"] if name.startswith("workflow") else value
    return HUBSPOT.parse(json.dumps(body).encode(), None, received)


def named(reading: Reading) -> list[tuple[str, str, str]]:
    return [(each.kind, each.id, each.hint) for each in reading.stubs]


def ended(reading: Reading) -> list[tuple[Verb, str]]:
    return [(each.verb, each.changes[0].id) for each in reading.events]


# Signatures


def test_the_published_example_passes_by_the_accounts_secret_or_that_of_our_app() -> None:
    assert HUBSPOT.verify(sent(), ACCOUNT, SIGNED_AT) is None
    ours = Account(app={"client_secret": V3["secret"]})
    assert HUBSPOT.verify(sent(), ours, SIGNED_AT) is None


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"body": b"{}"}, "does not match"),
        ({"url": V3["url"] + "?a=1"}, "does not match"),
        ({"method": "PUT"}, "does not match"),
        ({"headers": {b"x-hubspot-signature-v3": b""}}, "does not match"),
        ({"headers": {b"x-hubspot-signature-v3": b"\xff"}}, "does not match"),
        ({"headers": {b"x-hubspot-request-timestamp": b""}}, "milliseconds"),
        ({"headers": {b"x-hubspot-request-timestamp": b"\xd9\xa1"}}, "milliseconds"),
        ({"url": "/webhooks/hubspot/x"}, "COACH_PUBLIC_URL"),
    ],
)
def test_a_request_that_differs_is_refused(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(SignatureError, match=why):
        HUBSPOT.verify(sent(**changed), ACCOUNT, SIGNED_AT)


@pytest.mark.parametrize("late", [301, -301])
def test_an_old_request_is_refused_and_one_from_the_future_too(late: float) -> None:
    with pytest.raises(SignatureError, match="five minutes"):
        HUBSPOT.verify(sent(), ACCOUNT, SIGNED_AT + late)
    assert HUBSPOT.verify(sent(), ACCOUNT, SIGNED_AT + late - (1 if late > 0 else -1)) is None


@pytest.mark.parametrize("name", ["hubspot-v1-contact-creation", "hubspot-v2-post"])
def test_signatures_without_a_time_are_not_taken(name: str) -> None:
    vector = VECTORS[name]
    headers = {b"x-hubspot-signature": vector["expected"].encode()}
    account = Account(access={"client_secret": vector["secret"]})
    request = Request(headers, vector["body"].encode(), url=vector.get("url", V3["url"]))
    with pytest.raises(SignatureError):
        HUBSPOT.verify(request, account, SIGNED_AT)


def test_without_a_secret_nothing_passes() -> None:
    with pytest.raises(SignatureError, match="client secret is not known"):
        HUBSPOT.verify(sent(), Account(access={"client_secret": ""}), SIGNED_AT)
    # Everybody could sign with an empty one.
    body, stamp = V3["body"].encode(), V3["timestamp"].encode()
    headers = {b"x-hubspot-signature-v3": signature("", "POST", V3["url"], body, stamp)}
    with pytest.raises(SignatureError, match="client secret is not known"):
        HUBSPOT.verify(sent(headers=headers), Account(app={"client_secret": ""}), SIGNED_AT)


def test_of_the_address_some_signs_are_decoded_before_it_is_signed_and_others_stay() -> None:
    assert signed_url("https://x.example/a%20b?u=%3a%2F%3F%40%21%24%27%28%29%2A%2C%3B%26") == (
        "https://x.example/a%20b?u=:/?@!$'()*,;%26"
    )
    url = "https://x.example/hook?to=a%40b"
    headers = {
        b"x-hubspot-signature-v3": signature(
            "s", "POST", "https://x.example/hook?to=a@b", b"[]", b"7"
        ),
        b"x-hubspot-request-timestamp": b"7",
    }
    HUBSPOT.verify(Request(headers, b"[]", url=url), Account(access={"client_secret": "s"}), 0.0)


# What they say


@pytest.mark.parametrize(
    ("name", "stubs"),
    [
        ("deal_creation", [("deal", "5001", "created")]),
        ("deal_stage_changed", [("deal", "5001", "changed")]),
        ("object_deal_stage_changed", [("deal", "5001", "changed")]),
        ("deal_closed_won_batch", [("deal", "5001", "changed")] * 4),
        ("deal_association_change", [("deal", "5001", "changed")]),
        ("contact_propertychange_email", [("contact", "347163431125", "changed")]),
        ("object_contact_propertychange", [("contact", "546500061938", "changed")]),
        (
            "docs_contact_propertychange_and_creation",
            [("contact", "1246965", "changed"), ("contact", "1246978", "created by import")],
        ),
        (
            "object_task_created_and_completed",
            [("task", "7001", "created"), ("task", "7001", "changed")],
        ),
        ("workflow_action_contact", [("contact", "251", "changed")]),
        ("workflow_action_company", []),
        ("company_propertychange_name", []),
        ("object_custom_deletion", []),
    ],
)
def test_what_changed_is_to_be_looked_up(name: str, stubs: list[tuple[str, str, str]]) -> None:
    reading = read(name)
    assert named(reading) == stubs
    assert (list(reading.events), list(reading.rejected)) == ([], [])


def test_what_is_deleted_is_gone_at_once_at_its_time() -> None:
    (event,) = read("deal_deletion").events
    assert (event.verb, event.observed) == (Verb.DEAL_DELETED, True)
    (change,) = event.changes
    assert (change.kind, change.id, change.fields) == (SubjectKind.DEAL, "5001", {"deleted": True})
    assert change.at == event.occurred_at == datetime.fromtimestamp(1788000011, UTC)
    assert ended(read("contact_deletion")) == [(Verb.CONTACT_DELETED, "347163431125")]


def test_what_lies_ahead_by_hubspots_clock_happened_when_it_came() -> None:
    before = datetime(2020, 1, 1, tzinfo=UTC)
    (event,) = read("deal_deletion", before).events
    assert event.occurred_at == event.changes[0].at == before


def test_of_a_merge_the_one_that_is_left_is_looked_up_and_the_others_are_gone() -> None:
    reading = read("contact_merge")
    assert named(reading) == [("contact", "5103", "changed")]
    assert ended(reading) == [(Verb.CONTACT_DELETED, "5101"), (Verb.CONTACT_DELETED, "5102")]
    assert len(set(reading.dedupe_keys)) == 3
    (item,) = json.loads((PAYLOADS / "contact_merge.json").read_text())
    del item["newObjectId"]
    older = HUBSPOT.parse(json.dumps([item]).encode(), None, RECEIVED)
    assert named(older) == [("contact", "5101", "changed")]
    assert ended(older) == [(Verb.CONTACT_DELETED, "5102")]


def test_who_asks_to_be_forgotten_is() -> None:
    item = {"subscriptionType": "contact.privacyDeletion", "objectId": 7, "occurredAt": 1}
    (event,) = HUBSPOT.parse(json.dumps([item]).encode(), None, RECEIVED).events
    fields = event.changes[0].fields
    assert fields["deleted"] is True
    assert (fields["name_given"], fields["email"], fields["company"]) == ("", None, None)


def test_a_retry_is_the_same_event_and_what_differs_is_another() -> None:
    first = read("contact_propertychange_email").dedupe_keys
    assert read("redelivery_attempt_3").dedupe_keys == first
    keys = read("deal_closed_won_batch").dedupe_keys
    assert len(set(keys)) == 4
    item = json.loads((PAYLOADS / "contact_propertychange_email.json").read_text())[0]
    for name, value in (("propertyName", "x"), ("propertyValue", "x"), ("eventId", 1),
                        ("portalId", 1), ("objectId", 1), ("occurredAt", 1)):  # fmt: skip
        body = json.dumps([{**item, name: value}]).encode()
        assert HUBSPOT.parse(body, None, RECEIVED).dedupe_keys != first


def test_one_bad_event_of_a_batch_keeps_no_other_from_counting() -> None:
    good = json.loads((PAYLOADS / "deal_creation.json").read_text())[0]
    bad: list[Any] = [7, {}, {**good, "objectId": None}, {**good, "objectId": True},
                      {**good, "subscriptionType": "deal.merge", "objectId": {}}]  # fmt: skip
    reading = HUBSPOT.parse(json.dumps([*bad, good]).encode(), None, RECEIVED)
    assert [index for index, _ in reading.rejected] == [0, 1, 2, 3, 4]
    assert named(reading) == [("deal", "5001", "created")]


@pytest.mark.parametrize("source", [[], {}, 7, None])
def test_where_an_event_comes_from_may_be_told_oddly(source: object) -> None:
    item = json.loads((PAYLOADS / "deal_creation.json").read_text())[0]
    body = json.dumps([{**item, "changeSource": source}]).encode()
    assert named(HUBSPOT.parse(body, None, RECEIVED)) == [("deal", "5001", "created")]


@pytest.mark.parametrize(
    "what", ["deal.eaten", "deal", "", "object.creation", "conversation.creation"]
)
def test_what_is_not_known_here_is_left(what: str) -> None:
    body = json.dumps([{"subscriptionType": what or "x", "objectId": 7}]).encode()
    assert HUBSPOT.parse(body, None, RECEIVED) == Reading([], [], [])


@pytest.mark.parametrize(
    "body", [b"", b"7", b'"x"', b"{", b"\xff", b"{}", b"null", b'[{"a":1,"a":2}]']
)
def test_a_body_of_no_known_form_is_refused(body: bytes) -> None:
    with pytest.raises(PayloadError):
        HUBSPOT.parse(body, None, RECEIVED)


def test_each_account_gets_its_own_events() -> None:
    split = HUBSPOT.split
    assert split is not None
    items = [{"portalId": 1, "a": 1}, {"portalId": 2}, {"portalId": 1, "a": 2}, 7, {}]
    parts = split(json.dumps(items).encode())
    assert set(parts) == {"1", "2", ""}
    assert [item["a"] for item in json.loads(parts["1"])] == [1, 2]
    workflow = json.dumps({"portal-id": 3, "vid": 1}).encode()
    assert split(workflow) == {"3": workflow}
    with pytest.raises(PayloadError):
        split(b"{")


# Limits


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (b'{"policyName": "SECONDLY"}', 1),
        (b'{"policyName": "TEN_SECONDLY_ROLLING"}', 10),
        (b'{"policyName": "DAILY"}', 3600),
        (b"", 10),
    ],
)
def test_how_long_it_wants_to_be_left_alone_follows_from_the_limit(
    body: bytes, seconds: int
) -> None:
    assert HUBSPOT.rest(Answer(429, {}, body), RECEIVED) == timedelta(seconds=seconds)
    assert HUBSPOT.rest(Answer(429, {"retry-after": "3"}, body), RECEIVED) == timedelta(seconds=3)
    assert HUBSPOT.rest(Answer(200, {}, body), RECEIVED) is None
