"""Whoever waits for something is woken when it has come."""

import asyncio

import pytest

from tests.bot.playground.conftest import Stage
from tests.bot.playground.slack.test_api import CARD


async def test_a_message_can_be_waited_for(stage: Stage) -> None:
    waiting = asyncio.create_task(stage.slack.message("U01ANA", "close", seconds=20))
    await asyncio.sleep(0.01)
    await stage.client.chat_postMessage(channel="U01ANA", text="A card", blocks=CARD)
    assert (await waiting).text == "A card"
    with pytest.raises(TimeoutError, match="in vain for a message to U01ANA"):
        await stage.slack.message("U01ANA", "never", seconds=0.02)
