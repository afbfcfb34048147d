"""Modals on the page: inputs, field errors, stacks, keyboard, and what outlives a change."""

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Route, expect
from starlette.responses import JSONResponse, Response

from tests.e2e.blocks import actions, button, field, modal, options, section
from tests.e2e.stage import Stage

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

FORM = modal(
    "Create a task",
    field("Title", "plain_text_input", initial_value="Ask Ann"),
    field("Days", "number_input", is_decimal_allowed=False, min_value="1", max_value="30"),
    field("Email", "email_text_input", optional=True),
    field("Priority", "static_select", options=options("High", "Low")),
    field("Level", "radio_buttons", options=options("Minimal", "Active")),
    field("Days off", "checkboxes", options=options("Sat", "Sun"), optional=True),
)


def top(page: Page) -> Locator:
    """The modal on top."""
    return page.get_by_test_id("modal").last


def submissions(stage: Stage) -> list[dict[str, Any]]:
    """The values of each form that reached the bot."""
    return [
        got["view"]["state"]["values"]
        for got in stage.bot.interactions
        if got["type"] == "view_submission"
    ]


async def test_a_form_is_filled_by_keyboard_and_sent_in_slacks_form(
    page: Page, stage: Stage
) -> None:
    stage.show(FORM)
    await expect(top(page).get_by_label("Title")).to_be_focused()
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type("Call Ann")
    await page.keyboard.press("Tab")
    await page.keyboard.type("7")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    await top(page).get_by_role("button", name="Save").press("Enter")
    await expect(page.get_by_test_id("modal")).to_have_count(0)
    (values,) = submissions(stage)
    assert values["Title"]["it"]["value"] == "Call Ann"
    assert values["Days"]["it"] == {"type": "number_input", "value": "7"}
    assert values["Priority"]["it"]["selected_option"]["value"] == "low"
    assert values["Level"]["it"]["selected_option"]["value"] == "active"
    assert [each["value"] for each in values["Days off"]["it"]["selected_options"]] == ["sat"]


async def test_what_slack_itself_refuses_never_reaches_the_app(page: Page, stage: Stage) -> None:
    stage.show(FORM)
    form = top(page)
    await form.get_by_label("Title").fill(" ")
    await form.get_by_label("Days", exact=True).fill("31")
    await form.get_by_label("Email").fill("nobody")
    await form.get_by_role("button", name="Save").click()
    errors = form.get_by_test_id("field-error").filter(has_text=re.compile("."))
    await expect(errors).to_have_text(
        [
            "Please complete this required field.",
            "Please enter a number of 30 or less.",
            "Please enter a valid email address.",
            "Please complete this required field.",
            "Please complete this required field.",
        ]
    )
    await expect(form.get_by_label("Title")).to_be_focused()
    await expect(form.get_by_label("Title")).to_have_attribute("aria-invalid", "true")
    assert submissions(stage) == []


async def test_the_apps_errors_stand_at_their_fields(page: Page, stage: Stage) -> None:
    stage.show(modal("Settings", field("Days", "number_input", is_decimal_allowed=False)))
    answer = {"response_action": "errors", "errors": {"Days": "Choose 1 to 30 days."}}
    stage.bot.reply = lambda _: JSONResponse(answer)
    await top(page).get_by_label("Days").fill("99")
    await top(page).get_by_role("button", name="Save").click()
    await expect(top(page).get_by_test_id("field-error")).to_have_text("Choose 1 to 30 days.")
    stage.bot.reply = lambda _: None
    await top(page).get_by_label("Days").fill("9")
    await top(page).get_by_label("Days").press("Enter")
    await expect(page.get_by_test_id("modal")).to_have_count(0)
    assert [values["Days"]["it"]["value"] for values in submissions(stage)] == ["99", "9"]


async def test_modals_stack_and_escape_closes_only_the_one_on_top(page: Page, stage: Stage) -> None:
    for title in ("First", "Second", "Third"):
        stage.show(modal(title, section("Text")), push=title != "First")
    modals = page.get_by_test_id("modal")
    await expect(modals).to_have_count(3)
    for title in ("Second", "First"):
        await page.keyboard.press("Escape")
        await expect(modals.last).to_contain_text(title)
    await page.keyboard.press("Escape")
    await expect(modals).to_have_count(0)


async def test_focus_stays_in_a_modal_and_returns_after_it(page: Page, stage: Stage) -> None:
    stage.post("Card", actions(button("Take Action", "take")))

    def answer(got: dict[str, Any]) -> None:
        if "actions" in got:
            stage.show(FORM)

    stage.bot.reply = answer
    take = page.get_by_role("button", name="Take Action")
    await take.press("Enter")
    await expect(top(page)).to_be_visible()
    for _ in range(14):
        await page.keyboard.press("Tab")
        # Past the last control a browser may stop at its own frame, which is no part of the page.
        assert await page.evaluate(
            "document.activeElement === document.body"
            " || Boolean(document.activeElement.closest('dialog'))"
        )
    await page.keyboard.press("Escape")
    await expect(take).to_be_focused()


