"""A bot that is slow, away or failing is noticed, and hears of events again."""

import asyncio

from starlette.responses import Response

from tests.bot.playground.conftest import Stage


async def test_a_slow_or_failing_bot_is_noticed(stage: Stage) -> None:
    stage.bot.reply = lambda _: Response(status_code=500)
    answer = await stage.slack.command("U01ANA", "/coach help")
    assert "dispatch_failed" in str(answer.problem)
    assert "The app answered with HTTP status 500." in str(answer.problem)
    stage.bot.delay, stage.slack.answer_seconds = 0.6, 0.4
    answer = await stage.slack.command("U01ANA", "/coach help")
    assert "operation_timeout" in str(answer.problem)
    assert "The app did not answer within 0.4 seconds." in str(answer.problem)
    stage.slack.bot_url, stage.slack.answer_seconds = "http://127.0.0.1:9", 20
    answer = await stage.slack.command("U01ANA", "/coach help")
    assert "The app could not be reached." in str(answer.problem)


async def test_an_event_is_sent_again_until_it_is_taken(stage: Stage) -> None:
    answers = [Response(status_code=500), Response(status_code=500), Response()]
    stage.bot.reply = lambda _: answers.pop(0)
    await stage.slack.open_tab("U01ANA", "messages")
    async with asyncio.timeout(20):
        while answers:
            await asyncio.sleep(0.02)
    assert len({event["event_id"] for event in stage.bot.events}) == 1
    assert [h.get("x-slack-retry-num") for h in stage.bot.headers] == [None, "1", "2"]
    assert stage.bot.headers[1]["x-slack-retry-reason"] == "http_error"


async def test_a_bot_can_ask_for_no_more_retries(stage: Stage) -> None:
    stage.bot.reply = lambda _: Response(status_code=500, headers={"X-Slack-No-Retry": "1"})
    await stage.slack.open_tab("U01ANA", "messages")
    await asyncio.sleep(0.1)
    assert len(stage.bot.events) == 1
