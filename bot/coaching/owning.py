"""Whom a CRM means by the owners it names, and what follows when two people turn out to be one."""

from collections.abc import Collection

from bot.coaching import attending, planning
from bot.runtime.parts import Parts
from coach.events import Owner
from storage import owners, people, takeovers
from storage.database import Tx
from storage.owners import Resolved


async def identify(
    parts: Parts, tx: Tx, workspace_id: str, connection_id: str, named: Collection[Owner]
) -> Resolved:
    """The people behind owners of a connection; the caller holds the workspace's lock.

    Whoever got what was another's until now is coached on it from now on.
    """
    found = await owners.resolve(
        tx, workspace_id, connection_id, named, parts.clock.now(), parts.new_id
    )
    if found.learnt:
        await takeovers.look_again(tx, workspace_id, parts.clock.now())
    for person_id in sorted(set(found.joined.values())):
        await reach(parts, tx, workspace_id, person_id)
    return found


async def reach(parts: Parts, tx: Tx, workspace_id: str, person_id: str) -> None:
    """Look at everything of somebody anew, and bring on its way what was held for them."""
    person = (await people.load(tx, workspace_id, [person_id]))[person_id]
    await planning.reconsider(parts, tx, person)
    await attending.reach(parts, tx, workspace_id, person_id)
