"""What the page makes of Slack's texts and blocks, drawn by the real modules in a real browser."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

DRAW_TEXT = """async ([text, options]) => {
  const { mrkdwn } = await import("/page/mrkdwn.js");
  const box = document.createElement("div");
  box.append(...mrkdwn(text, options));
  document.body.append(box);
  return box.innerHTML;
}"""

DRAW_BLOCKS = """async (blocks) => {
  const { renderBlocks } = await import("/page/blocks.js");
  const { Form } = await import("/page/inputs.js");
  const form = new Form();
  const box = document.createElement("div");
  box.append(...renderBlocks(blocks, { form, act: async () => ({ ok: true }) }));
  document.body.replaceChildren(box);
  return form.values;
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def empty(browser: Browser, page_files: str) -> AsyncIterator[Page]:
    """An empty page under the playground's security policy; a refused script is an error."""
    page = await browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(page_files)
    yield page
    await page.close()
    assert complaints == []


@pytest_asyncio.fixture(loop_scope="module")
async def page(empty: Page) -> Page:  # instead of the whole playground's
    """The same page with nothing on it."""
    await empty.evaluate("document.body.replaceChildren()")
    return empty


async def drawn(page: Page, text: str, *, verbatim: bool = False) -> str:
    """The markup that a mrkdwn text becomes."""
    html: str = await page.evaluate(DRAW_TEXT, [text, {"verbatim": verbatim}])
    return html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*bold* _slanted_ ~gone~", "<strong>bold</strong> <em>slanted</em> <s>gone</s>"),
        ("*_both_*", "<strong><em>both</em></strong>"),
        ("2*3*4 and snake_case_name", "2*3*4 and snake_case_name"),
        ("a * b * c", "a * b * c"),
        ("`*not bold*`", "<code>*not bold*</code>"),
        ("```\nx = 1\n```", "<pre><code>x = 1</code></pre>"),
        ("one\ntwo", "one<br>two"),
        ("> quoted\n> twice\nplain", "<blockquote>quoted<br>twice</blockquote>plain"),
        (":dart:", '<span class="emoji" role="img" aria-label="dart">🎯</span>'),
        (":no_such_emoji: at 10:30:00", ":no_such_emoji: at 10:30:00"),
        ("<!here>", '<span class="mention loud">@here</span>'),
        ("<@U404|ann>", '<span class="mention">@ann</span>'),
    ],
)
async def test_mrkdwn_looks_as_in_slack(page: Page, text: str, html: str) -> None:
    assert await drawn(page, text) == html


async def test_links_keep_their_label_and_open_apart(page: Page) -> None:
    html = await drawn(page, "<https://crm.example/d?a=1&amp;b=2|Acme &amp; Sons>")
    assert html == (
        '<a href="https://crm.example/d?a=1&amp;b=2" target="_blank" rel="noopener noreferrer">'
        "Acme &amp; Sons</a>"
    )


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "x"])
async def test_an_address_that_could_run_code_is_never_a_link(page: Page, address: str) -> None:
    html = await drawn(page, f"<{address}|Click me>")
    assert "Click me" in html
    assert "<a" not in html
    assert "href" not in html


async def test_entities_are_unescaped_exactly_once(page: Page) -> None:
    await drawn(page, "Q&amp;A &lt;b&gt; &amp;lt;i&amp;gt;")
    assert await page.inner_text("div") == "Q&A <b> &lt;i&gt;"


async def test_markup_in_a_text_stays_text(page: Page) -> None:
    await drawn(page, "<img src=x onerror=alert(1)> &lt;script&gt;alert(1)&lt;/script&gt;")
    assert await page.locator("div img, div script").count() == 0
    assert "<script>alert(1)</script>" in await page.inner_text("div")


async def test_bare_addresses_become_links_unless_the_text_is_verbatim(page: Page) -> None:
    assert 'href="https://a.example/x"' in await drawn(page, "see https://a.example/x.")
    assert "<a" not in await drawn(page, "see https://a.example/x.", verbatim=True)


@pytest.mark.parametrize(
    "text", ["*" + "<a>" * 900, "*a " * 900, "_" * 3000, "~*_" * 900, "`" * 3000, "<" * 3000]
)
async def test_hostile_texts_are_drawn_at_once(page: Page, text: str) -> None:
    begun = time.monotonic()
    await drawn(page, text)
    assert time.monotonic() - begun < 2


async def test_a_block_the_page_does_not_know_is_named_and_not_dropped(page: Page) -> None:
    await page.evaluate(DRAW_BLOCKS, [{"type": "carousel", "elements": []}])
    box = page.get_by_test_id("not-shown")
    assert "“carousel” is not shown here" in await box.inner_text()


async def test_rich_text_is_shown_without_reading_any_marks_in_it(page: Page) -> None:
    def part(text: str, **more: Any) -> dict[str, Any]:
        return {"type": "text", "text": text, **more}

    parts = [part("*Acme* <!here> &amp; "), part("Sons", style={"bold": True})]
    section = {"type": "rich_text_section", "elements": parts}
    listed = {"type": "rich_text_list", "style": "bullet", "elements": [section]}
    await page.evaluate(DRAW_BLOCKS, [{"type": "rich_text", "elements": [section, listed]}])
    assert await page.locator(".block .text").inner_text() == "*Acme* <!here> &amp; Sons"
    assert await page.locator("li strong").inner_text() == "Sons"
    assert await page.locator(".mention").count() == 0


async def test_inputs_begin_with_their_initial_values_in_slacks_form(page: Page) -> None:
    def words(text: str) -> dict[str, str]:
        return {"type": "plain_text", "text": text}

    def field(block: str, **element: Any) -> dict[str, Any]:
        return {
            "type": "input",
            "block_id": block,
            "label": words(block),
            "element": {"action_id": "it", **element},
        }

    high = {"text": words("High"), "value": "high"}
    values = await page.evaluate(
        DRAW_BLOCKS,
        [
            field("Title", type="plain_text_input", initial_value="Call Ann"),
            field("Days", type="number_input", is_decimal_allowed=False),
            field("Due", type="datepicker", initial_date="2026-11-25"),
            field("Priority", type="static_select", options=[high], initial_option=high),
            field("On", type="checkboxes", options=[high], initial_options=[high]),
        ],
    )
    assert values == {
        "Title": {"it": {"type": "plain_text_input", "value": "Call Ann"}},
        "Days": {"it": {"type": "number_input", "value": None}},
        "Due": {"it": {"type": "datepicker", "selected_date": "2026-11-25"}},
        "Priority": {"it": {"type": "static_select", "selected_option": high}},
        "On": {"it": {"type": "checkboxes", "selected_options": [high]}},
    }
    assert await page.get_by_label("Title").input_value() == "Call Ann"
