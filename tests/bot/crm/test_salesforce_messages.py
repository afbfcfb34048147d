"""An outbound message from the door to the mirror: acknowledged, without its session, read once."""

from bot.crm import worker
from bot.runtime.parts import Parts
from coach.models import Deal, DealStatus, SubjectKind, Verb
from storage import activities, mirror
from storage.connections import Connection
from tests.bot.crm.test_intake import Gate
from tests.bot.crm.vendors import payload
from tests.world import WORKSPACE, connect

TOKEN = "token-of-salesforce-0123456789"
PATH = f"/webhooks/salesforce/{TOKEN}"
WON = payload("salesforce", "outbound_message_opportunity_won.xml")


def linked(organization: str) -> Connection:
    return Connection(WORKSPACE, "sf", "salesforce", TOKEN, ("t0ken",), "", account_id=organization)


async def test_a_message_is_acknowledged_kept_without_its_session_and_read_once(
    parts: Parts,
) -> None:
    await connect(parts, linked("00D000000000001EAA"))
    gate = Gate(parts)
    body = WON.replace(b'<SessionId xsi:nil="true"/>', b"<SessionId>00D!opens it</SessionId>")
    for _ in range(2):
        reply = await gate.ask(body, path=PATH)
        assert reply.status == 200
        assert b"<Ack>true</Ack>" in reply.body
    ((_, _, stored),) = await gate.stored()
    assert b"opens it" not in stored
    await worker.work_off(gate.crm)
    async with parts.database.read() as tx:
        found = await mirror.load(tx, SubjectKind.DEAL, WORKSPACE, "sf", ["006000000000001AAA"])
        verbs = [each.verb for each in await activities.recent(tx, WORKSPACE)]
    deal = found["006000000000001AAA"]
    assert isinstance(deal, Deal)
    assert (deal.title, deal.status) == ("Acme & Sons - 400 Widgets", DealStatus.WON)
    assert verbs == [Verb.DEAL_CLOSED]


async def test_a_message_of_another_organization_is_not_taken(parts: Parts) -> None:
    await connect(parts, linked("00D000000000002EAA"))
    gate = Gate(parts)
    assert (await gate.ask(WON, path=PATH)).status == 401
    assert (await gate.ask(payload("salesforce", "hostile_xxe.xml"), path=PATH)).status == 401
    assert await gate.stored() == []
