"""Consent first: who has something waiting gets one welcome, and nothing else until Start."""

from collections.abc import Iterable
from datetime import datetime

from coach.models import Enrolment, Person
from storage import notices, people
from storage.database import Tx
from storage.notices import Notice


async def invite(tx: Tx, held_for: Iterable[Person], now: datetime) -> int:
    """Queue the welcome message of everyone who can be reached and was never written to."""
    invited = 0
    for person in held_for:
        if person.enrolment is not Enrolment.NEW or person.slack_user_id is None:
            continue
        moved = await people.enrol(
            tx,
            person.workspace_id,
            person.id,
            Enrolment.INVITING,
            only_from=[Enrolment.NEW],
        )
        if moved:
            notice = Notice(
                person.workspace_id,
                f"welcome:{person.id}",
                person.slack_user_id,
                "welcome",
                {"state": "asked", "name": person.name},
            )
            invited += await notices.add(tx, notice, now)
    return invited
