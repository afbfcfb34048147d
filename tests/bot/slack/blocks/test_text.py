"""Tests that text from a CRM stays text."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.blocks import text
from coach.models import Span, plain, say

ENTITY = re.compile("&(?:amp|lt|gt);")


def test_ampersand_and_angle_brackets_are_escaped_once() -> None:
    assert text.escaped("<!channel> & <@U1>") == "&lt;!channel&gt; &amp; &lt;@U1&gt;"
    assert text.escaped("&lt;") == "&amp;lt;"


@pytest.mark.parametrize("mark", ["*", "_", "~", "`"])
def test_formatting_loses_its_power_in_a_mrkdwn_text(mark: str) -> None:
    assert text.escaped(f"{mark}loud{mark}") == f"{mark}\u200bloud{mark}\u200b"


@given(st.text(), st.integers(2, 60))
def test_shortening_never_cuts_an_entity_nor_exceeds_its_length(given_: str, most: int) -> None:
    made = text.escaped(given_, most)
    assert text.units(made) <= most
    assert "<" not in made
    assert ">" not in made
    assert "&" not in ENTITY.sub("", made)


@given(st.text())
def test_what_is_escaped_reads_as_it_was(given_: str) -> None:
    made = html.unescape(text.escaped(given_, 10**6)).replace("\u200b", "")
    assert made == text.one_line(given_).replace("\u200b", "")


@given(st.text(), st.integers(1, 50))
def test_shortened_text_fits_by_the_stricter_way_of_counting(given_: str, most: int) -> None:
    assert text.units(text.shortened(given_, most)) <= max(most, 1)


def test_line_breaks_become_spaces_and_marks_of_direction_vanish() -> None:
    assert text.one_line("a\r\n\u2028b\x00\u202egnp.exe") == "a b gnp.exe"


def test_half_a_character_never_reaches_an_encoder() -> None:
    text.escaped("broken \ud83d end").encode()


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example/deals/17?tab=1#notes",
        "https://crm.example:8443/%C3%A4",
        "HTTPS://crm.example/",
    ],
)
def test_a_plain_https_link_is_shown(url: str) -> None:
    assert text.safe_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "http://crm.example/",
        "javascript:alert(1)",
        "https://",
        "https://user:pass@crm.example/",
        "https://slack.com@evil.example/",
        "https://crm.example/a b",
        "https://crm.example/|label",
        "https://crm.example/>",
        "https://crm.example:port/",
        "https://[broken/",
        "https://crm.example/" + "x" * 1000,
        "//crm.example",
    ],
)
def test_any_other_link_is_left_out(url: str | None) -> None:
    assert text.safe_url(url) is None


def test_a_named_thing_becomes_a_link_and_its_markup_stays_text() -> None:
    message = say("Deal '", Span("*A* <!here>", "https://crm.example/1"), "' waits")
    assert text.rich(message) == [
        {"type": "text", "text": "Deal '"},
        {"type": "link", "url": "https://crm.example/1", "text": "*A* <!here>"},
        {"type": "text", "text": "' waits"},
    ]


@given(st.lists(st.text(min_size=1), max_size=8), st.integers(5, 300))
def test_a_shortened_message_keeps_to_its_length(texts: list[str], most: int) -> None:
    message = text.shorter(say(*texts), most, each=most)
    assert text.units(plain(message)) <= most


def test_a_long_name_leaves_room_for_the_words_around_it() -> None:
    message = say("Deal '", Span("x" * 3000), "' has been in Proposal for 21 days.")
    assert plain(text.shorter(message, 400)).endswith("' has been in Proposal for 21 days.")
