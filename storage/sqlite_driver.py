"""SQLite for the event loop: quick statements run in place, what may take long runs in a thread.

A point query or the insert of a few rows takes some microseconds; bringing it to another thread
and back takes ten times as long, and a transaction has many. So only these leave the loop: waiting
for another process to end its writing, the commit of what was written (it waits for the disk),
many rows at once, and a query that turns out to look at much.

The objects here have the form SQLAlchemy expects of the `aiosqlite` package.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any, TypeVar

T = TypeVar("T")

#: SQLite's steps (a row of a result has about as many as columns) before a query counts as long;
#: some milliseconds.
QUICK_STEPS = 50_000

#: Values in one statement that writes, and rows of a repeated one, that still count as few.
FEW_VALUES = 400
FEW_ROWS = 40

Parameters = Sequence[Any]


class Cursor:
    """A cursor; its rows are there when its statement has been executed."""

    def __init__(self, connection: "Connection", cursor: sqlite3.Cursor) -> None:
        self._connection = connection
        self._cursor = cursor
        self._rows: list[Any] = []
        self.arraysize = 1

    @property
    def description(self) -> Any:
        """The columns of the result, if there is one."""
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        """The last inserted row."""
        return self._cursor.lastrowid

    async def __aenter__(self) -> "Cursor":
        return self

    async def execute(self, sql: str, parameters: Parameters = ()) -> "Cursor":
        """Execute one statement and take in its rows."""
        connection = self._connection
        if connection.in_thread:
            await connection.apart(self._run, sql, parameters)
        elif sql == "BEGIN IMMEDIATE":
            await self._begin_writing(sql)
        elif sql.startswith(("SELECT", "WITH")):
            if not self._run_if_quick(sql, parameters):
                await connection.apart(self._run, sql, parameters)
        elif len(parameters) > FEW_VALUES:
            await connection.apart(self._run, sql, parameters)
        else:
            self._run(sql, parameters)
        return self

    async def executemany(self, sql: str, parameters: Sequence[Parameters]) -> "Cursor":
        """Execute one statement for many rows."""
        if len(parameters) > FEW_ROWS or self._connection.in_thread:
            await self._connection.apart(self._cursor.executemany, sql, parameters)
        else:
            self._cursor.executemany(sql, parameters)
        return self

    def _run(self, sql: str, parameters: Parameters) -> None:
        self._cursor.execute(sql, parameters)
        self._rows = self._cursor.fetchall() if self._cursor.description else []

    def _run_if_quick(self, sql: str, parameters: Parameters) -> bool:
        """Whether it was; a query that is not changes nothing and can be begun again."""
        raw = self._connection.raw
        interrupted = False

        def interrupt() -> int:
            nonlocal interrupted
            interrupted = True
            return 1

        raw.set_progress_handler(interrupt, QUICK_STEPS)
        try:
            self._run(sql, parameters)
        except sqlite3.OperationalError:
            if not interrupted:
                raise
            return False
        finally:
            raw.set_progress_handler(None, 0)
        return True

    async def _begin_writing(self, sql: str) -> None:
        # Mostly nobody else is writing; then the lock is ours without any wait.
        raw = self._connection.raw
        patience = raw.execute("PRAGMA busy_timeout").fetchone()[0]
        raw.execute("PRAGMA busy_timeout = 0")
        try:
            self._run(sql, ())
            begun = True
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            begun = False
        finally:
            raw.execute(f"PRAGMA busy_timeout = {patience}")
        if not begun:
            await self._connection.apart(self._run, sql, ())
        self._connection.writing = True

    async def fetchone(self) -> Any:
        """The next row."""
        return self._rows.pop(0) if self._rows else None

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """The next rows."""
        count = size or self.arraysize
        rows, self._rows = self._rows[:count], self._rows[count:]
        return rows

    async def fetchall(self) -> list[Any]:
        """All rows that are left."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Let go of the statement."""
        self._cursor.close()


class Connection:
    """One connection, used by one task at a time."""

    def __init__(self, raw: sqlite3.Connection, threads: Executor) -> None:
        self.raw = raw
        self._threads = threads
        self._open = True
        #: Whether the transaction under way has the write lock.
        self.writing = False
        #: Whether everything is to run in a thread: the work at hand is known to be long.
        self.in_thread = False

    # SQLAlchemy looks at these two.

    @property
    def _connection(self) -> sqlite3.Connection | None:
        return self.raw if self._open else None

    @property
    def _conn(self) -> sqlite3.Connection:
        return self.raw

    @property
    def isolation_level(self) -> str | None:
        """`None`: transactions begin and end when we say so."""
        return self.raw.isolation_level

    def cursor(self) -> Cursor:
        """A new cursor."""
        return Cursor(self, self.raw.cursor())

    async def apart(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do something in a thread; ends only when the thread has, even when cancelled."""
        doing = asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        try:
            return await asyncio.shield(doing)
        except asyncio.CancelledError:
            # Nobody else may use the connection before the thread lets go of it.
            while not doing.done():
                await asyncio.wait([doing])
            raise

    async def commit(self) -> None:
        """Durable when it returns; what only read has nothing to wait for."""
        if self.writing:
            await self.apart(self.raw.commit)
            self.writing = False
        else:
            self.raw.commit()

    async def rollback(self) -> None:
        """Undo."""
        self.writing = False
        self.raw.rollback()

    async def create_function(self, *arguments: Any, **options: Any) -> None:
        """Add a function to SQL."""
        self.raw.create_function(*arguments, **options)

    async def close(self) -> None:
        """Close; the last one to do so writes everything into the main file."""
        if self._open:
            self._open = False
            await self.apart(self.raw.close)

    def stop(self) -> None:
        """Close without waiting, when no loop runs any more."""
        self._open = False
        self.raw.close()


def connector(threads: Executor) -> Callable[..., Any]:
    """What makes connections that do their long work in these threads."""

    async def connect(*arguments: Any, **options: Any) -> Connection:
        options |= {"isolation_level": None, "check_same_thread": False}
        return Connection(sqlite3.connect(*arguments, **options), threads)

    return connect
