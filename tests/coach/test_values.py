"""A quick value is like any other dataclass, however it was made."""

import copy
import pickle
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from coach.models import Deal
from coach.values import altered, quick


@quick
@dataclass(frozen=True, slots=True)
class Pair:
    left: int
    right: int = 2
    kind: list[str] = field(default_factory=list)


@quick
@dataclass(frozen=True, slots=True)
class Positive:
    number: int
    unit: str = ""

    def __post_init__(self) -> None:
        if self.number <= 0:
            raise ValueError("not positive")


def test_it_is_given_its_fields_and_their_defaults() -> None:
    assert (Pair(1).left, Pair(1).right, Pair(1).kind) == (1, 2, [])
    assert Pair(1, right=3, kind=["a"]) == Pair(1, 3, ["a"]) != Pair(1)
    assert repr(Pair(1)) == "Pair(left=1, right=2, kind=[])"
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'left'"):
        Pair()  # type: ignore[call-arg]


def test_what_a_default_makes_belongs_to_one_value_only() -> None:
    Pair(1).kind.append("a")
    assert Pair(1).kind == []


@pytest.mark.parametrize(
    "made",
    [
        Pair(1),
        altered(Pair(5), left=1),
        replace(Pair(5), left=1),
        copy.copy(Pair(1)),
        pickle.loads(pickle.dumps(Pair(1))),
    ],
)
def test_however_it_was_made_it_is_the_same(made: Pair) -> None:
    assert type(made) is Pair
    assert made == Pair(1)


def test_it_can_be_a_key() -> None:
    assert {Positive(1): "one"}[altered(Positive(2), number=1)] == "one"


def test_it_is_made_by_assignments() -> None:
    assert "__setattr__" not in vars(Pair)


def test_it_is_checked_as_it_is_made() -> None:
    assert Positive(1).number == 1
    with pytest.raises(ValueError, match="not positive"):
        Positive(0)


def test_another_is_made_of_it_and_it_stays_as_it_was() -> None:
    before = Pair(1, 2, ["a"])
    assert altered(before, right=3) == Pair(1, 3, ["a"])
    assert before == Pair(1, 2, ["a"])


def test_a_field_may_have_any_name() -> None:
    assert altered(Deal("c", "D-1"), value=Decimal(5)).value == Decimal(5)


def test_a_field_it_has_not_is_refused() -> None:
    with pytest.raises(AttributeError, match="middle"):
        altered(Pair(1), middle=3)
