"""The Home tab begins with what matters today, unless the coach has to be switched on for it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.slack.blocks.home import MOST_BLOCKS, home
from coach.models import Enrolment, Person
from tests.bot.slack.blocks.values import ANA, NOW, PROMISE, VOICE, insight

STARTED = replace(ANA, enrolment=Enrolment.STARTED)
OFF = replace(STARTED, settings=replace(STARTED.settings, enabled=False))


def headings(person: Person, count: int = 1) -> list[str]:
    """What stands over each part of the tab, from above."""
    given = [insight(fingerprint=f"{n:032}") for n in range(count)]
    view: dict[str, Any] = home(person, VOICE, given, lambda _: PROMISE, NOW)
    assert len(view["blocks"]) <= MOST_BLOCKS
    return [each["text"]["text"] for each in view["blocks"] if each["type"] == "header"]


def test_what_waits_comes_first_and_the_settings_after_it() -> None:
    assert headings(STARTED) == ["Waiting for you", "Your business coach"]
    ended = replace(STARTED, paused_until=NOW)
    assert headings(ended) == ["Waiting for you", "Your business coach"]


@pytest.mark.parametrize(
    "person",
    [
        OFF,
        replace(STARTED, paused_until=NOW + timedelta(hours=1)),
        replace(ANA, enrolment=Enrolment.NEW),
        replace(ANA, enrolment=Enrolment.DECLINED),
    ],
)
def test_where_the_coach_says_nothing_that_comes_first(person: Person) -> None:
    assert headings(person) == ["Your business coach", "Waiting for you"]


def test_however_much_waits_the_settings_can_be_reached() -> None:
    assert headings(STARTED, count=200)[-1] == "Your business coach"
