"""Home tabs: who looks at theirs, and whose is to be drawn again."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, tuple_, update

from coach.models import Person
from storage.database import Database, Tx
from storage.people import from_row
from storage.tables import people


async def see(tx: Tx, workspace_id: str, slack_user_id: str, now: datetime) -> None:
    """Somebody has opened their Home tab."""
    await tx.execute(
        update(people)
        .where(people.c.workspace_id == workspace_id, people.c.slack_user_id == slack_user_id)
        .values(home_seen_at=now)
    )


#: Who has not opened their Home tab for so long sees it anew when they do.
LASTS = timedelta(days=30)


async def changed(tx: Tx, workspace_id: str, persons: Iterable[Person], at: datetime) -> None:
    """Have the Home tabs of those who look at theirs drawn again."""
    ids = [person.id for person in persons if person.looks_at_home]
    if ids:
        await tx.execute(
            update(people)
            .where(
                people.c.workspace_id == workspace_id,
                people.c.id.in_(sorted(ids)),
                or_(people.c.home_due_at.is_(None), people.c.home_due_at > at),
                people.c.home_seen_at > at - LASTS,
            )
            .values(home_due_at=at)
        )


async def all_changed(tx: Tx, workspace_id: str, at: datetime) -> None:
    """Have the Home tabs of all who look at theirs drawn again."""
    await tx.execute(
        update(people)
        .where(
            people.c.workspace_id == workspace_id,
            people.c.home_seen_at > at - LASTS,
            or_(people.c.home_due_at.is_(None), people.c.home_due_at > at),
        )
        .values(home_due_at=at)
    )


async def draw_later(tx: Tx, person: Person, at: datetime) -> None:
    """It could not be drawn: again then."""
    await tx.execute(update(people).where(*_theirs(person)).values(home_due_at=at))


async def any_due(tx: Tx, now: datetime) -> bool:
    """Whether a Home tab is to be drawn again by now."""
    query = select(people.c.id).where(people.c.home_due_at <= now).limit(1)
    return (await tx.execute(query)).first() is not None


async def claim(
    tx: Tx, database: Database, now: datetime, until: datetime, most: int
) -> list[Person]:
    """Whose Home tab is to be drawn again now; nobody else gets them until then.

    Of whom nobody says that it was drawn by then it is drawn by another. What changes meanwhile
    has it drawn at once.
    """
    due = (
        select(people.c.workspace_id, people.c.id)
        .where(people.c.home_due_at <= now)
        .order_by(people.c.home_due_at)
        .limit(most)
    )
    if not database.is_sqlite:
        due = due.with_for_update(skip_locked=True)
    taken = [tuple(row) for row in await tx.execute(due)]
    if not taken:
        return []
    claimed = await tx.execute(
        update(people)
        .where(tuple_(people.c.workspace_id, people.c.id).in_(taken))
        .values(home_due_at=until)
        .returning(people)
    )
    return [from_row(row) for row in claimed]


async def drawn(tx: Tx, person: Person, until: datetime, now: datetime) -> None:
    """A tab was drawn that was claimed until then.

    Where something has changed meanwhile, or another has drawn it, nobody knows which of the two
    stands there: it is drawn once more.
    """
    here = _theirs(person)
    done = await tx.execute(
        update(people)
        .where(*here, people.c.home_due_at == until)
        .values(home_due_at=None)
        .returning(people.c.id)
    )
    if done.first() is None:
        await tx.execute(update(people).where(*here).values(home_due_at=now))


async def has_seen(tx: Tx, workspace_id: str, slack_user_id: str) -> bool:
    """Whether this Slack user has ever opened their Home tab."""
    query = select(people.c.home_seen_at).where(
        people.c.workspace_id == workspace_id, people.c.slack_user_id == slack_user_id
    )
    return (await tx.execute(query)).scalar() is not None


def _theirs(person: Person) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return people.c.workspace_id == person.workspace_id, people.c.id == person.id
