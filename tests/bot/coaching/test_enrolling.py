"""Tests of a person's own choices, on both kinds of database."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import time, timedelta

import pytest
from sqlalchemy import select

from bot.coaching import enrolling
from bot.coaching.actor import Actor
from bot.runtime.parts import Parts
from coach.engine import load_rules, person_rules, time_rules
from coach.models import Contact, Deal, Enrolment, Level, Person, Priority, Settings
from storage import rounds
from storage.tables import check_plans
from tests.bot.surface import (
    ANA,
    BEN,
    NEW,
    Surface,
    deal,
    lead,
    surface,
    surface_on_both,
)
from tests.world import by

__all__ = ["surface", "surface_on_both"]

Choice = Callable[[Parts, Actor], Awaitable[Person]]


async def looks(surface: Surface) -> set[str]:
    """The rules that look at somebody at the next tick."""
    async with surface.parts.database.read() as tx:
        due = await rounds.due(tx, surface.parts.rules, surface.clock.now(), 99)
        plans = await tx.execute(select(check_plans.c.rule).where(~check_plans.c.done))
        return {each.rule for each in due} | set(plans.scalars())


def things(surface: Surface, person: Person) -> tuple[Deal, Contact]:
    """A deal and a lead that have waited for a day."""
    yesterday = surface.clock.now() - timedelta(days=1)
    return (
        replace(deal(person_id=person.id), stage_entered_at=yesterday),
        replace(lead(person_id=person.id), silent_since=yesterday),
    )


async def test_starting_brings_what_was_held_by_the_level(surface_on_both: Surface) -> None:
    surface = surface_on_both
    high = await surface.insight(BEN, occasion="1")
    low = await surface.insight(BEN, occasion="2", priority=Priority.LOW)
    assert await surface.standing(high) == "consent"
    person = await enrolling.start(surface.parts, by(BEN))
    assert person.enrolment is Enrolment.STARTED
    assert await surface.standing(high) == "due"
    assert await surface.standing(low) == "below_level"
    assert surface.parts.wake.sender.is_set()


@pytest.mark.parametrize("choice", [enrolling.start, enrolling.turn_on])
async def test_who_begins_to_listen_is_looked_at_at_once(surface: Surface, choice: Choice) -> None:
    ben = await surface.person(BEN)
    await surface.save(*things(surface, ben))
    surface.parts.wake.tick.clear()
    assert await looks(surface) == set()
    await choice(surface.parts, by(BEN))
    # What looks at people by themselves finds out when its time with them is.
    assert await looks(surface) - {*person_rules(surface.parts.rules)} == {
        "stuck_deals",
        "stale_leads",
    }
    assert surface.parts.wake.tick.is_set()


async def test_somebody_nobody_knew_can_start(surface_on_both: Surface) -> None:
    surface = surface_on_both
    person = await enrolling.turn_on(surface.parts, by(NEW))
    assert (person.slack_user_id, person.enrolment) == (NEW, Enrolment.STARTED)
    assert surface.parts.wake.lookup.is_set()


async def test_off_takes_back_what_waits_at_once_and_on_brings_what_is_still_true(
    surface_on_both: Surface,
) -> None:
    surface = surface_on_both
    waiting = await surface.insight()
    person = await enrolling.turn_off(surface.parts, by(ANA))
    assert (person.enrolment, person.settings.enabled) == (Enrolment.STARTED, False)
    assert await surface.standing(waiting) == "off"
    person = await enrolling.turn_on(surface.parts, by(ANA))
    assert person.settings.enabled
    assert await surface.standing(waiting) == "due"


async def test_settings_saved_as_off_take_back_what_waits_too(surface: Surface) -> None:
    waiting = await surface.insight()
    await enrolling.save_settings(surface.parts, by(ANA), Settings(enabled=False))
    assert await surface.standing(waiting) == "off"


@pytest.mark.parametrize("choice", [enrolling.decline, enrolling.turn_off])
async def test_who_never_started_declines(surface: Surface, choice: Choice) -> None:
    held = await surface.insight(BEN)
    person = await choice(surface.parts, by(BEN))
    assert person.enrolment is Enrolment.DECLINED
    assert not person.listens
    assert await surface.standing(held) == "declined"


async def test_who_declined_can_still_start(surface: Surface) -> None:
    await enrolling.decline(surface.parts, by(BEN))
    person = await enrolling.turn_on(surface.parts, by(BEN))
    assert person.enrolment is Enrolment.STARTED
    assert person.listens


async def test_a_lower_level_takes_back_what_is_too_unimportant_and_a_higher_brings_it(
    surface_on_both: Surface,
) -> None:
    surface = surface_on_both
    medium = await surface.insight(priority=Priority.MEDIUM)
    assert await surface.standing(medium) == "due"
    person = await enrolling.set_level(surface.parts, by(ANA), Level.MINIMAL)
    assert person.settings.level is Level.MINIMAL
    assert await surface.standing(medium) == "below_level"
    await enrolling.set_level(surface.parts, by(ANA), Level.BALANCED)
    assert await surface.standing(medium) == "due"


@pytest.mark.parametrize(
    ("changed", "rules"),
    [
        (Settings(level=Level.ACTIVE), {"stuck_deals", "stale_leads"}),
        (Settings(stale_lead_days=3), {"stale_leads", "first_response"}),
        (Settings(stuck_deal_days=3), {"stuck_deals"}),
        (
            Settings(stale_lead_days=3, working_days=(1, 2, 3)),
            set(time_rules(load_rules())),
        ),
        (Settings(work_from=time(8)), set(time_rules(load_rules()))),
        (Settings(work_until=time(17)), set(time_rules(load_rules()))),
    ],
)
async def test_each_setting_that_matters_to_the_clock_has_it_look_at_once(
    surface: Surface, changed: Settings, rules: set[str]
) -> None:
    ana = await surface.person(ANA)
    await surface.save(*things(surface, ana))
    person = await enrolling.save_settings(surface.parts, by(ANA), changed)
    assert person.settings == changed
    assert await looks(surface) == rules


async def test_settings_saved_as_they_were_move_no_check(surface: Surface) -> None:
    ana = await surface.person(ANA)
    await surface.save(*things(surface, ana))
    await enrolling.save_settings(surface.parts, by(ANA), Settings())
    assert await looks(surface) == set()


async def test_only_ones_own_things_are_looked_at(surface: Surface) -> None:
    ben = await surface.person(BEN)
    await surface.save(*things(surface, ben))
    await enrolling.set_level(surface.parts, by(ANA), Level.ACTIVE)
    assert await looks(surface) == set()
