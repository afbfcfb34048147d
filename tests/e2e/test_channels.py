"""Channels: the team's is told of a won deal, and a link to a deal is for who owns it."""

import re
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.e2e.demo import PATIENCE, command, messages, move_deal, open_page, running

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

expect.set_options(timeout=PATIENCE * 1000)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Page]:
    """The page of a fresh demo; Chris, who administers, looks at Home."""
    async with running(tmp_path_factory.mktemp("home")) as demo:
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await open_page(page, demo.url)
        await messages(page, "for today").wait_for()
        await page.get_by_test_id("person-U03CHRIS").click()
        await page.get_by_role("tab", name="Home").click()
        yield page
        await page.close()
        assert complaints == []


async def choose(page: Page, name: str) -> None:
    modal = page.get_by_test_id("modal")
    await page.locator('[data-action="admin:team_channel"]').click()
    await modal.get_by_role("button", name="Channel").click()
    await page.get_by_role("option", name=name).click()
    await page.get_by_role("button", name="Save").click()


async def test_a_channel_without_the_coach_is_told_at_its_field(page: Page) -> None:
    modal = page.get_by_test_id("modal")
    await choose(page, "#random")
    await expect(page.get_by_test_id("field-error").first).to_contain_text("Type /invite")
    await page.keyboard.press("Escape")
    await expect(modal).to_have_count(0)
    await page.get_by_test_id("channel-random").click()
    await command(page, "/invite @Coach")
    await expect(page.get_by_text("Coach is in this channel")).to_be_visible()
    await page.get_by_test_id("person-U03CHRIS").click()
    await page.get_by_role("tab", name="Home").click()
    await choose(page, "#random")
    await expect(modal).to_contain_text("Saved. The channel was told so")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("home")).to_contain_text("#random: the team's channel.")
    await page.get_by_test_id("channel-random").click()
    await messages(page, "Chris Vale has chosen this channel for").wait_for()


async def test_a_won_deal_stands_in_the_channel_with_a_name_where_it_is_wanted(page: Page) -> None:
    await page.get_by_test_id("person-U01ANA").click()
    await move_deal(page, "Acme renewal", "Closed Won")
    await page.get_by_test_id("forward-day").click()
    await page.get_by_test_id("channel-random").click()
    won = messages(page, "Acme renewal")
    await expect(won).to_contain_text("Acme renewal is won: €12,000.")
    await page.get_by_test_id("person-U01ANA").click()
    await page.get_by_role("tab", name="Home").click()
    await page.get_by_role("button", name="Name me there").click()
    await page.get_by_role("button", name="Leave my name out").wait_for()
    await page.get_by_test_id("channel-random").click()
    await expect(won).to_contain_text("Ana Ruiz has won Acme renewal: €12,000.")
    await expect(won).to_contain_text("(edited)")


async def test_a_win_that_was_a_mistake_is_taken_away(page: Page) -> None:
    await move_deal(page, "Acme renewal", "Negotiation")
    await expect(messages(page, "Acme renewal")).to_have_count(0)
    await expect(messages(page, "Chris Vale has chosen this channel for")).to_be_visible()


async def test_of_a_small_team_no_figures_are_told_and_home_says_why(page: Page) -> None:
    for button in ("forward-week", "forward-day"):
        await page.get_by_test_id(button).click()
        await expect(page.get_by_test_id(button)).to_be_disabled()
        await expect(page.get_by_test_id(button)).to_be_enabled()
    await page.get_by_test_id("person-U03CHRIS").click()
    await page.get_by_role("tab", name="Home").click()
    await expect(page.get_by_test_id("home")).to_contain_text("Last week's were not told:")
    await page.get_by_test_id("channel-random").click()
    await expect(messages(page, "The team's week")).to_have_count(0)


async def test_a_link_to_a_deal_shows_its_state_to_who_owns_it(page: Page) -> None:
    modal = page.get_by_test_id("modal")
    await page.get_by_test_id("person-U03CHRIS").click()
    await page.get_by_role("tab", name="Home").click()
    await page.locator('[data-action="admin:switch:links"]').click()
    await page.get_by_text("which shows its owner the state, is on.").wait_for()
    await page.get_by_test_id("person-U01ANA").click()
    await page.get_by_test_id("channel-random").click()
    await page.get_by_role("tab", name="Deals").click()
    await page.get_by_role("button", name="Move Tanaka add-on to…").click()
    await page.get_by_role("menuitem", name="Paste its link").click()
    box = page.get_by_test_id("composer")
    await expect(box).to_have_value(re.compile("https://crm.northwind.example/deals/"))
    link = (await box.input_value()).strip()
    below = page.get_by_test_id("unfurl")
    # The CRM tells of the page as its link is copied; until the coach has taken that in, it is none
    # of a deal that is known, and posted once more.
    for _ in range(20):
        await box.fill(link)
        await box.press("Enter")
        with suppress(AssertionError):
            await expect(below).to_contain_text("A deal in the CRM.", timeout=2000)
            break
    await expect(below).not_to_contain_text("Tanaka")
    await below.get_by_role("button", name="Show its state").click()
    await expect(modal).to_contain_text("Tanaka add-on")
    await expect(modal).to_contain_text("€6,700")
    await page.keyboard.press("Escape")
    await page.get_by_test_id("person-U02BEN").click()
    await page.get_by_test_id("channel-random").click()
    await below.get_by_role("button", name="Show its state").click()
    await expect(modal).to_contain_text("This deal is not yours in the CRM")
    await page.keyboard.press("Escape")
    await page.get_by_test_id("person-U01ANA").click()
    await page.get_by_role("tab", name="Messages").click()
    await command(page, f"How is {link} doing?")
    await expect(below).to_contain_text("Tanaka add-on")
    await expect(below.get_by_role("button", name="Do something…")).to_be_visible()
