"""Tests of the settings form: each setting is kept, each range is checked at its field."""

from dataclasses import replace
from datetime import time

import pytest

from bot.coaching import muting
from bot.coaching.muting import Choice
from coach.models import Enrolment, Level, Often, Settings
from storage import check_plans, people
from tests.bot.surface import ANA, BEN, WS, Surface, deal, words
from tests.world import by


async def open_settings(surface: Surface, who: str = ANA) -> None:
    await surface.slack.command(who, "/coach settings")
    await surface.settle()


async def test_what_is_muted_stands_there_and_is_heard_of_again_by_one_press(
    surface: Surface,
) -> None:
    await open_settings(surface)
    assert "Unmute" not in words(surface.view(ANA))
    await surface.slack.dismiss(ANA)
    for kind in ("stuck_deals", "stale_leads"):
        await muting.mute(surface.parts, by(ANA), Choice(f"rule:{kind}"), None)
    await open_settings(surface)
    view = surface.view(ANA)
    assert "Muted" in words(view)
    assert "Stuck deals" in words(view)
    for left in (1, 0):
        await surface.slack.press_in_view(ANA, str(view["id"]), label="Unmute")
        await surface.settle()
        view = surface.view(ANA)
        assert words(view).count("Unmute") == left
        assert ("Muted" in words(view)) is bool(left)
    assert await muting.of(surface.parts, WS, (await surface.person(ANA)).id) == []
    # The rest of it is there, and is saved as it was filled in.
    assert (await surface.submit(ANA, {"level": "3"})).ok
    await surface.settle()
    assert (await surface.person(ANA)).settings.level is Level.ACTIVE


async def test_every_setting_is_kept_and_shown_again(surface_on_both: Surface) -> None:
    surface = surface_on_both
    await open_settings(surface)
    given = {
        "level": "3",
        "stale_lead_days": "12",
        "stuck_deal_days": "30",
        "working_days": ["1", "2", "7"],
        "work_from": "08:00",
        "work_until": "16:30",
        "holidays": " de-by ",
        "brief": "off",
        "brief_at": "08:30",
        "digest": "daily",
        "digest_at": "15:00",
        "daily_cap": "4",
        "also": ["no_next_step"],
    }
    answer = await surface.submit(ANA, given)
    await surface.settle()
    assert answer.ok
    said = words(surface.view(ANA))
    assert "Saved. From now on: level 3, active" in said
    assert "work begins at 08:00" in said
    assert "also heard of: Next steps" in said
    await surface.slack.dismiss(ANA)
    assert (await surface.person(ANA)).settings == Settings(
        True, Level.ACTIVE, 12, 30, (1, 2, 7), time(8), time(16, 30), "DE-BY", False, time(8, 30),
        Often.DAILY, time(15), 4, ("no_next_step",),
    )  # fmt: skip
    await open_settings(surface)
    shown = words(surface.view(ANA))
    for initial in ("08:00", "16:30", "08:30", "15:00"):
        assert f'"initial_time": "{initial}"' in shown
    assert '"initial_value": "DE-BY"' in shown
    assert '"initial_value": "4"' in shown
    assert "digest at 15:00, at most 4 messages, nothing after 16:30" in shown
    # Whatever is not touched stays.
    assert (
        await surface.submit(
            ANA, {"digest_at": None, "holidays": None, "daily_cap": None, "also": []}
        )
    ).ok
    await surface.settle()
    assert (await surface.person(ANA)).settings == Settings(
        True, Level.ACTIVE, 12, 30, (1, 2, 7), time(8), time(16, 30), None, False, time(8, 30),
        Often.DAILY,
    )  # fmt: skip
    await open_settings(surface)
    shown = words(surface.view(ANA))
    assert '"initial_value": "12"' in shown
    assert '"initial_value": "30"' in shown
    assert "Europe/Madrid" in shown


@pytest.mark.parametrize(
    ("given", "field", "told"),
    [
        ({"daily_cap": "0"}, "daily_cap", "from 1 to 30"),
        ({"daily_cap": "31"}, "daily_cap", "from 1 to 30"),
        ({"holidays": "Germany"}, "holidays", "by its two letters"),
        ({"holidays": "ZZ"}, "holidays", "by its two letters"),
        ({"holidays": "DE-ZZ"}, "holidays", "by its two letters"),
        ({"work_from": "18:00"}, "work_until", "later than the start"),
        ({"work_from": "22:00", "work_until": "06:00"}, "work_until", "later than the start"),
        ({"brief_at": "08:59"}, "brief_at", "within your working hours"),
        ({"brief_at": "18:00"}, "brief_at", "within your working hours"),
        ({"digest_at": "18:00"}, "digest_at", "within your working hours"),
        ({"work_from": "10:00", "brief_at": "09:30"}, "brief_at", "within your working hours"),
    ],
)
async def test_what_cannot_be_is_told_at_its_field_and_nothing_is_kept_nor_lost(
    surface: Surface, given: dict[str, str], field: str, told: str
) -> None:
    await open_settings(surface)
    before = surface.view(ANA)
    answer = await surface.submit(ANA, {"level": "1", **given})
    await surface.settle()
    assert list(answer.errors) == [field]
    assert told in answer.errors[field]
    assert (await surface.person(ANA)).settings == Settings()
    # The window stays as it is, with all that was filled in.
    assert surface.view(ANA) == before


async def test_an_hour_of_what_is_off_is_in_nobodys_way(surface: Surface) -> None:
    await open_settings(surface)
    given = {"brief": "off", "brief_at": "06:00", "digest": "off", "digest_at": "20:00"}
    assert (await surface.submit(ANA, given)).ok


async def test_a_form_from_before_there_were_such_fields_leaves_them_as_they_are(
    surface: Surface,
) -> None:
    person = await surface.person(ANA)
    hours = replace(Settings(), work_from=time(7), work_until=time(15), daily_cap=2)
    async with surface.parts.database.write() as tx:
        await people.save_settings(tx, person, hours)
    await open_settings(surface)
    view = surface.view(ANA)
    older = {"enabled", "level", "stale_lead_days", "stuck_deal_days", "working_days"}
    view["blocks"] = [each for each in view["blocks"] if each.get("block_id") in older]
    assert (await surface.submit(ANA, {"stale_lead_days": "9"})).ok
    await surface.settle()
    assert (await surface.person(ANA)).settings == replace(hours, stale_lead_days=9)


async def test_new_hours_hold_at_once(surface: Surface) -> None:
    # Ten o'clock in Madrid.
    await open_settings(surface)
    assert (await surface.submit(ANA, {"work_from": "11:00"})).ok
    fingerprint = await surface.insight()
    await surface.settle()
    assert await surface.standing(fingerprint) == "hours"
    await open_settings(surface)
    assert "nothing after 18:00" in words(surface.view(ANA))
    assert (await surface.submit(ANA, {"work_from": "09:00"})).ok
    await surface.settle()
    assert await surface.standing(fingerprint) == "sent"


async def test_the_country_they_are_in_is_proposed(surface: Surface) -> None:
    person = await surface.person(ANA)
    proposed = (
        ({"time_zone": None}, "two letters, such as DE, or a part"),
        ({"locale": "en-GB"}, "two letters (GB, by your language in Slack), or"),
        ({"time_zone": "Europe/Madrid"}, "two letters (ES, by your time zone), or"),
    )
    for told, hint in proposed:
        async with surface.parts.database.write() as tx:
            await people.change(tx, person.workspace_id, person.id, **told)
        await open_settings(surface)
        assert hint in words(surface.view(ANA))


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
