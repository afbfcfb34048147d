"""What the team's own deals show of those that get a follow-up task within a day, if anything.

Only what has passed every gate and holds still, and only where such deals did better: a tip is not
given with figures that speak against it.
"""

from sqlalchemy import bindparam, or_, select

from coach.phrases import Phrase
from storage.among import among, texts
from storage.database import Tx
from storage.loader import Asked, Loader
from storage.prepared import Prepared
from storage.tables import patterns

_FOUND = Prepared(
    select(patterns.c.person_id, patterns.c.message, patterns.c.figures)
    .where(
        patterns.c.workspace_id == bindparam("workspace"),
        patterns.c.pattern == "follow_up_in_a_day",
        patterns.c.gone_at.is_(None),
        or_(patterns.c.person_id.is_(None), among(patterns.c.person_id, texts("people"))),
    )
    # The surest of several.
    .order_by(patterns.c.chance.desc(), patterns.c.key.desc())
)


async def find(tx: Tx, asked: Asked) -> dict[str, Phrase]:
    """The team's for everybody; where there is one of somebody's own, that."""
    given = {"workspace": asked.workspace_id, "people": sorted(asked.people)}
    of_team: dict[str, Phrase] = {}
    own: dict[str, Phrase] = {}
    for person_id, message, figures in await _FOUND.rows(tx, given):
        n, k, rest_n, rest_k = (int(figures[name]) for name in ("n", "k", "rest_n", "rest_k"))
        if k * rest_n <= rest_k * n:
            continue
        if person_id is None:
            of_team = dict.fromkeys(asked.people, message)
        else:
            own[person_id] = message
    return {**of_team, **own}


LOADER = Loader(find)
