"""What people want to hear nothing of."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, or_, select

from storage.among import among, texts
from storage.columns import UtcDateTime
from storage.database import Tx, insert
from storage.tables import mutes


@dataclass(frozen=True, slots=True)
class Muted:
    """Something that a person has muted."""

    #: `rule:stuck_deals`, or a thing's `subject_key`.
    what: str
    #: What the thing is called.
    name: str
    #: `None`: for good.
    until: datetime | None
    created_at: datetime


_NOW = bindparam("now", type_=UtcDateTime)
_IN_FORCE = or_(mutes.c.until.is_(None), mutes.c.until > _NOW)


async def add(tx: Tx, workspace_id: str, person_id: str, made: Muted) -> None:
    """Mute something, or mute it for another time; what is over is forgotten."""
    theirs = (mutes.c.workspace_id == workspace_id, mutes.c.person_id == person_id)
    await tx.execute(delete(mutes).where(*theirs, mutes.c.until <= made.created_at))
    new = insert(tx, mutes).values(
        workspace_id=workspace_id,
        person_id=person_id,
        what=made.what,
        name=made.name,
        until=made.until,
        created_at=made.created_at,
    )
    again = {"name": made.name, "until": made.until}
    await tx.execute(new.on_conflict_do_update(index_elements=list(mutes.primary_key), set_=again))


async def remove(
    tx: Tx, workspace_id: str, person_id: str, what: str, now: datetime
) -> Muted | None:
    """Take a mute away; `None` when it is not in force any more."""
    gone = (
        delete(mutes)
        .where(
            mutes.c.workspace_id == workspace_id,
            mutes.c.person_id == person_id,
            mutes.c.what == what,
            _IN_FORCE,
        )
        .returning(mutes.c.what, mutes.c.name, mutes.c.until, mutes.c.created_at)
    )
    row = (await tx.execute(gone, {"now": now})).first()
    return Muted(*row) if row else None


_OF = select(
    mutes.c.person_id, mutes.c.what, mutes.c.name, mutes.c.until, mutes.c.created_at
).where(
    mutes.c.workspace_id == bindparam("workspace"),
    among(mutes.c.person_id, texts("people")),
    _IN_FORCE,
)


async def of(
    tx: Tx, workspace_id: str, person_ids: Collection[str], now: datetime
) -> dict[str, list[Muted]]:
    """What these people have muted and is in force: by person, the oldest first."""
    found: dict[str, list[Muted]] = defaultdict(list)
    if person_ids:
        asked = {"workspace": workspace_id, "people": sorted(person_ids), "now": now}
        query = _OF.order_by(mutes.c.created_at, mutes.c.what)
        for person_id, *muted in await tx.execute(query, asked):
            found[person_id].append(Muted(*muted))
    return found
