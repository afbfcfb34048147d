"""Linking a workspace of Twenty: an API key, and a webhook that is made by hand."""

import base64
import binascii
from collections.abc import Sequence

from bot.crm.calls import Account
from bot.crm.provider import PayloadError
from bot.crm.providers.twenty.calling import API, request
from bot.crm.setup import Credential, Identity, RefusedError, Setup, Talk, granted
from bot.crm.things import content, name_of


def probe(account: Account) -> Talk[Identity]:
    """Whose key it is: it names its workspace, and that it works a call shows."""
    asked = "see who works in the workspace"
    granted((yield request(account, "GET", "workspaceMembers?limit=1")), asked)
    workspace = _workspace_of(account.access.get("api_key", ""))
    if workspace is None:
        raise RefusedError("This is no API key of a workspace; make one under APIs & Webhooks.")
    return Identity(workspace)


def _workspace_of(api_key: str) -> str | None:
    """The workspace that an API key, a JSON Web Token, is for."""
    claims = [*api_key.split("."), ""][1]
    try:
        return name_of(content(base64.urlsafe_b64decode(claims + "===")).get("workspaceId"))
    except (PayloadError, binascii.Error, ValueError):
        return None


def steps(account: Account, url: str) -> Sequence[str]:
    """What is to be clicked: the webhook."""
    return (
        "In Twenty: Settings, APIs & Webhooks, Create webhook.",
        f"Endpoint URL: {url}",
        "Filters: all objects, all actions.",
        f"Secret: {account.signing[0]}" if account.signing else "Secret: the signing secret.",
    )


SETUP = Setup(
    credentials=(
        Credential("api_key", "API key", "in Twenty: Settings, APIs & Webhooks, Create API key"),
    ),
    probe=probe,
    api_url=API,
    steps=steps,
)
