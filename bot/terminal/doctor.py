"""`coach doctor`: every check in turn, each fault with a line how to mend it."""

import json
from collections.abc import AsyncIterator, Sequence

import typer
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from bot.crm.provider import load_providers
from bot.doctor.environment import check_settings
from bot.doctor.findings import Finding, State, fault
from bot.doctor.slack import check_slack
from bot.doctor.store import PATIENCE, SHOWN, check_connections, check_database, check_work
from bot.doctor.teams import check_teams
from bot.runtime.clock import SystemClock
from bot.runtime.settings import Settings, SettingsError, load
from bot.terminal.faults import explain
from bot.terminal.harmless import harmless
from bot.terminal.session import open_database
from coach.errors import CoachError
from coach.phrases import counted
from coach.wording import plain
from storage import connections, installations, workspaces
from storage.connections import Connection
from storage.database import Tx
from storage.installations import Installation
from storage.sealing import Seal, SealError
from storage.workspaces import Workspace


async def examine(*, as_json: bool, all_of_it: bool) -> int:
    """Print what was found; returns the exit status: 1 when something is broken."""
    findings = [finding async for finding in _findings(None if all_of_it else SHOWN)]
    typer.echo(_json(findings) if as_json else _plain(findings))
    return 1 if any(finding.state is State.FAULT for finding in findings) else 0


async def _findings(most: int | None) -> AsyncIterator[Finding]:
    try:
        settings = load()
    except SettingsError as error:
        yield fault("settings", str(error), "Correct it in the environment or in .env.")
        return
    environment = list(check_settings(settings))
    for finding in environment:
        yield finding
    if any(finding.state is State.FAULT and "cannot" in finding.text for finding in environment):
        return
    async for finding in _opened(settings, most):
        yield finding


async def _opened(settings: Settings, most: int | None) -> AsyncIterator[Finding]:
    workspace, installation, in_use = None, None, False
    teams: list[Workspace] = []
    crms: dict[str, list[Connection]] = {}
    try:
        database = open_database(settings)
    except (CoachError, SQLAlchemyError) as error:
        yield _unusable(error)
        return
    try:
        try:
            found = await check_database(database)
            yield found
            if found.state is not State.FAULT:
                now = SystemClock().now()
                seal, providers = Seal(settings.secret_keys()), load_providers()
                async with database.read() as tx:
                    workspace = await workspaces.get(tx, workspaces.DEFAULT)
                    teams = await workspaces.every(tx)
                    crms = await _connections(tx, seal, teams)
                    installation = await _installation(tx, seal)
                    in_use = bool(await connections.count(tx, workspaces.DEFAULT))
                    for finding in await check_connections(tx, seal, providers, now):
                        yield finding
                    async for finding in check_work(tx, now, most=most):
                        yield finding
        # A database that does not answer in time is among the faults of the system.
        except (CoachError, SQLAlchemyError, CommandError, OSError) as error:
            yield _unusable(error)
        async for finding in check_slack(settings, workspace, installation, in_use=in_use):
            yield finding
        for finding in check_teams(settings, teams, crms):
            yield finding
    finally:
        await database.close()


async def _connections(
    tx: Tx, seal: Seal, teams: Sequence[Workspace]
) -> dict[str, list[Connection]]:
    """Those of every workspace but the operator's own, which is looked at by itself."""
    here = [each.id for each in teams if each.id != workspaces.DEFAULT and each.left_at is None]
    try:
        return {id: list(await connections.of_workspace(tx, seal, id)) for id in here}
    except SealError:
        # What cannot be read is told of where the keys are.
        return {}


async def _installation(tx: Tx, seal: Seal) -> Installation | None:
    try:
        found = await installations.of_workspace(tx, seal, workspaces.DEFAULT)
    except SealError:
        # Why nothing is sent stands with the workspace.
        return None
    return found.installation if found else None


def _unusable(error: Exception) -> Finding:
    if isinstance(error, TimeoutError):
        text = f"The database did not answer within {PATIENCE} seconds."
    else:
        sentence = explain(error)
        if sentence is None:
            raise error
        # What to do about it stands in the line below.
        text = sentence.partition(". Check ")[0].rstrip(".") + "."
    return fault("database", text, "Check DATABASE_URL, and that the server runs and lets us in.")


def _plain(findings: Sequence[Finding]) -> str:
    width = max(len(finding.area) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{finding.state:<5}  {finding.area:<{width}}  {harmless(finding.text)}")
        margin = " " * (width + 9)
        lines += [f"{margin}  {harmless(detail)}" for detail in finding.details]
        if finding.more:
            lines.append(f"{margin}  and {finding.more:,} more; `{finding.all_by}` lists them all.")
        if finding.mend:
            lines.append(f"{margin}→ {finding.mend}")
    faults = sum(finding.state is State.FAULT for finding in findings)
    lines.append("")
    lines.append(
        "Nothing is broken."
        if not faults
        else plain(
            counted(
                "{count} fault; it has a line how to mend it.",
                "{count} faults; each has a line how to mend it.",
                "count",
                count=faults,
            )
        )
    )
    return "\n".join(lines)


def _json(findings: Sequence[Finding]) -> str:
    return json.dumps(
        {
            "ok": all(finding.state is not State.FAULT for finding in findings),
            "findings": [
                {
                    "area": finding.area,
                    "state": finding.state.value.lower(),
                    "text": finding.text,
                    "mend": finding.mend,
                    "details": list(finding.details),
                    "more": finding.more,
                }
                for finding in findings
            ],
        },
        indent=2,
        ensure_ascii=False,
    )
