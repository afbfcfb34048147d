"""Slack of a workspace: the client that speaks with its token, found by workspace or by team."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.coaching import planning
from bot.runtime.parts import Parts
from bot.slack import renewing
from bot.slack.renewing import OurApp
from coach.errors import CoachError
from storage import installations, workspaces
from storage.database import Tx
from storage.installations import Found, Installation

#: How long what is known of an installation holds without a look into the database.
FRESH = timedelta(seconds=30)

#: How long Slack may take to answer a call, in seconds.
PATIENCE = 10


class NotInstalledError(CoachError):
    """The coach is not installed here. Whoever runs it can run `coach doctor`."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A workspace as its installation of the app reaches it."""

    workspace_id: str
    team_id: str
    installation: Installation
    #: Speaks with the installation's token.
    client: AsyncWebClient


class Slack:
    """Slack, by workspace. What it remembers is in the database: it only saves looking there."""

    def __init__(
        self, parts: Parts, *, patience: int = PATIENCE, app: OurApp | None = None
    ) -> None:
        self.parts = parts
        #: Renews tokens that end, and takes back what browsers bring; where it is known.
        self.app = app
        self._patience = patience
        #: Shared by all clients from the start of the bot to its end.
        self.session: aiohttp.ClientSession | None = None
        self._known: dict[tuple[str, ...], tuple[datetime, Installed]] = {}

    async def of(self, workspace_id: str) -> Installed:
        """The workspace's Slack. Raises `NotInstalledError`."""

        async def look(tx: Tx) -> Found | None:
            return await installations.of_workspace(tx, self.parts.seal, workspace_id)

        found = await self._look((workspace_id,), look)
        if found is None:
            raise NotInstalledError
        return found

    async def of_team(self, team_id: str, enterprise_id: str | None = None) -> Installed | None:
        """The same for a team as Slack names it in a request; `None` for one we do not know.

        A team's own installation goes before that of the organisation it is part of.
        """

        async def look(tx: Tx) -> Found | None:
            return await installations.of_team(tx, self.parts.seal, team_id, enterprise_id)

        return await self._look(("team", team_id, enterprise_id or ""), look)

    def forget(self) -> None:
        """Look anew from now on: an installation has changed."""
        self._known.clear()

    async def good(self, installation: Installation) -> Installation:
        """The same with a token that is good for a while; renewed if need be."""
        return await renewing.good(self.parts, self.app, installation, client=self.nobodys())

    def nobodys(self) -> AsyncWebClient:
        """A client without a token, for what is asked by the app itself."""
        client = AsyncWebClient(
            base_url=self.parts.slack_api_url, timeout=self._patience, session=self.session
        )
        client.retry_handlers = []
        return client

    async def joined(self, team_id: str, enterprise_id: str) -> None:
        """Make the workspace of a team that has the app by its organisation, if that is so.

        Which teams are of it, nobody tells before they speak.
        """
        parts = self.parts
        async with parts.database.read() as tx:
            if await installations.of_organisation(tx, enterprise_id) is None:
                return
        now = parts.clock.now()
        async with parts.database.write() as tx:
            await workspaces.settle(tx, team_id, "", enterprise_id, parts.new_id(), now)
            await planning.announce(parts, tx)

    def client(self, installation: Installation, team_id: str | None = None) -> AsyncWebClient:
        """A client that speaks with this token."""
        client = AsyncWebClient(
            token=installation.bot_token,
            base_url=self.parts.slack_api_url,
            timeout=self._patience,
            session=self.session,
            # A token of a whole organisation must say for which of its teams it asks.
            team_id=team_id if installation.is_enterprise_install else None,
        )
        # What may be repeated after a failure is known to who calls, not to the client.
        client.retry_handlers = []
        return client

    async def _look(
        self, key: tuple[str, ...], look: Callable[[Tx], Awaitable[Found | None]]
    ) -> Installed | None:
        now = self.parts.clock.now()
        known = self._known.get(key)
        if known is not None and abs(now - known[0]) < FRESH:
            return known[1]
        async with self.parts.database.read() as tx:
            found = await look(tx)
        if found is None:
            # Asked about again each time: it may be installed any moment.
            self._known.pop(key, None)
            return None
        installation = await self.good(found.installation)
        client = self.client(installation, found.team_id)
        made = Installed(found.workspace_id, found.team_id, installation, client)
        self._known[key] = (now, made)
        return made


def authorizing(slack: Slack) -> Callable[..., Awaitable[AuthorizeResult]]:
    """What Bolt asks by which installation a request is answered."""

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        found = await slack.of_team(team_id, enterprise_id) if team_id else None
        if found is None and team_id and team_id.startswith("T") and enterprise_id:
            await slack.joined(team_id, enterprise_id)
            found = await slack.of_team(team_id, enterprise_id)
        if found is None:
            # Nobody's token for a team we do not know. It goes on all the same: who asked is told
            # so by the address that the request came with.
            return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id)
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            bot_user_id=found.installation.bot_user_id,
            bot_token=found.installation.bot_token,
        )

    return authorize
