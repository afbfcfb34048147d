"""A person's own data: given to them once, and deleted when they say so."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from bot.coaching import acts
from bot.coaching.actor import Actor
from bot.coaching.acts import NewTask
from bot.playground.slack.api import Message, words_of
from coach.models import Enrolment, Level
from storage import people, tables
from storage.personal import KEPT
from tests.bot.surface import ANA, BEN, CHRIS, HERE, WS, Surface, deal, staged, task


@pytest.fixture
async def public(database_url: str) -> AsyncIterator[Surface]:
    async with staged(database_url, public_url=HERE) as made:
        yield made


async def ask(surface: Surface, typed: str, who: str = ANA) -> Message:
    assert (await surface.slack.command(who, f"/coach {typed}")).ok
    await surface.settle()
    return [each for each in surface.slack.messages(who) if each.ephemeral][-1]


def url_in(message: Message) -> str:
    (found,) = [
        str(element["url"])
        for block in message.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    ]
    return found


async def fetch(url: str, method: str = "POST") -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.request(method, url) as answer:
        if answer.content_type == "application/json":
            return answer.status, await answer.json()
        return answer.status, await answer.text()


async def lived(surface: Surface, who: str = ANA) -> None:
    """Something of everything."""
    mine = (await surface.person(who)).id
    await surface.save(deal(person_id=mine), task(person_id=mine))
    fingerprint, card = await surface.card(who)
    assert (await surface.slack.press(who, card.ts, action_id="insight:dismiss")).ok
    await surface.settle()
    await surface.insight(who, occasion="second", message="Another.")
    await surface.settle()
    await ask(surface, "mute stuck deals", who)
    await ask(surface, "level 3", who)
    await acts.create_task(surface.parts, Actor(WS, who), "press", NewTask("Call Ana"))
    assert fingerprint


async def test_all_of_it_is_given_once_and_for_an_hour(public: Surface) -> None:
    await lived(public)
    await public.insight(BEN, message="Of Ben.")
    url = url_in(await ask(public, "export"))
    status, page = await fetch(url, "GET")
    assert (status, "The button works once." in page) == (200, True)
    status, data = await fetch(url)
    assert status == 200
    assert set(data) == set(KEPT)
    (person,) = data["person"]
    assert (person["slack_user_id"], person["level"]) == (ANA, 3)
    assert {each["message"] for each in data["insights"]} >= {"Another."}
    assert [each["title"] for each in data["deals"]] == ["Acme renewal"]
    assert len(data["tasks"]) == 2
    for name in ("owners", "mutes", "decisions", "messages", "changes", "activities"):
        assert data[name], name
    assert "Of Ben." not in str(data)
    assert (await fetch(url))[0] == 404
    url = url_in(await ask(public, "export"))
    public.clock.moment += timedelta(hours=1)
    assert (await fetch(url, "GET"))[0] == 404
    assert (await fetch(url))[0] == 404


async def test_a_newer_link_ends_the_one_before_and_a_made_up_one_gives_nothing(
    public: Surface,
) -> None:
    before = url_in(await ask(public, "export"))
    after = url_in(await ask(public, "export"))
    assert (await fetch(before))[0] == 404
    assert (await fetch(f"{after}x"))[0] == 404
    assert (await fetch(after))[0] == 200


async def test_more_than_a_page_of_it_is_given(public: Surface) -> None:
    mine = (await public.person(ANA)).id
    await public.save(*(task(f"T-{n:05}", person_id=mine) for n in range(1203)))
    _, data = await fetch(url_in(await ask(public, "export")))
    assert len({each["id"] for each in data["tasks"]}) == len(data["tasks"]) == 1203


async def test_where_no_browser_reaches_the_coach_there_is_another_way(surface: Surface) -> None:
    assert "coach export" in words_of(await ask(surface, "export"))


async def left(surface: Surface, who: str = ANA) -> dict[str, int]:
    person = await surface.person(who)
    async with surface.parts.database.read() as tx:
        return {
            name: len(
                (
                    await tx.execute(
                        select(table).where(
                            (table.c.id if name == "person" else table.c.person_id) == person.id
                        )
                    )
                ).all()
            )
            for name, table in KEPT.items()
        }


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
        assert await people.has_seen_home(tx, WS, ANA) is False
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


async def test_feedback_goes_to_who_runs_the_coach_once_a_minute(surface: Surface) -> None:
    assert "Your name goes with it" in words_of(await ask(surface, "feedback"))
    for _ in range(3):
        said = words_of(await ask(surface, "feedback *Too* early, <!channel>"))
    assert "of this minute was passed on" in said
    (told,) = [each for each in surface.slack.messages(CHRIS) if "says of the coach" in each.text]
    assert "<!channel>" not in told.text
    assert "Too* early" in words_of(told)
