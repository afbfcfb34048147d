"""Who uninstalls the app while messages are on their way loses none, and hears none twice."""

import asyncio
from datetime import timedelta

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.coaching import attending
from bot.playground.slack.api import Fault
from bot.runtime.parts import Parts
from bot.slack.installed import NotInstalledError, Slack
from bot.slack.sender import Sender
from bot.slack.speaking import ClientOf
from storage import installations, sending, workspaces
from storage.installations import ENVIRONMENT
from tests.bot.slack.gated import POST, behind_a_gate
from tests.bot.slack.posting import won_deal
from tests.world import ANA, BEN, WORKSPACE, FixedClock, deliver, enrol, install, standings

HOUR = timedelta(hours=1)


def speaking_through(slack: Slack) -> ClientOf:
    """The client of whatever installation there is, as in the running bot."""

    async def client_of(workspace_id: str) -> AsyncWebClient:
        return (await slack.of(workspace_id)).client

    return client_of


async def error_of(parts: Parts) -> str | None:
    """Why nothing can be sent, if so."""
    async with parts.database.read() as tx:
        found = await workspaces.get(tx, WORKSPACE)
    return found.slack_error if found else None


@pytest.mark.parametrize("refusal", [None, "account_inactive"])
async def test_what_was_on_its_way_when_the_app_was_uninstalled_is_said_once_when_it_is_back(
    parts: Parts, refusal: str | None
) -> None:
    ana, ben = await enrol(parts, ANA), await enrol(parts, BEN)
    async with behind_a_gate(parts) as gated:
        slack = await install(parts, gated.client)
        gated.sender = Sender(parts, speaking_through(slack), channel_pace=0)
        gated.gate.hold(POST, ANA)
        await deliver(parts, won_deal(1))
        assert await gated.sender.turn() == 1
        await gated.gate.waits(POST, ANA)
        # One is in Slack's hands, the other has only been claimed.
        async with parts.database.write() as tx:
            await installations.remove(tx, ENVIRONMENT)
        slack.forget()
        await deliver(parts, won_deal(2, BEN))
        assert await gated.sender.turn() == 1
        async with asyncio.timeout(20):
            while await error_of(parts) != "not_installed":
                await asyncio.sleep(0.005)
        gated.slack.faults[POST] = [Fault(error=refusal)] if refusal else []
        gated.gate.open(POST, ANA)
        await gated.sender.finish()
        assert gated.posted(ANA) == ([] if refusal else ["D-1"])
        assert await standings(parts, ana) == (["due"] if refusal else ["sent"])
        # Nobody is asked in vain as long as it is gone.
        calls = len(gated.gate.calls)
        assert await gated.send(HOUR) == 0
        async with parts.database.read() as tx:
            assert not await sending.any_waiting(tx, gated.clock.now())
        assert await error_of(parts) == (refusal or "not_installed")
        assert len(gated.gate.calls) == calls
        assert await standings(parts, ben) == ["due"]

        gated.sender = Sender(parts, speaking_through(await install(parts, gated.client)))
        await gated.send()
        assert await gated.send(HOUR) == 0
        assert (gated.posted(ANA), gated.posted(BEN)) == (["D-1"], ["D-2"])
        assert await standings(parts, ana) == await standings(parts, ben) == ["sent"]


async def test_an_installation_that_becomes_known_meanwhile_shuts_nobody_out(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    async with behind_a_gate(parts) as gated:
        slack = await install(parts, gated.client)
        known = speaking_through(slack)
        asked: list[str] = []

        async def client_of(workspace_id: str) -> AsyncWebClient:
            """As a start is slow: the first message is claimed a little before it is known."""
            asked.append(workspace_id)
            if len(asked) == 1:
                raise NotInstalledError
            return await known(workspace_id)

        gated.sender = Sender(parts, client_of, channel_pace=0)
        await deliver(parts, won_deal(1))
        await gated.sender.send_due()
        assert await error_of(parts) is None
        assert isinstance(parts.clock, FixedClock)
        for _ in range(2):
            parts.clock.advance(timedelta(minutes=2))
            await attending.turn(parts)
            await gated.sender.send_due()
        assert await standings(parts, ana) == ["sent"]
