"""Tests of each `/coach` sub-command, typed by a person and answered in Slack."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.slack import commands
from bot.slack.command import load_subcommands
from coach.events import Owner
from coach.models import Enrolment, Level, Often, Priority
from coach.wording import plain
from storage import owners, people
from tests.bot.surface import ANA, BEN, CHRIS, CRM, WS, Surface, deal, task, words


async def coach(surface: Surface, text: str, who: str = ANA) -> str:
    """Type `/coach text`; what the answer says."""
    before = len(surface.ephemerals(who))
    assert (await surface.slack.command(who, f"/coach {text}")).ok
    await surface.parts.background.drain(30)
    answers = surface.ephemerals(who)[before:]
    return answers[0] if answers else ""


def test_every_file_of_the_folder_is_a_subcommand_named_by_it() -> None:
    (folder,) = commands.__path__
    files = {file.stem.replace("_", "-") for file in Path(folder).glob("*.py")} - {"--init--"}
    assert set(load_subcommands()) == files
    for name, subcommand in load_subcommands().items():
        assert subcommand.usage.split()[0] == name
        assert not plain(subcommand.summary).endswith(".")


@pytest.mark.parametrize("text", ["help", "", "HELP"])
async def test_help_lists_every_subcommand(surface: Surface, text: str) -> None:
    told = await coach(surface, text)
    for subcommand in load_subcommands().values():
        assert f"/coach {subcommand.shown}" in told
        assert plain(subcommand.summary) in told


async def test_help_explains_one_subcommand(surface: Surface) -> None:
    told = await coach(surface, "help level")
    assert "/coach level 1|2|3" in told
    assert "/coach deals" not in told


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("levle", "/coach level 2"),
        ("setings", "/coach settings"),
        ("insight", "/coach insights"),
        ("taks", "/coach tasks"),
        ("dael", "/coach deal"),
        ("what are my todos?", "/coach tasks"),
    ],
)
async def test_an_unknown_word_gets_help_for_the_nearest(
    surface: Surface, typed: str, near: str
) -> None:
    told = await coach(surface, typed)
    assert f"“{typed}”" in told
    assert near in told


async def test_a_word_near_to_nothing_gets_the_whole_list(surface: Surface) -> None:
    told = await coach(surface, "<!channel> xyzzy")
    assert "I do not know" in told
    assert "/coach deals" in told


async def test_on_starts_and_off_silences(surface: Surface) -> None:
    assert "Your coach is on, at level 2, balanced" in await coach(surface, "on", BEN)
    assert (await surface.person(BEN)).enrolment is Enrolment.STARTED
    assert "Your coach is off" in await coach(surface, "off", BEN)
    assert not (await surface.person(BEN)).settings.enabled


async def test_on_says_that_public_holidays_count_until_a_country_is_chosen(
    surface: Surface,
) -> None:
    assert "Public holidays count as working days until" in await coach(surface, "on", BEN)
    ben = await surface.person(BEN)
    async with surface.parts.database.write() as tx:
        await people.save_settings(tx, ben, replace(ben.settings, holidays="ES"))
    assert "Public holidays" not in await coach(surface, "on", BEN)


@pytest.mark.parametrize(
    ("typed", "level"),
    [("1", Level.MINIMAL), ("minimal", Level.MINIMAL), ("2", Level.BALANCED),
     ("Balanced", Level.BALANCED), ("3", Level.ACTIVE), ("ACTIVE", Level.ACTIVE)],
)  # fmt: skip
async def test_a_level_is_set_by_number_or_name(surface: Surface, typed: str, level: Level) -> None:
    assert "Your level is now" in await coach(surface, f"level {typed}")
    assert (await surface.person(ANA)).settings.level is level


async def test_a_level_there_is_not_is_explained(surface: Surface) -> None:
    assert "1 minimal, 2 balanced or 3 active" in await coach(surface, "level 4")
    assert (await surface.person(ANA)).settings.level is Level.BALANCED


async def test_level_alone_says_which_it_is(surface: Surface) -> None:
    assert "Your level is 2 · Balanced" in await coach(surface, "level")


async def test_settings_opens_the_form(surface: Surface) -> None:
    assert await coach(surface, "settings") == ""
    assert surface.view(ANA)["callback_id"] == "settings"
    assert "Europe/Madrid" in words(surface.view(ANA))


async def test_insights_lists_what_waits_the_most_important_first_and_counts_it_as_seen(
    surface: Surface,
) -> None:
    low = await surface.insight(priority=Priority.LOW, occasion="1", message="Low.")
    surface.clock.moment = surface.clock.moment.replace(minute=1)
    for number, name in ((2, "Older"), (3, "Newer")):
        surface.clock.moment = surface.clock.moment.replace(minute=number)
        await surface.insight(occasion=name, message=f"{name}.")
    told = await coach(surface, "insights")
    assert "3 insights for you" in told
    assert told.index("Newer.") < told.index("Older.") < told.index("Low.")
    assert (await surface.stored(low)).seen


async def test_insights_can_be_answered_in_the_list_which_then_changes(
    surface: Surface,
) -> None:
    first = await surface.insight(occasion="1", message="One.")
    second = await surface.insight(occasion="2", message="Two.", priority=Priority.MEDIUM)
    await coach(surface, "insights")
    listed = surface.last(ANA)
    assert listed.ephemeral
    await surface.slack.press(ANA, listed.ts, label="Dismiss", block_id=f"insight:{first}")
    await surface.parts.background.drain(30)
    assert (await surface.stored(first)).dismissed
    assert not (await surface.stored(second)).dismissed
    assert "1 insight for you" in surface.said(ANA)
    assert "One." not in surface.said(ANA)
    await surface.slack.press(ANA, listed.ts, label="Take Action")
    await surface.parts.background.drain(30)
    assert surface.view(ANA)["title"]["text"] == "Create a task"


async def test_digest_shows_what_the_next_one_holds_and_when_it_comes(surface: Surface) -> None:
    # Ten o'clock on a Monday; the digest of the week comes on Friday.
    waits = await surface.insight(
        occasion="1", message="Low one.", priority=Priority.LOW, lasts=timedelta(days=9)
    )
    await surface.insight(
        occasion="2", message="Over by noon.", priority=Priority.LOW, lasts=timedelta(hours=2)
    )
    await surface.card(occasion="3", message="Stands there.")
    told = await coach(surface, "digest")
    assert "As of Mon 23 Nov, 10:00, this is what your digest of Fri 27 Nov, 17:00 will" in told
    assert "Worth a look when you have time: 1 thing" in told
    assert "Low one." in told
    assert "Over by noon." not in told
    assert "Stands there." not in told
    assert (await surface.stored(waits)).seen
    # It comes all the same.
    assert await surface.standing(waits) == "below_level"


async def test_digest_says_why_none_comes(surface: Surface) -> None:
    assert "Nothing waits for your next digest. It would come Fri 27 Nov" in await coach(
        surface, "digest"
    )
    off = replace((await surface.person(ANA)).settings, digest=Often.OFF)
    async with surface.parts.database.write() as tx:
        await people.save_settings(tx, await surface.person(ANA), off)
    assert "You have turned the digest off. No digest comes." in await coach(surface, "digest")
    assert "You have not started the coach yet. No digest" in await coach(surface, "digest", BEN)


async def test_no_insights_is_said_plainly(surface: Surface) -> None:
    assert "Nothing waits for you" in await coach(surface, "insights")


async def test_tasks_are_listed_earliest_due_first_with_the_overdue_marked(
    surface: Surface,
) -> None:
    ana, ben = await surface.person(ANA), await surface.person(BEN)
    await surface.save(
        task("T-1", title="Think", due_date=None, person_id=ana.id),
        task("T-2", title="Send", due_date=date(2026, 11, 20), person_id=ana.id),
        task("T-3", title="Call", due_date=date(2026, 11, 25), person_id=ana.id),
        task("T-4", title="Of Ben", person_id=ben.id),
    )
    told = await coach(surface, "tasks")
    assert "Your 3 open tasks" in told
    assert told.index("Send") < told.index("Call") < told.index("Think")
    assert "due Fri 20 Nov (overdue)" in told
    assert "Of Ben" not in told


async def test_deals_are_listed_largest_first(surface: Surface) -> None:
    ana, ben = await surface.person(ANA), await surface.person(BEN)
    await surface.save(
        deal("D-1", title="Small", value=None, person_id=ana.id),
        deal("D-2", title="Large", person_id=ana.id),
        deal("D-3", title="Of Ben", person_id=ben.id),
    )
    told = await coach(surface, "deals")
    assert "Your 2 open deals" in told
    assert told.index("Large") < told.index("Small")
    assert "€12,000, Proposal" in told
    assert "Of Ben" not in told


async def test_deals_whose_lines_would_be_alike_are_told_apart_and_no_others(
    surface: Surface,
) -> None:
    ana = await surface.person(ANA)
    await surface.save(
        deal("D-1", title="Renewal", person_id=ana.id),
        deal("D-2", title="Renewal", person_id=ana.id),
        deal("D-3", title="Renewal", value=None, person_id=ana.id),
    )
    told = await coach(surface, "deals")
    assert "Renewal (no. D-1)" in told
    assert "Renewal (no. D-2)" in told
    assert "D-3" not in told


@pytest.mark.parametrize("text", ["tasks", "deals"])
async def test_who_has_nothing_is_told_how_to_be_recognised(surface: Surface, text: str) -> None:
    told = await coach(surface, text)
    assert f"You have no open {text}" in told
    assert "/coach link OWNER" in told


async def test_link_asks_the_administrator(surface: Surface) -> None:
    assert "has named no owner" in await coach(surface, "link a.ruiz@old.example")
    known = Owner(email="a.ruiz@old.example")
    async with surface.parts.database.write() as tx:
        now = surface.clock.now()
        await owners.resolve(tx, WS, CRM, [known], now, surface.parts.new_id)
    assert "has been asked" in await coach(surface, "link a.ruiz@old.example")
    await surface.settle()
    assert "Ana Ruiz says that a.ruiz@old.example" in surface.said(CHRIS)


async def test_link_without_an_address_is_explained(surface: Surface) -> None:
    assert "/coach link ana@example.com" in await coach(surface, "link")
