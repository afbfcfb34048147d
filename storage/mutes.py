"""What people want to hear nothing of, and the insights that this has silenced."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, or_, select, update

from coach.history import Mute
from coach.models import Insight, InsightState
from coach.phrases import Phrase
from storage import messages
from storage.among import among, texts
from storage.columns import UtcDateTime
from storage.database import Tx, add_new, insert
from storage.insights import from_row
from storage.prepared import Prepared
from storage.tables import OPEN_INSIGHT, decisions, insights, mutes


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
    """Mute something, or mute it for another time.

    What is muted until then already stays as it is, and as old.
    """
    new = insert(tx, mutes).values(
        workspace_id=workspace_id,
        person_id=person_id,
        what=made.what,
        name=made.name,
        until=made.until,
        created_at=made.created_at,
    )
    again = {"name": made.name, "until": made.until, "created_at": made.created_at}
    await tx.execute(
        new.on_conflict_do_update(
            index_elements=list(mutes.primary_key),
            set_=again,
            where=mutes.c.until.is_distinct_from(new.excluded.until),
        )
    )


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


_OLDEST_FIRST = Prepared(_OF.order_by(mutes.c.created_at, mutes.c.what))


async def of(
    tx: Tx, workspace_id: str, person_ids: Collection[str], now: datetime
) -> dict[str, list[Muted]]:
    """What these people have muted and is in force: by person, the oldest first."""
    found: dict[str, list[Muted]] = defaultdict(list)
    if person_ids:
        asked = {"workspace": workspace_id, "people": sorted(person_ids), "now": now}
        for person_id, *muted in await _OLDEST_FIRST.rows(tx, asked):
            found[person_id].append(Muted(*muted))
    return found


def plainly(muted: Collection[Muted]) -> list[Mute]:
    """The same, as far as attention goes by it."""
    return [Mute(each.what, each.until) for each in muted]


_OVER = Prepared(
    select(mutes.c.workspace_id, mutes.c.person_id).where(mutes.c.until <= _NOW).distinct()
)


async def over(tx: Tx, now: datetime) -> dict[str, list[str]]:
    """Whose mutes are over and not forgotten yet: person ids by workspace."""
    found: dict[str, list[str]] = defaultdict(list)
    for workspace_id, person_id in await _OVER.rows(tx, {"now": now}):
        found[workspace_id].append(person_id)
    return found


_END = Prepared(
    delete(mutes)
    .where(
        mutes.c.workspace_id == bindparam("workspace"),
        among(mutes.c.person_id, texts("people")),
        mutes.c.until <= _NOW,
    )
    .returning(mutes.c.person_id, mutes.c.what)
)


async def end(
    tx: Tx, workspace_id: str, person_ids: Collection[str], now: datetime
) -> dict[str, set[str]]:
    """Forget what these people had muted until now; returns what that was, by person."""
    found: dict[str, set[str]] = defaultdict(set)
    asked = {"workspace": workspace_id, "people": sorted(person_ids), "now": now}
    for person_id, what in await _END.rows(tx, asked):
        found[person_id].add(what)
    return found


_SILENCE = Prepared(
    update(insights)
    .where(
        OPEN_INSIGHT,
        insights.c.workspace_id == bindparam("_workspace"),
        insights.c.fingerprint == bindparam("_fingerprint"),
    )
    .values(
        state=InsightState.MUTED.value,
        decided_at=bindparam("_now", type_=UtcDateTime),
        outcome=bindparam("_outcome", type_=insights.c.outcome.type),
    )
)


async def silence(
    tx: Tx,
    workspace_id: str,
    person_id: str,
    fingerprints: Collection[str],
    outcome: Phrase,
    now: datetime,
) -> None:
    """End these open insights of a person, whose turn was noted before; their messages say so."""
    if fingerprints:
        rows = [
            {"_workspace": workspace_id, "_fingerprint": each, "_now": now, "_outcome": outcome}
            for each in sorted(fingerprints)
        ]
        await _SILENCE.do_each(tx, rows)
        await _keep(tx, workspace_id, person_id, fingerprints, "muted", now)


async def silenced(tx: Tx, workspace_id: str, person_id: str) -> list[Insight]:
    """The insights of a person that ended because they were muted, newest first."""
    query = (
        select(insights)
        .where(
            insights.c.workspace_id == workspace_id,
            insights.c.person_id == person_id,
            insights.c.state == InsightState.MUTED.value,
        )
        .order_by(insights.c.created_at.desc(), insights.c.fingerprint)
    )
    return [from_row(row) for row in await tx.execute(query)]


_UNSILENCE = Prepared(
    update(insights)
    .where(
        insights.c.workspace_id == bindparam("_workspace"),
        insights.c.fingerprint == bindparam("_fingerprint"),
        insights.c.state == InsightState.MUTED.value,
    )
    .values(
        state=bindparam("_state"),
        decided_at=bindparam("_decided", type_=UtcDateTime),
        outcome=bindparam("_outcome", type_=insights.c.outcome.type),
    )
)


async def unsilence(
    tx: Tx,
    workspace_id: str,
    person_id: str,
    to: Mapping[str, InsightState],
    so_far: Mapping[str, Phrase | None],
    now: datetime,
) -> None:
    """Open these again, or let their time be up, by fingerprint: they are muted no longer.

    `so_far` says of lists what was done of them.
    """
    if to:
        rows = [
            {
                "_workspace": workspace_id,
                "_fingerprint": print_,
                "_state": state.value,
                "_decided": None if state is InsightState.OPEN else now,
                "_outcome": so_far.get(print_),
            }
            for print_, state in sorted(to.items())
        ]
        await _UNSILENCE.do_each(tx, rows)
        await _keep(tx, workspace_id, person_id, to, "unmuted", now)


async def _keep(
    tx: Tx,
    workspace_id: str,
    person_id: str,
    fingerprints: Collection[str],
    decision: str,
    now: datetime,
) -> None:
    """Keep in the history what was decided, and have it shown."""
    rows = [
        {
            "workspace_id": workspace_id,
            "fingerprint": print_,
            "at": now,
            "decision": decision,
            "person_id": person_id,
        }
        for print_ in sorted(fingerprints)
    ]
    await add_new(tx, decisions, rows)
    await messages.changed(tx, workspace_id, fingerprints)
