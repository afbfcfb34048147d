"""Putting an insight off, from wherever it is seen, and having it back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.coaching import ticking
from bot.playground.slack.api import Message, words_of
from coach.models import InsightState, Level, Priority
from storage import insights, people
from storage.tables import insights as insights_table
from tests.bot.surface import ANA, BEN, WS, Surface, words

HOUR = timedelta(hours=1)


async def choose(surface: Surface, ts: str, value: str, who: str = ANA) -> None:
    """Choose an entry in the menu of a message."""
    assert (await surface.slack.press(who, ts, action_id="insight:menu", choose=value)).ok
    await surface.settle()


def live(surface: Surface, who: str = ANA) -> list[str]:
    """The messages that are there and have a Take Action button."""
    return [
        words_of(each) for each in surface.slack.messages(who) if "insight:take" in str(each.blocks)
    ]


def there(surface: Surface) -> list[str]:
    return [each.text for each in surface.slack.messages(ANA)]


async def is_put_off(surface: Surface, fingerprint: str) -> bool:
    """Whether it waits, and attention knows why."""
    async with surface.parts.database.read() as tx:
        query = select(insights_table.c.verdict_reason).where(
            insights_table.c.fingerprint == fingerprint
        )
        reason = (await tx.execute(query)).scalar_one()
    insight = await surface.stored(fingerprint)
    return insight.is_put_off(surface.clock.now()) and reason == "snoozed"


def told(surface: Surface) -> list[str]:
    """What only Ana sees, by its first line."""
    return [each.split("\n")[0] for each in surface.ephemerals(ANA)]


def answer_to(surface: Surface) -> Message:
    """The latest answer that only Ana sees."""
    return [each for each in surface.slack.messages(ANA) if each.ephemeral][-1]


async def later(surface: Surface, by: timedelta) -> None:
    surface.clock.moment += by
    await ticking.tick(surface.parts)
    await surface.settle()


async def test_put_off_for_an_hour_it_says_so_and_comes_again_by_another_card(
    surface_on_both: Surface,
) -> None:
    surface = surface_on_both
    fingerprint, card = await surface.card()
    await choose(surface, card.ts, "hour")
    assert there(surface) == ["Put off until Mon 23 Nov, 11:00: Ask Ann Lee for a referral."]
    assert live(surface) == []
    assert await is_put_off(surface, fingerprint)

    await later(surface, HOUR - timedelta(seconds=1))
    assert live(surface) == []
    await later(surface, timedelta(seconds=1))
    assert there(surface) == ["Coach: Ask Ann Lee for a referral."]
    assert surface.last(ANA).ts != card.ts
    assert len(live(surface)) == 1
    assert await surface.standing(fingerprint) == "sent"

    # It is the same as any other card: put off once more, it comes once more, in the brief.
    await choose(surface, surface.last(ANA).ts, "tomorrow")
    await later(surface, timedelta(hours=22))
    assert there(surface) == ["One thing for today: Ask Ann Lee for a referral."]
    assert len(live(surface)) == 1
    await surface.slack.press(ANA, surface.last(ANA).ts, label="Dismiss")
    await surface.settle()
    assert (await surface.stored(fingerprint)).state is InsightState.DISMISSED
    assert there(surface) == ["None of these waits for you now"]


def snoozes(surface: Surface) -> list[tuple[str, str]]:
    """What the one card of Ana's offers to put it off until, with the value behind it."""
    (card,) = [each for each in surface.slack.messages(ANA) if not each.ephemeral]
    (menu,) = [
        each
        for block in card.blocks
        for each in block.get("elements", ())
        if each.get("action_id") == "insight:menu"
    ]
    return [
        (each["text"]["text"], each["value"])
        for each in menu["options"]
        if "until" in each["text"]["text"]
    ][:1]


async def test_on_a_friday_it_is_put_off_until_monday_and_says_so(surface: Surface) -> None:
    """Whenever it is pressed: what was drawn on Friday means Monday, and not Tuesday."""
    surface.clock.moment += timedelta(days=4)
    fingerprint, card = await surface.card(lasts=timedelta(days=9))
    monday = ("Snooze until Monday", "tomorrow:2026-11-30")
    assert snoozes(surface) == [monday]
    await surface.slack.command(ANA, "/coach insights")
    await surface.settle()
    listed = answer_to(surface)
    await later(surface, timedelta(days=1))
    assert snoozes(surface) == [monday]
    # On Monday it is drawn anew, as the day begins.
    await later(surface, timedelta(days=1, hours=14, minutes=1))
    assert snoozes(surface) == [("Snooze until tomorrow", "tomorrow")]
    # A list that was asked for on Friday stands as it was: it means what it says.
    answer = await surface.slack.press(
        ANA, listed.ts, action_id="insight:menu", choose=monday[1],
        block_id=f"insight:{fingerprint}",
    )  # fmt: skip
    assert answer.ok
    await surface.settle()
    said = "Put off until Mon 30 Nov, 09:00: Ask Ann Lee for a referral."
    assert [each.text for each in surface.slack.messages(ANA) if each.ts == card.ts] == [said]


