"""Menus of more than Slack holds are searched, and offer what is the person's own alone."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from bot.coaching.actor import Actor
from bot.runtime.lanes import Bounds
from bot.slack import administering
from bot.slack.blocks.choosing import MOST_CHOICES
from bot.slack.switches import Switch
from coach.events import Owner
from coach.models import Contact, DealStatus
from storage import owners as stored_owners
from storage import people, tables
from tests.bot.slack.listeners.test_home import open_home, shown
from tests.bot.slack.listeners.test_home_true import press
from tests.bot.slack.listeners.test_shortcuts import switched_on, tasks, use
from tests.bot.surface import ANA, BEN, CHRIS, CRM, WS, Surface, deal, lead, staged, words

MANY = 500


async def furnish(surface: Surface, who: str = ANA, many: int = MANY, before: str = "") -> None:
    """So many open deals and contacts of somebody, and a deal that is won."""
    mine: dict[str, Any] = {"person_id": (await surface.person(who)).id}
    await surface.save(
        *(deal(f"{before}D-{n}", title=f"{before}Deal {n}", **mine) for n in range(many)),
        *(lead(f"{before}C-{n}", name_given=f"{before}Lee {n}", **mine) for n in range(many)),
        deal(f"{before}D-won", title=f"{before}Deal won", status=DealStatus.WON, **mine),
    )


async def offered(surface: Surface, block_id: str, typed: str, who: str = ANA) -> list[Any]:
    """The entries that somebody is offered who types this into the window on top."""
    where = {"type": "view", "view_id": surface.view(who)["id"]}
    action = {"action_id": "value", "block_id": block_id}
    answer = await surface.slack.suggest(who, where, action, typed)
    assert answer.ok, answer
    told = json.loads(answer.text)
    groups = told.get("option_groups") or [{"options": told.get("options") or []}]
    return [each for group in groups for each in group["options"]]


def called(options: list[Any]) -> list[str]:
    return [each["text"]["text"] for each in options]


def element(surface: Surface, block_id: str, who: str = ANA) -> dict[str, Any]:
    blocks = surface.view(who)["blocks"]
    found: dict[str, Any] = next(each for each in blocks if each["block_id"] == block_id)["element"]
    return found


async def making_a_task(surface: Surface, who: str = ANA) -> None:
    message = await surface.slack.write(who, "Send the offer")
    await use(surface, "make_task", message.ts, who)


async def test_a_task_is_about_one_of_five_hundred_deals(surface: Surface) -> None:
    await furnish(surface)
    await switched_on(surface, Switch.MAKE_TASK)
    await making_a_task(surface)
    assert element(surface, "about")["type"] == "external_select"

    first = await offered(surface, "about", "")
    assert len(first) == MOST_CHOICES
    # Of too many some of both.
    assert {each.split()[0] for each in called(first)} == {"Deal", "Lee"}

    found = await offered(surface, "about", "deal 417")
    assert called(found) == ["Deal 417"]
    assert (await surface.submit(ANA, {"about": {"value": {"selected_option": found[0]}}})).ok
    await surface.settle()
    (made,) = await tasks(surface)
    assert (made.title, made.deal_id) == ("Send the offer", "D-417")


async def test_few_things_stand_in_the_menu_itself_under_their_headings(surface: Surface) -> None:
    await furnish(surface, many=2)
    await switched_on(surface, Switch.MAKE_TASK)
    await making_a_task(surface)
    menu = element(surface, "about")
    assert menu["type"] == "static_select"
    headings = {each["label"]["text"]: called(each["options"]) for each in menu["option_groups"]}
    assert headings == {"Deals": ["Deal 0", "Deal 1"], "Contacts": ["Lee 0", "Lee 1"]}
    chosen = menu["option_groups"][1]["options"][1]["value"]
    assert (await surface.submit(ANA, {"about": chosen})).ok
    await surface.settle()
    (made,) = await tasks(surface)
    assert (made.contact_id, made.deal_id) == ("C-1", None)


async def test_who_has_nothing_is_asked_for_nothing(surface: Surface) -> None:
    await switched_on(surface, Switch.MAKE_TASK)
    await making_a_task(surface)
    assert "What it is about" not in words(surface.view(ANA))


async def test_a_call_is_logged_with_one_of_five_hundred_contacts(surface: Surface) -> None:
    await furnish(surface)
    await switched_on(surface, Switch.LOG_CALL)
    await use(surface, "log_call")
    assert element(surface, "whom")["type"] == "external_select"
    assert len(await offered(surface, "whom", "")) == MOST_CHOICES
    found = await offered(surface, "whom", "  LEE 499 ")
    assert called(found) == ["Lee 499"]
    assert (await surface.submit(ANA, {"whom": {"value": {"selected_option": found[0]}}})).ok
    await surface.settle()
    logged = await surface.stored_subjects(Contact, "C-499")
    assert isinstance(logged, Contact)
    assert logged.last_contacted_at == surface.clock.now()


@pytest.mark.parametrize("typed", ["Deal", "Lee", "", "%", "_", "ana's"])
async def test_nobody_is_offered_what_is_somebody_elses(surface: Surface, typed: str) -> None:
    await furnish(surface, before="ana's ")
    await furnish(surface, BEN, 101, before="ben's ")
    await switched_on(surface, Switch.MAKE_TASK)
    await making_a_task(surface, BEN)
    found = called(await offered(surface, "about", typed, BEN))
    assert [each for each in found if not each.startswith("ben's ")] == []
    assert "ben's Deal won" not in found


async def test_what_is_somebody_elses_cannot_be_chosen_all_the_same(surface: Surface) -> None:
    await furnish(surface, before="ana's ")
    await furnish(surface, BEN, 101, before="ben's ")
    await switched_on(surface, Switch.MAKE_TASK)
    await making_a_task(surface, BEN)
    for value in (f'["deal","{CRM}","ana\'s D-1"]', "[]", "{}", "nonsense", "5", '["cow","c","d"]'):
        option = {"text": {"type": "plain_text", "text": "x"}, "value": value}
        sent = await surface.submit(BEN, {"about": {"value": {"selected_option": option}}})
        # Said at the field, and what was typed stays.
        assert list(sent.errors) == ["about"]
    assert await tasks(surface, BEN) == []


@pytest.mark.parametrize("value", ["[]", "{}", "5", "nonsense", '["a"]', '["a","b","c"]'])
async def test_a_contact_of_another_form_is_said_at_its_field(surface: Surface, value: str) -> None:
    await furnish(surface, many=2)
    await switched_on(surface, Switch.LOG_CALL)
    await use(surface, "log_call")
    option = {"text": {"type": "plain_text", "text": "x"}, "value": value}
    sent = await surface.submit(ANA, {"whom": {"value": {"selected_option": option}}})
    assert list(sent.errors) == ["whom"]


@pytest.mark.parametrize(
    "typed", ["\x00", "\ud800", "%" * 3000, "' OR 1=1 --", "(", "\\", "<!channel>", "\u202e"]
)
async def test_whatever_is_typed_is_looked_for_and_nothing_else(
    surface: Surface, typed: str
) -> None:
    await furnish(surface, many=101)
    await switched_on(surface, Switch.LOG_CALL)
    await use(surface, "log_call")
    found = await offered(surface, "whom", typed)
    blank = typed in {"\x00", "\u202e"}
    assert len(found) == (MOST_CHOICES if blank else 0)


async def test_of_more_than_a_thousand_each_is_found(surface: Surface) -> None:
    person = await surface.person(ANA)
    many = [lead(f"C-{n}", name_given=f"Lee {n}", person_id=person.id) for n in range(1001)]
    odd = lead("C-odd", name_given="Ömer ŞAHİN", company="50% Off_Ltd", person_id=person.id)
    emile = replace(odd, id="C-2", name_given="Émile Dupé", company=None)
    await surface.save(*many, odd, emile)
    await switched_on(surface, Switch.LOG_CALL)
    await use(surface, "log_call")
    assert called(await offered(surface, "whom", "ömer")) == ["Ömer ŞAHİN"]
    assert called(await offered(surface, "whom", "émile dupé")) == ["Émile Dupé"]
    assert called(await offered(surface, "whom", "50% off_")) == ["Ömer ŞAHİN"]
    assert called(await offered(surface, "whom", "lee 1000")) == ["Lee 1000"]


async def owners(surface: Surface, many: int) -> None:
    named = [Owner(name=f"Owner {n}", id=f"id-{n}") for n in range(many)]
    async with surface.parts.database.write() as tx:
        now, new_id = surface.clock.now(), surface.parts.new_id
        await stored_owners.resolve(tx, WS, CRM, named, now, new_id)


async def matching(surface: Surface) -> None:
    """Chris opens the window in which one of many owners is matched."""
    await open_home(surface, CHRIS)
    await press(surface, CHRIS, "admin:other")


async def test_an_administrator_matches_one_of_many_owners(surface: Surface) -> None:
    await owners(surface, 140)
    await matching(surface)
    assert "… and 135 more." in shown(surface, CHRIS)
    assert element(surface, "owner", CHRIS)["type"] == "external_select"
    (found,) = await offered(surface, "owner", "owner 137", CHRIS)
    chosen = {"owner": {"value": {"selected_option": found}}, "who": BEN}
    assert (await surface.submit(CHRIS, chosen)).ok
    await surface.settle()
    assert surface.slack.top_view(CHRIS) is None
    assert "… and 134 more." in shown(surface, CHRIS)
    named = Owner(name="Owner 137", id="id-137")
    async with surface.parts.database.read() as tx:
        who = await stored_owners.who_are(tx, WS, CRM, [named])
    assert who[named] == (await surface.person(BEN)).id


async def test_only_administrators_are_offered_owners_and_match_them(surface: Surface) -> None:
    await owners(surface, 140)
    await matching(surface)
    (found,) = await offered(surface, "owner", "owner 137", CHRIS)
    # Ana has the same window somehow.
    view = surface.view(CHRIS)
    kept = ("type", "callback_id", "title", "blocks", "submit", "close")
    surface.slack.open_view(ANA, {name: view[name] for name in kept})
    assert await offered(surface, "owner", "owner 137") == []
    assert (
        await surface.submit(ANA, {"owner": {"value": {"selected_option": found}}, "who": ANA})
    ).ok
    await surface.settle()
    assert "Only the coach's administrators" in words(surface.view(ANA))
    async with surface.parts.database.read() as tx:
        assert len(await people.unmatched(tx, WS)) == 140


async def test_an_owner_who_was_matched_meanwhile_is_said_at_the_field(surface: Surface) -> None:
    await owners(surface, 6)
    await matching(surface)
    first = element(surface, "owner", CHRIS)["options"][0]["value"]
    actor = Actor(WS, CHRIS)
    await administering.match(surface.parts, surface.installed, actor, first, BEN)
    sent = await surface.submit(CHRIS, {"owner": first, "who": ANA})
    assert list(sent.errors) == ["owner"]
    assert "meanwhile" in sent.errors["owner"]


async def test_where_everybody_is_matched_that_is_said(surface: Surface) -> None:
    await owners(surface, 6)
    await open_home(surface, CHRIS)
    async with surface.parts.database.write() as tx:
        await tx.execute(tables.people.delete().where(tables.people.c.slack_user_id.is_(None)))
    await press(surface, CHRIS, "admin:other")
    assert "Every owner in your CRM is somebody in Slack." in words(surface.view(CHRIS))


@pytest.mark.parametrize("block_id", ["passwords", "", "whom "])
async def test_a_menu_nobody_knows_offers_nothing(surface: Surface, block_id: str) -> None:
    await furnish(surface, many=101)
    await switched_on(surface, Switch.LOG_CALL)
    await use(surface, "log_call")
    blocks = surface.view(ANA)["blocks"]
    next(each for each in blocks if each["block_id"] == "whom")["block_id"] = block_id
    assert await offered(surface, block_id, "") == []


async def test_whoever_is_unknown_is_offered_nothing(surface: Surface) -> None:
    await furnish(surface, many=101)
    await switched_on(surface, Switch.LOG_CALL)
    await use(surface, "log_call")
    surface.slack.team_id = "T0ELSE"
    assert await offered(surface, "whom", "") == []


@pytest.fixture
async def narrow(sqlite_url: str) -> AsyncIterator[Surface]:
    async with staged(sqlite_url, bounds=Bounds(1, 1, 1, 1), ack_within=0.2) as made:
        yield made


async def test_what_cannot_be_looked_for_in_time_offers_nothing_and_is_no_fault(
    narrow: Surface,
) -> None:
    surface = narrow
    await furnish(surface, many=101)
    await switched_on(surface, Switch.LOG_CALL)
    await use(surface, "log_call")
    async with surface.parts.database.write():
        # The one thing that may be done at once waits for this transaction, and one waits for it.
        assert (await surface.slack.command(BEN, "/coach task Wait")).ok
        assert await offered(surface, "whom", "") == []
        assert await offered(surface, "whom", "") == []
    await surface.settle()
    assert len(await offered(surface, "whom", "")) == MOST_CHOICES
