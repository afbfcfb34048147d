"""The app was removed from a workspace, or its token taken away: nothing is sent there any more."""

from bot.slack.blocks.pieces import Json
from bot.slack.listeners.desk import Desk
from storage import workspaces


async def ended(desk: Desk, body: Json) -> None:
    """Remember that Slack does not let us speak, with Slack's word for it.

    https://docs.slack.dev/reference/events/app_uninstalled and tokens_revoked; the latter also
    tells of tokens of single users, which are not ours.
    """
    event = body["event"]
    revoked = event.get("tokens") or {}
    if event["type"] == "tokens_revoked" and not revoked.get("bot"):
        return
    workspace_id = await desk.workspace_id(str(body["team_id"]))
    error = "app_uninstalled" if event["type"] == "app_uninstalled" else "token_revoked"
    async with desk.parts.database.write() as tx:
        await workspaces.shut_out(tx, [workspace_id], error, desk.parts.clock.now())
