"""A link to a deal gets a button for everybody, and its state for who owns the deal alone."""

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.crm.intake import Intake
from bot.crm.links import Links
from bot.crm.parts import CrmParts
from bot.crm.provider import load_providers
from bot.playground.slack.api import Message, words_of
from bot.playground.slack.channels import Channel
from bot.slack.listeners import links
from bot.slack.listeners.desk import Desk
from bot.slack.switches import Switch
from coach.models import DealStatus
from storage import installations, messages, people
from storage.installations import ENVIRONMENT, Installation
from storage.tables import installations as installations_table
from tests.bot.playground.fake_bot import BOT_TOKEN
from tests.bot.slack.listeners.test_home import open_home, shown
from tests.bot.slack.listeners.test_shortcuts import switched_on
from tests.bot.surface import ANA, BEN, CHRIS, CRM, NEW, WS, Surface, deal, words

SALES = "C0SALES"
URL = "https://crm.example/deals/17"


@pytest.fixture
async def linked(surface: Surface) -> Surface:
    """Ana's deal has a page; links are switched on, and the coach has written to everybody."""
    slack = surface.slack
    slack.scopes |= {"links:read", "links:write"}
    slack.unfurl_domains = {"crm.example"}
    slack.channels[SALES] = Channel(SALES, "sales")
    ana = await surface.person(ANA)
    await surface.save(deal(person_id=ana.id, url=URL, title="Acme & <!channel>"))
    await switched_on(surface, Switch.LINKS)
    for who in (ANA, BEN):
        person = await surface.person(who)
        made = messages.Message(WS, f"hello:{who}", "hello", who, {}, person.id)
        async with surface.parts.database.write() as tx:
            await messages.make(tx, [(made, [])], surface.clock.now())
    await surface.settle()
    return surface


async def write(surface: Surface, who: str, text: str, channel: str | None = None) -> Message:
    message = await surface.slack.write(who, text, channel)
    await surface.settle()
    return message


def below(message: Message) -> str:
    return json.dumps(message.unfurls, ensure_ascii=False)


async def test_a_channel_sees_that_it_is_a_deal_and_nothing_of_it(linked: Surface) -> None:
    message = await write(linked, ANA, f"Look at {URL} please", SALES)
    assert list(message.unfurls) == [URL]
    assert "A deal in the CRM." in below(message)
    for secret in ("Acme", "12,000", "Proposal"):
        assert secret not in below(message)


async def test_who_owns_it_is_shown_its_state_with_its_actions(linked: Surface) -> None:
    message = await write(linked, BEN, f"How is {URL}?", SALES)
    await linked.slack.press(SALES, message.ts, label="Show its state", by=ANA)
    await linked.settle()
    view = linked.view(ANA)
    told = words(view)
    assert "Acme & <!channel>" in told
    assert "€12,000" in told
    assert "Move to a stage…" in told
    # What is done there is done, and the window below shows it.
    block = next(each for each in view["blocks"] if each.get("accessory"))
    await linked.slack.press_in_view(
        ANA, view["id"], action_id=block["accessory"]["action_id"], choose="task"
    )
    await linked.settle()
    assert (await linked.submit(ANA, {"title": "Call Ann"})).ok
    await linked.settle()
    assert "Created the task “Call Ann”" in words(linked.view(ANA))
    assert "Planned: Call Ann" in words(linked.slack.views[ANA][0])
    await linked.slack.press_in_view(ANA, linked.view(ANA)["id"], label="Undo")
    await linked.settle()
    assert "Planned: Call Ann" not in words(linked.slack.views[ANA][0])


@pytest.mark.parametrize("who", [BEN, CHRIS])
async def test_whoever_else_presses_is_told_that_it_is_not_theirs(
    linked: Surface, who: str
) -> None:
    message = await write(linked, ANA, URL, SALES)
    await linked.slack.press(SALES, message.ts, label="Show its state", by=who)
    await linked.settle()
    assert "This deal is not yours in the CRM" in words(linked.view(who))
    assert "Acme" not in words(linked.view(who))


