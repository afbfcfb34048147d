"""The story in the terminal is harmless text."""

from tests.bot.playground.room import Room


async def test_a_line_of_the_story_cannot_move_the_terminals_cursor(room: Room) -> None:
    await room.post("/ui/crm/tasks", title="a\x1b[2Jb\nc", owner="U01ANA", priority="high")
    await room.playground.crm.deliveries.settled()
    assert "\x1b" not in "".join(room.told)
    assert "\n" not in "".join(room.told)
