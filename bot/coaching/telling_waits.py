"""How much waits for somebody, in words: for whoever has the coach speak again."""

from bot.coaching import following
from bot.runtime.parts import Parts
from coach.models import Person
from coach.phrases import Phrase, counted, say


async def what_waits(parts: Parts, person: Person) -> Phrase:
    """How much it is, and where it is to be seen."""
    now = parts.clock.now()
    pending = await following.pending(parts, person.workspace_id, person.id)
    count = sum(not each.is_put_off(now) for each in pending)
    if not count:
        return say("`/coach insights` shows what waits.")
    return counted(
        "{count} thing waits for you: `/coach insights` shows it.",
        "{count} things wait for you: `/coach insights` shows them.",
        "count",
        count=count,
    )
