"""What people are shown in lists and screens: their own deals, contacts and tasks."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Float, and_, cast, func, or_, select, true

from coach.models import Contact, Deal, DealStatus, Person, SubjectKind, Task
from coach.old_deals import borders
from storage import mirror
from storage.database import Tx
from storage.tables import OPEN_DEAL, PENDING_TASK, contacts, deals, tasks


def _pending(workspace_id: str, person_id: str, due_before: date | None) -> ColumnElement[bool]:
    mine = and_(tasks.c.workspace_id == workspace_id, tasks.c.person_id == person_id, PENDING_TASK)
    return mine if due_before is None else mine & (tasks.c.due_date < due_before)


def _called(typed: str, *columns: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether any of these holds what was typed, in whatever case; nothing typed is in all."""
    if not typed:
        return true()
    # SQLite knows capitals of English letters only.
    forms = {typed, typed.lower(), typed.upper(), typed.title()}
    return or_(*(each.icontains(form, autoescape=True) for each in columns for form in forms))


async def deals_at(
    tx: Tx, workspace_id: str, connection_id: str, urls: Sequence[str]
) -> dict[str, str]:
    """The ids of a CRM's deals by their pages, of those of these pages that are one deal's.

    Where several deals have one page, as those of one customer, it is that of the open one.
    """
    c = deals.c
    query = select(c.url, c.id, c.status).where(
        c.workspace_id == workspace_id,
        c.connection_id == connection_id,
        c.url.in_(urls),
        ~c.deleted,
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for url, id, status in await tx.execute(query):
        found.setdefault(url, []).append((id, status))
    one: dict[str, str] = {}
    for url, its in found.items():
        open_ = [each for each in its if each[1] == DealStatus.OPEN.value]
        chosen = open_ if len(its) > 1 else its
        if len(chosen) == 1:
            one[url] = chosen[0][0]
    return one


async def tasks_of(
    tx: Tx, workspace_id: str, person_id: str, *, due_before: date | None = None, most: int = 100
) -> list[Task]:
    """A person's pending tasks, earliest due first and undated last."""
    query = (
        select(*mirror.columns(SubjectKind.TASK))
        .where(_pending(workspace_id, person_id, due_before))
        .order_by(tasks.c.due_date.is_(None), tasks.c.due_date, tasks.c.id)
        .limit(most)
    )
    rows = [mirror.from_row(SubjectKind.TASK, row) for row in await tx.execute(query)]
    return [row for row in rows if isinstance(row, Task)]


async def how_many_tasks(
    tx: Tx, workspace_id: str, person_id: str, *, due_before: date | None = None
) -> int:
    """How many pending tasks a person has in truth."""
    query = select(func.count()).where(_pending(workspace_id, person_id, due_before))
    return (await tx.execute(query.select_from(tasks))).scalar_one()


async def tasks_by_id(tx: Tx, workspace_id: str, ids: Collection[str]) -> list[Task]:
    """Tasks by id, in whichever connection, done or not."""
    if not ids:
        return []
    query = select(*mirror.columns(SubjectKind.TASK)).where(
        tasks.c.workspace_id == workspace_id, tasks.c.id.in_(sorted(ids))
    )
    rows = [mirror.from_row(SubjectKind.TASK, row) for row in await tx.execute(query)]
    return [row for row in rows if isinstance(row, Task)]


def _open(workspace_id: str, person_id: str) -> ColumnElement[bool]:
    return and_(deals.c.workspace_id == workspace_id, deals.c.person_id == person_id, OPEN_DEAL)


async def deals_of(
    tx: Tx, workspace_id: str, person_id: str, most: int = 100, called: str = ""
) -> list[Deal]:
    """A person's open deals, largest first; those alone whose title or account holds `called`."""
    query = (
        select(*mirror.columns(SubjectKind.DEAL))
        .where(_open(workspace_id, person_id), _called(called, deals.c.title, deals.c.account))
        .order_by(deals.c.value.is_(None), cast(deals.c.value, Float).desc(), deals.c.id)
        .limit(most)
    )
    rows = [mirror.from_row(SubjectKind.DEAL, row) for row in await tx.execute(query)]
    return [row for row in rows if isinstance(row, Deal)]


def _old(person: Person, days: int, now: datetime) -> ColumnElement[bool]:
    created_before, moved_by = borders(days, now, person)
    moved = func.coalesce(deals.c.stage_entered_at, deals.c.created_at)
    theirs = _open(person.workspace_id, person.id)
    return and_(theirs, deals.c.created_at < created_before, moved <= moved_by)


async def old_deals_of(
    tx: Tx, person: Person, days: int, now: datetime, most: int = 100
) -> list[Deal]:
    """A person's open deals that are older than so many days and lie still, oldest first."""
    query = (
        select(*mirror.columns(SubjectKind.DEAL))
        .where(_old(person, days, now))
        .order_by(deals.c.created_at, deals.c.id)
        .limit(most)
    )
    rows = [mirror.from_row(SubjectKind.DEAL, row) for row in await tx.execute(query)]
    return [row for row in rows if isinstance(row, Deal)]


async def how_many_old_deals(tx: Tx, person: Person, days: int, now: datetime) -> int:
    """How many such deals a person has in truth."""
    query = select(func.count()).where(_old(person, days, now))
    return (await tx.execute(query.select_from(deals))).scalar_one()


async def connections_of(tx: Tx, workspace_id: str, person_id: str) -> dict[str, int]:
    """How many open deals and tasks a person has in each connection; none where they have none."""
    counted: dict[str, int] = {}
    for table, theirs in (
        (deals, _open(workspace_id, person_id)),
        (tasks, _pending(workspace_id, person_id, None)),
    ):
        query = (
            select(table.c.connection_id, func.count())
            .where(theirs)
            .group_by(table.c.connection_id)
        )
        for connection_id, count in await tx.execute(query):
            counted[connection_id] = counted.get(connection_id, 0) + count
    return counted


def _theirs(workspace_id: str, person_id: str) -> ColumnElement[bool]:
    return and_(
        contacts.c.workspace_id == workspace_id,
        contacts.c.person_id == person_id,
        ~contacts.c.deleted,
    )


async def contacts_of(
    tx: Tx, workspace_id: str, person_id: str, most: int = 100, called: str = ""
) -> list[Contact]:
    """A person's contacts, those silent longest first; last those of whom no contact is known.

    Those alone whose name, address or company holds `called`.
    """
    named = _called(called, contacts.c.name_given, contacts.c.email, contacts.c.company)
    query = (
        select(*mirror.columns(SubjectKind.CONTACT))
        .where(_theirs(workspace_id, person_id), named)
        .order_by(
            contacts.c.last_contacted_at.is_(None), contacts.c.last_contacted_at, contacts.c.id
        )
        .limit(most)
    )
    rows = [mirror.from_row(SubjectKind.CONTACT, row) for row in await tx.execute(query)]
    return [row for row in rows if isinstance(row, Contact)]


async def how_many_contacts(tx: Tx, workspace_id: str, person_id: str) -> int:
    """How many contacts a person has in truth."""
    query = select(func.count()).where(_theirs(workspace_id, person_id))
    return (await tx.execute(query.select_from(contacts))).scalar_one()


async def tasks_about(tx: Tx, workspace_id: str, deal: Deal, most: int = 3) -> list[Task]:
    """The pending tasks of a deal, whoever they belong to, earliest due first."""
    query = (
        select(*mirror.columns(SubjectKind.TASK))
        .where(
            PENDING_TASK,
            tasks.c.workspace_id == workspace_id,
            tasks.c.connection_id == deal.connection_id,
            tasks.c.deal_id == deal.id,
        )
        .order_by(tasks.c.due_date.is_(None), tasks.c.due_date, tasks.c.id)
        .limit(most)
    )
    rows = [mirror.from_row(SubjectKind.TASK, row) for row in await tx.execute(query)]
    return [row for row in rows if isinstance(row, Task)]


async def how_many_deals(tx: Tx, workspace_id: str, person_id: str) -> int:
    """How many open deals a person has in truth."""
    query = select(func.count()).where(_open(workspace_id, person_id))
    return (await tx.execute(query.select_from(deals))).scalar_one()
