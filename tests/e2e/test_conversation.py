"""The direct message on the page: messages, controls, ephemeral answers, Home, message box."""

import re
import time
from typing import Any

import pytest
from playwright.async_api import Page, expect
from starlette.responses import JSONResponse, Response

from tests.e2e.blocks import actions, button, options, plain, section
from tests.e2e.stage import ANA, BEN, Stage

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

CARD = [section("*Great close!*"), actions(button("Dismiss", "dismiss", style="danger"))]


async def test_a_message_arrives_by_itself_and_its_button_tells_the_bot(
    page: Page, stage: Stage
) -> None:
    ts = stage.post("Great close!", *CARD)

    def answer(got: dict[str, Any]) -> Response | None:
        if got.get("type") == "block_actions":
            stage.update(ts, "Dismissed", section("~Great close!~ Dismissed"))
        return None

    stage.bot.reply = answer
    message = page.get_by_test_id("message")
    await expect(message).to_contain_text("Great close!")
    await message.get_by_role("button", name="Dismiss").click()
    await expect(message).to_contain_text("Dismissed")
    await expect(message).to_contain_text("(edited)")
    await expect(message.get_by_role("button")).to_have_count(0)
    (click,) = stage.clicks()
    assert (click["action_id"], click["value"]) == ("dismiss", "dismiss")
    # The button that had the focus is gone: the message has it now, not the whole page.
    await expect(message).to_be_focused()


async def test_a_failing_bot_is_never_silent(page: Page, stage: Stage) -> None:
    stage.post("Great close!", *CARD)
    stage.bot.reply = lambda got: Response(status_code=500) if "actions" in got else None
    await page.get_by_role("button", name="Dismiss").click()
    await expect(page.get_by_test_id("toast")).to_contain_text("500")


async def test_a_confirmation_is_asked_first_and_can_be_declined(page: Page, stage: Stage) -> None:
    question = {
        "title": plain("Forget everything?"),
        "text": plain("It cannot be undone."),
        "confirm": plain("Forget"),
        "deny": plain("Keep"),
    }
    stage.post("Settings", actions(button("Reset", "reset", confirm=question)))
    for decline in ("Keep", "Escape"):
        await page.get_by_role("button", name="Reset").click()
        await expect(page.get_by_test_id("confirm")).to_contain_text("It cannot be undone.")
        if decline == "Escape":
            await page.keyboard.press(decline)
        else:
            await page.get_by_role("button", name=decline).click()
        await expect(page.get_by_test_id("confirm")).to_have_count(0)
    assert stage.clicks() == []
    await expect(page.get_by_role("button", name="Reset")).to_be_focused()
    await page.get_by_role("button", name="Reset").press("Enter")
    await page.get_by_role("button", name="Forget").press("Enter")
    await expect(page.locator(".busy")).to_have_count(0)
    assert [click["action_id"] for click in stage.clicks()] == ["reset"]


async def test_menus_and_dates_send_what_slack_sends(page: Page, stage: Stage) -> None:
    stage.post(
        "Controls",
        actions(
            {"type": "overflow", "action_id": "more", "options": options("Mute", "Why")},
            {
                "type": "static_select",
                "action_id": "stage",
                "placeholder": plain("Move to stage"),
                "options": options("Proposal", "Negotiation"),
            },
            {"type": "datepicker", "action_id": "due", "initial_date": "2026-11-20"},
        ),
    )
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="Why").click()
    menu = page.get_by_role("button", name="Move to stage")
    await menu.press("Enter")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Negotiation").first).to_be_visible()
    await page.locator("input[type=date]").fill("2026-11-25")
    await expect(page.locator(".busy")).to_have_count(0)
    more, moved, due = stage.clicks()
    assert more["selected_option"]["value"] == "why"
    assert moved["selected_option"]["value"] == "negotiation"
    assert due["selected_date"] == "2026-11-25"


