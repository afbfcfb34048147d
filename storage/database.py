"""The database: one engine, short transactions, and the few differences between the two kinds."""

import asyncio
import copy
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from pydantic_core import from_json, to_json
from sqlalchemy import JSON, Dialect, Table, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.types import TypeEngine

from coach.phrases import Phrase
from storage import one_trip
from storage.columns import Said, kept_phrase

#: A transaction; commits when its block ends, rolls back when it raises.
Tx = AsyncConnection

T = TypeVar("T")

#: After so many pages of changes, of 4 KB, these go from the log into the database: a batch of the
#: worker changes more pages than SQLite's own thousand, most of them those of the batch before.
LOG_PAGES = 4000

#: How long one process waits for another to finish writing the same SQLite file, in milliseconds.
BUSY_TIMEOUT_MS = 15_000


_NOTHING = text("SELECT 1")

#: Takes the write lock at once: a later upgrade from reading could fail at any time.
_WRITING = "BEGIN IMMEDIATE"

_SQLITE: dict[str, Any] = {
    "connect_args": {"async_creator_fn": one_trip.connect},
    # Every transaction here ends by its block: one more rollback would be a trip for nothing.
    "pool_reset_on_return": None,
    # The same few again: each holds up to 8 MB of pages, and what it read itself stays good.
    "pool_use_lifo": True,
}


class Database:
    """All access to one database. Closing is the caller's duty.

    One that is not `durable` may be lost in a power cut, and is written faster: a SQLite file that
    is thrown away anyway.
    """

    def __init__(self, url: str, *, pool_size: int = 8, durable: bool = True) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._engine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=4,
            **(_SQLITE if self.is_sqlite else {}),
            # A worked-off event writes nine JSON values: pydantic's are made four times as fast.
            json_serializer=_json,
            json_deserializer=from_json,
        )
        # By itself PostgreSQL shows each statement of a transaction what has come in meanwhile.
        self._reading = (
            self._engine
            if self.is_sqlite
            else self._engine.execution_options(isolation_level="REPEATABLE READ")
        )
        # SQLite has one writer at a time; taking turns here is fairer than its busy loop.
        self._turn = asyncio.Lock() if self.is_sqlite else nullcontext()
        self._places: AbstractAsyncContextManager[None] = nullcontext()
        if self.is_sqlite:
            event.listen(self._engine.sync_engine, "connect", partial(_prepare_sqlite, durable))

    def share(self, most: int) -> "Database":
        """The same database for a part that may have so many transactions of it at once.

        What else needs the database does not wait behind whatever that part is asked to do. No
        transaction of a share may be begun within another: it might wait for itself.
        """
        part = copy.copy(self)
        part._places = asyncio.Semaphore(most)
        return part

    @property
    def engine(self) -> AsyncEngine:
        """The engine itself, for migrations."""
        return self._engine

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """A transaction that only reads: one consistent view."""
        async with self._places, self._begun(self._reading, "BEGIN") as tx:
            yield tx

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        """A transaction that may write; durable when the block has ended.

        On SQLite what gives no rows back is made together with what comes next (`one_trip`), and
        tells not how many rows it has changed. There the lock is had from the first statement on.
        """
        async with (
            self._places,
            self._turn,
            self._begun(self._engine, _WRITING, gathers=True) as tx,
        ):
            yield tx

    @asynccontextmanager
    async def count(self) -> AsyncIterator[Tx]:
        """The same, where each statement tells how many rows it has changed, as Alembic asks it.

        The lock is had from the beginning: of Alembic's there can be only one in a process.
        """
        async with self._places, self._turn, self._begun(self._engine, _WRITING) as tx:
            await tx.execute(_NOTHING)
            yield tx

    @asynccontextmanager
    async def _begun(
        self, engine: AsyncEngine, how: str, *, gathers: bool = False
    ) -> AsyncIterator[Tx]:
        if not self.is_sqlite:
            async with engine.begin() as tx:
                yield tx
            return
        # SQLAlchemy gives a connection back in a task of its own, so that nothing cuts that off,
        # and whoever waits for the turn to write waits for it. On SQLite that waits for nothing.
        tx = await engine.connect().start()
        try:
            # Not as SQLAlchemy's event: engines with one take a longer way with every statement.
            _driver(tx).begin(how, gathers=gathers)
            async with tx.begin():
                yield tx
        finally:
            await tx.close()

    async def close(self) -> None:
        """Give back every connection."""
        await self._engine.dispose()


def _driver(tx: Tx) -> one_trip.Connection:
    connection: Any = tx.sync_connection
    driver: one_trip.Connection = connection.connection.driver_connection
    return driver


def past_sqlalchemy(tx: Tx) -> one_trip.Connection | None:
    """SQLite's driver, for what goes past SQLAlchemy; `None` where that has to execute it.

    So on PostgreSQL, and while somebody listens to its events for each statement that is made.
    """
    connection: Any = tx.sync_connection
    if tx.dialect.name != "sqlite" or connection.engine.dispatch.before_cursor_execute:
        return None
    return _driver(tx)


def _json(value: Any) -> str:
    return to_json(value).decode()


def _said(phrase: Phrase | None) -> str:
    return _json(kept_phrase(phrase))


def _prepare_sqlite(durable: bool, connection: Any, _record: Any) -> None:
    # The driver's own transaction handling begins too late for reads and too weakly for writes.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        # What was acknowledged must survive a power cut.
        f"synchronous = {'FULL' if durable else 'OFF'}",
        "foreign_keys = ON",
        f"wal_autocheckpoint = {LOG_PAGES}",
        "cache_size = -8192",
        "temp_store = MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


