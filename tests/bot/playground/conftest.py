"""A stand-in for Slack with two people, wired over real HTTP to a tiny bot."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette

from bot.playground.slack.api import Person, SlackStandIn
from tests.bot.playground.clocks import HandClock, HandTimer
from tests.bot.playground.fake_bot import BOT_TOKEN, SIGNING_SECRET, FakeBot, served
from tests.bot.playground.room import Room, a_room


@dataclass
class Stage:
    """Everything a test of the stand-in needs."""

    slack: SlackStandIn
    bot: FakeBot
    client: AsyncWebClient
    clock: HandClock
    timer: HandTimer
    changes: list[dict[str, object]]
    log: list[dict[str, object]]


PEOPLE = [
    Person("U01ANA", "Ana Ruiz", "ana@northwind.example", "Europe/Madrid", "Account executive"),
    Person("U02BEN", "Ben Okafor", "ben@northwind.example", "Europe/London", owner=True),
]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    bot, clock, timer = FakeBot(), HandClock(), HandTimer()
    changes: list[dict[str, object]] = []
    log: list[dict[str, object]] = []
    slack = SlackStandIn(
        PEOPLE,
        bot_token=BOT_TOKEN,
        signing_secret=SIGNING_SECRET,
        clock=clock,
        timer=timer,
        changed=changes.append,
        log=log.append,
        retry_delays=(0.0, 0.02, 0.03),
        answer_seconds=20,
    )
    app = Starlette(routes=[*bot.routes(), *slack.routes])
    async with served(app) as own_url:
        slack.bot_url = slack.own_url = own_url
        client = AsyncWebClient(token=BOT_TOKEN, base_url=f"{own_url}/api/")
        yield Stage(slack, bot, client, clock, timer, changes, log)
        await slack.close()


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with a_room() as made:
        yield made
