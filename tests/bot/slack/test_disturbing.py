"""Nobody is disturbed who does not want to be, and nobody waits for an answer that Slack owes."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.coaching import attending, enrolling, ticking
from bot.playground.slack.api import Fault
from bot.runtime.parts import Parts
from bot.slack.disturbing import FRESH, WITHOUT_SCOPE, DoNotDisturb, Peace, ends_at
from bot.slack.sender import Sender
from bot.slack.speaking import A_MOMENT
from coach.backlogs import QUIET
from coach.models import Person
from storage import deciding, people, workspaces
from tests.bot.coaching.test_backlogs import bring_in
from tests.bot.coaching.test_ticking import open_deal
from tests.bot.slack.posting import Post, one_client, won_deal
from tests.world import ANA, BEN, WORKSPACE, FixedClock, by, deliver, enrol, running_slack, told

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def at(hours: float) -> int:
    return int((NOW + timedelta(hours=hours)).timestamp())


@pytest.mark.parametrize(
    ("answer", "until"),
    [
        ({"dnd_enabled": True, "next_dnd_start_ts": at(-1), "next_dnd_end_ts": at(2)}, 2),
        ({"dnd_enabled": True, "next_dnd_start_ts": at(0), "next_dnd_end_ts": at(2)}, 2),
        # It names the next time of peace, which is none of now.
        ({"dnd_enabled": True, "next_dnd_start_ts": at(13), "next_dnd_end_ts": at(23)}, None),
        ({"dnd_enabled": True, "next_dnd_start_ts": at(-2), "next_dnd_end_ts": at(0)}, None),
        ({"dnd_enabled": False, "next_dnd_start_ts": at(-1), "next_dnd_end_ts": at(2)}, None),
        ({"dnd_enabled": False, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1}, None),
        ({"dnd_enabled": False, "snooze_enabled": True, "snooze_endtime": at(1)}, 1),
        ({"snooze_enabled": True, "snooze_endtime": at(-1)}, None),
        ({"snooze_enabled": True}, None),
        ({}, None),
        ({"dnd_enabled": True, "next_dnd_start_ts": "soon", "next_dnd_end_ts": None}, None),
        ({"dnd_enabled": True, "next_dnd_start_ts": 1, "next_dnd_end_ts": 10**20}, None),
    ],
)
def test_only_a_time_of_peace_that_is_now_counts(
    answer: dict[str, Any], until: float | None
) -> None:
    assert ends_at(answer, NOW) == (None if until is None else NOW + timedelta(hours=until))


@pytest.fixture
async def post(parts: Parts) -> AsyncIterator[Post]:
    clock = parts.clock
    assert isinstance(clock, FixedClock)
    async with running_slack(clock) as (slack, client):
        yield Post(parts, clock, slack, client, Sender(parts, one_client(client), channel_pace=0))


@pytest.fixture
def calls(post: Post) -> list[dict[str, Any]]:
    """Every call that asks who is in peace."""
    made: list[dict[str, Any]] = []

    def note(entry: dict[str, Any]) -> None:
        if entry["name"].startswith("dnd."):
            made.append(entry)

    post.slack.log = note
    return made


async def test_what_is_to_be_said_waits_until_they_may_be_disturbed(post: Post) -> None:
    ana = await enrol(post.parts, ANA)
    post.slack.leave_in_peace(ANA, post.clock.now() + HOUR)
    await deliver(post.parts, won_deal(1))
    await post.send()
    assert post.posted() == []
    assert await post.states(ana) == ["disturbed"]
    await post.send(HOUR - MINUTE)
    assert post.posted() == []
    await post.send(MINUTE)
    assert post.posted() == ["D-1"]


async def test_a_brief_that_had_to_wait_comes_afterwards(post: Post) -> None:
    """Its time had come before, and it is not lost for the day."""
    await enrol(post.parts, ANA)
    overdue = {"id": "T-1", "title": "Call Bo", "due_date": "2026-11-01"}
    await deliver(post.parts, told("task_created", task=overdue))
    await ticking.tick(post.parts)
    post.slack.leave_in_peace(ANA, post.clock.now() + HOUR / 2)
    await post.send()
    assert post.posted() == []
    await post.send(HOUR / 2 - MINUTE)
    assert post.posted() == []
    await post.send(MINUTE)
    (brief,) = post.posted()
    assert brief.startswith("One thing for today")
    await post.send(HOUR)
    assert len(post.posted()) == 1


async def test_a_summary_of_a_backlog_that_had_to_wait_comes_afterwards(post: Post) -> None:
    await enrol(post.parts, ANA)
    await bring_in(post.parts, open_deal("D-1"), open_deal("D-2"))
    post.clock.advance(QUIET)
    await ticking.tick(post.parts)
    post.slack.leave_in_peace(ANA, post.clock.now() + HOUR / 2)
    await post.send()
    await post.send(HOUR / 2 - MINUTE)
    assert post.posted() == []
    await post.send(MINUTE)
    (summary,) = post.posted()
    assert "2 deals stuck" in summary
    await post.send(HOUR)
    assert len(post.posted()) == 1


async def test_so_does_one_that_was_taken_back_before_it_was_on_its_way(post: Post) -> None:
    ana = await enrol(post.parts, ANA)
    overdue = {"id": "T-1", "title": "Call Bo", "due_date": "2026-11-01"}
    await deliver(post.parts, told("task_created", task=overdue))
    await ticking.tick(post.parts)
    now = post.clock.now()
    async with post.parts.database.write() as tx:
        await people.told_of_peace(tx, [(ana, now, now + HOUR / 2)])
        await deciding.reconsider(tx, WORKSPACE, [ana.id], now)
    await post.send()
    assert post.posted() == []
    await post.send(HOUR / 2)
    assert len(post.posted()) == 1


async def test_and_a_summary_that_was_taken_back(post: Post) -> None:
    ana = await enrol(post.parts, ANA)
    await bring_in(post.parts, open_deal("D-1"))
    post.clock.advance(QUIET)
    await ticking.tick(post.parts)
    now = post.clock.now()
    async with post.parts.database.write() as tx:
        await people.told_of_peace(tx, [(ana, now, now + HOUR / 2)])
        await deciding.reconsider(tx, WORKSPACE, [ana.id], now)
    await post.send()
    assert post.posted() == []
    await post.send(HOUR / 2)
    assert len(post.posted()) == 1


async def test_slack_is_asked_once_in_five_minutes_whichever_process_asks(
    post: Post, calls: list[dict[str, Any]]
) -> None:
    await enrol(post.parts, ANA)
    for number in (1, 2, 3):
        await deliver(post.parts, won_deal(number))
    await post.send()
    await post.send(MINUTE)
    other = Post(post.parts, post.clock, post.slack, post.client,
                 Sender(post.parts, one_client(post.client), channel_pace=0))  # fmt: skip
    await other.send(MINUTE)
    assert len(post.posted()) == 3
    assert len(calls) == 1
    await deliver(post.parts, won_deal(4))
    await post.send(FRESH)
    assert len(post.posted()) == 4
    assert len(calls) == 2


@pytest.mark.parametrize(
    "fault", [Fault(error="user_not_found"), Fault(status=503), Fault(drop=True)]
)
async def test_not_to_be_told_is_no_yes(post: Post, fault: Fault) -> None:
    await enrol(post.parts, ANA)
    post.slack.leave_in_peace(ANA, post.clock.now() + HOUR)
    post.slack.faults["dnd.info"] = [fault]
    await deliver(post.parts, won_deal(1))
    await post.send()
    assert post.posted() == ["D-1"]


async def test_an_answer_is_not_waited_for_long(post: Post) -> None:
    ana = await enrol(post.parts, ANA)
    post.slack.faults["dnd.info"] = [Fault(delay=30)]
    peace = DoNotDisturb(post.parts, one_client(post.client), patience=0.05)
    assert await peace.ask(ana) is None
    # Nor by the next message.
    assert await peace.ask(ana) is None
    assert post.slack.faults["dnd.info"] == []


async def test_without_the_scope_everything_is_sent_and_slack_is_hardly_ever_asked(
    post: Post, calls: list[dict[str, Any]]
) -> None:
    await enrol(post.parts, ANA)
    await enrol(post.parts, BEN)
    post.slack.scopes.discard("dnd:read")
    post.slack.leave_in_peace(ANA, post.clock.now() + 9 * HOUR)
    for number in (1, 2, 3):
        await deliver(post.parts, won_deal(number), won_deal(number + 10, BEN))
    await post.send()
    assert (len(post.posted()), len(post.posted(BEN))) == (1, 1)
    calls.clear()
    for _ in range(2):
        await post.send(MINUTE)
    assert (len(post.posted()), len(post.posted(BEN))) == (3, 3)
    assert calls == []
    # It is no reason not to speak to the workspace any more.
    async with post.parts.database.read() as tx:
        workspace = await workspaces.get(tx, WORKSPACE)
    assert workspace is not None
    assert workspace.slack_error is None
    # Granted meanwhile, it is found out without a restart.
    post.slack.scopes.add("dnd:read")
    await deliver(post.parts, won_deal(4))
    await post.send(WITHOUT_SCOPE)
    assert len(post.posted()) == 3


async def test_whom_slack_will_not_answer_about_just_now_it_is_not_asked_about(
    post: Post, calls: list[dict[str, Any]]
) -> None:
    await enrol(post.parts, ANA)
    await enrol(post.parts, BEN)
    post.slack.faults["dnd.info"] = [Fault(status=429, retry_after=90)]
    await deliver(post.parts, won_deal(1))
    await post.send()
    await deliver(post.parts, won_deal(2, BEN))
    await post.send(MINUTE)
    assert (len(post.posted()), len(post.posted(BEN)), len(calls)) == (1, 1, 1)
    await deliver(post.parts, won_deal(3, BEN))
    await post.send(MINUTE)
    assert (len(post.posted(BEN)), len(calls)) == (2, 2)


def many(ana: Person, count: int) -> list[Person]:
    """So many people whom Slack is to be asked about."""
    return [replace(ana, id=f"{ana.id}-{n}", slack_user_id=f"U{n:03}") for n in range(count)]


def asked_about(calls: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """How each call was named, and about how many people it asked."""
    return [
        (each["name"], len(str(each["request"].get("users") or each["request"]["user"]).split(",")))
        for each in calls
    ]


async def test_a_morning_asks_about_fifty_people_at_once(
    post: Post, calls: list[dict[str, Any]]
) -> None:
    team = many(await enrol(post.parts, ANA), 120)
    for each in team:
        id = each.slack_user_id or ""
        post.slack.people[id] = replace(post.slack.people[ANA], id=id)
    peace = DoNotDisturb(post.parts, one_client(post.client))
    assert all(await asyncio.gather(*(peace.ask(each) for each in team)))
    assert asked_about(calls) == [
        ("dnd.teamInfo", 50),
        ("dnd.teamInfo", 50),
        ("dnd.teamInfo", 20),
    ]


async def test_each_of_many_gets_their_own_answer_and_whom_it_leaves_out_is_in_no_peace(
    post: Post, calls: list[dict[str, Any]]
) -> None:
    ana, ben = await enrol(post.parts, ANA), await enrol(post.parts, BEN)
    post.slack.leave_in_peace(ANA, post.clock.now() + HOUR)
    peace = DoNotDisturb(post.parts, one_client(post.client))
    now = post.clock.now()
    told_ = list(await asyncio.gather(peace.ask(ana), peace.ask(ben)))
    assert told_ == [Peace(now, now + HOUR), Peace(now, None)]
    assert asked_about(calls) == [("dnd.teamInfo", 2)]


class Odd(AsyncWebClient):
    """A Slack that answers about many people in its own way."""

    def __init__(self, users: object) -> None:
        super().__init__(token="odd")
        self._users = users

    async def dnd_teamInfo(self, users: Any, **_: Any) -> Any:  # type: ignore[override]  # noqa: N802
        return {"ok": True, "users": self._users}


@pytest.mark.parametrize("users", [{}, [1], None, {ANA: "yes"}, {ANA: {"dnd_enabled": 7}}])
async def test_whom_an_answer_leaves_out_or_tells_oddly_is_in_no_peace(
    parts: Parts, users: object
) -> None:
    ana, ben = await enrol(parts, ANA), await enrol(parts, BEN)
    peace = DoNotDisturb(parts, one_client(Odd(users)))
    told_ = list(await asyncio.gather(peace.ask(ana), peace.ask(ben)))
    assert told_ == [Peace(parts.clock.now(), None)] * 2


async def test_one_whom_slack_does_not_show_spoils_nobody_elses_answer(
    post: Post, calls: list[dict[str, Any]]
) -> None:
    ana, ben = await enrol(post.parts, ANA), await enrol(post.parts, BEN)
    post.slack.leave_in_peace(ANA, post.clock.now() + HOUR)
    del post.slack.people[BEN]
    peace = DoNotDisturb(post.parts, one_client(post.client))
    now = post.clock.now()
    told_ = list(await asyncio.gather(peace.ask(ana), peace.ask(ben)))
    assert asked_about(calls) == [("dnd.teamInfo", 2), ("dnd.info", 1), ("dnd.info", 1)]
    assert told_ == [Peace(now, now + HOUR), Peace(now, None)]


async def test_what_is_sent_to_many_at_once_is_one_question(
    post: Post, calls: list[dict[str, Any]]
) -> None:
    await enrol(post.parts, ANA)
    await enrol(post.parts, BEN)
    await deliver(post.parts, won_deal(1), won_deal(2, BEN))
    await post.send()
    assert (len(post.posted()), len(post.posted(BEN))) == (1, 1)
    assert asked_about(calls) == [("dnd.teamInfo", 2)]
    # What Slack has said is kept with both, for whoever sends them the next.
    assert {(await post.person(who)).dnd_asked_at for who in (ANA, BEN)} == {post.clock.now()}


async def test_after_a_slow_answer_it_is_looked_again_whether_it_is_wanted(post: Post) -> None:
    await enrol(post.parts, ANA)
    post.slack.faults["dnd.info"] = [Fault(delay=2 * A_MOMENT)]
    await deliver(post.parts, won_deal(1))
    await attending.turn(post.parts)
    assert await post.sender.turn() == 1
    await enrolling.turn_off(post.parts, by(ANA))
    await post.sender.finish()
    assert post.posted() == []