#: Classes of PostgreSQL's error codes that say that the server is in trouble, not the statement:
#: connection, transaction rollback (deadlocks), resources, intervention, system
#: (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_PASSING_CLASSES = ("08", "40", "53", "57", "58")

#: The one code outside these classes: a lock could not be had in the time allowed.
_LOCK_NOT_AVAILABLE = "55P03"

#: The same of SQLite's codes (https://sqlite.org/rescode.html): another process writes, or the disk
#: is full, failing, or not to be written to for now.
_PASSING_CODES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)


def is_passing(error: BaseException) -> bool:
    """Whether a failure is the database's own, so that the same statement may succeed later."""
    if isinstance(error, PoolTimeoutError | OSError | TimeoutError):
        return True
    if not isinstance(error, OperationalError | InterfaceError | InternalError):
        return False
    if isinstance(error.orig, sqlite3.Error):
        # The lowest byte is the kind; those above it tell kinds of kinds apart.
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _PASSING_CODES
    # A PostgreSQL that was not reached gave no code.
    code = getattr(error.orig, "sqlstate", None)
    return code is None or code == _LOCK_NOT_AVAILABLE or code.startswith(_PASSING_CLASSES)


def is_databases(error: BaseException) -> bool:
    """Whether a failure that passes is one that the database told of, and nobody else.

    Of such a one nothing is left of the transaction, and it can be made anew at once.
    """
    return isinstance(error, DBAPIError) and is_passing(error)


def insert(tx: Tx, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """An insert that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return insert_for(tx.dialect.name, table)


def insert_for(dialect: str, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """The same for a dialect by its name."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def chunks(values: Sequence[T], size: int = 500) -> list[list[T]]:
    """`values` in pieces that fit the number of parameters a statement may have."""
    iterator = iter(values)
    return list(iter(lambda: list(islice(iterator, size)), []))


async def put(tx: Tx, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, or replace every other column where the key exists already."""
    if rows:
        await merge(tx, _replacing, table, rows)


async def add(tx: Tx, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows whose keys exist nowhere yet."""
    if rows:
        await merge(tx, _adding, table, rows)


async def add_new(tx: Tx, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows; those whose key exists already stay as they are."""
    if rows:
        await merge(tx, _keeping, table, rows)


class _Statement(NamedTuple):
    """An insert as the driver takes it, with what makes each column's value the driver's."""

    sql: str
    columns: Sequence[str]
    processors: Sequence[tuple[int, Callable[[Any], Any]]]
    positional: bool
    #: What else it is filled in with, the same for every row.
    constants: dict[str, Any]

    def rows(self, rows: Sequence[dict[str, Any]]) -> list[Any]:
        """Rows as the driver takes them."""
        taken = itemgetter(*self.columns)
        found: list[Any] = []
        for row in rows:
            values = list(taken({**row, **self.constants} if self.constants else row))
            for place, process in self.processors:
                values[place] = process(values[place])
            found.append(
                tuple(values) if self.positional else dict(zip(self.columns, values, strict=True))
            )
        return found


#: Makes an insert into a table, with these columns, one that knows what to do with a conflict.
Conflict = Callable[[Any, Table, Sequence[str]], Any]


def _adding(statement: Any, table: Table, columns: Sequence[str]) -> Any:
    return statement


def _replacing(statement: Any, table: Table, columns: Sequence[str]) -> Any:
    keys = {column.name for column in table.primary_key}
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={name: statement.excluded[name] for name in columns if name not in keys},
    )


def _keeping(statement: Any, table: Table, columns: Sequence[str]) -> Any:
    return statement.on_conflict_do_nothing(index_elements=list(table.primary_key))


_statements: dict[tuple[str, Conflict, Table, tuple[str, ...]], _Statement] = {}


async def merge(tx: Tx, conflict: Conflict, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows; `conflict` says what becomes of those whose key exists already."""
    # SQLAlchemy would go through every value of every row anew: half the time of writing many.
    columns = tuple(rows[0])
    place = (tx.dialect.name, conflict, table, columns)
    statement = _statements.get(place)
    if statement is None:
        statement = _statements[place] = _compiled(tx, conflict, table, columns)
    if (driver := past_sqlalchemy(tx)) is None:
        await tx.exec_driver_sql(statement.sql, statement.rows(rows))
    else:
        await driver.do(statement.sql, statement.rows(rows))


def _compiled(tx: Tx, conflict: Conflict, table: Table, columns: Sequence[str]) -> _Statement:
    dialect = tx.dialect
    statement = conflict(insert(tx, table), table, columns)
    compiled = statement.compile(dialect=dialect, column_keys=list(columns))
    constants = {name: each.value for name, each in compiled.binds.items() if not each.required}
    order = list(compiled.positiontup or () if compiled.positional else compiled.binds)
    found = [
        (place, _processor(compiled.binds[name].type, dialect)) for place, name in enumerate(order)
    ]
    processors = [(place, process) for place, process in found if process is not None]
    return _Statement(str(compiled), order, processors, compiled.positional, constants)


def _processor(type_: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    # Those that are in every row, and go through several hands in SQLAlchemy.
    if dialect.name == "sqlite" and isinstance(type_, JSON):
        return _json
    if dialect.name == "sqlite" and isinstance(type_, Said):
        return _said
    return type_.dialect_impl(dialect).bind_processor(dialect)
