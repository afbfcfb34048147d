"""`/coach contacts`: the contacts, and several of them at once."""

from bot.playground.slack.api import words_of
from tests.bot.slack.lists import answer, ask, press, theirs
from tests.bot.surface import ANA, CRM, Surface


async def test_a_call_is_logged_for_several_contacts_at_once(surface: Surface) -> None:
    await theirs(surface)
    await press(surface, await ask(surface, "contacts"), "Several at once…")
    boxes = [f'["{CRM}","C-8"]', f'["{CRM}","C-9"]']
    assert (await surface.submit(ANA, {"things": boxes, "note": "Met at the fair."})).ok
    await surface.settle()
    assert "Logged a call with Mia Lind; Logged a call with Ann Lee." in words_of(answer(surface))
