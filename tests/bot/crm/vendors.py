"""What the tests of all vendors share: their payloads, hostile ones, and a talk's other side."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from bot.crm.calls import Account, Answer, Call
from bot.crm.provider import Fetch, PayloadError, Provider, Reading, Want
from bot.crm.setup import RefusedError, Talk
from coach.events import Event, Owner
from coach.mirror import blank, fold
from coach.models import Contact, Deal, SubjectKind, Task
from coach.stages import Stage, settled
from coach.writes import CrmWrite, Outgoing, event, subject

PAYLOADS = Path(__file__).parent / "payloads"

T = TypeVar("T")

#: The same examples on every machine, and no more of them than a moment allows.
BOUNDED = settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def payload(vendor: str, name: str) -> bytes:
    """The body in a file; a name without an ending is of one with JSON."""
    return (PAYLOADS / vendor / (name if "." in name else f"{name}.json")).read_bytes()


def payloads(vendor: str) -> dict[str, bytes]:
    """Every body a vendor is known to send, by the file's name."""
    return {path.name: path.read_bytes() for path in sorted((PAYLOADS / vendor).iterdir())}


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**400), 10**400)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", " ", "\x00", "a\x00b", "\ud800", "x" * 300, "1e999", "2026-11-23", "-1"])
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=5,
)


def _places(value: object, place: tuple[Any, ...] = ()) -> Iterable[tuple[Any, ...]]:
    yield place
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _places(each, (*place, name))
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from _places(each, (*place, index))


def _with(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    first, *rest = place
    if isinstance(value, dict):
        return {**value, first: _with(value[first], tuple(rest), new)}
    return [
        _with(each, tuple(rest), new) if index == first else each
        for index, each in enumerate(value)
    ]


@st.composite
def hostile(draw: st.DrawFn, bodies: Mapping[str, bytes]) -> bytes:
    """A body that was real, with other values in some of its places, or with broken bytes."""
    body = bodies[draw(st.sampled_from(sorted(bodies)))]
    if draw(st.integers(0, 4)) == 0:
        begin = draw(st.integers(0, len(body)))
        return body[:begin] + draw(st.binary(max_size=6)) + body[begin + draw(st.integers(0, 9)) :]
    value = json.loads(body)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.sampled_from(list(_places(value))))
        value = _with(value, place, draw(_VALUES))
    return json.dumps(value, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")


def read_safely(provider: Provider, body: bytes, at: datetime) -> Reading | None:
    """What a body says; `None` when it cannot be read. Whatever it says can be kept."""
    try:
        reading = provider.parse(body, None, at)
    except PayloadError:
        return None
    assert reading == provider.parse(body, None, at)
    for each in reading.dedupe_keys:
        keepable(each, 255)
    for _, why in (*reading.rejected, *reading.passed):
        keepable(why, 500)
    for stub in reading.stubs:
        keepable(stub.kind, 255)
        keepable(stub.id, 255)
        keepable(stub.hint, 255)
    for each_event in reading.events:
        may_be_taken(each_event)
    return reading


def may_be_taken(happened: Event) -> None:
    """The event can be folded and kept."""
    assert happened.occurred_at.tzinfo is UTC
    for each in settled(happened, {}).changes:
        keepable(each.id, 255)
        fold(blank(each.kind, "c1", each.id), each, None)
        told = json.dumps([each.fields, each.before], default=str, ensure_ascii=False)
        assert "\x00" not in told.encode().decode()
    json.dumps(happened.details, allow_nan=False)


def answers_do_no_harm(
    provider: Provider, account: Account, body: bytes, out: Outgoing, kinds: Sequence[str]
) -> None:
    """Whatever a vendor answers is read, or said not to be readable."""
    at = datetime(2026, 11, 23, 9, tzinfo=UTC)
    for status in (200, 201, 403, 404, 422):
        answer = Answer(status, {}, body)
        provider.rest(answer, at)
        if provider.writing is not None:
            keepable(provider.writing.read(out, answer).remote_id or "", 255)
        if provider.setup is not None:
            with suppress(RefusedError):
                talked(provider.setup.probe(account), partial(_always, answer))
    asked = [Fetch(want, kind, "7") for want in provider.fetching for kind in kinds]
    for fetch in asked:
        if fetch.want is Want.HISTORY and fetch.kind not in {h.kind for h in provider.histories}:
            continue
        try:
            answer = Answer(200, {}, body)
            brought = provider.fetching[fetch.want].read(account, fetch, answer, at)
        except PayloadError:
            continue
        for each in brought.events:
            keepable(each.dedupe_key, 255)
            may_be_taken(each)
        for stage in brought.stages:
            keepable(stage.id + stage.name + stage.pipeline, 255 * 3)
        for owner in brought.owners:
            keepable(f"{owner.id}{owner.email}{owner.name}", 255 * 3)
        for stub in brought.stubs:
            keepable(stub.dedupe_key, 255)
            keepable(stub.id, 255)


def keepable(text: str, longest: int) -> None:
    """Databases take it."""
    assert "\x00" not in text
    assert 0 <= len(text.encode()) <= longest * 4
    assert len(text) <= longest


def talked(talk: Talk[T], answers: Callable[[Call], Answer]) -> T:
    """What a talk comes to with a vendor that answers so."""
    try:
        call = next(talk)
        while True:
            call = talk.send(answers(call))
    except StopIteration as end:
        result: T = end.value
        return result


def _always(answer: Answer, call: Call) -> Answer:
    return answer


def found(value: object, status: int = 200) -> Answer:
    """An answer with JSON."""
    return Answer(status, {"content-type": "application/json"}, json.dumps(value).encode())


def written(call: Call | None) -> tuple[str, str, Any]:
    """The method of a call, its path with the query, and what its JSON holds."""
    assert call is not None
    address = urlsplit(call.url)
    path = f"{address.path}?{address.query}" if address.query else address.path
    return call.method, path, json.loads(call.body) if call.body else None


def change(write: CrmWrite, *, owner: Owner | None = None, stage: Stage | None = None) -> Outgoing:
    """A change as it goes out, of a thing that has the id in the CRM that the change names."""
    kind, id = subject(write)
    thing: Deal | Contact | Task
    match kind:
        case SubjectKind.DEAL:
            thing = Deal("c1", id)
        case SubjectKind.CONTACT:
            thing = Contact("c1", id)
        case SubjectKind.TASK:
            thing = Task("c1", id)
    at = datetime(2026, 11, 23, 9, tzinfo=UTC)
    verb = event(write, dedupe_key="k", at=at, owner=None).verb
    return Outgoing("k", write, verb, at, thing, owner, stage=stage)
