"""The Home tab is true within seconds, and whoever administers has it all there."""

import asyncio
from datetime import date, timedelta

import pytest

from bot.coaching import acts
from bot.coaching.actor import Actor
from bot.coaching.acts import NewTask
from bot.coaching.recording import apply
from bot.crm.intake import Intake
from bot.crm.links import Links
from bot.crm.parts import CrmParts
from bot.crm.provider import load_providers
from bot.playground.slack.things import Fault
from bot.slack import administering, home, members
from coach.events import Change, Event, Owner
from coach.models import Person, SubjectKind, TaskStatus, Verb
from storage import administrators, deliveries, homes, owners, tables
from storage.deliveries import NewDelivery
from tests.bot.slack.listeners.test_home import open_home, shown
from tests.bot.surface import ANA, BEN, CHRIS, CRM, NEW, WS, Surface, staged, task, words


async def kept_true(surface: Surface) -> None:
    crm = CrmParts(surface.parts, load_providers())
    await home.draw_due(surface.parts, surface.installed, Links(crm, Intake(crm)))


async def in_the_crm(surface: Surface, id: str, **fields: object) -> None:
    """Something happens to a task of Ana's, as its CRM tells."""
    now = surface.clock.now()
    told = {"title": id, **fields}
    owner = Owner(email="ana@northwind.example")
    change = Change(SubjectKind.TASK, id, now, told, owner)
    event = Event(f"{id}:{now}:{told}", Verb.TASK_UPDATED, now, (change,), owner)
    async with surface.parts.database.write() as tx:
        await apply(surface.parts, tx, WS, CRM, [event])


async def test_todays_tasks_stand_there_and_are_done_from_there(surface: Surface) -> None:
    mine = (await surface.person(ANA)).id
    await surface.save(
        *(
            task(f"T-{n}", title=f"Task {n}", due_date=date(2026, 11, 23), person_id=mine)
            for n in range(7)
        ),
        task("T-9", title="Later", due_date=date(2026, 11, 24), person_id=mine),
    )
    view_id = await open_home(surface)
    assert "7 tasks due today or overdue" in shown(surface)
    assert "Task 4 – due today" in shown(surface)
    assert "Task 5" not in shown(surface)
    assert "Later" not in shown(surface)
    (block,) = [
        each
        for each in surface.slack.homes[ANA]["blocks"]
        if "Task 0" in str(each.get("text")) and each.get("accessory")
    ]
    assert (
        await surface.slack.press_in_view(
            ANA,
            view_id,
            action_id=block["accessory"]["action_id"],
            block_id=block["block_id"],
            choose="done",
        )
    ).ok
    await surface.settle()
    assert "6 tasks due today or overdue" in shown(surface)
    assert "Completed “Task 0”" in shown(surface)
    assert (await surface.slack.press_in_view(ANA, view_id, label="Undo")).ok
    await surface.settle()
    assert "7 tasks due today or overdue" in shown(surface)
    assert "Undone" in words(surface.view(ANA))


async def test_what_was_done_is_told_for_a_week_and_undone_for_ten_minutes(
    surface: Surface,
) -> None:
    await surface.save(task(person_id=(await surface.person(ANA)).id))
    await acts.create_task(surface.parts, Actor(WS, ANA), "press", NewTask("Call Ana"))
    await open_home(surface)
    assert "Created “Call Ana”" in shown(surface)
    assert "Undo" in shown(surface)
    surface.clock.moment += timedelta(minutes=10)
    await open_home(surface)
    assert "Undo" not in shown(surface)
    surface.clock.moment += timedelta(days=7)
    await open_home(surface)
    assert "Created “Call Ana”" not in shown(surface)


async def test_it_follows_what_the_crm_tells_without_being_opened(
    surface_on_both: Surface,
) -> None:
    surface = surface_on_both
    today = date(2026, 11, 23)
    await in_the_crm(surface, "T-1", due_date=today)
    await kept_true(surface)
    # Who has never opened it has none.
    assert surface.slack.homes == {}
    await open_home(surface)
    assert "1 task due today" in shown(surface)
    surface.clock.moment += timedelta(minutes=1)
    await in_the_crm(surface, "T-1", status=TaskStatus.COMPLETED)
    await kept_true(surface)
    assert "due today" not in shown(surface)
    drawn = surface.slack.homes[ANA]["hash"]
    await kept_true(surface)
    assert surface.slack.homes[ANA]["hash"] == drawn


async def test_it_follows_advice_that_comes_and_ends(surface: Surface) -> None:
    await open_home(surface)
    await surface.insight()
    await surface.settle()
    await kept_true(surface)
    assert "Ask Ann Lee for a referral." in shown(surface)
    surface.clock.moment += timedelta(days=3)
    from bot.coaching import ticking

    await ticking.tick(surface.parts)
    await surface.settle()
    await kept_true(surface)
    assert "Ask Ann Lee for a referral." not in shown(surface)


