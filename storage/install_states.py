"""States: installations that a browser was sent to Slack for, each taken back once and in time.

What stands in addresses and cookies is only kept as a hash: who reads the database cannot go on.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from storage.connections import token_hash
from storage.database import Tx
from storage.tables import install_states

#: For how long one that has run out is known, so that it can be said what became of it.
KNOWN = timedelta(hours=1)


async def add(tx: Tx, state: str, browser: str, expires_at: datetime, now: datetime) -> None:
    """Store a new one for a browser; those that ran out long ago are forgotten."""
    await tx.execute(delete(install_states).where(install_states.c.expires_at < now - KNOWN))
    await tx.execute(
        install_states.insert().values(
            state_hash=token_hash(state), browser_hash=token_hash(browser), expires_at=expires_at
        )
    )


async def how_many(tx: Tx) -> int:
    """How many are kept."""
    return int((await tx.execute(select(func.count()).select_from(install_states))).scalar_one())


async def use(tx: Tx, state: str, browser: str, now: datetime) -> bool:
    """Take one back: once, in the browser that it was made for, and in time."""
    c = install_states.c
    used = await tx.execute(
        delete(install_states)
        .where(
            c.state_hash == token_hash(state),
            c.browser_hash == token_hash(browser),
            c.expires_at > now,
        )
        .returning(c.state_hash)
    )
    return used.first() is not None


async def until(tx: Tx, state: str) -> datetime | None:
    """Until when one is good, or was; `None` for one that was used or never made."""
    c = install_states.c
    query = select(c.expires_at).where(c.state_hash == token_hash(state))
    return (await tx.execute(query)).scalar()
