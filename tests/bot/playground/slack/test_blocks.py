"""What Slack refuses, the stand-in refuses too, naming the place: one case for each limit."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.slack.blocks import problems, too_long, view_problems

Block = dict[str, Any]


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text}


def section(text: str = "hello", **more: Any) -> Block:
    return {"type": "section", "text": mrkdwn(text), **more}


def button(action_id: str = "go", text: str = "Go", **more: Any) -> Block:
    return {"type": "button", "action_id": action_id, "text": plain(text), **more}


def actions(*elements: Block, **more: Any) -> Block:
    return {"type": "actions", "elements": list(elements), **more}


def option(text: str = "One", value: str = "1", **more: Any) -> Block:
    return {"text": plain(text), "value": value, **more}


def select(*options: Block, **more: Any) -> Block:
    return {"type": "static_select", "action_id": "pick", "options": list(options), **more}


def asked(element: Block, label: str = "Title", **more: Any) -> Block:
    return {"type": "input", "label": plain(label), "element": element, **more}


def rich(*inline: Block) -> Block:
    part = {"type": "rich_text_section", "elements": list(inline)}
    return {"type": "rich_text", "elements": [part]}


def modal(*blocks: Block, **more: Any) -> Block:
    return {"type": "modal", "title": plain("A title"), "blocks": list(blocks), **more}


CONFIRM = {
    "title": plain("Sure?"),
    "text": plain("It cannot be undone"),
    "confirm": plain("Yes"),
    "deny": plain("No"),
}
TEXT_INPUT = {"type": "plain_text_input", "action_id": "title"}
IMAGE = {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"}
FEEDBACK = {
    "type": "feedback_buttons",
    "action_id": "useful",
    "positive_button": {"text": plain("Useful"), "value": "yes"},
    "negative_button": {"text": plain("Not useful"), "value": "no"},
}
ALERT = {"type": "alert", "text": plain("Careful"), "level": "warning"}

ACCEPTED: list[tuple[str, list[Block]]] = [
    ("an empty message", []),
    ("a section with fields only", [{"type": "section", "fields": [mrkdwn("a")] * 10}]),
    ("the longest section", [section("x" * 3000)]),
    ("fifty blocks", [{"type": "divider"}] * 50),
    ("the longest header", [{"type": "header", "text": plain("x" * 150)}]),
    ("ten context elements", [{"type": "context", "elements": [mrkdwn("a")] * 9 + [IMAGE]}]),
    ("twenty-five buttons", [actions(*[button(f"b{n}") for n in range(25)])]),
    ("the longest button", [actions(button(text="x" * 75, value="v" * 2000))]),
    ("a button that asks first", [actions(button(style="danger", confirm=CONFIRM))]),
    ("a link button", [actions(button(url="https://example.com"))]),
    ("an overflow", [section(accessory={"type": "overflow", "options": [option()]})]),
    ("a hundred options", [actions(select(*[option(value=str(n)) for n in range(100)]))]),
    ("a chosen option", [actions(select(option(), initial_option=option()))]),
    (
        "grouped options",
        [actions({"type": "static_select", "option_groups": [
            {"label": plain("Group"), "options": [option()]}]})],
    ),
    ("the same action id in two blocks", [actions(button("a")), actions(button("a"))]),
    ("an image", [IMAGE]),
    ("a question in a message", [asked(TEXT_INPUT)]),
    ("markdown", [{"type": "markdown", "text": "**x**"}]),
    ("thumbs", [{"type": "context_actions", "elements": [FEEDBACK]}]),
    ("rich text", [rich({"type": "text", "text": "a", "style": {"bold": True}},
                        {"type": "link", "url": "https://example.com", "text": "<b>"})]),
    (
        "a rich list",
        [{"type": "rich_text", "elements": [{"type": "rich_text_list", "style": "bullet",
          "elements": [{"type": "rich_text_section", "elements": []}]}]}],
    ),
    (
        "radio buttons with formatted text",
        [asked({"type": "radio_buttons", "options": [{"text": mrkdwn("*a*"), "value": "a"}]})],
    ),
]  # fmt: skip


@pytest.mark.parametrize("blocks", [b for _, b in ACCEPTED], ids=[n for n, _ in ACCEPTED])
def test_what_slack_takes_is_taken(blocks: list[Block]) -> None:
    assert problems(blocks, "message") == []


REFUSED: list[tuple[str, Block, str]] = [
    ("no type", {"text": plain("x")}, "/blocks/0"),
    ("an unknown type", {"type": "sparkles"}, "/blocks/0/type"),
    ("an unknown field", section(colour="red"), "/blocks/0"),
    ("a block that is a string", "hello", "/blocks/0"),  # type: ignore[list-item]
    ("an alert in a message", ALERT, "/blocks/0/type"),
    ("a section of nothing", {"type": "section"}, "/blocks/0"),
    ("a section of 3,001", section("x" * 3001), "/blocks/0/text/text"),
    ("an empty section", section(""), "/blocks/0/text/text"),
    ("a text of another type", {"type": "section", "text": {"type": "html", "text": "x"}},
     "/blocks/0/text/type"),
    ("a text without type", {"type": "section", "text": {"text": "x"}}, "/blocks/0/text"),
    ("a text that is a number", {"type": "section", "text": {"type": "mrkdwn", "text": 3}},
     "/blocks/0/text/text"),
    ("eleven fields", {"type": "section", "fields": [plain("x")] * 11}, "/blocks/0/fields"),
    ("a field of 2,001", {"type": "section", "fields": [plain("x" * 2001)]},
     "/blocks/0/fields/0/text"),
    ("an input as accessory", section(accessory=TEXT_INPUT), "/blocks/0/accessory/type"),
    ("a header of 151", {"type": "header", "text": plain("x" * 151)}, "/blocks/0/text/text"),
    ("a formatted header", {"type": "header", "text": mrkdwn("x")}, "/blocks/0/text/type"),
    ("an empty context", {"type": "context", "elements": []}, "/blocks/0/elements"),
    ("eleven in a context", {"type": "context", "elements": [mrkdwn("x")] * 11},
     "/blocks/0/elements"),
    ("a button in a context", {"type": "context", "elements": [button()]},
     "/blocks/0/elements/0/type"),
    ("no actions", actions(), "/blocks/0/elements"),
    ("twenty-six actions", actions(*[button(f"b{n}") for n in range(26)]), "/blocks/0/elements"),
    ("an action id of 256", actions(button("x" * 256)), "/blocks/0/elements/0/action_id"),
    ("an action id twice", actions(button("a"), button("a")), "/blocks/0/elements/1/action_id"),
    ("a block id of 256", section(block_id="x" * 256), "/blocks/0/block_id"),
    ("a button text of 76", actions(button(text="x" * 76)), "/blocks/0/elements/0/text/text"),
    ("a formatted button", actions({**button(), "text": mrkdwn("x")}),
     "/blocks/0/elements/0/text/type"),
    ("a button value of 2,001", actions(button(value="x" * 2001)), "/blocks/0/elements/0/value"),
    ("a button link of 3,001", actions(button(url="https://e.co/" + "x" * 3000)),
     "/blocks/0/elements/0/url"),
    ("a button link that is none", actions(button(url="javascript:alert(1)")),
     "/blocks/0/elements/0/url"),
    ("a green button", actions(button(style="green")), "/blocks/0/elements/0/style"),
    ("a label for readers of 76", actions(button(accessibility_label="x" * 76)),
     "/blocks/0/elements/0/accessibility_label"),
    *[
        (f"a confirm {part} of {most + 1}",
         actions(button(confirm={**CONFIRM, part: plain("x" * (most + 1))})),
         f"/blocks/0/elements/0/confirm/{part}/text")
        for part, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30))
    ],
    ("a confirm without title",
     actions(button(confirm={k: v for k, v in CONFIRM.items() if k != "title"})),
     "/blocks/0/elements/0/confirm"),
    ("six in an overflow",
     actions({"type": "overflow", "options": [option(value=str(n)) for n in range(6)]}),
     "/blocks/0/elements/0/options"),
    ("an empty overflow", actions({"type": "overflow", "options": []}),
     "/blocks/0/elements/0/options"),
    ("101 options", actions(select(*[option(value=str(n)) for n in range(101)])),
     "/blocks/0/elements/0/options"),
    ("no options", actions(select()), "/blocks/0/elements/0/options"),
    ("neither options nor groups", actions({"type": "static_select"}), "/blocks/0/elements/0"),
    ("an option text of 76", actions(select(option("x" * 76))),
     "/blocks/0/elements/0/options/0/text/text"),
    ("an option value of 151", actions(select(option(value="x" * 151))),
     "/blocks/0/elements/0/options/0/value"),
    ("an option without value", actions(select({"text": plain("x")})),
     "/blocks/0/elements/0/options/0"),
    ("an option note of 76", actions(select(option(description=plain("x" * 76)))),
     "/blocks/0/elements/0/options/0/description/text"),
    ("a formatted menu option", actions(select({"text": mrkdwn("x"), "value": "1"})),
     "/blocks/0/elements/0/options/0/text/type"),
    ("a choice that is not offered", actions(select(option(), initial_option=option("Two", "2"))),
     "/blocks/0/elements/0/initial_option"),
    ("a placeholder of 151", actions(select(option(), placeholder=plain("x" * 151))),
     "/blocks/0/elements/0/placeholder/text"),
    ("101 groups",
     actions({"type": "static_select",
              "option_groups": [{"label": plain("x"), "options": [option()]}] * 101}),
     "/blocks/0/elements/0/option_groups"),
    ("eleven checkboxes",
     asked({"type": "checkboxes", "options": [option(value=str(n)) for n in range(11)]}),
     "/blocks/0/element/options"),
    ("eleven radio buttons",
     asked({"type": "radio_buttons", "options": [option(value=str(n)) for n in range(11)]}),
     "/blocks/0/element/options"),
    ("a ticked box that is not there",
     asked({"type": "checkboxes", "options": [option()], "initial_options": [option("B", "b")]}),
     "/blocks/0/element/initial_options/0"),
    ("a text input in actions", actions(TEXT_INPUT), "/blocks/0/elements/0/type"),
    ("a button in an input", asked(button()), "/blocks/0/element/type"),
    ("a label of 2,001", asked(TEXT_INPUT, label="x" * 2001), "/blocks/0/label/text"),
    ("a hint of 2,001", asked(TEXT_INPUT, hint=plain("x" * 2001)), "/blocks/0/hint/text"),
    ("an input longer than 3,000", asked({**TEXT_INPUT, "max_length": 3001}),
     "/blocks/0/element/max_length"),
    ("a prefilled text over its own limit",
     asked({**TEXT_INPUT, "max_length": 3, "initial_value": "four"}),
     "/blocks/0/element/initial_value"),
    ("a number input that does not say decimals", asked({"type": "number_input"}),
     "/blocks/0/element"),
    ("a number as a number",
     asked({"type": "number_input", "is_decimal_allowed": False, "initial_value": 7}),
     "/blocks/0/element/initial_value"),
    ("a date in another form", asked({"type": "datepicker", "initial_date": "25/11/2026"}),
     "/blocks/0/element/initial_date"),
    ("a time in another form", asked({"type": "timepicker", "initial_time": "9:00"}),
     "/blocks/0/element/initial_time"),
    ("an image without words", {"type": "image", "image_url": "https://example.com/a.png"},
     "/blocks/0"),
    ("an image without source", {"type": "image", "alt_text": "a"}, "/blocks/0"),
    ("an image link of 3,001", {**IMAGE, "image_url": "https://e.co/" + "x" * 3000},
     "/blocks/0/image_url"),
    ("image words of 2,001", {**IMAGE, "alt_text": "x" * 2001}, "/blocks/0/alt_text"),
    ("an image title of 2,001", {**IMAGE, "title": plain("x" * 2001)}, "/blocks/0/title/text"),
    ("rich text of nothing", rich({"type": "text", "text": ""}),
     "/blocks/0/elements/0/elements/0/text"),
    ("a rich text of another kind", rich({"type": "blink", "text": "a"}),
     "/blocks/0/elements/0/elements/0/type"),
    ("an unknown style", rich({"type": "text", "text": "a", "style": {"blink": True}}),
     "/blocks/0/elements/0/elements/0/style"),
    ("six thumbs",
     {"type": "context_actions",
      "elements": [{**FEEDBACK, "action_id": str(n)} for n in range(6)]},
     "/blocks/0/elements"),
    ("a markdown of 12,001", {"type": "markdown", "text": "x" * 12001}, "/blocks/0/text"),
    ("a video without thumbnail",
     {"type": "video", "title": plain("v"), "video_url": "https://e.co/v", "alt_text": "v"},
     "/blocks/0"),
    ("a card of nothing", {"type": "card"}, "/blocks/0"),
    ("eleven cards",
     {"type": "carousel", "elements": [{"type": "card", "title": plain("x")}] * 11},
     "/blocks/0/elements"),
    ("a table of 101 rows",
     {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * 101}, "/blocks/0/rows"),
    ("eleven in a container", {"type": "container", "child_blocks": [{"type": "divider"}] * 11},
     "/blocks/0/child_blocks"),
    ("a plan of 51",
     {"type": "plan", "title": "p",
      "tasks": [{"task_id": "1", "title": "t", "status": "complete"}] * 51},
     "/blocks/0/tasks"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("block", "pointer"), [(b, p) for _, b, p in REFUSED], ids=[n for n, _, _ in REFUSED]
)
def test_what_slack_refuses_is_refused_at_its_place(block: Block, pointer: str) -> None:
    assert pointer in [problem.pointer for problem in problems([block], "message")]


def test_a_list_is_needed() -> None:
    assert problems({"type": "section"}, "message")[0].pointer == "/blocks"
    assert problems(None, "home")[0].pointer == "/blocks"


@pytest.mark.parametrize(("surface", "most"), [("message", 50), ("modal", 100), ("home", 100)])
def test_each_surface_holds_so_many_blocks(surface: Any, most: int) -> None:
    assert problems([{"type": "divider"}] * most, surface) == []
    assert problems([{"type": "divider"}] * (most + 1), surface)[0].pointer == "/blocks"


@pytest.mark.parametrize(
    "block",
    [{"type": "markdown", "text": "x"}, {"type": "context_actions", "elements": [FEEDBACK]}],
)
@pytest.mark.parametrize("surface", ["modal", "home"])
def test_some_blocks_live_in_messages_only(block: Block, surface: Any) -> None:
    assert problems([block], "message") == []
    assert [problem.code for problem in problems([block], surface)] == ["surface"]


def test_an_alert_lives_in_modals_only() -> None:
    assert problems([ALERT], "modal") == []
    assert problems([ALERT], "home")[0].code == "surface"


def test_a_block_id_may_not_come_twice() -> None:
    found = problems([section(block_id="a"), section(block_id="a")], "message")
    assert [problem.pointer for problem in found] == ["/blocks/1/block_id"]


def test_focus_is_given_once() -> None:
    focused = asked({**TEXT_INPUT, "focus_on_load": True})
    assert problems([focused], "modal") == []
    assert problems([focused, {**focused, "block_id": "b"}], "modal") != []


def test_markdown_blocks_share_one_limit() -> None:
    half = {"type": "markdown", "text": "x" * 6001}
    assert problems([half], "message") == []
    assert problems([half, half], "message")[0].pointer == "/blocks"


def test_one_table_in_a_message() -> None:
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}
    assert problems([table], "message") == []
    assert problems([table, table], "message") != []


def test_blocks_that_are_too_large_together_are_noticed() -> None:
    assert not too_long([section("x" * 2900)] * 4)
    assert too_long([section("x" * 2900)] * 5)
    assert too_long([section("é" * 2900)] * 3), "counted in bytes"


def test_a_modal_that_asks_needs_a_submit() -> None:
    assert view_problems(modal(asked(TEXT_INPUT), submit=plain("Save"))) == []
    found = view_problems(modal(asked(TEXT_INPUT)))
    assert [problem.pointer for problem in found] == ["/view/submit"]
    assert view_problems(modal(section())) == []
    assert view_problems({"type": "home", "blocks": [asked(TEXT_INPUT)]}) == []


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"title": plain("x" * 25)}, "/view/title/text"),
        ({"submit": plain("x" * 25)}, "/view/submit/text"),
        ({"close": plain("x" * 25)}, "/view/close/text"),
        ({"close": mrkdwn("x")}, "/view/close/type"),
        ({"private_metadata": "x" * 3001}, "/view/private_metadata"),
        ({"callback_id": "x" * 256}, "/view/callback_id"),
        ({"hash": "1"}, "/view"),
        ({"blocks": [section("")]}, "/view/blocks/0/text/text"),
        ({"type": "sheet"}, "/view/type"),
        ({"title": None}, "/view"),
    ],
)
def test_a_view_has_its_own_limits(more: Block, pointer: str) -> None:
    assert pointer in [problem.pointer for problem in view_problems({**modal(), **more})]


def test_a_home_tab_has_no_title() -> None:
    assert view_problems({"type": "home", "blocks": []}) == []
    assert view_problems({"type": "home", "blocks": [], "title": plain("x")}) != []


def test_a_problem_reads_as_slack_writes_it() -> None:
    found = problems([actions(button(text="x" * 76))], "message")
    assert [str(problem) for problem in found] == [
        "[ERROR] must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]"
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "text", "elements", "options", "element", "fields", "value",
                             "accessory", "block_id", "action_id", "blocks", "child_blocks"])
            | st.text(max_size=4),
            inner | st.sampled_from(["section", "actions", "button", "input", "overflow",
                                     "static_select", "context", "rich_text", "modal", "home"]),
            max_size=5,
        )
    ),
    max_leaves=20,
)  # fmt: skip


@given(JSON)
def test_no_payload_makes_the_checks_fail(payload: Any) -> None:
    for found in (problems(payload, "message"), problems([payload], "modal"),
                  view_problems(payload)):  # fmt: skip
        for problem in found:
            assert problem.pointer.startswith("/")
            assert problem.message


@given(st.lists(st.sampled_from([b for _, b in ACCEPTED]), max_size=4))
def test_a_pointer_leads_to_the_fault(parts: list[list[Block]]) -> None:
    """A fault put behind any accepted blocks is found at its index and nowhere else."""
    before: list[Block] = [
        {k: v for k, v in block.items() if k != "block_id"} for part in parts for block in part
    ][:40]
    kinds = [block["type"] for block in before]
    if kinds.count("markdown") > 1:
        before = [block for block in before if block["type"] != "markdown"]
    blocks = json.loads(json.dumps([*before, section("")]))
    found = problems(blocks, "message")
    assert [problem.pointer for problem in found] == [f"/blocks/{len(before)}/text/text"]
