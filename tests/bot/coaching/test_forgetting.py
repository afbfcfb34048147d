"""Forgetting a CRM ends what was said of its things, and leaves others' alone."""

from dataclasses import replace

from bot.coaching import forgetting
from coach.models import InsightState, SubjectKind
from storage import connections, mirror
from tests.together import World
from tests.world import ANA, WORKSPACE, connect, enrol, insights_of, native

WON = {
    "type": "deal_closed",
    "data": {
        "deal": {
            "id": "D-1", "title": "Acme", "status": "won", "contact_id": "C-1",
            "owner_email": "ana@northwind.example",
        },
        "contact": {"id": "C-1", "name": "Ann Lee"},
    },
}  # fmt: skip


async def test_what_was_said_of_its_things_ends_and_nothing_of_it_is_left(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    ana = await enrol(world.parts, ANA)
    other = replace(native(), id="other", token="token-of-another-0123456789")
    await connect(world.parts, other)
    await world.post(WON)
    await world.settle()
    (said,) = await insights_of(world.parts, ana)
    assert said.state is InsightState.OPEN
    assert await forgetting.forget(world.parts, WORKSPACE, "native") == 2
    (said,) = await insights_of(world.parts, ana)
    assert said.state is InsightState.RESOLVED
    async with world.parts.database.read() as tx:
        assert await mirror.some(tx, SubjectKind.DEAL, WORKSPACE, "native", 5) == []
        assert list(await connections.providers(tx, WORKSPACE)) == ["other"]
