"""`/coach pause`: silence until then, and not a word of what was held is lost."""

from datetime import timedelta

import pytest

from tests.bot.surface import ANA, BEN, Surface, words

HOUR = timedelta(hours=1)


async def said(surface: Surface, typed: str, who: str = ANA) -> str:
    assert (await surface.slack.command(who, f"/coach pause {typed}".strip())).ok
    await surface.settle()
    return surface.ephemerals(who)[-1]


def cards(surface: Surface) -> int:
    return sum("insight:take" in str(each.blocks) for each in surface.slack.messages(ANA))


async def later(surface: Surface, by: timedelta) -> None:
    surface.clock.moment += by
    await surface.settle()


async def test_a_pause_says_until_when_where_they_are_holds_everything_and_ends(
    surface: Surface,
) -> None:
    assert "silent until Mon 23 Nov, 12:00." in await said(surface, "2h")
    fingerprint = await surface.insight()
    await surface.settle()
    assert cards(surface) == 0
    assert await surface.standing(fingerprint) == "paused"
    assert "silent until Mon 23 Nov, 12:00." in await said(surface, "")
    await later(surface, 2 * HOUR - timedelta(seconds=1))
    assert cards(surface) == 0
    await later(surface, timedelta(seconds=1))
    assert cards(surface) == 1
    assert "is not paused" in await said(surface, "")


@pytest.mark.parametrize("ending", ["/coach pause off", "/coach on"])
async def test_what_was_held_comes_when_the_pause_is_ended(surface: Surface, ending: str) -> None:
    assert "silent until Mon 30 Nov, 09:00." in await said(surface, "until monday")
    await surface.insight()
    await surface.settle()
    assert cards(surface) == 0
    await surface.slack.command(ANA, ending)
    await surface.settle()
    assert cards(surface) == 1
    assert (await surface.person(ANA)).paused_until is None


async def test_who_is_spoken_to_again_is_told_how_much_waits(surface: Surface) -> None:
    await surface.slack.command(ANA, "/coach on")
    await surface.settle()
    assert "/coach insights shows what waits." in surface.ephemerals(ANA)[-1]
    await said(surface, "2h")
    for occasion in "12":
        await surface.insight(occasion=occasion)
    two = "2 things wait for you: /coach insights shows them."
    assert f"The pause is over. {two}" in await said(surface, "off")
    await surface.slack.command(ANA, "/coach off")
    await surface.settle()
    await surface.slack.command(ANA, "/coach on")
    await surface.settle()
    assert two in surface.ephemerals(ANA)[-1]


async def test_what_is_on_its_way_is_held_as_well(surface: Surface) -> None:
    fingerprint = await surface.insight()
    assert await surface.standing(fingerprint) == "due"
    await said(surface, "1h")
    assert cards(surface) == 0
    assert await surface.standing(fingerprint) == "paused"


async def test_what_cannot_be_read_is_told_and_changes_nothing(surface: Surface) -> None:
    assert "I do not understand “a bit”" in await said(surface, "a bit")
    assert "That is past" in await said(surface, "until 2020-01-01")
    assert (await surface.person(ANA)).paused_until is None
    assert "is not paused" in await said(surface, "off")


async def test_who_has_not_started_has_nothing_to_pause(surface: Surface) -> None:
    for typed in ("2h", "off", ""):
        assert "Your coach is off" in await said(surface, typed, BEN)
    assert (await surface.person(BEN)).paused_until is None


async def test_home_says_so_and_ends_it(surface: Surface) -> None:
    await surface.slack.open_tab(ANA, "home")
    await surface.settle()
    await said(surface, "until 2026-12-04")
    home = surface.slack.homes[ANA]
    assert "The coach is paused until Fri 4 Dec, 09:00." in words(home)
    await surface.slack.press_in_view(ANA, str(home["id"]), label="End the pause")
    await surface.settle()
    assert "paused" not in words(surface.slack.homes[ANA])
    assert (await surface.person(ANA)).paused_until is None
