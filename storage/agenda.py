"""What the sender has to do now, in one question: it is asked at every turn."""

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, select

from storage import cards, notices
from storage.database import Tx


class Agenda(NamedTuple):
    """For each kind of work whether there is any."""

    stale_cards: bool
    stale_notices: bool
    #: Cards that are due, and cards whose sender died.
    cards: bool
    lost_cards: bool
    #: Notices that are due or whose sender died.
    notices: bool

    @property
    def to_send(self) -> bool:
        """Whether anything is to be claimed, for which the turn to write must be waited for."""
        return self.cards or self.lost_cards or self.notices


@cache
def _question(paused: bool) -> Select[*tuple[Any, ...]]:
    return select(
        cards.stale(paused, 1).exists(),
        notices.stale(paused, 1).exists(),
        cards.waiting(paused).exists(),
        cards.LOST.exists(),
        notices.sendable(paused, 1).exists(),
    )


async def look(tx: Tx, now: datetime, paused: Collection[str] = ()) -> Agenda:
    """What there is to do at `now`; `paused` are the workspaces that must be left alone."""
    filled = {"now": now, "paused": sorted(paused)} if paused else {"now": now}
    row = (await tx.execute(_question(bool(paused)), filled)).one()
    return Agenda(*map(bool, row))
