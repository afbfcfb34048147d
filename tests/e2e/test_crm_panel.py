"""The CRM beside the conversation: each change is one signed webhook, and the log shows it."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.bot.playground.fake_bot import BOT_TOKEN
from tests.e2e.stage import Stage

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]


async def told(page: Page, stage: Stage, verb: str) -> dict[str, Any]:
    """The first webhook of this verb, once the log has shown it."""
    entry = page.get_by_test_id("log-entry").filter(has_text=verb)
    if await page.get_by_test_id("log").is_hidden():
        await page.get_by_role("button", name="Log", exact=False).first.click()
    await expect(entry.first).to_be_visible()
    return next(got["data"] for got in stage.bot.webhooks if got["type"] == verb)


async def test_a_deal_is_moved_by_menu(page: Page, stage: Stage) -> None:
    deal = page.get_by_test_id("deal-D-1")
    await deal.get_by_role("button", name="Move Acme renewal to…").press("Enter")
    for _ in range(3):
        await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("menuitem", name="Closed Won")).to_be_focused()
    await page.keyboard.press("Enter")
    won = page.get_by_test_id("stage-Closed Won")
    await expect(won.get_by_test_id("deal-D-1")).to_be_visible()
    data = await told(page, stage, "deal_closed")
    assert (data["deal"]["id"], data["deal"]["status"]) == ("D-1", "won")


async def test_a_deal_is_moved_by_dragging(page: Page, stage: Stage) -> None:
    await page.get_by_test_id("deal-D-3").drag_to(page.get_by_test_id("stage-Closed Lost"))
    lost = page.get_by_test_id("stage-Closed Lost")
    await expect(lost.get_by_test_id("deal-D-3")).to_be_visible()
    data = await told(page, stage, "deal_closed")
    assert (data["deal"]["id"], data["deal"]["status"]) == ("D-3", "lost")


async def test_a_deal_is_added_and_a_wrong_value_is_said_in_the_form(
    page: Page, stage: Stage
) -> None:
    await page.get_by_role("button", name="Add deal").click()
    form = page.get_by_test_id("form")
    await form.get_by_label("Title").fill("Harbour <b> & Foods")
    await form.get_by_label("Value").fill("a lot")
    await form.get_by_role("button", name="Add deal").click()
    await expect(form.get_by_role("alert")).to_have_text(re.compile("number|value"))
    await form.get_by_label("Value").fill("7500")
    await form.get_by_label("Owner").select_option("Ben Okafor")
    await form.get_by_role("button", name="Add deal").click()
    await expect(form).to_have_count(0)
    board = page.get_by_test_id("board")
    await expect(board).to_contain_text("Harbour <b> & Foods")
    data = await told(page, stage, "deal_created")
    assert data["deal"]["owner_email"] == "ben@northwind.example"


async def test_a_deal_is_edited_and_deleted(page: Page, stage: Stage) -> None:
    move = page.get_by_role("button", name="Move Acme renewal to…")
    await move.click()
    await page.get_by_role("menuitem", name="Edit…").click()
    await page.get_by_test_id("form").get_by_label("Value (EUR)").fill("13000")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_test_id("deal-D-1")).to_contain_text("€13,000")
    await move.click()
    await page.get_by_role("menuitem", name="Delete").click()
    await expect(page.get_by_test_id("deal-D-1")).to_have_count(0)
    await told(page, stage, "deal_deleted")


async def test_a_call_is_logged_with_a_contact(page: Page, stage: Stage) -> None:
    await page.get_by_role("tab", name="Contacts").click()
    await page.get_by_role("button", name="Log a call with Priya Nair").click()
    await expect(page.get_by_test_id("contact-C-3")).to_contain_text("Last contact today")
    data = await told(page, stage, "call_logged")
    assert data["contact"]["id"] == "C-3"


async def test_a_task_is_completed_and_another_moved(page: Page, stage: Stage) -> None:
    await page.get_by_role("tab", name="Tasks").click()
    late = page.get_by_test_id("task-T-1")
    await expect(late).to_contain_text("Was due 3 days ago")
    await late.get_by_role("button", name=re.compile("Change the date")).click()
    await page.get_by_role("menuitem", name="Tomorrow").click()
    await expect(late).to_contain_text("Due tomorrow")
    await told(page, stage, "task_rescheduled")
    await late.get_by_role("button", name=re.compile("^Complete")).click()
    await expect(late).to_have_attribute("data-status", "completed")
    data = await told(page, stage, "task_completed")
    assert data["task"]["id"] == "T-1"


async def test_a_task_and_a_contact_are_added(page: Page, stage: Stage) -> None:
    await page.get_by_role("tab", name="Tasks").click()
    await page.get_by_role("button", name="Add task").click()
    await page.get_by_test_id("form").get_by_label("Title").fill("Send the proposal")
    await page.get_by_test_id("form").get_by_role("button", name="Add task").click()
    await expect(page.locator("#tasks")).to_contain_text("Send the proposal")
    await page.get_by_role("tab", name="Contacts").click()
    await page.get_by_role("button", name="Add contact").click()
    await page.get_by_test_id("form").get_by_label("Name").fill("Maria Santos")
    await page.get_by_test_id("form").get_by_role("button", name="Add contact").click()
    await expect(page.locator("#contacts")).to_contain_text("Maria Santos")
    await told(page, stage, "task_created")
    await told(page, stage, "contact_created")


async def test_a_new_task_is_announced_on_its_tab_until_somebody_looks(
    page: Page, stage: Stage
) -> None:
    task = stage.playground.crm.add_task(
        {"title": "Ask Ann Lee for referral", "owner": "U01ANA", "priority": "high"}
    )
    await expect(page.get_by_role("tab", name="Tasks")).to_have_class(re.compile("fresh"))
    await page.get_by_role("tab", name="Tasks").click()
    await expect(page.get_by_role("tab", name="Tasks")).not_to_have_class(re.compile("fresh"))
    await expect(page.get_by_test_id(f"task-{task['id']}")).to_contain_text("high priority")


async def test_only_one_persons_things_are_shown_when_asked(page: Page) -> None:
    await page.get_by_role("button", name="Only Ana's").click()
    await expect(page.get_by_test_id("deal-D-7")).to_have_count(0)
    await expect(page.get_by_test_id("deal-D-1")).to_be_visible()


async def test_the_clock_moves_on_by_a_day_and_a_week(page: Page, stage: Stage) -> None:
    before = stage.playground.clock.now()
    await page.get_by_test_id("forward-day").click()
    await page.get_by_test_id("forward-week").click()
    await expect(page.locator(".busy")).to_have_count(0)
    after = stage.playground.clock.now()
    assert (after - before).days == 8
    await expect(page.get_by_test_id("clock")).to_contain_text(f"{after:%Y}")
    await expect(page.get_by_test_id("deal-D-1")).to_contain_text("11 d")


async def test_the_log_shows_a_refused_call_and_why(page: Page, stage: Stage) -> None:
    view = {"type": "modal", "title": {"type": "plain_text", "text": "x" * 25}, "blocks": []}
    await page.context.request.post(
        f"{stage.url}/api/views.open",
        headers={"Authorization": f"Bearer {BOT_TOKEN}"},
        data={"trigger_id": "1.2", "view": view},
    )
    await page.get_by_role("button", name="Log", exact=False).first.click()
    await page.get_by_role("button", name="Problems").click()
    entry = page.get_by_test_id("log-entry")
    await expect(entry).to_have_count(1)
    await expect(entry).to_contain_text("views.open")
    await entry.locator("summary").press("Enter")
    await expect(entry).to_contain_text("/view/title")


async def test_only_somebodys_things_are_counted_when_only_theirs_are_shown(
    page: Page, stage: Stage
) -> None:
    crm = stage.playground.crm
    await page.get_by_test_id("person-U03CHRIS").click()
    only = page.get_by_role("button", name="Only Chris's")

    def counts(who: str | None) -> dict[str, str]:
        def kept(things: dict[str, Any], wanted: str) -> str:
            mine = [one for one in things.values() if who in {None, one["owner"]}]
            return str(sum(wanted in {"", one.get("status")} for one in mine))

        return {
            "deals": kept(crm.deals, "open"),
            "contacts": kept(crm.contacts, ""),
            "tasks": kept(crm.tasks, "pending"),
        }

    async def shown(expected: dict[str, str]) -> None:
        for name, count in expected.items():
            await expect(page.locator(f"#count-{name}")).to_have_text(count)

    assert counts(None) != counts("U03CHRIS")
    await shown(counts(None))
    await only.click()
    await shown(counts("U03CHRIS"))
    await page.get_by_test_id("person-U01ANA").click()
    await shown(counts("U01ANA"))
    await page.get_by_role("button", name="Only Ana's").click()
    await shown(counts(None))


async def test_the_hint_goes_when_it_is_followed_and_stays_away(page: Page, stage: Stage) -> None:
    hint = page.get_by_text("Move a deal to Closed Won and watch the message arrive.")
    await expect(hint).to_be_visible()
    stage.playground.crm.change_deal("D-2", {"stage": "Negotiation"})
    await expect(
        page.get_by_test_id("stage-Negotiation").get_by_test_id("deal-D-2")
    ).to_be_visible()
    await expect(hint).to_be_visible()
    await page.get_by_role("button", name="Move Acme renewal to…").click()
    await page.get_by_role("menuitem", name="Closed Won").click()
    await expect(hint).to_be_hidden()
    await page.reload()
    await page.get_by_test_id("deal-D-1").wait_for()
    await expect(hint).to_be_hidden()
