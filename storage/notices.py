"""Notices: messages to one person that are not insights, each sent once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, or_, select, update

from storage.columns import UtcDateTime
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


# The sender asks the same at every turn: its statements are made once and filled in.
_NOW = bindparam("now", type_=UtcDateTime)
_FREE = or_(notices.c.not_before.is_(None), notices.c.not_before <= _NOW)
_WAITING = or_(
    notices.c.state == "queued",
    (notices.c.state == "sending") & (notices.c.claimed_until <= _NOW),
)


def _not_paused(paused: bool) -> list[ColumnElement[bool]]:
    return [notices.c.workspace_id.not_in(bindparam("paused", expanding=True))] if paused else []


def _filled(now: datetime, paused: Collection[str]) -> dict[str, object]:
    return {"now": now, "paused": sorted(paused)} if paused else {"now": now}


@cache
def sendable(paused: bool, most: int) -> Select[Any]:
    """The notices to be posted now."""
    return (
        select(notices.c.workspace_id, notices.c.id)
        .join(workspaces, workspaces.c.id == notices.c.workspace_id)
        .where(
            WAITING_NOTICE,
            _WAITING,
            _FREE,
            workspaces.c.slack_error.is_(None),
            *_not_paused(paused),
        )
        .order_by(notices.c.created_at)
        .limit(most)
    )


async def claim(
    tx: Tx, now: datetime, *, lease: timedelta, most: int, paused: Collection[str] = ()
) -> list[Notice]:
    """Claim notices to be posted; also those whose sender died."""
    found = await tx.execute(sendable(bool(paused), most), _filled(now, paused))
    claimed = []
    for workspace_id, id in found.all():
        taken = await tx.execute(
            update(notices)
            .where(_is(workspace_id, id), _WAITING)
            .values(state="sending", claimed_until=now + lease, attempts=notices.c.attempts + 1)
            .returning(notices),
            {"now": now},
        )
        claimed += [_notice(row) for row in taken]
    return claimed


@cache
def stale(paused: bool, most: int) -> Select[Any]:
    """Notices in Slack that no longer show the truth."""
    return (
        select(notices)
        .join(workspaces, workspaces.c.id == notices.c.workspace_id)
        .where(
            WAITING_NOTICE,
            notices.c.render_due,
            notices.c.ts.is_not(None),
            _FREE,
            workspaces.c.slack_error.is_(None),
            *_not_paused(paused),
        )
        .limit(most)
    )


async def to_render(tx: Tx, now: datetime, most: int, paused: Collection[str] = ()) -> list[Notice]:
    """Notices in Slack that no longer show the truth."""
    found = await tx.execute(stale(bool(paused), most), _filled(now, paused))
    return [_notice(row) for row in found]


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
