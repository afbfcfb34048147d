"""Small writes that share a transaction: whoever comes while one is under way shares the next."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from storage.database import Database, Tx, is_passing

T = TypeVar("T")

#: Changes in one transaction.
TOGETHER = 64


class SharedWrites(Generic[T]):
    """Brings the changes of many tasks to the database with one commit for each crowd of them.

    `write` makes several changes at once. When one of them spoils a transaction, each of the others
    is made once more, alone; when the database is in trouble, all of them fail.
    """

    def __init__(
        self, database: Database, write: Callable[[Tx, Sequence[T]], Awaitable[object]]
    ) -> None:
        self._database = database
        self._write = write
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._working: asyncio.Task[None] | None = None

    async def make(self, change: T) -> None:
        """Make a change; it is durable on return. Raises what `write` or the database raises."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((change, done))
        if self._working is None:
            self._working = asyncio.create_task(self._work(), name="shared writes")
        await asyncio.shield(done)

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._together()
        finally:
            self._working = None

    async def _together(self) -> None:
        taken: list[tuple[T, asyncio.Future[None]]] = []
        try:
            async with self._database.write() as tx:
                # Chosen now: whoever came while another wrote is among them.
                taken = self._next()
                await self._write(tx, [change for change, _ in taken])
        except Exception as error:
            taken = taken or self._next()
            if len(taken) == 1 or is_passing(error):
                # The database's own trouble: each by itself would fare no better.
                for _, done in taken:
                    _fail(done, error)
                return
            for change, done in taken:
                await self._alone(change, done)
            return
        for _, done in taken:
            done.set_result(None)

    async def _alone(self, change: T, done: asyncio.Future[None]) -> None:
        try:
            async with self._database.write() as tx:
                await self._write(tx, [change])
        except Exception as error:
            _fail(done, error)
        else:
            done.set_result(None)

    def _next(self) -> list[tuple[T, asyncio.Future[None]]]:
        taken, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
        return taken


def _fail(done: asyncio.Future[None], error: Exception) -> None:
    done.set_exception(error)
    # Nobody may be left to hear of it.
    done.exception()