async def test_in_ones_own_conversation_its_state_stands_below(linked: Surface) -> None:
    message = await write(linked, ANA, URL)
    assert "Acme & <!channel>" in below(message)
    assert "€12,000" in below(message)
    assert "As of Mon 23 Nov, 10:00." in below(message)
    await linked.slack.press(ANA, message.ts, label="Do something…")
    await linked.settle()
    assert "Move to a stage…" in words(linked.view(ANA))
    # Somebody else's deal says no more there than in a channel.
    other = await write(linked, BEN, URL)
    assert "A deal in the CRM." in below(other)
    assert "Acme" not in below(other)


@pytest.mark.parametrize(
    "more",
    [
        {"channel": "D01ANA", "source": "composer", "unfurl_id": "u1"},
        {"channel": "D0SOMEBODY", "source": "composer", "unfurl_id": "u2"},
        {"channel": "COMPOSER", "source": "composer", "unfurl_id": "u3"},
    ],
)
async def test_while_it_is_written_nothing_of_it_is_said(
    linked: Surface, more: dict[str, Any]
) -> None:
    event = {
        "type": "link_shared", "user": ANA, "message_ts": "1.2", "is_bot_user_member": True,
        "links": [{"domain": "crm.example", "url": URL}], **more,
    }  # fmt: skip
    await linked.slack.event(event)
    await linked.settle()
    told = json.dumps(linked.slack.previews[more["unfurl_id"]])
    assert "A deal in the CRM." in told
    assert "Acme" not in told


async def test_another_conversation_between_two_is_not_ones_own(linked: Surface) -> None:
    linked.slack.channels["D0OTHER"] = Channel("D0OTHER", "other", joined=True)
    message = await write(linked, ANA, URL, "D0OTHER")
    assert "A deal in the CRM." in below(message)
    assert "Acme" not in below(message)


async def test_told_twice_it_stands_there_once(linked: Surface) -> None:
    message = await write(linked, ANA, f"{URL} {URL}", SALES)
    before = below(message)
    event = {
        "type": "link_shared", "user": ANA, "channel": SALES, "message_ts": message.ts,
        "links": [{"domain": "crm.example", "url": URL}],
    }  # fmt: skip
    linked.slack.channels[SALES].joined = True
    for _ in range(2):
        assert (await linked.slack.event(event)).ok
        await linked.settle()
    assert [list(message.unfurls)] == [[URL]]
    assert words_of(message).count("A deal in the CRM.") == 1
    assert json.loads(before).keys() == message.unfurls.keys()


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        (URL, 0),
        # As Slack itself writes it.
        (f"<{URL}>", 0),
        (f"<{URL}|crm.example/deals/17>  <{URL}>", 0),
        (f"What about <{URL}>?", 1),
        ("<https://crm.example/deals/18>", 1),
        (f"<{URL}> <https://crm.example/deals/18>", 1),
        ("<>", 1),
    ],
)
async def test_a_link_alone_is_answered_by_what_stands_below_it(
    linked: Surface, text: str, answers: int
) -> None:
    linked.clock.moment += timedelta(minutes=2)
    before = len(linked.slack.messages(ANA))
    event = {
        "type": "message", "channel": "D01ANA", "channel_type": "im", "user": ANA,
        "text": text, "ts": "1790000000.000100",
    }  # fmt: skip
    assert (await linked.slack.event(event)).ok
    await linked.settle()
    assert len(linked.slack.messages(ANA)) - before == answers


async def test_a_link_is_answered_like_anything_else_where_nothing_stands_below_it(
    surface: Surface,
) -> None:
    ana = await surface.person(ANA)
    await surface.save(deal(person_id=ana.id, url=URL))
    await write(surface, ANA, URL)
    (answer,) = [each for each in surface.slack.messages(ANA) if each.sender == "bot"]
    assert "cannot chat" in answer.text


async def test_other_links_and_too_many_get_nothing(linked: Surface) -> None:
    ana = await linked.person(ANA)
    for number in range(12):
        url = f"https://crm.example/deals/many-{number}"
        await linked.save(deal(f"D-{number}", person_id=ana.id, url=url))
    many = " ".join(f"https://crm.example/deals/many-{number}" for number in range(12))
    assert len((await write(linked, ANA, many, SALES)).unfurls) == 10
    other = f"https://crm.example/deals/18 https://evil.example/?{URL} {URL}/"
    assert (await write(linked, ANA, other, SALES)).unfurls == {}


