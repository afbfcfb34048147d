"""`coach replay`: what failed is run again, here and now."""

from collections.abc import Mapping, Sequence

import typer

from bot.crm import fetching, outbox, worker
from bot.crm.caller import Caller
from bot.crm.parts import CrmParts
from bot.crm.provider import Provider, load_providers
from bot.runtime.parts import Parts
from bot.runtime.redacting import quiet_logs, redacted
from bot.runtime.settings import Settings
from bot.terminal.harmless import harmless
from bot.terminal.session import opened
from coach.errors import CoachError
from coach.phrases import Phrase, counted
from coach.wording import plain
from storage import crm_writes, deliveries, fetches, messages
from storage.workspaces import DEFAULT


class ReplayError(CoachError):
    """What was to be run again is not among what failed."""


async def replay(
    settings: Settings,
    ids: Sequence[str] | None,
    *,
    providers: Mapping[str, Provider] | None = None,
) -> int:
    """Run failed deliveries and changes again, all or these, and with all of them what was given up
    to be looked up; returns the exit status.

    Raises `ReplayError` for an id that did not fail. A server that runs beside this does not
    disturb it: everything is claimed before it is worked on.
    """
    # What fails again is told below, once and without a traceback.
    quiet_logs("ERROR")
    async with opened(settings) as parts:
        again = await _queue(parts, ids)
        crm = CrmParts(parts, providers or load_providers(), apps=settings.apps())
        await worker.work_off(crm)
        async with Caller(crm) as caller:
            while await outbox.send_due(crm, caller):
                pass
            while ids is None and await fetching.fetch_due(crm, caller):
                pass
        async with parts.database.read() as tx:
            bad = [
                (delivery.id, delivery.error or "")
                for delivery in await deliveries.failed(tx, DEFAULT, most=1000)
                if ids is None or delivery.id in ids
            ]
            bad += [
                (write.key, write.error or "")
                for write in await crm_writes.failed(tx, DEFAULT, most=1000)
                if ids is None or write.key in ids
            ]
            if ids is None:
                bad += [
                    (fetch.name, fetch.error or "")
                    for fetch in await fetches.failed(tx, DEFAULT, most=1000)
                ]
    if again:
        typer.echo(f"Run again: {', '.join(map(plain, again))}.")
    else:
        typer.echo("Nothing had failed; nothing was run again.")
    if not bad:
        return 0
    typer.echo(f"Failed again: {len(bad):,}.")
    for id, error in bad[:20]:
        typer.echo(f"  {id}  {harmless(redacted(error))}")
    return 1


async def _queue(parts: Parts, ids: Sequence[str] | None) -> list[Phrase]:
    """Make due again what failed; returns how much of what."""
    now = parts.clock.now()
    async with parts.database.write() as tx:
        if ids is not None:
            found = {each.id for each in await deliveries.failed(tx, DEFAULT, most=100_000)}
            keys = {each.key for each in await crm_writes.failed(tx, DEFAULT, most=100_000)}
            if unknown := [id for id in ids if id not in found | keys]:
                raise ReplayError(
                    f"{unknown[0]} is not among what failed; `coach doctor` lists what is."
                )
        again = [
            counted(
                "{count} delivery",
                "{count} deliveries",
                "count",
                count=await deliveries.replay(tx, DEFAULT, now, ids),
            ),
            counted(
                "{count} change for the CRM",
                "{count} changes for the CRM",
                "count",
                count=await crm_writes.replay(tx, DEFAULT, now, ids),
            ),
        ]
        if ids is None:
            again += [
                counted(
                    "{count} look-up",
                    "{count} look-ups",
                    "count",
                    count=await fetches.replay(tx, DEFAULT, now),
                ),
                # These are posted by the server: it alone paces messages.
                counted(
                    "{count} message (sent by `coach serve`)",
                    "{count} messages (sent by `coach serve`)",
                    "count",
                    count=await messages.replay(tx, DEFAULT, now),
                ),
            ]
    return [each for each in again if each.count]
