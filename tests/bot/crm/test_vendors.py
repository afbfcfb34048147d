"""What holds for every vendor: whatever comes from it and whatever its API answers."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from starlette.responses import JSONResponse, Response
from starlette.routing import Router

from bot.coaching.recording import apply
from bot.crm import backfill, fetching, linking, outbox, worker
from bot.crm.caller import Caller
from bot.crm.intake import Intake
from bot.crm.parts import CrmParts
from bot.crm.provider import load_providers
from bot.crm.setup import RefusedError
from bot.playground.crm import vendors as standins
from bot.playground.crm.vendors.standin import Silence, Standin, Vendor
from coach import plugins, writes
from coach.models import Deal, DealStatus, Origin, SubjectKind, TaskPriority, Verb
from coach.phrases import say
from coach.writes import CompleteTask, CreateTask, CrmWrite, DeleteTask, MoveDeal
from storage import activities, connections, crm_writes, deliveries, fetches, mirror
from storage.connections import Connection
from storage.crm_writes import StoredWrite
from tests.bot.crm.running import running
from tests.world import (
    BEGINNING,
    WORKSPACE,
    FixedClock,
    address,
    crm_of,
    listening,
    plain_config,
    running_parts,
    serving,
)

SECOND = timedelta(seconds=1)
TOKEN = "token-of-a-vendor-0123456789"


def cases() -> dict[str, Vendor]:
    """Every vendor there is a stand-in for."""
    found = plugins.load(standins, "VENDOR", (Vendor, type(None)))
    return {name: case for name, case in found.items() if case is not None}


@dataclass
class Office:
    """The coach's side before one vendor: intake over HTTP, worker and fetcher."""

    case: Vendor
    crm: CrmParts
    caller: Caller
    vendor: Standin
    connection: Connection
    url: str
    http: aiohttp.ClientSession
    sent: int = field(default=0)

    def event(self, what: str, id: str = "5001") -> Any:
        self.sent += 1
        return self.case.event(self.vendor, what, id, self.sent)

    def put(self, id: str = "5001", title: str = "Acme", *, won: bool = False) -> None:
        stage = self.case.won_stage if won else self.case.open_stage
        self.case.put(self.vendor, id, title, stage[1])

    async def post(
        self,
        *events: Any,
        raw: bytes | None = None,
        wall: float | None = None,
        headers: dict[str, str] | None = None,
        connection: Connection | None = None,
    ) -> int:
        """Post a webhook, signed unless headers are given; the status of the answer."""
        url = f"{self.url}/webhooks/{self.case.provider}/{TOKEN}"
        body = raw if raw is not None else self.case.body(events)
        if headers is None:
            wall = self.crm.wall() if wall is None else wall
            headers = dict(self.case.sign(connection or self.connection, url, body, wall))
        async with self.http.post(url, data=BytesIO(body), headers=headers) as answer:
            await answer.read()
            return answer.status

    async def tell(self, *whats: tuple[str, str]) -> None:
        """Post events, each as the vendor sends it."""
        for what, id in whats:
            assert await self.post(self.event(what, id)) < 300

    def later(self, by: timedelta) -> None:
        clock = self.crm.shared.clock
        assert isinstance(clock, FixedClock)
        clock.advance(by)
        if hasattr(self.vendor, "now"):
            self.vendor.now = clock.now()

    async def settle(self, turns: int = 6) -> None:
        """Work off what came, and look up what is wanted, however often that takes."""
        await worker.work_off(self.crm)
        for _ in range(turns):
            self.later(3 * SECOND)
            while await fetching.fetch_due(self.crm, self.caller):
                pass

    async def deal(self, id: str = "5001") -> Deal | None:
        async with self.crm.shared.database.read() as tx:
            found = await mirror.load(tx, SubjectKind.DEAL, WORKSPACE, self.connection.id, [id])
        deal = found.get(id)
        assert deal is None or isinstance(deal, Deal)
        return deal

    async def verbs(self) -> list[Verb]:
        async with self.crm.shared.database.read() as tx:
            return [each.verb for each in await activities.recent(tx, WORKSPACE)][::-1]

    async def link(self) -> Connection:
        """What `coach connect` does, before anything is taken over."""
        parts = self.crm.shared
        self.connection, _ = await linking.identify(self.crm, self.caller, self.connection)
        async with parts.database.write() as tx:
            now = parts.clock.now()
            await connections.save(tx, parts.seal, self.connection, now)
            await fetching.stand(
                tx, self.crm.providers, WORKSPACE, self.connection.id, self.case.provider, now
            )
        if linking.setup_of(self.crm, self.connection).subscribing is not None:
            url = f"{self.url}/webhooks/{self.case.provider}/{TOKEN}"
            self.connection = await linking.subscribe(self.crm, self.caller, self.connection, url)
        return self.connection

    async def failed(self) -> list[str | None]:
        async with self.crm.shared.database.read() as tx:
            return [each.error for each in await fetches.failed(tx, WORKSPACE)]

    async def do(self, write: CrmWrite) -> None:
        """What a decision of a person does with a change; then it is told to the vendor."""
        parts = self.crm.shared
        now, key = parts.clock.now(), writes.key(write, "f")
        done = writes.event(write, dedupe_key=f"coach:{key}", at=now, owner=None)
        kind, id = writes.subject(write)
        async with parts.database.write() as tx:
            there = await mirror.load(tx, kind, WORKSPACE, self.connection.id, [id])
            before = writes.before(write, there.get(id))
            await apply(parts, tx, WORKSPACE, self.connection.id, [done])
            stored = StoredWrite(WORKSPACE, key, "f", say("Done"), write, before=before)
            await crm_writes.add(tx, stored, now)
        self.later(SECOND)
        assert await outbox.send_due(self.crm, self.caller) == 1
        async with parts.database.read() as tx:
            assert await crm_writes.failed(tx, WORKSPACE) == []


