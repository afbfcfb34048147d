"""One message: said in Slack at a bearable pace, drawn again, looked for or taken back."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import TypeVar

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.runtime.backoff import backoff
from bot.runtime.parts import Parts
from bot.slack import finding
from bot.slack.answers import Answer, keep_peace, record
from bot.slack.blocks.pieces import Blocks
from bot.slack.disturbing import Peace
from bot.slack.drawing import KINDS, Kind, sight_of
from bot.slack.faults import CALL_FAILED, Fault, Means, fault, internal
from bot.slack.installed import NotInstalledError
from bot.slack.posting import post
from coach.attention import may_come, still_wanted
from coach.models import MessageState
from storage import deciding, installations, messages, people, sending, workspaces
from storage.database import Tx, is_passing
from storage.messages import Message
from storage.sending import Before, Claimed
from storage.shared_writes import SharedWrites

log = logging.getLogger(__name__)

T = TypeVar("T")

#: A message that fails so often for passing reasons, for more than an hour, is given up.
TRIES = 12

#: What was found out so shortly before is as it was; in seconds.
A_MOMENT = 0.25

#: Copies of a message are tried to be taken out so often.
CLEARINGS = 4

#: What was taken back after a try is looked for again so much later, as long as nobody knows where.
UNKNOWN_PLACE = timedelta(hours=1)

#: What the database's trouble is waited for between two tries, in seconds, at most.
LONGEST_REST = 5.0

#: Slack takes about one message a second for one channel
#: (https://docs.slack.dev/apis/web-api/rate-limits).
CHANNEL_PACE = 1.0

POST, UPDATE = "chat.postMessage", "chat.update"

#: Speaks in a workspace's Slack. Raises `NotInstalledError`.
ClientOf = Callable[[str], Awaitable[AsyncWebClient]]

#: What is kept as the reason when a workspace has no installation any more.
NOT_INSTALLED = "not_installed"


def _given_up(found: Fault, attempts: int, *, is_new: bool) -> bool:
    # Being told to wait is no sign that it will never work, and a workspace that lets us in no more
    # says nothing of a message. What stands there must not keep buttons for what is decided.
    if found.means is Means.WORKSPACE:
        return False
    tried = is_new and found.retry_after is None and attempts >= TRIES
    return found.means is Means.NEVER or tried


class Speaker:
    """Says messages in Slack, each by itself. Its only memory is for the sake of pace."""

    def __init__(
        self,
        parts: Parts,
        client_of: ClientOf,
        before: Before,
        *,
        channel_pace: float,
        rest: Callable[[float], Awaitable[None]],
    ) -> None:
        self._parts = parts
        self._client_of = client_of
        self._before = before
        self._apart = channel_pace
        self._rest = rest
        self._last_post: dict[str, float] = {}
        #: What Slack has answered is recorded at once, many answers in one commit.
        self._answers = SharedWrites(parts.database, record)
        #: Methods Slack has asked to leave alone in a workspace, and until when.
        self._paused: dict[tuple[str, str], datetime] = {}

    def paused(self, method: str, now: datetime) -> list[str]:
        """The workspaces in which Slack has asked to leave a method alone."""
        self._paused = {which: until for which, until in self._paused.items() if until > now}
        return [workspace_id for workspace_id, which in self._paused if which == method]

    async def say(self, each: Claimed, peace: asyncio.Future[Peace | None] | None) -> None:
        """Say it, or what has become of it; `peace` tells whether its person is in peace.

        One that cannot be put into words must not come back for ever, as one of ours.
        """
        try:
            await self._send(each, peace)
        except Exception as error:
            if is_passing(error):
                raise
            log.exception("the message %s could not be made", each.message.id)
            await self.failed(each, internal(error))

    async def _send(self, each: Claimed, asked: asyncio.Future[Peace | None] | None) -> None:
        message = each.message
        kind = KINDS.get(message.kind)
        if kind is None:
            raise ValueError(f"there is no message of the kind {message.kind}")
        if each.is_looked_for:
            await self._look_for(each, kind)
            return
        if not each.is_new:
            drawn = kind.draw(sight_of(self._parts, each))
            call = self._update(each, *drawn) if drawn else self._delete(each)
            if await self._call(each, UPDATE, call) is not None:
                await self._keep(Answer(each, kind, gone=drawn is None))
            return
        loop = asyncio.get_running_loop()
        began = loop.time()
        channel: str | None = None
        if message.attempts > 1:
            # The answer to an earlier try may have been lost.
            channel = await self._channel(message)
            if channel is not None and not await self._is_to_be_posted(each, kind, channel):
                return
        waited = await self._pace(message.addressee)
        peace = await asked if asked is not None else None
        if waited or loop.time() - began > A_MOMENT:
            # Much may have changed since the claim, not least whether it is wanted at all, and by
            # us: a process that stood still finds another at it.
            async with self._parts.database.read() as tx:
                again = await sending.look_again(tx, each)
                if again is None:
                    log.warning("another sender has claimed %s meanwhile", message.id)
                    return
                (each,) = await sending.as_drawn(tx, [again], self._before, self._parts.clock.now())
        if peace is not None and each.person is not None:
            person = replace(each.person, dnd_until=peace.until, dnd_asked_at=peace.asked_at)
            each = replace(each, person=person)
        drawn = kind.draw(sight_of(self._parts, each))
        if drawn is None or (kind.advice and not self._still_wanted(each)):
            await self._withdraw(each, peace, looked_for=channel is not None)
            return
        if kind.advice and (self._is_in_peace(each) or self._is_at_rest(each)):
            await self._withdraw(each, peace, looked_for=channel is not None, for_now=True)
            return
        answer = await self._call(each, POST, self._post(each, *drawn))
        if answer is not None:
            at = self._parts.clock.now()
            await self._keep(Answer(each, kind, answer["channel"], answer["ts"], at, peace=peace))
            log.info("sent %s to %s", message.kind, message.addressee)
            if message.attempts > 1 and channel is None:
                await self._clear(message, answer["channel"], answer["ts"])

    async def _channel(self, message: Message) -> str | None:
        """Where its person's messages stand; `None` where none was ever sent."""
        if message.person_id is None:
            return None
        async with self._parts.database.read() as tx:
            return await sending.channel_of(tx, message.workspace_id, message.person_id)

    async def _is_to_be_posted(self, each: Claimed, kind: Kind, channel: str) -> bool:
        """Whether it does not stand there already; if so, that copy is it, and is drawn again."""
        copies = await self._call(each, finding.HISTORY, self._copies(each.message, channel))
        if copies:
            at = finding.posted_at(copies[0])
            await self._keep(Answer(each, kind, channel, copies[0], at, found=True))
            if len(copies) > 1:
                await self._clear(each.message, channel, copies[0])
            log.info("%s stood in Slack already", each.message.id)
            self._parts.wake.sender.set()
        return copies == []

    async def _look_for(self, each: Claimed, kind: Kind) -> None:
        """What was taken back stands there, if the answer to a try was lost: then that is it."""
        channel = await self._channel(each.message)
        if channel is None or await self._is_to_be_posted(each, kind, channel):
            values: dict[str, object] = {"attempts": 0}
            if channel is None:
                # It stays one that was tried, and is looked for when another has told where.
                attempts, at = each.message.attempts, self._parts.clock.now() + UNKNOWN_PLACE
                values = {"attempts": attempts, "draw_due": attempts < TRIES, "not_before": at}
            async with self._parts.database.write() as tx:
                await sending.record(tx, each.message, **values)

    async def _copies(self, message: Message, channel: str) -> list[str]:
        return await finding.copies(await self._client_of(message.workspace_id), channel, message)

    async def _clear(self, message: Message, channel: str, ts: str) -> None:
        """Take out other copies of a message; before it was sent nobody knew where to look.

        If another was faster, this is the copy, and is taken out as one.
        """
        async with self._parts.database.read() as tx:
            recorded = await messages.get(tx, message.workspace_id, message.id)
        if recorded is None or (recorded.channel, recorded.ts) != (channel, ts):
            return
        for attempts in range(1, CLEARINGS + 1):
            try:
                client = await self._client_of(message.workspace_id)
                for other in await finding.copies(client, channel, message):
                    if other != ts:
                        await client.chat_delete(channel=channel, ts=other)
            except CALL_FAILED as error:
                found = fault(error)
                log.warning("%s may stand in Slack twice: %s", message.id, found.code)
                if found.means is not Means.AGAIN or attempts == CLEARINGS:
                    return
                wait = found.retry_after or backoff(attempts, self._parts.entropy)
                await self._rest(min(wait.total_seconds(), LONGEST_REST))
            else:
                return

    async def _keep(self, answer: Answer) -> None:
        """Have an answer recorded, however long the database is in trouble.

        Given up, the message would be posted a second time. While it is tried, this process keeps
        the message to itself.
        """
        for attempts in count(1):
            try:
                await self._answers.make(answer)
            except Exception as error:
                if not is_passing(error):
                    raise
                log.warning("an answer of Slack's cannot be recorded yet: %s", type(error).__name__)
                await self._rest(min(0.25 * 2**attempts, LONGEST_REST))
            else:
                return

    async def _pace(self, channel: str) -> bool:
        """Wait until Slack takes another message there; says whether that took any time."""
        loop = asyncio.get_running_loop()
        wait = self._last_post.get(channel, 0) + self._apart - loop.time()
        if wait > 0:
            await self._rest(wait)
        self._last_post[channel] = loop.time()
        if len(self._last_post) > 10_000:
            horizon = loop.time() - self._apart
            self._last_post = {c: at for c, at in self._last_post.items() if at > horizon}
        return wait > 0

    def _still_wanted(self, each: Claimed) -> bool:
        # Its time may have run out between claim and turn: better unsaid than said too late.
        person, now = each.person, self._parts.clock.now()
        return person is not None and any(still_wanted(person, i, now) for i in each.insights)

    def _is_in_peace(self, each: Claimed) -> bool:
        until = each.person.dnd_until if each.person else None
        return until is not None and until > self._parts.clock.now()

    def _is_at_rest(self, each: Claimed) -> bool:
        # It may have been due for hours: while we were stopped, or while Slack let nobody in.
        person, now, alone = each.person, self._parts.clock.now(), each.message.kind == "card"
        return person is not None and not may_come(person, each.insights, now, alone=alone)

    async def _post(self, each: Claimed, text: str, blocks: Blocks) -> AsyncSlackResponse:
        client = await self._client_of(each.message.workspace_id)
        return await post(client, each.message, text, blocks)

    async def _update(self, each: Claimed, text: str, blocks: Blocks) -> AsyncSlackResponse:
        client = await self._client_of(each.message.workspace_id)
        return await client.chat_update(
            channel=each.message.channel or "", ts=each.message.ts or "", text=text, blocks=blocks
        )

    async def _delete(self, each: Claimed) -> AsyncSlackResponse:
        """Nothing is left to show: a message that only was in the way goes."""
        client = await self._client_of(each.message.workspace_id)
        return await client.chat_delete(
            channel=each.message.channel or "", ts=each.message.ts or ""
        )

    async def _withdraw(
        self, each: Claimed, peace: Peace | None, *, looked_for: bool, for_now: bool = False
    ) -> None:
        message = each.message
        async with self._parts.database.write() as tx:
            await self._reconsider(tx, each)
            await keep_peace(tx, [(each, peace)])
            if for_now:
                whose = [message.person_id] if message.person_id else []
                briefs = whose if message.kind == "brief" else []
                digests = whose if message.kind == "digest" else []
                await people.made(tx, message.workspace_id, briefs, digests, None)
            if message.kind == "backlog" and message.person_id:
                now = self._parts.clock.now()
                await people.backlog_came(tx, message.workspace_id, [message.person_id], now)
            withdrawn: dict[str, object] = {"state": MessageState.WITHDRAWN.value, "attempts": 0}
            if message.attempts > 1 and not looked_for:
                # Nobody knew where to look for what may stand there.
                withdrawn |= {"attempts": message.attempts, "draw_due": True}
            await sending.record(tx, message, **withdrawn)
        self._parts.wake.attention.set()

    async def _reconsider(self, tx: Tx, each: Claimed) -> None:
        # Nothing reached the person, so nothing stands in the way of what is next for them.
        message = each.message
        if message.person_id:
            now = self._parts.clock.now()
            await deciding.reconsider(tx, message.workspace_id, [message.person_id], now)

    async def failed(self, each: Claimed, found: Fault) -> None:
        """Have it tried again, or give it up."""
        message = each.message
        values: dict[str, object] = {"error": found.code}
        given_up = _given_up(found, message.attempts, is_new=each.is_new)
        if given_up:
            log.warning("Slack refused the message %s: %s", message.id, found.code)
            if each.is_new:
                values["state"] = MessageState.FAILED.value
            values["attempts"] = 0
        else:
            wait = found.retry_after or backoff(message.attempts, self._parts.entropy)
            values["not_before"] = self._parts.clock.now() + wait
            if each.is_new:
                values["state"] = MessageState.DUE.value
            else:
                values["draw_due"] = True
        async with self._parts.database.write() as tx:
            if each.is_new:
                await self._reconsider(tx, each)
            kind = KINDS.get(message.kind)
            if await sending.record(tx, message, **values) and given_up and kind and kind.refused:
                await kind.refused(tx, message, found.code)
                self._parts.wake.channels.set()
        if each.is_new:
            self._parts.wake.attention.set()

    async def _call(self, each: Claimed, method: str, call: Awaitable[T]) -> T | None:
        """Slack's answer, or `None` after a failure was dealt with."""
        try:
            return await call
        except NotInstalledError:
            found = Fault(Means.WORKSPACE, NOT_INSTALLED)
        except CALL_FAILED as error:
            found = fault(error)
        workspace_id, now = each.message.workspace_id, self._parts.clock.now()
        if found.retry_after is not None:
            self._paused[workspace_id, method] = now + found.retry_after
        if found.means is Means.WORKSPACE:
            await self._shut_out(workspace_id, found, now)
        await self.failed(each, found)
        return None

    async def _shut_out(self, workspace_id: str, found: Fault, now: datetime) -> None:
        parts = self._parts
        async with parts.database.write() as tx:
            await workspaces.lock(tx, parts.database, workspace_id)
            if found.code == NOT_INSTALLED and await installations.of_workspace(
                tx, parts.seal, workspace_id
            ):
                # It became known in this very moment, as at a start: nobody would ask about it.
                return
            await workspaces.shut_out(tx, [workspace_id], found.code, now)
        log.error(
            "Slack lets us send nothing any more: %s. `coach doctor` says what to do.", found.code
        )