async def test_holidays_are_no_mornings_to_come_back_on(surface: Surface) -> None:
    person = await surface.person(ANA)
    async with surface.parts.database.write() as tx:
        await people.save_settings(tx, person, replace(person.settings, holidays="ES"))
    # A Monday before a Tuesday that is a holiday in Spain.
    surface.clock.moment = datetime(2026, 12, 7, 9, tzinfo=UTC)
    await surface.card()
    assert snoozes(surface) == [("Snooze until Wednesday", "tomorrow:2026-12-09")]
    await choose(surface, surface.last(ANA).ts, "tomorrow:2026-12-09")
    assert there(surface) == ["Put off until Wed 9 Dec, 09:00: Ask Ann Lee for a referral."]


async def test_it_is_open_for_a_working_day_after_it_came_again(surface: Surface) -> None:
    fingerprint, card = await surface.card(lasts=HOUR)
    await choose(surface, card.ts, "tomorrow")
    await later(surface, timedelta(hours=23, minutes=5))
    assert len(live(surface)) == 1
    await later(surface, timedelta(hours=23, minutes=50))
    assert len(live(surface)) == 1
    await later(surface, HOUR)
    assert live(surface) == []
    assert (await surface.stored(fingerprint)).state is InsightState.EXPIRED


async def test_a_second_press_changes_nothing_and_is_told_why(surface: Surface) -> None:
    fingerprint, card = await surface.card()
    await choose(surface, card.ts, "hour")
    surface.clock.moment += timedelta(minutes=1)
    answer = await surface.slack.press(
        ANA, card.ts, action_id="insight:menu", choose="tomorrow", stale=True
    )
    assert answer.ok
    await surface.settle()
    assert told(surface) == ["You have put this off already, until Mon 23 Nov, 11:00."]
    until = (await surface.stored(fingerprint)).snoozed_until
    assert until == surface.clock.moment + timedelta(minutes=59)


async def test_two_presses_at_once_put_it_off_once(surface: Surface) -> None:
    fingerprint, card = await surface.card()
    for _ in range(2):
        await surface.slack.press(ANA, card.ts, action_id="insight:menu", choose="hour", stale=True)
    await surface.settle()
    assert len(surface.ephemerals(ANA)) == 1
    assert await is_put_off(surface, fingerprint)


async def test_undo_brings_it_back_in_its_place_with_the_time_it_had(surface: Surface) -> None:
    fingerprint, card = await surface.card()
    before = await surface.stored(fingerprint)
    await choose(surface, card.ts, "hour")
    await surface.slack.press(ANA, card.ts, label="Undo")
    await surface.settle()
    assert there(surface) == ["Coach: Ask Ann Lee for a referral."]
    assert (surface.last(ANA).ts, len(live(surface))) == (card.ts, 1)
    assert (await surface.stored(fingerprint)) == before

    await surface.slack.press(ANA, card.ts, label="Undo", stale=True)
    await surface.settle()
    assert told(surface) == ["This is not put off any more."]
    await later(surface, HOUR)
    assert len(live(surface)) == 1


async def test_undone_when_its_own_time_was_up_it_stays_as_long_as_was_wanted(
    surface: Surface,
) -> None:
    fingerprint, card = await surface.card(lasts=HOUR)
    await choose(surface, card.ts, "tomorrow")
    await later(surface, 2 * HOUR)
    await surface.slack.press(ANA, card.ts, label="Undo")
    await surface.settle()
    assert len(live(surface)) == 1
    assert (await surface.stored(fingerprint)).expires_at > surface.clock.moment + 24 * HOUR


