"""What a bot answers to a command or a form is done as Slack does it."""

from typing import Any

from starlette.responses import JSONResponse, Response

from tests.bot.playground.conftest import Stage
from tests.bot.playground.slack.test_api import CARD, MODAL
from tests.bot.playground.slack.test_hands import opened


async def test_a_commands_own_answer_is_shown_to_the_person_alone(stage: Stage) -> None:
    stage.bot.reply = lambda _: JSONResponse({"text": "Hello", "blocks": CARD})
    await stage.slack.command("U01ANA", "/coach help")
    (message,) = stage.slack.messages("U01ANA")
    assert (message.text, message.ephemeral) == ("Hello", True)
    stage.bot.reply = lambda _: JSONResponse({"text": "Hello", "response_type": "in_channel"})
    await stage.slack.command("U01ANA", "/coach help")
    assert not stage.slack.messages("U01ANA")[-1].ephemeral
    stage.bot.reply = lambda _: JSONResponse({"blocks": [{"type": "sparkles"}]})
    answer = await stage.slack.command("U01ANA", "/coach help")
    assert "invalid_blocks" in str(answer.problem)


def answering(**body: Any) -> Any:
    return lambda _: JSONResponse(body)


async def test_a_form_can_be_answered_with_errors_at_its_fields(stage: Stage) -> None:
    await opened(stage)
    stage.bot.reply = answering(response_action="errors", errors={"title": "Too vague."})
    answer = await stage.slack.submit("U01ANA")
    assert answer.errors == {"title": "Too vague."}
    assert stage.slack.top_view("U01ANA") is not None
    stage.bot.reply = answering(response_action="errors", errors={"nowhere": "x"})
    answer = await stage.slack.submit("U01ANA")
    assert "name no input block" in str(answer.problem)


async def test_a_form_can_be_answered_with_another_view(stage: Stage) -> None:
    view = await opened(stage)
    other = {**MODAL, "callback_id": "second"}
    stage.bot.reply = answering(response_action="update", view=other)
    await stage.slack.submit("U01ANA")
    assert [one["id"] for one in stage.slack.views["U01ANA"]] == [view["id"]]
    assert stage.slack.views["U01ANA"][0]["callback_id"] == "second"
    stage.bot.reply = answering(response_action="push", view=other)
    await stage.slack.submit("U01ANA")
    assert len(stage.slack.views["U01ANA"]) == 2
    stage.bot.reply = answering(response_action="push", view={**other, "title": None})
    assert "invalid_arguments" in str((await stage.slack.submit("U01ANA")).problem)
    stage.bot.reply = answering(response_action="dance")
    assert "dance" in str((await stage.slack.submit("U01ANA")).problem)
    assert len(stage.slack.refusals) == 2
    stage.bot.reply = answering(response_action="clear")
    await stage.slack.submit("U01ANA")
    assert stage.slack.views["U01ANA"] == []


async def test_an_empty_answer_closes_only_the_view_on_top(stage: Stage) -> None:
    view = await opened(stage)
    stage.slack.open_view("U01ANA", MODAL, push=True)
    await stage.slack.submit("U01ANA")
    assert stage.slack.top_view("U01ANA") is view


async def test_a_failed_form_stays_open_and_says_so(stage: Stage) -> None:
    await opened(stage)
    stage.bot.reply = lambda _: Response(status_code=500)
    answer = await stage.slack.submit("U01ANA")
    assert not answer.ok
    assert stage.slack.top_view("U01ANA") is not None
    assert "trouble connecting" in str(answer.problem)
