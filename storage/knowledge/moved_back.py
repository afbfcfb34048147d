"""Which of the deals that are asked about went back with their last move.

By the places that the CRM's own list gives to the stages of one pipeline. Where it lists none, or
both stages are not in one pipeline, nobody knows what is back and what is forth.
"""

from collections.abc import Sequence

from coach.keys import subject_key
from coach.knowledge import MovedBack
from coach.mirror import Visit, stays
from coach.models import Deal, DealStatus
from coach.stages import KnownStage
from storage import stages, visits
from storage.database import Tx
from storage.loader import Asked, Loader


async def find(tx: Tx, asked: Asked) -> dict[str, dict[str, MovedBack]]:
    """By deal, the same for everybody; one that went forth is left out."""
    wanted: dict[str, dict[str, Deal]] = {}
    for each in asked.subjects:
        if isinstance(each, Deal) and each.status is DealStatus.OPEN:
            wanted.setdefault(each.connection_id, {})[each.id] = each
    found: dict[str, MovedBack] = {}
    for connection_id, deals in wanted.items():
        ways = await visits.load(tx, asked.workspace_id, connection_id, deals)
        last = {id: _last_move(deals[id], way) for id, way in ways.items()}
        named = {stage for move in last.values() if move for stage in move}
        known = await stages.called(tx, asked.workspace_id, connection_id, named)
        for id, move in last.items():
            if move is not None and _is_back(move, deals[id].pipeline, known):
                found[subject_key(deals[id])] = move
    return dict.fromkeys(asked.people, found) if found else {}


def _last_move(deal: Deal, way: Sequence[Visit]) -> MovedBack | None:
    """From where it came to the stage in which it is, if that is known."""
    last = stays(way)[-2:]
    if len(last) < 2 or not last[1].came or last[1].stage != deal.stage:
        return None
    return MovedBack(last[0].stage, last[1].stage)


def _is_back(move: MovedBack, pipeline: str | None, known: Sequence[KnownStage]) -> bool:
    places: dict[tuple[str, str], int] = {
        (each.stage.pipeline, each.stage.name): each.stage.place
        for each in known
        if each.told and each.stage.place is not None
    }
    of_both = {
        one
        for one, name in places
        if name == move.before and (one, move.stage) in places and pipeline in {None, "", one}
    }
    if len(of_both) != 1:
        return False
    (one,) = of_both
    return places[one, move.stage] < places[one, move.before]


LOADER = Loader(find)
