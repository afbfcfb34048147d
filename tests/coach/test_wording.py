"""Tests of putting phrases into words."""

import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from babel import Locale
from babel.localedata import locale_identifiers
from hypothesis import given
from hypothesis import strategies as st

from coach.phrases import (
    DateWithYear,
    Joint,
    Money,
    Phrase,
    Series,
    Thing,
    TimeOfDay,
    Value,
    counted,
    facts,
    say,
    verbatim,
)
from coach.wording import ENGLISH, Span, Voice, plain, weekdays, words

MOMENT = datetime(2026, 11, 20, 9, 5, tzinfo=UTC)
MADRID = "Europe/Madrid"


@dataclass(frozen=True)
class Dictionary:
    """Translations by template, with two forms where there are two."""

    known: dict[str, str | tuple[str, str]] = field(default_factory=dict)

    def gettext(self, message: str, /) -> str:
        found = self.known.get(message, "")
        assert isinstance(found, str)
        return found

    def ngettext(self, one: str, many: str, n: int, /) -> str:
        found = self.known.get(one, ("", ""))
        return found[0 if n == 1 else 1]


def shown(value: Value, locale: str = "en_GB", time_zone: str | None = MADRID) -> str:
    return plain(verbatim(value), Voice(locale, time_zone, Dictionary())).replace("\u202f", " ")


@pytest.mark.parametrize(
    ("value", "british", "american", "german"),
    [
        (2345, "2,345", "2,345", "2.345"),
        (-1, "-1", "-1", "-1"),
        (date(2026, 11, 20), "Fri 20 Nov", "Fri, Nov 20", "Fr., 20. Nov."),
        (
            DateWithYear(date(2026, 11, 20)),
            "Fri, 20 Nov 2026",
            "Fri, Nov 20, 2026",
            "Fr., 20. Nov. 2026",
        ),
        (MOMENT, "Fri 20 Nov, 10:05", "Fri, Nov 20, 10:05 AM", "Fr., 20. Nov., 10:05"),
        (TimeOfDay(MOMENT), "10:05", "10:05 AM", "10:05"),
        (Money(Decimal("28500.00"), "EUR"), "€28,500", "€28,500", "28.500\u00a0€"),
        (Money(Decimal("990.5"), "usd"), "US$990.50", "$990.50", "990,50\u00a0$"),
        (Money(Decimal(500), "CHF"), "CHF\u00a0500", "CHF\u00a0500", "500\u00a0CHF"),
        (Money(Decimal(-1500), "GBP"), "-£1,500", "-£1,500", "-1.500\u00a0£"),
        (Money(Decimal("1234.5"), "JPY"), "JP¥1,234", "¥1,234", "1.234\u00a0¥"),
        (Money(Decimal("12000.5")), "12,000.50", "12,000.50", "12.000,50"),
        (Money(Decimal(7), "gold bars"), "7 gold bars", "7 gold bars", "7 gold bars"),
        (Series(("A", "B", "C")), "A, B and C", "A, B, and C", "A, B und C"),
        (facts("A", "B", "C"), "A, B, C", "A, B, C", "A, B, C"),
        (Series(("A", "B"), Joint.SEMICOLON), "A; B", "A; B", "A; B"),
    ],
)
def test_a_value_is_shown_as_the_reader_writes_it(
    value: Value, british: str, american: str, german: str
) -> None:
    assert (shown(value), shown(value, "en_US"), shown(value, "de_DE")) == (
        british,
        american,
        german,
    )


def test_an_instant_is_told_in_the_readers_zone_and_in_utc_while_it_is_unknown() -> None:
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    assert shown(late, time_zone=MADRID) == "Sat 21 Nov, 00:30"
    assert shown(late, time_zone=None) == "Fri 20 Nov, 23:30"


@pytest.mark.parametrize(
    "amount", ["1e30", "1e400", "-1e41", "0.0000001", "NaN", "Infinity", "9" * 60]
)
@pytest.mark.parametrize("currency", ["EUR", "XQQ", "{x}", None])
def test_no_amount_is_beyond_words(amount: str, currency: str | None) -> None:
    assert shown(Money(Decimal(amount), currency))


@pytest.mark.parametrize("locale", sorted(locale_identifiers()))
def test_every_locale_there_is_can_show_every_kind_of_value(locale: str) -> None:
    everything = verbatim(
        Money(Decimal("1234.5"), "EUR"), 2345, date(2026, 11, 20), MOMENT, TimeOfDay(MOMENT),
        DateWithYear(date(2026, 11, 20)), Series((*"ABCD",)), facts("A", "B"),
    )  # fmt: skip
    voice = Voice(locale, MADRID, Dictionary())
    assert plain(everything, voice)
    symbols = Locale.parse(locale).number_symbols["latn"]
    amount = plain(verbatim(Money(Decimal("1234.5"))), voice)
    assert amount.endswith(f"{symbols.get('decimal', '.')}50")
    assert len(weekdays(voice)) == 7


