"""The tasks that people have put off to hear of, each with until when."""

from datetime import datetime

from coach.models import SubjectKind
from storage import snoozes
from storage.database import Tx
from storage.loader import Asked, Loader

_TASK = f"{SubjectKind.TASK}:"


async def find(tx: Tx, asked: Asked) -> dict[str, dict[str, datetime]]:
    """Whichever rule has spoken of them; where there are several times the latest."""
    found: dict[str, dict[str, datetime]] = {}
    for (_, person_id), its in (
        await snoozes.withheld(tx, asked.workspace_id, asked.people)
    ).items():
        theirs = found.setdefault(person_id, {})
        for key, each in its.items():
            if key.startswith(_TASK):
                theirs[key] = max(each.snoozed_until, theirs.get(key, each.snoozed_until))
    return found


LOADER = Loader(find)
