"""Installations: each token Slack gave us, sealed, with the team or organisation it is for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, and_, delete, or_, select, update

from storage.database import Tx, put
from storage.sealing import Seal
from storage.tables import installations, workspaces
from storage.workspaces import DEFAULT

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
    #: When the token ends, and by what it is renewed; without, it does not end.
    expires_at: datetime | None = None
    refresh_token: str | None = None
    #: The Slack user who has installed it.
    installed_by: str | None = None

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
        expires_at=row.expires_at,
        refresh_token=str(seal.open(row.refresh_token)) if row.refresh_token else None,
        installed_by=row.installed_by,
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
        "bot_user_id": installation.bot_user_id,
        "scopes": ",".join(installation.scopes),
        "installed_at": now,
        "ask_after": None,
        "asks": 0,
        "renewing_until": None,
        "installed_by": installation.installed_by,
        "greeted_at": None,
        "steps_at": now if installation.installed_by else None,
        **_tokens(seal, installation),
    }
    await put(tx, installations, [row])


def _tokens(seal: Seal, installation: Installation) -> dict[str, object]:
    refresh = installation.refresh_token
    return {
        "bot_token": seal.close(installation.bot_token),
        "refresh_token": seal.close(refresh) if refresh else None,
        "expires_at": installation.expires_at,
    }


async def replace(tx: Tx, seal: Seal, installation: Installation, now: datetime) -> None:
    """Store an installation in the place of any other of its team, or of its organisation."""
    c = installations.c
    if installation.is_enterprise_install:
        same = and_(c.is_enterprise_install, c.enterprise_id == installation.enterprise_id)
    else:
        same = and_(~c.is_enterprise_install, c.team_id == installation.team_id)
    await tx.execute(delete(installations).where(same, c.id != installation.id))
    await keep(tx, seal, installation, now)


async def of_this_team(tx: Tx, team_id: str) -> str | None:
    """The id of a team's own installation."""
    c = installations.c
    query = select(c.id).where(c.team_id == team_id, ~c.is_enterprise_install)
    return (await tx.execute(query)).scalar()


async def of_organisation(tx: Tx, enterprise_id: str) -> str | None:
    """The id of an organisation's installation."""
    c = installations.c
    query = select(c.id).where(c.enterprise_id == enterprise_id, c.is_enterprise_install)
    return (await tx.execute(query)).scalar()


async def take_turn(tx: Tx, id: str, now: datetime, until: datetime) -> bool:
    """Take the turn to renew its token; of several who want to, one gets it."""
    c = installations.c
    taken = await tx.execute(
        update(installations)
        .where(c.id == id, or_(c.renewing_until.is_(None), c.renewing_until <= now))
        .values(renewing_until=until)
        .returning(c.id)
    )
    return taken.first() is not None


async def end_turn(tx: Tx, id: str, until: datetime) -> None:
    """End the turn that lasts until then; nothing has come of it."""
    c = installations.c
    await tx.execute(
        update(installations)
        .where(c.id == id, c.renewing_until == until)
        .values(renewing_until=None)
    )


async def renew(tx: Tx, seal: Seal, before: Installation, installation: Installation) -> bool:
    """Store the tokens as they are from now on, and end the turn, whosever it is by now.

    Says whether those from before were there still: it may have been installed anew meanwhile.
    What renews a token is good once, so that nobody else can have anything newer.
    """
    c = installations.c
    # Locked, so that nobody stores anything between the look and the change.
    locked = select(c.id).where(c.id == installation.id).with_for_update()
    await tx.execute(locked)
    there = await get(tx, seal, installation.id)
    if there is None or there.refresh_token != before.refresh_token:
        return False
    await tx.execute(
        update(installations)
        .where(c.id == installation.id)
        .values(renewing_until=None, **_tokens(seal, installation))
    )
    return True


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
        .where(which, workspaces.c.left_at.is_(None))
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
        .outerjoin(
            workspaces,
            # Where it was taken out by the team itself, only installing it anew brings it back.
            _reaches() & workspaces.c.slack_error.is_not(None) & workspaces.c.left_at.is_(None),
        )
        .where(
            or_(installations.c.ask_after.is_(None), installations.c.ask_after <= now),
            or_(unknown, workspaces.c.id.is_not(None)),
        )
        .distinct()
        .limit(most)
    )
    return [Asking(*row) for row in await tx.execute(query)]


async def unasked(tx: Tx) -> bool:
    """Whether there is the environment's token, and Slack has not told yet whose it is."""
    query = select(installations.c.id).where(
        installations.c.id == ENVIRONMENT,
        installations.c.team_id.is_(None),
        ~installations.c.is_enterprise_install,
    )
    return (await tx.execute(query)).first() is not None


async def first_asked(tx: Tx) -> bool:
    """Whether Slack was not asked yet, or is asked for the first time, whose the environment's is.

    It is no more where Slack has refused it, or could not be reached and was asked again.
    """
    own = workspaces.c.id == DEFAULT
    known = select(workspaces.c.id).where(
        own, or_(workspaces.c.team_id.is_not(None), workspaces.c.slack_error.is_not(None))
    )
    query = select(installations.c.id).where(
        installations.c.id == ENVIRONMENT,
        installations.c.team_id.is_(None),
        ~installations.c.is_enterprise_install,
        installations.c.asks <= 1,
        ~known.exists(),
    )
    return (await tx.execute(query)).first() is not None


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
    """The workspaces that an installation reaches, without those that have taken it out."""
    query = (
        select(workspaces.c.id)
        .join(installations, _reaches())
        .where(installations.c.id == id, workspaces.c.left_at.is_(None))
    )
    return list((await tx.execute(query)).scalars())


class Arrival(NamedTuple):
    """Somebody who has installed the app, and is to be greeted or followed in their first steps."""

    id: str
    installed_by: str
    greeted_at: datetime | None
    #: The workspace where; of an organisation the first that there is.
    workspace_id: str | None


async def any_arrival(tx: Tx, now: datetime) -> bool:
    """Whether there is anybody to be looked at."""
    query = select(installations.c.id).where(installations.c.steps_at <= now).limit(1)
    return (await tx.execute(query)).first() is not None


async def claim_arrivals(tx: Tx, now: datetime, until: datetime) -> list[Arrival]:
    """Those whose turn it is; nobody else gets them until then."""
    c = installations.c
    taken = await tx.execute(
        update(installations)
        .where(c.steps_at <= now, c.installed_by.is_not(None))
        .values(steps_at=until)
        .returning(c.id, c.installed_by, c.greeted_at)
    )
    return [
        Arrival(row.id, row.installed_by, row.greeted_at, await _first_of(tx, row.id))
        for row in taken.all()
    ]


async def _first_of(tx: Tx, id: str) -> str | None:
    # Ids of workspaces sort by time.
    return min(await workspaces_of(tx, id), default=None)
