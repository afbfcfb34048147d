"""The CRMs that are linked: how each is, and ending a link."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import typer

from bot.coaching import forgetting
from bot.crm import backfill, linking
from bot.crm.backfill import Progress
from bot.crm.caller import Caller
from bot.crm.parts import CrmParts
from bot.crm.provider import Provider, load_providers
from bot.crm.setup import RefusedError
from bot.runtime.redacting import quiet_logs
from bot.runtime.settings import Settings
from bot.terminal.harmless import harmless
from bot.terminal.session import opened
from bot.terminal.wishes import ConnectError, address_of
from storage import connections
from storage.connections import Connection
from storage.workspaces import DEFAULT


async def show(settings: Settings, *, as_json: bool) -> None:
    """Print every connection with its health."""
    providers = load_providers()
    async with opened(settings) as parts:
        now = parts.clock.now()
        async with parts.database.read() as tx:
            every = await connections.of_workspace(tx, parts.seal, DEFAULT)
            taken = {
                each.id: await backfill.progress(tx, providers[each.provider], DEFAULT, each.id)
                for each in every
                if each.provider in providers
            }
    if as_json:
        told = [_as_json(each, taken.get(each.id, ()), now) for each in every]
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    if not every:
        typer.echo("No CRM is connected. `coach connect --help` tells how.")
    for each in every:
        lines = _described(each, providers, taken.get(each.id, ()), now)
        typer.echo("\n".join(map(harmless, lines)))


def _as_json(connection: Connection, taken: Sequence[Progress], now: datetime) -> dict[str, Any]:
    heard, paused = connection.last_delivery_at, connection.paused_until
    return {
        "id": connection.id,
        "provider": connection.provider,
        "account": connection.account_id,
        "name": connection.name,
        "health": _health(connection, now),
        "trouble": connection.trouble,
        "last_delivery_at": heard.isoformat() if heard else None,
        "paused_until": paused.isoformat() if paused and paused > now else None,
        "taken_over": [
            {
                "what": each.called,
                "count": each.brought,
                "whole": each.whole,
                "error": each.error,
            }
            for each in taken
        ],
    }


def _health(connection: Connection, now: datetime) -> str:
    """`trouble`, `paused`, `silent` (nothing has come yet) or `ok`."""
    if connection.trouble:
        return "trouble"
    if connection.paused_until is not None and connection.paused_until > now:
        return "paused"
    return "ok" if connection.last_delivery_at else "silent"


def _described(
    connection: Connection,
    providers: Mapping[str, Provider],
    taken: Sequence[Progress],
    now: datetime,
) -> list[str]:
    account = f", {connection.name}" if connection.name else ""
    lines = [f"{connection.id} ({connection.provider}{account})", f"  {_words(connection, now)}"]
    if taken:
        lines.append(f"  taken over: {', '.join(map(_kind, taken))}")
    if connection.provider not in providers:
        lines.append("  This version does not know such a CRM.")
    return lines


def _words(connection: Connection, now: datetime) -> str:
    match _health(connection, now):
        case "trouble":
            return f"trouble: {connection.trouble}"
        case "paused":
            return f"left alone until {connection.paused_until:%Y-%m-%d %H:%M:%S} UTC, as it asked"
        case "silent":
            return "no webhook has come yet"
        case _:
            return f"last heard of on {connection.last_delivery_at:%Y-%m-%d at %H:%M} UTC"


def _kind(progress: Progress) -> str:
    if progress.error:
        return f"{progress.called} given up ({progress.error})"
    more = "" if progress.whole else " so far"
    return f"{progress.called} {progress.brought:,}{more}"


async def disconnect(settings: Settings, name: str, *, anyway: bool) -> None:
    """End a link and forget all of it. Raises `ConnectError` when there is none of that name."""
    quiet_logs("ERROR")
    providers = load_providers()
    async with opened(settings) as parts:
        async with parts.database.read() as tx:
            known = {c.id: c for c in await connections.of_workspace(tx, parts.seal, DEFAULT)}
        connection = known.get(name)
        if connection is None:
            there = ", ".join(sorted(known)) or "none"
            raise ConnectError(f"There is no connection “{name}” (there is: {there}).")
        public = (settings.coach_public_url or "").rstrip("/")
        crm = CrmParts(parts, providers, public_url=public, apps=settings.apps())
        async with Caller(crm) as caller:
            try:
                stopped = await linking.unsubscribe(
                    crm, caller, connection, address_of(connection, public)
                )
            except RefusedError as error:
                if not anyway:
                    raise ConnectError(
                        f"{error} Nothing was forgotten; with --anyway the link ends all the same."
                    ) from error
                stopped = False
        forgotten = await forgetting.forget(parts, DEFAULT, connection.id)
    typer.echo(f"{connection.id} is not linked any more; things forgotten: {forgotten:,}.")
    if not stopped:
        typer.echo("If the CRM still posts webhooks, delete them there: they are refused here.")
