"""The CRMs that are linked: how each is, and ending a link."""

import json
from typing import Any

import typer

from bot.coaching import forgetting
from bot.coaching.connecting import ConnectError, Health, Linked, Progress
from bot.crm import connecting, linking
from bot.crm.caller import Caller
from bot.crm.connecting import address_of
from bot.crm.parts import CrmParts
from bot.crm.provider import load_providers
from bot.crm.setup import RefusedError
from bot.runtime.redacting import quiet_logs
from bot.runtime.settings import Settings
from bot.terminal.harmless import harmless
from bot.terminal.session import opened
from storage import connections


async def show(settings: Settings, *, as_json: bool) -> None:
    """Print every connection with its health."""
    async with opened(settings) as parts:
        every = await connecting.linked(parts, load_providers(), parts.workspace_id)
    if as_json:
        typer.echo(json.dumps([_as_json(each) for each in every], indent=2, ensure_ascii=False))
        return
    if not every:
        typer.echo("No CRM is connected. `coach connect --help` tells how.")
    for each in every:
        typer.echo("\n".join(map(harmless, _described(each))))


def _as_json(linked: Linked) -> dict[str, Any]:
    heard, paused = linked.last_delivery_at, linked.paused_until
    return {
        "id": linked.id,
        "provider": linked.provider,
        "account": linked.account,
        "name": linked.name,
        "oauth": linked.granted,
        "health": linked.health,
        "trouble": linked.trouble,
        "last_delivery_at": heard.isoformat() if heard else None,
        "paused_until": paused.isoformat() if paused else None,
        "taken_over": [
            {
                "what": each.called,
                "count": each.brought,
                "whole": each.whole,
                "error": each.error,
            }
            for each in linked.taken
        ],
    }


def _described(linked: Linked) -> list[str]:
    account = f", {linked.name}" if linked.name else ""
    account += ", by OAuth" if linked.granted else ""
    lines = [f"{linked.id} ({linked.provider}{account})", f"  {_words(linked)}"]
    if linked.taken:
        lines.append(f"  taken over: {', '.join(map(_kind, linked.taken))}")
    if not linked.known:
        lines.append("  This version does not know such a CRM.")
    return lines


def _words(linked: Linked) -> str:
    match linked.health:
        case Health.TROUBLE:
            return f"trouble: {linked.trouble}"
        case Health.PAUSED:
            return f"left alone until {linked.paused_until:%Y-%m-%d %H:%M:%S} UTC, as it asked"
        case Health.SILENT:
            return "no webhook has come yet"
        case Health.OK:
            return f"last heard of on {linked.last_delivery_at:%Y-%m-%d at %H:%M} UTC"


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
            known = {
                c.id: c for c in await connections.of_workspace(tx, parts.seal, parts.workspace_id)
            }
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
        forgotten = await forgetting.forget(parts, parts.workspace_id, connection.id)
    typer.echo(f"{connection.id} is not linked any more; things forgotten: {forgotten:,}.")
    if not stopped:
        typer.echo("If the CRM still posts webhooks, delete them there: they are refused here.")
