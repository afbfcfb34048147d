"""The sender: claims what is to be said, asks whether it is true, and has it said in Slack."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from bot.coaching import following
from bot.coaching.backlogs import counts_before
from bot.runtime.parts import Parts
from bot.slack.disturbing import DoNotDisturb, Peace
from bot.slack.drawing import KINDS
from bot.slack.faults import internal
from bot.slack.speaking import CHANNEL_PACE, POST, UPDATE, ClientOf, Speaker
from storage import sending
from storage.database import is_passing
from storage.sending import Claimed, Paused

log = logging.getLogger(__name__)

#: How long a claim lasts; after that another sender may try again.
LEASE = timedelta(seconds=60)

#: Messages on their way at once.
TOGETHER = 32


class Sender:
    """Sends for all workspaces this process serves.

    Each message is work of its own: a slow answer about one holds up no other. At most `together`
    are on their way at once, and of one addressee never two.
    """

    def __init__(
        self,
        parts: Parts,
        client_of: ClientOf,
        *,
        channel_pace: float = CHANNEL_PACE,
        together: int = TOGETHER,
        rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._parts = parts
        self._peace = DoNotDisturb(parts, client_of)
        self._before = partial(counts_before, parts.rules)
        self._speaker = Speaker(
            parts, client_of, self._before, channel_pace=channel_pace, rest=rest
        )
        self._together = together
        #: By task the id of its message.
        self._under_way: dict[asyncio.Task[None], str] = {}
        #: Whether more may be due than could be begun.
        self._hungry = False
        #: Whether the turn before has found something: then more is likely, and claimed at once.
        self._found = False

    async def work(self) -> bool:
        """A turn; says whether more may be due. What comes later rings for itself."""
        return bool(await self.turn()) and self._hungry

    async def turn(self) -> int:
        """Begin to send what is due, as far as there is room; returns how many were begun."""
        parts, now = self._parts, self._parts.clock.now()
        room = self._together - len(self._under_way)
        if room <= 0:
            self._hungry = True
            return 0
        posting, drawing = (self._speaker.paused(method, now) for method in (POST, UPDATE))
        paused = Paused(posting, drawing, set(self._under_way.values()))
        if not (self._hungry or self._found):
            async with parts.database.read() as tx:
                if not await sending.any_waiting(tx, now, paused):
                    return 0
        async with parts.database.write() as tx:
            claimed = await sending.claim(tx, now, lease=LEASE, most=room, paused=paused)
            claimed = await sending.as_drawn(tx, claimed, self._before, now)
        self._found = bool(claimed)
        # Slack is asked meanwhile; a slow answer about one holds up no other.
        peace = {each.message.id: self._asked_for_peace(each) for each in claimed}
        for each in await self._as_of_now(claimed):
            said = self._speaker.say(each, peace[each.message.id])
            task = asyncio.create_task(said, name=f"sending {each.message.id}")
            self._under_way[task] = each.message.id
            task.add_done_callback(self._done)
        self._hungry = len(claimed) >= room
        return len(claimed)

    async def _as_of_now(self, claimed: Sequence[Claimed]) -> list[Claimed]:
        """The same, with what each is to say as it is true now; one that cannot be told is failed.

        They are asked about together, and one by one only when that fails.
        """
        try:
            return await self._asked(claimed)
        except Exception as error:
            if is_passing(error):
                raise
            log.exception(
                "it cannot be told of all messages whether they are true; going one by one"
            )
        told: list[Claimed] = []
        for each in claimed:
            try:
                told += await self._asked([each])
            except Exception as error:
                if is_passing(error):
                    raise
                log.exception("it cannot be told whether the message %s is true", each.message.id)
                await self._speaker.failed(each, internal(error))
        return told

    async def _asked(self, claimed: Sequence[Claimed]) -> list[Claimed]:
        shown = {
            (one.workspace_id, one.fingerprint): one
            for each in claimed
            if each.is_new
            for one in each.insights
        }
        if not shown:
            return list(claimed)
        for one in await following.as_of_now(self._parts, shown.values()):
            shown[one.workspace_id, one.fingerprint] = one
        return [
            replace(
                each,
                insights=[shown.get((i.workspace_id, i.fingerprint), i) for i in each.insights],
            )
            for each in claimed
        ]

    def _done(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task, None)
        if not task.cancelled() and (error := task.exception()):
            # The claim runs out, then it is tried again.
            log.error("%s failed", task.get_name(), exc_info=error)
        if self._hungry and len(self._under_way) <= self._together // 2:
            # Not for each place that is free: claims cost the less the more they bring.
            self._parts.wake.sender.set()

    async def send_due(self) -> int:
        """Send all that is due now, and wait until it is done; returns how many calls that took."""
        total = 0
        while (begun := await self.turn()) or self._under_way:
            total += begun
            await self.finish()
        return total

    async def finish(self) -> None:
        """Wait until nothing is on its way; cut off in the wait, it cuts off what still is."""
        try:
            while self._under_way:
                await asyncio.wait(self._under_way)
        except asyncio.CancelledError:
            for task in self._under_way:
                task.cancel()
            raise

    def _asked_for_peace(self, each: Claimed) -> asyncio.Future[Peace | None] | None:
        kind = KINDS.get(each.message.kind)
        if kind is None or not kind.advice or not each.is_new or each.person is None:
            return None
        return self._peace.asked(each.person)
