"""Tests of languages: one file each, found by its name, and complete English without any."""

import json
import logging
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.runtime.voices import LanguageError, Voices, load_voices
from bot.slack.blocks.card import card, promise_of
from bot.slack.blocks.screen import screen_modal
from coach.action import ActionView, load_actions
from coach.calendar import local_date
from coach.models import Deal, Insight, InsightState, InsightType
from coach.phrases import counted, say
from coach.rules.stuck_deals import evaluate
from coach.wording import plain
from tests.coach.values import ANA, NOW, look, only, setting

BERLIN = "Europe/Berlin"

GERMAN = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "Deal “{deal}” has been in {stage} for {days} day. Time to move it forward?"
msgid_plural "Deal “{deal}” has been in {stage} for {days} days. Time to move it forward?"
msgstr[0] "„{deal}“ ist seit einem Tag in {stage}. Wie geht es weiter?"
msgstr[1] "„{deal}“ ist seit {days} Tagen in {stage}. Wie geht es weiter?"

msgid "{days} of them was a working day; your limit is {limit}."
msgid_plural "{days} of them were working days; your limit is {limit}."
msgstr[0] "Das ist {days} Arbeitstag; deine Grenze ist {limit}."
msgstr[1] "Das sind {days} Arbeitstage; deine Grenze ist {limit}."

msgid "Coach: {message}"
msgstr "Coach: {message}"

msgid "Medium priority"
msgstr "Mittlere Priorität"

msgid "until {time}"
msgstr "bis {time}"

msgid "Take Action"
msgstr "Erledigen"

msgid "Dismiss"
msgstr "Verwerfen"

msgid "Take Action shows the deal, to move its stage or log a contact."
msgstr "„Erledigen“ zeigt den Deal, um ihn zu verschieben oder einen Kontakt festzuhalten."

