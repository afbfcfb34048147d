"""Finds the workspace that a command is about among those that have the coach."""

from collections.abc import Sequence

from bot.terminal.harmless import harmless
from coach.errors import CoachError
from storage import connections, workspaces
from storage.database import Tx
from storage.workspaces import DEFAULT, Workspace

#: How many of them are listed.
SHOWN = 20


class WorkspaceError(CoachError):
    """No workspace is meant, or more than one."""


async def chosen(tx: Tx, typed: str | None) -> str:
    """The id of the workspace that is meant. Raises `WorkspaceError` with those there are."""
    there = await _with_the_coach(tx)
    if typed is None:
        if len(there) > 1:
            raise WorkspaceError(
                "Several Slack workspaces have the coach: say by --workspace which one is meant."
                + _listed(there)
            )
        return there[0].id if there else DEFAULT
    wanted = _plain(typed)
    # An id is meant before a name: two teams may be called alike, and one as another's id.
    for names in (_ids, _name):
        found = [each for each in there if wanted in names(each)]
        if len(found) == 1:
            return found[0].id
        if found:
            raise WorkspaceError(
                f"{len(found)} Slack workspaces are called “{harmless(typed)}”: give the id of one."
                + _listed(found)
            )
    raise WorkspaceError(
        f"No Slack workspace that has the coach is “{harmless(typed)}”." + _listed(there)
    )


async def _with_the_coach(tx: Tx) -> list[Workspace]:
    """Those where the app is; the operator's own where it is used, or the only one."""
    every = [each for each in await workspaces.every(tx) if each.left_at is None]
    others = [each for each in every if each.id != DEFAULT]
    own = [each for each in every if each.id == DEFAULT]
    if others and own and own[0].team_id is None and not await connections.count(tx, DEFAULT):
        # It was made for a token of the environment that there is none of.
        own = []
    return [*own, *sorted(others, key=lambda each: (_plain(each.name), each.id))]


def _ids(of: Workspace) -> set[str]:
    return {_plain(of.id), _plain(of.team_id or of.id)}


def _name(of: Workspace) -> set[str]:
    return {_plain(of.name)} - {""}


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _listed(some: Sequence[Workspace]) -> str:
    named = [
        f"{harmless(each.name) or 'not named yet'} ({each.team_id or 'no team yet'}, {each.id})"
        for each in some[:SHOWN]
    ]
    more = f"; and {len(some) - SHOWN:,} more" if len(some) > SHOWN else ""
    return f" There are: {'; '.join(named)}{more}." if named else ""
