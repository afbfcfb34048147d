"""Forgetting a CRM that is not linked any more: what was said of its things ends, and they go."""

from dataclasses import replace

from bot.coaching import following, undelivered
from bot.coaching.checking import Touched, appoint
from bot.runtime.parts import Parts
from coach.models import SubjectKind
from storage import connections, messages, mirror, people, takeovers, team_wins, workspaces
from storage.database import Tx
from storage.takeovers import Takeover

#: Things in one transaction.
TOGETHER = 500


async def forget(parts: Parts, workspace_id: str, connection_id: str) -> int:
    """Forget a connection with all that is known of it; returns how many things that were.

    What nobody keeps up to date must not be spoken of. Whoever it belonged to stays, with all they
    have set. Done again after a crash, it goes on where it was.
    """
    async with parts.database.write() as tx:
        # Before its deals go: they were won all the same.
        await team_wins.forget(tx, workspace_id, connection_id)
    count = await _forget_things(parts, workspace_id, connection_id)
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, workspace_id)
        told = await takeovers.of(tx, workspace_id, connection_id)
        await undelivered.unlink(parts, tx, workspace_id, connection_id)
        await connections.end(tx, workspace_id, connection_id)
        if told is not None:
            await _say_so(tx, told)
    parts.wake.sender.set()
    # What was still on its way while the others went.
    return count + await _forget_things(parts, workspace_id, connection_id)


async def _say_so(tx: Tx, told: Takeover) -> None:
    """What was told of taking it over is not so any more."""
    message = await messages.get(tx, told.workspace_id, told.message_id)
    if message is not None:
        params = {**message.params, "state": "unlinked"}
        await messages.redraw(tx, told.workspace_id, told.message_id, params)


async def _forget_things(parts: Parts, workspace_id: str, connection_id: str) -> int:
    count = 0
    for kind in SubjectKind:
        while found := await _forget_some(parts, workspace_id, connection_id, kind):
            count += found
    return count


async def _forget_some(
    parts: Parts, workspace_id: str, connection_id: str, kind: SubjectKind
) -> int:
    now = parts.clock.now()
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, workspace_id)
        found = await mirror.some(tx, kind, workspace_id, connection_id, TOGETHER)
        touched = [Touched(each, replace(each, deleted=True)) for each in found]
        whose = {each.person_id for each in found if each.person_id}
        await mirror.save(tx, workspace_id, [each.after for each in touched])
        await appoint(
            parts, tx, workspace_id, touched, await people.load(tx, workspace_id, whose), now
        )
        review = await following.review_of(parts, tx, workspace_id, touched, now)
        await following.act(tx, workspace_id, review, now)
        await messages.of_now(tx, workspace_id, "backlog", whose)
        ids = [each.id for each in found]
        await mirror.forget(tx, kind, workspace_id, connection_id, ids)
    return len(found)
