"""Phrases put into words: in the reader's language, with their plurals, dates, money and zone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Protocol

from babel import Locale
from babel.dates import DateTimePattern, get_datetime_format, get_time_format, match_skeleton
from babel.dates import parse_pattern as parse_date_pattern
from babel.numbers import NumberPattern, get_currency_precision
from babel.numbers import parse_pattern as parse_number_pattern

from coach.calendar import zone
from coach.phrases import (
    DateWithYear,
    Joint,
    Money,
    Phrase,
    Series,
    Thing,
    TimeOfDay,
    Value,
    fields,
    pieces,
)


class Catalogue(Protocol):
    """The translations into one language."""

    def gettext(self, message: str, /) -> str:
        """The translated template; empty when there is none."""
        ...

    def ngettext(self, one: str, many: str, n: int, /) -> str:
        """The translated template for the number `n`; empty when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Voice:
    """How somebody is spoken to."""

    #: A locale that CLDR knows: the forms of numbers, money, dates and lists.
    locale: str = "en_GB"
    #: An IANA name; `None` while it is not known, and instants are told in UTC.
    time_zone: str | None = None
    #: The language; without one the templates speak for themselves, in English.
    catalogue: Catalogue | None = None


#: English as most of the world writes it: 20 Nov, 14:00, “A, B and C”.
ENGLISH = Voice()


@dataclass(frozen=True, slots=True)
class Span:
    """A run of words; with `url` a link. No markup is ever read in the text."""

    text: str
    url: str | None = None
    #: Whether it is the coach's own, and not a name or text from outside of whatever length.
    ours: bool = False


Words = tuple[Span, ...]


def words(phrase: Phrase, voice: Voice) -> Words:
    """The phrase as runs of words; runs of the coach's own are never side by side."""
    made: list[Span] = []
    for span in _spans(phrase, voice):
        if span.ours and made and made[-1].ours:
            made[-1] = Span(made[-1].text + span.text, ours=True)
        else:
            made.append(span)
    return tuple(made)


def plain(phrase: Phrase, voice: Voice = ENGLISH) -> str:
    """The phrase as bare words."""
    return "".join(span.text for span in _spans(phrase, voice))


def _spans(phrase: Phrase, voice: Voice) -> Iterator[Span]:
    template = _translated(phrase, voice)
    if template is None:
        # English in one piece is better than a sentence in two languages.
        voice = replace(ENGLISH, time_zone=voice.time_zone)
        template = _english(phrase)
    for text, name in pieces(template):
        if text:
            yield Span(text, ours=True)
        if name is not None:
            yield from _shown(phrase.values[name], voice)


def _english(phrase: Phrase) -> str:
    return phrase.plural if phrase.plural and phrase.count != 1 else phrase.template


def _translated(phrase: Phrase, voice: Voice) -> str | None:
    """The template in the voice's language; `None` when it has none that says all there is."""
    if voice.catalogue is None:
        # Whoever speaks English has the forms of their own country.
        return _english(phrase) if voice.locale.startswith("en") else None
    if phrase.plural is None or phrase.count is None:
        found = voice.catalogue.gettext(phrase.template)
    else:
        found = voice.catalogue.ngettext(phrase.template, phrase.plural, phrase.count)
    if found and fits(phrase, found):
        return found
    return phrase.template if _wordless(phrase.template) else None


@lru_cache(maxsize=1024)
def _wordless(template: str) -> bool:
    """Whether it is the same in every language: values, spaces and points."""
    return not any(each.isalpha() for text, _ in pieces(template) for each in text)


def fits(phrase: Phrase, translated: str) -> bool:
    """Whether a translation has the fields of its phrase; the number counted by may be unsaid."""
    try:
        named = fields(translated)
    except ValueError:
        return False
    given = phrase.values.keys()
    return named == given or (phrase.by is not None and named | {phrase.by} == given)


def _shown(value: Value, voice: Voice) -> Iterator[Span]:
    match value:
        case Phrase():
            yield from _spans(value, voice)
        case Thing():
            name = value.name if isinstance(value.name, str) else plain(value.name, voice)
            if name:
                yield Span(name, value.url)
        case str():
            if value:
                yield Span(value)
        case int():
            yield Span(_number(Decimal(value), voice.locale), ours=True)
        case Money():
            yield from _money(value, voice.locale)
        case datetime():
            yield Span(_moment(value, voice), ours=True)
        case date():
            yield Span(
                _date_pattern("MMMEd", voice.locale).apply(value, _locale(voice.locale)), ours=True
            )
        case DateWithYear():
            pattern = _date_pattern("yMMMEd", voice.locale)
            yield Span(pattern.apply(value.on, _locale(voice.locale)), ours=True)
        case TimeOfDay():
            yield Span(_time(value.at, voice), ours=True)
        case Series():
            yield from _joined(value, voice)


