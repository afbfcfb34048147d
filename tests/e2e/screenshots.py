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
    running,
)

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
DESKTOP = ViewportSize(width=1360, height=850)
TALL = ViewportSize(width=1360, height=1100)
PHONE = ViewportSize(width=390, height=844)
#: So that the README stays quick to load.
MOST_BYTES = 300_000


async def take(page: Page, name: str, of: Locator | None = None) -> None:
    """Write one picture, of a part of the page or of all, once whatever moves has come to rest."""
    for note in await page.get_by_test_id("toast").all():
        await note.wait_for(state="detached")
    await page.mouse.move(0, 0)
    await page.wait_for_timeout(400)
    path = FOLDER / f"{name}.png"
    await (of or page).screenshot(path=path)
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
    for words, name in {"going cold": "stale-leads", "overdue": "overdue-tasks"}.items():
        await buttons_of(first, words).get_by_role("button", name="Take Action").click()
        await page.get_by_test_id("modal").wait_for()
        await take(page, name)
        await page.keyboard.press("Escape")
        await page.get_by_test_id("modal").wait_for(state="detached")
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


#: What is typed, for the pictures of answers: each by the picture's name.
ANSWERS = {
    "help": "/coach help",
    "tasks": "/coach tasks",
    "deals": "/coach deals",
    "deal": "/coach deal Weber",
    "contacts": "/coach contacts",
    "task": "/coach task Call Jonas about the offer friday",
    "report": "/coach report",
    "insights": "/coach insights",
    "why": "/coach why",
    "digest": "/coach digest",
    "activity": "/coach activity",
    "nearest": "/coach remind me to call Ana",
    "forget-me": "/coach forget-me",
}


async def answers(browser: Browser, url: str) -> None:
    """What the commands answer, and the windows behind the lists."""
    page = await opened(browser, url, TALL)
    await card(page, re.compile(""))
    for name, typed in ANSWERS.items():
        await command(page, typed)
        if name == "why":
            await page.get_by_test_id("modal").wait_for()
            await take(page, f"answer-{name}", page.get_by_test_id("modal"))
        else:
            await page.wait_for_timeout(700)
            await take(page, f"answer-{name}", page.get_by_role("main"))
        await page.keyboard.press("Escape")
    await command(page, "/coach tasks")
    await page.wait_for_timeout(500)
    await page.get_by_label("More actions").last.click()
    await take(page, "list-menu", page.get_by_role("main"))
    await page.get_by_text("Move to a date…").last.click()
    await page.get_by_test_id("modal").wait_for()
    await take(page, "move-task", page.get_by_test_id("modal"))
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Several at once…").last.click()
    await page.get_by_test_id("modal").wait_for()
    await take(page, "several", page.get_by_test_id("modal"))
    await page.keyboard.press("Escape")
    await page.get_by_role("tab", name="Home").click()
    await page.get_by_test_id("home").wait_for()
    await take(page, "home-tasks", page.get_by_role("main"))
    await page.get_by_test_id("person-U03CHRIS").click()
    await page.get_by_role("tab", name="Home").click()
    await page.get_by_text("You administer this coach").wait_for()
    # It is drawn once more when the tab is opened.
    await page.wait_for_timeout(1000)
    await page.get_by_text("You administer this coach").scroll_into_view_if_needed()
    await take(page, "home-administrator", page.get_by_role("main"))
    await page.close()


async def channel(browser: Browser, url: str) -> None:
    """The team's channel: how it is chosen, and a won deal in it."""
    page = await opened(browser, url, DESKTOP)
    await page.get_by_test_id("person-U03CHRIS").click()
    await page.get_by_role("tab", name="Home").click()
    await page.locator('[data-action="admin:team_channel"]').click()
    modal = page.get_by_test_id("modal")
    await modal.get_by_role("button", name="Channel").click()
    await page.get_by_role("option", name="#sales").click()
    await take(page, "team-channel-chosen", modal)
    await page.get_by_role("button", name="Save").click()
    await modal.get_by_text("The channel was told so").wait_for()
    await page.keyboard.press("Escape")
    await page.get_by_test_id("person-U01ANA").click()
    await page.get_by_role("tab", name="Home").click()
    await page.get_by_role("button", name="Name me there").click()
    await page.get_by_role("button", name="Leave my name out").wait_for()
    await move_deal(page, "Weber & Sons rollout", "Closed Won")
    await page.get_by_test_id("forward-day").click()
    await page.get_by_test_id("channel-sales").click()
    await messages(page, "has won").wait_for()
    await take(page, "team-channel")
    await page.get_by_test_id("person-U03CHRIS").click()
    await page.get_by_role("tab", name="Home").click()
    await page.locator('[data-action="admin:switch:links"]').click()
    await page.get_by_text("which shows its owner the state, is on.").wait_for()
    await page.get_by_test_id("person-U01ANA").click()
    await page.get_by_test_id("channel-sales").click()
    await page.get_by_role("button", name="Move Tanaka add-on to…").click()
    await page.get_by_role("menuitem", name="Paste its link").click()
    # The CRM tells the coach of the deal's page only now.
    await page.wait_for_timeout(1000)
    await page.get_by_test_id("composer").press("Enter")
    await page.get_by_test_id("unfurl").get_by_role("button", name="Show its state").click()
    await page.get_by_test_id("modal").get_by_text("Tanaka add-on").wait_for()
    await take(page, "deal-by-link")
    await page.keyboard.press("Escape")
    await page.close()


def gallery() -> None:
    """Write the page that shows every picture."""
    told = {**PICTURES}
    lines = ["# Every screen", "", "Made by `make screenshots`, from the playground.", ""]
    for path in sorted(FOLDER.glob("*.png")):
        words = told.get(path.stem, path.stem.replace("-", " ").capitalize())
        lines += [f"## {words}", "", f"![{words}](screenshots/{path.name})", ""]
    (FOLDER.parent / "gallery.md").write_text("\n".join(lines), encoding="utf-8")


#: What some of the pictures show, where their name does not say it.
PICTURES = {
    "answer-nearest": "What is typed and is no command",
    "answer-task": "A task by one line",
    "home-administrator": "The Home tab of who administers the coach",
    "home-tasks": "The Home tab with today's tasks",
    "list-menu": "The menu of a line",
    "several": "Several at once",
    "deal-by-link": "A deal whose link was pasted, for who owns it",
    "team-channel": "The team's channel",
    "team-channel-chosen": "The team's channel is chosen",
}


async def main() -> None:
    """Start a fresh demo and walk through its states."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        # A home of its own: whoever runs this keeps their demo.
        async with running(Path(home)) as demo, chromium.launched() as browser:
            await story(browser, demo.url)
            await other_looks(browser, demo.url)
            await answers(browser, demo.url)
            await channel(browser, demo.url)
    gallery()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except (FileNotFoundError, RuntimeError, ValueError, AssertionError, Error) as error:
        sys.exit(f"No pictures: {error}")
