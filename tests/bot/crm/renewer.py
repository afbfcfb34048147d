"""One of several processes that call a CRM whose access has ended, for tests.

`python -m tests.bot.crm.renewer` says `ready` when it is up, begins at a line of its input, and
prints for each call what its access was.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime

from bot.crm.caller import Caller, Impossible, Later
from storage import connections
from tests.world import WORKSPACE, FixedClock, crm_of, make_test_parts

#: How many calls are made at once, and how often each is tried.
TOGETHER, TRIES = 4, 40


async def run() -> None:
    # Every process by the same time, which goes on: who waits for another has its turn in the end.
    parts = make_test_parts(os.environ["DATABASE_URL"], FixedClock(datetime.now(UTC)))
    crm = crm_of(parts)
    async with parts.database.read() as tx:
        connection = await connections.one(tx, parts.seal, WORKSPACE, "hubspot")
    assert connection is not None
    print("ready", flush=True)  # noqa: T201
    await asyncio.to_thread(sys.stdin.readline)
    async with Caller(crm) as caller:

        async def once() -> str:
            for _ in range(TRIES):
                account = await caller.account(connection)
                if isinstance(account, Impossible):
                    return account.why
                if not isinstance(account, Later):
                    return account.access["access_token"]
                await asyncio.sleep(0.1)
            return "never"

        for told in await asyncio.gather(*(once() for _ in range(TOGETHER))):
            print(told, flush=True)  # noqa: T201
    await parts.database.close()


if __name__ == "__main__":
    asyncio.run(run())
