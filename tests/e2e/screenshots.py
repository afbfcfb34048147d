"""Takes the README's pictures of the playground: `make screenshots` writes docs/screenshots."""

import asyncio
import re
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Error, Locator, Page, ViewportSize, expect

from tests.e2e import browser as chromium
from tests.e2e.demo import (
    buttons_of,
    card,
    command,
    messages,
    move_deal,
    open_page,
    pressable,
    running,
)

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
DESKTOP = ViewportSize(width=1360, height=850)
PHONE = ViewportSize(width=390, height=844)
#: So that the README stays quick to load.
MOST_BYTES = 300_000


async def take(page: Page, name: str) -> None:
    """Write one picture, once whatever moves has come to rest."""
    for note in await page.get_by_test_id("toast").all():
        await note.wait_for(state="detached")
    await page.mouse.move(0, 0)
    await page.wait_for_timeout(400)
    path = FOLDER / f"{name}.png"
    await page.screenshot(path=path)
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise ValueError(f"{path.name} has {size:,} bytes; at most {MOST_BYTES:,} are wanted.")
    sys.stdout.write(f"{path.relative_to(FOLDER.parents[1])}  {size // 1024} kB\n")


async def dismiss(message: Locator) -> None:
    """Put a card away, or each line of a brief, and see them shrink."""
    buttons = message.get_by_role("button", name="Dismiss")
    for left in range(await buttons.count(), 0, -1):
        await buttons.first.click()
        await expect(buttons).to_have_count(left - 1)


async def opened(browser: Browser, url: str, viewport: ViewportSize, *, dark: bool = False) -> Page:
    """A page of its own, still where motion would blur the picture."""
    page = await browser.new_page(
        viewport=viewport, color_scheme="dark" if dark else "light", reduced_motion="reduce"
    )
    await open_page(page, url)
    return page


async def story(browser: Browser, url: str) -> None:
    """A won deal, its card, the form, the task; leads, overdue tasks, settings, Home, the log."""
    page = await opened(browser, url, DESKTOP)
    first = await card(page, re.compile(""))
    await take(page, "first-insight")
    await move_deal(page, "Acme renewal", "Closed Won")
    await dismiss(first)
    await card(page, "Great close!")
    await page.locator("#lanes").evaluate("lanes => lanes.scrollTo(0, 0)")
    await take(page, "won-deal")
    await messages(page, "Great close!").get_by_role("button", name="Take Action").click()
    await page.get_by_test_id("modal").wait_for()
    await take(page, "take-action")
    await page.get_by_role("button", name="Create task").click()
    await messages(page, "Created the task").wait_for()
    await page.get_by_role("tab", name="Tasks").click()
    await page.locator("#tasks").get_by_text("from Coach").wait_for()
    await take(page, "task-created")
    await page.get_by_test_id("forward-day").click()
    brief = pressable(page).filter(has_text="overdue").filter(has_text="going cold")
    for words, name in {"going cold": "stale-leads", "overdue": "overdue-tasks"}.items():
        await buttons_of(brief, words).get_by_role("button", name="Take Action").click()
        await page.get_by_test_id("modal").wait_for()
        await take(page, name)
        await page.keyboard.press("Escape")
        await page.get_by_test_id("modal").wait_for(state="detached")
    await command(page, "/coach settings")
    await page.get_by_test_id("modal").get_by_label(re.compile("going cold")).fill("99")
    await page.get_by_role("button", name="Save").click()
    await page.get_by_test_id("field-error").filter(has_text="30").wait_for()
    await take(page, "settings")
    await page.keyboard.press("Escape")
    await page.get_by_role("tab", name="Home").click()
    await page.get_by_test_id("home").wait_for()
    await page.get_by_role("tab", name="Contacts").click()
    await take(page, "home")
    await page.get_by_role("tab", name="Messages").click()
    await page.get_by_role("tab", name="Deals").click()
    await page.locator("#log-toggle").click()
    await page.get_by_test_id("log-entry").filter(has_text="deal_closed").locator("summary").click()
    await take(page, "log")
    await page.close()


async def other_looks(browser: Browser, url: str) -> None:
    """Dark colours, the welcome, a phone."""
    page = await opened(browser, url, DESKTOP, dark=True)
    await take(page, "dark")
    await page.get_by_test_id("person-U02BEN").click()
    await page.get_by_role("button", name="Start", exact=True).wait_for()
    await take(page, "welcome")
    await page.get_by_test_id("composer").press_sequentially("/coach ")
    await page.get_by_role("option", name="/coach help").wait_for()
    await take(page, "commands")
    await page.close()
    page = await opened(browser, url, PHONE)
    await take(page, "phone-messages")
    await page.get_by_role("button", name="CRM").click()
    await take(page, "phone-crm")
    await page.close()


async def main() -> None:
    """Start a fresh demo and walk through its states."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        # A home of its own: whoever runs this keeps their demo.
        async with running(Path(home)) as demo, chromium.launched() as browser:
            await story(browser, demo.url)
            await other_looks(browser, demo.url)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except (FileNotFoundError, RuntimeError, ValueError, AssertionError, Error) as error:
        sys.exit(f"No pictures: {error}")
