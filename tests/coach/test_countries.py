"""Whose public holidays are suggested to somebody, and what is said while none are theirs."""

from dataclasses import replace

import pytest

from coach.countries import not_chosen, suggested
from coach.models import Person
from coach.wording import plain
from tests.coach.values import ANA, setting


@pytest.mark.parametrize(
    ("time_zone", "locale", "said"),
    [
        ("Europe/Madrid", "en-GB", "ES, by your time zone"),
        # An older name.
        ("Asia/Calcutta", None, "IN, by your time zone"),
        ("US/Pacific", "de-DE", "US, by your time zone"),
        ("Etc/UTC", "de-DE", "DE, by your language in Slack"),
        ("UTC", "de_DE", "DE, by your language in Slack"),
        ("CET", "de-DE", "DE, by your language in Slack"),
        ("Mars/Olympus", "de-DE", "DE, by your language in Slack"),
        (None, "de-DE", "DE, by your language in Slack"),
        (None, "es-419", None),
        (None, None, None),
    ],
)
def test_the_time_zone_tells_the_country_and_the_language_only_where_it_does_not(
    time_zone: str | None, locale: str | None, said: str | None
) -> None:
    found = suggested(Person("w", "p", "Ana", time_zone=time_zone, locale=locale))
    assert (plain(found) if found else None) == said


def test_who_has_chosen_no_country_is_told_what_that_means() -> None:
    here = replace(ANA, time_zone="Europe/Madrid")
    said = not_chosen(here)
    assert said is not None
    assert plain(said) == (
        "Public holidays count as working days until you choose your country in settings (ES, by "
        "your time zone)."
    )
    nowhere = not_chosen(replace(ANA, time_zone=None, locale=None))
    assert nowhere is not None
    assert plain(nowhere).endswith("until you choose your country in settings.")
    assert not_chosen(setting(holidays="ES")) is None
