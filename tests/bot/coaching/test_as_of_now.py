"""Before something is sent or listed it is asked whether it is still true, whatever has changed."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.coaching import decisions, following, ticking
from bot.runtime.parts import Parts
from bot.slack.sender import Sender
from coach.calendar import local_date, start_of_day
from coach.models import InsightState, Person
from coach.verdicts import Reason, Verdict
from storage import insights, messages, people
from storage.database import Tx
from storage.loader import Asked, Loader
from storage.tables import decisions as decisions_table
from tests.bot.coaching.test_following import (
    has_buttons,
    last_word,
    overdue,
    reopened,
    the,
    words,
)
from tests.bot.coaching.test_ticking import LONG_AGO, open_deal, pass_time, task
from tests.bot.slack.posting import one_client
from tests.together import World
from tests.world import (
    ANA,
    BEN,
    WORKSPACE,
    FixedClock,
    batch,
    by,
    deliver,
    enrol,
    running_slack,
    won,
)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


async def changed_mind(parts: Parts, person: Person) -> None:
    """Deals are stuck only after sixty days from now on."""
    async with parts.database.write() as tx:
        await people.change(tx, WORKSPACE, person.id, stuck_deal_days=60)


async def test_it_is_asked_before_it_is_sent(world: World) -> None:
    await world.as_it_comes(ANA)
    ana = await world.person(ANA)
    await world.post(open_deal("D-1"))
    await world.post(task("T-1", "2026-11-20"))
    await world.settle()
    await world.tick()
    # By nothing that the CRM tells.
    await changed_mind(world.parts, ana)
    stuck = await the(world.parts, ana, "stuck_deals")
    assert stuck.state is InsightState.OPEN
    assert world.posts(ANA) == [f"Coach: {overdue(1)}"]
    await world.pass_time(2 * MINUTE)
    assert world.posts(ANA) == [f"Coach: {overdue(1)}"]
    stuck = await the(world.parts, ana, "stuck_deals")
    assert stuck.state is InsightState.RESOLVED
    assert await last_word(world.parts, stuck) == (Verdict.DROP, Reason.UNTRUE)


async def test_what_a_batch_itself_has_undone_is_not_sent(sqlite_world: World) -> None:
    world = sqlite_world
    events = [{**won(), "id": "e1"}, {**reopened(), "id": "e2"}]
    world.clock.advance(MINUTE)
    await world.post(batch(*events))
    await world.settle()
    assert world.messages(ANA) == []


async def test_it_is_asked_when_a_list_or_the_home_tab_is_drawn(world: World) -> None:
    await world.as_it_comes(ANA)
    ana = await world.person(ANA)
    await world.post(open_deal("D-1"))
    await world.post(open_deal("D-2", 90))
    await world.settle()
    await world.tick()
    assert (await world.slack.open_tab(ANA, "home")).ok
    await world.settle()
    assert "Deal D-1" in str(world.slack.homes[ANA])
    await changed_mind(world.parts, ana)
    assert (await world.slack.open_tab(ANA, "home")).ok
    await world.settle()
    assert "Nothing. Well done!" in str(world.slack.homes[ANA])
    # And the card, of which nobody would hear else.
    assert "Deal D-" in world.messages(ANA)[0].text
    assert not has_buttons(world, 0)


async def test_a_list_on_demand_shows_only_what_is_true(sqlite_world: World) -> None:
    world = sqlite_world
    ana = await world.person(ANA)
    await world.post(batch(*({**open_deal(f"D-{n}"), "id": f"made-{n}"} for n in (1, 2))))
    await world.post(task("T-1", "2026-11-20"))
    await world.settle()
    await world.tick()
    assert (await world.slack.command(ANA, "/coach insights")).ok
    await world.settle()
    listed = [each for each in world.messages(ANA) if each.ephemeral][-1]
    assert "3 insights for you" in listed.text
    await changed_mind(world.parts, ana)
    # What is left of the list after a dismissal is asked about as well.
    await world.slack.press(ANA, listed.ts, label="Dismiss")
    await world.settle()
    listed = [each for each in world.messages(ANA) if each.ephemeral][-1]
    assert "Nothing waits for you" in listed.text
    assert (await world.slack.command(ANA, "/coach insights")).ok
    await world.settle()
    listed = [each for each in world.messages(ANA) if each.ephemeral][-1]
    assert "Nothing waits for you" in listed.text


async def test_the_command_itself_asks(sqlite_world: World) -> None:
    world = sqlite_world
    ana = await world.person(ANA)
    await world.post(open_deal("D-1"))
    await world.settle()
    await world.tick()
    await changed_mind(world.parts, ana)
    assert (await world.slack.command(ANA, "/coach insights")).ok
    await world.settle()
    listed = [each for each in world.messages(ANA) if each.ephemeral][-1]
    assert "Nothing waits for you" in listed.text


async def test_a_list_shows_what_is_true_and_says_it_anew(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, open_deal("D-1", since=LONG_AGO - 2 * HOUR))
    await ticking.tick(parts)
    (listed,) = await following.pending(parts, WORKSPACE, ana.id)
    assert "for 21 days" in words(listed)
    pass_time(parts, 23 * HOUR)
    (listed,) = await following.pending(parts, WORKSPACE, ana.id)
    assert words(listed) == words(await the(parts, ana, "stuck_deals"))
    assert "for 22 days" in words(listed)
    await changed_mind(parts, ana)
    assert await following.pending(parts, WORKSPACE, ana.id) == []


async def test_who_is_faster_with_the_same_insight_wins(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, open_deal("D-1"))
    await ticking.tick(parts)
    stuck = await the(parts, ana, "stuck_deals")
    await changed_mind(parts, ana)
    async with parts.database.read() as tx:
        read = await insights.pending(tx, WORKSPACE, ana.id, parts.clock.now())
    await decisions.dismiss(parts, by(ANA), stuck.fingerprint)
    (shown,) = await following.as_of_now(parts, read)
    assert shown.state is InsightState.DISMISSED
    assert (await the(parts, ana, "stuck_deals")).state is InsightState.DISMISSED


async def test_a_message_that_cannot_be_asked_about_is_kept_as_failed_and_stops_no_other(
    sqlite_parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(tx: Tx, asked: Asked) -> dict[str, object]:
        for each in asked.subjects:
            if each.id == "D-1":
                raise ZeroDivisionError
        return {}

    await enrol(sqlite_parts, ANA)
    await enrol(sqlite_parts, BEN)
    await deliver(sqlite_parts, won("D-1"), won("D-2", owner=BEN))
    loaders = {**sqlite_parts.loaders, "tasks_of_deals": Loader(fail)}
    parts = replace(sqlite_parts, loaders=loaders)
    clock = parts.clock
    assert isinstance(clock, FixedClock)
    async with running_slack(clock) as (slack, client):
        await Sender(parts, one_client(client), channel_pace=0).send_due()
    assert [each.person for each in slack.sent if each.method == "chat.postMessage"] == [BEN]
    async with parts.database.read() as tx:
        (failed,) = await messages.failed(tx, WORKSPACE)
    assert failed.error == "internal: ZeroDivisionError"
    assert "whether the message" in caplog.text


async def test_what_was_answered_meanwhile_is_not_settled_as_well(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, open_deal("D-1"))
    await ticking.tick(parts)
    stuck = await the(parts, ana, "stuck_deals")
    await changed_mind(parts, ana)
    now = parts.clock.now()
    async with parts.database.read() as tx:
        review = await following.ask(parts, tx, WORKSPACE, [stuck], now)
    assert stuck.fingerprint in review.over
    await decisions.dismiss(parts, by(ANA), stuck.fingerprint)
    async with parts.database.write() as tx:
        assert await following.act(tx, WORKSPACE, review, now) == 0
    async with parts.database.read() as tx:
        kept = (await tx.execute(select(decisions_table.c.decision))).scalars()
        assert list(kept) == ["dismissed"]


# Days that pass


async def test_days_are_told_as_they_pass(world: World) -> None:
    await world.as_it_comes(ANA)
    await world.post(open_deal("D-1"))
    await world.settle()
    await world.tick()
    assert "for 21 days" in world.texts(ANA)[-1]
    # Nobody looks, and the CRM tells nothing: another day has begun, and the card stands.
    ana = await world.person(ANA)
    midnight = start_of_day(local_date(world.clock.now(), ana) + DAY, ana)
    await world.pass_time(midnight - world.clock.now() - MINUTE)
    await world.settle()
    assert "for 21 days" in world.texts(ANA)[-1]
    await world.pass_time(2 * MINUTE)
    await world.settle()
    assert "for 22 days" in world.texts(ANA)[-1]
    assert len(world.posts(ANA)) == 1
