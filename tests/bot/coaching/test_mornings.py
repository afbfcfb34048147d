"""As work begins the brief waits until the rules have looked: then it has all, in its order."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.coaching import attending, ticking
from coach.models import Enrolment
from tests.bot.coaching.quick import Quick
from tests.bot.coaching.test_ticking import open_deal

MINUTE = timedelta(minutes=1)

#: When Ana's work begins on the next day.
NINE = datetime(2026, 11, 26, 8, tzinfo=UTC)
#: What came to its stage then is stuck as that day begins.
RIPE = datetime(2026, 11, 6, 5, tzinfo=UTC)


@pytest.fixture
async def quick(sqlite_url: str) -> AsyncIterator[Quick]:
    made = Quick(sqlite_url)
    await made.begin(Enrolment.STARTED)
    # One of before stands in the brief of today, and tomorrow another one of more is stuck.
    await made.crm(open_deal("D-1", 100))
    await made.pass_time(MINUTE)
    await made.crm(open_deal("D-2", 900, RIPE))
    yield made
    await made.end()


async def attends(quick: Quick) -> None:
    """Attention has its turn, and what it makes is sent, before the clock ticks."""
    await attending.turn(quick.parts)
    await quick.sender.send_due()


async def test_what_stood_in_the_brief_of_before_makes_no_brief_before_the_rules_have_looked(
    quick: Quick,
) -> None:
    (before,) = quick.messages()
    quick.clock.moment = NINE
    quick.parts.wake.tick.clear()
    await attends(quick)
    assert [each.ts for each in quick.messages()] == [before.ts]
    # They do so at once.
    assert quick.parts.wake.tick.is_set()
    await ticking.tick(quick.parts)
    await quick.settle()
    (brief,) = quick.messages()
    assert brief.ts != before.ts
    assert brief.text.startswith("Your two for today, the most important first: Deal “Deal D-2”")


async def test_where_they_do_not_come_to_it_the_brief_comes_as_it_is(quick: Quick) -> None:
    (before,) = quick.messages()
    quick.clock.moment = NINE
    await attends(quick)
    assert [each.ts for each in quick.messages()] == [before.ts]
    quick.clock.moment = NINE + 11 * MINUTE
    await attends(quick)
    assert [each.text.partition(":")[0] for each in quick.messages()] == ["One thing for today"]


async def test_with_nothing_new_it_comes_a_moment_after_they_have_looked(quick: Quick) -> None:
    await quick.crm(open_deal("D-2", 900, datetime(2026, 11, 20, tzinfo=UTC)))
    (before,) = quick.messages()
    quick.clock.moment = NINE
    await attends(quick)
    await ticking.tick(quick.parts)
    quick.clock.advance(timedelta(seconds=5))
    await attends(quick)
    (brief,) = quick.messages()
    assert brief.ts != before.ts
