"""The CRM pretends to be each vendor: from a webhook to what is done about it, with the real coach.

All of it over real HTTP: the vendor's webhooks with its signature, and its API with its pages.
"""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from rich.console import Console

from bot.crm import connecting
from bot.playground.crm.disguise import NATIVE, load_vendors
from bot.playground.crm.seed import ANA
from bot.playground.demo import Demo, running
from bot.playground.tour import Tour
from coach.models import SubjectKind, TaskStatus
from storage import deliveries, fetches, mirror, people
from storage.workspaces import DEFAULT

PATIENCE = 30


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Demo]:
    async with running(tmp_path / "demo", Console(file=io.StringIO())) as made:
        # The CRM as itself is known by then.
        await made.playground.slack.message(ANA, seconds=PATIENCE)
        yield made


async def do(demo: Demo, path: str, **given: Any) -> dict[str, Any]:
    """What the page does."""
    async with (
        aiohttp.ClientSession(headers={"origin": demo.page_url}) as http,
        http.post(f"{demo.page_url}/ui/crm/{path}", json=given) as answer,
    ):
        told: dict[str, Any] = await answer.json()
        return told


async def taken_over(demo: Demo, name: str) -> None:
    """Wait until the coach has all that is on the board."""
    parts = demo.bot.parts
    async with asyncio.timeout(PATIENCE):
        while True:
            (linked,) = await connecting.linked(parts, demo.bot.crm.providers, DEFAULT)
            if linked.provider == name and all(each.whole for each in linked.taken):
                return
            await asyncio.sleep(0.05)


async def known(demo: Demo, kind: SubjectKind) -> list[Any]:
    async with demo.bot.parts.database.read() as tx:
        (linked,) = await connecting.linked(demo.bot.parts, demo.bot.crm.providers, DEFAULT)
        found = await mirror.some(tx, kind, DEFAULT, linked.id, 500)
    return [each for each in found if not each.deleted]


async def troubles(demo: Demo) -> list[str]:
    """What went wrong on either side."""
    async with demo.bot.parts.database.read() as tx:
        failed = [f"delivery: {each.error}" for each in await deliveries.failed(tx, DEFAULT)]
        failed += [f"look-up: {each.name}" for each in await fetches.failed(tx, DEFAULT)]
    failed += [
        f"{each['name']}: {each['problem']}" for each in demo.playground.log if each["problem"]
    ]
    return failed


@pytest.mark.parametrize("name", sorted(load_vendors()))
async def test_a_vendor_is_taken_over_tells_what_happens_and_is_told_what_is_done(
    demo: Demo, name: str
) -> None:
    board, called = demo.playground.crm, load_vendors()[name].called
    assert await do(demo, "pretend", **{"as": name}) == {"ok": True}
    await taken_over(demo, name)
    # All that is on the board is known, and whose it is.
    deals = await known(demo, SubjectKind.DEAL)
    assert len(deals) == len(board.deals)
    assert {each.stage for each in deals} <= {each["stage"] for each in board.deals.values()}
    assert len(await known(demo, SubjectKind.CONTACT)) == len(board.contacts)
    async with demo.bot.parts.database.read() as tx:
        persons = await people.load(tx, DEFAULT, {each.person_id for each in deals})
    assert {each.slack_user_id for each in persons.values()} >= {ANA}
    # A deal is won there; what Ana does about it is there, and told back as what is known.
    await Tour(demo.playground, Console(file=io.StringIO()), PATIENCE).won_deal()
    (task,) = [each for each in board.tasks.values() if each["from_coach"]]
    assert task["title"].startswith("Ask ")
    assert task["owner"] == ANA
    await board.deliveries.settled(PATIENCE)
    said = [each["said"] for each in board.as_page()["pretends"]["vendor"]["recent"]]
    assert f"Coach makes the task “{task['title']}” in {called}." in said
    assert any(each.startswith(f"{called} tells Coach: ") for each in said), said
    # It is done on the board, and the coach hears of it: what was told may still wait its turn.
    assert (await do(demo, f"tasks/{task['id']}", completed=True))["ok"]
    mine: list[Any] = []
    async with asyncio.timeout(PATIENCE):
        while not any(each.status is TaskStatus.COMPLETED for each in mine):
            await asyncio.sleep(0.1)
            mine = [
                each for each in await known(demo, SubjectKind.TASK) if each.title == task["title"]
            ]
    assert len(mine) == 1, "the task that was made is no second one when it is told back"
    assert await troubles(demo) == []


async def test_it_is_itself_again_and_another_one_after_that(demo: Demo) -> None:
    board = demo.playground.crm
    for name in ("close", NATIVE, "hubspot"):
        assert await do(demo, "pretend", **{"as": name}) == {"ok": True}
        await taken_over(demo, name)
        await board.deliveries.settled(PATIENCE)
        async with asyncio.timeout(PATIENCE):
            while len(await known(demo, SubjectKind.DEAL)) < len(board.deals):
                await asyncio.sleep(0.05)
        assert board.as_page()["pretends"]["name"] == name
    refused = await do(demo, "pretend", **{"as": "nobody"})
    assert refused == {"ok": False, "error": "The CRM cannot pretend to be that."}


async def test_when_its_memory_is_lost_it_is_itself(tmp_path: Path) -> None:
    console = Console(file=io.StringIO())
    async with running(tmp_path / "demo", console) as demo:
        await demo.playground.slack.message(ANA, seconds=PATIENCE)
        assert await do(demo, "pretend", **{"as": "attio"}) == {"ok": True}
        await taken_over(demo, "attio")
    (tmp_path / "demo" / "playground.json").write_text("[]")
    async with running(tmp_path / "demo", console) as demo:
        board = demo.playground.crm
        assert board.as_page()["pretends"]["name"] == NATIVE
        await board.deliveries.settled(PATIENCE)
        async with asyncio.timeout(PATIENCE):
            while len(await known(demo, SubjectKind.DEAL)) < len(board.deals):
                await asyncio.sleep(0.05)


async def test_a_restart_is_still_the_vendor_and_the_same_things(tmp_path: Path) -> None:
    console = Console(file=io.StringIO())
    async with running(tmp_path / "demo", console) as demo:
        await demo.playground.slack.message(ANA, seconds=PATIENCE)
        assert await do(demo, "pretend", **{"as": "pipedrive"}) == {"ok": True}
        await taken_over(demo, "pipedrive")
        await do(demo, "deals/D-2/delete")
        await demo.playground.crm.deliveries.settled(PATIENCE)
        before = {each.id: each.name for each in await known(demo, SubjectKind.CONTACT)}
    async with running(tmp_path / "demo", console) as demo:
        assert demo.playground.crm.as_page()["pretends"]["name"] == "pipedrive"
        made = await do(demo, "contacts", name="Maria Santos", owner=ANA)
        assert made["ok"]
        async with asyncio.timeout(PATIENCE):
            while len(there := await known(demo, SubjectKind.CONTACT)) == len(before):
                await asyncio.sleep(0.05)
        assert {each.id: each.name for each in there}.items() >= before.items()
