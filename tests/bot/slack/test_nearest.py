"""Which sub-commands somebody may mean."""

import pytest

from bot.slack.command import load_subcommands
from bot.slack.nearest import nearest


@pytest.mark.parametrize(
    ("written", "first"),
    [
        ("what are my tasks?", "tasks"),
        ("remind me to call Ana tomorrow", "task"),
        ("show me my pipeline", "deals"),
        ("setings", "settings"),
        ("levle", "level"),
        ("please stop", "off"),
        ("resume", "on"),
        ("I am on vacation", "on"),
        ("who are my leads", "contacts"),
    ],
)
def test_a_known_word_or_one_like_it_tells(written: str, first: str) -> None:
    assert first in nearest(written, load_subcommands())


@pytest.mark.parametrize(
    ("written", "first"),
    [
        ("tell me how my pipeline is doing", ["report"]),
        ("shut up until tomorrow", ["off", "pause"]),
        ("mute mute mute tasks, my overdue tasks", ["tasks"]),
    ],
)
def test_two_words_for_one_tell_more_than_one_word(written: str, first: list[str]) -> None:
    assert nearest(written, load_subcommands())[: len(first)] == first


@pytest.mark.parametrize("written", ["", "xyzzy plugh", "thanks!", "123 456", "<!channel>"])
def test_what_is_like_none_offers_none(written: str) -> None:
    assert nearest(written, load_subcommands()) == []


def test_a_small_word_beside_it_offers_nothing_else() -> None:
    assert nearest("remind me to call Ana", load_subcommands()) == ["task"]


def test_three_are_offered_at_most_and_a_name_goes_before_what_is_like_one() -> None:
    subcommands = load_subcommands()
    assert nearest("deels tasks", subcommands)[0] == "tasks"
    assert len(nearest(" ".join(subcommands), subcommands)) == 3
