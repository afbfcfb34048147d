"""The administrator links a CRM on the page with the real coach, and sees that it can be heard."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from storage import connections
from storage.database import Database
from storage.workspaces import DEFAULT
from tests.e2e.demo import PATIENCE, command, messages, running
from tests.e2e.test_story import opened

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

expect.set_options(timeout=PATIENCE * 1000)


async def unlinked(home: Path) -> None:
    """The demo comes with its CRM linked; what `coach disconnect` ends is ended."""
    (file,) = home.rglob("demo/coach.db")
    database = Database(f"sqlite+aiosqlite:///{file}")
    async with database.write() as tx:
        await connections.end(tx, DEFAULT, "native")
    await database.close()


async def window(page: Page) -> None:
    """Open the window in which whatever posts JSON is linked."""
    await command(page, "/coach connect")
    await (
        messages(page, "CRMs that are linked")
        .last.locator("[data-action='connect:choose']")
        .click()
    )
    await page.get_by_role("option", name="Any CRM, Zapier, n8n or script").click()


async def test_the_administrator_links_a_crm_and_sees_a_test_event_arrive(
    browser: Browser, tmp_path: Path
) -> None:
    async with running(tmp_path) as demo, opened(browser, demo) as page:
        await unlinked(tmp_path)
        await command(page, "/coach connect")
        # By name, once Slack has told it.
        await messages(page, "CRMs are linked by").wait_for()
        await page.get_by_test_id("person-U03CHRIS").click()
        await window(page)
        modal = page.get_by_test_id("modal")
        await expect(modal).to_contain_text("a secret with which it signs")
        await modal.get_by_role("button", name="Link", exact=True).click()
        await expect(modal).to_contain_text("This is shown now and not again in Slack")
        secret = re.search(r"whsec_\S+", await modal.inner_text())
        assert secret is not None
        await modal.get_by_role("button", name="Send a test event").click()
        await expect(modal).to_have_count(2)
        await expect(modal.last).to_contain_text("its signature was right, and it is stored")
        # The secret is still there below, to be copied.
        await page.keyboard.press("Escape")
        await expect(modal).to_have_count(1)
        await expect(modal).to_contain_text(secret.group())
        await page.keyboard.press("Escape")
        await expect(modal).to_have_count(0)
        # It has arrived, and the secret is not shown again.
        await command(page, "/coach connect")
        await messages(page, "native (native): well; last heard of").wait_for()
        await window(page)
        await modal.get_by_role("button", name="Link", exact=True).click()
        await expect(modal).to_contain_text("was linked before and still is")
        assert secret.group() not in await page.locator("body").inner_text()
