"""Notices: messages to one person that are not insights, each sent once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, TextClause, or_, select, update

from storage.database import Tx, insert
from storage.tables import WAITING_NOTICE, notices, workspaces


@dataclass(frozen=True, slots=True)
class Notice:
    """One message: its kind says which blocks are built from `params`."""

    workspace_id: str
    id: str
    slack_user_id: str
    kind: str
    params: dict[str, Any]
    channel: str | None = None
    ts: str | None = None
    attempts: int = 0


def _notice(row: Row[Any]) -> Notice:
    return Notice(
        row.workspace_id,
        row.id,
        row.slack_user_id,
        row.kind,
        row.params,
        row.channel,
        row.ts,
        row.attempts,
    )


def _is(workspace_id: str, id: str) -> ColumnElement[bool]:
    return (notices.c.workspace_id == workspace_id) & (notices.c.id == id)


async def add(tx: Tx, notice: Notice, now: datetime) -> bool:
    """Queue a notice unless one with this id was ever made; says whether it was new."""
    result = await tx.execute(
        insert(tx, notices)
        .values(
            workspace_id=notice.workspace_id,
            id=notice.id,
            slack_user_id=notice.slack_user_id,
            kind=notice.kind,
            params=notice.params,
            state="queued",
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=list(notices.primary_key))
        .returning(notices.c.id)
    )
    return result.first() is not None


def _waiting(now: datetime) -> ColumnElement[bool]:
    return or_(
        notices.c.state == "queued",
        (notices.c.state == "sending") & (notices.c.claimed_until <= now),
    )


def _sendable(now: datetime, paused: Collection[str]) -> list[ColumnElement[bool] | TextClause]:
    """What must hold for a notice to be posted now, over notices and workspaces."""
    return [
        WAITING_NOTICE,
        _waiting(now),
        or_(notices.c.not_before.is_(None), notices.c.not_before <= now),
        workspaces.c.slack_error.is_(None),
        *([notices.c.workspace_id.not_in(sorted(paused))] if paused else []),
    ]


async def any_to_send(tx: Tx, now: datetime, paused: Collection[str] = ()) -> bool:
    """Whether a notice is due: a cheap look before the claim takes the write lock."""
    query = (
        select(notices.c.id)
        .join(workspaces, workspaces.c.id == notices.c.workspace_id)
        .where(*_sendable(now, paused))
        .limit(1)
    )
    return (await tx.execute(query)).first() is not None


async def claim(
    tx: Tx, now: datetime, *, lease: timedelta, most: int, paused: Collection[str] = ()
) -> list[Notice]:
    """Claim notices to be posted; also those whose sender died."""
    query = (
        select(notices.c.workspace_id, notices.c.id)
        .join(workspaces, workspaces.c.id == notices.c.workspace_id)
        .where(*_sendable(now, paused))
        .order_by(notices.c.created_at)
        .limit(most)
    )
    claimed = []
    for workspace_id, id in (await tx.execute(query)).all():
        taken = await tx.execute(
            update(notices)
            .where(_is(workspace_id, id), _waiting(now))
            .values(state="sending", claimed_until=now + lease, attempts=notices.c.attempts + 1)
            .returning(notices)
        )
        claimed += [_notice(row) for row in taken]
    return claimed


async def to_render(tx: Tx, now: datetime, most: int, paused: Collection[str] = ()) -> list[Notice]:
    """Notices in Slack that no longer show the truth."""
    query = (
        select(notices)
        .join(workspaces, workspaces.c.id == notices.c.workspace_id)
        .where(
            WAITING_NOTICE,
            notices.c.render_due,
            notices.c.ts.is_not(None),
            or_(notices.c.not_before.is_(None), notices.c.not_before <= now),
            workspaces.c.slack_error.is_(None),
        )
        .limit(most)
    )
    if paused:
        query = query.where(notices.c.workspace_id.not_in(sorted(paused)))
    return [_notice(row) for row in await tx.execute(query)]


async def change(tx: Tx, workspace_id: str, id: str, **values: object) -> None:
    """Set columns of a notice."""
    await tx.execute(update(notices).where(_is(workspace_id, id)).values(**values))


async def get(tx: Tx, workspace_id: str, id: str) -> Notice | None:
    """One notice."""
    row = (await tx.execute(select(notices).where(_is(workspace_id, id)))).first()
    return _notice(row) if row else None


async def failed(tx: Tx, workspace_id: str, most: int = 20) -> list[tuple[Notice, str]]:
    """Notices Slack refused for good, with its reason."""
    query = (
        select(notices)
        .where(notices.c.workspace_id == workspace_id, notices.c.state == "failed")
        .order_by(notices.c.created_at.desc())
        .limit(most)
    )
    return [(_notice(row), row.error or "") for row in await tx.execute(query)]


async def replay(tx: Tx, workspace_id: str) -> int:
    """Queue what Slack refused for good once more; returns how many."""
    query = (
        update(notices)
        .where(notices.c.workspace_id == workspace_id, notices.c.state == "failed")
        .values(state="queued", attempts=0, not_before=None, error=None)
        .returning(notices.c.id)
    )
    return len((await tx.execute(query)).all())
