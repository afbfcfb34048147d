"""Values that cost little to make, of which an event takes dozens.

A frozen dataclass sets each of its fields by a call, several times as slow as an assignment, and
`dataclasses.replace` asks about each field anew: together a fifth of the work on an event.
"""

from collections.abc import Callable
from dataclasses import MISSING, Field, fields, make_dataclass
from typing import Any, TypeVar

T = TypeVar("T")

#: How to make a copy that can still be changed, by type.
_copies: dict[type[Any], Callable[[Any], Any]] = {}


def quick(kind: type[T]) -> type[T]:
    """Let a frozen dataclass with slots be made by assignments; once made, it is like any other.

    While it is made it is of a class with the same slots that is not frozen: nobody has it yet.
    """
    told: list[Field[Any]] = list(fields(kind))  # type: ignore[arg-type]
    unfrozen = make_dataclass(kind.__name__, [(each.name, each.type) for each in told], slots=True)
    # No field is named in capitals.
    known: dict[str, Any] = {
        "KIND": kind,
        "UNFROZEN": unfrozen,
        "NEW": object.__new__,
        "CHANGE": object.__setattr__,
        "MISSING": MISSING,
    }
    given, set_, copied = [], [], []
    for each in told:
        name, value = each.name, each.name
        default = ""
        if each.default is not MISSING:
            known[f"DEFAULT_{name}"], default = each.default, f"=DEFAULT_{name}"
        elif each.default_factory is not MISSING:
            known[f"DEFAULT_{name}"], default = each.default_factory, "=MISSING"
            value = f"DEFAULT_{name}() if {name} is MISSING else {name}"
        given.append(name + default)
        set_.append(f" self.{name} = {value}")
        copied.append(f" made.{name} = old.{name}")
    check = " self.__post_init__()" if hasattr(kind, "__post_init__") else ""
    source = [
        f"def __init__(self, {', '.join(given)}):",
        " CHANGE(self, '__class__', UNFROZEN)",
        *set_,
        " self.__class__ = KIND",
        check,
        "def copy(old):",
        " made = NEW(UNFROZEN)",
        *copied,
        " return made",
    ]
    # As `dataclass` itself does it.
    exec("\n".join(source), known)  # noqa: S102
    known["__init__"].__qualname__ = f"{kind.__qualname__}.__init__"
    kind.__init__ = known["__init__"]  # type: ignore[method-assign]
    _copies[kind] = known["copy"]
    return kind


def altered(value: T, /, **new: Any) -> T:
    """A quick value with some fields replaced; it is not checked once more."""
    kind = type(value)
    made: Any = _copies[kind](value)
    for name, each in new.items():
        setattr(made, name, each)
    made.__class__ = kind
    return made  # type: ignore[no-any-return]
