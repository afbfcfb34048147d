"""The Slack app: token, scopes, signing secret, and the team it belongs to."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.doctor.findings import Finding, fault, note, ok
from bot.doctor.socket import check_socket
from bot.runtime.settings import Settings
from bot.runtime.tokens import ROTATING_BOT, kind_of
from bot.slack.faults import CALL_FAILED, Means
from bot.slack.faults import fault as slack_fault
from bot.slack.scopes import BETTER_WITH, LINKS, NEEDED
from bot.slack.switches import Switch
from coach.phrases import counted, facts
from coach.wording import plain
from storage.installations import ENVIRONMENT, Installation
from storage.workspaces import Workspace

#: How long Slack may take to answer, in seconds.
PATIENCE = 6

_COPY = (
    "Copy the Bot User OAuth Token from your app's page “OAuth & Permissions” into "
    "SLACK_BOT_TOKEN and restart `coach serve`."
)
_INSTALL = "Install the app again on its page “Install App”, then restart `coach serve`."
_MENDING = {
    "invalid_auth": _COPY,
    "not_authed": _COPY,
    "not_allowed_token_type": _COPY,
    "token_expired": _COPY,
    "account_inactive": _INSTALL,
    "token_revoked": _INSTALL,
    "missing_scope": "Add the scopes of manifest.yml on the page “OAuth & Permissions” and "
    "install the app again.",
    "links_scope": "Add what `coach manifest --links` prints more, and install the app again.",
    "messages_tab_disabled": "Switch on the messages tab on your app's page “App Home”, then "
    "restart `coach serve`.",
    "not_installed": "An administrator of the workspace installs the app on its page “Install "
    "App”; copy the new Bot User OAuth Token into SLACK_BOT_TOKEN and restart `coach serve`. What "
    "waits is sent then.",
    "wrong_team": "Set DATABASE_URL to another database, or SLACK_BOT_TOKEN to the token of the "
    "team this database belongs to.",
    "org_token": "Install the app in one team of the organisation and set SLACK_BOT_TOKEN to that "
    "team's token.",
    "sealed": "Put the key that the token was sealed with back into COACH_SECRET_KEYS, behind the "
    "new one, and restart `coach serve`.",
    "not_in_channel": "The coach is not in the team's channel any more: an administrator chooses "
    "it again in their Home tab, or another.",
    "channel_not_found": "The person may have left or been deactivated; their CRM owner can be "
    "linked to somebody else with /coach link.",
}


def mending(code: str) -> str:
    """What to do about an error code of Slack's."""
    return _MENDING.get(
        code, f"Look up “{code}” in Slack's documentation, mend it, then run `coach replay`."
    )


async def check_slack(
    settings: Settings,
    workspace: Workspace | None,
    installation: Installation | None,
    *,
    in_use: bool,
) -> AsyncIterator[Finding]:
    """Ask Slack who we are; a fault of Slack's or of the network's is a finding, too.

    The environment's token is what the next start will use; without one, the workspace's
    installation. `in_use` says that a CRM is connected: then a missing token is a fault.
    """
    token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else ""
    if installation is not None and installation.id != ENVIRONMENT:
        token = token or installation.bot_token
    secret = (
        settings.slack_signing_secret.get_secret_value() if settings.slack_signing_secret else ""
    )
    app_token = settings.slack_app_token.get_secret_value() if settings.slack_app_token else ""
    bound = workspace is not None and workspace.team_id is not None
    by_oauth = settings.client() is not None
    if not by_oauth and not token and not secret and not app_token and not bound and not in_use:
        yield note(
            "slack",
            "Slack is not set up yet (`coach demo` needs none).",
            "Follow “Connect a Slack workspace” in the README: it gives SLACK_BOT_TOKEN and "
            "SLACK_APP_TOKEN.",
        )
        return
    if app_token:
        for finding in await check_socket(settings.slack_api_url, app_token):
            yield finding
    if secret:
        yield ok("slack", "The signing secret is set.")
    elif not app_token:
        yield fault(
            "slack",
            "SLACK_SIGNING_SECRET is not set, and neither is SLACK_APP_TOKEN: no click and no "
            "command reaches the coach.",
            "For Socket Mode, make an App-Level Token on your app's page “Basic Information”; for "
            "a public address, copy the Signing Secret from there.",
        )
    if not token and by_oauth and not bound:
        # Each team has its own token.
        return
    if not token:
        yield fault("slack", "SLACK_BOT_TOKEN is not set: nothing can be sent.", _COPY)
        for finding in _stopped(workspace):
            yield finding
        return
    async for finding in _ask(settings.slack_api_url, token, workspace):
        yield finding
    if (kind := kind_of(token)) is not None and kind.begins == ROTATING_BOT:
        yield note(
            "slack",
            "SLACK_BOT_TOKEN ends twelve hours after it was made, and is not renewed.",
            "Make the app anew without token rotation; it cannot be switched off in this one.",
        )
    if installation is not None and installation.bot_token != token:
        yield note(
            "slack",
            "The coach was started with another token than SLACK_BOT_TOKEN is now.",
            "Restart `coach serve`: it takes the new token then.",
        )


