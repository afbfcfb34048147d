"""What every stand-in for a vendor has: its people and stages, its faults, and what was asked.

Its things are kept as the vendor has them. Whoever uses it as a CRM knows them by *facts*, which
are the same for every vendor: of a deal `title`, `stage` (by name), `value`, `currency`, `owner`
(an address), `contact` (an id), `created_at`, `stage_entered_at` and `closed_at`; of a contact
`name`, `email`, `status`, `owner`, `created_at` and `last_contacted_at`; of a task `title`, `done`,
`priority`, `due_date`, `note`, `owner`, `contact`, `deal`, `created_at` and `completed_at`.
"""

import asyncio
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

#: What a thing is, in the board's words.
DEAL, CONTACT, TASK = "deal", "contact", "task"

Facts = dict[str, Any]


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


@dataclass(frozen=True)
class Member:
    """Somebody to whom things belong; the number is the vendor's."""

    number: int
    name: str
    email: str


@dataclass(frozen=True)
class Step:
    """A stage of deals, and what it means: open, won or lost."""

    id: str
    name: str
    meaning: str = "open"


#: Who there is where nobody else was said, and since when.
ANA = Member(77, "Ana Ruiz", "ana@northwind.example")
BEGUN = datetime(2026, 11, 25, 10, tzinfo=UTC)


@dataclass
class Standin:
    """A vendor's API. `answers` are given, one by one, before what it would say by itself."""

    url: str = ""
    answers: list[Response] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    #: Added to each of its own answers, such as what is left of a limit.
    headers: dict[str, str] = field(default_factory=dict)
    now: datetime = BEGUN
    people: Sequence[Member] = (ANA,)
    #: The stages of its one pipeline, in their order.
    stages: Sequence[Step] = ()
    #: Told what a call has done: made, changed or ended (a thing), or touched (a contact); of which
    #: kind, and which one.
    wrote: Callable[[str, str, str], None] = lambda deed, kind, id: None
    #: How many things were made by calls.
    made: int = 0
    #: Whether what is told was done by a call.
    by_api: bool = False

    async def __call__(self, request: Request) -> Response:
        return await self.respond(request, request.url.path)

    async def respond(self, request: Request, path: str) -> Response:
        """Answer a call to this path of the API, wherever that is."""
        raw = await request.body()
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            body = raw.decode()
        asked = Asked(request.method, path, dict(request.query_params), dict(request.headers), body)
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

    def calls(self, method: str = "", path: str = "") -> list[Asked]:
        """The calls with this method that have `path` in theirs."""
        return [each for each in self.asked if method in {"", each.method} and path in each.path]

    # What each vendor says for itself

    def lets_in(self, asked: Asked) -> bool:
        """Whether the call is authorized as the vendor asks for."""
        raise NotImplementedError

    def answer(self, asked: Asked) -> Response:
        """What the vendor says."""
        raise NotImplementedError

    def stage_id(self, place: int, name: str) -> str:
        """What the vendor calls the stage of this name, in that place from the left."""
        return str(101 + place)

    def id_of(self, kind: str, number: int, facts: Facts) -> str:
        """What the vendor calls the thing of this number."""
        return str(number)

    def keep(self, kind: str, id: str, facts: Facts) -> None:
        """Make a thing, or change it, as somebody does on the vendor's pages."""
        raise NotImplementedError

    def drop(self, kind: str, id: str) -> None:
        """The thing is no more."""
        raise NotImplementedError

    def facts(self, kind: str, id: str) -> Facts:
        """What a thing is now, as far as a call can have changed it."""
        raise NotImplementedError

    def tell(
        self, what: str, kind: str, id: str, changed: Collection[str], number: int
    ) -> list[Any]:
        """The events of a webhook when a thing was created, changed or deleted.

        `changed` are names of facts; another number is another event. Nothing where the vendor
        tells nothing of it.
        """
        raise NotImplementedError

    def touch(self, id: str, how: str, number: int) -> list[Any]:
        """The same of a call, email, meeting or note with a contact."""
        return []

    def hooks(self) -> list[str]:
        """The addresses that webhooks were asked for by API; where there is none, nobody asked."""
        return []

    # What they need for it

    def member(self, email: object) -> Member | None:
        """The one with this address."""
        return next((each for each in self.people if each.email == email), None)

    def numbered(self, id: object) -> Member | None:
        """The one whose number is in this id."""
        digits = "".join(sign for sign in str(id) if sign.isdigit())
        return next((each for each in self.people if digits and each.number == int(digits)), None)

    def step(self, of: str) -> Step:
        """The stage of this id or name."""
        return next(each for each in self.stages if of in {each.id, each.name})


class Link(Protocol):
    """What a vendor signs with: what the coach has been given at linking."""

    @property
    def secrets(self) -> Sequence[str]:
        """Signing secrets, newest first."""
        ...

    @property
    def access(self) -> Mapping[str, str]:
        """Credentials."""
        ...


@dataclass(frozen=True)
class Vendor:
    """One vendor, as the playground and the common tests need it; deals stand for any kind."""

    provider: str
    called: str
    make: Callable[[], Standin]
    #: Credentials by which the stand-in lets in, by their names.
    credentials: Mapping[str, str]
    #: What the vendor calls the account.
    account_id: str
    #: How its webhooks show that they are its own.
    signs: str
    #: (link, address, body, wall clock in seconds) -> the headers of a genuine request.
    sign: Callable[[Link, str, bytes, float], Mapping[str, str]]
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
    #: Whether it sends several events in one request.
    batches: bool = False
    #: What is not as elsewhere, for whoever looks at the board.
    remark: str = ""


#: This file is no vendor's.
VENDOR = None
