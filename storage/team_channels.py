"""The channel in which a team is told of what concerns all of it, as administrators have chosen."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, delete, select, update

from storage.columns import UtcDateTime
from storage.database import Tx, put
from storage.prepared import Prepared
from storage.tables import team_channels


class TeamChannel(NamedTuple):
    """The channel of a workspace, and what is told there."""

    workspace_id: str
    channel: str
    wins: bool
    figures: bool
    amounts: bool
    #: The Slack user whose hours and time zone are the team's here.
    chosen_by: str
    chosen_at: datetime
    #: When the figures of the week before are to be told.
    figures_at: datetime | None = None
    #: How many were active in the last week whose figures were not told, being too few.
    too_few: int | None = None
    #: Why nothing can be told there any more, in Slack's word.
    trouble: str | None = None
    trouble_told: bool = False

    @property
    def tells_wins(self) -> bool:
        """Whether won deals are told there."""
        return self.wins and self.trouble is None


_COLUMNS = [team_channels.c[name] for name in TeamChannel._fields]
_OF = Prepared(select(*_COLUMNS).where(team_channels.c.workspace_id == bindparam("workspace")))


async def of(tx: Tx, workspace_id: str) -> TeamChannel | None:
    """The channel of a workspace, where one was chosen."""
    row = await _OF.first(tx, {"workspace": workspace_id})
    return TeamChannel(*row) if row else None


async def save(tx: Tx, chosen: TeamChannel) -> None:
    """Keep what was chosen, in the place of what was before."""
    await put(tx, team_channels, [chosen._asdict()])


async def end(tx: Tx, workspace_id: str) -> None:
    """Have no channel any more."""
    await tx.execute(delete(team_channels).where(team_channels.c.workspace_id == workspace_id))


async def refused(tx: Tx, workspace_id: str, channel: str, code: str) -> None:
    """Slack takes nothing there any more; what was chosen since is another channel."""
    c = team_channels.c
    await tx.execute(
        update(team_channels)
        .where(c.workspace_id == workspace_id, c.channel == channel, c.trouble.is_(None))
        .values(trouble=code, trouble_told=False, figures_at=None)
    )


async def untold(tx: Tx) -> list[TeamChannel]:
    """Those of whose trouble administrators have not been told."""
    c = team_channels.c
    query = select(*_COLUMNS).where(c.trouble.is_not(None), ~c.trouble_told)
    return [TeamChannel(*row) for row in await tx.execute(query)]


async def told(tx: Tx, known: TeamChannel) -> bool:
    """Administrators are told of this trouble; says whether that is news."""
    c = team_channels.c
    done = await tx.execute(
        update(team_channels)
        .where(
            c.workspace_id == known.workspace_id,
            c.channel == known.channel,
            c.trouble == known.trouble,
            ~c.trouble_told,
        )
        .values(trouble_told=True)
        .returning(c.workspace_id)
    )
    return done.first() is not None


_DUE = Prepared(
    select(*_COLUMNS).where(
        team_channels.c.figures_at <= bindparam("now", type_=UtcDateTime),
    )
)


async def due(tx: Tx, now: datetime) -> list[TeamChannel]:
    """Those in which the figures of a week are to be told by now."""
    return [TeamChannel(*row) for row in await _DUE.rows(tx, {"now": now})]


async def claim_figures(tx: Tx, known: TeamChannel, again_at: datetime) -> bool:
    """Be the one who tells of this week; the next one is told of then."""
    c = team_channels.c
    claimed = await tx.execute(
        update(team_channels)
        .where(
            c.workspace_id == known.workspace_id,
            c.channel == known.channel,
            c.figures_at == known.figures_at,
            c.figures,
        )
        .values(figures_at=again_at)
        .returning(c.workspace_id)
    )
    return claimed.first() is not None


async def note_too_few(tx: Tx, workspace_id: str, people: int | None) -> None:
    """Keep of how few people the week was that was not told; `None`: it was told."""
    await tx.execute(
        update(team_channels)
        .where(team_channels.c.workspace_id == workspace_id)
        .values(too_few=people)
    )
