"""A drafted mail is bare text, and its link opens that mail to that address and nothing else."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from bot.playground.slack.blocks import view_problems
from bot.slack.blocks.drafted_mail import MOST_LINK, mail_block, mailto
from bot.slack.blocks.pieces import MOST_VIEW_JSON
from bot.slack.blocks.screen import screen_modal
from coach.action import load_actions
from coach.mails import drafted
from coach.models import Contact
from coach.screens import DraftedMail
from tests.bot.slack.blocks.values import VOICE
from tests.coach.values import ANN, WON, view

HOSTILE = "<!channel> `*_~` \u202eevil\u202c <https://evil.example|Ann>\r\nBcc: all@evil.example"


def mail(contact: Contact | None = ANN) -> DraftedMail:
    made = drafted({"mail": "referral"}, contact, "Ana Ruiz")
    assert made is not None
    return made


def copied(contact: Contact | None = ANN) -> list[str]:
    """What stands in the boxes to copy from: the subject and the text."""
    parts = mail_block(mail(contact), VOICE)["elements"]
    boxes = [each for each in parts if each["type"] == "rich_text_preformatted"]
    assert all([leaf["type"] for leaf in box["elements"]] == ["text"] for box in boxes)
    return [box["elements"][0]["text"] for box in boxes]


def links(contact: Contact | None) -> list[str]:
    parts: Sequence[Any] = mail_block(mail(contact), VOICE)["elements"]
    return [leaf["url"] for part in parts for leaf in part["elements"] if leaf["type"] == "link"]


def test_subject_and_text_are_copied_each_by_itself() -> None:
    subject, body = copied()
    assert subject == "Whom else could we help?"
    assert body.startswith("Hello Ann Lee,\n\nThank you for choosing us.\n\nDo you know")
    assert body.endswith("\n\nBest regards\nAna Ruiz")


def test_the_link_opens_the_same_mail_to_the_address() -> None:
    (link,) = links(ANN)
    parts = urlsplit(link)
    assert (parts.scheme, parts.path) == ("mailto", "ann@acme.example")
    # A plus is no blank there, and lines end as in mails.
    assert "+" not in link
    subject, body = copied()
    fields = parse_qs(parts.query, strict_parsing=True)
    assert fields == {"subject": [subject], "body": [body.replace("\n", "\r\n")]}


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "ann",
        "ann@acme.example,ben@acme.example",
        "ann@acme.example;ben@acme.example",
        "ann@acme.example?bcc=all@evil.example",
        "ann@acme.example&bcc=all@evil.example",
        "ann%2Cben@acme.example",
        "Ann <ann@acme.example>",
        "ann@acme.example\r\nBcc: all@evil.example",
        "ann@acme\u202e.example",
        "a@b@c.example",
        "a@" + "b" * 400,
    ],
)
def test_what_is_no_single_address_gets_no_link(address: str | None) -> None:
    assert links(replace(ANN, email=address)) == []
    assert copied(replace(ANN, email=address))[1].startswith("Hello Ann Lee,")


def test_letters_of_every_script_are_encoded() -> None:
    (link,) = links(replace(ANN, name_given="Анна & Ли", email="анна@пример.рф"))
    assert link.isascii()
    assert unquote(urlsplit(link).path) == "анна@пример.рф"
    assert parse_qs(urlsplit(link).query)["body"][0].startswith("Hello Анна & Ли,\r\n")


def test_a_link_that_would_be_too_long_goes_without_the_text() -> None:
    assert mailto("a@b.example", "S & T", "ж" * 500) == "mailto:a@b.example?subject=S%20%26%20T"
    assert mailto("a@b.example", "ж" * 500, "") == "mailto:a@b.example"
    assert len(mailto("a@b.example", "S", "x" * 1900)) <= MOST_LINK


def test_a_name_is_never_read_as_markup_and_cannot_break_out_of_its_line() -> None:
    subject, body = copied(replace(ANN, name_given=HOSTILE))
    greeting = body.split("\n")[0]
    assert greeting.startswith("Hello <!channel> `*_~` evil <https://evil.example|Ann> Bcc:")
    assert "\u202e" not in body
    assert len(body.split("\n")) == len(copied()[1].split("\n"))
    assert subject == copied()[0]


@pytest.mark.parametrize("name", ["n" * 3000, "\ud800 x", "\u202e\u202d", "💥" * 900, "`" * 500])
def test_slack_takes_the_form_whatever_the_crm_calls_them(name: str) -> None:
    params = {"connection_id": "c1", "title": "Ask", "deal_id": "D", "mail": "referral"}
    shown = view(
        params=params,
        deal=replace(WON, title=name),
        contact=replace(ANN, name_given=name, email="ann@acme.example"),
    )
    modal = screen_modal(load_actions()["create_task"].screen(shown), VOICE, "f" * 32)
    assert view_problems(modal) == []
    assert len(json.dumps(modal["blocks"]).encode("utf-8")) < MOST_VIEW_JSON
    note = next(each for each in modal["blocks"] if each["block_id"] == "note")["element"]
    assert len(note["initial_value"].split("\n")) == 2