@pytest.fixture(params=sorted(cases()))
def case(request: pytest.FixtureRequest) -> Vendor:
    return cases()[request.param]


@pytest.fixture
async def bare(case: Vendor, sqlite_url: str) -> AsyncIterator[Office]:
    """Before anything is linked."""
    async with running_parts(sqlite_url) as parts, running(case.make()) as vendor:
        on = listening()
        # The vendor and the coach live in one time.
        wall = parts.clock.now
        crm = crm_of(parts, public_url=address(on), wall=lambda: wall().timestamp())
        new_secret = crm.providers[case.provider].new_secret
        connection = Connection(
            WORKSPACE,
            case.provider,
            case.provider,
            TOKEN,
            (new_secret(parts.entropy),) if new_secret else (),
            "",
            vendor.url,
            access=dict(case.credentials),
        )
        async with (
            serving(plain_config(Router(Intake(crm).routes(), redirect_slashes=False)), on),
            # Long enough for a busy machine; who hears nothing at all waits so long once.
            Caller(crm, patience=1.5) as caller,
            aiohttp.ClientSession(trust_env=False) as http,
        ):
            yield Office(case, crm, caller, vendor, connection, address(on), http)


@pytest.fixture
async def office(bare: Office) -> Office:
    """Linked, with owners and stages known."""
    await bare.link()
    await bare.settle()
    bare.vendor.asked.clear()
    return bare


# Requests


async def test_a_genuine_request_is_taken(office: Office) -> None:
    office.put()
    assert 200 <= await office.post(office.event("created")) < 300
    await office.settle()
    deal = await office.deal()
    assert deal is not None
    assert (deal.title, deal.stage, deal.status) == (
        "Acme",
        office.case.open_stage[0],
        DealStatus.OPEN,
    )


async def test_a_request_without_a_signature_or_with_another_is_refused(office: Office) -> None:
    event = office.event("created")
    assert await office.post(event, headers={}) == 401
    other = replace(
        office.connection,
        secrets=("6f746865722d7365637265742d6f662d612d74657374",),
        access=dict.fromkeys(office.connection.access, "another"),
    )
    assert await office.post(event, connection=other) == 401
    async with office.crm.shared.database.read() as tx:
        assert await deliveries.counts(tx, WORKSPACE) == {}


async def test_an_old_request_is_refused(office: Office) -> None:
    if office.case.tolerance is None:
        pytest.skip("its requests carry no time")
    event, now = office.event("created"), office.crm.wall()
    for wall in (now - office.case.tolerance - 5, now + office.case.tolerance + 5):
        assert await office.post(event, wall=wall) == 401


async def test_the_same_request_again_is_taken_once(office: Office) -> None:
    office.put()
    event = office.event("created")
    for _ in range(3):
        assert 200 <= await office.post(event) < 300
    await office.settle()
    assert await office.verbs() == [Verb.DEAL_CREATED]


