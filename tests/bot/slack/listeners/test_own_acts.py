"""Lists do things: each line has its menu, several are done at once, and it can be undone."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bot.playground.slack.api import words_of
from bot.slack.blocks.things import ENTRIES
from coach.models import Contact, Deal, TaskStatus
from coach.stages import Seen
from coach.wording import plain
from storage import stages
from tests.bot.slack.lists import answer, ask, block_of, choose, press, stored, theirs
from tests.bot.surface import ANA, BEN, CRM, WS, Surface, deal, task, words


async def test_a_task_is_done_from_its_line_and_the_list_says_so(surface: Surface) -> None:
    await theirs(surface)
    listed = await ask(surface, "tasks")
    assert "Your 3 open tasks" in words_of(listed)
    assert "Call Jonas – due Fri 20 Nov (overdue), high priority" in words_of(listed)
    assert "Send the offer – due today" in words_of(listed)
    await choose(surface, listed, "Call Jonas", "done")
    assert (await stored(surface, "T-1")).status is TaskStatus.COMPLETED
    after = answer(surface)
    assert after.ts == listed.ts
    assert "Completed “Call Jonas”." in words_of(after)
    assert "Your 2 open tasks" in words_of(after)
    await press(surface, after, "Undo")
    assert (await stored(surface, "T-1")).status is TaskStatus.PENDING
    assert "Undone" in words_of(answer(surface))


async def test_a_task_is_moved_to_tomorrow_or_to_a_date_that_is_chosen(surface: Surface) -> None:
    await theirs(surface)
    listed = await ask(surface, "tasks")
    await choose(surface, listed, "Call Jonas", "tomorrow")
    assert (await stored(surface, "T-1")).due_date == date(2026, 11, 24)
    await choose(surface, answer(surface), "Book a room", "date")
    view = surface.view(ANA)
    assert view["callback_id"] == "act"
    assert "Book a room" in words(view)
    refused = await surface.submit(ANA, {"date": "2026-11-01"})
    assert refused.errors == {"date": "Pick today or a later day."}
    assert (await surface.submit(ANA, {"date": "2026-12-07"})).ok
    await surface.settle()
    assert surface.slack.top_view(ANA) is None
    assert (await stored(surface, "T-3")).due_date == date(2026, 12, 7)
    assert "Moved “Book a room” to Mon 7 Dec." in words_of(answer(surface))


async def test_a_call_is_logged_with_a_note_from_a_task_a_deal_and_a_contact(
    surface: Surface,
) -> None:
    await theirs(surface)
    for typed, name in (("tasks", "Call Jonas"), ("deals", "Acme"), ("contacts", "Ann Lee")):
        await choose(surface, await ask(surface, typed), name, "call")
        assert (await surface.submit(ANA, {"note": "He wants more."})).ok
        await surface.settle()
        assert "Logged a call with Ann Lee." in words_of(answer(surface))
    found = await surface.stored_subjects(Contact, "C-9")
    assert isinstance(found, Contact)
    assert found.last_contacted_at == surface.clock.now()


async def test_a_deal_is_moved_to_a_stage_of_its_pipeline_alone(surface: Surface) -> None:
    await theirs(surface)
    person = await surface.person(ANA)
    await surface.save(deal("D-2", title="Other", stage="Negotiation", person_id=person.id))
    listed = await ask(surface, "deals Acme")
    await choose(surface, listed, "Acme renewal", "stage")
    assert "No other stage" in words_of(answer(surface))
    async with surface.parts.database.write() as tx:
        await stages.add(tx, WS, CRM, {"Proposal": Seen(2), "Negotiation": Seen(2)})
    await choose(surface, listed, "Acme renewal", "stage")
    assert (await surface.submit(ANA, {"stage": "Negotiation"})).ok
    await surface.settle()
    assert (await moved(surface)).stage == "Negotiation"
    (after,) = [each for each in surface.slack.messages(ANA) if each.ts == listed.ts]
    assert "Moved “Acme renewal” to Negotiation." in words_of(after)


async def moved(surface: Surface) -> Deal:
    found = await surface.stored_subjects(Deal, "D-17")
    assert isinstance(found, Deal)
    return found


async def test_a_new_task_about_a_deal_is_made_once_however_often_it_is_sent(
    surface: Surface,
) -> None:
    await theirs(surface)
    await choose(surface, await ask(surface, "deal acme"), "€12,000", "task")
    view = surface.view(ANA)
    values = {"title": "Ask Ann for the date", "date": "2026-12-04"}
    assert (await surface.slack.submit(ANA, view["id"], {**values, "title": " "})).errors
    assert (await surface.submit(ANA, values)).ok
    await surface.settle()
    assert "Created the task “Ask Ann for the date” for Fri 4 Dec." in words_of(answer(surface))
    assert "Planned: Ask Ann for the date, due Fri 4 Dec" in words_of(answer(surface))


async def test_a_page_has_ten_lines_and_the_others_are_a_press_away(surface: Surface) -> None:
    mine: dict[str, Any] = {"person_id": (await surface.person(ANA)).id}
    await surface.save(
        *(
            task(f"T-{n}", title=f"Task {n:03}", due_date=date(2026, 12, 1 + n % 28), **mine)
            for n in range(500)
        )
    )
    listed = await ask(surface, "tasks")
    assert "Your 500 open tasks" in words_of(listed)
    assert "1 to 10 of 500" in words_of(listed)
    await press(surface, listed, "More")
    assert "11 to 20 of 500" in words_of(answer(surface))
    await press(surface, answer(surface), "Earlier")
    assert "1 to 10 of 500" in words_of(answer(surface))


async def test_several_tasks_are_moved_to_monday_at_once(surface: Surface) -> None:
    await theirs(surface)
    await press(surface, await ask(surface, "tasks"), "Several at once…")
    assert (await surface.submit(ANA, {})).errors
    boxes = [f'["{CRM}","T-1"]', f'["{CRM}","T-2"]']
    assert (await surface.submit(ANA, {"things": boxes})).ok
    await surface.settle()
    assert {(await stored(surface, id)).due_date for id in ("T-1", "T-2")} == {date(2026, 11, 30)}
    assert (await stored(surface, "T-3")).due_date is None
    after = answer(surface)
    assert "Moved “Call Jonas” to Mon 30 Nov; Moved “Send the offer” to Mon 30 Nov." in words_of(
        after
    )
    await press(surface, after, "Undo")
    assert (await stored(surface, "T-2")).due_date == date(2026, 11, 23)


async def test_nobody_does_anything_to_anothers_things(surface: Surface) -> None:
    await theirs(surface)
    listed = await ask(surface, "tasks")
    menu = next(e["accessory"] for e in listed.blocks if e.get("accessory", {}).get("options"))
    block = block_of(listed, "Call Jonas")
    pressed = await surface.slack.press(
        ANA, listed.ts, action_id=menu["action_id"], block_id=block, choose="done", by=BEN
    )
    assert pressed.ok
    await surface.settle()
    assert (await stored(surface, "T-1")).status is TaskStatus.PENDING


async def test_a_link_opens_from_the_menu_and_is_https_alone(surface: Surface) -> None:
    await theirs(surface)
    listed = await ask(surface, "tasks")
    entries: dict[str, Any] = {
        each["text"]["text"][:11]: [one["value"] for one in each["accessory"]["options"]]
        for each in listed.blocks
        if each.get("accessory", {}).get("type") == "overflow"
    }
    assert entries["Book a room"] == ["done", "tomorrow", "date", "open"]
    assert entries["Call Jonas "] == ["done", "tomorrow", "date", "call"]
    before = answer(surface)
    await choose(surface, listed, "Book a room", "open")
    assert answer(surface) == before


@pytest.mark.parametrize(
    ("action", "block"),
    [
        ("act:menu:nothing:0:", "task=[]"),
        ("act:menu:tasks:0:", "nonsense"),
        ("act:page:tasks:x:", ""),
        ("act:else:tasks:0:", ""),
    ],
)
async def test_what_no_list_shows_is_refused_in_words(
    surface: Surface, action: str, block: str
) -> None:
    listed = await ask(surface, "tasks")
    posted = replace(listed)
    posted.blocks.append(
        {
            "type": "actions",
            "block_id": block or "b",
            "elements": [
                {"type": "button", "action_id": action, "value": "x",
                 "text": {"type": "plain_text", "text": "Forged"}}
            ],
        }
    )  # fmt: skip
    assert (await surface.slack.press(ANA, listed.ts, action_id=action)).ok
    await surface.settle()
    assert "older version" in words_of(answer(surface))


def test_every_entry_has_words() -> None:
    assert all(plain(each) for each in ENTRIES.values())


async def test_half_a_character_that_is_typed_into_a_form_is_kept_as_a_sign(
    surface: Surface,
) -> None:
    await theirs(surface)
    await choose(surface, await ask(surface, "deal acme"), "€12,000", "task")
    assert (await surface.submit(ANA, {"title": "Call \ud83d Ann \U0001f600"})).ok
    await surface.settle()
    assert "Created the task “Call \ufffd Ann \U0001f600”" in words_of(answer(surface))


async def test_several_of_a_list_of_which_nothing_is_left_is_explained(surface: Surface) -> None:
    await theirs(surface)
    listed = await ask(surface, "contacts")
    mine = await surface.person(ANA)
    await surface.save(
        *(
            replace(each, deleted=True)
            for each in (
                await surface.stored_subjects(Contact, "C-8"),
                await surface.stored_subjects(Contact, "C-9"),
            )
        )
    )
    assert mine.slack_user_id == ANA
    await press(surface, listed, "Several at once…")
    assert "Nothing is left on this list." in words_of(answer(surface))


@pytest.mark.parametrize("metadata", ["null", "[]", "7", "{", '{"does": "log", "place": "x"}'])
async def test_a_window_of_another_form_is_explained(surface: Surface, metadata: str) -> None:
    await theirs(surface)
    await choose(surface, await ask(surface, "tasks"), "Call Jonas", "call")
    surface.view(ANA)["private_metadata"] = metadata
    assert (await surface.submit(ANA, {})).ok
    assert "older version" in str(surface.view(ANA))


async def test_what_databases_do_not_keep_is_left_out_of_what_is_typed(
    surface_on_both: Surface,
) -> None:
    surface = surface_on_both
    await theirs(surface)
    made = await ask(surface, "task Call\x00 Ana friday")
    assert "Created the task “Call Ana” for Fri 27 Nov." in words_of(made)
