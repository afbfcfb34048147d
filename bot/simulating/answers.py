"""How those answer to whom the coach speaks in a simulation."""

from enum import StrEnum


class Answers(StrEnum):
    """How much of what is said is acted on."""

    NONE = "none"
    SOME = "some"
    ALL = "all"
