"""A load generator on bare sockets: HTTP/1.1 with keep-alive, requests made beforehand."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import cast

HOST = "127.0.0.1"


def request(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A POST as it goes over the wire."""
    lines = [
        f"POST {path} HTTP/1.1",
        f"host: {HOST}",
        f"content-length: {len(body)}",
        *(f"{name.lower()}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass(slots=True)
class Volley:
    """What came of a number of requests."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    #: Seconds from writing a request to reading its whole answer, in the order of the answers.
    waits: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return sum(self.statuses.values()) / self.seconds


class _Caller(asyncio.Protocol):
    """One connection: sends the next request as soon as the last is answered."""

    def __init__(self, requests: Iterator[bytes], volley: Volley, done: asyncio.Future[None]):
        self._requests = requests
        self._volley = volley
        self._done = done
        self._buffer = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def _next(self) -> None:
        assert self._transport is not None
        following = next(self._requests, None)
        if following is None:
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(following)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator or len(rest) < _length(head):
            return
        self._volley.waits.append(time.perf_counter() - self._sent_at)
        self._volley.statuses[int(head[9:12])] += 1
        self._buffer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


async def volley(port: int, requests: Sequence[bytes], *, connections: int = 32) -> Volley:
    """Send all requests over so many connections, each as fast as it is answered."""
    result, loop = Volley(), asyncio.get_running_loop()
    waiting = iter(requests)
    done = [loop.create_future() for _ in range(connections)]
    begun = time.perf_counter()
    for each in done:
        await loop.create_connection(partial(_Caller, waiting, result, each), HOST, port)
    await asyncio.gather(*done)
    result.seconds = time.perf_counter() - begun
    return result


async def paced(
    port: int, requests: Sequence[bytes], *, per_second: float, connections: int = 8
) -> tuple[Volley, list[float]]:
    """Send requests at even distances; also returns at which wall time each was sent."""
    result, sent = Volley(), [0.0] * len(requests)
    begun = time.perf_counter()

    async def lane(first: int) -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        for index in range(first, len(requests), connections):
            await asyncio.sleep(max(begun + index / per_second - time.perf_counter(), 0))
            started = time.perf_counter()
            sent[index] = time.time()
            writer.write(requests[index])
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(_length(head))
            result.waits.append(time.perf_counter() - started)
            result.statuses[int(head[9:12])] += 1
        writer.close()

    await asyncio.gather(*(lane(first) for first in range(connections)))
    result.seconds = time.perf_counter() - begun
    return result, sent
