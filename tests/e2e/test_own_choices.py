"""What a person sets, and why they see what they see, on the real page with the real coach."""

import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.e2e.demo import PATIENCE, command, messages, open_page, running

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

expect.set_options(timeout=PATIENCE * 1000)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Page]:
    """The page of a fresh demo; Ana is on show and has got her first brief."""
    async with running(tmp_path_factory.mktemp("home")) as demo:
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await open_page(page, demo.url)
        await messages(page, "for today").wait_for()
        yield page
        await page.close()
        assert complaints == []


async def test_hours_are_set_and_the_form_says_what_today_looks_like(page: Page) -> None:
    modal = page.get_by_test_id("modal")
    await command(page, "/coach settings")
    await expect(modal).to_contain_text("nothing after 18:00")
    await modal.get_by_label("Work ends at").fill("08:00")
    await modal.get_by_label("Messages a day, at most").fill("4")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_test_id("field-error").filter(has_text="later than")).to_be_visible()
    # Nothing of what was filled in is lost.
    await expect(modal.get_by_label("Messages a day, at most")).to_have_value("4")
    await modal.get_by_label("Work ends at").fill("23:59")
    await page.get_by_role("button", name="Save").click()
    await expect(modal).to_contain_text(
        "Saved. From now on: work ends at 23:59, at most 4 messages"
    )
    await page.keyboard.press("Escape")
    await expect(modal).to_have_count(0)
    await command(page, "/coach settings")
    await expect(modal).to_contain_text("at most 4 messages")
    await expect(modal).to_contain_text("nothing after 23:59")
    await page.keyboard.press("Escape")
    await expect(modal).to_have_count(0)


async def test_why_is_told_of_the_latest_and_of_another_one(page: Page) -> None:
    modal = page.get_by_test_id("modal")
    await command(page, "/coach why")
    await expect(modal).to_contain_text("It came with your morning brief")
    await expect(modal).to_contain_text("your level is 2, balanced")
    await modal.locator("[data-action='why:choose']").click()
    await page.get_by_role("option", name="Deal “Weber & Sons rollout”").click()
    await expect(modal).to_contain_text("Weber & Sons rollout: €28,500, Stage: Proposal")
    await expect(modal).to_contain_text("Your limit is 14 working days, the default.")
    await modal.get_by_role("button", name="Settings").click()
    await expect(modal.last).to_contain_text("Coach settings")
    await page.get_by_role("button", name="Save").click()
    await expect(modal).to_have_count(0)


async def test_digest_says_when_it_comes(page: Page) -> None:
    await command(page, "/coach digest")
    await messages(page, "your next digest").wait_for()


async def test_whom_slack_leaves_in_peace_the_coach_leaves_too(page: Page) -> None:
    await page.get_by_test_id("person-U02BEN").click()
    await page.get_by_test_id("peace").click()
    await expect(page.get_by_test_id("peace")).to_contain_text("Not to be disturbed until")
    await page.get_by_role("button", name="Start", exact=True).click()
    modal = page.get_by_test_id("modal")
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        await command(page, "/coach settings")
        await modal.wait_for()
        told = await modal.inner_text()
        await page.keyboard.press("Escape")
        await expect(modal).to_have_count(0)
        if "Slack says that you are not to be disturbed" in told:
            break
    else:
        raise AssertionError(told)
    await expect(messages(page, "for today")).to_have_count(0)


async def test_a_preview_tells_of_each_level_and_lets_another_one_be_chosen(page: Page) -> None:
    await page.get_by_test_id("person-U01ANA").click()
    await command(page, "/coach preview")
    await messages(page, "Looking at your last 30 days").wait_for()
    preview = messages(page, "would have brought at each level")
    await preview.wait_for()
    await expect(preview).to_contain_text("2 · Balanced: high and medium priority (yours)")
    await expect(preview).to_contain_text("In them: ")
    await preview.get_by_role("button", name="Choose level 3").click()
    await messages(page, "Your level is now 3 · Active").wait_for()
    await expect(preview).to_have_count(0)
