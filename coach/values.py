"""Values that cost little to make, of which an event takes dozens.

A frozen dataclass sets each of its fields by a call, several times as slow as an assignment, and
`dataclasses.replace` asks about each field anew: together a fifth of the work on an event.
"""

from collections.abc import Callable
from dataclasses import MISSING, field, fields, make_dataclass
from operator import attrgetter
from typing import Any, TypeVar

T = TypeVar("T")

#: How to read all fields of a value, of which there are several, by type.
_read: dict[type[Any], Callable[[Any], tuple[Any, ...]]] = {}


def quick(kind: type[T]) -> type[T]:
    """Let a frozen dataclass be made by assignments, as one that is not frozen is.

    That nobody changes it is left to the type checker, which still sees it frozen.
    """
    told = fields(kind)  # type: ignore[arg-type]
    given = [
        (each.name, each.type, field(default=each.default))
        if each.default_factory is MISSING
        else (each.name, each.type, field(default_factory=each.default_factory))
        for each in told
    ]
    checks = {name: vars(kind)[name] for name in ("__post_init__",) if name in vars(kind)}
    plain: Any = make_dataclass(kind.__name__, given, namespace=checks)
    kind.__init__ = plain.__init__  # type: ignore[method-assign]
    del kind.__setattr__, kind.__delattr__
    _read[kind] = attrgetter(*(each.name for each in told))
    return kind


def altered(value: T, /, **new: Any) -> T:
    """A quick value with some fields replaced; it is not checked once more.

    Raises `AttributeError` for a field it has not.
    """
    kind = type(value)
    made = kind(*_read[kind](value))
    for name, each in new.items():
        setattr(made, name, each)
    return made
