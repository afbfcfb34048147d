"""What the lists of a backlog say of each thing."""

import json
from datetime import timedelta
from decimal import Decimal

from bot.coaching.backlogs import Kind
from bot.slack.blocks.lists import backlog_list
from coach.models import Contact, Deal, Subject, Task
from coach.phrases import say
from tests.bot.slack.blocks.test_card import words
from tests.bot.slack.blocks.values import ANA, NOW, VOICE

DAY = timedelta(days=1)


def test_each_thing_of_a_backlog_has_its_age() -> None:
    things: list[Subject] = [
        Deal("c", "D", "Acme", "Offer", value=Decimal(900), stage_entered_at=NOW - 60 * DAY),
        Task("c", "T", "Call Bo", due_date=(NOW - 9 * DAY).date()),
        Contact("c", "C", "Ann Lee", silent_since=NOW - 30 * DAY),
        Contact("c", "E", "Bo"),
    ]
    _, blocks = backlog_list([Kind(say("All"), things, 0)], ANA, NOW, VOICE)
    told = words(blocks)
    for each in ("Offer, for 60 days", "9 days late", "Ann Lee – silent for 30 days", "Bo"):
        assert each in told, json.dumps(blocks)
