"""What the CRM room works with besides the shared parts: made in one place, handed to each part."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.crm.provider import Account, Provider
from bot.crm.readings import Readings
from bot.crm.rush import Rush
from bot.runtime.parts import Parts
from storage.connections import Connection


@dataclass(frozen=True, slots=True)
class CrmParts:
    """Everything a part of the CRM room may need; tests make their own with their own providers."""

    shared: Parts
    providers: Mapping[str, Provider]
    #: Webhooks that come in a rush go before the work on them.
    rush: Rush = field(default_factory=Rush)
    #: Held by whoever reads a large body in a thread.
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    #: What has just come in, for the worker.
    readings: Readings = field(default_factory=Readings)
    #: The time on the wall, in seconds: what a vendor's clock is compared with.
    wall: Callable[[], float] = time.time
    #: The address by which vendors reach us, without a slash at its end; empty when not set.
    public_url: str = ""
    #: Secrets of our own app at each vendor: provider -> name -> secret.
    apps: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def account(self, connection: Connection) -> Account:
        """What a provider checks and calls with for a connection."""
        provider = self.providers.get(connection.provider)
        setup = provider.setup if provider else None
        return Account(
            connection.secrets,
            connection.bearer,
            connection.account_id,
            connection.callback_url or (setup and setup.api_url) or None,
            connection.access,
            self.apps.get(connection.provider, {}),
            connection.subscription,
        )
