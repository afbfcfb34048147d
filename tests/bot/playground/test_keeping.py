"""A restart shows what was there, and a spoilt file is a new beginning."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from bot.playground.keeping import saved_advance
from tests.bot.playground.room import a_room
from tests.bot.playground.slack.test_api import CARD


async def test_a_restart_shows_the_same_messages_and_crm(tmp_path: Path) -> None:
    state_file = tmp_path / "data" / "playground.json"
    assert saved_advance(state_file) == timedelta()
    async with a_room(state_file) as room:
        await room.client.chat_postMessage(channel="U01ANA", text="Hello", blocks=CARD)
        await room.post("/ui/crm/deals/D-1", stage="Closed Won")
        await room.post("/ui/clock", days=7)
        await room.playground.crm.deliveries.settled()
        before = await room.state()
    assert state_file.stat().st_mode & 0o777 == 0o600
    assert saved_advance(state_file) == timedelta(days=7, minutes=5)
    async with a_room(state_file) as room:
        await asyncio.sleep(0.05)
        after = await room.state()
        assert room.bot.webhooks == [], "the past is told once"
        assert after["messages"] == before["messages"]
        assert after["crm"] == before["crm"]


async def test_the_state_is_kept_while_running(tmp_path: Path) -> None:
    state_file = tmp_path / "playground.json"
    async with a_room(state_file) as room:
        await room.post("/ui/crm/deals/D-1", stage="Closed Won")
        async with asyncio.timeout(20):
            # It may have been kept before the change already.
            while not state_file.exists() or status_kept(state_file) != "won":
                await asyncio.sleep(0.02)


def status_kept(state_file: Path) -> str:
    """How it stands with a deal, by the file."""
    return str(json.loads(state_file.read_text())["crm"]["deals"]["D-1"]["status"])


@pytest.mark.parametrize("spoilt", ['{"version": 1, ', '{"version": 1}', "[]", "\x00"])
async def test_a_spoilt_state_file_means_a_new_beginning(tmp_path: Path, spoilt: str) -> None:
    state_file = tmp_path / "playground.json"
    state_file.write_text(spoilt)
    assert saved_advance(state_file) == timedelta()
    async with a_room(state_file) as room:
        await room.playground.crm.deliveries.settled()
        assert room.bot.webhooks[0]["type"] == "batch"
