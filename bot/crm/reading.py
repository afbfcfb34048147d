"""Reading bodies: a small one at once, a large one in a thread, so that the event loop goes on."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from bot.crm.parts import CrmParts
from bot.crm.provider import PayloadError, Provider, Reading
from storage.deliveries import LARGE, Delivery


async def read(
    crm: CrmParts, provider: Provider, body: bytes, message_id: str | None, received_at: datetime
) -> Reading:
    """What a body says. Raises `PayloadError` when nothing of it can be read.

    Large ones are read one at a time: several threads that compute would leave the loop no turn.
    """
    if len(body) <= LARGE:
        return provider.parse(body, message_id, received_at)
    async with crm.reading:
        return await asyncio.to_thread(provider.parse, body, message_id, received_at)


async def read_stored(crm: CrmParts, delivery: Delivery) -> Reading:
    """What a stored delivery says. Raises `PayloadError`."""
    if (kept := crm.readings.take(delivery.id)) is not None:
        return kept
    provider = crm.providers.get(delivery.provider)
    if provider is None:
        raise PayloadError(f"There is no provider {delivery.provider!r} any more to read this.")
    return await read(crm, provider, delivery.body, delivery.message_id, delivery.received_at)


def faults(reading: Reading) -> str | None:
    """What of a body could not be read, in one line."""
    return _line(reading.rejected)


def passed_over(reading: Reading) -> str | None:
    """Why nothing of a body is needed, in one line; `None` where some is, or cannot be read."""
    return None if reading.dedupe_keys or reading.rejected else _line(reading.passed)


def _line(told: Sequence[tuple[int, str]]) -> str | None:
    return "; ".join(f"event {index}: {why}" for index, why in told) or None
