"""What the next digest of a person will hold, as things are now."""

from bot.coaching import following
from bot.runtime.parts import Parts
from coach.models import Insight, Person
from coach.previewing import waits_for_digest
from storage import attention


async def next_of(parts: Parts, person: Person) -> list[Insight]:
    """What waits for it, by priority, then newest."""
    pending = await following.pending(parts, person.workspace_id, person.id)
    async with parts.database.read() as tx:
        found = await attention.open_of(tx, person.workspace_id, [person.id])
    open_, now = found.get(person.id, {}), parts.clock.now()
    return [
        each
        for each in pending
        if (known := open_.get(each.fingerprint)) is not None
        and known.decided is not None
        and waits_for_digest(person, each, known.decided, now)
    ]
