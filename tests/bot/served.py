"""`coach serve` as a process of its own, for tests that end it."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import aiohttp

from tests.world import BOT_TOKEN, SECRET_KEY, SIGNING_SECRET


async def served(database_url: str, slack_url: str, folder: Path, port: int) -> Process:
    """Start it; `folder` is its home. Its end is the caller's duty."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "DATABASE_URL": database_url,
        "COACH_SECRET_KEYS": SECRET_KEY,
        "COACH_DATA": str(folder),
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "SLACK_API_URL": f"{slack_url}/api/",
    }
    main = "from bot.terminal.cli import main; main()"
    command = (sys.executable, "-c", main, "serve", "--port", str(port))
    return await asyncio.create_subprocess_exec(*command, cwd=folder, env=environment, stderr=PIPE)


async def ready(http: aiohttp.ClientSession, url: str, seconds: float = 30) -> None:
    """Wait until it answers that it is ready."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                async with http.get(f"{url}/readyz") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                await asyncio.sleep(0.02)
