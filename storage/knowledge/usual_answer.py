"""How soon the leads that the team has won were first contacted, as it was learned last."""

from coach.knowledge import Answered
from storage import usual
from storage.database import Tx
from storage.loader import Asked, Loader


async def find(tx: Tx, asked: Asked) -> dict[str, Answered]:
    """The same for everybody in the team."""
    found = await usual.answer(tx, asked.workspace_id)
    return dict.fromkeys(asked.people, found) if found else {}


LOADER = Loader(find)
