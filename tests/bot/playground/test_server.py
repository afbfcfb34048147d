"""The playground's own HTTP side: the page's calls, its stream, its guard and its memory."""

import contextlib

from bot.playground.server import LOG_KEPT
from tests.bot.playground.room import Room


async def test_the_first_start_tells_the_coach_the_teams_past(room: Room) -> None:
    await room.playground.crm.deliveries.settled()
    (batch,) = room.bot.webhooks
    assert batch["type"] == "batch"
    assert len(batch["data"]["events"]) > 80
    assert "the team's past" in room.told[0]


async def test_the_page_reads_everything_at_once(room: Room) -> None:
    state = await room.state()
    assert [one["id"] for one in state["people"]] == ["U01ANA", "U02BEN", "U03CHRIS"]
    assert state["people"][2]["admin"]
    assert state["messages"] == {"U01ANA": [], "U02BEN": [], "U03CHRIS": []}
    assert state["homes"]["U01ANA"] is None
    assert state["views"]["U01ANA"] == []
    assert state["now"] == "2026-11-23T09:00:00+00:00"
    assert state["app"] == {"name": "Coach"}
    assert state["commands"][0]["command"] == "/coach"
    assert len(state["crm"]["deals"]) == 18


async def test_the_log_keeps_the_newest_requests_with_what_was_wrong(room: Room) -> None:
    bad = [{"type": "section", "text": {"type": "mrkdwn", "text": ""}}]
    await room.client.api_call("auth.test")
    with contextlib.suppress(Exception):
        await room.client.chat_postMessage(channel="U01ANA", text="x", blocks=bad)
    entry = (await room.state())["log"][-1]
    assert (entry["direction"], entry["name"], entry["status"]) == (
        "to Slack", "chat.postMessage", 200
    )  # fmt: skip
    assert "json-pointer:/blocks/0/text/text" in entry["problem"]
    assert entry["request"]["blocks"] == bad
    assert entry["response"]["error"] == "invalid_blocks"
    for _ in range(LOG_KEPT + 20):
        room.playground._log({**entry, "name": "x"})
    log = (await room.state())["log"]
    assert len(log) == LOG_KEPT
    assert len({one["id"] for one in log}) == LOG_KEPT
