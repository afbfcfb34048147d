"""`/coach mute`: what is muted, by name and in lists, and taking it back there."""

from bot.playground.slack.api import Message, words_of
from tests.bot.surface import ANA, BEN, Surface, words


def answers(surface: Surface) -> list[Message]:
    return [each for each in surface.slack.messages(ANA) if each.ephemeral]


async def said(surface: Surface, typed: str, who: str = ANA) -> str:
    assert (await surface.slack.command(who, f"/coach mute {typed}".strip())).ok
    await surface.settle()
    return surface.ephemerals(who)[-1]


async def test_a_kind_is_muted_by_its_name_for_good_or_until_then(surface: Surface) -> None:
    assert "You have muted nothing." in await said(surface, "")
    assert "Muted: Stuck deals." in await said(surface, "stuck deals")
    assert "Muted until Mon 30 Nov, 09:00: Overdue tasks." in await said(
        surface, "Overdue  TASKS until monday"
    )
    assert "Muted: Leads going cold." in await said(surface, "stale_leads")
    assert "Muted until Thu 26 Nov, 09:00: Referrals." in await said(
        surface, "referrals UNTIL Thursday"
    )
    listed = await said(surface, "")
    assert "Stuck deals" in listed
    assert "Overdue tasks – until Mon 30 Nov, 09:00" in listed


async def test_what_is_no_kind_is_told_with_the_nearest_or_with_all(surface: Surface) -> None:
    near = await said(surface, "stuk deals")
    assert "Did you mean" in near
    assert "Stuck deals" in near
    assert "Leads going cold" in await said(surface, "the weather")
    assert "I do not understand “a while”" in await said(surface, "stuck deals until a while")
    assert "You have muted nothing." in await said(surface, "")


async def test_the_list_takes_back_and_follows(surface: Surface) -> None:
    await said(surface, "stuck deals")
    await said(surface, "overdue tasks")
    await said(surface, "")
    listed = answers(surface)[-1]
    await surface.slack.press(ANA, listed.ts, label="Unmute")
    await surface.settle()
    now = surface.ephemerals(ANA)[-1]
    assert "Overdue tasks" not in now
    assert "Stuck deals" in now
    await surface.slack.press(ANA, answers(surface)[-1].ts, label="Unmute")
    await surface.settle()
    assert "You have muted nothing." in surface.ephemerals(ANA)[-1]


async def test_home_lists_what_is_muted_and_takes_it_back_once(surface: Surface) -> None:
    await surface.slack.open_tab(ANA, "home")
    await surface.settle()
    await said(surface, "stuck deals")
    tab = surface.slack.homes[ANA]
    assert "Stuck deals" in words(tab)
    for _ in range(2):
        surface.slack.homes[ANA] = tab
        await surface.slack.press_in_view(ANA, str(tab["id"]), label="Unmute")
        await surface.settle()
    assert "not muted any more" in words(surface.view(ANA))
    await said(surface, "")
    assert "Stuck deals" not in words(surface.slack.homes[ANA])


async def test_the_list_of_what_waits_says_that_something_is_muted(surface: Surface) -> None:
    await surface.insight()
    await said(surface, "referrals")
    await surface.slack.command(ANA, "/coach insights")
    await surface.settle()
    told = words_of(surface.last(ANA))
    assert "Nothing waits for you." in told
    assert "You have muted 1 kind or thing, which is not listed" in told


async def test_everybody_mutes_for_themselves(surface: Surface) -> None:
    await said(surface, "stuck deals")
    assert "You have muted nothing." in await said(surface, "", BEN)


async def test_a_day_of_another_year_is_told_with_its_year(surface: Surface) -> None:
    until = "Wed, 24 Nov 2027, 09:00"
    assert f"Muted until {until}: Stuck deals." in await said(surface, "stuck deals until 366d")
    assert f"Stuck deals – until {until}" in await said(surface, "")
    assert (await surface.slack.command(ANA, "/coach pause 366d")).ok
    await surface.settle()
    assert f"Your coach is silent until {until}." in surface.ephemerals(ANA)[-1]


async def test_whoever_would_mute_everything_is_told_how_to_pause(surface: Surface) -> None:
    for typed in ("everything", "Everything until monday", "all of it"):
        told = await said(surface, typed)
        assert "/coach pause until monday" in told
        assert "/coach off" in told
    assert "You have muted nothing." in await said(surface, "")
