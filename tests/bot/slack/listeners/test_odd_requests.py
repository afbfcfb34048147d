"""Tests that a signed request of an odd form is answered and never breaks anything."""

import json
import logging
import re
import time
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from bot.playground.slack.signing import slack_headers
from tests.bot.playground.fake_bot import SIGNING_SECRET
from tests.bot.surface import Surface


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "block_actions", "actions": [{"action_id": "insight:take"}]},
        {"type": "block_actions", "user": {}, "actions": [{"action_id": "", "type": "button"}]},
        {"type": "block_actions", "user": {"id": "U"}, "actions": [{"action_id": "do:x"}]},
        {
            "type": "view_submission",
            "user": {"id": "U"},
            "view": {"type": "modal", "callback_id": "insight"},
        },
        {
            "type": "view_submission",
            "user": {"id": "U"},
            "view": {
                "type": "modal",
                "callback_id": "insight",
                "private_metadata": "[]",
                "id": "V",
            },
        },
        {
            "type": "view_submission",
            "user": {"id": "U"},
            "view": {"type": "modal", "callback_id": "unknown", "id": "V"},
        },
    ],
)
async def test_it_is_acknowledged_and_leaves_lines_and_no_traceback(
    surface: Surface, payload: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    body = urlencode({"payload": json.dumps(payload)}).encode()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        **slack_headers(SIGNING_SECRET, body, time.time()),
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{surface.slack.own_url}/slack/events", data=body, headers=headers) as answer,
    ):
        assert answer.status == 200
    await surface.settle()
    # As `coach serve` logs: ours from INFO on, those of libraries from WARNING on.
    told = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert [each.exc_info for each in told] == [None] * len(told)
    lines = [each.getMessage() for each in told]
    assert not any("\n" in line for line in lines)
    strange = [line for line in lines if line.startswith("a request of another form")]
    assert all(re.search(r", [0-9a-f]{8}: \w+Error", line) for line in strange)
    assert len(strange) == ("user" not in payload)
