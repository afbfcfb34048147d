"""Time passes as people live it: what would have come on the way has come, each at its time."""

import io
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from bot.playground.crm.seed import ANA
from bot.playground.demo import running
from bot.playground.mornings import until_next

MADRID = ZoneInfo("Europe/Madrid")


async def test_each_brief_of_a_week_comes_in_its_own_morning(tmp_path: Path) -> None:
    async with running(tmp_path / "demo", Console(file=io.StringIO())) as demo:
        slack = demo.playground.slack
        await slack.message(ANA, seconds=10)
        before = demo.clock.now()
        await demo.playground.go_on(7)
        assert demo.clock.now() - before > timedelta(days=6)
        all_ = slack.conversations[ANA].values()
        sent = [datetime.fromtimestamp(float(one.ts), UTC).astimezone(MADRID) for one in all_]
        briefs = [at for at in sent if at.time() < time(9, 1)]
        assert len({at.date() for at in briefs}) >= 3, sent


@pytest.mark.parametrize(
    ("day", "hour", "to"),
    [
        (24, 10, datetime(2026, 11, 25, 10, 5, tzinfo=MADRID)),
        (27, 10, datetime(2026, 11, 27, 17, 5, tzinfo=MADRID)),
        (27, 18, datetime(2026, 11, 30, 10, 5, tzinfo=MADRID)),
        (28, 10, datetime(2026, 11, 30, 10, 5, tzinfo=MADRID)),
    ],
)
def test_on_a_friday_the_clock_stops_where_the_digest_is_seen(
    day: int, hour: int, to: datetime
) -> None:
    now = datetime(2026, 11, day, hour, tzinfo=MADRID)
    assert now.astimezone(UTC) + until_next(now) == to
