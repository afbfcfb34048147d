"""What people do in the stand-in reaches the bot as Slack would send it, and its answers count."""

from typing import Any

import pytest

from tests.bot.playground.conftest import Stage
from tests.bot.playground.slack.test_api import CARD, HOME, MODAL


async def opened(stage: Stage, **more: Any) -> dict[str, Any]:
    return stage.slack.open_view("U01ANA", {**MODAL, **more})


async def test_a_command_arrives_as_a_form(stage: Stage) -> None:
    answer = await stage.slack.command("U01ANA", "/coach level 2")
    assert answer.ok
    (got,) = stage.bot.commands
    assert (got["command"], got["text"]) == ("/coach", "level 2")
    assert (got["user_id"], got["user_name"]) == ("U01ANA", "ana")
    assert (got["channel_id"], got["channel_name"]) == ("D01ANA", "directmessage")
    assert got["api_app_id"] == "A0COACH"
    assert got["team_id"] == "T0NORTHWIND"
    assert got["response_url"].startswith(f"{stage.slack.own_url}/response/")
    assert got["trigger_id"] in stage.slack.triggers
    assert stage.bot.headers[0]["content-type"] == "application/x-www-form-urlencoded"


async def test_a_commands_text_is_escaped_as_slack_does(stage: Stage) -> None:
    await stage.slack.command(
        "U01ANA", "/coach link ana@other.example @ben <b> & https://a.example/x"
    )
    assert stage.bot.commands[0]["text"] == (
        "link <mailto:ana@other.example|ana@other.example> <@U02BEN|ben> &lt;b&gt; &amp; "
        "<https://a.example/x>"
    )


async def test_a_command_nobody_has_is_said_by_slack(stage: Stage) -> None:
    answer = await stage.slack.command("U01ANA", "/couch help")
    assert answer.problem == "/couch is not a valid command."
    assert stage.bot.commands == []


async def test_a_click_arrives_with_its_message(stage: Stage) -> None:
    posted = await stage.client.chat_postMessage(channel="U01ANA", text="Card", blocks=CARD)
    answer = await stage.slack.press("U01ANA", posted["ts"], label="Take Action")
    assert answer.ok
    (got,) = stage.bot.interactions
    assert got["type"] == "block_actions"
    assert got["user"] == {
        "id": "U01ANA", "username": "ana", "name": "ana", "team_id": "T0NORTHWIND"
    }  # fmt: skip
    assert got["container"] == {
        "type": "message",
        "message_ts": posted["ts"],
        "channel_id": "D01ANA",
        "is_ephemeral": False,
    }
    assert got["message"]["blocks"] == posted["message"]["blocks"]
    (action,) = got["actions"]
    assert (action["action_id"], action["value"], action["type"]) == ("take", "7", "button")
    assert action["block_id"] == posted["message"]["blocks"][1]["block_id"]
    assert action["action_ts"]
    assert got["response_url"].startswith("http://127.0.0.1")
    assert got["state"] == {"values": {}}
    view = await stage.client.views_open(trigger_id=got["trigger_id"], view=MODAL)
    assert view["ok"]


async def test_a_button_that_went_is_pressed_only_by_who_has_not_caught_up(stage: Stage) -> None:
    posted = await stage.client.chat_postMessage(channel="U01ANA", text="Card", blocks=CARD)
    ts = posted["ts"]
    await stage.client.chat_update(channel="D01ANA", ts=ts, text="Done", blocks=CARD[:1])
    with pytest.raises(LookupError):
        await stage.slack.press("U01ANA", ts, action_id="take")
    container = {"type": "message", "ts": ts}
    answer = await stage.slack.act("U01ANA", container, {"action_id": "take"}, {})
    assert answer.problem == "That button is no longer there."
    await stage.slack.press("U01ANA", ts, action_id="take", stale=True, by="U02BEN")
    assert stage.bot.interactions[0]["user"]["id"] == "U02BEN"


async def test_a_menu_in_a_message_tells_what_was_chosen(stage: Stage) -> None:
    menu = {
        "type": "overflow",
        "action_id": "more",
        "options": [{"text": {"type": "plain_text", "text": "Mute"}, "value": "mute"}],
    }
    blocks = [{**CARD[0], "block_id": "s", "accessory": menu}]
    posted = await stage.client.chat_postMessage(channel="U01ANA", text="Card", blocks=blocks)
    await stage.slack.press("U01ANA", posted["ts"], action_id="more", choose="mute")
    action = stage.bot.interactions[0]["actions"][0]
    assert action["selected_option"] == menu["options"][0]
    with pytest.raises(ValueError, match="does not offer"):
        await stage.slack.press("U01ANA", posted["ts"], action_id="more", choose="shout")


async def test_the_pages_click_is_the_same_click(stage: Stage) -> None:
    date = {"type": "datepicker", "action_id": "due", "initial_date": "2026-11-20"}
    blocks = [{"type": "actions", "block_id": "row", "elements": [date]}]
    view = stage.slack.open_view("U01ANA", {**MODAL, "blocks": [*MODAL["blocks"], *blocks]})
    action = {
        "block_id": "row", "action_id": "due", "type": "datepicker",
        "selected_date": "2026-11-25",
    }  # fmt: skip
    typed = {"title": {"title": {"type": "plain_text_input", "value": "Half a ti"}}}
    await stage.slack.act("U01ANA", {"type": "view", "view_id": view["id"]}, action, typed)
    got = stage.bot.interactions[0]
    assert got["container"] == {"type": "view", "view_id": view["id"]}
    assert got["actions"][0]["selected_date"] == "2026-11-25"
    values = got["view"]["state"]["values"]
    assert values["title"]["title"]["value"] == "Half a ti"
    assert values["row"]["due"]["selected_date"] == "2026-11-25"
    assert "message" not in got
    assert "response_url" not in got


