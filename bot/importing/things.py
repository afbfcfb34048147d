"""The three things a file can hold; light, because every command loads it."""

from enum import StrEnum


class Thing(StrEnum):
    """What a row of an imported file is."""

    DEALS = "deals"
    CONTACTS = "contacts"
    TASKS = "tasks"

    @property
    def one(self) -> str:
        """The word for a single one."""
        return self.value.removesuffix("s")
