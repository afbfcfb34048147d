"""One of several processes that bring changes to the CRM, for tests: each call says whose it is.

`python -m tests.bot.crm.courier NAME` says `ready` when it is up, begins at a line of its input,
and ends with it.
"""

import asyncio
import os
import sys
from dataclasses import replace
from datetime import timedelta

from bot.crm import outbox
from bot.crm.caller import Caller
from bot.crm.calls import Call, Pace
from bot.crm.provider import Account, Provider, load_providers
from coach.writes import Outgoing
from tests.world import crm_of, make_test_parts


def signing(provider: Provider, name: str) -> Provider:
    """The provider, with a name on each call; no pace of its own holds it up."""
    writing = provider.writing
    assert writing is not None

    def call(account: Account, outgoing: Outgoing, wall: float) -> Call | None:
        made = writing.call(account, outgoing, wall)
        return made and replace(made, headers={**made.headers, "x-courier": name})

    pace = Pace(together=8, calls=10_000, within=timedelta(seconds=1))
    return replace(provider, writing=replace(writing, call=call), pace=pace)


async def run(name: str) -> None:
    parts = make_test_parts(os.environ["DATABASE_URL"])
    crm = crm_of(parts, providers={"native": signing(load_providers()["native"], name)})
    print("ready", flush=True)  # noqa: T201
    await asyncio.to_thread(sys.stdin.readline)
    end = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
    async with Caller(crm) as caller:
        while not end.done():
            if not await outbox.send_due(crm, caller):
                await asyncio.sleep(0.01)
    await parts.database.close()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1]))