async def test_a_day_is_chosen_in_a_window_that_offers_next_week(surface: Surface) -> None:
    fingerprint, card = await surface.card()
    await choose(surface, card.ts, "day")
    view = surface.view(ANA)
    assert view["blocks"][0]["element"]["initial_date"] == "2026-11-30"
    assert "at 09:00" in words(view)
    done = await surface.submit(ANA, {"day": "2026-11-23"})
    assert "today is no such day" in done.errors["day"]
    done = await surface.submit(ANA, {"day": "2026-11-28"})
    assert done.ok
    await surface.settle()
    # A Saturday: it comes as work begins again.
    assert there(surface) == ["Put off until Mon 30 Nov, 09:00: Ask Ann Lee for a referral."]
    assert await is_put_off(surface, fingerprint)


async def test_from_a_list_the_list_follows(surface: Surface) -> None:
    fingerprint = await surface.insight()
    await surface.insight(occasion="other", message="Call Bo.")
    await surface.slack.command(ANA, "/coach insights")
    await surface.settle()
    listed = answer_to(surface)
    answer = await surface.slack.press(
        ANA, listed.ts, action_id="insight:menu", choose="tomorrow",
        block_id=f"insight:{fingerprint}",
    )  # fmt: skip
    assert answer.ok
    await surface.settle()
    said = surface.ephemerals(ANA)[-1]
    assert said.startswith("1 insight for you")
    assert said.index("Call Bo.") < said.index("Put off until Tue 24 Nov, 09:00: Ask Ann Lee")
    await surface.slack.press(ANA, answer_to(surface).ts, label="Undo")
    await surface.settle()
    assert surface.ephemerals(ANA)[-1].startswith("2 insights for you")


async def test_when_all_is_put_off_the_list_says_so(surface: Surface) -> None:
    _, card = await surface.card()
    await choose(surface, card.ts, "hour")
    await surface.slack.command(ANA, "/coach insights")
    await surface.settle()
    assert surface.ephemerals(ANA)[-1].startswith("Nothing but what you have put off")


async def test_from_home_the_tab_follows_and_the_card_too(surface: Surface) -> None:
    _, card = await surface.card()
    await surface.slack.open_tab(ANA, "home")
    await surface.settle()
    home = str(surface.slack.homes[ANA]["id"])
    await surface.slack.press_in_view(ANA, home, action_id="insight:menu", choose="hour")
    await surface.settle()
    assert "Put off until Mon 23 Nov, 11:00" in words(surface.slack.homes[ANA])
    assert "Put off until Mon 23 Nov, 11:00" in words_of(surface.last(ANA))
    assert surface.last(ANA).ts == card.ts
    await surface.slack.press_in_view(ANA, home, label="Undo")
    await surface.settle()
    assert "Put off" not in words(surface.slack.homes[ANA])
    assert len(live(surface)) == 1


async def test_nobody_puts_off_what_is_somebody_elses(surface: Surface) -> None:
    fingerprint, card = await surface.card()
    await surface.slack.press(ANA, card.ts, action_id="insight:menu", choose="hour", by=BEN)
    await surface.settle()
    assert await surface.standing(fingerprint) == "sent"


async def test_what_was_answered_is_not_put_off(surface: Surface) -> None:
    fingerprint, card = await surface.card()
    await surface.slack.press(ANA, card.ts, label="Dismiss")
    await surface.settle()
    for value in ("hour", "day"):
        await surface.slack.press(ANA, card.ts, action_id="insight:menu", choose=value, stale=True)
        await surface.settle()
    assert (await surface.stored(fingerprint)).state is InsightState.DISMISSED
    assert "already dismissed" in surface.ephemerals(ANA)[0]


@pytest.mark.parametrize("off", ["off", "level", "pause"])
async def test_what_they_chose_meanwhile_holds_when_it_would_come_again(
    surface: Surface, off: str
) -> None:
    _, card = await surface.card(priority=Priority.MEDIUM)
    await choose(surface, card.ts, "hour")
    person = await surface.person(ANA)
    async with surface.parts.database.write() as tx:
        changes: dict[str, dict[str, object]] = {
            "off": {"enabled": False},
            "level": {"level": int(Level.MINIMAL)},
            "pause": {"paused_until": surface.clock.moment + 2 * HOUR},
        }
        await people.change(tx, WS, person.id, **changes[off])
    await later(surface, HOUR)
    assert live(surface) == []


async def test_being_put_off_is_kept_as_seen_and_is_no_answer_for_good(surface: Surface) -> None:
    fingerprint, card = await surface.card()
    await choose(surface, card.ts, "hour")
    async with surface.parts.database.read() as tx:
        found = await insights.get(tx, WS, fingerprint)
    assert found is not None
    assert (found.state, found.seen, found.decided_at) == (InsightState.OPEN, True, None)
