"""A made-up vendor that asks for what real ones ask for, and its server on loopback.

Its events name things only; one address serves all accounts; requests are signed over the whole
address; it wants an answer of its own; it limits how fast it is called; stages have ids; what is
made there gets an id of its own, and repeating that makes a second one.
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request as WebRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.crm.calls import Answer, Call, Pace
from bot.crm.provider import (
    Account,
    Fetch,
    Fetched,
    Fetching,
    PayloadError,
    Provider,
    Reading,
    Reply,
    Request,
    SignatureError,
    Stub,
    Taken,
    Told,
    Want,
    Writing,
    told_by_status,
)
from coach.events import Change, Event, Owner
from coach.models import DealStatus, SubjectKind, TaskStatus, Verb
from coach.stages import Stage
from coach.writes import CreateTask, MoveDeal, Outgoing
from tests.world import address, listening, plain_config, serving

APP = {"secret": "the secret of our app there"}
ACCESS = {"token": "the token of this account"}


def sign(secret: str, method: str, url: str, body: bytes) -> str:
    return hmac.new(
        secret.encode(), method.encode() + url.encode() + body, hashlib.sha256
    ).hexdigest()


def verify(request: Request, account: Account, wall: float) -> str | None:
    expected = sign(account.app["secret"], request.method, request.url, request.body)
    if not hmac.compare_digest(request.headers.get(b"x-sample", b""), expected.encode()):
        raise SignatureError("x-sample does not match.")
    return None


def _items(body: bytes) -> list[dict[str, Any]]:
    try:
        items = json.loads(body)
    except ValueError as error:
        raise PayloadError("The body is not JSON.") from error
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise PayloadError("The body is not a list of events.")
    return items


def split(body: bytes) -> dict[str, bytes]:
    parts: dict[str, list[Any]] = {}
    for item in _items(body):
        parts.setdefault(str(item.get("account")), []).append(item)
    return {account: json.dumps(items).encode() for account, items in parts.items()}


def parse(body: bytes, message_id: str | None, received_at: datetime) -> Reading:
    events: list[Event] = []
    stubs: list[Stub] = []
    rejected: list[tuple[int, str]] = []
    for index, item in enumerate(_items(body)):
        kind, _, what = str(item.get("what")).partition(".")
        key, record = str(item.get("id")), str(item.get("record"))
        if what == "deleted":
            gone = Change(SubjectKind.DEAL, record, received_at, {"deleted": True})
            events.append(Event(key, Verb.DEAL_DELETED, received_at, (gone,)))
        elif kind in {"deal", "task"}:
            stubs.append(Stub(key, kind, record, what))
        else:
            rejected.append((index, f"{kind} is not known here"))
    return Reading(events, rejected, stubs)


def reply(taken: Taken) -> Reply:
    return Reply(200, b"<Ack>true</Ack>", {"content-type": "text/xml"})


def _get(account: Account, path: str) -> Call:
    headers = {"authorization": f"Bearer {account.access['token']}"}
    return Call("GET", f"{account.address}{path}", headers)


def _deal(value: Mapping[str, Any], *, new: bool = False) -> Event:
    at = datetime.fromisoformat(value["at"])
    fields = {"title": value["name"], "stage": value["stage"]}
    change = Change(SubjectKind.DEAL, value["id"], at, fields, Owner.of(id=value["owner"]))
    verb = Verb.DEAL_CREATED if new else Verb.DEAL_UPDATED
    return Event(f"deal:{value['id']}@{value['at']}", verb, at, (change,), observed=not new)


def _task(value: Mapping[str, Any]) -> Event:
    at = datetime.fromisoformat(value["at"])
    status = TaskStatus.COMPLETED if value["done"] else TaskStatus.PENDING
    change = Change(SubjectKind.TASK, value["id"], at, {"title": value["name"], "status": status})
    return Event(
        f"task:{value['id']}@{value['at']}", Verb.TASK_UPDATED, at, (change,), observed=True
    )


def _read_thing(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    if answer.gone:
        gone = Change(SubjectKind.DEAL, fetch.id, at, {"deleted": True})
        return Fetched([Event(f"gone:{fetch.id}", Verb.DEAL_DELETED, at, (gone,), observed=True)])
    value = json.loads(answer.body)
    if fetch.kind == "task":
        return Fetched([_task(value)])
    return Fetched([_deal(value, new="created" in fetch.hints)])


def _read_history(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    value = json.loads(answer.body)
    return Fetched([_deal(each) for each in value["deals"]], next=value["next"])


def _read_stages(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    return Fetched(
        stages=[
            Stage(each["id"], each["name"], "sales", place, DealStatus(each["means"]))
            for place, each in enumerate(json.loads(answer.body))
        ]
    )


def _read_owners(account: Account, fetch: Fetch, answer: Answer, at: datetime) -> Fetched:
    named = [Owner.of(id=each["id"], email=each["email"]) for each in json.loads(answer.body)]
    return Fetched(owners=[owner for owner in named if owner is not None])


def call(account: Account, outgoing: Outgoing, wall: float) -> Call | None:
    headers = {"authorization": f"Bearer {account.access['token']}"}
    match outgoing.write:
        case CreateTask(title=title):
            owner = outgoing.owner.id if outgoing.owner else None
            body = json.dumps({"name": title, "owner": owner}).encode()
            return Call("POST", f"{account.address}/tasks", headers, body, repeatable=False)
        case MoveDeal() if outgoing.stage is not None:
            body = json.dumps({"stage": outgoing.stage.id}).encode()
            return Call("PATCH", f"{account.address}/deals/{outgoing.subject.id}", headers, body)
        case _:
            return None


def told(outgoing: Outgoing, answer: Answer) -> Told:
    if answer.status == 422:
        return Told(refusal=json.loads(answer.body)["message"])
    if answer.status == 201:
        return Told(remote_id=json.loads(answer.body)["id"])
    return told_by_status(answer)


def new_secret(entropy: Callable[[int], bytes]) -> str:
    return entropy(16).hex()


def _path(path: str) -> Callable[[Account, Fetch], Call]:
    return lambda account, fetch: _get(account, path.format(fetch=fetch))


PROVIDER = Provider(
    "A made-up vendor.",
    verify,
    parse,
    new_secret,
    reply=reply,
    split=split,
    writing=Writing(call, told),
    fetching={
        Want.THING: Fetching(_path("/{fetch.kind}s/{fetch.id}"), _read_thing),
        Want.HISTORY: Fetching(_path("/{fetch.kind}s?after={fetch.cursor}"), _read_history),
        Want.STAGES: Fetching(_path("/stages"), _read_stages),
        Want.OWNERS: Fetching(_path("/owners"), _read_owners),
    },
    pace=Pace(together=2, calls=20, within=timedelta(seconds=10)),
)


@dataclass
class Vendor:
    """The vendor's server; `answers` are used up before what it would answer by itself."""

    url: str = ""
    deals: dict[str, dict[str, Any]] = field(default_factory=dict)
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    stages: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"id": "7", "name": "Qualified", "means": "open"},
            {"id": "8", "name": "Lost in talks", "means": "open"},
            {"id": "9", "name": "Signed", "means": "won"},
        ]
    )
    answers: list[Response] = field(default_factory=list)
    #: What it says of its limits with whatever it answers by itself.
    limits: dict[str, str] = field(default_factory=dict)
    delays: list[float] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    busy: int = 0
    busiest: int = 0

    async def __call__(self, request: WebRequest) -> Response:
        assert request.headers["authorization"] == f"Bearer {ACCESS['token']}"
        query = f"?{request.url.query}" if request.url.query else ""
        self.asked.append(f"{request.method} {request.url.path}{query}")
        body = await request.body()
        self.bodies.append(json.loads(body) if body else None)
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        # Long enough for others to come in while this one is at work.
        await asyncio.sleep(self.delays.pop(0) if self.delays else 0.01)
        self.busy -= 1
        if self.answers:
            return self.answers.pop(0)
        answer = self._answer(request, self.bodies[-1])
        answer.headers.update(self.limits)
        return answer

    def _answer(self, request: WebRequest, body: Any) -> Response:
        path = request.url.path.strip("/").split("/")
        match request.method, *path:
            case "GET", "stages":
                return JSONResponse(self.stages)
            case "GET", "owners":
                return JSONResponse([{"id": "77", "email": "ana@northwind.example"}])
            case "GET", "deals":
                begin = int(request.query_params["after"] or 0)
                page = list(self.deals.values())[begin : begin + 2]
                more = begin + 2 < len(self.deals)
                return JSONResponse({"deals": page, "next": str(begin + 2) if more else None})
            case "GET", kind, id:
                found = (self.deals if kind == "deals" else self.tasks).get(id)
                return JSONResponse(found) if found else Response(status_code=404)
            case "POST", "tasks":
                id = str(900 + len(self.tasks))
                self.tasks[id] = {"id": id, "name": body["name"], "done": False}
                return JSONResponse({"id": id}, 201)
            case _:
                return JSONResponse({})


@asynccontextmanager
async def running_vendor() -> AsyncIterator[Vendor]:
    """The vendor on a port of its own."""
    vendor, on = Vendor(), listening()
    vendor.url = address(on)
    methods = ["GET", "POST", "PATCH"]
    app = Starlette(routes=[Route("/{path:path}", vendor.__call__, methods=methods)])
    async with serving(plain_config(app), on):
        yield vendor