msgid "Stage: {stage}, for {days} day"
msgid_plural "Stage: {stage}, for {days} days"
msgstr[0] "Phase: {stage}, seit {days} Tag"
msgstr[1] "Phase: {stage}, seit {days} Tagen"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one language in it."""
    (tmp_path / "de.po").write_text(GERMAN, encoding="utf-8")
    return tmp_path


def stuck(days: int) -> tuple[Deal, Insight]:
    """A deal that has been in its stage for so many days, and what is said of it."""
    deal = Deal(
        "c1", "D-1", "Brücke {x}", "Angebot", value=Decimal("28500.50"), currency="EUR",
        stage_entered_at=NOW - timedelta(days=days),
    )  # fmt: skip
    every_day = setting(stuck_deal_days=1, working_days=tuple(range(1, 8)))
    person = every_day if days == 1 else setting(stuck_deal_days=1)
    draft = only(evaluate(look(deal, person=person)))
    return deal, Insight(
        "w1", "f" * 32, draft.person_id, "stuck_deals", InsightType.TIME, draft.priority,
        draft.subject, draft.message, draft.reason, draft.suggestion, InsightState.OPEN,
        NOW, draft.expires_at,
    )  # fmt: skip


def test_a_language_is_one_file_and_shows_a_rules_card_and_screen_in_it(folder: Path) -> None:
    voice = load_voices(folder).of(BERLIN, "de-DE")
    deal, insight = stuck(21)
    text, blocks = card(insight, voice, promise=promise_of(load_actions(), insight), now=NOW)
    shown = json.dumps(blocks, ensure_ascii=False)
    assert text == "Coach: „Brücke {x}“ ist seit 21 Tagen in Angebot. Wie geht es weiter?"
    assert "Das sind 15 Arbeitstage; deine Grenze ist 1." in shown
    assert "Mittlere Priorität · bis Di., 24. Nov., 10:00" in shown
    assert '"Erledigen"' in shown
    assert '"Verwerfen"' in shown
    assert "„Erledigen“ zeigt den Deal" in shown

    view = ActionView(NOW, ANA, local_date(NOW, ANA), insight.suggestion.params, "new", deal=deal)
    modal = screen_modal(load_actions()["view_deal"].screen(view), voice, insight.fingerprint)
    assert "28.500,50 € · Phase: Angebot, seit 21 Tagen" in json.dumps(modal, ensure_ascii=False)


def test_one_has_a_form_of_its_own_in_the_other_language(folder: Path) -> None:
    voice = load_voices(folder).of(BERLIN, "de-DE")
    _, insight = stuck(1)
    assert plain(insight.message, voice) == (
        "„Brücke {x}“ ist seit einem Tag in Angebot. Wie geht es weiter?"
    )


def test_what_a_file_does_not_translate_is_said_in_english(folder: Path) -> None:
    voice = load_voices(folder).of(BERLIN, "de-DE")
    noon = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    assert plain(say("Nothing before {time}.", time=noon), voice) == (
        "Nothing before Mon 23 Nov, 13:00."
    )
    assert plain(counted("{n} thing", "{n} things", "n", n=2), voice) == "2 things"


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("de-DE", "1.234 Dinge"),
        ("de-CH", "1’234 Dinge"),
        ("de", "1.234 Dinge"),
        ("en-US", "1,234 things"),
        ("fr-FR", "1,234 things"),
        ("xx-YY", "1,234 things"),
        ("not a locale", "1,234 things"),
        ("", "1,234 things"),
        (None, "1,234 things"),
    ],
)
def test_everybody_is_spoken_to_in_their_language_if_there_is_one(
    tmp_path: Path, locale: str | None, words: str
) -> None:
    (tmp_path / "de.po").write_text(
        GERMAN + '\nmsgid "{n} thing"\nmsgid_plural "{n} things"\n'
        'msgstr[0] "{n} Ding"\nmsgstr[1] "{n} Dinge"\n',
        encoding="utf-8",
    )
    voice = load_voices(tmp_path).of(None, locale)
    assert plain(counted("{n} thing", "{n} things", "n", n=1234), voice) == words


def test_without_a_file_there_is_english(tmp_path: Path) -> None:
    assert load_voices(tmp_path) == Voices()
    assert load_voices(tmp_path / "nowhere") == Voices()
    assert plain(say("Done."), Voices().of(None, "de-DE")) == "Done."


def test_english_speakers_have_the_forms_of_their_own_country() -> None:
    day = say("{day}", day=NOW.date())
    assert plain(day, Voices().of(None, "en-US")) == "Mon, Nov 23"
    assert plain(day, Voices().of(None, "en-GB")) == "Mon 23 Nov"
    assert plain(day, Voices().of(None)) == "Mon 23 Nov"


@pytest.mark.parametrize(
    "wrong",
    ["„{deal}“ ist in {phase}.", "Nichts.", "{deal} {stage} {days} {limit}", "{deal in {stage}"],
)
def test_a_translation_with_other_fields_is_left_out_and_named(
    tmp_path: Path, wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    right = "„{deal}“ ist seit {days} Tagen in {stage}. Wie geht es weiter?"
    (tmp_path / "de.po").write_text(GERMAN.replace(right, wrong), encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        voice = load_voices(tmp_path).of(BERLIN, "de-DE")
    assert any("de.po: left out" in record.getMessage() for record in caplog.records)
    _, insight = stuck(21)
    assert plain(insight.message, voice).startswith("Deal “Brücke {x}” has been in Angebot for 21")
    assert plain(insight.reason, voice).startswith("Das sind 15 Arbeitstage")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("klingon.po", GERMAN, "klingon.po is not named after a locale"),
        ("de.po", 'msgid "a"\nnonsense', "de.po cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    tmp_path: Path, name: str, content: str, told: str
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(LanguageError, match=told):
        load_voices(tmp_path)


def test_a_translation_nobody_has_looked_at_is_not_used(folder: Path) -> None:
    doubtful = GERMAN.replace('msgid "until', '#, fuzzy\nmsgid "until')
    (folder / "de.po").write_text(doubtful, encoding="utf-8")
    voice = load_voices(folder).of(BERLIN, "de-DE")
    assert plain(say("until {time}", time=NOW), voice).startswith("until Mon 23 Nov")


def test_a_persons_zone_is_theirs_in_every_language(folder: Path) -> None:
    voice = load_voices(folder).of("America/New_York", "de-DE")
    assert plain(say("until {time}", time=NOW), voice) == "bis Mo., 23. Nov., 04:00"
