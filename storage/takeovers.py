"""Taking over what accounts hold: of which of them administrators are to be told how far it is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, literal, or_, select, update

from coach.events import OwnerKey
from storage.columns import UtcDateTime
from storage.database import Tx
from storage.tables import connections, owners, people

#: How often it is told anew at most, whichever process does it.
EVERY = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Takeover:
    """An account that is taken over, or was."""

    workspace_id: str
    connection_id: str
    #: When there first was something to tell.
    since: datetime

    @property
    def message_id(self) -> str:
        """The id of the one message that tells of it."""
        return f"taking_over:{self.connection_id}:{self.since.isoformat(timespec='seconds')}"


@dataclass(frozen=True, slots=True)
class Owners:
    """The people whom an account names as owners by a name of its own."""

    count: int = 0
    #: Those who are nobody in Slack, as far as Slack was asked: a key of each and the name.
    unknown: tuple[tuple[OwnerKey, str], ...] = ()
    #: Whether Slack is still to be asked about any.
    asking: bool = False


def _is(workspace_id: str, connection_id: str) -> ColumnElement[bool]:
    return (connections.c.workspace_id == workspace_id) & (connections.c.id == connection_id)


async def begin(tx: Tx, workspace_id: str, connection_id: str, now: datetime) -> None:
    """Have the administrator told how far it is, from now on until it has ended."""
    await tx.execute(
        update(connections)
        .where(_is(workspace_id, connection_id))
        .values(
            progress_at=now,
            progress_since=func.coalesce(connections.c.progress_since, literal(now, UtcDateTime)),
        )
    )


async def look_again(tx: Tx, workspace_id: str, now: datetime) -> None:
    """Something of what was told may be otherwise by now, in whichever account."""
    # Of many things that change one after the other it is told together.
    soon = now + EVERY
    await tx.execute(
        update(connections)
        .where(
            connections.c.workspace_id == workspace_id,
            connections.c.progress_since.is_not(None),
            or_(connections.c.progress_at.is_(None), connections.c.progress_at > soon),
        )
        .values(progress_at=soon)
    )


async def any_due(tx: Tx, now: datetime) -> bool:
    """Whether there is anything to tell."""
    query = select(connections.c.id).where(connections.c.progress_at <= now).limit(1)
    return (await tx.execute(query)).first() is not None


async def claim(tx: Tx, now: datetime, until: datetime) -> list[Takeover]:
    """What is to be told of now; nobody else gets it until then."""
    c = connections.c
    taken = await tx.execute(
        update(connections)
        .where(c.progress_at <= now)
        .values(progress_at=until)
        .returning(c.workspace_id, c.id, c.progress_since)
    )
    return sorted((Takeover(*row) for row in taken), key=lambda each: each.message_id)


async def again(tx: Tx, takeover: Takeover, claimed_until: datetime, at: datetime | None) -> None:
    """Have it looked at again at another time, or no more, unless it was asked for meanwhile."""
    await tx.execute(
        update(connections)
        .where(
            _is(takeover.workspace_id, takeover.connection_id),
            connections.c.progress_at == claimed_until,
        )
        .values(progress_at=at)
    )


async def hold(tx: Tx, takeover: Takeover) -> bool:
    """Whether the account is still linked; keeps others from ending that until the end."""
    c = connections.c
    held = await tx.execute(
        update(connections)
        .where(
            _is(takeover.workspace_id, takeover.connection_id),
            c.progress_since == takeover.since,
        )
        .values(progress_since=c.progress_since)
        .returning(c.id)
    )
    return held.first() is not None


async def of(tx: Tx, workspace_id: str, connection_id: str) -> Takeover | None:
    """The taking over of one account, if it was ever told of."""
    query = select(connections.c.progress_since).where(_is(workspace_id, connection_id))
    since = (await tx.execute(query)).scalar()
    return Takeover(workspace_id, connection_id, since) if since is not None else None


async def owners_of(tx: Tx, workspace_id: str, connection_id: str, now: datetime) -> Owners:
    """Who of the owners that an account names is somebody in Slack, and who is not."""
    query = (
        select(
            people.c.id,
            people.c.name,
            people.c.slack_user_id,
            people.c.lookup_after,
            func.min(owners.c.owner_key),
        )
        .join(
            owners,
            (owners.c.workspace_id == people.c.workspace_id) & (owners.c.person_id == people.c.id),
        )
        .where(people.c.workspace_id == workspace_id, owners.c.connection_id == connection_id)
        .group_by(people.c.id, people.c.name, people.c.slack_user_id, people.c.lookup_after)
        .order_by(people.c.name, people.c.id)
    )
    found = (await tx.execute(query)).all()
    unknown = [row for row in found if row.slack_user_id is None]
    asked = [row for row in unknown if row.lookup_after is None or row.lookup_after > now]
    return Owners(
        len(found),
        tuple((OwnerKey(connection_id, row[4]), row.name) for row in asked),
        len(asked) < len(unknown),
    )
