"""The whole way on the real page with the real coach: from a change in the CRM to a done deed."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.e2e.demo import (
    PATIENCE,
    Demo,
    buttons_of,
    card,
    command,
    messages,
    move_deal,
    open_page,
    pressable,
    running,
)

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

expect.set_options(timeout=PATIENCE * 1000)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    """A fresh demo, shared by tests that do not move its clock."""
    async with running(tmp_path_factory.mktemp("home")) as demo:
        yield demo


@asynccontextmanager
async def opened(browser: Browser, demo: Demo) -> AsyncIterator[Page]:
    """The demo's page, with Ana on show, who has started; no script may have been refused."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await open_page(page, demo.url)
    yield page
    await context.close()
    assert complaints == []


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, demo: Demo) -> AsyncIterator[Page]:
    """The page of the shared demo."""
    async with opened(browser, demo) as page:
        yield page


async def test_a_won_deal_becomes_a_task_on_the_board(page: Page, demo: Demo) -> None:
    await move_deal(page, "Acme renewal", "Closed Won")
    great = await card(page, "Great close!")
    await expect(great).to_contain_text("ask Ann Lee for a referral while they're happy")
    await expect(great).to_contain_text("High priority")
    await great.get_by_role("button", name="Take Action").click()
    modal = page.get_by_test_id("modal")
    await expect(modal.get_by_label("Title")).to_have_value("Ask Ann Lee for referral")
    await expect(modal.get_by_role("button", name="Priority")).to_have_text("High")
    await modal.get_by_label("Note").fill("She likes <b>short</b> mails & calls")
    await modal.get_by_role("button", name="Create task").click()
    await expect(modal).to_have_count(0)
    done = messages(page, "Created the task “Ask Ann Lee for referral”")
    await expect(done).to_be_visible()
    await expect(done.get_by_role("button")).to_have_text(["Undo"])
    await page.get_by_role("tab", name="Tasks").click()
    task = page.locator("#tasks > li").filter(has_text="Ask Ann Lee for referral")
    await expect(task).to_contain_text("from Coach")
    await expect(task).to_contain_text("high priority")
    await expect(task).to_contain_text("She likes <b>short</b> mails & calls")
    # The terminal tells the same story.
    told = "\n".join(demo.told)
    for words in ("deal_closed", "Great close!", "Take Action", "task_created"):
        assert words in told


async def test_settings_are_checked_at_their_field_and_kept(page: Page) -> None:
    await command(page, "/coach settings")
    modal = page.get_by_test_id("modal")
    days = modal.get_by_label(re.compile("lead is going cold"))
    await days.fill("99")
    await modal.get_by_role("button", name="Save").click()
    await expect(modal.get_by_test_id("field-error").filter(has_text="30")).to_be_visible()
    await expect(days).to_have_attribute("aria-invalid", "true")
    await days.fill("5")
    await modal.get_by_label(re.compile("Active")).check()
    await modal.get_by_role("button", name="Save").click()
    await expect(modal).to_contain_text("Saved. From now on: level 3, active")
    await expect(modal).to_contain_text("leads go cold after 5 days")
    await page.keyboard.press("Escape")
    await expect(modal).to_have_count(0)
    await command(page, "/coach settings")
    await expect(days).to_have_value("5")
    await expect(modal.get_by_label(re.compile("Active"))).to_be_checked()
    await page.keyboard.press("Escape")
    await page.get_by_role("tab", name="Home").click()
    await expect(page.get_by_test_id("home")).to_contain_text("level 3")


async def test_nothing_but_a_welcome_comes_before_start(page: Page) -> None:
    await page.get_by_test_id("person-U02BEN").click()
    await move_deal(page, "Demir fleet", "Closed Won")
    await expect(pressable(page, "Start")).to_have_count(1)
    # Long enough for the card that must not come: elsewhere it comes within a tenth of that.
    await page.wait_for_timeout(1500)
    await expect(page.get_by_test_id("message")).to_have_count(1)
    await page.get_by_role("button", name="Start", exact=True).click()
    await expect(pressable(page, "Start")).to_have_count(0)
    await expect(await card(page, "Great close!")).to_contain_text("Elif Demir")


async def test_days_later_leads_nobody_called_turn_up_again_and_can_be_called(
    browser: Browser, tmp_path: Path
) -> None:
    async with running(tmp_path) as demo, opened(browser, demo) as page:
        first = await card(page, "going cold")
        await buttons_of(first, "going cold").get_by_role("button", name="Dismiss").click()
        await expect(first).to_contain_text("Dismissed: Warm leads going cold")
        late = pressable(page).filter(has_text="going cold").filter(has_not_text="Dismissed:")
        for _ in range(10):
            await page.get_by_test_id("forward-day").click()
            await expect(page.locator(".busy")).to_have_count(0)
            if await late.count():
                break
        await expect(late).to_have_count(1)
        await buttons_of(late, "going cold").get_by_role("button", name="Take Action").click()
        modal = page.get_by_test_id("modal")
        menus = modal.get_by_role("button", name="Log a contact")
        await expect(menus.first).to_be_visible()
        before = await menus.count()
        await menus.first.click()
        await page.get_by_role("option", name="Log a call").click()
        await expect(menus).to_have_count(before - 1)
        await modal.get_by_role("button", name="Done").click()
        await expect(modal).to_have_count(0)
        await expect(messages(page, "Logged")).to_be_visible()
        await page.get_by_role("tab", name="Contacts").click()
        await expect(page.locator("#contacts")).to_contain_text("Last contact today")


async def test_a_dismissed_card_is_one_line_at_once_and_a_restart_forgets_nothing(
    browser: Browser, tmp_path: Path
) -> None:
    async with running(tmp_path) as demo, opened(browser, demo) as page:
        brief = await card(page, "going cold")
        left = brief.get_by_role("button", name="Dismiss")
        lines = await left.count()
        await buttons_of(brief, "going cold").get_by_role("button", name="Dismiss").click()
        await expect(brief).to_contain_text("Dismissed: Warm leads going cold")
        await expect(brief).to_contain_text("(edited)")
        await expect(left).to_have_count(lines - 1)
        await move_deal(page, "Acme renewal", "Closed Won")
        await card(page, "Great close!")
    async with running(tmp_path) as demo, opened(browser, demo) as page:
        await expect(messages(page, "Dismissed: Warm leads going cold")).to_be_visible()
        won = page.get_by_test_id("stage-Closed Won")
        await expect(won).to_contain_text("Acme renewal")
        great = await card(page, "Great close!")
        await great.get_by_role("button", name="Take Action").click()
        await page.get_by_role("button", name="Create task").click()
        await expect(great).to_contain_text("Created the task")
