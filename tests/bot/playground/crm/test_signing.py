"""A Standard Webhook is trusted only when every part of it fits."""

from bot.playground.crm.signing import webhook_fault, webhook_headers
from tests.bot.playground.fake_bot import WEBHOOK_SECRET


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
