"""Calls to the stand-in for Slack get Slack's answers and Slack's error codes."""

import json
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack.api import Fault
from tests.bot.playground.conftest import Stage
from tests.bot.playground.fake_bot import BOT_TOKEN

CARD: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "Great close!"}},
    {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": "take",
                "text": {"type": "plain_text", "text": "Take Action"},
                "value": "7",
                "style": "primary",
            }
        ],
    },
]
MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "create",
    "title": {"type": "plain_text", "text": "New task"},
    "submit": {"type": "plain_text", "text": "Create"},
    "blocks": [
        {
            "type": "input",
            "block_id": "title",
            "label": {"type": "plain_text", "text": "Title"},
            "element": {
                "type": "plain_text_input",
                "action_id": "title",
                "initial_value": "Ask Ann",
            },
        }
    ],
}
HOME = {"type": "home", "blocks": CARD}


async def error_of(call: Any) -> str:
    with pytest.raises(SlackApiError) as raised:
        await call
    return str(raised.value.response["error"])


async def test_the_token_is_checked(stage: Stage) -> None:
    answer = await stage.client.auth_test()
    assert answer["team_id"] == "T0NORTHWIND"
    assert "chat:write" in answer.headers["x-oauth-scopes"]
    other = AsyncWebClient(token="xoxb-other", base_url=stage.client.base_url)
    assert await error_of(other.auth_test()) == "invalid_auth"
    nobody = AsyncWebClient(base_url=stage.client.base_url)
    assert await error_of(nobody.auth_test()) == "not_authed"


async def test_a_scope_that_was_not_granted_is_named(stage: Stage) -> None:
    stage.slack.scopes.discard("users:read.email")
    with pytest.raises(SlackApiError) as raised:
        await stage.client.users_lookupByEmail(email="ana@northwind.example")
    assert raised.value.response["error"] == "missing_scope"
    assert raised.value.response["needed"] == "users:read.email"


async def test_an_unknown_method_is_named(stage: Stage) -> None:
    assert await error_of(stage.client.api_call("chat.shout")) == "unknown_method"


async def test_people_are_found_by_id_and_by_address(stage: Stage) -> None:
    found = await stage.client.users_lookupByEmail(email="ANA@northwind.example")
    assert found["user"]["id"] == "U01ANA"
    shown = (await stage.client.users_info(user="U01ANA"))["user"]
    assert (shown["tz"], shown["is_admin"]) == ("Europe/Madrid", False)
    assert (await stage.client.users_info(user="U02BEN"))["user"]["is_primary_owner"]
    call = stage.client.users_lookupByEmail(email="nobody@northwind.example")
    assert await error_of(call) == "users_not_found"
    assert await error_of(stage.client.users_info(user="U404")) == "user_not_found"


async def test_the_list_of_people_comes_in_pages(stage: Stage) -> None:
    first = await stage.client.users_list(limit=1)
    cursor = first["response_metadata"]["next_cursor"]
    second = await stage.client.users_list(limit=1, cursor=cursor)
    assert [p["id"] for p in [*first["members"], *second["members"]]] == ["U01ANA", "U02BEN"]
    assert second["response_metadata"]["next_cursor"] == ""


async def test_a_message_goes_to_a_person_or_to_their_channel(stage: Stage) -> None:
    opened = await stage.client.conversations_open(users="U01ANA")
    channel = opened["channel"]["id"]
    first = await stage.client.chat_postMessage(channel="U01ANA", text="One", blocks=CARD)
    second = await stage.client.chat_postMessage(channel=channel, text="Two")
    assert first["channel"] == second["channel"] == channel
    assert first["ts"] < second["ts"]
    assert [one.text for one in stage.slack.messages("U01ANA")] == ["One", "Two"]
    assert first["message"]["blocks"][0]["block_id"], "blocks get ids, as from Slack"
    assert [sent.method for sent in stage.slack.sent] == ["chat.postMessage"] * 2
    shown = stage.changes[0]
    assert shown["type"] == "message"
    assert shown["person"] == "U01ANA"


