"""The sender: claims what is to be said, says it in Slack at a bearable pace, and keeps it true."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from slack_sdk.web.async_client import AsyncWebClient

from bot.runtime.backoff import backoff
from bot.runtime.parts import Parts
from bot.slack.blocks.card import card
from bot.slack.blocks.notices import notice as notice_blocks
from bot.slack.faults import Fault, Means, fault
from coach.models import Enrolment, InsightState
from coach.pacing import APART
from storage import agenda, cards, insights, notices, people, workspaces
from storage.cards import Card
from storage.database import Tx, is_passing
from storage.notices import Notice
from storage.shared_writes import SharedWrites

log = logging.getLogger(__name__)

Message = TypeVar("Message", Card, Notice)

#: How long a claim lasts; after that another sender may try again.
LEASE = timedelta(seconds=60)

#: Messages on their way at once.
TOGETHER = 32

#: A message that fails so often for passing reasons, over several hours, is given up.
TRIES = 12

#: Slack takes about one message a second for one channel
#: (https://docs.slack.dev/apis/web-api/rate-limits).
CHANNEL_PACE = 1.0


def _given_up(found: Fault, attempts: int) -> bool:
    # Being told to wait is no sign that it will never work.
    return found.means is Means.NEVER or (found.retry_after is None and attempts >= TRIES)


class Sender:
    """Sends for all workspaces this process serves. Its only memory is for the sake of pace."""

    def __init__(
        self, parts: Parts, client: AsyncWebClient, *, channel_pace: float = CHANNEL_PACE
    ) -> None:
        self._parts = parts
        self._client = client
        self._apart = channel_pace
        self._last_post: dict[str, float] = {}
        #: What Slack has answered is recorded at once, many answers in one commit.
        self._shared = SharedWrites(parts.database)
        #: Workspaces Slack has asked to leave alone, and until when.
        self._paused: dict[str, datetime] = {}

    async def send_full(self) -> bool:
        """Send what is due now; says whether more of it may be left over."""
        return await self.send_due() >= TOGETHER

    async def send_due(self) -> int:
        """Send and re-render all that is due now; returns how many calls were made."""
        parts, now = self._parts, self._parts.clock.now()
        self._paused = {id: until for id, until in self._paused.items() if until > now}
        stale: list[Card] = []
        stale_notices: list[Notice] = []
        due: list[Card] = []
        fresh: list[Notice] = []
        async with parts.database.read() as tx:
            wanted = await agenda.look(tx, now, self._paused)
            if wanted.stale_cards:
                stale = await cards.to_render(tx, now, TOGETHER, self._paused)
            if wanted.stale_notices:
                stale_notices = await notices.to_render(tx, now, TOGETHER, self._paused)
        if wanted.to_send:
            async with parts.database.write() as tx:
                if wanted.lost_cards:
                    await cards.reclaim(tx, now)
                if wanted.notices:
                    fresh = await notices.claim(
                        tx, now, lease=LEASE, most=TOGETHER, paused=self._paused
                    )
                due = await cards.claim(
                    tx,
                    parts.database,
                    now,
                    lease=LEASE,
                    apart=APART,
                    most=TOGETHER,
                    paused=self._paused,
                )
        failures = await asyncio.gather(
            *(self._alone(self._render, each, self._render_failed) for each in stale),
            *(
                self._alone(self._render_notice, each, self._notice_failed)
                for each in stale_notices
            ),
            *(self._alone(self._post_notice, each, self._notice_failed) for each in fresh),
            *(self._alone(self._post, each, self._post_failed) for each in due),
            return_exceptions=True,
        )
        for failure in failures:
            # Only now that every message has had its turn.
            if isinstance(failure, BaseException):
                raise failure
        return len(stale) + len(stale_notices) + len(fresh) + len(due)

    async def _alone(
        self,
        work: Callable[[Message], Awaitable[None]],
        each: Message,
        failed: Callable[[Message, Fault], Awaitable[None]],
    ) -> None:
        """A message that cannot be put into words must not come back for ever, as one of ours."""
        try:
            await work(each)
        except Exception as error:
            if is_passing(error):
                # The database's trouble: the claim runs out, then it is tried again.
                raise
            log.exception("a message could not be made")
            await failed(each, Fault(Means.NEVER, f"internal: {type(error).__name__}"))

    async def _pace(self, channel: str) -> None:
        loop = asyncio.get_running_loop()
        while (wait := self._last_post.get(channel, 0) + self._apart - loop.time()) > 0:
            await asyncio.sleep(wait)
        self._last_post[channel] = loop.time()
        if len(self._last_post) > 10_000:
            horizon = loop.time() - self._apart
            self._last_post = {c: at for c, at in self._last_post.items() if at > horizon}

    def _blocks(self, each: Card) -> tuple[str, list[dict[str, Any]]]:
        action = self._parts.actions.get(each.insight.suggestion.action)
        promise = action.promise(each.insight.suggestion.params) if action else None
        voice = self._parts.voices.of(each.time_zone)
        return card(each.insight, voice, promise=promise, now=self._parts.clock.now())

    async def _say(self, channel: str, text: str, blocks: list[dict[str, Any]]) -> Any:
        # What stands in it may be a CRM's: nothing of it is formatted or unfolded.
        return await self._client.chat_postMessage(
            channel=channel,
            text=text,
            blocks=blocks,
            mrkdwn=False,
            unfurl_links=False,
            unfurl_media=False,
        )

    async def _post(self, each: Card) -> None:
        insight = each.insight
        await self._pace(each.slack_user_id)
        now = self._parts.clock.now()
        if insight.expires_at <= now:
            # Its time ran out between claim and turn: better unsaid than said too late.
            async with self._parts.database.write() as tx:
                key = (insight.workspace_id, insight.fingerprint)
                await insights.move(tx, *key, InsightState.EXPIRED, now, claimed_until=None)
                await people.next_turn(tx, insight.workspace_id, {insight.person_id: now})
            return
        text, blocks = self._blocks(each)
        answer = await self._call(
            lambda: self._say(each.slack_user_id, text, blocks),
            lambda found: self._post_failed(each, found),
            workspace_id=insight.workspace_id,
        )
        if answer is None:
            return
        now = self._parts.clock.now()
        place = {"channel": answer["channel"], "ts": answer["ts"], "sent_at": now}

        async def sent(tx: Tx) -> None:
            key = (insight.workspace_id, insight.fingerprint)
            moved = await insights.move(
                tx,
                *key,
                InsightState.SENT,
                now,
                claimed_until=None,
                attempts=0,
                error=None,
                **place,
            )
            if moved is None:
                # It was answered or expired while on its way: the message must show that.
                await insights.change(tx, *key, render_due=True, **place)

        await self._shared.make(sent)
        log.info("sent %s to %s", insight.rule, each.slack_user_id)

    async def _post_failed(self, each: Card, found: Fault) -> None:
        insight, now = each.insight, self._parts.clock.now()
        key = (insight.workspace_id, insight.fingerprint)
        async with self._parts.database.write() as tx:
            if _given_up(found, each.attempts):
                log.warning("Slack refused %s for %s: %s", insight.rule, key[1], found.code)
                await insights.move(
                    tx, *key, InsightState.FAILED, now, error=found.code, claimed_until=None
                )
            else:
                wait = found.retry_after or backoff(each.attempts, self._parts.entropy)
                await insights.move(
                    tx,
                    *key,
                    InsightState.QUEUED,
                    now,
                    error=found.code,
                    not_before=now + wait,
                    claimed_until=None,
                )
            # Nothing reached the person, so nothing stands in the way of the next card.
            await people.next_turn(tx, insight.workspace_id, {insight.person_id: now})

    async def _render(self, each: Card) -> None:
        insight = each.insight
        text, blocks = self._blocks(each)
        answer = await self._call(
            lambda: self._client.chat_update(
                channel=insight.channel or "", ts=insight.ts or "", text=text, blocks=blocks
            ),
            lambda found: self._render_failed(each, found),
            workspace_id=insight.workspace_id,
        )
        if answer is not None:
            await self._shared.make(lambda tx: cards.rendered(tx, insight))

    async def _render_failed(self, each: Card, found: Fault) -> None:
        now, attempts = self._parts.clock.now(), each.attempts + 1
        key = (each.insight.workspace_id, each.insight.fingerprint)
        async with self._parts.database.write() as tx:
            if _given_up(found, attempts):
                log.warning("a card of %s could not be changed: %s", key[1], found.code)
                await insights.change(tx, *key, render_due=False, error=found.code)
            else:
                wait = found.retry_after or backoff(attempts, self._parts.entropy)
                await insights.change(tx, *key, not_before=now + wait, attempts=attempts)

    async def _post_notice(self, each: Notice) -> None:
        await self._pace(each.slack_user_id)
        text, blocks = notice_blocks(each.kind, each.params, self._parts.voices.of(None))
        answer = await self._call(
            lambda: self._say(each.slack_user_id, text, blocks),
            lambda found: self._notice_failed(each, found),
            workspace_id=each.workspace_id,
        )
        if answer is None:
            return
        async with self._parts.database.write() as tx:
            await notices.change(
                tx,
                each.workspace_id,
                each.id,
                state="sent",
                channel=answer["channel"],
                ts=answer["ts"],
                attempts=0,
                error=None,
            )
            kind, _, person_id = each.id.partition(":")
            if kind == "welcome":
                await people.enrol(
                    tx,
                    each.workspace_id,
                    person_id,
                    Enrolment.INVITED,
                    only_from=[Enrolment.INVITING],
                )
        log.info("sent %s to %s", each.kind, each.slack_user_id)

    async def _render_notice(self, each: Notice) -> None:
        text, blocks = notice_blocks(each.kind, each.params, self._parts.voices.of(None))
        answer = await self._call(
            lambda: self._client.chat_update(
                channel=each.channel or "", ts=each.ts or "", text=text, blocks=blocks
            ),
            lambda found: self._notice_failed(each, found),
            workspace_id=each.workspace_id,
        )
        if answer is not None:
            async with self._parts.database.write() as tx:
                await notices.change(tx, each.workspace_id, each.id, render_due=False, attempts=0)

    async def _notice_failed(self, each: Notice, found: Fault) -> None:
        now = self._parts.clock.now()
        # A claim to post has counted its try already.
        attempts = each.attempts if each.ts is None else each.attempts + 1
        async with self._parts.database.write() as tx:
            if _given_up(found, attempts):
                log.warning("Slack refused the message %s: %s", each.id, found.code)
                values: dict[str, object] = {"error": found.code, "render_due": False}
                if each.ts is None:
                    values["state"] = "failed"
            else:
                wait = found.retry_after or backoff(attempts, self._parts.entropy)
                values = {"not_before": now + wait, "attempts": attempts, "error": found.code}
                if each.ts is None:
                    values["state"] = "queued"
            await notices.change(tx, each.workspace_id, each.id, **values)

    async def _call(
        self,
        call: Callable[[], Awaitable[Any]],
        failed: Callable[[Fault], Awaitable[None]],
        *,
        workspace_id: str,
    ) -> Any:
        """Slack's answer, or `None` after a failure was dealt with."""
        try:
            return await call()
        except Exception as error:
            found = fault(error)
        now = self._parts.clock.now()
        if found.retry_after is not None:
            self._paused[workspace_id] = now + found.retry_after
        if found.means is Means.WORKSPACE:
            log.error(
                "Slack lets us send nothing any more: %s. `coach doctor` says what to do.",
                found.code,
            )
            async with self._parts.database.write() as tx:
                await workspaces.change(
                    tx, workspace_id, slack_error=found.code, slack_error_at=now
                )
        await failed(found)
        return None
