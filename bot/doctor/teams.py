"""The workspaces where the app is installed by OAuth: how Slack stands to each, and who left."""

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from bot.doctor.findings import Finding, fault, note, ok
from bot.doctor.slack import mending
from bot.runtime.redacting import redacted
from bot.runtime.settings import Settings
from storage.connections import Connection
from storage.workspaces import DEFAULT, Workspace

#: Installing it anew brings a workspace back.
_ANEW = "Somebody of that workspace opens {url}/slack/install."


def check_teams(
    settings: Settings, found: Sequence[Workspace], crms: Mapping[str, Sequence[Connection]]
) -> Iterator[Finding]:
    """Each workspace in a line; what goes by the environment's token is told of by itself.

    `crms` are the connections of each workspace that still has the app.
    """
    url = (settings.coach_public_url or "").rstrip("/")
    if settings.client() is not None:
        yield from _way_in(url)
    elif settings.slack_client_id or settings.slack_client_secret:
        yield note(
            "teams",
            "Of SLACK_CLIENT_ID and SLACK_CLIENT_SECRET one is set: neither is used.",
            "Copy both from the page “Basic Information” to have the app installed by OAuth.",
        )
    for each in found:
        if each.id != DEFAULT:
            yield _team(each, url)
            yield from _crms(each, crms.get(each.id, ()))


def _way_in(url: str) -> Iterator[Finding]:
    if urlsplit(url).hostname:
        yield ok("teams", f"The app is installed in a workspace at {url}/slack/install.")
        return
    yield fault(
        "teams",
        "Nobody can install the app: Slack has no address to send the browser back to.",
        "Set COACH_PUBLIC_URL to the https address of the coach, and restart `coach serve`.",
    )


def _crms(workspace: Workspace, crms: Sequence[Connection]) -> Iterator[Finding]:
    for each in crms:
        if each.trouble is not None:
            yield fault(
                "teams",
                f"{workspace.name or workspace.id}, connection {each.id}: {redacted(each.trouble)}",
                "An administrator there types /coach connect in Slack; it says what to do.",
            )


def _team(workspace: Workspace, url: str) -> Finding:
    name = f"{workspace.name or 'a workspace'} ({workspace.team_id or 'no team'})"
    anew = _ANEW.format(url=url or "COACH_PUBLIC_URL")
    if workspace.left_at is not None and workspace.team_id is None:
        return note("teams", f"{name}, workspace {workspace.id}: its data are being deleted.")
    if workspace.left_at is not None:
        deleted = (
            f" Its data are deleted from {workspace.delete_at:%Y-%m-%d %H:%M} UTC on."
            if workspace.delete_at
            else ""
        )
        return note(
            "teams",
            f"{name} removed the app on {workspace.left_at:%Y-%m-%d}: nothing is sent.{deleted}",
            f"{anew} Until then everything comes back with it.",
        )
    if workspace.slack_error is not None:
        return fault(
            "teams",
            f"{name}: sending has stopped since {workspace.slack_error_at:%Y-%m-%d %H:%M} UTC: "
            f"{workspace.slack_error}.",
            anew if workspace.slack_error == "not_installed" else mending(workspace.slack_error),
        )
    return ok("teams", f"{name}: installed; workspace {workspace.id}.")
