"""A PostgreSQL of our own to measure with: the wheel the tests use, as durable as in production."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from tests import databases


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL server that runs."""

    postgres: databases.Postgres

    @property
    def suffix(self) -> str:
        """What the name of a figure ends in that was measured with it."""
        return ", PostgreSQL"

    def database(self) -> str:
        """The address of a new and empty database, in SQLAlchemy's form."""
        return self.postgres.create(f"measured_{uuid.uuid4().hex[:12]}")

    def bare(self) -> str:
        """The same in the driver's own form."""
        return self.database().replace("postgresql+psycopg://", "postgresql://")


@contextmanager
def running() -> Iterator[Server]:
    """Start one, and remove it with all that is in it."""
    folder = databases.make_folder()
    try:
        made = Server(databases.Postgres(folder))
        with psycopg.connect(made.postgres.url(), autocommit=True) as connection:
            # Tests do without being safe from power cuts; what is measured may not.
            connection.execute("ALTER SYSTEM RESET ALL")
            connection.execute("SELECT pg_reload_conf()")
        yield made
    finally:
        databases.remove_folder(folder)
