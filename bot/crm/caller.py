"""The one who makes calls to vendors: within each connection's limits, bounded in time and size."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import TracebackType

import aiohttp

from bot.crm import oauth
from bot.crm.addresses import (
    Guarded,
    NoNameError,
    PrivateAddressError,
    host_of,
    refusal,
)
from bot.crm.calls import Account, Answer, Call, Pace
from bot.crm.parts import CrmParts
from bot.crm.setup import RefusedError, Renewing, T, Talk
from bot.runtime.backoff import backoff
from bot.runtime.loopback import is_loopback_name
from bot.runtime.unreached import unreached
from storage import connections, troubles, workspaces
from storage.connections import Connection

log = logging.getLogger(__name__)

#: How long a vendor may take to answer, in seconds.
PATIENCE = 10.0

#: So often a call may be refused before what it is authorized with is not renewed for it again.
RENEWALS = 4

#: For how long one has the turn to renew it, longer than that can take; and how long another waits
#: before it looks what came of it.
TURN, WAIT = timedelta(seconds=PATIENCE * 3), timedelta(seconds=1)

#: The largest answer that is read, in bytes.
LARGEST = 5_000_000


@dataclass(frozen=True, slots=True)
class Later:
    """There is no answer yet: the call may be made (again) from then on."""

    at: datetime
    why: str
    #: Whether it was made, so that it counts among the tries.
    tried: bool = True


@dataclass(frozen=True, slots=True)
class Impossible:
    """The call must not be made, or must not be made again; why, in words for people."""

    why: str
    #: Whether it may have been made: its answer was lost.
    in_doubt: bool = False


@dataclass(slots=True)
class _Line:
    """What is under way to one connection."""

    free: asyncio.Semaphore
    #: When the latest calls were made.
    made: deque[datetime] = field(default_factory=deque)
    paused_until: datetime | None = None
    #: Held by who renews what calls are authorized with.
    renewing: asyncio.Lock = field(default_factory=asyncio.Lock)
    #: What it is by now, where it was renewed, and what it was before; and whether the vendor has
    #: refused it since.
    renewed: dict[str, str] = field(default_factory=dict)
    instead: dict[str, str] | None = None
    refused: bool = False


class Caller:
    """Makes calls; what is known of a connection's limits is shared by all who use it.

    Within one process so many calls are under way and are made in a time as the provider says. How
    long a vendor wants to be left alone is kept with the connection, for every process.
    """

    def __init__(
        self, crm: CrmParts, *, patience: float = PATIENCE, largest: int = LARGEST
    ) -> None:
        self._crm = crm
        self._patience = patience
        self._largest = largest
        self._lines: dict[tuple[str, str], _Line] = {}
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def __aenter__(self) -> "Caller":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of everything."""
        for session in self._sessions.values():
            await session.close()

    def _session(self, *, loopback: bool) -> aiohttp.ClientSession:
        if loopback not in self._sessions:
            self._sessions[loopback] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=Guarded(loopback=loopback)),
                cookie_jar=aiohttp.DummyCookieJar(),
                # What is packed could unpack to any size: it is not asked for, and not unpacked.
                auto_decompress=False,
                headers={"accept-encoding": "identity", "user-agent": "coach-slack"},
                trust_env=False,
            )
        return self._sessions[loopback]

    async def account(
        self, connection: Connection, *, kept: bool = True
    ) -> Account | Later | Impossible:
        """What calls for a connection are made with, renewed where it has ended.

        Of all callers and processes one renews it, and the others take what that one has stored.
        What is not `kept`, as it is only being tried, is renewed for this caller alone.
        """
        if oauth.withdrawn(connection.access):
            anew = oauth.anew(connection.provider, connection.id)
            return Impossible(f"Its access was taken back at the CRM. Grant it anew: {anew}.")
        renewing = self._renewing(connection)
        if renewing is None:
            return self._crm.account(connection)
        line = self._line(connection, self._crm.providers[connection.provider].pace)
        async with line.renewing:
            account = self._with(connection, line)
            now = self._crm.shared.clock.now()
            if not (line.refused or renewing.due(account, now)):
                return account
            if not kept:
                # A second refusal is its answer.
                line.refused = True
                got = await self._hold(connection, renewing.renew(account, now), 1)
                if isinstance(got, Later | Impossible):
                    return got
                return self._take(connection, line, {**account.access, **got})
            return await self._renewed(connection, account, line, renewing, now)

    async def _renewed(
        self,
        connection: Connection,
        account: Account,
        line: _Line,
        renewing: Renewing,
        now: datetime,
    ) -> Account | Later | Impossible:
        parts, place = self._crm.shared, (connection.workspace_id, connection.id)
        until = now + TURN
        async with parts.database.write() as tx:
            await workspaces.lock(tx, parts.database, connection.workspace_id)
            stored = await connections.one(tx, parts.seal, *place)
            if stored is None:
                return Impossible("This CRM is not linked any more.")
            if stored.access != account.access:
                account = self._take(connection, line, stored.access)
                # It may be let in by what does not end, by now.
                if not renewing.ends(account) or not renewing.due(account, now):
                    return account
            if not await connections.take_turn(tx, *place, now, until):
                return Later(now + WAIT, "its access is being renewed", tried=False)
        line.refused = True
        # Not in a transaction: a vendor that is slow would hold up all that is written.
        got = await self._hold(connection, renewing.renew(account, now), 1)
        async with parts.database.write() as tx:
            await workspaces.lock(tx, parts.database, connection.workspace_id)
            ours = await connections.end_turn(tx, *place, until)
            if isinstance(got, Impossible):
                if connection.granted:
                    anew = oauth.anew(connection.provider, connection.id)
                    got = Impossible(f"{got.why} Grant it anew: {anew}.")
                if ours:
                    await troubles.found(tx, *place, got.why, now)
            elif not isinstance(got, Later | Impossible) and ours:
                # All of it at once: what renews it the next time may be new, too.
                await connections.renew(tx, parts.seal, *place, got)
        if isinstance(got, Impossible):
            parts.wake.trouble.set()
        if isinstance(got, Later | Impossible):
            return got
        return self._take(connection, line, {**account.access, **got})

    def _take(self, connection: Connection, line: _Line, access: Mapping[str, str]) -> Account:
        """From now on calls are made with that."""
        line.instead, line.renewed, line.refused = dict(connection.access), dict(access), False
        return self._with(connection, line)

    def _renewing(self, connection: Connection) -> Renewing | None:
        setup = self._crm.providers[connection.provider].setup
        renewing = setup.renewing if setup else None
        return renewing if renewing and renewing.ends(self._crm.account(connection)) else None

    async def talk(
        self,
        connection: Connection,
        begin: Callable[[Account], Talk[T]],
        attempts: int = 1,
        *,
        kept: bool = True,
    ) -> T | Later | Impossible:
        """What comes of a talk with a vendor, or why it must begin anew later, or never."""
        account = await self.account(connection, kept=kept)
        if isinstance(account, Later | Impossible):
            return account
        return await self._hold(connection, begin(account), attempts)

    async def _hold(
        self, connection: Connection, talk: Talk[T], attempts: int
    ) -> T | Later | Impossible:
        try:
            call = next(talk)
            while True:
                outcome = await self.make(connection, call, attempts)
                if isinstance(outcome, Answer) and outcome.passing:
                    return Later(self.again_at(attempts), f"HTTP {outcome.status}")
                if not isinstance(outcome, Answer):
                    return outcome
                call = talk.send(outcome)
        except StopIteration as end:
            said: T = end.value
            return said
        except RefusedError as error:
            return Impossible(str(error))
        finally:
            talk.close()

    def _with(self, connection: Connection, line: _Line) -> Account:
        account = self._crm.account(connection)
        # Of a connection that was linked anew nothing is left of what it was before.
        return replace(account, access=line.renewed) if line.instead == account.access else account

    async def make(
        self, connection: Connection, call: Call, attempts: int
    ) -> Answer | Later | Impossible:
        """Make a call for a connection, of which this is the try number `attempts`."""
        provider = self._crm.providers[connection.provider]
        # Only who was linked to this machine may call it: the playground, tests, a CRM beside us.
        loopback = is_loopback_name(host_of(connection.callback_url or ""))
        if (why := refusal(call.url, loopback=loopback)) is not None:
            return Impossible(why)
        line = self._line(connection, provider.pace)
        async with line.free:
            now = self._crm.shared.clock.now()
            if line.paused_until is not None and line.paused_until > now:
                return Later(line.paused_until, "the CRM asked for a pause", tried=False)
            if (at := _full_until(line.made, provider.pace, now)) is not None:
                await self._pause(connection, line, at, "as often as it may be called")
                return Later(at, "as often as it may be called", tried=False)
            line.made.append(now)
            try:
                answer = await self._ask(call, loopback=loopback)
            except _TooLargeError:
                return Impossible(f"The answer has more than {self._largest:,} bytes.")
            except aiohttp.InvalidURL:
                return Impossible("The address is not a whole web address.")
            except aiohttp.ClientConnectorDNSError as error:
                if isinstance(error.os_error, PrivateAddressError):
                    return Impossible(f"{error.os_error}; it is not called.")
                nameless = isinstance(error.os_error, NoNameError)
                why = str(error.os_error) if nameless else unreached(error)
                return await self._silent(connection, line, attempts, why)
            except aiohttp.ClientConnectorError as error:
                return await self._silent(connection, line, attempts, unreached(error))
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                if not call.repeatable:
                    return Impossible(unknown(unreached(error)), in_doubt=True)
                return await self._silent(connection, line, attempts, unreached(error))
            return await self._heard(connection, line, answer, attempts)

    def again_at(self, attempts: int) -> datetime:
        """When to try again after so many tries: later each time, and not all at once."""
        return self._crm.shared.clock.now() + backoff(attempts, self._crm.shared.entropy)

    async def _silent(self, connection: Connection, line: _Line, attempts: int, why: str) -> Later:
        # What else is for it would wait as long for nothing, and hold up what is for others.
        later = Later(self.again_at(attempts), why)
        await self._pause(connection, line, later.at, why)
        return later

    def _line(self, connection: Connection, pace: Pace) -> _Line:
        key = (connection.workspace_id, connection.id)
        if key not in self._lines:
            self._lines[key] = _Line(asyncio.Semaphore(pace.together))
        line = self._lines[key]
        if connection.paused_until is not None:
            told = connection.paused_until
            line.paused_until = max(line.paused_until or told, told)
        return line

    async def _ask(self, call: Call, *, loopback: bool) -> Answer:
        # A redirect could lead anywhere: it is an answer like any other.
        async with self._session(loopback=loopback).request(
            call.method,
            call.url,
            data=call.body or None,
            headers=call.headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=self._patience),
        ) as response:
            pieces: list[bytes] = []
            size = 0
            async for piece in response.content.iter_any():
                size += len(piece)
                if size > self._largest:
                    raise _TooLargeError
                pieces.append(piece)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, headers, b"".join(pieces))

    async def _heard(
        self, connection: Connection, line: _Line, answer: Answer, attempts: int
    ) -> Answer | Later:
        provider = self._crm.providers[connection.provider]
        now = self._crm.shared.clock.now()
        renewing = self._renewing(connection)
        if answer.status == 401 and renewing and not line.refused and attempts < RENEWALS:
            # What was valid when the call was made may not be any more.
            line.refused = True
            return Later(now, "HTTP 401")
        rest = provider.rest(answer, now)
        # To be asked to wait is no failure, however often; without a word of how long it may be.
        asked = rest is not None
        if answer.status == 429 and rest is None:
            rest = backoff(attempts, self._crm.shared.entropy)
        if rest is None:
            return answer
        await self._pause(connection, line, now + rest, f"HTTP {answer.status}")
        if answer.status != 429:
            return answer
        return Later(now + rest, f"HTTP {answer.status}", tried=not asked)

    async def _pause(self, connection: Connection, line: _Line, until: datetime, why: str) -> None:
        line.paused_until = max(line.paused_until or until, until)
        async with self._crm.shared.database.write() as tx:
            await connections.pause(tx, connection.workspace_id, connection.id, until, why)


def unknown(why: str) -> str:
    """What a person is told of a call that may have been made, and would do harm if made again."""
    return (
        "The answer was lost, and doing it twice could do harm. "
        f"Look in the CRM whether it was done ({why})."
    )


class _TooLargeError(Exception):
    """The answer is larger than what is read."""


def _full_until(made: deque[datetime], pace: Pace, now: datetime) -> datetime | None:
    """From when on the pace allows for a call again, if it does not now."""
    while made and made[0] <= now - pace.within:
        made.popleft()
    return made[0] + pace.within if len(made) >= pace.calls else None
