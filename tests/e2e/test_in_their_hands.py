"""What is said can be put off, muted and had back on the page, and settles by itself."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.demo import buttons_of, card, move_deal, running
from tests.e2e.test_story import opened

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def choose(page: Page, message: Locator, line: str, entry: str) -> None:
    """Choose an entry in the menu below that line of a message."""
    await buttons_of(message, line).get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name=entry).click()


async def test_what_is_put_off_says_until_when_and_is_had_back(
    browser: Browser, tmp_path: Path
) -> None:
    async with running(tmp_path) as demo, opened(browser, demo) as page:
        await move_deal(page, "Acme renewal", "Closed Won")
        great = await card(page, "Great close!")
        await choose(page, great, "Great close!", "Snooze for an hour")
        await expect(great).to_contain_text("Put off until")
        await expect(great.get_by_role("button")).to_have_text(["Undo"])
        await great.get_by_role("button", name="Undo").click()
        await expect(great.get_by_role("button", name="Take Action")).to_have_count(1)
        # By a day of one's own.
        await choose(page, great, "Great close!", "Snooze until…")
        modal = page.get_by_test_id("modal")
        await modal.get_by_role("button", name="Snooze").click()
        await expect(modal).to_have_count(0)
        await expect(great).to_contain_text("Put off until")


async def test_what_is_muted_says_so_and_is_had_back_from_the_home_tab(
    browser: Browser, tmp_path: Path
) -> None:
    async with running(tmp_path) as demo, opened(browser, demo) as page:
        brief = await card(page, "going cold")
        await choose(page, brief, "going cold", "Mute…")
        modal = page.get_by_test_id("modal")
        await modal.get_by_role("button", name="Mute", exact=True).click()
        await expect(modal).to_have_count(0)
        await expect(brief).to_contain_text("Muted: Leads going cold")
        await page.get_by_role("tab", name="Home").click()
        home = page.get_by_test_id("home")
        await expect(home).to_contain_text("Leads going cold – 1 told: 1 muted")
        await home.get_by_role("button", name="Unmute").click()
        await expect(home.get_by_role("button", name="Unmute")).to_have_count(0)
        await page.get_by_role("tab", name="Messages").click()
        await expect(brief).not_to_contain_text("Muted:")
        await expect(
            buttons_of(brief, "going cold").get_by_role("button", name="Take Action")
        ).to_have_count(1)


async def test_a_kind_that_is_stopped_falls_silent_and_undo_has_it_back(
    browser: Browser, tmp_path: Path
) -> None:
    async with running(tmp_path) as demo, opened(browser, demo) as page:
        brief = await card(page, "going cold")
        await buttons_of(brief, "going cold").get_by_role("button", name="Dismiss").click()
        await brief.get_by_role("button", name="Why? (if you like)").click()
        await page.get_by_role("option", name="Stop this kind").click()
        await expect(brief).to_contain_text("you hear nothing of it any more")
        await brief.get_by_role("button", name="Undo").click()
        await expect(brief).not_to_contain_text("you hear nothing")
        await expect(
            buttons_of(brief, "going cold").get_by_role("button", name="Take Action")
        ).to_have_count(1)


async def test_what_the_crm_has_settled_says_so_and_cannot_be_pressed_any_more(
    browser: Browser, tmp_path: Path
) -> None:
    async with running(tmp_path) as demo, opened(browser, demo) as page:
        brief = await card(page, "Weber & Sons rollout")
        before = await brief.get_by_role("button", name="Take Action").count()
        await move_deal(page, "Weber & Sons rollout", "Negotiation")
        await expect(brief).to_contain_text("Moved in the CRM: Weber & Sons rollout")
        await expect(brief.get_by_role("button", name="Take Action")).to_have_count(before - 1)
