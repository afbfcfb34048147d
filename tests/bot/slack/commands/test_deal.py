"""`/coach deal`: one deal with what is known of it and planned for it."""

from bot.playground.slack.api import words_of
from tests.bot.slack.lists import ask, theirs
from tests.bot.surface import ANA, Surface, task


async def test_one_deal_is_shown_with_its_contact_and_what_is_planned(surface: Surface) -> None:
    await theirs(surface)
    person = await surface.person(ANA)
    await surface.save(task("T-4", title="Draft", deal_id="D-17", person_id=person.id))
    shown = words_of(await ask(surface, "deal acme"))
    assert "€12,000.00" in shown or "€12,000" in shown
    assert "Proposal, for 21 days" in shown
    assert "With Ann Lee: no contact known" in shown
    assert "Planned: Draft, due Fri 20 Nov (overdue)" in shown
    assert "Say which deal" in words_of(await ask(surface, "deal"))
    assert "None of your open deals is called “zebra”" in words_of(await ask(surface, "deal zebra"))
