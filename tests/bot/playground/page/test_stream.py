"""What happens is told to every page that is open."""

import asyncio
import json

from tests.bot.playground.room import Room
from tests.bot.playground.slack.test_api import CARD


async def test_what_happens_is_streamed_to_the_page(room: Room) -> None:
    kinds: list[str] = []
    async with room.session.get(room.url + "/ui/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert await stream.content.readline() == b": hello\n"
        await room.client.chat_postMessage(channel="U01ANA", text="Hello", blocks=CARD)
        await room.post("/ui/clock", days=1)
        await room.post("/ui/crm/tasks", title="Call", owner="U01ANA", priority="high")
        while not {"message", "clock", "crm", "log"} <= set(kinds):
            line = await asyncio.wait_for(stream.content.readline(), 20)
            if line.startswith(b"data: "):
                event = json.loads(line[6:])
                kinds.append(event["type"])
                if event["type"] == "message":
                    assert event["person"] == "U01ANA"
                    assert event["message"]["from"] == "bot"
                    assert event["message"]["blocks"][0]["text"]["text"] == "Great close!"
                if event["type"] == "clock":
                    assert event["now"] == "2026-11-24T09:05:00+00:00"
