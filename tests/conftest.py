"""What every test stands on: a clean environment and real databases with the schema in them."""

import asyncio
import logging
import os
import shutil
import signal
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from storage import schema
from storage.database import Database
from tests import databases

FOLDER = pytest.StashKey[Path]()

# A developer's own settings must never reach a test, nor a test a real workspace.
FOREIGN_SETTINGS = ("SLACK_", "COACH_", "DATABASE_URL", "XDG_")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


# In CI a change passes by what it is and not by luck; elsewhere every run tries other examples.
# Neither judges how fast a machine is: what is slow is measured, not tested.
hypothesis.settings.register_profile(
    "any machine",
    derandomize=bool(os.environ.get("CI")),
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("any machine")


def pytest_configure(config: pytest.Config) -> None:
    """Choose one folder of databases for the whole run; workers are told of it."""
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker is not None:
        config.stash[FOLDER] = Path(worker["database_folder"])
        return
    config.stash[FOLDER] = databases.make_folder()
    # A run that is told to end stops its server too, as it does at Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker which folder of databases this run uses."""
    node.workerinput["database_folder"] = str(node.config.stash[FOLDER])


@pytest.fixture(autouse=True)
def _loggers_as_they_were() -> Iterator[None]:
    """What a command run in a test has made quieter is heard again in the next."""
    loggers = [logging.getLogger(name) for name in (None, "bot", "coach", "storage")]
    levels = [each.level for each in loggers]
    yield
    for each, level in zip(loggers, levels, strict=True):
        each.setLevel(level)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the PostgreSQL server when the last worker is done, and remove the databases."""
    if not hasattr(config, "workerinput") and FOLDER in config.stash:
        databases.remove_folder(config.stash[FOLDER])


@pytest.fixture(autouse=True)
def clean_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No settings from outside, no proxy, and a home of its own for each test."""
    for name in list(os.environ):
        if name.startswith(FOREIGN_SETTINGS) or name in PROXIES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))


async def migrate(url: str) -> None:
    """Bring the empty database at `url` to the schema that the code needs."""
    database = Database(url)
    try:
        await schema.upgrade(database)
    finally:
        await database.close()


def make_schema(url: str) -> None:
    """The same for fixtures that are not async; in a thread, because a loop may exist here."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, migrate(url)).result()


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> databases.Postgres:
    """The run's PostgreSQL server; skips where there is none, except in CI, where that fails."""
    server = databases.Postgres(pytestconfig.stash[FOLDER])
    try:
        server.url()
    except databases.PostgresUnavailableError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"Not tested on PostgreSQL: {error}")
    return server


@pytest.fixture
def sqlite_url(pytestconfig: pytest.Config, tmp_path: Path) -> str:
    """The address of a SQLite file with the schema and nothing else."""
    template = databases.sqlite_template(pytestconfig.stash[FOLDER], make_schema)
    path = tmp_path / "coach.db"
    shutil.copyfile(template, path)
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture
def postgresql_url(postgres: databases.Postgres) -> Iterator[str]:
    """The address of a PostgreSQL database with the schema and nothing else."""
    name = f"test_{uuid.uuid4().hex}"
    yield postgres.create(name, template=postgres.template(make_schema))
    postgres.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a database with the schema and nothing else; the test runs once on each kind.

    In the form that SQLAlchemy's async engines take: `sqlite+aiosqlite:///...` and
    `postgresql+psycopg://...`.
    """
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without any table, on each kind; for migrations."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
        return
    postgres: databases.Postgres = request.getfixturevalue("postgres")
    name = f"empty_{uuid.uuid4().hex}"
    yield postgres.create(name)
    postgres.drop(name)