async def test_what_was_typed_outlives_an_update_of_the_modal(page: Page, stage: Stage) -> None:
    task = {**actions(button("Complete", "complete")), "block_id": "task"}
    view = stage.show(modal("Tasks", field("Note", "plain_text_input"), task))
    await top(page).get_by_label("Note").fill("half a")

    def answer(got: dict[str, Any]) -> None:
        if "actions" in got:
            _, now = stage.playground.slack.view(view["id"])
            done = modal("Tasks", field("Note", "plain_text_input"), section("Completed"))
            stage.playground.slack.replace_view("U01ANA", now, done)

    stage.bot.reply = answer
    await top(page).get_by_role("button", name="Complete").click()
    await expect(top(page)).to_contain_text("Completed")
    await expect(top(page).get_by_label("Note")).to_have_value("half a")
    click = next(got for got in stage.bot.interactions if "actions" in got)
    assert click["view"]["state"]["values"]["Note"]["it"]["value"] == "half a"


async def test_an_update_while_somebody_types_takes_neither_focus_nor_caret(
    page: Page, stage: Stage
) -> None:
    view = stage.show(modal("Note", field("Note", "plain_text_input")))
    note = top(page).get_by_label("Note")
    await note.press_sequentially("call")
    await note.press("Home")
    now = stage.playground.slack.view(view["id"])[1]
    news = modal("Note", field("Note", "plain_text_input"), section("News"))
    stage.playground.slack.replace_view("U01ANA", now, news)
    await expect(top(page)).to_contain_text("News")
    await page.keyboard.type("re")
    await expect(note).to_have_value("recall")


async def test_an_open_modal_is_there_again_after_a_reload(page: Page, stage: Stage) -> None:
    stage.show(FORM)
    await expect(top(page)).to_be_visible()
    await page.reload()
    await expect(top(page).get_by_label("Title")).to_have_value("Ask Ann")


def offering(stage: Stage, *labels: str) -> list[str]:
    """Let the bot offer those of these that hold what is typed; what was typed so far."""
    typed: list[str] = []

    def answer(got: dict[str, Any]) -> Response | None:
        if got.get("type") != "block_suggestion":
            return None
        typed.append(got["value"])
        found = [each for each in labels if got["value"].lower() in each.lower()]
        return JSONResponse({"options": options(*found)})

    stage.bot.reply = answer
    return typed


async def test_a_menu_of_many_is_searched_by_typing_and_chosen_by_keyboard(
    page: Page, stage: Stage
) -> None:
    typed = offering(stage, *(f"Deal {n}" for n in range(90)))
    many = {"min_query_length": 0, "placeholder": {"type": "plain_text", "text": "Type a name"}}
    stage.show(modal("Task", field("About", "external_select", optional=True, **many)))
    menu = top(page).get_by_role("button", name="About")
    await expect(menu).to_have_text("Type a name")
    await menu.click()
    # Before anything is typed the first of them are there.
    search = page.get_by_role("combobox", name="Type a name")
    await expect(page.get_by_role("option")).to_have_count(90)
    await search.press_sequentially("deal 7")
    await expect(page.get_by_role("option")).to_have_count(11)
    assert (typed[0], typed[-1]) == ("", "deal 7")
    await search.press("ArrowDown")
    await search.press("ArrowDown")
    await search.press("Enter")
    await expect(menu).to_have_text("Deal 71")
    await expect(menu).to_be_focused()
    await top(page).get_by_role("button", name="Save").click()
    await expect(page.get_by_test_id("modal")).to_have_count(0)
    (values,) = submissions(stage)
    assert values["About"]["it"]["selected_option"]["value"] == "deal 71"


async def test_a_menu_of_many_says_that_nothing_was_found_and_can_be_left_or_cleared(
    page: Page, stage: Stage
) -> None:
    offering(stage, "Acme")
    stage.show(modal("Task", field("About", "external_select", optional=True, min_query_length=0)))
    menu = top(page).get_by_role("button", name="About")
    await menu.click()
    search = page.get_by_role("combobox", name="Type to search")
    await search.fill("zzz")
    await expect(page.get_by_text("No results")).to_be_visible()
    # Escape leaves the menu, and not the window.
    await search.press("Escape")
    await expect(search).to_have_count(0)
    await expect(page.get_by_test_id("modal")).to_have_count(1)
    await menu.click()
    await page.get_by_role("option", name="Acme").click()
    await expect(menu).to_have_text("Acme")
    await menu.click()
    await page.get_by_role("option", name="Clear").click()
    await expect(menu).to_have_text("Choose an option")
    stage.bot.reply = lambda got: JSONResponse({"options": [{"value": "x"}]})
    await menu.click()
    await expect(page.get_by_text("Slack does not accept what the menu offers")).to_be_visible()


async def test_a_late_answer_does_not_take_the_place_of_a_later_one(
    page: Page, stage: Stage
) -> None:
    offering(stage, "Acme", "Blue")
    later = asyncio.Event()

    async def hold(route: Route) -> None:
        first = '"value":""' in (route.request.post_data or "")
        answer = await route.fetch()
        if first:
            await later.wait()
        await route.fulfill(response=answer)
        if not first:
            later.set()

    await page.route("**/ui/suggest", hold)
    stage.show(modal("Task", field("About", "external_select", optional=True, min_query_length=0)))
    await top(page).get_by_role("button", name="About").click()
    async with page.expect_response(lambda got: '"value":""' in (got.request.post_data or "")):
        await page.get_by_role("combobox", name="Type to search").fill("blue")
    # By now it would have been drawn.
    await page.wait_for_timeout(300)
    await expect(page.get_by_role("option")).to_have_text(["Blue"])
