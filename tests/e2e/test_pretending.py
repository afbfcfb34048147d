"""The menu on the board: the CRM is another one, the coach is linked to it, and both are true."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.demo import PATIENCE, card, move_deal, running
from tests.e2e.test_story import opened

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

expect.set_options(timeout=PATIENCE * 1000)


async def test_the_crm_is_pipedrive_and_what_is_done_in_slack_is_on_its_board(
    browser: Browser, tmp_path: Path
) -> None:
    async with running(tmp_path) as demo, opened(browser, demo) as page:
        menu, exchange = page.get_by_test_id("pretends"), page.get_by_test_id("exchange")
        await expect(exchange).to_be_hidden()
        await menu.select_option("Pipedrive")
        await expect(exchange).to_contain_text("Coach reads from Pipedrive: activities.")
        await expect(menu).to_have_value("pipedrive")
        await exchange.locator("summary").click()
        await expect(exchange).to_contain_text("with the user and password of its webhook")
        # What happens there is told as Pipedrive tells it.
        await move_deal(page, "Acme renewal", "Closed Won")
        await expect(exchange).to_contain_text("Pipedrive tells Coach: ")
        great = await card(page, "Great close!")
        await great.get_by_role("button", name="Take Action").click()
        modal = page.get_by_test_id("modal")
        await modal.get_by_role("button", name="Create task").click()
        await expect(modal).to_have_count(0)
        # And what is done about it is made there.
        made = "Coach makes the task “Ask Ann Lee for referral” in Pipedrive."
        await expect(exchange).to_contain_text(made)
        await page.get_by_role("tab", name="Tasks").click()
        task = page.locator("#tasks > li").filter(has_text="Ask Ann Lee for referral")
        await expect(task).to_contain_text("from Coach")
        told = "\n".join(demo.told)
        for words in ("change.deal", "POST /api/v2/activities"):
            assert words in told
        # At the width of a phone all of it is there, and nothing is wider than that.
        await page.set_viewport_size({"width": 390, "height": 844})
        await page.locator("#phone-tabs").get_by_role("button", name="CRM").click()
        await expect(menu).to_be_visible()
        width = await page.locator("#crm").evaluate("each => each.scrollWidth")
        assert width <= 390
        # Back to itself.
        await menu.select_option("native")
        await expect(exchange).to_be_hidden()
        await expect(page.get_by_test_id("toast").last).to_have_text(
            re.compile("The CRM is itself now")
        )
