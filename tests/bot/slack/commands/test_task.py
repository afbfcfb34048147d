"""`/coach task`: a task by one line."""

from datetime import date

import pytest

from bot.playground.slack.api import words_of
from tests.bot.slack.lists import ask, press
from tests.bot.surface import Surface


@pytest.mark.parametrize(
    ("typed", "said", "due"),
    [
        ("task Call Ana friday", "Created the task “Call Ana” for Fri 27 Nov.", date(2026, 11, 27)),
        ("task Call Ana", "Created the task “Call Ana” without a due date.", None),
    ],
)
async def test_a_task_is_made_by_one_line_and_undone(
    surface: Surface, typed: str, said: str, due: date | None
) -> None:
    made = await ask(surface, typed)
    assert said in words_of(made)
    listed = words_of(await ask(surface, "tasks"))
    assert "Your 1 open task" in listed
    assert "Call Ana – " in listed
    await press(surface, made, "Undo")
    assert "You have no open tasks" in words_of(await ask(surface, "tasks"))


@pytest.mark.parametrize("typed", ["task", "task   ", "task Call Ana by 2026-11-20"])
async def test_a_task_without_a_title_or_for_a_day_past_is_explained(
    surface: Surface, typed: str
) -> None:
    said = words_of(await ask(surface, typed))
    assert "Say what is to be done" in said or "Fri 20 Nov is past" in said
