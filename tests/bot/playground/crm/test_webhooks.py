"""What the coach did not take is kept and sent again."""

import asyncio
import json

from tests.bot.playground.crm.office import DEAL, Office, an_office


async def test_a_delivery_the_coach_does_not_take_comes_again(office: Office) -> None:
    office.bot.webhook_status = 503
    deal = office.crm.add_deal(DEAL)
    while not office.said:
        await asyncio.sleep(0.005)
    assert office.crm.deals[deal["id"]]["title"] == DEAL["title"], "the change stands"
    (webhook_id,) = office.crm.deliveries.undelivered
    assert "deal_created" in office.said[0]
    office.bot.webhook_status = 202
    assert [one["type"] for one in await office.sent()] == ["deal_created"]
    assert office.bot.webhook_ids == [webhook_id], "under the same id, so it counts once"
    assert office.log[0]["problem"] == "The coach answered with HTTP status 503."


async def test_what_was_not_delivered_outlives_a_restart() -> None:
    async with an_office() as first:
        first.bot.webhook_status = 503
        first.crm.add_deal(DEAL)
        while len(first.said) < 2:
            await asyncio.sleep(0.005)
        assert "next start" in first.said[1]
        kept = json.loads(json.dumps(first.crm.dump()))
    async with an_office() as second:
        second.crm.load(kept)
        second.crm.deliveries.start()
        assert [one["type"] for one in await second.sent()] == ["deal_created"]
        assert second.crm.as_page()["deals"][0]["title"] == DEAL["title"]
