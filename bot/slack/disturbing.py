"""Do Not Disturb: before somebody is sent advice, Slack is asked whether they are left in peace."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.runtime.parts import Parts
from bot.slack.faults import CALL_FAILED, Fault, Means, fault
from bot.slack.installed import NotInstalledError
from coach.models import Person

log = logging.getLogger(__name__)

#: How long Slack's answer about somebody holds.
FRESH = timedelta(minutes=5)

#: When to ask again with a token that may not, and after Slack could not be reached.
WITHOUT_SCOPE, UNREACHED = timedelta(hours=1), timedelta(minutes=1)

#: How long an answer is waited for, in seconds: what is to be said comes first.
PATIENCE = 3.0

#: About so many people Slack answers at once
#: (https://docs.slack.dev/reference/methods/dnd.teamInfo).
TOGETHER = 50


def ends_at(answer: Mapping[str, Any], now: datetime) -> datetime | None:
    """When the peace in which somebody is now ends; `None` when they are in none.

    `answer` is Slack's (https://docs.slack.dev/reference/methods/dnd.info). It names the next time
    of peace, which may be tomorrow's; a snooze it tells only of whoever asks.
    """
    ends: list[datetime] = []
    if answer.get("snooze_enabled"):
        ends += _instants(answer.get("snooze_endtime"))
    if answer.get("dnd_enabled"):
        starts = _instants(answer.get("next_dnd_start_ts"))
        if any(start <= now for start in starts):
            ends += _instants(answer.get("next_dnd_end_ts"))
    return max((end for end in ends if end > now), default=None)


def _instants(seconds: object) -> list[datetime]:
    if not isinstance(seconds, int | float):
        return []
    try:
        return [datetime.fromtimestamp(seconds, UTC)]
    except (OverflowError, OSError, ValueError):
        return []


@dataclass(frozen=True, slots=True)
class Peace:
    """Until when somebody is left in peace, if they are, as Slack has just said."""

    asked_at: datetime
    until: datetime | None


class DoNotDisturb:
    """Asks Slack about people; whoever asks keeps with them what it said, for every process.

    Whoever is to be asked about while Slack answers about others is asked about together: as a
    morning begins, that is everybody. Not to be told is no yes: whoever Slack says nothing about
    may be sent something.
    """

    def __init__(
        self,
        parts: Parts,
        client_of: Callable[[str], Awaitable[AsyncWebClient]],
        *,
        patience: float = PATIENCE,
    ) -> None:
        self._parts = parts
        self._client_of = client_of
        self._patience = patience
        #: Tokens and workspaces with which Slack is not to be asked, and until when.
        self._left_alone: dict[str, datetime] = {}
        #: By workspace, who is to be asked about, and who waits for that.
        self._waiting: dict[str, list[tuple[Person, asyncio.Future[Peace | None]]]] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}

    async def ask(self, person: Person) -> Peace | None:
        """What Slack says of somebody; `None` if it was asked of late, or does not say."""
        return await self.asked(person)

    def asked(self, person: Person) -> asyncio.Future[Peace | None]:
        """The same, to be waited for when it is needed: Slack is asked from now on."""
        told: asyncio.Future[Peace | None] = asyncio.get_running_loop().create_future()
        now, workspace_id = self._parts.clock.now(), person.workspace_id
        asked_at = person.dnd_asked_at
        if person.slack_user_id is None or (asked_at is not None and abs(now - asked_at) < FRESH):
            told.set_result(None)
            return told
        self._waiting.setdefault(workspace_id, []).append((person, told))
        if workspace_id not in self._asking:
            asking = self._ask_all(workspace_id)
            self._asking[workspace_id] = asyncio.create_task(asking, name="asking who is in peace")
        return told

    async def _ask_all(self, workspace_id: str) -> None:
        try:
            while waiting := self._waiting.pop(workspace_id, []):
                taken, left = waiting[:TOGETHER], waiting[TOGETHER:]
                if left:
                    self._waiting[workspace_id] = left
                try:
                    found = await self._ask(workspace_id, [person for person, _ in taken])
                except Exception as error:
                    for _, told in taken:
                        if not told.done():
                            told.set_exception(error)
                else:
                    for person, told in taken:
                        if not told.done():
                            told.set_result(found.get(person.id))
        finally:
            del self._asking[workspace_id]

    async def _ask(self, workspace_id: str, persons: Sequence[Person]) -> dict[str, Peace]:
        """What Slack says of people of one workspace, by their id, as far as it does."""
        now = self._parts.clock.now()
        try:
            client = await self._client_of(workspace_id)
        except NotInstalledError:
            # Whoever sends will find out, and says so.
            return {}
        token = client.token or ""
        if any(self._is_left_alone(key, now) for key in (workspace_id, token)):
            return {}
        try:
            answers = await self._answered(client, persons)
        except CALL_FAILED as error:
            found = fault(error)
            if found.means is Means.NEVER and len(persons) > 1:
                # One of them spoils the answer about all.
                alone = [await self._ask(workspace_id, [each]) for each in persons]
                return {id: peace for told in alone for id, peace in told.items()}
            if found.means is not Means.NEVER:
                self._leave_alone(workspace_id, token, found, now)
                return {}
            (person,) = persons
            log.warning(
                "Slack does not say whether %s may be disturbed: %s", person.name, found.code
            )
            answers = {}
        return {
            each.id: Peace(now, ends_at(answers.get(each.slack_user_id, {}), now))
            for each in persons
        }

    async def _answered(
        self, client: AsyncWebClient, persons: Sequence[Person]
    ) -> dict[str | None, Mapping[str, Any]]:
        """What Slack says of each, by Slack user; it may leave somebody out."""
        ids = sorted({each.slack_user_id or "" for each in persons})
        async with asyncio.timeout(self._patience):
            if len(ids) == 1:
                one = (await client.dnd_info(user=ids[0])).data
                return {ids[0]: one} if isinstance(one, dict) else {}
            all_ = (await client.dnd_teamInfo(users=ids)).get("users")
        found = all_ if isinstance(all_, dict) else {}
        return {id: each for id, each in found.items() if isinstance(each, dict)}

    def _is_left_alone(self, key: str, now: datetime) -> bool:
        until = self._left_alone.get(key)
        return until is not None and now < until

    def _leave_alone(self, workspace_id: str, token: str, found: Fault, now: datetime) -> None:
        if found.means is Means.WORKSPACE:
            log.info("Slack does not say who may be disturbed: %s", found.code)
            self._left_alone[token] = now + WITHOUT_SCOPE
        else:
            self._left_alone[workspace_id] = now + (found.retry_after or UNREACHED)
