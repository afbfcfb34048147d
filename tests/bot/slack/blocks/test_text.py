"""Tests that text from a CRM stays text."""

import html
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.slack.blocks import text
from coach.wording import Span

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
    message = (Span("Deal '"), Span("*A* <!here>", "https://crm.example/1"), Span("' waits"))
    assert text.rich(message) == [
        {"type": "text", "text": "Deal '"},
        {"type": "link", "url": "https://crm.example/1", "text": "*A* <!here>"},
        {"type": "text", "text": "' waits"},
    ]


spans = st.builds(Span, st.text(min_size=1), ours=st.booleans())


@given(st.lists(spans, max_size=8), st.integers(5, 300))
def test_shortened_words_keep_to_their_length(given_: list[Span], most: int) -> None:
    assert text.units(text.flat(text.shorter(tuple(given_), most))) <= most


@example(["x" * 1000] * 5)
@example(["x", "y" * 1000, "🤝" * 1000])
@given(st.lists(st.text(min_size=1, max_size=300), min_size=1, max_size=5))
def test_no_name_however_long_takes_a_word_of_the_sentence_around_it(names: list[str]) -> None:
    words = [Span("Warm leads: ", ours=True)]
    for name in names:
        words += [Span(name), Span(", and then ", ours=True)]
    words.append(Span("nobody has been contacted in 7 days.", ours=True))
    made = text.shorter(tuple(words), 400)
    assert [span.text for span in made if span.ours] == [span.text for span in words if span.ours]
    assert text.units("".join(span.text for span in made)) <= 400


def test_a_short_name_is_whole_beside_a_long_one() -> None:
    made = text.shorter((Span("x" * 3000), Span(" and ", ours=True), Span("y" * 100)), 200)
    assert made[-1].text == "y" * 100 or text.units(made[-1].text) > 90


def test_a_text_is_cut_between_words_where_that_is_not_far() -> None:
    assert text.shortened("Weber and Sons of Hamburg", 17) == "Weber and Sons…"
    assert text.shortened("Weber and Sons, Hamburg", 17) == "Weber and Sons…"
    assert text.shortened("Weber and Sons, Hamburg", 16) == "Weber and Sons…"
    # A long word is better than next to nothing.
    assert text.shortened("Donaudampfschifffahrt", 10) == "Donaudamp…"
    assert text.shortened("A Donaudampfschifffahrt", 10) == "A Donauda…"
