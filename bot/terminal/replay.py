"""`coach replay`: what failed is run again, here and now, or set aside."""

from collections.abc import Collection, Mapping, Sequence

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
from storage import crm_writes, deliveries, fetches, messages, takeovers

#: How much of what failed again is listed.
SHOWN = 20


class ReplayError(CoachError):
    """What was to be run again or set aside is not among what failed."""


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
                for delivery in await deliveries.failed(tx, parts.workspace_id)
                if ids is None or delivery.id in ids
            ]
            given_up = await crm_writes.failed(tx, parts.workspace_id)
            bad += [
                (write.key, write.error or "")
                for write in given_up
                if (not write.in_doubt if ids is None else write.key in ids)
            ]
            in_doubt = [write.key for write in given_up if ids is None and write.in_doubt]
            if ids is None:
                bad += [
                    (fetch.name, fetch.error or "")
                    for fetch in await fetches.failed(tx, parts.workspace_id)
                ]
    if again:
        typer.echo(f"Run again: {', '.join(map(plain, again))}.")
    else:
        typer.echo("Nothing had failed; nothing was run again.")
    if in_doubt:
        typer.echo(
            f"Left alone: {len(in_doubt):,}. The CRM may have these changes, and would have them "
            "twice. See there, and give the id of what is missing:"
        )
        for key in in_doubt[:SHOWN]:
            typer.echo(f"  {key}")
    if not bad:
        return 0
    typer.echo(f"Failed again: {len(bad):,}.")
    for id, error in bad[:SHOWN]:
        typer.echo(f"  {id}  {harmless(redacted(error))}")
    if len(bad) > SHOWN:
        typer.echo(f"  and {len(bad) - SHOWN:,} more; `coach doctor --all` lists them all.")
    return 1


async def set_aside(settings: Settings, ids: Sequence[str] | None) -> None:
    """Leave failed deliveries alone from now on, all or these, and with all of them the look-ups
    that were given up. Raises `ReplayError` for an id of which none failed.

    Changes and messages are left out: what a person did, or is to be told, is not put away unseen.
    """
    async with opened(settings) as parts, parts.database.write() as tx:
        if ids is not None:
            _known(ids, {each.id for each in await deliveries.failed(tx, parts.workspace_id)})
        done = [_deliveries(await deliveries.set_aside(tx, parts.workspace_id, ids))]
        if ids is None:
            done.append(_look_ups(await fetches.set_aside(tx, parts.workspace_id)))
    if not (aside := [each for each in done if each.count]):
        typer.echo("No delivery or look-up had failed; nothing was set aside.")
        return
    typer.echo(f"Set aside: {', '.join(map(plain, aside))}.")
    typer.echo(
        "They are kept with their errors: `coach doctor --all` lists them, and "
        "`coach replay ID` runs a delivery again."
    )


def _known(ids: Sequence[str], failed: Collection[str]) -> None:
    if unknown := [id for id in ids if id not in failed]:
        raise ReplayError(
            f"{unknown[0]} is not among what failed; `coach doctor --all` lists what is."
        )


def _deliveries(count: int) -> Phrase:
    return counted("{count} delivery", "{count} deliveries", "count", count=count)


def _look_ups(count: int) -> Phrase:
    return counted("{count} look-up", "{count} look-ups", "count", count=count)


async def _queue(parts: Parts, ids: Sequence[str] | None) -> list[Phrase]:
    """Make due again what failed; returns how much of what."""
    now = parts.clock.now()
    async with parts.database.write() as tx:
        if ids is not None:
            found = [
                *await deliveries.failed(tx, parts.workspace_id),
                *await deliveries.aside(tx, parts.workspace_id),
            ]
            keys = {each.key for each in await crm_writes.failed(tx, parts.workspace_id)}
            _known(ids, keys | {each.id for each in found})
        again = [
            _deliveries(await deliveries.replay(tx, parts.workspace_id, now, ids)),
            counted(
                "{count} change for the CRM",
                "{count} changes for the CRM",
                "count",
                count=await crm_writes.replay(tx, parts.workspace_id, now, ids),
            ),
        ]
        if ids is None:
            await takeovers.look_again(tx, parts.workspace_id, now)
            again += [
                _look_ups(await fetches.replay(tx, parts.workspace_id, now)),
                # These are posted by the server: it alone paces messages.
                counted(
                    "{count} message (sent by `coach serve`)",
                    "{count} messages (sent by `coach serve`)",
                    "count",
                    count=await messages.replay(tx, parts.workspace_id, now),
                ),
            ]
    return [each for each in again if each.count]
