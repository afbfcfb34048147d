"""Tests of owners and of what an event is about."""

import pytest

from coach.events import Change, Event, Owner
from coach.models import SubjectKind, Verb
from tests.coach.values import NOW


@pytest.mark.parametrize(
    ("given", "key"),
    [
        (
            {"email": " Ana@Northwind.Example ", "id": "7", "name": "Ana"},
            "email:ana@northwind.example",
        ),
        ({"email": "  ", "id": " 7 ", "name": "Ana"}, "id:7"),
        ({"id": "", "name": " Ana   RUIZ "}, "name:ana ruiz"),
    ],
)
def test_an_owner_goes_by_email_then_id_then_name(given: dict[str, str], key: str) -> None:
    owner = Owner.of(**given)
    assert owner is not None
    assert owner.key == key


@pytest.mark.parametrize("given", [{}, {"email": "", "id": " ", "name": "\n"}])
def test_nobody_is_no_owner(given: dict[str, str]) -> None:
    assert Owner.of(**given) is None


def test_a_name_keeps_its_capitals() -> None:
    owner = Owner.of(name=" Ana  Ruiz ")
    assert owner is not None
    assert owner.name == "Ana Ruiz"


def test_an_event_knows_the_ids_of_what_it_is_about() -> None:
    changes = (Change(SubjectKind.DEAL, "D-1", NOW), Change(SubjectKind.CONTACT, "C-1", NOW))
    event = Event("k", Verb.DEAL_CLOSED, NOW, changes)
    assert event.subject_id(SubjectKind.CONTACT) == "C-1"
    assert event.subject_id(SubjectKind.TASK) is None
