"""`/coach forget-me`: what is kept of a person goes when they say so."""

import re
from datetime import timedelta

from sqlalchemy import select

from bot.coaching import undelivered
from bot.playground.slack.api import words_of
from coach.models import Enrolment, Level
from storage import crm_writes, homes, tables
from tests.bot.slack.rights import ask, left, lived
from tests.bot.surface import ANA, BEN, WS, Surface


async def test_what_is_forgotten_is_gone_and_what_the_crm_says_stays(
    surface_on_both: Surface,
) -> None:
    surface = surface_on_both
    await lived(surface)
    await surface.insight(BEN, message="Of Ben.")
    await ask(surface, "mute stuck deals", BEN)
    bens = await left(surface, BEN)
    asked = await ask(surface, "forget-me")
    assert "Nobody can bring it back." in words_of(asked)
    (button,) = [e for b in asked.blocks if b["type"] == "actions" for e in b["elements"]]
    assert button["confirm"]["text"]["text"] == "This cannot be undone."
    assert (await surface.slack.press(ANA, asked.ts, label="Delete my data")).ok
    await surface.settle()
    assert "I do not write to you any more." in words_of(
        next(each for each in surface.slack.messages(ANA) if each.ts == asked.ts)
    )
    told = words_of(next(each for each in surface.slack.messages(ANA) if each.ts == asked.ts))
    number = re.search(r"Done: (\d+) entries about you are deleted", told)
    assert number is not None
    assert int(number[1]) > 5
    counts = await left(surface)
    gone = ("insights", "decisions", "messages", "mutes", "link_requests", "changes", "patterns")
    assert {name: counts[name] for name in gone} == dict.fromkeys(gone, 0)
    assert counts["deals"] == 1
    assert counts["tasks"] == 2
    person = await surface.person(ANA)
    assert person.enrolment is Enrolment.DECLINED
    assert person.settings.level is Level.BALANCED
    assert await left(surface, BEN) == bens
    async with surface.parts.database.read() as tx:
        for table in (tables.insight_subjects, tables.message_insights):
            orphans = select(table.c.fingerprint).where(
                table.c.fingerprint.not_in(select(tables.insights.c.fingerprint))
            )
            assert (await tx.execute(orphans)).all() == []
        assert await homes.has_seen(tx, WS, ANA) is False
    # Nothing of it comes back.
    before = len(surface.slack.messages(ANA))
    surface.clock.moment += timedelta(days=1)
    await surface.settle()
    assert len(surface.slack.messages(ANA)) == before


async def test_what_is_still_on_its_way_to_the_crm_goes_there(surface: Surface) -> None:
    await lived(surface)
    async with surface.parts.database.write() as tx:
        await tx.execute(tables.crm_writes.update().values(state="queued"))
    asked = await ask(surface, "forget-me")
    assert (await surface.slack.press(ANA, asked.ts, label="Delete my data")).ok
    await surface.settle()
    assert (await left(surface))["changes"] == 1


async def test_buttons_that_were_left_in_slack_say_that_it_is_over(surface: Surface) -> None:
    _, card = await surface.card()
    asked = await ask(surface, "forget-me")
    assert (await surface.slack.press(ANA, asked.ts, label="Delete my data")).ok
    await surface.settle()
    assert (await surface.slack.press(ANA, card.ts, action_id="insight:dismiss")).ok
    await surface.settle()
    assert "not known any more" in surface.ephemerals(ANA)[-1]


async def test_of_what_the_crm_refuses_afterwards_nobody_is_told(surface: Surface) -> None:
    await lived(surface)
    async with surface.parts.database.write() as tx:
        await tx.execute(tables.crm_writes.update().values(state="queued"))
    asked = await ask(surface, "forget-me")
    assert (await surface.slack.press(ANA, asked.ts, label="Delete my data")).ok
    await surface.settle()
    async with surface.parts.database.write() as tx:
        (row,) = (await tx.execute(select(tables.crm_writes))).all()
        await undelivered.tell(surface.parts, tx, crm_writes.from_row(row))
        told = select(tables.messages.c.id).where(tables.messages.c.kind == "undelivered")
        assert (await tx.execute(told)).all() == []
