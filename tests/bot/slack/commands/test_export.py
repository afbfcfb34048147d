"""`/coach export`: a person's own data, once and for an hour."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from bot.playground.slack.api import words_of
from storage.personal import KEPT
from tests.bot.slack.rights import ask, fetch, lived, url_in
from tests.bot.surface import ANA, BEN, HERE, Surface, staged, task


@pytest.fixture
async def public(database_url: str) -> AsyncIterator[Surface]:
    async with staged(database_url, public_url=HERE) as made:
        yield made


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


async def test_who_fetches_it_slowly_holds_up_nobody(public: Surface) -> None:
    mine = (await public.person(ANA)).id
    await public.save(*(task(f"T-{n:05}", note="x" * 60_000, person_id=mine) for n in range(600)))
    sockets = []
    for _ in range(16):
        url = urlsplit(url_in(await ask(public, "export")))
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        writer.write(f"POST {url.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        assert b"200 OK" in await reader.readline()
        # It reads no more of it.
        sockets.append(writer)
    # It is more than lies between the two. All other transactions are to be had at once.
    async with asyncio.timeout(20), AsyncExitStack() as stack:
        for _ in range(8):
            await stack.enter_async_context(public.parts.database.read())
    for writer in sockets:
        writer.close()
