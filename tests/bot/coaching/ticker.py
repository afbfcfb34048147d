"""A process that ticks once when it is told to, and says what came of it; for a test of sharing."""

import asyncio
import json
import random
import sys
from dataclasses import asdict

from bot.coaching import ticking
from tests.world import make_test_parts


async def main(url: str) -> None:
    # Ids of its own: several of these write into one database.
    parts = make_test_parts(url, entropy=random.SystemRandom().randbytes)
    async with parts.database.read():
        print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()
    try:
        print(json.dumps(asdict(await ticking.tick(parts))))  # noqa: T201
    finally:
        await parts.database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
