"""Taking in what a vendor told, by a webhook or by an answer: events now, stubs once looked up."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from bot.coaching.recording import Applied, Source, apply
from bot.crm.parts import CrmParts
from bot.crm.provider import Stub, Want
from coach.events import Event
from coach.stages import named_in
from storage import fetches, stages
from storage.database import Tx
from storage.fetches import StoredFetch

#: How long a thing is left to settle: a vendor tells of one change in several requests.
SETTLING = timedelta(seconds=2)


async def take(
    crm: CrmParts,
    tx: Tx,
    workspace_id: str,
    connection_id: str,
    provider: str,
    events: Sequence[Event],
    stubs: Sequence[Stub],
    *,
    sources: Mapping[str, Source] | None = None,
) -> Applied:
    """Take in events, and have looked up what stubs name; the workspace's lock is held.

    A stage that is not in the CRM's own list has the list looked up anew.
    """
    wanted = [
        StoredFetch(workspace_id, connection_id, Want.THING, stub.kind, stub.id, hints=(stub.hint,))
        for stub in stubs
    ]
    known = crm.providers.get(provider)
    named = named_in(events) if known and Want.STAGES in known.fetching else set()
    if named and named - await stages.told(tx, workspace_id, connection_id):
        wanted.append(StoredFetch(workspace_id, connection_id, Want.STAGES))
    await fetches.add(tx, wanted, crm.shared.clock.now() + SETTLING)
    return await apply(crm.shared, tx, workspace_id, connection_id, events, sources=sources)
