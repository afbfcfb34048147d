"""What the doctor finds."""

from dataclasses import dataclass
from enum import StrEnum

#: What shows every particular.
EVERYTHING = "coach doctor --all"


class State(StrEnum):
    """How it stands with one thing."""

    OK = "ok"
    #: Worth knowing; nothing is broken.
    NOTE = "note"
    FAULT = "FAULT"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    area: str
    state: State
    text: str
    #: What to do, as one sentence or command; only where something is to be done.
    mend: str | None = None
    #: Particulars, one line each.
    details: tuple[str, ...] = ()
    #: How many more there are, and what to type to see them all.
    more: int = 0
    all_by: str = EVERYTHING


def ok(area: str, text: str, details: tuple[str, ...] = ()) -> Finding:
    """All is well."""
    return Finding(area, State.OK, text, details=details)


def note(
    area: str,
    text: str,
    mend: str | None = None,
    details: tuple[str, ...] = (),
    *,
    more: int = 0,
    all_by: str = EVERYTHING,
) -> Finding:
    """Worth knowing."""
    return Finding(area, State.NOTE, text, mend, details, more, all_by)


def fault(
    area: str, text: str, mend: str, details: tuple[str, ...] = (), *, more: int = 0
) -> Finding:
    """Broken, and how to mend it."""
    return Finding(area, State.FAULT, text, mend, details, more)
