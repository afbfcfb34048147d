"""`/coach done`: a task is done, or asked about."""

from bot.playground.slack.api import words_of
from coach.models import TaskStatus
from tests.bot.slack.lists import ask, stored, theirs
from tests.bot.surface import ANA, Surface, task


async def test_done_completes_what_is_meant_and_asks_where_several_may_be(
    surface: Surface,
) -> None:
    await theirs(surface)
    person = await surface.person(ANA)
    await surface.save(task("T-5", title="Call Mia", person_id=person.id))
    assert "2 open tasks of yours for “call”" in words_of(await ask(surface, "done call"))
    assert "Completed “Call Mia”." in words_of(await ask(surface, "done call mia"))
    assert (await stored(surface, "T-5")).status is TaskStatus.COMPLETED
    assert "None of your open tasks is called “zebra”" in words_of(await ask(surface, "done zebra"))
    assert "Your 3 open tasks" in words_of(await ask(surface, "done"))
