"""Installations: each token Slack gave us, sealed, with the team or organisation it is for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, and_, delete, or_, select, update

from storage.database import Tx, put
from storage.sealing import Seal
from storage.tables import installations, workspaces

#: The installation whose token comes with the environment.
ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class Installation:
    """One installation of the app, as stored; the token in the clear, so never logged nor shown."""

    id: str
    bot_token: str
    #: The organisation of Enterprise Grid, if the team belongs to one.
    enterprise_id: str | None = None
    #: Empty until Slack was asked, and for an organisation's installation.
    team_id: str | None = None
    #: Whether it is for all teams of the organisation.
    is_enterprise_install: bool = False
    bot_user_id: str | None = None
    scopes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Installation({self.id}, {self.enterprise_id}/{self.team_id})"


class Found(NamedTuple):
    """A workspace with the installation by which it is reached."""

    workspace_id: str
    team_id: str
    installation: Installation


def _installation(seal: Seal, row: Row[Any]) -> Installation:
    return Installation(
        id=row.id,
        bot_token=str(seal.open(row.bot_token)),
        enterprise_id=row.enterprise_id,
        team_id=row.team_id,
        is_enterprise_install=row.is_enterprise_install,
        bot_user_id=row.bot_user_id,
        scopes=tuple(scope for scope in row.scopes.split(",") if scope),
    )


def _reaches(enterprise_id: str | None = None) -> ColumnElement[bool]:
    """Whether an installation is a workspace's: the team's own, or its organisation's."""
    organisation = workspaces.c.enterprise_id
    ours = installations.c.enterprise_id.in_(
        [organisation] if enterprise_id is None else [organisation, enterprise_id]
    )
    return or_(
        and_(
            installations.c.team_id == workspaces.c.team_id,
            ~installations.c.is_enterprise_install,
        ),
        and_(ours, installations.c.is_enterprise_install),
    )


async def keep(tx: Tx, seal: Seal, installation: Installation, now: datetime) -> None:
    """Store an installation in the place of the one with this id; Slack may be asked at once."""
    row = {
        "id": installation.id,
        "enterprise_id": installation.enterprise_id,
        "team_id": installation.team_id,
        "is_enterprise_install": installation.is_enterprise_install,
        "bot_token": seal.close(installation.bot_token),
        "bot_user_id": installation.bot_user_id,
        "scopes": ",".join(installation.scopes),
        "installed_at": now,
        "ask_after": None,
        "asks": 0,
    }
    await put(tx, installations, [row])


async def get(tx: Tx, seal: Seal, id: str) -> Installation | None:
    """One installation. Raises `SealError` when its token cannot be read."""
    row = (await tx.execute(select(installations).where(installations.c.id == id))).first()
    return _installation(seal, row) if row else None


async def remove(tx: Tx, id: str) -> None:
    """Forget an installation and its token."""
    await tx.execute(delete(installations).where(installations.c.id == id))


async def change(tx: Tx, id: str, **values: object) -> None:
    """Set columns of an installation."""
    await tx.execute(update(installations).where(installations.c.id == id).values(**values))


async def of_workspace(tx: Tx, seal: Seal, workspace_id: str) -> Found | None:
    """A workspace's installation: its team's own before its organisation's."""
    return await _found(tx, seal, workspaces.c.id == workspace_id, None)


async def of_team(tx: Tx, seal: Seal, team_id: str, enterprise_id: str | None) -> Found | None:
    """The same by Slack's team, and the organisation that a request says the team is of."""
    return await _found(tx, seal, workspaces.c.team_id == team_id, enterprise_id)


async def _found(
    tx: Tx, seal: Seal, which: ColumnElement[bool], enterprise_id: str | None
) -> Found | None:
    query = (
        select(
            installations,
            workspaces.c.id.label("workspace_id"),
            workspaces.c.team_id.label("of_team"),
        )
        .join(workspaces, _reaches(enterprise_id))
        .where(which)
        .order_by(installations.c.is_enterprise_install)
        .limit(1)
    )
    row = (await tx.execute(query)).first()
    return Found(row.workspace_id, row.of_team, _installation(seal, row)) if row else None


class Asking(NamedTuple):
    """An installation that Slack is to be asked about."""

    id: str
    ask_after: datetime | None
    asks: int


async def to_ask(tx: Tx, now: datetime, most: int = 20) -> list[Asking]:
    """Installations whose team nobody knows yet, or of which a workspace is shut out."""
    unknown = installations.c.team_id.is_(None) & ~installations.c.is_enterprise_install
    query = (
        select(installations.c.id, installations.c.ask_after, installations.c.asks)
        .outerjoin(workspaces, _reaches() & workspaces.c.slack_error.is_not(None))
        .where(
            or_(installations.c.ask_after.is_(None), installations.c.ask_after <= now),
            or_(unknown, workspaces.c.id.is_not(None)),
        )
        .distinct()
        .limit(most)
    )
    return [Asking(*row) for row in await tx.execute(query)]


async def claim(tx: Tx, asking: Asking, until: datetime, asks: int) -> bool:
    """Take the turn to ask; of several who found the same, one gets it."""
    taken = await tx.execute(
        update(installations)
        .where(
            installations.c.id == asking.id,
            installations.c.ask_after.is_not_distinct_from(asking.ask_after),
        )
        .values(ask_after=until, asks=asks)
        .returning(installations.c.id)
    )
    return taken.first() is not None


async def workspaces_of(tx: Tx, id: str) -> list[str]:
    """The workspaces that an installation reaches."""
    query = select(workspaces.c.id).join(installations, _reaches()).where(installations.c.id == id)
    return list((await tx.execute(query)).scalars())
