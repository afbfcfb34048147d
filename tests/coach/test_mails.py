"""Mails to copy greet whom the CRM names, and say nothing that is not so."""

from dataclasses import replace

import pytest

from coach.mails import drafted
from coach.models import Contact
from coach.wording import plain
from tests.coach.values import ANN


def text(kind: str, contact: Contact | None, writer: str = "Ana Ruiz") -> str:
    """The whole mail, its subject first."""
    mail = drafted({"mail": kind}, contact, writer)
    assert mail is not None
    paragraphs = ["\n".join(plain(line) for line in each) for each in mail.body]
    return "\n\n".join([plain(mail.subject), *paragraphs])


def test_a_referral_is_asked_for_by_name_and_signed() -> None:
    assert text("referral", ANN) == (
        "Whom else could we help?\n\n"
        "Hello Ann Lee,\n\n"
        "Thank you for choosing us.\n\n"
        "Do you know somebody whom we could help as well?\n"
        "If so, would you put us in touch?\n\n"
        "Best regards\nAna Ruiz"
    )


def test_the_next_step_is_asked_for() -> None:
    assert text("next_step", ANN) == (
        "Our next step\n\n"
        "Hello Ann Lee,\n\n"
        "I would like to talk with you about our next step.\n\n"
        "When would it suit you?\n\n"
        "Best regards\nAna Ruiz"
    )


@pytest.mark.parametrize(
    "contact", [None, replace(ANN, name_given=""), replace(ANN, name_given=" ")]
)
def test_who_has_no_name_is_greeted_without_one(contact: Contact | None) -> None:
    assert "\n\nHello,\n\n" in text("referral", contact)


def test_who_has_no_name_signs_with_none() -> None:
    assert text("referral", ANN, "").endswith("\n\nBest regards")


def test_it_goes_to_the_address_of_the_contact() -> None:
    mail = drafted({"mail": "referral"}, ANN, "Ana")
    assert mail is not None
    assert mail.to == "ann@acme.example"


@pytest.mark.parametrize("params", [{}, {"mail": None}, {"mail": "ransom"}, {"mail": ["referral"]}])
def test_without_a_known_word_there_is_no_mail(params: dict[str, object]) -> None:
    assert drafted(params, ANN, "Ana") is None
