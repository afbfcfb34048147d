"""Every command has help, and a foreseeable fault is one sentence."""

import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests import databases
from tests.bot.terminal.conftest import Coach

ROOT = Path(__file__).parents[3]

COMMANDS = ["demo", "serve", "connect", "import", "show", "replay", "doctor"]


def test_help_names_every_command(coach: Coach) -> None:
    ran = coach("--help")
    assert ran.code == 0
    assert [name for name in [*COMMANDS, "db"] if name not in ran.out] == []


@pytest.mark.parametrize("command", [*([name] for name in COMMANDS), ["db", "upgrade"]])
def test_each_command_has_help_with_an_example(coach: Coach, command: list[str]) -> None:
    ran = coach(*command, "--help")
    assert ran.code == 0
    assert "Example" in ran.out
    assert f"coach {' '.join(command)}" in ran.out


def test_help_does_not_wait_for_the_database_slack_or_the_scheduler() -> None:
    script = (
        "import sys, bot.terminal.cli\n"
        "heavy = {'sqlalchemy', 'slack_bolt', 'alembic', 'apscheduler', 'aiohttp', 'starlette',"
        " 'babel'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("DATABASE_URL", "postgres://u:hidden@127.0.0.1:1/x", "The database cannot be used"),
        ("DATABASE_URL", "nonsense", "DATABASE_URL is not an address"),
        ("DATABASE_URL", "oracle://host/x", "DATABASE_URL is not an address"),
        ("DATABASE_URL", "sqlite:////no/such/folder/coach.db", "The database cannot be used"),
        ("COACH_SECRET_KEYS", "not a key", "COACH_SECRET_KEYS must be Fernet keys"),
        ("COACH_LOG_LEVEL", "LOUD", "COACH_LOG_LEVEL"),
    ],
)
def test_a_wrong_setting_is_one_sentence_and_exit_1(
    coach: Coach, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(variable, value)
    ran = coach("connect", "native")
    assert (ran.code, ran.out) == (1, "")
    assert sentence in ran.err
    assert len(ran.err.strip().splitlines()) == 1
    assert "hidden" not in ran.err


def test_a_file_that_is_no_database_is_one_sentence(
    coach: Coach, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("not a database, but long enough to look at " * 50)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/notes.txt")
    ran = coach("connect", "native")
    assert ran.code == 1
    assert ran.err.strip().endswith("is not a SQLite database; choose another.")


def test_a_database_of_a_newer_version_is_left_alone(
    coach: Coach, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import sqlite3

    assert coach("connect", "native").code == 0
    with sqlite3.connect(tmp_path / "data" / "coach.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    ran = coach("connect", "native")
    assert ran.code == 1
    assert "newer version" in ran.err


def test_serve_says_when_the_port_is_taken(coach: Coach) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = coach("serve", "--port", str(port))
    assert ran.code == 1
    assert ran.err.strip() == (
        f"Port {port} is in use by another program; choose another with --port."
    )


def test_serve_says_when_the_address_is_not_of_this_machine(coach: Coach) -> None:
    ran = coach("serve", "--host", "192.0.2.1")
    assert ran.code == 1
    assert "check --host" in ran.err


@contextmanager
def process(tmp_path: Path, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`coach` as a process of its own, which is gone afterwards."""
    started = subprocess.Popen(
        [sys.executable, "-c", "from bot.terminal.cli import main; main()", *arguments],
        cwd=tmp_path,
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "HOME": str(tmp_path),
            "COACH_DATA": str(tmp_path / "data"),
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


@pytest.mark.parametrize("token", ["", "xoxb-1"])
def test_serve_says_once_where_it_is_and_what_slack_still_needs(tmp_path: Path, token: str) -> None:
    with socket.socket() as free, socket.socket() as silent:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        # Slack is asked for at the start; it is there and says nothing.
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        free.close()
        slack = {
            "SLACK_SIGNING_SECRET": "abc",
            "SLACK_API_URL": f"http://127.0.0.1:{silent.getsockname()[1]}/",
            **({"SLACK_BOT_TOKEN": token} if token else {}),
        }
        with process(tmp_path, "serve", "--port", str(port), **slack) as serving:
            answered = False
            while not answered and serving.poll() is None:
                with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
                    answered = answer.status == 200
                time.sleep(0.05)
            serving.terminate()
            _, told = serving.communicate(timeout=30)
    assert answered, told
    assert told.count(f"The coach starts at http://127.0.0.1:{port}") == 1
    assert told.count("http://127.0.0.1") == 1
    assert told.count("Slack is not set up") == (0 if token else 1)
    assert told.count("Set SLACK_BOT_TOKEN in") == (0 if token else 1)


def test_an_unknown_command_is_exit_2(coach: Coach) -> None:
    assert coach("dance").code == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["demo", "--port", "99999"], "'--port': 99999 is too much; at most 65535."),
        (["demo", "--port", "-1"], "'--port': -1 is too little; at least 0."),
        (["serve", "--port", "abc"], "'--port': “abc” is not a whole number."),
        (["show", "nothing"], "'what': 'nothing' is not one of 'activities', 'insights',"),
        (["import", "people", "x.csv"], "'people' is not one of 'deals', 'contacts', 'tasks'."),
        (["show", "deals", "--limit", "\x1b[2Jx"], "'--limit': “ [2Jx” is not a whole number."),
    ],
)
def test_what_was_typed_wrong_is_said_in_our_words(
    coach: Coach, arguments: list[str], sentence: str
) -> None:
    ran = coach(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err
    assert "Input should" not in ran.err
    assert "Value error" not in ran.err


def test_ctrl_c_ends_with_130(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        slack = {
            "SLACK_SIGNING_SECRET": "abc",
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_API_URL": f"http://127.0.0.1:{silent.getsockname()[1]}/",
        }
        with process(tmp_path, "doctor", **slack) as asking:
            # The doctor has called Slack and waits for the answer.
            silent.settimeout(30)
            with silent.accept()[0]:
                asking.send_signal(signal.SIGINT)
                _, err = asking.communicate(timeout=30)
        assert (asking.returncode, err) == (130, "")


def test_the_embedded_database_is_upgraded_by_whatever_command_comes_first(
    coach: Coach, tmp_path: Path
) -> None:
    assert coach("connect", "native").code == 0
    assert "nothing to do" in coach("db", "upgrade").out
    assert (tmp_path / "data" / "secret.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "data" / "coach.db").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


@pytest.fixture
def empty_postgresql_url(postgres: databases.Postgres) -> Iterator[str]:
    """The address of a PostgreSQL database without any table."""
    name = f"empty_{uuid.uuid4().hex}"
    yield postgres.create(name)
    postgres.drop(name)


def test_postgresql_is_upgraded_only_when_asked(
    coach: Coach, monkeypatch: pytest.MonkeyPatch, empty_postgresql_url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_postgresql_url)
    refused = coach("connect", "native")
    assert refused.code == 1
    assert "run `coach db upgrade`" in refused.err
    upgraded = coach("db", "upgrade")
    assert (upgraded.code, "before: none" in upgraded.out) == (0, True)
    assert coach("connect", "native").code == 0