# Names and texts of others


HOSTILE = ["{deal}", "{", "}}", "%s %(x)s", "<!channel>", "{0}", "\\{deal\\}", "$deal", "{deal!r}"]


@given(st.one_of(st.sampled_from(HOSTILE), st.text(min_size=1)))
def test_whatever_a_name_holds_it_is_shown_as_it_is(name: str) -> None:
    for value in (name, Thing(name, "https://crm.example/1")):
        phrase = say("Deal '{deal}' has been in {stage}.", deal=value, stage=name)
        assert plain(phrase) == f"Deal '{name}' has been in {name}."
        assert [span.text for span in words(phrase, ENGLISH) if span.ours] == [
            "Deal '",
            "' has been in ",
            ".",
        ]


def test_names_and_texts_of_others_are_told_from_our_own_words() -> None:
    phrase = say(
        "{deal} in {stage}: {value}, {left}.",
        deal=Thing("Acme", "https://crm.example/1"),
        stage="Proposal",
        value=Money(Decimal(5), "EUR"),
        left=counted("{n} day left", "{n} days left", "n", n=2),
    )
    assert words(phrase, ENGLISH) == (
        Span("Acme", "https://crm.example/1"),
        Span(" in ", ours=True),
        Span("Proposal"),
        Span(": €5, 2 days left.", ours=True),
    )


def test_a_thing_without_a_name_is_named_in_the_readers_language() -> None:
    german = Voice("de", catalogue=Dictionary({"deal {id}": "Geschäft {id}"}))
    assert words(verbatim(Thing(say("deal {id}", id="D-1"), "u")), german) == (
        Span("Geschäft D-1", "u"),
    )


# Other languages


WAITS = counted(
    "{deal} waits for {days} day.", "{deal} waits for {days} days.", "days", deal="{x}", days=1
)


@pytest.mark.parametrize(
    ("translated", "words_"),
    [
        (("{deal} wartet einen Tag.", "{deal} wartet {days} Tage."), "{x} wartet einen Tag."),
        (("Seit {days} Tag wartet {deal}.", ""), "Seit 1 Tag wartet {x}."),
        # What cannot be right is said in English instead: nothing is lost.
        (("Es wartet einen Tag.", ""), "{x} waits for 1 day."),
        (("{deal} wartet {tage} Tage.", ""), "{x} waits for 1 day."),
        (("{deal} wartet {days Tage.", ""), "{x} waits for 1 day."),
        (("", ""), "{x} waits for 1 day."),
    ],
)
def test_a_translation_is_used_if_it_loses_nothing(
    translated: tuple[str, str], words_: str
) -> None:
    assert plain(WAITS, Voice("de", catalogue=Dictionary({WAITS.template: translated}))) == words_


def test_what_is_not_translated_is_english_altogether() -> None:
    due = say("due {date}", date=date(2026, 11, 20))
    german = Voice("de", MADRID, Dictionary({"at {time}": "um {time}"}))
    assert plain(due, german) == "due Fri 20 Nov"
    assert plain(say("at {time}", time=MOMENT), german) == "um Fr., 20. Nov., 10:05"
    assert plain(due, Voice("de")) == "due Fri 20 Nov"


@pytest.mark.parametrize(("count", "words_"), [(0, "0 days"), (1, "1 day"), (2, "2 days")])
def test_english_needs_no_catalogue(count: int, words_: str) -> None:
    assert plain(counted("{n} day", "{n} days", "n", n=count)) == words_


def test_no_locale_lends_its_days_to_another() -> None:
    script = (
        "from coach.wording import Voice, weekdays\n"
        "weekdays(Voice('iu'))\n"
        "print(weekdays(Voice('de'))[0])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "Montag"


def test_the_week_begins_on_monday() -> None:
    assert weekdays(ENGLISH)[0] == "Monday"
    assert weekdays(Voice("de"))[6] == "Sonntag"


def test_a_phrase_of_values_alone_is_the_same_in_every_language() -> None:
    phrase: Phrase = say("{a} – {b}.", a=date(2026, 11, 20), b=2345)
    assert plain(phrase, Voice("de", catalogue=Dictionary())) == "Fr., 20. Nov. – 2.345."
