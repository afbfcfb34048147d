"""The person that was typed: by address, or by their whole name."""

from bot.terminal.harmless import harmless
from coach.errors import CoachError
from coach.models import Person
from storage import owners, people, showing
from storage.database import Tx


class WhomError(CoachError):
    """Nobody, or more than one, is meant."""


async def meant(tx: Tx, workspace_id: str, typed: str) -> Person:
    """Who is meant. Raises `WhomError`."""
    owner = await owners.by_email(tx, workspace_id, typed)
    ids = [owner.id] if owner else []
    if not ids and (found := await showing.with_address(tx, workspace_id, typed)) is not None:
        ids = [found]
    ids = ids or await showing.named(tx, workspace_id, typed)
    if len(ids) == 1:
        return (await people.load(tx, workspace_id, ids))[ids[0]]
    if ids:
        raise WhomError(
            f"{len(ids)} people are called “{harmless(typed)}”: give the address of one; "
            "`coach show people` lists everybody."
        )
    raise WhomError(
        f"Nobody here has the address or name “{harmless(typed)}”; "
        "`coach show people` lists everybody."
    )