async def test_the_order_in_which_events_come_does_not_matter(office: Office) -> None:
    office.put()
    first = office.event("created")
    office.later(timedelta(minutes=1))
    office.put(title="Acme, larger")
    second = office.event("changed")
    for event in (second, first):
        assert 200 <= await office.post(event) < 300
        await office.settle()
    deal = await office.deal()
    assert deal is not None
    assert deal.title == "Acme, larger"


async def test_one_bad_event_keeps_no_other_from_counting(office: Office) -> None:
    if office.case.bad_event is None:
        pytest.skip("each event comes by itself")
    office.put()
    events = [office.case.bad_event, office.event("created"), office.case.bad_event]
    assert 200 <= await office.post(*events) < 300
    await office.settle()
    assert await office.deal() is not None


async def test_a_deal_that_is_deleted_is_gone(office: Office) -> None:
    office.put()
    await office.tell(("created", "5001"))
    await office.settle()
    office.later(timedelta(minutes=1))
    office.case.remove(office.vendor, "5001")
    await office.tell(("deleted", "5001"))
    await office.settle()
    deal = await office.deal()
    assert deal is not None
    assert deal.deleted
    assert (await office.verbs())[-1] is Verb.DEAL_DELETED


async def test_a_deal_that_is_won_is_closed_whatever_the_stage_is_called(office: Office) -> None:
    office.put()
    await office.tell(("created", "5001"))
    await office.settle()
    office.later(timedelta(minutes=1))
    office.put(won=True)
    await office.tell(("changed", "5001"))
    await office.settle()
    deal = await office.deal()
    assert deal is not None
    assert (deal.stage, deal.status) == (office.case.won_stage[0], DealStatus.WON)
    assert await office.verbs() == [Verb.DEAL_CREATED, Verb.DEAL_CLOSED]


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(office: Office) -> None:
    largest = office.crm.providers[office.case.provider].largest
    assert await office.post(raw=b"[" + b" " * largest + b"]") == 413


@pytest.mark.parametrize("raw", [b"", b"{", b"7", b"\xff", b"null", b"<x/>"])
async def test_what_cannot_be_read_is_kept_and_not_punished(office: Office, raw: bytes) -> None:
    assert 200 <= await office.post(raw=raw) < 300
    async with office.crm.shared.database.read() as tx:
        assert len(await deliveries.failed(tx, WORKSPACE)) == 1


# Answers


def _garbage() -> Sequence[Response]:
    return [
        Response(b"<html>Sorry</html>", media_type="text/html"),
        JSONResponse([1, 2]),
        JSONResponse({"unexpected": True}),
        Response(b"\xff\xfe"),
        Response(b""),
    ]


async def _look_up(office: Office, *answers: Response) -> None:
    """Have a deal looked up, to which the vendor answers so at first."""
    office.put()
    await office.tell(("changed", "5001"))
    await worker.work_off(office.crm)
    office.vendor.answers = list(answers)
    await office.settle(1)


@pytest.mark.parametrize("status", [401, 403, 400, 301])
async def test_an_answer_that_is_final_is_kept_for_who_runs_the_coach(
    office: Office, status: int
) -> None:
    if not office.case.thin:
        pytest.skip("nothing has to be looked up")
    await _look_up(office, JSONResponse({}, status))
    assert await office.failed() == [f"HTTP {status}"]
    assert await office.deal() is None


@pytest.mark.parametrize("status", [404, 410])
async def test_what_is_gone_when_it_is_looked_up_is_gone(office: Office, status: int) -> None:
    if not office.case.thin:
        pytest.skip("nothing has to be looked up")
    await _look_up(office, JSONResponse({}, status))
    deal = await office.deal()
    assert deal is not None
    assert deal.deleted


@pytest.mark.parametrize("number", range(5))
async def test_garbage_is_refused_and_said(office: Office, number: int) -> None:
    if not office.case.thin:
        pytest.skip("nothing has to be looked up")
    await _look_up(office, _garbage()[number])
    assert len(await office.failed()) == 1
    assert await office.deal() is None


@pytest.mark.parametrize(
    "answer",
    [Response(status_code=500), Response(status_code=502), Silence()],
    ids=["500", "502", "silence"],
)
async def test_what_passes_by_itself_is_tried_again(office: Office, answer: Response) -> None:
    if not office.case.thin:
        pytest.skip("nothing has to be looked up")
    await _look_up(office, answer)
    assert await office.deal() is None
    office.later(timedelta(minutes=10))
    await office.settle()
    assert await office.deal() is not None
    assert await office.failed() == []


