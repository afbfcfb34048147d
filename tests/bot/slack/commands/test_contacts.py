"""`/coach contacts`: the contacts, and several of them at once."""

from datetime import UTC, datetime

from bot.playground.slack.api import words_of
from tests.bot.slack.lists import answer, ask, press, theirs
from tests.bot.surface import ANA, CRM, Surface, lead


async def test_a_call_is_logged_for_several_contacts_at_once(surface: Surface) -> None:
    await theirs(surface)
    await press(surface, await ask(surface, "contacts"), "Several at once…")
    boxes = [f'["{CRM}","C-8"]', f'["{CRM}","C-9"]']
    assert (await surface.submit(ANA, {"things": boxes, "note": "Met at the fair."})).ok
    await surface.settle()
    assert "Logged a call with Mia Lind; Logged a call with Ann Lee." in words_of(answer(surface))


async def test_who_was_silent_longest_comes_first_and_of_no_known_contact_last(
    surface: Surface,
) -> None:
    person = await surface.person(ANA)
    contacted = {
        "Never Seen": None,
        "Late Lind": datetime(2026, 11, 10, 9, tzinfo=UTC),
        "Early Lee": datetime(2026, 10, 1, 9, tzinfo=UTC),
    }
    for number, (name, at) in enumerate(contacted.items()):
        # Since when somebody is in the CRM is known, but was no contact.
        since = at or datetime(2026, 11, 2, 9, tzinfo=UTC)
        await surface.save(
            lead(
                f"C-{number}", name_given=name, last_contacted_at=at, silent_since=since,
                person_id=person.id,
            )
        )  # fmt: skip
    shown = words_of(await ask(surface, "contacts"))
    assert sorted(contacted, key=shown.index) == ["Early Lee", "Late Lind", "Never Seen"]
    assert "silent longest first, those of no known contact last" in words_of(
        await ask(surface, "help contacts")
    )
