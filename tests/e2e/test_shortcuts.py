"""The app's shortcuts on the page: offered once they are switched on, and then they do it."""

import json
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.blocks import section
from tests.e2e.demo import messages, running
from tests.e2e.stage import ANA, Stage
from tests.e2e.test_story import opened

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]


def switch(stage: Stage, *on: str) -> None:
    """What an administrator does in their Home tab, which is drawn anew after it."""
    stage.switched_on.clear()
    stage.switched_on.update(on)
    stage.playground.slack.publish_home(ANA, {"type": "home", "blocks": [section("Now")]})


async def test_no_shortcut_is_offered_until_it_is_switched_on(page: Page, stage: Stage) -> None:
    stage.post("Great close!", section("Great close!"))
    message = page.get_by_test_id("message")
    await message.wait_for()
    menu, anywhere = page.get_by_test_id("message-menu"), page.get_by_test_id("shortcuts")
    await expect(menu).to_have_count(0)
    await expect(anywhere).to_be_hidden()
    switch(stage, "log_call")
    await expect(anywhere).to_be_visible()
    await expect(menu).to_have_count(0)
    switch(stage, "make_task")
    await expect(menu).to_have_count(1)
    await expect(anywhere).to_be_hidden()
    # A page that is loaded again offers the same.
    await page.reload()
    await expect(menu).to_have_count(1)
    switch(stage)
    await expect(menu).to_have_count(0)


async def test_a_shortcut_tells_the_bot_of_its_message_or_of_none(page: Page, stage: Stage) -> None:
    ts = stage.post("Great close!", section("Great close!"))
    stage.playground.slack.post(ANA, "For Ana alone", [], quiet=True)
    switch(stage, "make_task", "log_call")
    # What only one person can see Slack has no shortcuts for.
    menu = page.get_by_test_id("message-menu")
    await expect(menu).to_have_count(1)
    await page.get_by_test_id("message").first.hover()
    await menu.click()
    await page.get_by_role("menuitem", name="Make this a task").click()
    await expect(page.get_by_role("menu")).to_have_count(0)
    await page.get_by_test_id("shortcuts").click()
    await page.get_by_role("menuitem", name="Log a call").click()
    await expect(page.get_by_role("menu")).to_have_count(0)
    await stage.playground.slack.until(lambda: len(stage.bot.interactions) >= 2, "shortcuts")
    on_message, anywhere = stage.bot.interactions
    assert (on_message["type"], on_message["callback_id"]) == ("message_action", "make_task")
    assert (on_message["message"]["ts"], on_message["message"]["text"]) == (ts, "Great close!")
    assert (anywhere["type"], anywhere["callback_id"]) == ("shortcut", "log_call")
    assert "message" not in anywhere, json.dumps(anywhere)


async def test_a_shortcut_of_a_message_that_has_gone_is_said_and_not_sent(
    page: Page, stage: Stage
) -> None:
    ts = stage.post("Great close!", section("Great close!"))
    switch(stage, "make_task")
    await page.get_by_test_id("message-menu").focus()
    await page.keyboard.press("Enter")
    stage.playground.slack.conversations[ANA][ts].deleted = True
    await page.get_by_role("menuitem", name="Make this a task").click()
    await expect(page.get_by_test_id("toast")).to_contain_text("no longer there")
    assert stage.bot.interactions == []


@pytest.mark.slow
async def test_chris_switches_it_on_and_ana_makes_a_message_a_task(
    browser: Browser, tmp_path: Path
) -> None:
    async with running(tmp_path) as demo, opened(browser, demo) as page:
        await page.get_by_test_id("composer").fill("Ann wants the offer by friday")
        await page.keyboard.press("Enter")
        asked = messages(page, "Ann wants the offer by friday").first
        await asked.wait_for()
        await page.get_by_test_id("person-U03CHRIS").click()
        await page.get_by_role("tab", name="Home").click()
        home = page.get_by_test_id("home")
        await home.get_by_role("button", name="Switch on").first.click()
        await expect(home.get_by_role("button", name="Switch off")).to_have_count(1)
        await page.get_by_test_id("person-U01ANA").click()
        await page.get_by_role("tab", name="Messages").click()
        await asked.hover()
        await asked.get_by_test_id("message-menu").click()
        await page.get_by_role("menuitem", name="Make this a task").click()
        modal = page.get_by_test_id("modal")
        await expect(modal.get_by_label("What is to be done")).to_have_value(
            "Ann wants the offer by friday"
        )
        await modal.get_by_role("button", name="Create task").click()
        await expect(modal).to_contain_text("Created the task “Ann wants the offer by friday”")
