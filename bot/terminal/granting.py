"""`coach connect` for access that is granted in a browser: a link, and waiting for what comes."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping

import typer

from bot.coaching.connecting import Begun, ConnectError
from bot.crm import granting, oauth
from bot.crm.connecting import address_of
from bot.crm.linking import setup_of
from bot.crm.parts import CrmParts
from bot.crm.provider import Provider
from bot.crm.setup import Setup
from bot.runtime.redacting import quiet_logs
from bot.runtime.settings import Settings
from bot.terminal import linking
from bot.terminal.callback import checked_callback
from bot.terminal.harmless import harmless
from bot.terminal.session import opened
from bot.terminal.wishes import Wish
from storage import connections, grants

#: How often it is looked what has come of it, in seconds.
LOOK = 1.0


def is_meant(wish: Wish, setup: Setup) -> bool:
    """Whether a CRM is to be linked so, and not by what a person has copied there."""
    return setup.oauth is not None and (wish.oauth or "client_id" in wish.credentials)


async def grant(
    settings: Settings, wish: Wish, providers: Mapping[str, Provider], *, as_json: bool
) -> None:
    """Print the link, and wait where somebody looks on. Raises `ConnectError`."""
    quiet_logs("ERROR")
    if wish.callback is not None or wish.rotate or wish.finish or wish.new_bearer:
        raise ConnectError(
            f"--callback, --rotate, --finish and --new-bearer are not for {wish.provider}: its "
            "changes go by its API."
        )
    if others := sorted(wish.credentials.keys() - set(oauth.CLIENT)):
        raise ConnectError(
            f"Give either --{others[0].replace('_', '-')}, or --client-id and --client-secret: "
            "there are two ways to be let in."
        )
    api_url = wish.api_url
    if api_url is not None:
        api_url = (await checked_callback(api_url, "API URL")).rstrip("/")
    async with opened(settings) as parts:
        public = (settings.coach_public_url or "").rstrip("/")
        crm = CrmParts(parts, providers, public_url=public, apps=settings.apps())
        begun = await granting.begin(
            crm, parts.workspace_id, wish.provider, wish.id, wish.credentials, api_url
        )
        if as_json:
            typer.echo(
                json.dumps(
                    {
                        "id": wish.id,
                        "open": begun.address,
                        "redirect": begun.redirect,
                        "expires_at": begun.expires_at.isoformat(),
                    }
                )
            )
            return
        typer.echo(described(begun))
        if sys.stdout.isatty():
            typer.echo("\nWaiting; Ctrl-C ends only that.")
            await wait(crm, wish.id, begun)
        else:
            typer.echo("\n`coach connections` shows what has come of it.")


def described(begun: Begun) -> str:
    """What to do now."""
    until = f"It is good until {begun.expires_at:%H:%M} UTC, and in the first browser that opens it"
    lines = [
        f"The redirect address of your app at {begun.called} ({begun.redirects}) must be",
        f"  {begun.redirect}",
        "",
        "While `coach serve` runs, open this link in your browser and allow the app:",
        f"  {begun.address}",
        "",
        f"{until}; whoever has it can link a CRM.",
    ]
    return "\n".join(lines)


async def wait(
    crm: CrmParts,
    id: str,
    begun: Begun,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Tell what comes of it until the account is linked. Raises `ConnectError` when it is not."""
    parts, told = crm.shared, None
    while True:
        async with parts.database.read() as tx:
            grant = await grants.by_link(tx, parts.seal, begun.token)
            connection = await connections.one(tx, parts.seal, parts.workspace_id, id)
        if grant is not None and grant.outcome not in {None, told}:
            told = grant.outcome
            typer.echo(harmless(told or ""))
        if grant is not None and grant.linked and connection is not None:
            url = address_of(connection, crm.public_url)
            steps = linking.to_click(crm, setup_of(crm, connection), connection, url)
            more = [
                "",
                "`coach serve` takes over what it holds; `coach connections` shows how far.",
            ]
            typer.echo("\n".join(map(harmless, [*steps, *more])))
            return
        if grant is None or parts.clock.now() >= begun.expires_at:
            raise ConnectError("The link has run out, and nothing was linked by it.")
        await sleep(LOOK)
