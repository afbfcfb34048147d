"""Tests of owners and of what an event is about."""

import pytest

from coach.events import EVERYWHERE, Change, Event, Owner, OwnerKey
from coach.models import SubjectKind, Verb
from tests.coach.values import NOW

ADDRESS = OwnerKey(EVERYWHERE, "email:ana@northwind.example")


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        (
            {"email": " Ana@Northwind.Example ", "id": " 7 ", "name": " Ana   RUIZ "},
            (ADDRESS, OwnerKey("c1", "id:7"), OwnerKey("c1", "name:ana ruiz")),
        ),
        ({"email": "  ", "id": " 7 "}, (OwnerKey("c1", "id:7"),)),
        ({"id": "", "name": "J.  Groß"}, (OwnerKey("c1", "name:j. gross"),)),
    ],
)
def test_an_owner_has_a_key_for_all_that_was_told_and_only_an_address_holds_everywhere(
    given: dict[str, str], keys: tuple[OwnerKey, ...]
) -> None:
    owner = Owner.of(**given)
    assert owner is not None
    assert owner.keys("c1") == keys


@pytest.mark.parametrize("given", [{}, {"email": "", "id": " ", "name": "\n"}])
def test_nobody_is_no_owner(given: dict[str, str]) -> None:
    assert Owner.of(**given) is None


@pytest.mark.parametrize(
    ("owner", "called"),
    [
        (Owner.of(name=" Ana  Ruiz ", email="a@x.example"), "Ana Ruiz"),
        (Owner.of(id="7", email="a@x.example"), "a@x.example"),
        (Owner.of(id="7"), "7"),
    ],
)
def test_an_owner_is_called_by_name_in_its_own_capitals_else_by_what_there_is(
    owner: Owner, called: str
) -> None:
    assert str(owner) == called


def test_an_event_knows_the_ids_of_what_it_is_about() -> None:
    changes = (Change(SubjectKind.DEAL, "D-1", NOW), Change(SubjectKind.CONTACT, "C-1", NOW))
    event = Event("k", Verb.DEAL_CLOSED, NOW, changes)
    assert event.subject_id(SubjectKind.CONTACT) == "C-1"
    assert event.subject_id(SubjectKind.TASK) is None
