"""What a CRM calls a thing of ours: from then on its word about that thing is about ours."""

from collections.abc import Mapping
from dataclasses import replace

from bot.coaching import following
from bot.coaching.checking import Touched, appoint
from bot.runtime.parts import Parts
from coach import writes
from coach.events import Event
from coach.mirror import joined
from coach.models import SubjectKind
from storage import activities, mirror, people, remote_ids
from storage.database import Tx


async def adopt(
    parts: Parts,
    tx: Tx,
    workspace_id: str,
    connection_id: str,
    kind: SubjectKind,
    id: str,
    remote_id: str,
) -> None:
    """Tie our thing to the CRM's name for it; the workspace's lock is held.

    The CRM may have told of it before it answered us: what stands under its own name by now is
    ours, and becomes one with it.
    """
    if remote_id == id:
        return
    if not await remote_ids.tie(tx, workspace_id, connection_id, kind, id, remote_id):
        return
    found = await mirror.load(tx, kind, workspace_id, connection_id, [id, remote_id])
    ours, theirs = found.get(id), found.get(remote_id)
    if ours is not None and theirs is not None:
        merged = joined(ours, theirs)
        await mirror.save(tx, workspace_id, [merged])
        touched = [Touched(ours, merged), Touched(theirs, replace(theirs, deleted=True))]
        owners = {each.person_id for each in (ours, merged, theirs) if each.person_id}
        whom = await people.load(tx, workspace_id, owners)
        now = parts.clock.now()
        await appoint(parts, tx, workspace_id, touched, whom, now)
        await mirror.forget(tx, kind, workspace_id, connection_id, [remote_id])
        # What was said of the double is said of ours.
        review = await following.review_of(parts, tx, workspace_id, touched, now)
        await following.act(tx, workspace_id, review, now)
        await activities.rename(tx, workspace_id, connection_id, kind, remote_id, id)


async def as_ours(
    tx: Tx, workspace_id: str, connection_id: str, events: list[Event]
) -> list[Event]:
    """The events with our own ids for the things that we have made in the CRM."""
    named = {
        change.id for event in events for change in event.changes if change.kind in writes.MADE
    }
    if not named:
        return events
    known = {
        (kind, remote_id): id
        for kind in writes.MADE
        for remote_id, id in (
            await remote_ids.ours(tx, workspace_id, connection_id, kind, named)
        ).items()
    }
    return [_renamed(event, known) for event in events] if known else events


def _renamed(event: Event, known: Mapping[tuple[SubjectKind, str], str]) -> Event:
    changes = tuple(
        replace(change, id=known.get((change.kind, change.id), change.id))
        for change in event.changes
    )
    return event if changes == event.changes else replace(event, changes=changes)