async def test_who_asks_for_a_pause_gets_it(office: Office) -> None:
    if not office.case.thin:
        pytest.skip("nothing has to be looked up")
    await _look_up(office, JSONResponse({}, 429, headers={"retry-after": "120"}))
    calls = len(office.vendor.asked)
    office.later(60 * SECOND)
    await office.settle(1)
    assert len(office.vendor.asked) == calls
    office.later(60 * SECOND)
    await office.settle()
    assert await office.deal() is not None


# Changes made in Slack


async def test_a_deal_moved_in_slack_is_moved_there_and_its_echo_is_no_news(
    office: Office,
) -> None:
    if office.case.next_stage is None:
        pytest.skip("nothing is moved there")
    office.put()
    await office.tell(("created", "5001"))
    await office.settle()
    office.later(timedelta(minutes=1))
    await office.do(MoveDeal(office.connection.id, "5001", office.case.next_stage[0]))
    (moved,) = [each for each in office.vendor.asked if each.method in {"PATCH", "PUT"}]
    assert "5001" in moved.path
    assert office.case.next_stage[1] in str(moved.body)
    await office.tell(("changed", "5001"))
    await office.settle()
    deal = await office.deal()
    assert deal is not None
    assert (deal.stage, deal.status) == (office.case.next_stage[0], DealStatus.OPEN)
    told = [verb for verb in await office.verbs() if verb is not Verb.DEAL_UPDATED]
    assert told == [Verb.DEAL_CREATED, Verb.DEAL_STAGE_CHANGED]


@pytest.mark.parametrize("status", [400, 403, 422])
async def test_a_move_that_is_refused_leaves_the_deal_where_it_is_there(
    office: Office, status: int
) -> None:
    if office.case.next_stage is None:
        pytest.skip("nothing is moved there")
    office.put()
    await office.tell(("created", "5001"))
    await office.settle()
    before = await office.deal()
    office.later(timedelta(minutes=1))
    office.vendor.answers = [JSONResponse({"error": "No."}, status)]
    await office.do(MoveDeal(office.connection.id, "5001", office.case.next_stage[0]))
    deal = await office.deal()
    assert before is not None
    assert deal is not None
    same = ("stage", "status", "stage_entered_at", "stage_seen_at")
    assert [getattr(deal, name) for name in same] == [getattr(before, name) for name in same]
    async with office.crm.shared.database.read() as tx:
        assert await crm_writes.counts(tx, WORKSPACE) == {"refused": 1}
    # What is done there afterwards counts as ever.
    office.later(timedelta(minutes=1))
    office.put(won=True)
    await office.tell(("changed", "5001"))
    await office.settle()
    won = await office.deal()
    assert won is not None
    assert won.status is DealStatus.WON


async def test_what_is_not_there_any_more_when_it_is_to_be_moved_is_gone_here(
    office: Office,
) -> None:
    if office.case.next_stage is None:
        pytest.skip("nothing is moved there")
    office.put()
    await office.tell(("created", "5001"))
    await office.settle()
    office.vendor.answers = [JSONResponse({"error": "Not found."}, 404)]
    await office.do(MoveDeal(office.connection.id, "5001", office.case.next_stage[0]))
    deal = await office.deal()
    assert deal is not None
    assert deal.deleted
    assert deal.stage == office.case.open_stage[0]


async def test_a_task_that_is_refused_there_is_none_here(office: Office) -> None:
    if office.case.next_stage is None:
        pytest.skip("nothing is made there")
    office.put()
    await office.tell(("created", "5001"))
    await office.settle()
    deal = await office.deal()
    assert deal is not None
    task = CreateTask(
        office.connection.id,
        "task_1",
        "Call",
        None,
        TaskPriority.HIGH,
        contact_id=deal.contact_id,
        deal_id="5001",
    )
    office.vendor.answers = [JSONResponse({"error": "No."}, 422)]
    await office.do(task)
    async with office.crm.shared.database.read() as tx:
        found = await mirror.load(tx, SubjectKind.TASK, WORKSPACE, task.connection_id, ["task_1"])
    assert found["task_1"].deleted


async def test_a_task_made_in_slack_is_made_there_once_and_known_by_its_name_there(
    office: Office,
) -> None:
    if office.case.next_stage is None:
        pytest.skip("nothing is made there")
    office.put()
    await office.tell(("created", "5001"))
    await office.settle()
    deal, connection_id = await office.deal(), office.connection.id
    assert deal is not None
    await office.do(
        CreateTask(
            connection_id,
            "task_1",
            "Call Ann",
            date(2026, 12, 1),
            TaskPriority.HIGH,
            contact_id=deal.contact_id,
            deal_id="5001",
        )
    )
    asked = office.vendor.asked
    (made,) = [each for each in asked if "Call Ann" in str(each.body)]
    assert made.method == "POST"
    await office.do(CompleteTask(connection_id, "task_1"))
    assert asked[-1].method in {"PATCH", "PUT"}
    # By the name that the vendor has given it.
    assert "900" in asked[-1].path
    await office.do(DeleteTask(connection_id, "task_1"))
    assert asked[-1].method == "DELETE"


