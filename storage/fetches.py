"""What is to be looked up at vendors: asked for once however often, until the answer is here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, exists, func, or_, select, tuple_, update

from storage.database import Database, Tx, insert
from storage.leases import database_now, leased_until
from storage.tables import connections, fetches

#: Hints kept of one thing; more say nothing new.
HINTS = 10


@dataclass(frozen=True, slots=True)
class StoredFetch:
    """One look-up, as stored."""

    workspace_id: str
    connection_id: str
    #: What is wanted, in the provider contract's word: a thing, a page of history, stages, owners.
    want: str
    kind: str = ""
    id: str = ""
    cursor: str = ""
    hints: tuple[str, ...] = ()
    attempts: int = 0
    error: str | None = None
    #: How often it was asked for; more by the end means that the answer may be out of date.
    wishes: int = 1
    #: The number of the claim under which it was handed out.
    fence: int = 0
    #: Of what comes in pages: only what has changed since then.
    since: datetime | None = None
    #: When the first page of those under way was asked for.
    began_at: datetime | None = None
    #: How many things the pages have brought so far.
    brought: int = 0
    #: When it was last read to its end.
    read_at: datetime | None = None
    state: str = "waiting"

    @property
    def name(self) -> str:
        """What is looked up, for whoever runs the coach: `deal 17 of acme`, `stages of acme`."""
        what = [self.kind, self.id] if self.id else [self.want, self.kind]
        return f"{' '.join(filter(None, what))} of {self.connection_id}"


_KEY = (
    fetches.c.workspace_id,
    fetches.c.connection_id,
    fetches.c.want,
    fetches.c.kind,
    fetches.c.id,
)


def _fetch(row: Row[Any]) -> StoredFetch:
    return StoredFetch(
        row.workspace_id,
        row.connection_id,
        row.want,
        row.kind,
        row.id,
        row.cursor,
        tuple(row.hints),
        row.attempts,
        row.error,
        row.wishes,
        row.fence,
        row.since,
        row.began_at,
        row.brought,
        row.read_at,
        row.state,
    )


def _is(fetch: StoredFetch) -> ColumnElement[bool]:
    return (
        (fetches.c.workspace_id == fetch.workspace_id)
        & (fetches.c.connection_id == fetch.connection_id)
        & (fetches.c.want == fetch.want)
        & (fetches.c.kind == fetch.kind)
        & (fetches.c.id == fetch.id)
    )


async def add(tx: Tx, wanted: Sequence[StoredFetch], at: datetime) -> None:
    """Ask for these at that time; what waits already is not made to wait any longer.

    Whoever adds holds the workspace's lock: hints are put together here.
    """
    together: dict[tuple[str, str, str, str, str], list[str]] = {}
    for each in wanted:
        key = (each.workspace_id, each.connection_id, each.want, each.kind, each.id)
        hints = together.setdefault(key, [])
        hints += [hint for hint in each.hints if hint and hint not in hints]
    if not together:
        return
    known: dict[tuple[str, ...], list[str]] = {}
    query = select(*_KEY, fetches.c.hints).where(tuple_(*_KEY).in_(list(together)))
    for row in await tx.execute(query):
        known[tuple(row[:5])] = row.hints
    rows = []
    for key, hints in together.items():
        before = known.get(key, [])
        rows.append(
            {
                **dict(zip((column.name for column in _KEY), key, strict=True)),
                "cursor": "",
                "hints": [*before, *(hint for hint in hints if hint not in before)][:HINTS],
                "state": "waiting",
                "not_before": at,
                "attempts": 0,
                "wishes": 1,
                "created_at": at,
            }
        )
    statement = insert(tx, fetches)
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=list(fetches.primary_key),
            set_={
                "hints": statement.excluded.hints,
                "state": "waiting",
                "not_before": func.min(fetches.c.not_before, statement.excluded.not_before)
                if tx.dialect.name == "sqlite"
                else func.least(fetches.c.not_before, statement.excluded.not_before),
                "wishes": fetches.c.wishes + 1,
            },
        ),
        rows,
    )


async def ensure(tx: Tx, wanted: Sequence[StoredFetch], now: datetime) -> None:
    """Ask for these now, unless they stand there already."""
    for each in wanted:
        await tx.execute(
            insert(tx, fetches)
            .values(
                workspace_id=each.workspace_id,
                connection_id=each.connection_id,
                want=each.want,
                kind=each.kind,
                id=each.id,
                cursor="",
                hints=[],
                state="waiting",
                not_before=now,
                attempts=0,
                wishes=1,
                created_at=now,
            )
            .on_conflict_do_nothing(index_elements=list(fetches.primary_key))
        )


async def revive(tx: Tx, workspace_id: str, connection_id: str, now: datetime) -> None:
    """Try again what comes in pages and was given up, from where it was."""
    await tx.execute(
        update(fetches)
        .where(
            fetches.c.workspace_id == workspace_id,
            fetches.c.connection_id == connection_id,
            fetches.c.id == "",
            fetches.c.state.in_(["failed", "aside"]),
        )
        .values(state="waiting", attempts=0, not_before=now)
    )


def _due(tx: Tx, now: datetime) -> ColumnElement[bool]:
    return (
        (fetches.c.state == "waiting")
        & (fetches.c.not_before <= now)
        & or_(fetches.c.leased_until.is_(None), fetches.c.leased_until <= database_now(tx, now))
        & ~exists().where(
            connections.c.workspace_id == fetches.c.workspace_id,
            connections.c.id == fetches.c.connection_id,
            connections.c.paused_until > now,
        )
    )


async def any_due(tx: Tx, now: datetime) -> bool:
    """Whether anything is to be looked up now."""
    query = select(fetches.c.id).where(_due(tx, now)).limit(1)
    return (await tx.execute(query)).first() is not None


async def claim(
    tx: Tx, database: Database, now: datetime, *, lease: timedelta, most: int
) -> list[StoredFetch]:
    """What is to be looked up now, longest due first; nobody else gets it during the lease."""
    due = select(*_KEY).where(_due(tx, now)).order_by(fetches.c.not_before).limit(most)
    if not database.is_sqlite:
        due = due.with_for_update(skip_locked=True, of=fetches)
    chosen = due.cte("chosen")
    taken = await tx.execute(
        update(fetches)
        .where(tuple_(*_KEY).in_(select(*chosen.c)))
        .values(
            leased_until=leased_until(tx, now, lease),
            fence=fetches.c.fence + 1,
            attempts=fetches.c.attempts + 1,
        )
        .returning(fetches)
    )
    return [_fetch(row) for row in taken]


async def hold(tx: Tx, fetch: StoredFetch) -> bool:
    """Whether the claim it was handed out under still holds; keeps others off until the end."""
    result = await tx.execute(
        update(fetches)
        .where(_is(fetch), fetches.c.fence == fetch.fence)
        .values(leased_until=fetches.c.leased_until)
        .returning(fetches.c.id)
    )
    return result.first() is not None


async def finish(tx: Tx, fetch: StoredFetch, now: datetime) -> None:
    """It was looked up; once more when it was asked for again meanwhile."""
    gone = await tx.execute(
        delete(fetches)
        .where(_is(fetch), fetches.c.fence == fetch.fence, fetches.c.wishes == fetch.wishes)
        .returning(fetches.c.id)
    )
    if gone.first() is None:
        await _settle(tx, fetch, not_before=now, attempts=0, error=None)


async def go_on(tx: Tx, fetch: StoredFetch, cursor: str, now: datetime, brought: int = 0) -> None:
    """There is a further page, which begins there; those so far have brought so many things."""
    await _settle(
        tx,
        fetch,
        cursor=cursor,
        not_before=now,
        attempts=0,
        error=None,
        hints=[],
        began_at=fetch.began_at or now,
        brought=brought,
    )


async def read_whole(
    tx: Tx,
    fetch: StoredFetch,
    now: datetime,
    brought: int = 0,
    *,
    again_at: datetime | None,
    since: datetime | None = None,
) -> None:
    """The last page was read; again at that time, or never, from then on for what has changed."""
    await _settle(
        tx,
        fetch,
        cursor="",
        state="waiting" if again_at else "read",
        not_before=again_at or now,
        attempts=0,
        error=None,
        hints=[],
        began_at=None,
        brought=brought,
        read_at=now,
        since=since,
    )


async def standing(tx: Tx, workspace_id: str, connection_id: str) -> list[StoredFetch]:
    """What is looked up again and again, or page by page, whatever has become of it."""
    query = select(fetches).where(
        fetches.c.workspace_id == workspace_id,
        fetches.c.connection_id == connection_id,
        fetches.c.id == "",
    )
    return [_fetch(row) for row in await tx.execute(query)]


async def bring_on(
    tx: Tx, workspace_id: str, connection_id: str, wants: Sequence[str], now: datetime
) -> None:
    """Have what is looked up again and again looked up now."""
    await tx.execute(
        update(fetches)
        .where(
            fetches.c.workspace_id == workspace_id,
            fetches.c.connection_id == connection_id,
            fetches.c.want.in_(list(wants)),
            fetches.c.id == "",
            fetches.c.state == "waiting",
            fetches.c.not_before > now,
        )
        .values(not_before=now)
    )


async def retry(tx: Tx, fetch: StoredFetch, at: datetime, error: str) -> None:
    """The vendor could not be asked: again at that time."""
    await _settle(tx, fetch, not_before=at, error=error)


async def put_back(tx: Tx, fetch: StoredFetch, at: datetime) -> None:
    """It was not its turn yet: again at that time, and this was no try."""
    await _settle(tx, fetch, not_before=at, attempts=fetches.c.attempts - 1)


async def fail(tx: Tx, fetch: StoredFetch, error: str) -> None:
    """The vendor will not tell; kept with the reason until it is asked for again."""
    await _settle(tx, fetch, state="failed", error=error)


async def _settle(tx: Tx, fetch: StoredFetch, **values: object) -> None:
    # Whoever comes back after its lease ran out must not undo what another has recorded.
    await tx.execute(
        update(fetches)
        .where(_is(fetch), fetches.c.fence == fetch.fence)
        .values(leased_until=None, fence=fetches.c.fence + 1, **values)
    )


async def counts(tx: Tx, workspace_id: str) -> dict[str, int]:
    """How many look-ups stand in each state."""
    query = (
        select(fetches.c.state, func.count())
        .where(fetches.c.workspace_id == workspace_id)
        .group_by(fetches.c.state)
    )
    return {row[0]: row[1] for row in await tx.execute(query)}


async def failed(tx: Tx, workspace_id: str, most: int | None = None) -> list[StoredFetch]:
    """Look-ups that were given up."""
    return await _given_up(tx, workspace_id, "failed", most)


async def aside(tx: Tx, workspace_id: str, most: int | None = None) -> list[StoredFetch]:
    """Those of them that somebody has set aside."""
    return await _given_up(tx, workspace_id, "aside", most)


async def _given_up(tx: Tx, workspace_id: str, state: str, most: int | None) -> list[StoredFetch]:
    query = (
        select(fetches)
        .where(fetches.c.workspace_id == workspace_id, fetches.c.state == state)
        .order_by(fetches.c.created_at)
        .limit(most)
    )
    return [_fetch(row) for row in await tx.execute(query)]


async def replay(tx: Tx, workspace_id: str, now: datetime) -> int:
    """Try what was given up again; returns how many."""
    query = (
        update(fetches)
        .where(fetches.c.workspace_id == workspace_id, fetches.c.state == "failed")
        .values(state="waiting", attempts=0, not_before=now)
        .returning(fetches.c.id)
    )
    return len((await tx.execute(query)).all())


async def set_aside(tx: Tx, workspace_id: str) -> int:
    """Let what was given up rest until it is asked for again; returns how many."""
    query = (
        update(fetches)
        .where(fetches.c.workspace_id == workspace_id, fetches.c.state == "failed")
        .values(state="aside")
        .returning(fetches.c.id)
    )
    return len((await tx.execute(query)).all())
