"""What `coach show` can show."""

from enum import StrEnum


class What(StrEnum):
    """One kind of row, by the word that is typed."""

    ACTIVITIES = "activities"
    DEALS = "deals"
    CONTACTS = "contacts"
    TASKS = "tasks"
    PEOPLE = "people"
