"""Shortcuts where people are, each once an administrator has switched it on."""

from datetime import date

import pytest

from bot.slack.switches import Switch
from coach.models import Contact, Task
from storage import lists
from tests.bot.slack.listeners.test_home import open_home, shown
from tests.bot.slack.listeners.test_home_true import press
from tests.bot.slack.lists import theirs
from tests.bot.surface import ANA, BEN, CHRIS, CRM, WS, Surface, words


async def switched_on(surface: Surface, switch: Switch) -> None:
    await open_home(surface, CHRIS)
    await press(surface, CHRIS, f"admin:switch:{switch}")
    assert "is on." in shown(surface, CHRIS)


async def tasks(surface: Surface, who: str = ANA) -> list[Task]:
    person = await surface.person(who)
    async with surface.parts.database.read() as tx:
        return await lists.tasks_of(tx, WS, person.id)


async def use(surface: Surface, callback_id: str, ts: str | None = None, who: str = ANA) -> str:
    assert (await surface.slack.shortcut(who, callback_id, ts)).ok
    await surface.settle()
    return words(surface.view(who))


async def test_a_message_becomes_a_task(surface: Surface) -> None:
    await theirs(surface)
    await switched_on(surface, Switch.MAKE_TASK)
    text = "Ann wants the offer by friday, *please*\nShe said: ten seats & <https://x.example|this>"
    message = await surface.slack.write(ANA, text)
    told = await use(surface, "make_task", message.ts)
    assert "Ann wants the offer by friday, *please* She said: ten seats" in told
    before = len(await tasks(surface))
    assert (await surface.submit(ANA, {"title": "Offer for Ann", "date": "2026-11-27"})).ok
    await surface.settle()
    assert "Created the task “Offer for Ann” for Fri 27 Nov." in words(surface.view(ANA))
    found = {each.title: each for each in await tasks(surface)}
    assert len(found) == before + 1
    assert found["Offer for Ann"].due_date == date(2026, 11, 27)
    assert "ten seats & " in (found["Offer for Ann"].note or "")
    view = surface.view(ANA)
    assert (await surface.slack.press_in_view(ANA, view["id"], label="Undo")).ok
    await surface.settle()
    assert "Offer for Ann" not in {each.title for each in await tasks(surface)}


async def test_a_message_of_any_length_becomes_a_task(surface: Surface) -> None:
    await theirs(surface)
    await switched_on(surface, Switch.MAKE_TASK)
    message = await surface.slack.write(ANA, "wörd " * 2000)
    await use(surface, "make_task", message.ts)
    assert (await surface.submit(ANA, {})).ok


async def test_a_call_is_logged_with_one_of_ones_own_contacts(surface: Surface) -> None:
    await theirs(surface)
    await switched_on(surface, Switch.LOG_CALL)
    told = await use(surface, "log_call")
    assert told.index("Ann Lee") < told.index("Mia Lind")
    assert (await surface.submit(ANA, {"note": "Hello"})).errors
    whom = f'["{CRM}","C-9"]'
    assert (await surface.submit(ANA, {"whom": whom, "note": "Hello"})).ok
    await surface.settle()
    assert "Logged a call with Ann Lee." in words(surface.view(ANA))
    ann = await surface.stored_subjects(Contact, "C-9")
    assert isinstance(ann, Contact)
    assert ann.last_contacted_at == surface.clock.now()


async def test_who_has_no_contacts_is_told_so(surface: Surface) -> None:
    await switched_on(surface, Switch.LOG_CALL)
    assert "nobody to log a call with" in await use(surface, "log_call", who=BEN)


@pytest.mark.parametrize("callback_id", [each.value for each in Switch])
async def test_what_nobody_has_switched_on_says_who_can(surface: Surface, callback_id: str) -> None:
    message = await surface.slack.write(ANA, "Call Ann")
    ts = message.ts if callback_id == "make_task" else None
    assert "This is switched off." in await use(surface, callback_id, ts)


async def test_a_switch_is_switched_off_again_and_by_administrators_alone(
    surface: Surface,
) -> None:
    await switched_on(surface, Switch.LOG_CALL)
    view = surface.slack.homes[CHRIS]
    await open_home(surface, ANA)
    surface.slack.homes[ANA]["blocks"] = view["blocks"]
    await press(surface, ANA, f"admin:switch:{Switch.LOG_CALL}")
    assert "Only the coach" in words(surface.view(ANA))
    await press(surface, CHRIS, f"admin:switch:{Switch.LOG_CALL}")
    assert "is on." not in shown(surface, CHRIS)


async def test_a_shortcut_of_another_version_is_explained(surface: Surface) -> None:
    assert "another version" in await use(surface, "make_coffee")
