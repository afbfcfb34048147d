"""Taking over what an account holds when it is linked, kind after kind, and what changes later.

Each kind is one look-up that goes on from page to page; where it is at stands with it in the
database, so that whoever looks next goes on from there. Nothing of it is news: it builds the mirror
and the record, as an import does. Once a kind was read whole, what has changed of it since is asked
for every night, where the vendor can tell: what no webhook has told of is found then.
"""

import zlib
from collections.abc import Sequence
from datetime import datetime, time, timedelta

from bot.coaching.connecting import Progress as Progress
from bot.crm.provider import Provider, Want
from storage import fetches
from storage.database import Tx
from storage.fetches import StoredFetch

#: What changed so long before all was read is asked for once more: clocks differ.
OVERLAP = timedelta(minutes=10)

#: When nights begin, in UTC, and for how long connections take their turns.
NIGHT, TURNS = time(1), timedelta(hours=3)

#: What a night is the next one after at least.
GAP = timedelta(hours=12)


def order(provider: Provider) -> Sequence[tuple[Want, str, str]]:
    """What is taken over, in turn: what is wanted, of which kind, and what people call it.

    Whose things are and what stages mean comes first: what is told of deals hangs on it.
    """
    first = [(Want.OWNERS, "", "owners"), (Want.STAGES, "", "stages")]
    return [
        *(each for each in first if each[0] in provider.fetching),
        *((Want.HISTORY, each.kind, each.called) for each in provider.histories),
    ]


async def advance(
    tx: Tx, provider: Provider, workspace_id: str, connection_id: str, now: datetime
) -> None:
    """Begin with the first kind that has not begun, unless one before it is still under way."""
    known = await _known(tx, workspace_id, connection_id)
    for want, kind, _ in order(provider):
        stands = known.get((want, kind))
        if stands is None:
            wanted = StoredFetch(workspace_id, connection_id, want, kind)
            await fetches.ensure(tx, [wanted], now)
            return
        if stands.read_at is None and stands.state == "waiting":
            return


async def _known(
    tx: Tx, workspace_id: str, connection_id: str
) -> dict[tuple[str, str], StoredFetch]:
    found = await fetches.standing(tx, workspace_id, connection_id)
    return {(each.want, each.kind): each for each in found}


async def progress(
    tx: Tx, provider: Provider, workspace_id: str, connection_id: str
) -> list[Progress]:
    """How far each kind is, in turn."""
    known = await _known(tx, workspace_id, connection_id)
    told = []
    for want, kind, called in order(provider):
        stands = known.get((want, kind))
        if stands is None:
            told.append(Progress(called, 0, whole=False))
            continue
        failed = stands.state in {"failed", "aside"}
        error = (stands.error or "no reason kept") if failed else None
        held_up = None if failed else stands.error
        told.append(Progress(called, stands.brought, stands.read_at is not None, error, held_up))
    return told


def tonight(now: datetime, connection_id: str) -> datetime:
    """When a connection's turn is in the next night; each has another, so that they do not meet."""
    turn = timedelta(seconds=zlib.crc32(connection_id.encode()) % int(TURNS.total_seconds()))
    earliest = now + GAP
    at = datetime.combine(earliest.date(), NIGHT, now.tzinfo) + turn
    return at if at >= earliest else at + timedelta(days=1)
