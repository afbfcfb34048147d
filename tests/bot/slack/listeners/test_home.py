"""Tests of the Home tab: it shows what is, and keeps showing it."""

import asyncio
import json
from datetime import timedelta

from coach.models import Enrolment, InsightState
from storage.tables import insights
from tests.bot.surface import ANA, BEN, Surface, task, words
from tests.together import World


def shown(surface: Surface, who: str = ANA) -> str:
    return json.dumps(surface.slack.homes[who]["blocks"], ensure_ascii=False)


async def open_home(surface: Surface, who: str = ANA) -> str:
    assert (await surface.slack.open_tab(who, "home")).ok
    await surface.settle()
    return str(surface.slack.homes[who]["id"])


async def test_opening_it_shows_state_settings_and_what_waits(surface: Surface) -> None:
    await surface.insight()
    await open_home(surface)
    assert "The coach is on, at level 2, balanced" in shown(surface)
    assert "Ask Ann Lee for a referral." in shown(surface)
    assert "Take Action" in shown(surface)


async def test_the_messages_tab_draws_nothing(surface: Surface) -> None:
    await surface.slack.open_tab(ANA, "messages")
    await surface.settle()
    assert surface.slack.homes == {}


async def test_dismissing_in_the_tab_takes_the_insight_off_it(surface: Surface) -> None:
    fingerprint = await surface.insight()
    home = await open_home(surface)
    await surface.slack.press_in_view(ANA, home, label="Dismiss")
    await surface.settle()
    assert (await surface.stored(fingerprint)).state is InsightState.DISMISSED
    assert "Nothing. Well done!" in shown(surface)


async def test_taking_action_in_the_tab_opens_the_form_and_the_tab_follows(
    surface: Surface,
) -> None:
    await surface.insight()
    home = await open_home(surface)
    await surface.slack.press_in_view(ANA, home, label="Take Action")
    await surface.settle()
    await surface.submit(ANA, {})
    await surface.settle()
    assert "Nothing. Well done!" in shown(surface)


async def test_a_second_dismissal_in_the_tab_is_answered_in_a_window(surface: Surface) -> None:
    _, card = await surface.card()
    home = await open_home(surface)
    stale = surface.slack.homes[ANA]
    await surface.slack.press(ANA, card.ts, label="Dismiss")
    await surface.settle()
    surface.slack.homes[ANA] = stale
    await surface.slack.press_in_view(ANA, home, label="Dismiss")
    await surface.settle()
    assert "already dismissed" in words(surface.view(ANA))


async def test_the_coach_is_turned_off_and_on_from_the_tab(surface: Surface) -> None:
    home = await open_home(surface)
    await surface.slack.press_in_view(ANA, home, label="Turn off")
    await surface.settle()
    assert not (await surface.person(ANA)).settings.enabled
    assert "The coach is off" in shown(surface)
    await surface.slack.press_in_view(ANA, home, label="Turn on")
    await surface.settle()
    assert (await surface.person(ANA)).settings.enabled
    assert "The coach is on" in shown(surface)


async def test_who_has_not_started_can_start_from_the_tab(surface: Surface) -> None:
    home = await open_home(surface, BEN)
    assert "The coach has not started" in shown(surface, BEN)
    await surface.slack.press_in_view(BEN, home, label="Start")
    await surface.settle()
    assert (await surface.person(BEN)).enrolment is Enrolment.STARTED
    assert "The coach is on" in shown(surface, BEN)


async def test_settings_open_from_the_tab_and_the_tab_follows(surface: Surface) -> None:
    home = await open_home(surface)
    await surface.slack.press_in_view(ANA, home, label="Settings")
    await surface.settle()
    await surface.submit(ANA, {"level": "3", "stale_lead_days": "12"})
    await surface.settle()
    assert "at level 3, active. Leads go cold after 12 working days" in shown(surface)


async def test_a_restarted_coach_keeps_the_tab_true_for_who_looked_at_it_before(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    assert (await world.slack.open_tab(ANA, "home")).ok
    await world.settle()
    await world.restart()
    assert (await world.slack.command(ANA, "/coach off")).ok
    async with asyncio.timeout(20):
        while "The coach is off" not in json.dumps(world.slack.homes[ANA]["blocks"]):
            await asyncio.sleep(0.02)


async def test_the_tab_of_somebody_who_never_looked_at_it_is_not_drawn(surface: Surface) -> None:
    assert (await surface.slack.command(ANA, "/coach off")).ok
    await surface.settle()
    assert surface.slack.homes == {}


async def test_what_became_of_what_they_were_told_is_shown_to_them_alone(surface: Surface) -> None:
    await open_home(surface)
    assert "Did it help?" not in shown(surface)
    _, card = await surface.card()
    await surface.slack.press(ANA, card.ts, label="Dismiss")
    await surface.settle()
    # Redrawn by the press itself.
    assert "Did it help?" in shown(surface)
    assert "Referrals – 1 told: 1 dismissed" in shown(surface)
    await open_home(surface, BEN)
    assert "Did it help?" not in shown(surface, BEN)
    # What is long ago is no news of late.
    surface.clock.moment += timedelta(days=31)
    await open_home(surface)
    assert "Did it help?" not in shown(surface)


async def test_a_list_of_which_something_was_done_was_not_left_unanswered(
    surface_on_both: Surface,
) -> None:
    surface = surface_on_both
    mine = (await surface.person(ANA)).id
    await surface.save(*(task(f"T-{n}", person_id=mine) for n in range(3)))
    fingerprint, card = await surface.card(action="view_overdue_tasks", params={})
    assert (await surface.slack.press(ANA, card.ts, label="Take Action")).ok
    await surface.settle()
    view_id = surface.view(ANA)["id"]
    assert (await surface.slack.press_in_view(ANA, view_id, label="Complete")).ok
    await surface.settle()
    async with surface.parts.database.write() as tx:
        await tx.execute(insights.update().values(state=InsightState.EXPIRED.value))
    assert (await surface.stored(fingerprint)).state is InsightState.EXPIRED
    await open_home(surface)
    assert "1 told: 1 done" in shown(surface)
    assert "left unanswered" not in shown(surface)
