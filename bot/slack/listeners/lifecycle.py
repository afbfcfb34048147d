"""The app was removed from a workspace, or its token taken away: nothing is sent there any more."""

import logging

from bot.coaching import departing
from bot.slack.blocks.pieces import Json
from bot.slack.listeners.desk import Desk
from storage import installations, workspaces
from storage.installations import ENVIRONMENT

log = logging.getLogger(__name__)


async def ended(desk: Desk, body: Json) -> None:
    """Remember that Slack does not let us speak, with Slack's word for it.

    A token that came by a browser is dropped; installed again there is another. That of the
    environment comes back with it, so that Slack is asked.

    https://docs.slack.dev/reference/events/app_uninstalled and tokens_revoked; the latter also
    tells of tokens of single users, which are not ours.
    """
    event, parts = body["event"], desk.parts
    revoked = event.get("tokens") or {}
    if event["type"] == "tokens_revoked" and not revoked.get("bot"):
        return
    error = "app_uninstalled" if event["type"] == "app_uninstalled" else "token_revoked"
    team_id = str(body.get("team_id") or body.get("enterprise_id"))
    if team_id.startswith("E"):
        await _of_an_organisation(desk, team_id, error)
        return
    workspace_id = await desk.workspace_id(team_id)
    async with parts.database.write() as tx:
        own_id = await installations.of_this_team(tx, team_id)
        if own_id == ENVIRONMENT:
            await workspaces.shut_out(tx, [workspace_id], error, parts.clock.now())
            return
        if own_id is not None:
            await installations.remove(tx, own_id)
        # Without one of its own it goes by its organisation's, which the other teams still have.
        await departing.leave(parts, tx, [workspace_id], error)
    desk.slack.forget()
    log.info("the app was removed from %s (%s)", team_id, error)


async def _of_an_organisation(desk: Desk, enterprise_id: str, error: str) -> None:
    """It was removed from the organisation, and so from every team that had it by that alone."""
    parts = desk.parts
    async with parts.database.write() as tx:
        id = await installations.of_organisation(tx, enterprise_id)
        if id is None:
            return
        reached = await installations.workspaces_of(tx, id)
        await installations.remove(tx, id)
        others = [
            each
            for each in reached
            if await installations.of_workspace(tx, parts.seal, each) is None
        ]
        await departing.leave(parts, tx, others, error)
    desk.slack.forget()
    log.info("the app was removed from the organisation %s (%s)", enterprise_id, error)