async def test_who_has_not_looked_for_a_month_has_it_drawn_when_they_do(surface: Surface) -> None:
    await open_home(surface)
    drawn = surface.slack.homes[ANA]["hash"]
    surface.clock.moment += timedelta(days=30)
    await in_the_crm(surface, "T-1", due_date=surface.clock.now().date())
    await kept_true(surface)
    assert surface.slack.homes[ANA]["hash"] == drawn


async def test_a_tab_that_slack_does_not_take_is_drawn_when_it_may_be(surface: Surface) -> None:
    await open_home(surface)
    await in_the_crm(surface, "T-1", due_date=date(2026, 11, 23))
    surface.slack.faults["views.publish"] = [Fault(status=429, retry_after=30)]
    await kept_true(surface)
    assert "due today" not in shown(surface)
    surface.clock.moment += timedelta(seconds=29)
    await kept_true(surface)
    assert "due today" not in shown(surface)
    surface.clock.moment += timedelta(seconds=1)
    await kept_true(surface)
    assert "1 task due today" in shown(surface)


# For who administers


async def test_only_administrators_see_how_it_stands_with_the_coach(surface: Surface) -> None:
    await open_home(surface)
    assert "You administer" not in shown(surface)
    await open_home(surface, CHRIS)
    told = shown(surface, CHRIS)
    assert "You administer this coach" in told
    assert f"{CRM} (native): no webhook has come yet." in told
    assert "Nothing has failed." in told
    assert "Administers: Chris Vale" in told


async def press(surface: Surface, who: str, action_id: str, choose: str | None = None) -> None:
    view_id = str(surface.slack.homes[who]["id"])
    assert (await surface.slack.press_in_view(who, view_id, action_id=action_id, choose=choose)).ok
    await surface.settle()


async def test_an_owner_nobody_is_yet_is_matched_by_choosing_them(
    surface_on_both: Surface,
) -> None:
    surface = surface_on_both
    async with surface.parts.database.write() as tx:
        named = Owner(name="A. Ruiz", id="77")
        found = await owners.resolve(
            tx, WS, CRM, [named], surface.clock.now(), surface.parts.new_id
        )
    owner_id = found[named]
    await surface.save(task(title="Hers", person_id=owner_id))
    await open_home(surface, CHRIS)
    assert "Who is A. Ruiz?" in shown(surface, CHRIS)
    await press(surface, CHRIS, f"admin:match:{owner_id}", ANA)
    assert "Who is A. Ruiz?" not in shown(surface, CHRIS)
    ana = await surface.person(ANA)
    found_task = await surface.stored_subjects(type(task()), "T-1")
    assert found_task.person_id == ana.id
    async with surface.parts.database.read() as tx:
        assert (await owners.who_are(tx, WS, CRM, [named]))[named] == ana.id


async def test_what_failed_is_tried_again(surface: Surface) -> None:
    now = surface.clock.now()
    new = NewDelivery(WS, "d1", CRM, None, now, b"{}", ("k1",))
    async with surface.parts.database.write() as tx:
        await deliveries.accept(tx, [new])
        await tx.execute(tables.deliveries.update().values(state="failed"))
    await open_home(surface, CHRIS)
    assert "Failed: 1 delivery." in shown(surface, CHRIS)
    await press(surface, CHRIS, "admin:retry")
    assert "Nothing has failed." in shown(surface, CHRIS)
    assert "Tried again: 1 delivery" in words(surface.view(CHRIS))


async def test_administrators_name_others_who_may_do_all_of_it_and_all_are_told(
    surface: Surface,
) -> None:
    await open_home(surface, CHRIS)
    await press(surface, CHRIS, "admin:add", BEN)
    assert "Administers too: Ben Okafor" in shown(surface, CHRIS)
    assert "Chris Vale has made you an administrator" in surface.said(BEN)
    await open_home(surface, BEN)
    assert "You administer this coach" in shown(surface, BEN)
    await press(surface, BEN, "admin:add", ANA)
    assert "Ben Okafor has made Ana Ruiz an administrator" in surface.said(CHRIS)
    await press(surface, CHRIS, f"admin:remove:{BEN}")
    assert "Administers too: Ben Okafor" not in shown(surface, CHRIS)
    assert "Chris Vale has taken Ben Okafor off" in surface.said(BEN)
    who = await members.administrators(surface.parts, surface.installed, WS)
    assert who == [CHRIS, ANA]


