"""What comes twice is done once: by Slack's own ids, since it sends again what it is unsure of."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from slack_bolt.response import BoltResponse

#: How much is remembered. A process that never saw the first of two is kept right by the store.
KEPT = 5000


class Once:
    """Remembers what was done; what failed may come again."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._under_way: dict[str, asyncio.Future[BoltResponse]] = {}
        self._done: OrderedDict[str, None] = OrderedDict()

    async def do(self, key: str, work: Callable[[], Awaitable[BoltResponse]]) -> BoltResponse:
        """Do it, unless it is under way, and then its answer is this one's too, or was done."""
        if key in self._done:
            return BoltResponse(status=200)
        if (going := self._under_way.get(key)) is not None:
            return await asyncio.shield(going)
        mine = self._under_way[key] = asyncio.get_running_loop().create_future()
        try:
            response = await work()
        except BaseException:
            # Whoever waits for it tells Slack nothing, so that it comes again.
            mine.set_result(BoltResponse(status=503))
            raise
        finally:
            del self._under_way[key]
        mine.set_result(response)
        if response.status == 200:
            self._done[key] = None
            if len(self._done) > self._kept:
                self._done.popitem(last=False)
        return response