async def _ask(url: str, token: str, workspace: Workspace | None) -> AsyncIterator[Finding]:
    try:
        async with aiohttp.ClientSession() as session:
            client = AsyncWebClient(token=token, base_url=url, timeout=PATIENCE, session=session)
            client.retry_handlers = []
            async with asyncio.timeout(PATIENCE):
                answer = await client.auth_test()
    except CALL_FAILED as error:
        found = slack_fault(error)
        if found.means is Means.AGAIN:
            yield fault(
                "slack",
                f"Slack cannot be asked at {url}: {found.code}.",
                "Check the network and SLACK_API_URL, and try again in a minute.",
            )
        else:
            yield fault("slack", f"Slack refuses the token: {found.code}.", mending(found.code))
        return
    team, team_id = str(answer.get("team")), str(answer.get("team_id"))
    if workspace and workspace.team_id and workspace.team_id != team_id:
        yield fault(
            "slack",
            f"The token is of {team} ({team_id}), this database of {workspace.name} "
            f"({workspace.team_id}).",
            mending("wrong_team"),
        )
    else:
        yield ok("slack", f"The token is good; the team is {team}.")
    headers = {str(name).lower(): value for name, value in answer.headers.items()}
    granted = headers.get("x-oauth-scopes")
    if granted is None:
        yield note("slack", "Slack did not say which scopes the token has; they were not checked.")
    else:
        for finding in _scopes(str(granted), _wanted(workspace)):
            yield finding
    for finding in _stopped(workspace):
        yield finding


def _wanted(workspace: Workspace | None) -> Mapping[str, str]:
    """What each scope is for that is not needed by all, and wanted here."""
    if workspace is None or Switch.LINKS not in (workspace.switched_on or "").split():
        return BETTER_WITH
    links = "links to deals get no button, though an administrator has switched that on"
    return {**BETTER_WITH, **dict.fromkeys(LINKS, links)}


def _scopes(granted: str, wanted: Mapping[str, str]) -> Iterator[Finding]:
    has = {scope.strip() for scope in granted.split(",")}
    if missing := sorted(NEEDED - has):
        yield fault(
            "slack",
            plain(
                counted(
                    "The token lacks a scope: {scopes}.",
                    "The token lacks scopes: {scopes}.",
                    "count",
                    count=len(missing),
                    scopes=facts(*missing),
                )
            ),
            mending("missing_scope"),
        )
    elif not (lacking := sorted(wanted.keys() - has)):
        yield ok("slack", "All scopes are granted.")
    else:
        for scope in lacking:
            without = f"Without the scope {scope}: {wanted[scope]}."
            how = mending("links_scope" if scope in LINKS else "missing_scope")
            yield note("slack", without, how)


def _stopped(workspace: Workspace | None) -> Iterator[Finding]:
    if workspace and workspace.slack_error:
        yield fault(
            "slack",
            f"Sending has stopped since {workspace.slack_error_at:%Y-%m-%d %H:%M} UTC: "
            f"{workspace.slack_error}.",
            mending(workspace.slack_error)
            if workspace.slack_error in _MENDING
            else "The coach asks Slack again by itself within the hour, and at once when it is "
            "restarted.",
        )
