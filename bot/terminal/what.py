"""What `coach show` can show."""

from enum import StrEnum


class What(StrEnum):
    """One kind of row, by the word that is typed."""

    ACTIVITIES = "activities"
    INSIGHTS = "insights"
    MESSAGES = "messages"
    DEALS = "deals"
    CONTACTS = "contacts"
    TASKS = "tasks"
    PEOPLE = "people"
