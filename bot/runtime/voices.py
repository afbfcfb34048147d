"""The languages there are: one `.po` file each, and how each person is spoken to."""

import gettext
import io
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

import coach
from coach.errors import CoachError
from coach.models import Person
from coach.phrases import fields
from coach.wording import ENGLISH, Catalogue, Voice, weekdays

log = logging.getLogger(__name__)

#: Where translations are put, as `de.po` or `pt_BR.po`; English needs none.
FOLDER = Path(coach.__file__).parent / "languages"


class LanguageError(CoachError):
    """A file of translations cannot be used; the text says which, and why."""


class _Nothing(gettext.NullTranslations):
    """What is not translated is empty, so that it can be told from what is the same in both."""

    def gettext(self, message: str) -> str:
        return ""

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Voices:
    """How each person is spoken to; without catalogues everybody is spoken to in English."""

    #: By locale, as CLDR writes it.
    catalogues: Mapping[str, Catalogue] = field(default_factory=dict)

    def to(self, person: Person | None) -> Voice:
        """The voice for a person, or for somebody of whom nothing is known."""
        return self.of(person.time_zone, person.locale) if person else ENGLISH

    def of(self, time_zone: str | None, locale: str | None = None) -> Voice:
        """The voice for somebody in a time zone, with a locale as Slack writes it (`de-DE`).

        A language that nobody has translated gives English.
        """
        wanted = _known(locale)
        if wanted is None:
            return Voice(ENGLISH.locale, time_zone)
        if wanted.language == "en":
            return Voice(str(wanted), time_zone)
        for name in (str(wanted), wanted.language):
            if name in self.catalogues:
                return Voice(str(wanted), time_zone, self.catalogues[name])
        return Voice(ENGLISH.locale, time_zone)


def _known(locale: str | None) -> Locale | None:
    try:
        return Locale.parse(locale.replace("_", "-"), sep="-") if locale else None
    except (UnknownLocaleError, ValueError):
        return None


def load_voices(folder: Path = FOLDER) -> Voices:
    """Read every language in the folder; blocks, so only at the start.

    Raises `LanguageError` for a file that is no catalogue of a known locale. A translation whose
    fields are not those of its template is left out and named in the log.
    """
    # Its forms are read from disk now, and not when the first card waits for them.
    weekdays(ENGLISH)
    return Voices({file.stem: _catalogue(file) for file in sorted(folder.glob("*.po"))})


def _catalogue(file: Path) -> Catalogue:
    if _known(file.stem) is None:
        raise LanguageError(f"{file.name} is not named after a locale, as de.po or pt_BR.po are.")
    try:
        with file.open("rb") as source:
            read = read_po(source, locale=file.stem, abort_invalid=True)
    except (PoFileError, ValueError) as error:
        raise LanguageError(f"{file.name} cannot be read: {error}.") from error
    for message in list(read):
        if message.id and message.string and not _same_fields(message):
            log.warning("%s: left out, as its fields differ: %r", file.name, message.id)
            read.delete(message.id, message.context)
    compiled = io.BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    translations = gettext.GNUTranslations(compiled)
    translations.add_fallback(_Nothing())
    return translations


def _same_fields(message: Message) -> bool:
    """Whether a translation has the fields of its template; a form that counts may spare one."""
    ids, translated = _forms(message.id), [each for each in _forms(message.string) if each]
    wanted = frozenset[str]().union(*map(fields, ids))
    spared = len(ids) - 1
    try:
        return all(
            fields(each) <= wanted and len(wanted - fields(each)) <= spared for each in translated
        )
    except ValueError:
        return False


def _forms(given: str | Iterable[str] | None) -> list[str]:
    return [given] if isinstance(given, str) else list(given or ())