async def test_a_menu_is_left_by_escape_without_choosing(page: Page, stage: Stage) -> None:
    stage.post(
        "Menu", actions({"type": "overflow", "action_id": "more", "options": options("Mute")})
    )
    more = page.get_by_role("button", name="More actions")
    await more.press("Enter")
    await expect(page.get_by_role("menuitem", name="Mute")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(more).to_be_focused()
    assert stage.clicks() == []


async def test_commands_are_completed_sent_and_answered_for_one_alone(
    page: Page, stage: Stage
) -> None:
    stage.bot.reply = lambda got: JSONResponse({"text": "*Hello* there"})
    commands = [{"command": "/coach", "usage_hint": "help", "completions": ["help", "level"]}]
    await page.route(
        "**/ui/state",
        lambda route: _with_commands(route, commands),
    )
    await page.reload()
    box = page.get_by_test_id("composer")
    await box.press_sequentially("/c")
    await expect(page.get_by_role("option", name="/coach")).to_be_visible()
    await box.press("Tab")
    await expect(box).to_have_value("/coach ")
    await box.press("ArrowDown")
    await box.press("ArrowDown")
    await box.press("Enter")
    await expect(box).to_have_value("/coach level")
    await box.press_sequentially(" 2")
    await box.press("Enter")
    message = page.get_by_test_id("message")
    await expect(message).to_contain_text("Only visible to you")
    await expect(message.locator("strong", has_text="Hello")).to_be_visible()
    assert [got["text"] for got in stage.bot.commands] == ["level 2"]
    await expect(box).to_have_value("")
    await box.press("ArrowUp")
    await expect(box).to_have_value("/coach level 2")


async def _with_commands(route: Any, commands: list[dict[str, Any]]) -> None:
    response = await route.fetch()
    await route.fulfill(response=response, json={**await response.json(), "commands": commands})


async def test_an_unknown_command_is_said_and_the_text_is_kept(page: Page, stage: Stage) -> None:
    box = page.get_by_test_id("composer")
    await box.fill("/couch help")
    await box.press("Enter")
    await expect(page.get_by_test_id("toast")).to_contain_text("/couch is not a valid command")
    await expect(box).to_have_value("/couch help")


async def test_what_is_written_is_answered_by_the_app_and_by_nobody_else(
    page: Page, stage: Stage
) -> None:
    box = page.get_by_test_id("composer")
    await box.fill("Hello")
    await box.press("Enter")
    await expect(page.get_by_test_id("message")).to_have_count(1)
    assert [
        each["event"]["text"] for each in stage.bot.events if each["event"]["type"] == "message"
    ] == ["Hello"]
    stage.post("Hello! What can I do?")
    await expect(page.get_by_test_id("message")).to_have_count(2)
    await expect(page.get_by_test_id("toast")).to_have_count(0)


async def test_each_person_sees_their_own_messages_and_unread_ones_are_counted(
    page: Page, stage: Stage
) -> None:
    stage.post("For Ana only")
    stage.post("For Ben only", who=BEN)
    messages = page.get_by_test_id("message")
    await expect(messages).to_have_text([re.compile("For Ana only")])
    ben = page.get_by_test_id(f"person-{BEN}")
    await expect(ben.locator(".unread")).to_contain_text("1")
    await ben.click()
    await expect(messages).to_have_text([re.compile("For Ben only")])
    await expect(ben.locator(".unread")).to_have_count(0)
    await page.reload()
    await expect(messages).to_have_text([re.compile("For Ben only")])


async def test_the_home_tab_shows_what_the_app_published(page: Page, stage: Stage) -> None:
    await page.get_by_role("tab", name="Home").click()
    stage.playground.slack.publish_home(
        ANA, {"type": "home", "blocks": [section("Two wait"), actions(button("Go", "go"))]}
    )
    await expect(page.get_by_test_id("home")).to_contain_text("Two wait")
    await page.get_by_role("button", name="Go").click()
    await expect(page.locator(".busy")).to_have_count(0)
    assert stage.clicks()[0]["action_id"] == "go"
    opened = [got["event"] for got in stage.bot.events]
    assert ("app_home_opened", "home") in [(event["type"], event["tab"]) for event in opened]


async def test_tabs_are_chosen_by_arrow_keys(page: Page) -> None:
    await page.get_by_role("tab", name="Messages").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("tab", name="About")).to_be_focused()
    await expect(page.get_by_role("tabpanel", name="About")).to_contain_text("ana@northwind")
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("tab", name="Home")).to_have_attribute("aria-selected", "true")


async def test_new_messages_are_told_to_screen_readers(page: Page, stage: Stage) -> None:
    stage.post("*Great* close &amp; more", section("x"))
    await expect(page.locator("#announcer")).to_have_text("Coach: Great close & more")


async def test_a_page_that_is_loaded_again_counts_the_same_unread_messages(
    page: Page, stage: Stage
) -> None:
    ben = page.get_by_test_id("person-U02BEN")
    stage.post("Seen one", who=BEN)
    stage.post("Seen two", who=BEN)
    await ben.click()
    await expect(page.get_by_test_id("message")).to_have_count(2)
    await page.get_by_test_id("person-U01ANA").click()
    stage.post("Not seen yet", who=BEN)
    stage.playground.slack.post(BEN, "Only for a moment", [], quiet=True)
    await expect(ben.locator(".unread")).to_contain_text("1")
    for _ in range(2):
        await page.reload()
        await expect(ben.locator(".unread")).to_have_text(re.compile(r"1$"))
    # Whoever begins the demo anew has seen nothing of it, however far ahead the last one was.
    ahead = int(time.time()) + 10**8
    await page.evaluate(
        "ts => localStorage.setItem('playground.seen', JSON.stringify({U02BEN: ts}))", f"{ahead}.0"
    )
    await page.reload()
    await expect(ben.locator(".unread")).to_have_text(re.compile(r"3$"))