def _joined(series: Series, voice: Voice) -> Iterator[Span]:
    for text, name in pieces(_joints(series.joint, len(series.items), voice.locale)):
        if text:
            yield Span(text, ours=True)
        if name is not None:
            yield from _shown(series.items[int(name)], voice)


@lru_cache(maxsize=64)
def _locale(name: str) -> Locale:
    return Locale.parse(name)


_PLACES = ("2", "start", "middle", "end")
#: How lists are joined where a locale does not say: CLDR's root.
_ROOT = dict.fromkeys(_PLACES, "{0}, {1}")


@lru_cache(maxsize=512)
def _joints(joint: Joint, count: int, locale: str) -> str:
    """A template with so many numbered fields, joined as the locale does it."""
    if joint is Joint.SEMICOLON:
        joints = dict.fromkeys(_PLACES, "{0}; {1}")
    else:
        style = "standard" if joint is Joint.AND else "unit-short"
        joints = {**_ROOT, **_locale(locale).list_patterns.get(style, {})}
    if count < 2:
        return "{0}" * count
    if count == 2:
        return joints["2"]
    made = joints["start"]
    for place in range(2, count):
        # The list so far is the first of two; numbers above one keep their place.
        joining = joints["end" if place == count - 1 else "middle"]
        made = joining.replace("{1}", f"{{{place}}}").replace("{0}", made)
    return made


@lru_cache(maxsize=256)
def _date_pattern(skeleton: str, locale: str) -> DateTimePattern:
    known = _locale(locale).datetime_skeletons
    best = skeleton if skeleton in known else match_skeleton(skeleton, known)
    if best is None:
        best = min(known, key=len)
    return parse_date_pattern(known[best])


def _time(at: datetime, voice: Voice) -> str:
    local = at.astimezone(zone(voice.time_zone))
    return get_time_format("short", _locale(voice.locale)).apply(local, _locale(voice.locale))


def _moment(at: datetime, voice: Voice) -> str:
    day = at.astimezone(zone(voice.time_zone)).date()
    parts = {
        "0": _time(at, voice),
        "1": _date_pattern("MMMEd", voice.locale).apply(day, _locale(voice.locale)),
    }
    joined = str(get_datetime_format("medium", _locale(voice.locale))).replace("'", "")
    return "".join(text + (parts[name] if name else "") for text, name in pieces(joined))


#: Amounts with more digits than this are shown as they are: nobody reads them anyway.
_MOST_DIGITS = 40

_ISO_4217 = re.compile(r"[A-Za-z]{3}")
#: Where a sign made of letters meets a digit, as in CHF 500.
_LETTER_AT_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


@lru_cache(maxsize=256)
def _number_pattern(locale: str, *, money: bool, digits: int) -> NumberPattern:
    known = _locale(locale)
    pattern = (known.currency_formats["standard"] if money else known.decimal_formats[None]).pattern
    fraction = f".{'0' * digits}" if digits else ""
    return parse_number_pattern(re.sub(r"([#0][#0,]*)(\.[#0]+)?", rf"\1{fraction}", pattern))


def _applied(amount: Decimal, locale: str, digits: int, currency: str | None = None) -> str:
    if not amount.is_finite() or amount.adjusted() > _MOST_DIGITS:
        return f"{amount} {currency}" if currency else str(amount)
    pattern = _number_pattern(locale, money=currency is not None, digits=digits)
    with localcontext(prec=_MOST_DIGITS + 10):
        return str(pattern.apply(amount, _locale(locale), currency=currency, currency_digits=False))


def _number(amount: Decimal, locale: str, digits: int = 0) -> str:
    return _applied(amount, locale, digits)


def _money(money: Money, locale: str) -> Iterator[Span]:
    """An amount as people write it, without needless cents."""
    whole = not money.amount.is_finite() or money.amount == money.amount.to_integral_value()
    code = (money.currency or "").strip()
    if _ISO_4217.fullmatch(code):
        code = code.upper()
        shown = _applied(money.amount, locale, 0 if whole else get_currency_precision(code), code)
        yield Span(_LETTER_AT_DIGIT.sub("\u00a0", shown), ours=True)
        return
    yield Span(_number(money.amount, locale, 0 if whole else 2), ours=True)
    if code:
        yield Span(" ", ours=True)
        yield Span(code)


def weekdays(voice: Voice) -> list[str]:
    """The days of the week by name, Monday first."""
    # Not the days standing alone: of those Babel lends a locale another's, if that one asked first.
    names = _locale(voice.locale).days["format"]["wide"]
    return [str(names[day]) for day in range(7)]
