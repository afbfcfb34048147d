"""Which Slack team the token belongs to: asked at start, kept with the workspace."""

import asyncio
import logging

from slack_sdk.web.async_client import AsyncWebClient

from bot.runtime.backoff import backoff
from bot.runtime.parts import Parts
from bot.slack.faults import Means, fault
from coach.errors import CoachError
from storage import workspaces

log = logging.getLogger(__name__)


class WrongTeamError(CoachError):
    """The Slack token belongs to another team than this database."""


async def bind(parts: Parts, client: AsyncWebClient, workspace_id: str) -> str | None:
    """Ask Slack who we are and keep it; returns Slack's word when the token is no good.

    Raises `WrongTeamError`, and what `client` raises when Slack cannot be reached.
    """
    try:
        answer = await client.auth_test()
    except Exception as error:
        found = fault(error)
        if found.means is Means.AGAIN:
            raise
        async with parts.database.write() as tx:
            now = parts.clock.now()
            await workspaces.change(tx, workspace_id, slack_error=found.code, slack_error_at=now)
        return found.code
    async with parts.database.write() as tx:
        workspace = await workspaces.get(tx, workspace_id)
        team_id = str(answer["team_id"])
        if workspace is not None and workspace.team_id not in {None, team_id}:
            raise WrongTeamError(
                f"This database belongs to the Slack team {workspace.name} ({workspace.team_id}), "
                f"but the token is of {answer['team']} ({team_id}). Set DATABASE_URL to another "
                "database, or SLACK_BOT_TOKEN to that team's token."
            )
        await workspaces.change(
            tx,
            workspace_id,
            team_id=team_id,
            name=str(answer["team"]),
            bot_user_id=str(answer["user_id"]),
            slack_error=None,
            slack_error_at=None,
        )
    parts.wake.ring_all()
    return None


async def bind_until_known(parts: Parts, client: AsyncWebClient, workspace_id: str) -> None:
    """Ask until Slack answers: the bot starts, and takes webhooks, while Slack is down."""
    attempts = 0
    while True:
        try:
            code = await bind(parts, client, workspace_id)
        except WrongTeamError as error:
            log.error("%s", error)
            async with parts.database.write() as tx:
                now = parts.clock.now()
                await workspaces.change(
                    tx, workspace_id, slack_error="wrong_team", slack_error_at=now
                )
            return
        except Exception as error:
            attempts += 1
            log.warning("Slack cannot be reached (%s); trying again", type(error).__name__)
            await asyncio.sleep(min(backoff(attempts, parts.entropy).total_seconds(), 60))
        else:
            if code:
                log.error("Slack does not accept the token: %s. Run coach doctor.", code)
            return
