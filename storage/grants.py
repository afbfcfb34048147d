"""Grants: access to an account that somebody was asked to give in their browser.

Each begins with a link, goes on in the one browser that opened it, and is taken back once. What
stands in addresses and cookies is only kept as a hash: whoever reads the database cannot go on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, delete, func, or_, select, update

from storage.connections import token_hash
from storage.database import Tx
from storage.sealing import Seal
from storage.tables import grants

#: For how long one that has ended is known, so that it can be said what became of it.
KNOWN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Grant:
    """One of them; secrets in the clear, so never logged nor shown."""

    workspace_id: str
    #: Of the connection it is for, which there may be none of yet.
    connection_id: str
    provider: str
    #: Until when its link and what comes back is good.
    expires_at: datetime
    #: The app's client id and client secret, where they are not those of the settings.
    client: Mapping[str, str]
    #: The vendor is told it in the end, and shown a hash of it at first (RFC 7636).
    verifier: str
    #: Where the vendor's API is, if not where it is for everybody.
    api_url: str | None = None
    #: When it came back from the vendor; `None` while it is there.
    came_back_at: datetime | None = None
    #: Whether the account is linked; then its link is good for nothing any more.
    linked: bool = False
    #: What came of it last, in a sentence.
    outcome: str | None = None

    def __repr__(self) -> str:
        return f"Grant({self.workspace_id}/{self.connection_id}, {self.provider})"


def _grant(row: Row[Any], seal: Seal) -> Grant:
    secrets = seal.open(row.secrets)
    return Grant(
        row.workspace_id,
        row.connection_id,
        row.provider,
        row.expires_at,
        secrets["client"],
        secrets["verifier"],
        secrets["api_url"],
        row.came_back_at,
        row.linked,
        row.outcome,
    )


async def add(tx: Tx, seal: Seal, grant: Grant, link: str, now: datetime) -> None:
    """Store a new one, that begins with this link; those that ended long ago are forgotten."""
    await tx.execute(delete(grants).where(grants.c.expires_at < now - KNOWN))
    sealed = seal.close(
        {"client": dict(grant.client), "verifier": grant.verifier, "api_url": grant.api_url}
    )
    await tx.execute(
        grants.insert().values(
            link_hash=token_hash(link),
            workspace_id=grant.workspace_id,
            connection_id=grant.connection_id,
            provider=grant.provider,
            secrets=sealed,
            created_at=now,
            expires_at=grant.expires_at,
        )
    )


async def by_link(tx: Tx, seal: Seal, link: str) -> Grant | None:
    """The one that begins with this link."""
    row = (await tx.execute(select(grants).where(grants.c.link_hash == token_hash(link)))).first()
    return _grant(row, seal) if row else None


async def by_state(tx: Tx, seal: Seal, state: str) -> Grant | None:
    """The one that is at the vendor, or was, with this state."""
    query = select(grants).where(grants.c.state_hash == token_hash(state))
    row = (await tx.execute(query)).first()
    return _grant(row, seal) if row else None


async def open_link(
    tx: Tx, seal: Seal, provider: str, link: str, *, browser: str, state: str, now: datetime
) -> Grant | None:
    """Go on to the vendor with a new state; the state before is good for nothing any more.

    The first browser that opens a link is the only one. `None` for any other, and for a link that
    is not known, has run out or has served.
    """
    c, hashed = grants.c, token_hash(browser)
    opened = await tx.execute(
        update(grants)
        .where(
            c.link_hash == token_hash(link),
            c.provider == provider,
            c.expires_at > now,
            ~c.linked,
            or_(c.browser_hash.is_(None), c.browser_hash == hashed),
        )
        .values(
            browser_hash=func.coalesce(c.browser_hash, hashed),
            state_hash=token_hash(state),
            came_back_at=None,
            outcome=None,
        )
        .returning(grants)
    )
    row = opened.first()
    return _grant(row, seal) if row else None


async def come_back(
    tx: Tx, seal: Seal, provider: str, *, browser: str, state: str, now: datetime
) -> Grant | None:
    """Take back what was at the vendor: once, in the browser that was sent there, and in time."""
    c = grants.c
    came = await tx.execute(
        update(grants)
        .where(
            and_(
                c.state_hash == token_hash(state),
                c.provider == provider,
                c.browser_hash == token_hash(browser),
                c.came_back_at.is_(None),
                c.expires_at > now,
            )
        )
        .values(came_back_at=now)
        .returning(grants)
    )
    row = came.first()
    return _grant(row, seal) if row else None


async def tell(tx: Tx, state: str, outcome: str, *, linked: bool) -> None:
    """Keep what came of it, for whoever waits for it elsewhere."""
    await tx.execute(
        update(grants)
        .where(grants.c.state_hash == token_hash(state))
        .values(outcome=outcome, linked=linked)
    )
