"""`coach demo` as a person starts it, in a process of its own, and the way round its page."""

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Locator, Page, expect
from playwright.async_api import TimeoutError as BrowserTimeoutError

START = ("-c", "from bot.terminal.cli import main; main()", "demo", "--port", "0")
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
#: Seconds for anything the coach is waited for.
PATIENCE = 30.0


@dataclass
class Demo:
    """A running demo: the page's address and every line it has told."""

    url: str = ""
    told: list[str] = field(default_factory=list)


@asynccontextmanager
async def running(home: Path) -> AsyncIterator[Demo]:
    """Start the demo with this home folder, where it keeps its data, and end it as Ctrl-C does.

    Raises:
        RuntimeError: it did not start, or did not end well.
    """
    environment = {name: at for name, at in os.environ.items() if not name.startswith("XDG_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *START,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**environment, "HOME": str(home), "COLUMNS": "200", "PYTHONUNBUFFERED": "1"},
    )
    demo = Demo()
    started = asyncio.Event()

    async def listen() -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            demo.told.append(line.decode(errors="replace").rstrip())
            if not demo.url and (found := ADDRESS.search(demo.told[-1])):
                demo.url = found.group()
                started.set()
        started.set()

    listening = asyncio.create_task(listen())
    try:
        await asyncio.wait_for(started.wait(), PATIENCE)
        if not demo.url:
            raise RuntimeError("The demo did not start:\n" + "\n".join(demo.told))
        yield demo
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        try:
            await asyncio.wait_for(process.wait(), 15)
        except TimeoutError:
            process.kill()
            await process.wait()
        await listening
    if process.returncode != 0 or any("Traceback" in line for line in demo.told):
        raise RuntimeError(f"It ended with {process.returncode}:\n" + "\n".join(demo.told))


async def open_page(page: Page, url: str) -> None:
    """Open the page and wait until it is live."""
    page.context.set_default_timeout(PATIENCE * 1000)
    await page.goto(url)
    await page.get_by_test_id("person-U01ANA").wait_for()


def messages(page: Page, words: str) -> Locator:
    """The messages on show that hold these words."""
    return page.get_by_test_id("message").filter(has_text=words)


def pressable(page: Page, label: str = "Take Action") -> Locator:
    """The messages on show that have this button."""
    return page.get_by_test_id("message").filter(
        has=page.get_by_role("button", name=label, exact=True)
    )


async def card(page: Page, words: str | re.Pattern[str]) -> Locator:
    """The open card with these words; others are dismissed meanwhile, as one waits for another.

    Raises:
        AssertionError: it did not come.
    """
    wanted = pressable(page).filter(has_text=words)
    others = pressable(page).filter(has_not_text=words)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if await wanted.count():
            with suppress(BrowserTimeoutError):
                return await _pinned(wanted.first)
        if await others.count():
            # It may expire or be resolved just now, and lose its buttons before they are pressed.
            with suppress(BrowserTimeoutError, AssertionError):
                other = await _pinned(others.first)
                dismiss = other.get_by_role("button", name="Dismiss")
                left = await dismiss.count()
                await dismiss.first.click(timeout=3000)
                await expect(dismiss).to_have_count(left - 1, timeout=3000)
        await asyncio.sleep(0.1)
    seen = await page.get_by_test_id("message").all_inner_texts()
    raise AssertionError(f"No card with {words} came; there are: {seen}")


def buttons_of(message: Locator, words: str) -> Locator:
    """The buttons below the line of a message that says these words."""
    said = message.locator(".block").filter(has_text=words)
    return said.first.locator("xpath=following-sibling::*[.//button][1]")


async def _pinned(message: Locator) -> Locator:
    """The same message by its own name, which it keeps when it has lost its buttons."""
    # Not the page's patience: the message may have lost its buttons, and with them this name.
    ts = await message.get_attribute("data-ts", timeout=3000)
    return message.page.locator(f'[data-ts="{ts}"]')


async def move_deal(page: Page, title: str, stage: str) -> None:
    """Move a deal by its menu."""
    await page.get_by_role("tab", name="Deals").click()
    await page.get_by_role("button", name=f"Move {title} to…").click()
    await page.get_by_role("menuitem", name=stage).click()
    await expect(page.get_by_test_id(f"stage-{stage}")).to_contain_text(title)


async def command(page: Page, text: str) -> None:
    """Type a command and send it."""
    box = page.get_by_test_id("composer")
    await box.fill(text)
    await box.press("Escape")
    await box.press("Enter")
