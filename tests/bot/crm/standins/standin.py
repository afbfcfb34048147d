"""What every stand-in for a vendor's API has: a server, its faults, and what was asked of it."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from storage.connections import Connection
from tests.world import address, listening, plain_config, serving


@dataclass(frozen=True)
class Asked:
    """One call to the API."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Silence(Response):
    """No answer at all: the connection is dropped."""

    def __init__(self) -> None:
        super().__init__()


@dataclass
class Standin:
    """A vendor's API. `answers` are given, one by one, before what it would say by itself."""

    url: str = ""
    answers: list[Response] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    #: Added to each of its own answers, such as what is left of a limit.
    headers: dict[str, str] = field(default_factory=dict)

    async def __call__(self, request: Request) -> Response:
        raw = await request.body()
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            body = raw.decode()
        asked = Asked(
            request.method,
            request.url.path,
            dict(request.query_params),
            dict(request.headers),
            body,
        )
        self.asked.append(asked)
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Silence):
                # Longer than anybody waits in a test.
                await asyncio.sleep(3.0)
            return answer
        answer = self.answer(asked) if self.lets_in(asked) else JSONResponse({}, 401)
        answer.headers.update(self.headers)
        return answer

    def lets_in(self, asked: Asked) -> bool:
        """Whether the call is authorized as the vendor asks for."""
        raise NotImplementedError

    def answer(self, asked: Asked) -> Response:
        """What the vendor says."""
        raise NotImplementedError

    def calls(self, method: str = "", path: str = "") -> list[Asked]:
        """The calls with this method that have `path` in theirs."""
        return [each for each in self.asked if method in {"", each.method} and path in each.path]


@asynccontextmanager
async def running(standin: Standin) -> AsyncIterator[Standin]:
    """The stand-in on a port of its own."""
    on = listening()
    standin.url = address(on)
    methods = ["GET", "POST", "PATCH", "PUT", "DELETE"]
    app = Starlette(routes=[Route("/{path:path}", standin.__call__, methods=methods)])
    async with serving(plain_config(app), on):
        yield standin


@contextmanager
def beside(standin: Standin) -> Iterator[Standin]:
    """The stand-in in a thread of its own, for tests that run commands in theirs."""
    loop = asyncio.new_event_loop()
    up, end = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with running(standin):
            up.set()
            await end.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert up.wait(10)
    try:
        yield standin
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(10)
        loop.close()


@dataclass(frozen=True)
class Case:
    """One vendor, as the common tests need it; deals stand for things of any kind."""

    provider: str
    make: Callable[[], Standin]
    #: Credentials by which the stand-in lets in, by their names.
    credentials: Mapping[str, str]
    #: What the vendor calls the account.
    account_id: str
    #: (connection, address, body, wall clock in seconds) -> the headers of a genuine request.
    sign: Callable[[Connection, str, bytes, float], Mapping[str, str]]
    #: (what: created, changed or deleted; id of a deal; a number) -> a webhook's event. Another
    #: number is another event.
    event: Callable[[Standin, str, str, int], Any]
    #: Events as one body. A vendor that sends one at a time is given one.
    body: Callable[[Sequence[Any]], bytes]
    #: (stand-in, id, title, stage) -> the deal is so in the CRM from now on.
    put: Callable[[Standin, str, str, str], object]
    #: The deal is no more.
    remove: Callable[[Standin, str], object]
    #: Names of the stages of an open deal and of a won one, each with its id.
    open_stage: tuple[str, str]
    won_stage: tuple[str, str]
    #: Another stage in which a deal is open; `None` where nothing is moved by the coach.
    next_stage: tuple[str, str] | None = None
    #: An event that cannot be read; `None` where each comes by itself.
    bad_event: Any = None
    #: How old a genuine request may be, in seconds; `None` where it carries no time.
    tolerance: float | None = None
    #: How many deals there must be for several pages of them.
    pages: int = 120
    #: Whether a webhook names things only, which are then looked up.
    thin: bool = False


#: This file is no vendor's.
CASE = None
