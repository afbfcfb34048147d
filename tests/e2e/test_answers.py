"""What is sent away or done on a card can be explained and taken back there, in a browser."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.demo import buttons_of, card, messages, move_deal, running
from tests.e2e.test_story import opened

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def choose_why(page: Page, line: str) -> None:
    """Choose in the menu of the message with these words why it was sent away."""
    await messages(page, line).get_by_role("button", name="Why? (if you like)").click()
    await page.get_by_role("option", name="Already done").click()


async def test_a_dismissal_is_explained_and_taken_back_on_the_same_message(
    browser: Browser, tmp_path: Path
) -> None:
    async with running(tmp_path) as demo, opened(browser, demo) as page:
        brief = await card(page, "going cold")
        await buttons_of(brief, "going cold").get_by_role("button", name="Dismiss").click()
        await choose_why(page, "Dismissed: Warm leads going cold")
        await expect(brief).to_contain_text("Counted as done.")
        await brief.get_by_role("button", name="Undo").click()
        await expect(brief).not_to_contain_text("Dismissed:")
        await expect(
            buttons_of(brief, "going cold").get_by_role("button", name="Dismiss")
        ).to_have_count(1)


async def test_one_lead_of_several_leaves_the_rest_and_undo_brings_it_back(
    browser: Browser, tmp_path: Path
) -> None:
    async with running(tmp_path) as demo, opened(browser, demo) as page:
        brief = await card(page, "going cold")
        await buttons_of(brief, "going cold").get_by_role("button", name="Take Action").click()
        modal = page.get_by_test_id("modal")
        menus = modal.get_by_role("button", name="Log a contact")
        await expect(menus.first).to_be_visible()
        before = await menus.count()
        await menus.first.click()
        await page.get_by_role("option", name="Log a call").click()
        await expect(menus).to_have_count(before - 1)
        await modal.get_by_role("button", name="Done").click()
        await expect(modal).to_have_count(0)
        await expect(brief).to_contain_text(f"1 of {before} done: Logged a call with")
        await brief.get_by_role("button", name="Undo").click()
        await expect(brief).to_contain_text("it stays in the CRM: Logged a call with")
        await expect(brief).not_to_contain_text("done: Logged")


async def test_a_task_that_was_created_is_gone_from_the_crm_after_undo(
    browser: Browser, tmp_path: Path
) -> None:
    async with running(tmp_path) as demo, opened(browser, demo) as page:
        await move_deal(page, "Acme renewal", "Closed Won")
        great = await card(page, "Great close!")
        await great.get_by_role("button", name="Take Action").click()
        await page.get_by_role("button", name="Create task").click()
        await expect(great).to_contain_text("Created the task")
        await page.get_by_role("tab", name="Tasks").click()
        tasks = page.locator("#tasks")
        await expect(tasks).to_contain_text("for referral")
        await great.get_by_role("button", name="Undo").click()
        await expect(great.get_by_role("button", name="Take Action")).to_have_count(1)
        await expect(tasks).not_to_contain_text("for referral")
