"""What somebody means who types a part of a name: the things it may be, the nearest first."""

import difflib
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

#: How alike a name must be that does not hold what was typed.
ALIKE = 0.75


def sought(things: Sequence[T], typed: str, names: Callable[[T], Sequence[str]]) -> list[T]:
    """The things whose names hold what was typed: whole ones first, then those that begin so.

    Where none does, those whose name is nearly that, as with a slip of the keys; else nothing.
    `names` are what each is called. Of equals the order stays.
    """
    wanted = _plain(typed)
    if not wanted:
        return list(things)
    called = [(thing, [_plain(name) for name in names(thing) if name]) for thing in things]
    ranked = [(rank, thing) for thing, its in called if (rank := _rank(its, wanted)) is not None]
    if ranked:
        return [thing for _, thing in sorted(ranked, key=lambda each: each[0])]
    near = set(
        difflib.get_close_matches(wanted, {name for _, its in called for name in its}, 5, ALIKE)
    )
    return [thing for thing, its in called if near.intersection(its)]


def _rank(names: Sequence[str], wanted: str) -> int | None:
    """How near the nearest of the names is: 0 is that name, 3 has it somewhere within."""
    return min((rank for name in names if (rank := _near(name, wanted)) is not None), default=None)


def _near(name: str, wanted: str) -> int | None:
    if name == wanted:
        return 0
    if name.startswith(wanted):
        return 1
    if f" {wanted}" in name:
        return 2
    return 3 if wanted in name else None


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