@pytest.mark.parametrize(
    ("action_id", "choose"),
    [("admin:add", NEW), ("admin:retry", None), (f"admin:remove:{CHRIS}", None)],
)
async def test_nobody_else_can_press_what_an_administrator_sees(
    surface: Surface, action_id: str, choose: str | None
) -> None:
    await open_home(surface, CHRIS)
    await press(surface, CHRIS, "admin:add", BEN)
    view = surface.slack.homes[CHRIS]
    await open_home(surface, ANA)
    surface.slack.homes[ANA]["blocks"] = [
        *view["blocks"],
        {
            "type": "actions",
            "block_id": "forged",
            "elements": [
                {"type": "button", "action_id": each,
                 "text": {"type": "plain_text", "text": "Forged"}}
                for each in (f"admin:remove:{CHRIS}", "admin:retry")
            ],
        },
    ]  # fmt: skip
    await press(surface, ANA, action_id, choose)
    assert "Only the coach" in words(surface.view(ANA))
    who = await members.administrators(surface.parts, surface.installed, WS)
    assert who == [CHRIS, BEN]


async def test_a_command_from_the_tab_is_answered_in_a_window(sqlite_url: str) -> None:
    async with staged(sqlite_url) as surface:
        await open_home(surface, CHRIS)
        await press(surface, CHRIS, "run:connect")
        assert "CRMs that are linked" in words(surface.view(CHRIS))
        async with surface.parts.database.read() as tx:
            assert await homes.has_seen(tx, WS, CHRIS)


async def drawn(surface: Surface) -> str:
    return str(surface.slack.homes[ANA]["hash"])


async def claim(surface: Surface) -> Person:
    """What a process does before it draws a tab, and is killed then."""
    now = surface.clock.now()
    async with surface.parts.database.write() as tx:
        (person,) = await homes.claim(
            tx, surface.parts.database, now, now + home.LEASE, home.TOGETHER
        )
    return person


async def test_a_tab_whose_process_was_killed_is_drawn_by_another(
    surface_on_both: Surface,
) -> None:
    surface = surface_on_both
    await open_home(surface)
    await in_the_crm(surface, "T-1", due_date=date(2026, 11, 23))
    await claim(surface)
    await kept_true(surface)
    assert "due today" not in shown(surface)
    surface.clock.moment += home.LEASE
    await kept_true(surface)
    assert "1 task due today" in shown(surface)


async def test_a_draw_that_was_slow_is_done_again(surface_on_both: Surface) -> None:
    surface = surface_on_both
    await open_home(surface)
    await in_the_crm(surface, "T-1", due_date=date(2026, 11, 23))
    until = surface.clock.now() + home.LEASE
    person = await claim(surface)
    # Meanwhile it changes, and another draws it.
    surface.clock.moment += timedelta(seconds=1)
    await in_the_crm(surface, "T-1", status=TaskStatus.COMPLETED)
    await kept_true(surface)
    before = await drawn(surface)
    # Now the first is through: what stands there is its older word.
    async with surface.parts.database.write() as tx:
        await homes.drawn(tx, person, until, surface.clock.now())
    await kept_true(surface)
    assert await drawn(surface) != before
    before = await drawn(surface)
    await kept_true(surface)
    assert await drawn(surface) == before


async def test_one_tab_that_cannot_be_drawn_keeps_no_other_waiting(surface: Surface) -> None:
    await open_home(surface)
    await open_home(surface, BEN)
    async with surface.parts.database.write() as tx:
        now = surface.clock.now()
        both = [await surface.person(ANA), await surface.person(BEN)]
        await homes.changed(tx, WS, both, now)
    before = surface.slack.homes[BEN]["hash"]
    surface.slack.faults["views.publish"] = [Fault(drop=True)]
    await kept_true(surface)
    surface.clock.moment += home.AFTER_FAULT
    await kept_true(surface)
    assert surface.slack.homes[BEN]["hash"] != before


async def test_who_is_named_or_taken_off_sees_it_without_opening_the_tab(
    surface: Surface,
) -> None:
    await open_home(surface, BEN)
    await open_home(surface, CHRIS)
    await press(surface, CHRIS, "admin:add", BEN)
    await kept_true(surface)
    assert "You administer this coach" in shown(surface, BEN)
    await press(surface, CHRIS, f"admin:remove:{BEN}")
    await kept_true(surface)
    assert "You administer this coach" not in shown(surface, BEN)


async def test_nobody_is_named_twice_and_no_more_than_there_may_be(
    surface_on_both: Surface,
) -> None:
    surface = surface_on_both
    parts, slack, chris = surface.parts, surface.installed, Actor(WS, CHRIS)
    ways = [administering.add(parts, slack, chris, BEN) for _ in range(3)]
    results = await asyncio.gather(*ways, return_exceptions=True)
    assert sum(each is None for each in results) == 1
    async with parts.database.write() as tx:
        for n in range(administrators.MOST - 2):
            await administrators.add(tx, WS, f"U1{n}", CHRIS, surface.clock.now())
    last = [administering.add(parts, slack, chris, who) for who in (ANA, NEW)]
    results = await asyncio.gather(*last, return_exceptions=True)
    assert sum(each is None for each in results) == 1
