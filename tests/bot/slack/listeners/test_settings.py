"""Tests of the settings form: each setting is kept, each range is checked at its field."""

from dataclasses import replace

import pytest

from coach.models import Enrolment, Level, Settings
from storage import check_plans
from tests.bot.surface import ANA, BEN, Surface, deal, words


async def open_settings(surface: Surface, who: str = ANA) -> None:
    await surface.slack.command(who, "/coach settings")
    await surface.settle()


async def test_every_setting_is_kept_and_shown_again(surface_on_both: Surface) -> None:
    surface = surface_on_both
    await open_settings(surface)
    given = {
        "level": "3",
        "stale_lead_days": "12",
        "stuck_deal_days": "30",
        "working_days": ["1", "2", "7"],
    }
    answer = await surface.submit(ANA, given)
    await surface.settle()
    assert answer.ok
    assert surface.slack.top_view(ANA) is None
    assert (await surface.person(ANA)).settings == Settings(True, Level.ACTIVE, 12, 30, (1, 2, 7))
    await open_settings(surface)
    shown = words(surface.view(ANA))
    assert '"initial_value": "12"' in shown
    assert '"initial_value": "30"' in shown
    assert "Europe/Madrid" in shown


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("stale_lead_days", "0", "from 1 to 30"),
        ("stale_lead_days", "31", "from 1 to 30"),
        ("stale_lead_days", "-3", "from 1 to 30"),
        ("stuck_deal_days", "0", "from 1 to 60"),
        ("stuck_deal_days", "61", "from 1 to 60"),
    ],
)
async def test_a_number_out_of_range_is_told_at_its_field_and_nothing_is_kept(
    surface: Surface, field: str, text: str, told: str
) -> None:
    await open_settings(surface)
    answer = await surface.submit(ANA, {"level": "1", field: text})
    await surface.settle()
    assert list(answer.errors) == [field]
    assert told in answer.errors[field]
    assert (await surface.person(ANA)).settings == Settings()


@pytest.mark.parametrize(("field", "least", "most"), [
    ("stale_lead_days", 1, 30), ("stuck_deal_days", 1, 60),
])  # fmt: skip
async def test_both_ends_of_a_range_are_in_it(
    surface: Surface, field: str, least: int, most: int
) -> None:
    for number in (least, most):
        await open_settings(surface)
        assert (await surface.submit(ANA, {field: str(number)})).ok
        await surface.settle()
        assert getattr((await surface.person(ANA)).settings, field) == number


async def test_a_week_without_working_days_is_refused_at_its_field(surface: Surface) -> None:
    await open_settings(surface)
    answer = await surface.submit(ANA, {"working_days": []})
    assert list(answer.errors) == ["working_days"]


def forged(field: str, *values: str) -> dict[str, object]:
    """A state of the form that its menus do not offer."""
    options = [{"value": value} for value in values]
    if field == "working_days":
        return {field: {"value": {"selected_options": options}}}
    return {field: {"value": {"selected_option": options[0]}}}


@pytest.mark.parametrize(
    ("field", "values", "told"),
    [
        ("working_days", ["9"], "from Monday to Sunday"),
        ("working_days", ["0", "1"], "from Monday to Sunday"),
        ("working_days", ["1", "²"], "from Monday to Sunday"),
        ("level", ["9"], "Choose a level"),
        ("level", ["-1"], "Choose a level"),
        ("enabled", ["perhaps"], "On or Off"),
    ],
)
async def test_an_option_that_was_not_offered_is_told_at_its_field_and_nothing_is_kept(
    surface: Surface, field: str, values: list[str], told: str
) -> None:
    await open_settings(surface)
    answer = await surface.submit(ANA, {"stale_lead_days": "9", **forged(field, *values)})
    await surface.settle()
    assert list(answer.errors) == [field]
    assert told in answer.errors[field]
    assert (await surface.person(ANA)).settings == Settings()


async def test_off_silences_and_on_speaks_again(surface: Surface) -> None:
    await open_settings(surface)
    assert (await surface.submit(ANA, {"enabled": "off"})).ok
    await surface.settle()
    assert not (await surface.person(ANA)).settings.enabled
    fingerprint = await surface.insight()
    await open_settings(surface)
    assert (await surface.submit(ANA, {"enabled": "on"})).ok
    await surface.settle()
    assert (await surface.person(ANA)).settings.enabled
    assert await surface.standing(fingerprint) == "sent"


async def test_on_is_consent_and_a_form_left_off_is_neither_consent_nor_refusal(
    surface: Surface,
) -> None:
    await open_settings(surface, BEN)
    assert (await surface.submit(BEN, {"stale_lead_days": "9"})).ok
    await surface.settle()
    ben = await surface.person(BEN)
    assert (ben.enrolment, ben.settings) == (
        Enrolment.NEW, replace(Settings(), stale_lead_days=9),
    )  # fmt: skip
    await open_settings(surface, BEN)
    assert (await surface.submit(BEN, {"enabled": "on"})).ok
    await surface.settle()
    assert (await surface.person(BEN)).enrolment is Enrolment.STARTED


async def test_a_new_threshold_has_the_clock_look_at_once(surface: Surface) -> None:
    person = await surface.person(ANA)
    await surface.save(deal(person_id=person.id))
    surface.parts.wake.tick.clear()
    await open_settings(surface)
    await surface.submit(ANA, {"stuck_deal_days": "5"})
    await surface.settle()
    assert surface.parts.wake.tick.is_set()
    async with surface.parts.database.read() as tx:
        plan = await check_plans.unfinished(tx, surface.parts.rules)
    assert plan is not None
    assert (plan.rule, plan.person_id) == ("stuck_deals", person.id)
