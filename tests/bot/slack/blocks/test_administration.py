"""What Home tells administrators of people is so, however many they are."""

import json
from dataclasses import replace

import pytest

from bot.slack.blocks.administration import administration
from bot.slack.blocks.team_channel import administered
from tests.bot.slack.blocks.test_channels import CHANNEL
from tests.bot.slack.blocks.test_golden import STANDS
from tests.bot.slack.blocks.values import VOICE


def told(**changes: object) -> str:
    stands = replace(STANDS, **changes)  # type: ignore[arg-type]
    return json.dumps(administration(stands, {}, VOICE), ensure_ascii=False)


@pytest.mark.parametrize(
    ("matched", "unmatched", "said"),
    [
        (3, 4, "3 owners of your CRM are people in Slack, 4 are nobody yet."),
        (3, 0, "3 owners of your CRM are people in Slack."),
        (0, 4, "4 owners of your CRM are nobody in Slack yet."),
        (0, 1, "1 owner of your CRM is nobody in Slack yet."),
        (0, 0, "No owner in a CRM is known yet."),
    ],
)
def test_no_number_of_people_is_nought(matched: int, unmatched: int, said: str) -> None:
    assert f'"{said}"' in told(matched=matched, unmatched=[], more_unmatched=unmatched)


def test_the_others_are_told_where_there_are_others() -> None:
    assert "The others are told of every change." in told()
    alone = told(administrators=["U1"])
    assert "Nobody else does." in alone
    assert "The others" not in alone


def test_of_a_week_in_which_nobody_was_active_no_number_is_told() -> None:
    said = json.dumps(administered(CHANNEL._replace(too_few=0), VOICE))
    assert "Last week's were not told: nobody was active. The next can come " in said
