"""aiosqlite with one trip to its thread for a statement, where a plain cursor makes four.

Through SQLAlchemy every statement makes a cursor, executes, fetches and closes, and each of these
is a job for the connection's thread. What a trip costs (two changes of thread) is many times what
SQLite needs for a short statement, and a transaction has dozens of these. It begins together with
its first statement, and in one that writes, what gives nothing back makes no trip of its own: it
goes with whatever comes next, in its order.

There is no public way to do something in a connection's thread, so this leans on private names. The
version is pinned exactly, and tests/storage/test_one_trip.py tells when they move.

What is made all the time goes past SQLAlchemy (`storage.prepared`): by `fetch` and `do`.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import Any

import aiosqlite
from sqlalchemy.exc import DBAPIError

#: Something to be done with the connection in its thread.
Work = Callable[[sqlite3.Connection], object]

#: A statement made with it.
Execution = Callable[[sqlite3.Connection], sqlite3.Cursor]

#: Statements kept back at most: what they carry is in memory until they are made.
MOST = 32

#: How the note begins that names the statement of an error.
_IN = "in: "


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
        return await self._made(sql, lambda raw: raw.execute(sql, parameters))

    async def executemany(self, sql: str, parameters: Sequence[Sequence[Any]]) -> "Cursor":
        """Execute a statement for each row of parameters."""
        return await self._made(sql, lambda raw: raw.executemany(sql, parameters))

    async def _made(self, sql: str, work: Execution) -> "Cursor":
        if self._connection.gathers and _gives_nothing(sql):
            await self._connection.soon(partial(_noted, sql, work))
        else:
            await self._connection.once(lambda raw: self._take(work(raw)))
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

    #: How a transaction begins with the next statement, if one does.
    _begins: str | None = None
    #: Whether this transaction keeps back what gives nothing back. How many rows such a statement
    #: has changed, it does not tell.
    gathers = False
    #: What is kept back, in its order. A failure of it shows with the statement it goes with, or
    #: as the transaction ends: nothing of that counts in either case.
    _kept_back: tuple[Work, ...] = ()

    def cursor(self) -> Any:
        """A new cursor; it costs nothing."""
        return Cursor(self)

    def begin(self, how: str, *, gathers: bool = False) -> None:
        """Begin a transaction with the next statement: a trip for it alone would bring nothing."""
        self._begins, self.gathers = how, gathers

    async def fetch(self, sql: str, parameters: Sequence[Any]) -> list[Any]:
        """Make a statement without SQLAlchemy, and read all its rows; raises its errors."""
        found: list[Any] = []

        def work(raw: sqlite3.Connection) -> None:
            # Left open by an error in a row, it would keep the connection at what it has read.
            with closing(raw.execute(sql, parameters)) as cursor:
                found.extend(cursor.fetchall())

        try:
            await self.once(work)
        except sqlite3.Error as error:
            raise _as_sqlalchemys(error, sql, parameters) from error
        return found

    async def do(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Make one that gives nothing back for each of these rows; raises SQLAlchemy's errors."""

        def work(raw: sqlite3.Connection) -> sqlite3.Cursor:
            return raw.execute(sql, rows[0]) if len(rows) == 1 else raw.executemany(sql, rows)

        noted = partial(_noted, sql, work)
        try:
            await (self.soon(noted) if self.gathers else self.once(noted))
        except sqlite3.Error as error:
            raise _as_sqlalchemys(error, sql, rows) from error

    async def once(self, work: Work) -> None:
        """Do something with the connection in its thread, after what was kept back."""
        made = partial(_after, self._before(), work)
        await self._execute(made, self._conn)  # type: ignore[no-untyped-call]

    async def soon(self, work: Work) -> None:
        """Do something together with what comes next, at the latest as the transaction ends."""
        self._kept_back = (*self._kept_back, work)
        if len(self._kept_back) >= MOST:
            await self.once(_nothing)

    async def commit(self) -> None:
        """End a transaction, if one was begun."""
        self.gathers = False
        if self._begins and not self._kept_back:
            # Nothing was done in it.
            self._begins = None
        else:
            made = partial(_end, self._before())
            await self._execute(made, self._conn)  # type: ignore[no-untyped-call]

    async def rollback(self) -> None:
        """Undo a transaction, if one was begun."""
        self.gathers, self._kept_back = False, ()
        if self._begins:
            self._begins = None
        else:
            await super().rollback()

    def _before(self) -> tuple[Work, ...]:
        """What is to be done before anything else: a beginning, and what was kept back."""
        begins, self._begins = self._begins, None
        before, self._kept_back = self._kept_back, ()
        return (partial(self._begin, begins), *before) if begins else before

    def _begin(self, how: str, raw: sqlite3.Connection) -> None:
        # In the connection's thread.
        try:
            raw.execute(how)
        except sqlite3.Error:
            # Nothing of this block is made outside a transaction, whoever goes on after this.
            self._begins = how
            raise


def _gives_nothing(sql: str) -> bool:
    return sql.startswith(("INSERT", "UPDATE", "DELETE")) and "RETURNING" not in sql


def _noted(sql: str, work: Execution, raw: sqlite3.Connection) -> None:
    try:
        work(raw).close()
    except sqlite3.Error as error:
        # SQLAlchemy names the statement with which it goes.
        error.add_note(f"{_IN}{sql}")
        raise


def _as_sqlalchemys(error: sqlite3.Error, sql: str, parameters: Sequence[Any]) -> Exception:
    for note in getattr(error, "__notes__", ()):
        # It was kept back, and what has come next is none of it.
        sql, parameters = note.removeprefix(_IN), ()
    return DBAPIError.instance(sql, parameters, error, sqlite3.Error)


def _end(before: Sequence[Work], raw: sqlite3.Connection) -> None:
    try:
        for each in before:
            each(raw)
        raw.commit()
    except BaseException:
        # Whoever commits takes the transaction for ended.
        raw.rollback()
        raise


def _nothing(_raw: sqlite3.Connection) -> None:
    pass


def _after(before: Sequence[Work], work: Work, raw: sqlite3.Connection) -> None:
    for each in before:
        each(raw)
    work(raw)


def connect(*arguments: Any, **options: Any) -> Connection:
    """A connection to be awaited, made as `aiosqlite.connect` makes its own."""
    made = Connection(partial(sqlite3.connect, *arguments, **options), iter_chunk_size=64)
    # The process may end while a connection is still open.
    made._thread.daemon = True
    return made
