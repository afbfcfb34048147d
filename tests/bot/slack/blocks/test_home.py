"""The Home tab begins with what matters today, unless the coach has to be switched on for it."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.slack.blocks.home import MOST_BLOCKS, home
from coach.models import Enrolment, Person
from coach.phrases import say
from storage.crm_writes import Did
from tests.bot.slack.blocks.values import ANA, NOW, PROMISE, VOICE, insight

STARTED = replace(ANA, enrolment=Enrolment.STARTED)
OFF = replace(STARTED, settings=replace(STARTED.settings, enabled=False))


def headings(person: Person) -> list[str]:
    """What stands over each part of the tab, from above."""
    given = [insight()]
    view: dict[str, Any] = home(person, VOICE, given, lambda _: PROMISE, NOW)
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


def test_however_much_waits_and_was_done_the_settings_can_be_reached() -> None:
    done = [Did(say("Completed “{task}”", task="Call Cy"), NOW - timedelta(days=2), "")] * 120
    view: dict[str, Any] = home(STARTED, VOICE, [], lambda _: PROMISE, NOW, did=done)
    assert len(view["blocks"]) <= MOST_BLOCKS
    assert "home:settings" in json.dumps(view)