async def test_blocks_may_come_in_a_form(stage: Stage) -> None:
    url = f"{stage.client.base_url}chat.postMessage"
    form = {"token": stage.client.token, "channel": "U01ANA", "blocks": json.dumps(CARD)}
    async with aiohttp.ClientSession() as session, session.post(url, data=form) as response:
        assert (await response.json())["ok"]
    assert stage.slack.messages("U01ANA")[0].blocks[0]["text"]["text"] == "Great close!"
    form["blocks"] = "[{"
    async with aiohttp.ClientSession() as session, session.post(url, data=form) as response:
        assert (await response.json())["error"] == "invalid_blocks_format"


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({"channel": "U404", "text": "x"}, "channel_not_found"),
        ({"channel": "", "text": "x"}, "channel_not_found"),
        ({"channel": "U01ANA"}, "no_text"),
        ({"channel": "U01ANA", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "U01ANA", "text": "x", "blocks": [{"type": "sparkles"}]}, "invalid_blocks"),
        (
            {"channel": "U01ANA", "text": "x", "blocks": [
                {"type": "section", "text": {"type": "plain_text", "text": "y" * 2900}}] * 5},
            "msg_blocks_too_long",
        ),
    ],
)  # fmt: skip
async def test_a_message_slack_would_refuse_is_refused(
    stage: Stage, args: dict[str, Any], error: str
) -> None:
    call = stage.client.api_call("chat.postMessage", json=args)
    assert await error_of(call) == error
    assert stage.slack.messages("U01ANA") == []
    assert [refusal.code for refusal in stage.slack.refusals] == [error]


