"""The administrator hears of a CRM's webhooks once when they are in trouble, and when they come."""

from datetime import timedelta

from bot.slack.troubles import tell_due
from coach.models import MessageState
from storage import connections, messages, troubles
from storage.connections import Connection
from tests.bot.surface import CHRIS, WS, Surface, surface, surface_on_both

__all__ = ["surface", "surface_on_both"]

WHY = "The CRM has paused them."


async def found(surface: Surface, why: str, *, mended: bool = False) -> None:
    async with surface.parts.database.write() as tx:
        await troubles.found(tx, WS, "close", why, surface.clock.now(), mended=mended)


async def over(surface: Surface) -> None:
    async with surface.parts.database.write() as tx:
        await troubles.over(tx, WS, "close")


async def tell(surface: Surface) -> int:
    told = await tell_due(surface.parts, surface.installed)
    await surface.settle()
    return told


async def linked(surface: Surface) -> None:
    made = Connection(WS, "close", "close", "token-of-close-0123456789", (), "")
    async with surface.parts.database.write() as tx:
        await connections.save(tx, surface.parts.seal, made, surface.clock.now())


async def test_trouble_is_told_once_and_its_message_follows_what_becomes_of_it(
    surface_on_both: Surface,
) -> None:
    surface = surface_on_both
    await linked(surface)
    assert await tell(surface) == 0
    await found(surface, WHY)
    assert await tell(surface) == 1
    said = surface.said(CHRIS)
    assert f"in close does not reach the coach as it should: {WHY}" in said
    surface.clock.moment += timedelta(days=1)
    await found(surface, WHY)
    assert await tell(surface) == 0
    await found(surface, "It is gone.")
    assert await tell(surface) == 1
    assert "It is gone." in surface.said(CHRIS)
    await over(surface)
    await over(surface)
    assert await tell(surface) == 1
    assert "The webhooks of close come again." in surface.said(CHRIS)
    # One message all along.
    async with surface.parts.database.read() as tx:
        assert await messages.counts(tx, WS) == {MessageState.SENT: 1}


async def test_what_was_mended_at_once_is_told_and_new_trouble_is_another_message(
    surface: Surface,
) -> None:
    await linked(surface)
    await found(surface, WHY, mended=True)
    assert await tell(surface) == 1
    assert "The webhooks of close come again. What was wrong: The CRM has paused them." in (
        surface.said(CHRIS)
    )
    surface.clock.moment += timedelta(days=1)
    await found(surface, WHY)
    assert await tell(surface) == 1
    assert "does not reach the coach" in surface.said(CHRIS)


async def test_a_connection_that_is_well_has_nothing_to_tell(surface: Surface) -> None:
    await linked(surface)
    await over(surface)
    assert await tell(surface) == 0
