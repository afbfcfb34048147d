"""What comes through a socket is read with the same care as what is posted."""

import json
from typing import Any

import pytest
from slack_bolt.response import BoltResponse

from bot.slack.socket.envelopes import Envelope, Goodbye, Hello, acknowledgement, read


def envelope(payload: object, **more: Any) -> str:
    return json.dumps({"type": "interactive", "envelope_id": "e1", "payload": payload, **more})


def test_hello_and_goodbye_are_told_from_envelopes() -> None:
    assert read('{"type": "hello", "num_connections": 3}') == Hello(3)
    assert read('{"type": "hello"}') == Hello(1)
    assert read('{"type": "disconnect", "reason": "warning"}') == Goodbye("warning")
    assert read('{"type": "disconnect"}') == Goodbye("unknown")
    found = read(envelope({"trigger_id": "1.2"}))
    assert isinstance(found, Envelope)
    assert (found.id, found.payload, found.headers) == ("e1", {"trigger_id": "1.2"}, {})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Ping from applink.slack-edge.com",
        "{not json",
        "[]",
        '{"a": NaN}',
        '{"type": "interactive"}',
        '{"type": "interactive", "envelope_id": 7, "payload": {}}',
        '{"type": "interactive", "envelope_id": "", "payload": {}}',
        envelope([]),
        envelope({"a": 1}).replace('"a"', '"a": 1, "a"'),
        # No database can look such an id up.
        envelope({"team": {"id": "T\0"}}),
        envelope({"event": {"user": "U\0"}}),
        '{"a":' * 500 + "1" + "}" * 500,
        "\ud800",
    ],
)
def test_what_is_of_another_form_is_nothing(text: str) -> None:
    assert read(text) is None


def test_what_slack_sends_again_has_the_same_key() -> None:
    def key(payload: dict[str, Any], id: str) -> str:
        found = read(envelope(payload, envelope_id=id))
        assert isinstance(found, Envelope)
        return found.key

    event = {"event_id": "Ev1", "trigger_id": "1.2"}
    assert key(event, "e1") == key(event, "e2")
    assert key({"trigger_id": "1.2"}, "e1") == key({"trigger_id": "1.2"}, "e2")
    assert key({"trigger_id": "1.2"}, "e1") != key({"trigger_id": "1.3"}, "e1")
    assert key({}, "e1") == key({}, "e1") != key({}, "e2")


def test_a_retry_is_told_by_the_headers_it_would_have() -> None:
    found = read(envelope({}, retry_attempt=2, retry_reason="timeout"))
    assert isinstance(found, Envelope)
    assert found.headers == {"x-slack-retry-num": "2", "x-slack-retry-reason": "timeout"}


def test_an_acknowledgement_holds_the_answer_where_slack_takes_one() -> None:
    def told(response: BoltResponse, **more: Any) -> Any:
        found = read(envelope({}, **more))
        assert isinstance(found, Envelope)
        text = acknowledgement(found, response)
        return None if text is None else json.loads(text)

    as_json = BoltResponse(status=200, body={"response_action": "clear"})
    assert told(BoltResponse(status=200)) == {"envelope_id": "e1"}
    assert told(as_json) == {"envelope_id": "e1", "payload": {"response_action": "clear"}}
    assert told(as_json, accepts_response_payload=False) == {"envelope_id": "e1"}
    assert told(BoltResponse(status=200, body="Busy")) == {
        "envelope_id": "e1",
        "payload": {"text": "Busy"},
    }


@pytest.mark.parametrize("status", [400, 404, 413, 503])
def test_what_over_http_would_be_sent_again_is_not_acknowledged(status: int) -> None:
    found = read(envelope({}))
    assert isinstance(found, Envelope)
    assert acknowledgement(found, BoltResponse(status=status, body="x")) is None