async def test_a_bad_block_is_refused_with_its_pointer_and_logged(stage: Stage) -> None:
    bad = [*CARD, {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]
    with pytest.raises(SlackApiError) as raised:
        await stage.client.chat_postMessage(channel="U01ANA", text="x", blocks=bad)
    line = "[ERROR] must be less than 151 characters [json-pointer:/blocks/2/text/text]"
    assert raised.value.response["response_metadata"]["messages"] == [line]
    entry = stage.log[-1]
    assert entry["name"] == "chat.postMessage"
    assert "json-pointer:/blocks/2/text/text" in str(entry["problem"])
    assert BOT_TOKEN not in json.dumps(stage.log), "tokens are not logged"


async def test_a_message_is_changed_in_place(stage: Stage) -> None:
    posted = await stage.client.chat_postMessage(channel="U01ANA", text="One", blocks=CARD)
    channel, ts = posted["channel"], posted["ts"]
    await stage.client.chat_update(channel=channel, ts=ts, text="Done", blocks=CARD[:1])
    (message,) = stage.slack.messages("U01ANA")
    assert (message.text, len(message.blocks), message.edited) == ("Done", 1, True)
    await stage.client.chat_update(channel=channel, ts=ts, text="Only words")
    assert len(message.blocks) == 1, "blocks that are not named stay"
    await stage.client.chat_update(channel=channel, ts=ts, text="Only words", blocks=[])
    assert message.blocks == []
    assert len(stage.slack.messages("U01ANA")) == 1


async def test_only_an_own_message_that_is_there_is_changed(stage: Stage) -> None:
    written = await stage.slack.write("U01ANA", "hello")
    posted = await stage.client.chat_postMessage(channel="U01ANA", text="One")
    update = stage.client.chat_update
    channel = posted["channel"]
    assert await error_of(update(channel="U01ANA", ts=posted["ts"], text="x")) == (
        "channel_not_found"
    )
    assert await error_of(update(channel=channel, ts="1.2", text="x")) == "message_not_found"
    assert await error_of(update(channel=channel, ts=written.ts, text="x")) == (
        "cant_update_message"
    )
    await stage.client.chat_delete(channel=channel, ts=posted["ts"])
    assert [one.text for one in stage.slack.messages("U01ANA")] == ["hello"]
    assert stage.changes[-1] == {"type": "message_gone", "person": "U01ANA", "ts": posted["ts"]}
    assert await error_of(update(channel=channel, ts=posted["ts"], text="x")) == (
        "message_not_found"
    )


async def test_an_ephemeral_message_is_for_one_in_the_channel(stage: Stage) -> None:
    call = stage.client.chat_postEphemeral
    await call(channel="D01ANA", user="U01ANA", text="Psst")
    assert stage.slack.messages("U01ANA")[0].ephemeral
    assert await error_of(call(channel="D01ANA", user="U02BEN", text="x")) == (
        "user_not_in_channel"
    )


async def test_a_modal_needs_a_fresh_trigger(stage: Stage) -> None:
    call = stage.client.views_open
    trigger = stage.slack.new_trigger("U01ANA")
    view = (await call(trigger_id=trigger, view=MODAL))["view"]
    assert stage.slack.top_view("U01ANA") == view
    assert view["state"] == {"values": {}}
    assert await error_of(call(trigger_id=trigger, view=MODAL)) == "exchanged_trigger_id"
    assert await error_of(call(trigger_id="1.2.3", view=MODAL)) == "invalid_trigger_id"
    late = stage.slack.new_trigger("U01ANA")
    stage.timer.seconds += 3.1
    assert await error_of(call(trigger_id=late, view=MODAL)) == "expired_trigger_id"


async def test_a_bad_modal_is_refused_and_does_not_cost_the_trigger(stage: Stage) -> None:
    trigger = stage.slack.new_trigger("U01ANA")
    bad = {key: value for key, value in MODAL.items() if key != "submit"}
    with pytest.raises(SlackApiError) as raised:
        await stage.client.views_open(trigger_id=trigger, view=bad)
    assert raised.value.response["error"] == "invalid_arguments"
    assert "json-pointer:/view/submit" in str(raised.value.response["response_metadata"])
    call = stage.client.views_open(trigger_id=trigger, view=HOME)
    assert await error_of(call) == "invalid_arguments"
    assert (await stage.client.views_open(trigger_id=trigger, view=MODAL))["ok"]


async def test_three_modals_lie_upon_each_other_and_no_more(stage: Stage) -> None:
    slack, client = stage.slack, stage.client
    push = client.views_push
    assert await error_of(push(trigger_id=slack.new_trigger("U01ANA"), view=MODAL)) == "not_found"
    await client.views_open(trigger_id=slack.new_trigger("U01ANA"), view=MODAL)
    for _ in range(2):
        await push(trigger_id=slack.new_trigger("U01ANA"), view=MODAL)
    call = push(trigger_id=slack.new_trigger("U01ANA"), view=MODAL)
    assert await error_of(call) == "push_limit_reached"
    stack = slack.views["U01ANA"]
    assert [view["root_view_id"] for view in stack] == [stack[0]["id"]] * 3
    assert stack[2]["previous_view_id"] == stack[1]["id"]


async def test_a_view_is_changed_by_id_or_name_unless_it_moved_on(stage: Stage) -> None:
    client, slack = stage.client, stage.slack
    named = {**MODAL, "external_id": "mine"}
    trigger = slack.new_trigger("U01ANA")
    view = (await client.views_open(trigger_id=trigger, view=named))["view"]
    changed = (await client.views_update(view_id=view["id"], hash=view["hash"], view=named))["view"]
    assert changed["id"] == view["id"]
    assert changed["hash"] != view["hash"]
    call = client.views_update(view_id=view["id"], hash=view["hash"], view=named)
    assert await error_of(call) == "hash_conflict"
    assert (await client.views_update(external_id="mine", view=named))["ok"]
    assert await error_of(client.views_update(view_id="V404", view=MODAL)) == "not_found"


async def test_the_home_tab_is_published(stage: Stage) -> None:
    first = (await stage.client.views_publish(user_id="U01ANA", view=HOME))["view"]
    second = (await stage.client.views_publish(user_id="U01ANA", view=HOME))["view"]
    assert first["id"] == second["id"]
    assert stage.slack.homes["U01ANA"]["hash"] == second["hash"]
    call = stage.client.views_publish(user_id="U01ANA", view=HOME, hash=first["hash"])
    assert await error_of(call) == "hash_conflict"
    call = stage.client.views_publish(user_id="U01ANA", view=MODAL)
    assert await error_of(call) == "invalid_arguments"


async def test_blocks_can_be_checked_without_a_token(stage: Stage) -> None:
    nobody = AsyncWebClient(base_url=stage.client.base_url)
    assert (await nobody.api_call("blocks.validate", json={"blocks": CARD}))["ok"]
    with pytest.raises(SlackApiError) as raised:
        await nobody.api_call("blocks.validate", json={"blocks": [{"type": "sparkles"}]})
    assert raised.value.response["errors"][0]["pointer"] == "/blocks/0/type"


async def test_a_response_url_answers_five_times_within_half_an_hour(stage: Stage) -> None:
    slack = stage.slack
    source = slack.post("U01ANA", "Card", CARD)
    url = f"{slack.own_url}/response/{slack.new_response_url('U01ANA', source.ts)}"
    async with aiohttp.ClientSession() as session:

        async def answer(**body: Any) -> tuple[int, str]:
            async with session.post(url, json=body) as response:
                return response.status, await response.text()

        assert await answer(text="for you") == (200, "ok")
        assert slack.messages("U01ANA")[-1].ephemeral
        assert await answer(text="for all", response_type="in_channel") == (200, "ok")
        assert not slack.messages("U01ANA")[-1].ephemeral
        await answer(text="new words", replace_original=True)
        assert slack.messages("U01ANA")[0].text == "new words"
        status, text = await answer(blocks=[{"type": "sparkles"}])
        assert (status, json.loads(text)["error"]) == (400, "invalid_blocks")
        await answer(delete_original=True)
        assert slack.messages("U01ANA")[0].text == "for you"
        status, text = await answer(text="a sixth")
        assert (status, json.loads(text)["error"]) == (404, "used_url")
        url = f"{slack.own_url}/response/{slack.new_response_url('U01ANA')}"
        stage.timer.seconds += 30 * 60 + 1
        status, text = await answer(text="late")
        assert (status, json.loads(text)["error"]) == (404, "expired_url")


async def test_a_fault_can_be_put_into_the_next_call(stage: Stage) -> None:
    post = stage.client.chat_postMessage
    stage.slack.faults["chat.postMessage"] = [
        Fault(status=429, retry_after=12),
        Fault(error="account_inactive"),
        Fault(status=503),
    ]
    with pytest.raises(SlackApiError) as raised:
        await post(channel="U01ANA", text="x")
    assert raised.value.response.status_code == 429
    assert raised.value.response.headers["Retry-After"] == "12"
    assert await error_of(post(channel="U01ANA", text="x")) == "account_inactive"
    with pytest.raises(SlackApiError):
        await post(channel="U01ANA", text="x")
    assert stage.slack.messages("U01ANA") == []
    assert (await post(channel="U01ANA", text="x"))["ok"]


async def test_an_answer_can_be_lost_with_or_without_its_work_done(stage: Stage) -> None:
    url = f"{stage.client.base_url}chat.postMessage"
    stage.slack.faults["chat.postMessage"] = [Fault(drop=True), Fault(drop=True, lost=True)]
    headers = {"Authorization": f"Bearer {stage.client.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for expected in (0, 1):
            with pytest.raises(aiohttp.ClientError):
                async with session.post(url, json={"channel": "U01ANA", "text": "x"}) as response:
                    await response.read()
            assert len(stage.slack.messages("U01ANA")) == expected


async def test_what_is_shown_outlives_a_restart(stage: Stage) -> None:
    posted = await stage.client.chat_postMessage(channel="U01ANA", text="One", blocks=CARD)
    await stage.client.chat_postEphemeral(channel="D01ANA", user="U01ANA", text="Psst")
    await stage.client.views_publish(user_id="U01ANA", view=HOME)
    kept = json.loads(json.dumps(stage.slack.dump()))
    stage.slack.conversations.clear()
    stage.slack.homes.clear()
    stage.slack.load(kept)
    assert [one.ts for one in stage.slack.messages("U01ANA")] == [posted["ts"]]
    assert stage.slack.homes["U01ANA"]["type"] == "home"
    later = await stage.client.chat_postMessage(channel="U01ANA", text="Two")
    assert later["ts"] > posted["ts"]