async def test_a_changed_modal_keeps_what_was_typed(stage: Stage) -> None:
    view = await opened(stage)
    field = {**MODAL["blocks"][0], "block_id": "more"}
    button = {**CARD[1], "block_id": "row"}
    await stage.client.views_update(
        view_id=view["id"], view={**MODAL, "blocks": [*MODAL["blocks"], button]}
    )
    await stage.slack.press_in_view(
        "U01ANA", view["id"], action_id="take", values={"title": "My own"}
    )
    changed = await stage.client.views_update(
        view_id=view["id"], view={**MODAL, "blocks": [*MODAL["blocks"], field]}
    )
    values = changed["view"]["state"]["values"]
    assert values["title"]["title"]["value"] == "My own"
    assert values["more"]["title"]["value"] == "Ask Ann"


async def test_the_home_tab_is_opened_and_clicked(stage: Stage) -> None:
    await stage.slack.open_tab("U01ANA", "home")
    await stage.client.views_publish(user_id="U01ANA", view=HOME)
    await stage.slack.open_tab("U01ANA", "home")
    await stage.slack.open_tab("U01ANA", "about")
    first, second = stage.bot.events
    assert first["event"]["type"] == "app_home_opened"
    assert (first["event"]["tab"], first["event"]["user"]) == ("home", "U01ANA")
    assert "view" not in first["event"]
    assert second["event"]["view"]["type"] == "home"
    assert first["event_id"] != second["event_id"]
    home = stage.slack.homes["U01ANA"]
    await stage.slack.press_in_view("U01ANA", home["id"], label="Take Action")
    assert stage.bot.interactions[0]["view"]["type"] == "home"


async def test_a_form_is_sent_with_all_its_values_and_closes(stage: Stage) -> None:
    optional = {
        "type": "input", "block_id": "note", "optional": True,
        "label": {"type": "plain_text", "text": "Note"},
        "element": {"type": "plain_text_input", "action_id": "note"},
    }  # fmt: skip
    view = await opened(stage, blocks=[*MODAL["blocks"], optional], private_metadata="42")
    answer = await stage.slack.submit("U01ANA", view["id"], {})
    assert answer.ok
    got = stage.bot.interactions[0]
    assert got["type"] == "view_submission"
    assert got["view"]["callback_id"] == "create"
    assert got["view"]["private_metadata"] == "42"
    assert got["view"]["state"]["values"] == {
        "title": {"title": {"type": "plain_text_input", "value": "Ask Ann"}},
        "note": {"note": {"type": "plain_text_input", "value": None}},
    }
    assert stage.slack.top_view("U01ANA") is None
    again = await stage.slack.submit("U01ANA", view["id"], {})
    assert again.problem == "That window is no longer open."


@pytest.mark.parametrize(
    ("element", "value", "error"),
    [
        ({"type": "plain_text_input"}, "", "required"),
        ({"type": "plain_text_input", "min_length": 3}, "ab", "at least 3"),
        ({"type": "plain_text_input", "max_length": 3}, "abcd", "at most 3"),
        ({"type": "email_text_input"}, "nobody", "valid email"),
        ({"type": "number_input", "is_decimal_allowed": False}, "7.5", "whole number"),
        (
            {"type": "number_input", "is_decimal_allowed": False, "max_value": "30"},
            "31",
            "at most 30",
        ),
        (
            {"type": "number_input", "is_decimal_allowed": True, "min_value": "1"},
            "0.5",
            "at least 1",
        ),
        ({"type": "datepicker"}, None, "required"),
    ],
)
async def test_slacks_own_window_refuses_what_does_not_fit(
    stage: Stage, element: dict[str, Any], value: str | None, error: str
) -> None:
    block = {**MODAL["blocks"][0], "element": {"action_id": "x", **element}}
    await opened(stage, blocks=[block])
    answer = await stage.slack.submit("U01ANA", None, {"title": value})
    assert error in answer.errors["title"]
    assert stage.bot.interactions == []


async def test_closing_is_told_when_asked_for(stage: Stage) -> None:
    await opened(stage)
    await stage.slack.dismiss("U01ANA")
    assert stage.bot.interactions == []
    view = await opened(stage, notify_on_close=True)
    stage.slack.open_view("U01ANA", MODAL, push=True)
    await stage.slack.dismiss("U01ANA", everything=True)
    assert stage.slack.top_view("U01ANA") is None
    (got,) = stage.bot.interactions
    assert (got["type"], got["view"]["id"], got["is_cleared"]) == (
        "view_closed", view["id"], True
    )  # fmt: skip


async def test_of_a_plain_message_the_app_is_told(stage: Stage) -> None:
    await stage.slack.write("U01ANA", "hello <you> & me")
    assert stage.slack.messages("U01ANA")[0].text == "hello &lt;you&gt; &amp; me"
    (envelope,) = stage.bot.events
    event = envelope["event"]
    assert (event["type"], event["channel_type"], event["user"]) == ("message", "im", "U01ANA")
    assert event["text"] == "hello &lt;you&gt; &amp; me"
