"""aiosqlite with one trip to its thread for a statement, where a plain cursor makes four.

Through SQLAlchemy every statement makes a cursor, executes, fetches and closes, and each of these
is a job for the connection's thread. What a trip costs (two changes of thread) is many times what
SQLite needs for a short statement, and a transaction has dozens of these.

There is no public way to do something in a connection's thread, so this leans on private names. The
version is pinned exactly, and tests/storage/test_one_trip.py tells when they move.
"""

import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import Any

import aiosqlite


class Cursor:
    """A cursor of the form SQLAlchemy uses; its rows come with the execution."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> "Cursor":
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> "Cursor":
        """Execute a statement and take in all its rows."""
        await self._connection.once(lambda raw: self._take(raw.execute(sql, parameters)))
        return self

    async def executemany(self, sql: str, parameters: Sequence[Sequence[Any]]) -> "Cursor":
        """Execute a statement for each row of parameters."""
        await self._connection.once(lambda raw: self._take(raw.executemany(sql, parameters)))
        return self

    def _take(self, cursor: sqlite3.Cursor) -> None:
        # In the connection's thread.
        try:
            self.description = cursor.description
            self._rows = cursor.fetchall() if cursor.description else []
            self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()

    async def fetchall(self) -> list[Any]:
        """The rows; they are given once."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Nothing is left open."""


class Connection(aiosqlite.Connection):
    """A connection whose cursors make one trip a statement."""

    #: Whether the next statement begins a transaction.
    _begins = False

    def cursor(self) -> Any:
        """A new cursor; it costs nothing."""
        return Cursor(self)

    def begin_reading(self) -> None:
        """Begin a transaction with the next statement.

        SQLite itself looks at the database only then, so that a trip for BEGIN would do nothing.
        """
        self._begins = True

    async def once(self, work: Any) -> None:
        """Do something with the connection in its thread."""
        begins, self._begins = self._begins, False
        made = partial(_begun, work) if begins else work
        await self._execute(made, self._conn)  # type: ignore[no-untyped-call]

    async def commit(self) -> None:
        """End a transaction, if one was begun."""
        if self._begins:
            self._begins = False
        else:
            await super().commit()

    async def rollback(self) -> None:
        """Undo a transaction, if one was begun."""
        if self._begins:
            self._begins = False
        else:
            await super().rollback()


def _begun(work: Any, raw: sqlite3.Connection) -> None:
    raw.execute("BEGIN")
    work(raw)


def connect(*arguments: Any, **options: Any) -> Connection:
    """A connection to be awaited, made as `aiosqlite.connect` makes its own."""
    made = Connection(partial(sqlite3.connect, *arguments, **options), iter_chunk_size=64)
    # The process may end while a connection is still open.
    made._thread.daemon = True
    return made
