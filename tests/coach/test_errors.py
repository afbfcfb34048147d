"""Tests of errors that read as sentences."""

from coach.errors import CoachError, SettingError, UnknownSubjectError
from coach.phrases import say


def test_an_error_without_words_of_its_own_has_its_kinds() -> None:
    assert str(UnknownSubjectError()) == "The CRM no longer has what this insight is about."
    assert str(CoachError("Not so.")) == "Not so."


def test_every_error_is_the_coachs() -> None:
    assert isinstance(SettingError("level", say("Choose a level.")), CoachError)
