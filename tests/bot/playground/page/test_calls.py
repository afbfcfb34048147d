"""What the page asks for is done by Slack's stand-in, the CRM and the clock."""

from typing import Any

import pytest
from starlette.responses import JSONResponse

from tests.bot.playground.room import Room
from tests.bot.playground.slack.test_api import CARD, MODAL


async def test_a_person_types_clicks_fills_in_and_closes(room: Room) -> None:
    ok = {"ok": True}
    assert await room.post("/ui/command", person="U01ANA", text="/coach help") == ok
    assert room.bot.commands[0]["text"] == "help"
    posted = await room.client.chat_postMessage(channel="U01ANA", text="Hello", blocks=CARD)
    block_id = posted["message"]["blocks"][1]["block_id"]
    action = {"block_id": block_id, "action_id": "take", "type": "button", "value": "7"}
    container = {"type": "message", "ts": posted["ts"]}
    assert await room.post("/ui/action", person="U01ANA", container=container, action=action) == ok
    click = room.bot.interactions[0]
    assert click["actions"][0]["value"] == "7"
    view = (await room.client.views_open(trigger_id=click["trigger_id"], view=MODAL))["view"]
    state = {"type": "plain_text_input", "value": "Mine"}
    values = {"title": {"title": state}}
    room.bot.reply = lambda _: JSONResponse(
        {"response_action": "errors", "errors": {"title": "No"}}
    )
    assert await room.post("/ui/submit", person="U01ANA", view_id=view["id"], values=values) == {
        "ok": False,
        "errors": {"title": "No"},
    }
    sent = room.bot.interactions[1]["view"]["state"]["values"]
    assert sent == {"title": {"title": state}}
    assert await room.post("/ui/close", person="U01ANA", view_id=view["id"]) == ok
    assert (await room.state())["views"]["U01ANA"] == []
    room.bot.reply = lambda _: None
    assert await room.post("/ui/tab", person="U01ANA", tab="home") == ok
    assert room.bot.events[0]["event"]["tab"] == "home"
    assert await room.post("/ui/message", person="U01ANA", text="hi") == ok
    assert (await room.state())["messages"]["U01ANA"][-1]["from"] == "person"
    story = "\n".join(room.told)
    for words in ("Ana Ruiz types  /coach help", "coach → Slack  to Ana Ruiz: Hello",
                  "Ana Ruiz presses  Take Action", "Ana Ruiz sends the form"):  # fmt: skip
        assert words in story


async def test_a_failing_bot_is_shown_to_the_person(room: Room) -> None:
    room.bot.delay = 10
    room.playground.slack.answer_seconds = 0.05
    answer = await room.post("/ui/command", person="U01ANA", text="/coach help")
    assert "operation_timeout" in answer["error"]
    assert any("did not answer" in line for line in room.told)


async def test_the_board_is_worked_on(room: Room) -> None:
    await room.playground.crm.deliveries.settled()
    made = await room.post(
        "/ui/crm/deals", title="New <deal>", value="100", stage="Qualified", owner="U02BEN"
    )
    deal_id = made["deal"]["id"]
    assert (await room.post(f"/ui/crm/deals/{deal_id}", stage="Closed Won"))["ok"]
    assert (await room.post(f"/ui/crm/deals/{deal_id}/delete"))["ok"]
    assert (await room.post("/ui/crm/contacts", name="Kim", status="LEAD", owner="U02BEN"))["ok"]
    assert (await room.post("/ui/crm/contacts/C-1/log", kind="call"))["ok"]
    assert (await room.post("/ui/crm/tasks", title="Call", priority="high", owner="U02BEN"))["ok"]
    assert (await room.post("/ui/crm/tasks/T-1", completed=True))["ok"]
    await room.playground.crm.deliveries.settled()
    assert [one["type"] for one in room.bot.webhooks[1:]] == [
        "deal_created", "deal_closed", "deal_deleted", "contact_created", "call_logged",
        "task_created", "task_completed",
    ]  # fmt: skip
    answer = await room.post("/ui/crm/deals/D-404", stage="Qualified")
    assert answer == {"ok": False, "error": "There is no deal D-404."}
    assert "CRM → coach   deal_created “New <deal>”  (webhook, 202)" in room.told


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/ui/command", {}),
        ("/ui/command", {"person": "U404", "text": "/coach"}),
        ("/ui/action", {"person": "U01ANA", "container": 3, "action": {}}),
        ("/ui/submit", {"person": "U01ANA", "view_id": "V404"}),
        ("/ui/clock", {"days": 400}),
        ("/ui/message", {"person": "U01ANA", "text": " "}),
        ("/ui/crm/contacts/C-1/log", {"kind": ["call"]}),
    ],
)
async def test_nonsense_from_the_page_gets_a_sentence(
    room: Room, path: str, body: dict[str, Any]
) -> None:
    answer = await room.post(path, **body)
    assert not answer["ok"]
    assert len(answer["error"]) > 10
