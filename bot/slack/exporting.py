"""A person's own data as one JSON file, behind a link that is good once and for an hour."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from bot.coaching import enrolling
from bot.coaching.actor import Actor
from bot.runtime.parts import Parts
from bot.web.pages import HEADERS, page
from coach.phrases import Phrase
from coach.wording import plain
from storage import personal
from storage.personal import KEPT, Link

#: For how long a link is good.
LASTS = timedelta(hours=1)

#: How many are put together at once.
TOGETHER = 2

#: How much of one is held in memory before it goes to the disk, and sent at once, in bytes.
_IN_MEMORY, _PIECE = 1_000_000, 64_000

#: Longest secret that is looked for, in characters.
_LONGEST = 100

_OVER = "This link was used, or its hour is over. Type /coach export in Slack for a new one."


async def link_for(parts: Parts, actor: Actor) -> str | None:
    """An address where the person gets their data; `None` where browsers do not reach the coach."""
    if not parts.public_url:
        return None
    person = await enrolling.person_of(parts, actor)
    secret = parts.entropy(24).hex()
    async with parts.database.write() as tx:
        whose = Link(person.workspace_id, person.id)
        await personal.offer(tx, whose, secret, parts.clock.now() + LASTS)
    return f"{parts.public_url}/export/{secret}"


class Exports:
    """The page behind such a link, by its `routes`."""

    def __init__(self, parts: Parts) -> None:
        # However many are asked for at once: the rest of the connections is for all else.
        self._parts = replace(parts, database=parts.database.share(TOGETHER))

    def routes(self) -> list[Route]:
        """Looking at it uses nothing up: programs that look at links do so as well."""
        return [Route("/export/{secret}", self._answer, methods=["GET", "POST"])]

    async def _answer(self, request: Request) -> Response:
        secret, now = request.path_params["secret"][:_LONGEST], self._parts.clock.now()
        if request.method != "POST":
            async with self._parts.database.read() as tx:
                good = await personal.is_good(tx, secret, now)
            if not good:
                return page("Nothing is here", [_OVER], status=404)
            said = "What the coach keeps of you, as one JSON file. The button works once."
            return page("Your data", [said], button="Download")
        async with self._parts.database.write() as tx:
            whose = await personal.use(tx, secret, now)
        if whose is None:
            return page("Nothing is here", [_OVER], status=404)
        file = await self._written(whose)
        return StreamingResponse(
            _pieces(file),
            media_type="application/json",
            headers={**HEADERS, "content-disposition": 'attachment; filename="coach-data.json"'},
        )

    async def _written(self, whose: Link) -> IO[bytes]:
        """All of it in a file that has no name: who fetches it slowly holds nothing up."""
        file = await asyncio.to_thread(SpooledTemporaryFile, _IN_MEMORY)
        waiting: list[str] = []
        async for piece in everything(self._parts, whose):
            waiting.append(piece)
            if len(waiting) >= personal.PAGE:
                await asyncio.to_thread(file.write, "".join(waiting).encode())
                waiting.clear()
        await asyncio.to_thread(file.write, "".join(waiting).encode())
        await asyncio.to_thread(file.seek, 0)
        return file


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece


async def everything(parts: Parts, whose: Link) -> AsyncIterator[str]:
    """The file piece by piece: however much it is, little of it is held at once."""
    yield "{"
    async with parts.database.read() as tx:
        for place, (name, table) in enumerate(KEPT.items()):
            yield f"{',' if place else ''}\n{json.dumps(name)}: ["
            first = True
            async for row in personal.rows(tx, table, whose):
                yield ("\n" if first else ",\n") + json.dumps(
                    row, default=_written, ensure_ascii=False
                )
                first = False
            yield "]"
    yield "\n}\n"


def _written(value: Any) -> Any:
    match value:
        case Phrase():
            return plain(value)
        case datetime() | date():
            return value.isoformat()
        case Decimal():
            return str(value)
        case _:
            return str(value)
