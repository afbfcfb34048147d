"""One playground on a folder, at a port that stays the same."""

import asyncio
import errno
import io
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from rich.console import Console

from bot.playground import ports
from bot.playground.alone import NotAloneError, alone, tell
from bot.playground.crm.seed import ANA
from bot.playground.demo import running
from bot.playground.slack.api import words_of
from bot.runtime.ports import PortError, refusal

ROOT = Path(__file__).parents[3]


@contextmanager
def demo(home: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`coach demo` as a process of its own, ended as Ctrl-C does."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from bot.terminal.cli import main; main()", "demo", *arguments],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(home), "COLUMNS": "200",
             "PYTHONUNBUFFERED": "1"},
        cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"The playground is ready: (\S+)", line):
            return found[1]
    raise AssertionError("it did not start")


def test_a_second_demo_on_the_same_folder_is_refused_with_the_address_of_the_first(
    tmp_path: Path,
) -> None:
    with demo(tmp_path, "--port", "0") as first:
        url = address(first)
        kept = sorted(each.name for each in (tmp_path / ".local/share/coach/demo").iterdir())
        for arguments in ((), ("--fresh",)):
            with demo(tmp_path, *arguments) as second:
                out, err = second.communicate(timeout=60)
            assert (second.returncode, out) == (1, "")
            assert err.strip() == (
                f"A playground is running already at {url}. Open that page, or end it with "
                "Ctrl-C where it was started."
            )
        # Not even `--fresh` has taken anything from under the first.
        left = {each.name for each in (tmp_path / ".local/share/coach/demo").iterdir()}
        assert set(kept) <= left
        assert first.poll() is None
    with demo(tmp_path, "--port", "0") as third:
        assert address(third)


def test_a_folder_is_free_again_when_its_playground_has_ended(tmp_path: Path) -> None:
    with alone(tmp_path / "demo") as held:
        tell(held, "http://127.0.0.1:1")
        refused = pytest.raises(NotAloneError, match=r"already at http://127\.0\.0\.1:1\.")
        with refused, alone(tmp_path / "demo"):
            pass
        with alone(tmp_path / "tour"):
            pass
    with alone(tmp_path / "demo"):
        pass


def test_a_port_that_is_taken_or_reserved_is_one_sentence() -> None:
    with closing(ports.listen(0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortError) as caught:
            ports.listen(port)
    assert str(caught.value) == (
        f"Port {port} is in use by another program; choose another with --port."
    )
    assert str(refusal(80, PermissionError(errno.EACCES, "Permission denied"))) == (
        "Port 80 is reserved for the system; choose one above 1023 with --port."
    )


def test_the_page_is_where_it_was_or_says_where_else() -> None:
    with closing(ports.listen(0)) as free:
        usual = free.getsockname()[1]
    first, told = ports.listen_as_usual(usual)
    with closing(first):
        assert (first.getsockname()[1], told) == (usual, None)
        second, told = ports.listen_as_usual(usual)
        with closing(second):
            other = second.getsockname()[1]
            assert told == (
                f"Port {usual} is in use by another program, so the page is at {other} today."
            )


def test_where_the_port_of_the_command_line_is_reserved_there_is_no_traceback(
    tmp_path: Path,
) -> None:
    with socket.socket() as probe:
        try:
            probe.bind((ports.HOST, 80))
        except OSError:
            pass
        else:
            pytest.skip("whoever runs this may use every port")
    with demo(tmp_path, "--port", "80") as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert len(err.strip().splitlines()) == 1


async def test_by_socket_mode_the_playground_is_the_same(tmp_path: Path) -> None:
    console = Console(file=io.StringIO())
    async with running(tmp_path / "demo", console, by_socket=True) as made:
        slack = made.playground.slack
        card = await slack.message(ANA, seconds=10)
        assert "Take Action" in words_of(card)
        assert slack.sockets is not None
        async with asyncio.timeout(20):
            while made.bot.socket is None or made.bot.socket.fault() is not None:
                await asyncio.sleep(0.01)
        before = str(card.blocks)
        assert (await slack.press(ANA, card.ts, label="Dismiss")).ok
        await slack.until(lambda: str(card.blocks) != before, "the card to change", 10)
        assert slack.refusals == []
