"""Tests of how `/coach` is heard, recorded and answered."""

import asyncio

import pytest

from bot.slack.listeners.command import typed
from coach.models import Verb
from storage import activities, workspaces
from storage.activities import Which
from tests.bot.surface import ANA, NEW, WS, Surface, staged, words


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("link <mailto:ana@x.example|ana@x.example>", "link ana@x.example"),
        ("link <mailto:ana@x.example>", "link ana@x.example"),
        ("hello <@U01ANA|ana> &amp; &lt;b&gt;", "hello ana & <b>"),
        ("  level 2 ", "level 2"),
        ("", ""),
    ],
)
def test_what_slack_puts_around_words_is_taken_off(sent: str, meant: str) -> None:
    assert typed(sent) == meant


async def test_each_use_is_recorded_with_its_person_and_counted(surface_on_both: Surface) -> None:
    surface = surface_on_both
    for line in ("/coach tasks", "/coach tasks", "/coach secret words"):
        assert (await surface.slack.command(ANA, line)).ok
    await surface.settle()
    theirs = Which(person_id=(await surface.person(ANA)).id)
    now = surface.clock.now()
    async with surface.parts.database.read() as tx:
        counted = await activities.counts_by_verb(tx, WS, theirs, now=now, days=7)
        recent = await activities.recent(tx, WS, theirs)
    assert counted == {Verb.COMMAND_USED: 3}
    assert sorted(str(each.changes["command"][1]) for each in recent) == ["help", "tasks", "tasks"]
    assert "secret" not in str(recent)


async def test_the_same_delivery_counts_once_and_different_ones_each(surface: Surface) -> None:
    await asyncio.gather(*(surface.slack.command(ANA, "/coach deals") for _ in range(4)))
    await surface.settle()
    async with surface.parts.database.read() as tx:
        assert len(await activities.recent(tx, WS)) == 4


async def test_somebody_nobody_knew_is_answered_and_kept(surface: Surface) -> None:
    await surface.slack.command(NEW, "/coach level")
    await surface.settle()
    assert "level" in surface.ephemerals(NEW)[0]
    assert (await surface.person(NEW)).slack_user_id == NEW
    assert surface.parts.wake.lookup.is_set()


async def test_another_team_is_told_plainly(surface: Surface) -> None:
    async with surface.parts.database.write() as tx:
        await workspaces.change(tx, WS, team_id="T0OTHER")
    for line in ("/coach help", "/coach settings"):
        await surface.slack.command(ANA, line)
    await surface.settle()
    assert len(surface.ephemerals(ANA)) == 2
    assert all("another Slack workspace" in each for each in surface.ephemerals(ANA))


async def test_an_answer_comes_in_time_while_the_database_is_busy(sqlite_url: str) -> None:
    async with staged(sqlite_url, patience=0.05) as surface:
        async with surface.parts.database.write():
            for line in ("/coach settings", "/coach on", "/coach tasks"):
                answer = await surface.slack.command(ANA, line)
                assert answer.ok
            await surface.slack.until(lambda: surface.slack.top_view(ANA), "a window")
            assert "One moment" in words(surface.view(ANA))
        await surface.settle()
        assert surface.view(ANA)["title"]["text"] == "Coach settings"
        assert len(surface.ephemerals(ANA)) == 2
