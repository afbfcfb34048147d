"""The README's way to a real workspace, followed to the letter before a stand-in for Slack."""

import asyncio
import os
import re
import shlex
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from starlette.applications import Starlette

from bot.playground.slack.api import SlackStandIn
from bot.playground.slack.sockets import Sockets
from tests.bot.playground.fake_bot import served
from tests.world import ANA, MEMBERS, free_port

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("\n## Connect a Slack workspace\n")[2].partition("\n### ")[0]

#: What Slack's pages show where the README has dots. Not of a real token's form beyond the start.
BOT_TOKEN, APP_TOKEN = "xo" + "xb-made-up", "xa" + "pp-made-up"


def commands() -> list[str]:
    """What the steps say to type, in their order."""
    return re.findall(r"`\.venv/bin/coach ([^`]+)`", SECTION)


@dataclass
class Newcomer:
    """Somebody with a checkout, the README, and a new Slack app."""

    folder: Path
    environment: dict[str, str]
    slack: SlackStandIn
    sockets: Sockets

    async def start(self, command: str) -> asyncio.subprocess.Process:
        main = "from bot.terminal.cli import main; main()"
        return await asyncio.create_subprocess_exec(
            sys.executable, "-c", main, *shlex.split(command), cwd=self.folder,
            env=self.environment, stdout=PIPE, stderr=PIPE,
        )  # fmt: skip

    async def run(self, command: str) -> tuple[int | None, str, str]:
        process = await self.start(command)
        out, err = await asyncio.wait_for(process.communicate(), 60)
        return process.returncode, out.decode(), err.decode()


@pytest.fixture
async def newcomer(tmp_path: Path) -> AsyncIterator[Newcomer]:
    slack = SlackStandIn(
        MEMBERS, bot_token=BOT_TOKEN, signing_secret="", answer_seconds=30, timer=lambda: 0.0
    )
    sockets = slack.sockets = Sockets(APP_TOKEN)
    await sockets.start()
    async with served(Starlette(routes=slack.routes)) as url:
        slack.own_url = url
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(tmp_path),
            # The only thing that is not as the README has it: where Slack is.
            "SLACK_API_URL": f"{url}/api/",
        }
        yield Newcomer(tmp_path, environment, slack, sockets)
    await sockets.close()
    await slack.close()


async def test_the_steps_lead_from_nothing_to_the_first_answer(newcomer: Newcomer) -> None:
    manifest, doctor, serve = commands()
    code, printed, _ = await newcomer.run(manifest)
    assert code == 0
    app = yaml.safe_load(printed)
    assert app["settings"]["socket_mode_enabled"] is True
    newcomer.slack.scopes = set(app["oauth_config"]["scopes"]["bot"])
    # Step 6, with what steps 4 and 5 have copied.
    (file,) = re.findall(r"```\n(.*?)```", SECTION, re.DOTALL)
    lines = [line.strip() for line in file.splitlines()]
    copied = [line.replace("xoxb-…", BOT_TOKEN).replace("xapp-…", APP_TOKEN) for line in lines]
    assert "…" not in "".join(copied)
    (newcomer.folder / ".env").write_text("\n".join(copied), encoding="utf-8")
    code, found, _ = await newcomer.run(doctor)
    assert code == 0, found
    assert "Slack gives connections by Socket Mode" in found
    # A test must not take the port of somebody's coach.
    process = await newcomer.start(f"{serve} --port {free_port()}")
    try:
        async with asyncio.timeout(60):
            while not newcomer.sockets.connections:
                assert process.returncode is None
                await asyncio.sleep(0.02)
            answer = await newcomer.slack.command(ANA, "/coach on")
            assert answer.problem is None
            while not newcomer.slack.messages(ANA):
                await asyncio.sleep(0.02)
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = await asyncio.wait_for(process.communicate(), 15)
    assert "Slack is not set up" not in errors.decode()
    assert "Traceback" not in errors.decode()
    assert newcomer.slack.refusals == []


def test_what_is_to_be_typed_in_slack_is_what_the_test_types() -> None:
    assert "type `/coach on` in Slack" in SECTION
    assert [command.split()[0] for command in commands()] == ["manifest", "doctor", "serve"]
