"""`coach connect` for CRMs known by name: credentials tried, webhooks, and taking over."""

import asyncio
import json
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from bot.coaching.connecting import ConnectError
from bot.crm import backfill, connecting, fetching
from bot.crm.caller import Caller
from bot.crm.parts import CrmParts
from bot.crm.provider import Provider
from bot.crm.setup import Credential, Identity, Setup
from bot.runtime.redacting import quiet_logs
from bot.runtime.settings import Settings
from bot.terminal.callback import checked_callback
from bot.terminal.harmless import harmless
from bot.terminal.session import opened
from bot.terminal.wishes import Wish
from storage import connections
from storage.connections import Connection

#: How long a CRM that asks for a pause is waited for here; `coach serve` has more patience.
PATIENCE = timedelta(minutes=1)

#: How long to wait when there is nothing to look up just now, in seconds.
IDLE = 0.2


async def link(
    settings: Settings, wish: Wish, providers: Mapping[str, Provider], *, as_json: bool
) -> None:
    """Link an account, or look at the link. Raises `ConnectError` or `RefusedError`."""
    # What goes wrong is told below, once.
    quiet_logs("ERROR")
    setup = connecting.checked(wish.provider, wish.id, providers).setup
    assert setup is not None  # noqa: S101 – the caller has seen that there is one
    if wish.callback is not None or wish.rotate or wish.finish or wish.new_bearer:
        raise ConnectError(
            f"--callback, --rotate, --finish and --new-bearer are not for {wish.provider}: its "
            "changes go by its API, and new credentials are given as options."
        )
    if wish.oauth:
        raise ConnectError(f"{wish.provider} has no OAuth here; see `coach connect --help`.")
    async with opened(settings) as parts:
        public = (settings.coach_public_url or "").rstrip("/")
        crm = CrmParts(parts, providers, public_url=public, apps=settings.apps())
        connection, known = await connecting.begun(crm, parts.workspace_id, wish.provider, wish.id)
        ask = not as_json and sys.stdin.isatty()
        given = _credentials(
            setup, wish, connection, settings.apps().get(wish.provider, ()), ask=ask
        )
        connection = connecting.with_given(connection, given)
        if wish.api_url is not None:
            address = (await checked_callback(wish.api_url, "API URL")).rstrip("/")
            connection = replace(connection, callback_url=address or None)
        async with Caller(crm) as caller:
            kept = known and not given and wish.api_url is None
            made = await connecting.link(crm, caller, connection, kept=kept)
            connection = made.connection
            if as_json:
                typer.echo(_json(connection, made.identity, made.url))
            else:
                _tell(crm, setup, connection, made.identity, made.url)
                await _take_over(crm, caller, connection)
        if made.refusal is not None:
            raise ConnectError(f"{made.refusal} The rest is done; then run the same command again.")


def _credentials(
    setup: Setup, wish: Wish, connection: Connection, ours: Collection[str], *, ask: bool
) -> dict[str, str]:
    """What was given, with what is needed and not there yet asked for. Raises `ConnectError`."""
    known = {each.name: each for each in setup.credentials}
    if unknown := sorted(wish.credentials.keys() - known.keys()):
        wanted = ", ".join(map(_option, known))
        raise ConnectError(f"{wish.provider} takes no {_option(unknown[0])}; it takes {wanted}.")
    given = {name: value.strip() for name, value in wish.credentials.items()}
    missing = connecting.lacking(connecting.with_given(connection, given), setup, ours)
    if missing and not ask:
        raise ConnectError(
            f"{wish.provider} needs more: "
            + "; ".join(f"{_option(each.name)}, {each.label} ({each.where})" for each in missing)
            + "."
        )
    for each in missing:
        given[each.name] = _asked(each)
    return given


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _asked(credential: Credential) -> str:
    typer.echo(f"{credential.label}: {credential.where}.")
    shown = not credential.secret
    answer: str = typer.prompt(
        "  Paste it here" if shown else "  Paste it here (it is not shown)",
        hide_input=credential.secret,
    )
    return answer.strip()


def _json(connection: Connection, identity: Identity, url: str) -> str:
    return json.dumps(
        {
            "id": connection.id,
            "url": url,
            "account": connection.account_id,
            "name": connection.name,
            "webhooks": bool(connection.subscription),
            "lacking": list(identity.lacking),
        },
        ensure_ascii=False,
    )


def _tell(
    crm: CrmParts, setup: Setup, connection: Connection, identity: Identity, url: str
) -> None:
    lines = [
        f"Connection   {connection.id} ({connection.provider})",
        f"Account      {connection.name or connection.account_id}",
        f"Webhook URL  {url}",
    ]
    lines += ["", *identity.lacking] if identity.lacking else []
    if not crm.public_url:
        lines += [
            "",
            "This URL works on this machine only. Set COACH_PUBLIC_URL to the address by which the",
            "CRM reaches `coach serve`, and run this command again.",
        ]
    elif connection.subscription:
        lines += ["", "The CRM sends its webhooks there from now on."]
    typer.echo("\n".join(map(harmless, [*lines, *to_click(crm, setup, connection, url)])))


def to_click(crm: CrmParts, setup: Setup, connection: Connection, url: str) -> Sequence[str]:
    """What is to be done by hand at the vendor, if anything, in lines to print."""
    steps = setup.steps(crm.account(connection), url)
    if not steps:
        return ()
    return ["", "To have the CRM tell the coach of what happens there:", "", *steps]


async def _take_over(crm: CrmParts, caller: Caller, connection: Connection) -> None:
    """Take over what the account holds, showing how far it is; `coach serve` may help."""
    told: Sequence[backfill.Progress] = ()
    console = Console(highlight=False)
    columns = (
        TextColumn("Taking over {task.fields[what]}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        line = bar.add_task("", total=None, what="", count="")
        while True:
            tried = await fetching.fetch_due(crm, caller)
            told, paused = await _progress(crm, connection)
            under_way = next((each for each in told if not each.whole and not each.error), None)
            if under_way is None or paused:
                break
            done = sum(each.whole or bool(each.error) for each in told)
            bar.update(
                line,
                what=under_way.called,
                count=f"{under_way.brought:,}",
                total=len(told),
                completed=done,
            )
            if not tried:
                await asyncio.sleep(IDLE)
    whole = [f"{each.called} {each.brought:,}" for each in told if each.whole]
    if whole:
        typer.echo(f"\nTaken over: {', '.join(whole)}.")
    for each in told:
        if each.error:
            typer.echo(harmless(f"Not taken over: {each.called} ({each.error})."))
    if any(not each.whole and not each.error for each in told):
        typer.echo("The CRM asks for a pause; `coach serve` takes over the rest.")


async def _progress(
    crm: CrmParts, connection: Connection
) -> tuple[Sequence[backfill.Progress], bool]:
    parts = crm.shared
    async with parts.database.read() as tx:
        now = await connections.one(tx, parts.seal, parts.workspace_id, connection.id)
        provider = crm.providers[connection.provider]
        told = await backfill.progress(tx, provider, parts.workspace_id, connection.id)
    until = now.paused_until if now else None
    return told, until is not None and until > parts.clock.now() + PATIENCE
