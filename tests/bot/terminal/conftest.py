"""Running the coach's command line in this process, as the console script does."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.terminal import cli


@dataclass(frozen=True)
class Ran:
    """What a command printed, and how it ended."""

    out: str
    err: str
    code: int


Coach = Callable[..., Ran]


@pytest.fixture
def coach(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Coach:
    """Run `coach` with these arguments, in an empty folder and with a data folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COACH_DATA", str(tmp_path / "data"))

    def run(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["coach", *arguments])
        capsys.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        printed = capsys.readouterr()
        return Ran(printed.out, printed.err, code)

    return run
