"""The team's channel is told of won deals, once, in working hours, and what it was told follows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.coaching import enrolling, forgetting, recording, team_channel
from bot.playground.slack.api import Fault, words_of
from bot.playground.slack.channels import Channel
from bot.runtime.parts import Parts
from bot.slack.sender import Sender
from coach.events import Change, Event
from coach.models import DealStatus, Enrolment, Origin, SubjectKind, Verb
from storage import activities, messages, team_channels, team_wins
from storage.activities import SLACK, ActivityRow
from storage.tables import messages as messages_table
from storage.tables import people as people_table
from storage.tables import team_wins as wins_table
from storage.team_channels import TeamChannel
from tests.bot.slack.posting import Post, one_client
from tests.world import (
    ANA,
    BEGINNING,
    BEN,
    CONNECTION,
    WORKSPACE,
    FixedClock,
    batch,
    by,
    deliver,
    enrol,
    running_slack,
    told,
)

SALES = "C0SALES"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@asynccontextmanager
async def before_channel(parts: Parts) -> AsyncIterator[Post]:
    clock = parts.clock
    assert isinstance(clock, FixedClock)
    async with running_slack(clock) as (slack, client):
        slack.channels[SALES] = Channel(SALES, "sales", joined=True)
        sender = Sender(parts, one_client(client), channel_pace=0)
        await enrol(parts, ANA)
        await enrol(parts, BEN, Enrolment.NEW)
        yield Post(parts, clock, slack, client, sender)


@pytest.fixture
async def post(parts: Parts) -> AsyncIterator[Post]:
    async with before_channel(parts) as made:
        yield made


@pytest.fixture
async def sqlite_post(sqlite_parts: Parts) -> AsyncIterator[Post]:
    async with before_channel(sqlite_parts) as made:
        yield made


async def choose(post: Post, **more: Any) -> None:
    """Ana has chosen the channel, who is in Madrid."""
    given = {"wins": True, "figures": False, "amounts": True, **more}
    chosen = TeamChannel(WORKSPACE, SALES, chosen_by=ANA, chosen_at=post.clock.now(), **given)
    async with post.parts.database.write() as tx:
        await team_channels.save(tx, chosen)


def won(number: int = 1, **more: Any) -> dict[str, Any]:
    deal = {
        "id": f"D-{number}",
        "title": f"Deal {number}",
        "stage": "Closed Won",
        "status": "won",
        "value": "1200",
        "currency": "EUR",
        **more.pop("deal", {}),
    }
    return told("deal_closed", deal=deal, **more)


async def told_later(post: Post, later: timedelta = 2 * MINUTE) -> list[str]:
    """What stands in the channel after a while."""
    post.clock.advance(later)
    while await team_channel.turn(post.parts):
        pass
    await post.send()
    return [words_of(each).splitlines()[0] for each in post.slack.messages(SALES)]


def posts(post: Post) -> int:
    return sum(
        each.person == SALES and each.method == "chat.postMessage" for each in post.slack.sent
    )


async def test_a_won_deal_is_told_once_and_not_before_a_minute_is_over(post: Post) -> None:
    await choose(post)
    await deliver(post.parts, won())
    assert await told_later(post, MINUTE - timedelta(seconds=1)) == []
    assert await told_later(post, timedelta(seconds=1)) == ["Deal 1 is won: €1,200."]
    # The CRM tells of it again, by another event.
    await deliver(post.parts, won(at=post.clock.now()))
    assert await told_later(post) == ["Deal 1 is won: €1,200."]
    assert posts(post) == 1


async def test_nothing_is_told_where_no_channel_was_chosen_or_wins_are_off(post: Post) -> None:
    await deliver(post.parts, won(1))
    assert await told_later(post) == []
    await choose(post, wins=False)
    await deliver(post.parts, won(2, at=post.clock.now()))
    assert await told_later(post) == []
    # What was won before it was chosen is not made up for, even if the CRM tells of it again.
    await choose(post)
    await deliver(post.parts, won(1, at=post.clock.now()))
    assert await told_later(post) == []


async def test_what_deals_are_worth_can_be_kept_back(post: Post) -> None:
    await choose(post, amounts=False)
    await deliver(post.parts, won())
    assert await told_later(post) == ["Deal 1 is won."]


async def test_several_at_once_are_one_message(post: Post) -> None:
    await choose(post)
    for number in (1, 2, 3):
        await deliver(post.parts, won(number, owner=BEN if number == 2 else ANA))
        post.clock.advance(timedelta(seconds=5))
    assert await told_later(post) == ["3 deals are won."]
    (message,) = post.slack.messages(SALES)
    whole = words_of(message)
    assert [f"Deal {number} is won: €1,200." in whole for number in (1, 2, 3)] == [True] * 3
    assert posts(post) == 1


async def test_a_bulk_is_nobodys_win(post: Post) -> None:
    await choose(post)
    await deliver(post.parts, batch(*(won(number, id=f"e{number}") for number in range(5))))
    assert await told_later(post) == []
    async with post.parts.database.read() as tx:
        assert await team_wins.untold(tx, WORKSPACE) == []


async def test_the_end_of_a_slow_bulk_is_nobodys_win_either(sqlite_post: Post) -> None:
    post = sqlite_post
    await choose(post)
    for number in range(63):
        await deliver(post.parts, won(number, at=post.clock.now()))
        await team_channel.turn(post.parts)
        post.clock.advance(timedelta(seconds=1))
    assert await told_later(post) == []


async def test_what_was_won_one_by_one_is_told_though_it_was_learned_in_one_go(
    sqlite_post: Post,
) -> None:
    post = sqlite_post
    await choose(post)
    ago = [won(n, id=f"e{n}", at=BEGINNING - n * 5 * MINUTE) for n in range(1, 7)]
    await deliver(post.parts, batch(*ago))
    assert await told_later(post) == ["6 deals are won."]


async def test_of_days_without_an_hour_it_is_gone_by_when_they_were_told(sqlite_post: Post) -> None:
    post = sqlite_post
    await choose(post)
    midnight = BEGINNING.replace(hour=0, minute=0)
    for number in range(6):
        await deliver(post.parts, won(number, at=midnight))
        post.clock.advance(5 * MINUTE)
    assert await told_later(post) == ["6 deals are won."]


@pytest.mark.parametrize(
    "event",
    [
        won(at=BEGINNING - 25 * HOUR),
        won(deal={"closed_at": (BEGINNING - 8 * DAY).isoformat()}),
        told("deal_closed", deal={"id": "D-1", "title": "Deal 1", "status": "lost"}),
        told("deal_updated", deal={"id": "D-1", "title": "Deal 1", "status": "open"}),
    ],
    ids=["told of late", "closed long ago", "lost", "open"],
)
async def test_what_is_no_win_of_now_is_not_told(sqlite_post: Post, event: Any) -> None:
    await choose(sqlite_post)
    await deliver(sqlite_post.parts, event)
    assert await told_later(sqlite_post) == []


async def test_an_import_is_not_told(sqlite_post: Post) -> None:
    parts = sqlite_post.parts
    await choose(sqlite_post)
    for number, origin in enumerate((Origin.IMPORT, Origin.API)):
        fields = {"title": f"Deal {number}", "status": DealStatus.WON}
        change = Change(SubjectKind.DEAL, f"D-{number}", BEGINNING, fields)
        event = Event(f"e{number}", Verb.DEAL_CLOSED, BEGINNING, (change,), origin=origin)
        async with parts.database.write() as tx:
            await recording.apply(parts, tx, WORKSPACE, CONNECTION, [event])
    assert await told_later(sqlite_post) == ["Deal 1 is won."]


async def test_out_of_hours_it_waits_for_the_work_of_who_won_or_chose_the_channel(
    post: Post,
) -> None:
    await choose(post)
    # Ten in London is eleven in Madrid; nine hours later work is over there.
    post.clock.advance(9 * HOUR)
    await deliver(post.parts, won(1, at=post.clock.now()))
    assert await told_later(post) == []
    post.clock.advance(HOUR)
    await deliver(post.parts, won(2, at=post.clock.now()))
    post.clock.moment = BEGINNING.replace(day=26, hour=7, minute=59)
    assert await told_later(post, timedelta()) == []
    assert await told_later(post, MINUTE) == ["2 deals are won."]
    # Ben is in London, where work begins and ends an hour later.
    post.clock.moment = BEGINNING.replace(day=26, hour=17, minute=30)
    await deliver(post.parts, won(3, owner=BEN, at=post.clock.now()))
    assert (await told_later(post))[1:] == ["Deal 3 is won: €1,200."]


async def test_who_wins_is_named_only_while_they_want_it(post: Post) -> None:
    await choose(post)
    await enrolling.be_named(post.parts, by(ANA), named=True)
    # Ben would like to be named, and has not started.
    await enrolling.be_named(post.parts, by(BEN), named=True)
    await deliver(post.parts, won(1), won(2, owner=BEN))
    await told_later(post)
    assert shown(post) == ["Ana Ruiz has won Deal 1: €1,200.", "Deal 2 is won: €1,200."]
    await enrolling.turn_off(post.parts, by(ANA))
    await told_later(post, timedelta())
    assert shown(post) == ["Deal 1 is won: €1,200.", "Deal 2 is won: €1,200."]
    await enrolling.turn_on(post.parts, by(ANA))
    await told_later(post, timedelta())
    assert shown(post)[0] == "Ana Ruiz has won Deal 1: €1,200."
    await enrolling.forget(post.parts, by(ANA))
    await told_later(post, timedelta())
    assert shown(post)[0] == "Deal 1 is won: €1,200."
    async with post.parts.database.read() as tx:
        kept = (await tx.execute(messages_table.select())).all()
    assert "Ana Ruiz" not in str([row.params for row in kept if row.addressee == SALES])


def shown(post: Post) -> list[str]:
    """The lines of the list in the one message there is."""
    (message,) = post.slack.messages(SALES)
    bullets = message.blocks[-1]["elements"][0]["elements"]
    return ["".join(each["text"] for each in row["elements"]) for row in bullets]


async def test_what_was_told_follows_the_deal(post: Post) -> None:
    await choose(post)
    await deliver(post.parts, won())
    assert await told_later(post) == ["Deal 1 is won: €1,200."]
    changed = {"id": "D-1", "title": "Deal one", "value": "1500"}
    await deliver(post.parts, told("deal_amount_changed", deal=changed, at=post.clock.now()))
    assert await told_later(post, timedelta()) == ["Deal one is won: €1,500."]
    open_ = {"id": "D-1", "status": "open", "stage": "Proposal"}
    await deliver(post.parts, told("deal_reopened", deal=open_, at=post.clock.now()))
    assert await told_later(post) == []
    # Won again, it is told again.
    await deliver(post.parts, won(at=post.clock.now(), deal={"title": "Deal one"}))
    assert await told_later(post) == ["Deal one is won: €1,200."]
    assert posts(post) == 2


async def test_what_is_put_right_within_the_minute_was_never_told(post: Post) -> None:
    await choose(post)
    await deliver(post.parts, won())
    post.clock.advance(timedelta(seconds=30))
    open_ = {"id": "D-1", "status": "open", "stage": "Proposal"}
    await deliver(post.parts, told("deal_reopened", deal=open_, at=post.clock.now()))
    assert await told_later(post) == []
    assert posts(post) == 0


async def test_after_a_month_nothing_is_kept_of_it_and_it_is_left_as_it_is(post: Post) -> None:
    await choose(post)
    await deliver(post.parts, won())
    await told_later(post)
    assert await told_later(post, 30 * DAY) == ["Deal 1 is won: €1,200."]
    async with post.parts.database.read() as tx:
        assert (await tx.execute(wins_table.select())).all() == []
        kept = [row.addressee for row in (await tx.execute(messages_table.select())).all()]
    assert SALES not in kept


async def test_a_crm_that_is_not_linked_any_more_takes_nothing_back(post: Post) -> None:
    await choose(post)
    await deliver(post.parts, won())
    before = await told_later(post)
    await forgetting.forget(post.parts, WORKSPACE, CONNECTION)
    # Nor when all that was told is looked at anew.
    await enrolling.be_named(post.parts, by(ANA), named=True)
    assert await told_later(post, timedelta()) == before == ["Deal 1 is won: €1,200."]


async def reopen(post: Post, number: int = 1) -> None:
    open_ = {"id": f"D-{number}", "status": "open", "stage": "Proposal"}
    await deliver(post.parts, told("deal_reopened", deal=open_, at=post.clock.now()))


@pytest.mark.parametrize("why", ["off", "trouble", "ended", "night", "old"])
async def test_what_is_won_again_is_told_only_where_a_new_win_would_be(
    sqlite_post: Post, why: str
) -> None:
    post, parts = sqlite_post, sqlite_post.parts
    await choose(post)
    await deliver(parts, won())
    await told_later(post)
    await reopen(post)
    assert await told_later(post) == []
    at = post.clock.now()
    async with parts.database.write() as tx:
        if why == "trouble":
            await team_channels.refused(tx, WORKSPACE, SALES, "not_in_channel")
        elif why == "ended":
            await team_channels.end(tx, WORKSPACE)
    if why == "off":
        await choose(post, wins=False, figures=True)
    elif why == "night":
        at = post.clock.moment = at + 15 * HOUR
    elif why == "old":
        post.clock.advance(2 * DAY)
    await deliver(parts, won(at=at))
    assert await told_later(post) == []
    assert posts(post) == 1


async def test_what_is_won_again_is_told_in_the_channel_of_now(sqlite_post: Post) -> None:
    post = sqlite_post
    await choose(post)
    await deliver(post.parts, won())
    await told_later(post)
    await reopen(post)
    await told_later(post)
    post.slack.channels["C0OTHER"] = Channel("C0OTHER", "other", joined=True)
    chosen = TeamChannel(WORKSPACE, "C0OTHER", True, False, True, ANA, post.clock.now())
    async with post.parts.database.write() as tx:
        await team_channels.save(tx, chosen)
    await deliver(post.parts, won(at=post.clock.now()))
    assert await told_later(post) == []
    assert len(post.slack.messages("C0OTHER")) == 1


async def test_a_deal_that_is_not_followed_any_more_stands_beside_one_that_is(post: Post) -> None:
    await choose(post)
    await deliver(post.parts, won(1), won(2))
    await told_later(post)
    async with post.parts.database.write() as tx:
        known = await team_wins.told_in(tx, WORKSPACE, await message_id(post))
        await team_wins.let_go(tx, known[:1])
    changed = {"id": "D-2", "value": "1300"}
    await deliver(post.parts, told("deal_amount_changed", deal=changed, at=post.clock.now()))
    assert await told_later(post) == ["2 deals are won."]
    assert shown(post) == ["Deal 1 is won: €1,200.", "Deal 2 is won: €1,300."]
    await reopen(post, 2)
    assert await told_later(post) == ["Deal 1 is won: €1,200."]


async def message_id(post: Post) -> str:
    async with post.parts.database.read() as tx:
        (known,) = await messages.of_kind(tx, WORKSPACE, team_channel.WINS)
    return known.id


@pytest.mark.parametrize("amounts", [True, False])
async def test_where_the_channel_was_ended_deals_are_told_as_they_were(
    sqlite_post: Post, amounts: bool
) -> None:
    post = sqlite_post
    await choose(post, amounts=amounts)
    await deliver(post.parts, won())
    await told_later(post)
    async with post.parts.database.write() as tx:
        await team_channels.end(tx, WORKSPACE)
    changed = {"id": "D-1", "title": "Deal one", "value": "1300"}
    await deliver(post.parts, told("deal_amount_changed", deal=changed, at=post.clock.now()))
    said = "Deal one is won: €1,300." if amounts else "Deal one is won."
    assert await told_later(post) == [said]


@pytest.mark.parametrize("how", ["month", "unlinked"])
async def test_a_name_can_be_taken_out_of_what_is_not_followed_any_more(
    post: Post, how: str
) -> None:
    await choose(post)
    await enrolling.be_named(post.parts, by(ANA), named=True)
    await deliver(post.parts, won())
    named = ["Ana Ruiz has won Deal 1: €1,200."]
    assert await told_later(post) == named
    if how == "month":
        assert await told_later(post, 30 * DAY) == named
    else:
        await forgetting.forget(post.parts, WORKSPACE, CONNECTION)
        assert await told_later(post) == named
    async with post.parts.database.read() as tx:
        assert (await tx.execute(wins_table.select())).all() == []
    await enrolling.forget(post.parts, by(ANA))
    assert await told_later(post, timedelta()) == ["Deal 1 is won: €1,200."]
    async with post.parts.database.read() as tx:
        (known,) = await messages.of_kind(tx, WORKSPACE, team_channel.WINS)
    assert "Ana" not in str(known.params)


async def test_of_several_processes_one_tells(post: Post) -> None:
    await choose(post)
    await deliver(post.parts, won(1), won(2))
    post.clock.advance(2 * MINUTE)
    await asyncio.gather(*(team_channel.turn(post.parts) for _ in range(4)))
    await post.send()
    assert posts(post) == 1


@pytest.mark.parametrize("code", ["not_in_channel", "channel_not_found", "is_archived"])
async def test_a_channel_that_takes_nothing_is_told_nothing_more(
    sqlite_post: Post, code: str
) -> None:
    post, nobody = sqlite_post, "nobody@northwind.example"
    await choose(post)
    await deliver(post.parts, won(1, owner=nobody))
    post.slack.faults["chat.postMessage"] = [Fault(error="invalid_blocks")]
    await told_later(post)
    async with post.parts.database.read() as tx:
        known = await team_channels.of(tx, WORKSPACE)
    assert known is not None
    # That was the message's own fault.
    assert known.trouble is None
    await deliver(post.parts, won(2, owner=nobody, at=post.clock.now()))
    post.clock.advance(2 * MINUTE)
    await team_channel.turn(post.parts)
    post.slack.faults["chat.postMessage"] = [Fault(error=code)] * 5
    await post.send()
    post.slack.faults.clear()
    async with post.parts.database.read() as tx:
        known = await team_channels.of(tx, WORKSPACE)
        assert await team_channels.untold(tx) == [known]
    assert known is not None
    assert known.trouble == code
    await deliver(post.parts, won(3, owner=nobody, at=post.clock.now()))
    assert await told_later(post) == []


# The week


MONDAY = datetime.fromisoformat("2026-11-30T08:00:00+00:00")


async def five(post: Post, count: int = 5) -> None:
    """So many people do something in the week that runs, Ana wins two deals, and one is lost."""
    for number in range(count - 1):
        task = {"id": f"T-{number}", "title": "Call", "due_date": "2026-12-05"}
        owner = f"seller{number}@northwind.example"
        await deliver(post.parts, told("task_created", task=task, owner=owner))
    lost = {"id": "D-3", "title": "Deal 3", "status": "lost", "stage": "Closed Lost"}
    open_ = {"id": "D-4", "title": "Deal 4", "status": "open", "value": "400", "currency": "EUR"}
    await deliver(post.parts, won(1), won(2), told("deal_closed", deal=lost))
    await deliver(post.parts, told("deal_created", deal=open_))


async def test_the_week_is_told_as_work_begins_on_monday_and_once(post: Post) -> None:
    await choose(post, wins=False, figures=True, figures_at=MONDAY)
    await five(post)
    post.clock.moment = MONDAY - timedelta(seconds=1)
    assert await told_later(post, timedelta()) == []
    post.clock.moment = MONDAY
    await asyncio.gather(*(team_channel.turn(post.parts) for _ in range(4)))
    assert await told_later(post, timedelta()) == ["The team's week, Mon 23 Nov to Sun 29 Nov"]
    (message,) = post.slack.messages(SALES)
    whole = words_of(message)
    assert "Won: 2 deals, €2,400." in whole
    assert "Lost: 1 deal." in whole
    assert "Open now: 1 deal, €400." in whole
    assert "The work of 5 people together" in whole
    assert not any(name in whole for name in ("Ana", "Ben", "seller", "Deal 1"))
    assert await told_later(post, 6 * DAY) == ["The team's week, Mon 23 Nov to Sun 29 Nov"]
    assert posts(post) == 1
    async with post.parts.database.read() as tx:
        known = await team_channels.of(tx, WORKSPACE)
    assert known is not None
    assert known.figures_at == MONDAY + 7 * DAY


async def test_of_four_people_nothing_is_told_and_that_is_kept_for_administrators(
    post: Post,
) -> None:
    await choose(post, wins=False, figures=True, figures_at=MONDAY)
    await five(post, 4)
    # Who only types, or is only brought in, has no part in it.
    async with post.parts.database.write() as tx:
        for number, (connection_id, origin) in enumerate(
            ((SLACK, Origin.SELF), (CONNECTION, Origin.IMPORT))
        ):
            row = ActivityRow(
                connection_id, f"k{number}", Verb.NOTE_LOGGED, BEGINNING, BEGINNING,
                f"person{number}", origin=origin,
            )  # fmt: skip
            await activities.record(tx, WORKSPACE, [row])
    post.clock.moment = MONDAY
    assert await told_later(post, timedelta()) == []
    async with post.parts.database.read() as tx:
        known = await team_channels.of(tx, WORKSPACE)
    assert known is not None
    assert known.too_few == 4


async def test_a_week_that_was_slept_through_is_left_out(post: Post) -> None:
    await choose(post, wins=False, figures=True, figures_at=MONDAY)
    await five(post)
    post.clock.moment = MONDAY + 25 * HOUR
    assert await told_later(post, timedelta()) == []
    async with post.parts.database.read() as tx:
        known = await team_channels.of(tx, WORKSPACE)
        assert await messages.failed(tx, WORKSPACE) == []
    assert known is not None
    assert known.figures_at == MONDAY + 7 * DAY


async def test_the_week_waits_for_the_morning_of_who_has_moved(sqlite_post: Post) -> None:
    post = sqlite_post
    await choose(post, wins=False, figures=True, figures_at=MONDAY)
    await five(post)
    async with post.parts.database.write() as tx:
        await tx.execute(people_table.update().values(time_zone="America/New_York"))
    post.clock.moment = MONDAY
    assert await told_later(post, timedelta()) == []
    post.clock.moment = MONDAY + 6 * HOUR
    assert await told_later(post, timedelta()) == ["The team's week, Mon 23 Nov to Sun 29 Nov"]
