"""Servers in processes of their own, on loopback."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from bot.runtime import collecting

HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parent.parent


def serve(app: ASGIApp, *, lifespan: bool) -> None:
    """Serve in this process until told to end; says its port on the standard output.

    Loop, HTTP parser and garbage collection are those of `coach serve`, for the references too.
    """
    listening = listen()
    config = uvicorn.Config(
        app,
        lifespan="on" if lifespan else "off",
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=2,
        server_header=False,
    )
    collecting.settle()
    Announced(config, listening).run(sockets=[listening])


class Announced(uvicorn.Server):
    """A server that says when it can be reached, and where."""

    def __init__(self, config: uvicorn.Config, listening: socket.socket) -> None:
        super().__init__(config)
        self._port = listening.getsockname()[1]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        print(f"ready {self._port}", flush=True)


def listen() -> socket.socket:
    """A socket on a free port of loopback."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((HOST, 0))
    made.listen(256)
    return made


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs."""

    process: subprocess.Popen[str]
    port: int


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """What a process is started with: these settings, and nobody's own."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SLACK_", "COACH_", "DATABASE_URL"))
        and not name.upper().endswith("_PROXY")
    }
    return {**inherited, **settings}


@contextmanager
def started(module: str, *arguments: str, **settings: str) -> Iterator[Running]:
    """Run `python -m module` with these settings until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=environment(settings),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith("ready "):
            raise RuntimeError(f"{module} did not start; its lines above say why.")
        yield Running(process, int(line.split()[1]))
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