# Linking


async def test_linking_says_whose_account_it_is(bare: Office) -> None:
    connection = await bare.link()
    assert connection.account_id == bare.case.account_id


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse({}, 401),
        JSONResponse({}, 403),
        JSONResponse({}, 404),
        Response(b"<html>", 200),
        JSONResponse([], 200),
    ],
    ids=["401", "403", "404", "html", "list"],
)
async def test_credentials_that_do_not_work_are_told_at_once(
    bare: Office, answer: Response
) -> None:
    bare.vendor.answers = [answer] * 10
    with pytest.raises(RefusedError):
        await linking.identify(bare.crm, bare.caller, bare.connection)


async def test_another_account_needs_a_link_of_its_own(bare: Office) -> None:
    other = replace(bare.connection, account_id="another")
    with pytest.raises(RefusedError, match="of another account"):
        await linking.identify(bare.crm, bare.caller, other)


# Taking over


async def test_what_an_account_holds_is_taken_over_page_by_page_and_is_no_news(
    bare: Office,
) -> None:
    count = bare.case.pages
    for number in range(count):
        bare.put(str(5001 + number), f"Deal {number}", won=number % 2 == 1)
    await bare.link()
    await bare.settle(60)
    provider = bare.crm.providers[bare.case.provider]
    async with bare.crm.shared.database.read() as tx:
        told = await backfill.progress(tx, provider, WORKSPACE, bare.connection.id)
        held = await mirror.counts(tx, WORKSPACE)
        origins = {each.origin for each in await activities.recent(tx, WORKSPACE)}
    assert [each for each in told if not each.whole or each.error] == []
    assert held[SubjectKind.DEAL] == count
    assert origins == {Origin.IMPORT}
    deal = await bare.deal("5002")
    assert deal is not None
    assert (deal.status, deal.person_id is not None) == (DealStatus.WON, True)


async def test_taking_over_goes_on_where_it_was(bare: Office) -> None:
    for number in range(bare.case.pages):
        bare.put(str(5001 + number), f"Deal {number}")
    await bare.link()
    bare.vendor.asked.clear()
    async with Caller(bare.crm) as first:
        # Owners, stages, and the first page of deals; then the process ends.
        while not bare.crm.shared.clock.now() > BEGINNING + timedelta(minutes=5):
            bare.later(SECOND)
            await fetching.fetch_due(bare.crm, first)
            async with bare.crm.shared.database.read() as tx:
                held = (await mirror.counts(tx, WORKSPACE))[SubjectKind.DEAL]
            if held:
                break
    assert 0 < held < bare.case.pages
    await bare.settle(60)
    asked = [(str(each), str(each.query), str(each.body)) for each in bare.vendor.asked]
    assert len(set(asked)) == len(asked)
    async with bare.crm.shared.database.read() as tx:
        assert (await mirror.counts(tx, WORKSPACE))[SubjectKind.DEAL] == bare.case.pages


async def test_what_no_webhook_told_of_is_found_in_the_night_and_is_no_news(
    office: Office,
) -> None:
    provider = office.crm.providers[office.case.provider]
    if not any(each.since for each in provider.histories):
        pytest.skip("it cannot be asked for what has changed")
    office.later(timedelta(hours=1))
    office.put(title="Never told of")
    office.later(timedelta(days=1))
    await office.settle()
    deal = await office.deal()
    assert deal is not None
    assert deal.title == "Never told of"
    async with office.crm.shared.database.read() as tx:
        assert {each.origin for each in await activities.recent(tx, WORKSPACE)} == {Origin.IMPORT}
        found = await connections.one(tx, office.crm.shared.seal, WORKSPACE, office.connection.id)
    assert found is not None
    assert found.missed_at is not None


def test_a_stand_in_is_of_a_vendor_that_is_linked_with_credentials() -> None:
    providers = load_providers()
    for name, case in cases().items():
        setup = providers[case.provider].setup
        assert setup is not None, name
        assert {each.name for each in setup.credentials if each.needed} <= set(case.credentials)