async def test_of_deals_with_one_page_it_is_the_open_one(linked: Surface) -> None:
    ana = await linked.person(ANA)
    page = "https://crm.example/leads/1"
    for id, status in (("D-1", DealStatus.OPEN), ("D-2", DealStatus.WON)):
        await linked.save(deal(id, person_id=ana.id, url=page, title=id, status=status))
    assert "D-1" in below(await write(linked, ANA, page))
    await linked.save(deal("D-3", person_id=ana.id, url=page, title="D-3"))
    assert (await write(linked, ANA, page)).unfurls == {}
    await linked.save(deal("D-4", person_id=ana.id, url=f"{page}4", status=DealStatus.WON))
    assert "won" in below(await write(linked, ANA, f"{page}4"))


async def test_a_deal_that_is_gone_and_a_switch_that_is_off_show_nothing(linked: Surface) -> None:
    message = await write(linked, ANA, URL, SALES)
    ana = await linked.person(ANA)
    await linked.save(deal(person_id=ana.id, url=URL, deleted=True))
    await linked.slack.press(SALES, message.ts, label="Show its state", by=ANA)
    await linked.settle()
    assert "This deal is not yours" in words(linked.view(ANA))
    assert (await write(linked, ANA, URL, SALES)).unfurls == {}
    await linked.save(deal(person_id=ana.id, url=URL))
    await open_home(linked, CHRIS)
    home = str(linked.slack.homes[CHRIS]["id"])
    await linked.slack.press_in_view(CHRIS, home, action_id="admin:switch:links")
    await linked.settle()
    assert (await write(linked, ANA, URL, SALES)).unfurls == {}
    await linked.slack.press(SALES, message.ts, label="Show its state", by=ANA)
    await linked.settle()
    assert "This is switched off." in words(linked.view(ANA))


async def test_a_button_with_another_value_shows_nothing(linked: Surface) -> None:
    message = await write(linked, ANA, URL, SALES)
    for value in ("", "x", "[]", json.dumps([CRM, "D-99"]), json.dumps({"a": 1})):
        (block,) = message.unfurls[URL]
        block["accessory"]["value"] = value
        await linked.slack.press(SALES, message.ts, label="Show its state", by=ANA)
        await linked.settle()
        assert "Acme" not in words(linked.view(ANA))


async def test_home_says_so_where_slack_tells_of_no_links(surface: Surface) -> None:
    await switched_on(surface, Switch.LINKS)
    # What Slack has not said is not guessed at.
    assert "links:read" not in shown(surface, CHRIS)
    for scopes, lacks in ((("chat:write",), True), (("links:read", "links:write"), False)):
        async with surface.parts.database.write() as tx:
            known = Installation(
                ENVIRONMENT, BOT_TOKEN, team_id=surface.slack.team_id, scopes=scopes
            )
            await installations.keep(tx, surface.parts.seal, known, surface.clock.now())
            await tx.execute(installations_table.update().values(scopes=",".join(scopes)))
        surface.installed.forget()
        await open_home(surface, CHRIS)
        assert ("the app lacks links:read, links:write" in shown(surface, CHRIS)) is lacks


async def test_a_channel_that_is_shared_with_others_is_told_nothing(linked: Surface) -> None:
    body = {
        "team_id": linked.slack.team_id,
        "event": {
            "user": ANA,
            "channel": SALES,
            "message_ts": "1.2",
            "source": "composer",
            "unfurl_id": "u1",
            "links": [{"url": URL}],
        },
    }
    crm = CrmParts(linked.parts, load_providers())
    desk = Desk(linked.parts, linked.installed, Links(crm, Intake(crm)))
    await links.answer(desk, {**body, "is_ext_shared_channel": True}, linked.client)
    assert linked.slack.previews == {}
    await links.answer(desk, {**body, "is_ext_shared_channel": False}, linked.client)
    assert list(linked.slack.previews) == ["u1"]


async def test_nothing_is_kept_of_somebody_who_posts_a_link(linked: Surface) -> None:
    message = await write(linked, NEW, URL, SALES)
    assert "A deal in the CRM." in below(message)
    async with linked.parts.database.read() as tx:
        assert await people.by_slack_user(tx, WS, NEW) is None
