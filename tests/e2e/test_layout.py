"""The page on other screens and in other colours, and its way back after the server was away."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.blocks import actions, button, field, modal, section
from tests.e2e.stage import Stage, free_port, listening

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

# Each text's colour against what lies behind it, as WCAG reckons; what is under 4.5 is returned.
PALE = """() => {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
  };
  const over = (top, under) =>
    [0, 1, 2].map((i) => (top[i] * top[3] + under[i] * (255 - top[3])) / 255);
  const light = (colour) => {
    const linear = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = colour.map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const pale = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const holder = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !holder.checkVisibility()) continue;
    if (holder.closest(".hidden-words, .skip, noscript, option, :disabled")) continue;
    const behind = [];
    for (let node = holder; node; node = node.parentElement) {
      behind.push(rgba(getComputedStyle(node).backgroundColor));
    }
    const ground = behind.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
    const [one, other] = [light(over(rgba(getComputedStyle(holder).color), ground)), light(ground)];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) pale.push(`${texts.currentNode.data.trim()}: ${ratio.toFixed(2)}`);
  }
  return pale;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_can_be_read_in_both_colour_schemes(
    browser: Browser, stage: Stage, scheme: str
) -> None:
    page = await browser.new_page(
        color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce"
    )
    await stage.open(page)
    stage.post(
        "Card",
        section("*Great* `code` <https://a.example|link> <!here>"),
        actions(
            button("Take Action", "take", style="primary"),
            button("Dismiss", "dismiss"),
            button("Stop", "stop", style="danger"),
        ),
    )
    await page.get_by_test_id("message").wait_for()
    await page.get_by_role("button", name="Log", exact=False).first.click()
    await page.get_by_test_id("log-entry").first.wait_for()
    for tab in ("Deals", "Contacts", "Tasks", "Home", "About"):
        await page.get_by_role("tab", name=tab).click()
        assert await page.evaluate(PALE) == [], tab
    await page.get_by_role("tab", name="Messages").click()
    assert await page.evaluate(PALE) == []
    stage.show(modal("Form", field("Title", "plain_text_input")))
    await page.get_by_role("button", name="Save").click()
    await page.get_by_test_id("field-error").filter(has_text="Please complete").wait_for()
    assert await page.evaluate(PALE) == []
    await page.close()


async def test_on_a_phone_the_parts_take_turns_and_nothing_is_cut_off(
    browser: Browser, stage: Stage
) -> None:
    page = await browser.new_page(viewport={"width": 390, "height": 844})
    await stage.open(page)
    parts = page.get_by_role("navigation", name="Parts of the page")
    shown = {
        "Messages": page.locator("#dm"),
        "CRM": page.locator("#crm"),
        "Log": page.locator("#log"),
    }
    for name, part in shown.items():
        await parts.get_by_role("button", name=name).click()
        for each in shown.values():
            await expect(each).to_be_visible(visible=each is part)
        assert await page.evaluate("document.documentElement.scrollWidth") == 390
    await parts.get_by_role("button", name="Messages").click()
    stage.show(modal("Form", field("Title", "plain_text_input")))
    box = await page.get_by_test_id("modal").bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 390)
    await expect(page.get_by_role("button", name="Save")).to_be_in_viewport()
    await page.close()


async def test_the_chosen_colours_are_kept(page: Page) -> None:
    await page.get_by_role("button", name="Dark colours").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await page.get_by_role("button", name="Light colours").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "light")


async def test_the_page_comes_back_by_itself_with_what_it_missed(
    browser: Browser, stage: Stage
) -> None:
    port = free_port()
    stage.playground.app.hosts.add(f"127.0.0.1:{port}")  # type: ignore[attr-defined]
    page = await browser.new_page()
    stage.url = f"http://127.0.0.1:{port}"
    async with listening(stage.playground.app, port):
        await stage.open(page)
        await page.get_by_test_id("composer").fill("half a sentence")
    await expect(page.get_by_text("Trying again")).to_be_visible()
    stage.post("While you were away")
    async with listening(stage.playground.app, port):
        await expect(page.get_by_test_id("message")).to_contain_text("While you were away")
        await expect(page.get_by_text("Trying again")).to_be_hidden()
        await expect(page.get_by_test_id("composer")).to_have_value("half a sentence")
        await page.close()


# Everything on show that is cut off at its own edge or at that of the panel it lies in.
CUT = """() => [...document.querySelectorAll(
    ".card-title, .card-value, .card-contact, .lane-head h3, .sum, .row-title, .row-note, .row-memo"
)].filter((each) => each.checkVisibility()).filter((each) => {
    const box = each.getBoundingClientRect();
    const card = each.closest(".card, .row-item, .lane").getBoundingClientRect();
    return each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).display !== "inline"
        || box.right > card.right + 1 || box.bottom > card.bottom + 1 || box.right > innerWidth;
}).map((each) => each.textContent)"""


async def test_on_a_phone_every_title_and_value_of_the_crm_fits(
    browser: Browser, stage: Stage
) -> None:
    crm = stage.playground.crm
    crm.change_deal("D-1", {"stage": "Closed Won", "value": "123456789.50"})
    crm.change_deal("D-2", {"title": "A" * 300, "value": "98765432.10"})
    crm.change_deal("D-3", {"title": "Übernahmevertragsverhandlung " * 6, "stage": "Closed Lost"})
    page = await browser.new_page(viewport={"width": 360, "height": 740})
    await stage.open(page)
    await (
        page.get_by_role("navigation", name="Parts of the page")
        .get_by_role("button", name="CRM")
        .click()
    )
    for tab in ("Deals", "Contacts", "Tasks"):
        await page.get_by_role("tab", name=tab).click()
        assert await page.evaluate(CUT) == [], tab
    await page.get_by_role("tab", name="Deals").click()
    won = page.get_by_test_id("deal-D-1")
    await won.scroll_into_view_if_needed()
    await expect(won).to_contain_text("€123,456,789.50")
    await expect(won.locator(".card-value")).to_be_in_viewport()
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    await page.close()
