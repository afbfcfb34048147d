"""`coach export`: one person's data into a file or onto the screen."""

import asyncio
import sys
from pathlib import Path

from bot.runtime.settings import Settings, private_file
from bot.slack.exporting import everything
from bot.terminal.session import opened
from bot.terminal.whom import meant
from coach.errors import CoachError
from storage.personal import Link


class ExportError(CoachError):
    """The file cannot be written."""


async def export(settings: Settings, email: str, out: Path | None) -> None:
    """Write it. Raises `WhomError`, or `ExportError` where the file cannot be."""
    async with opened(settings) as parts:
        async with parts.database.read() as tx:
            person = await meant(tx, parts.workspace_id, email)
        pieces = everything(parts, Link(parts.workspace_id, person.id))
        if out is None:
            async for piece in pieces:
                sys.stdout.write(piece)
            return
        try:
            with await asyncio.to_thread(private_file, out) as file:
                async for piece in pieces:
                    await asyncio.to_thread(file.write, piece)
        except OSError as error:
            raise ExportError(f"{out} cannot be written: {error.strerror}.") from error
    sys.stderr.write(f"All that is kept of {person.name or email} is in {out}.\n")
