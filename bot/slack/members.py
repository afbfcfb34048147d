"""The members of a workspace as Slack names them: whose an address is, and who administers."""

from bot.coaching.actor import Actor
from bot.coaching.permission import Refusal
from bot.runtime.parts import Parts
from bot.slack.faults import CALL_FAILED, Fault, fault
from bot.slack.installed import Slack
from coach.errors import CoachError
from coach.phrases import say
from storage import administrators as store
from storage import workspaces

#: How many members one call of users.list may bring, and how many calls are made at most
#: (https://docs.slack.dev/reference/methods/users.list).
PAGE, PAGES = 200, 50


class MembersError(CoachError):
    """Slack does not say who somebody is; the text says what to do."""


async def administrator(parts: Parts, slack: Slack, workspace_id: str) -> str:
    """The Slack user who decides: as the operator has set, else who installed it, else the owner.

    Raises `MembersError` when nobody can be found.
    """
    # The setting speaks of the operator's own workspace: elsewhere that would be somebody else.
    if parts.administrator and workspace_id == workspaces.DEFAULT:
        if "@" not in parts.administrator:
            return parts.administrator
        found = await by_address(parts, slack, workspace_id, parts.administrator.strip().lower())
        if found is None:
            raise MembersError(
                say(
                    "COACH_ADMINISTRATOR is an address that nobody in this Slack workspace has. "
                    "Whoever runs the coach can correct it."
                )
            )
        return found
    async with parts.database.read() as tx:
        workspace = await workspaces.get(tx, workspace_id)
    if workspace is not None and workspace.administrator:
        return workspace.administrator
    found = await _owner(parts, slack, workspace_id)
    if found is None:
        raise MembersError(
            say(
                "Nobody is known who could confirm this. Whoever runs the coach can name an "
                "administrator with COACH_ADMINISTRATOR."
            )
        )
    async with parts.database.write() as tx:
        await workspaces.change(tx, workspace_id, administrator=found)
    return found


async def administrators(parts: Parts, slack: Slack, workspace_id: str) -> list[str]:
    """Everybody who may decide: that one first, then those who were named since.

    Raises `MembersError` when nobody can be found.
    """
    first = await administrator(parts, slack, workspace_id)
    async with parts.database.read() as tx:
        named = await store.of(tx, workspace_id)
    return list(dict.fromkeys((first, *named)))


async def only_administrators(parts: Parts, slack: Slack, actor: Actor) -> list[str]:
    """All of them, if the actor is one. Raises `Refusal`, or `MembersError`."""
    who = await administrators(parts, slack, actor.workspace_id)
    if actor.slack_user_id not in who:
        raise Refusal(say("Only the coach's administrators can do this."))
    return who


async def by_address(parts: Parts, slack: Slack, workspace_id: str, address: str) -> str | None:
    """The Slack user with this address; `None` when there is none or Slack may not be asked.

    Raises `MembersError` when Slack cannot say.
    """
    client = (await slack.of(workspace_id)).client
    try:
        answer = await client.users_lookupByEmail(email=address)
    except CALL_FAILED as error:
        found = fault(error)
        # Without the scope to ask, the administrator decides alone.
        if found.code in {"users_not_found", "missing_scope"}:
            return None
        await rest(parts, workspace_id, found)
        raise MembersError(
            say("Slack could not say whose address that is. Try again soon.")
        ) from error
    user = answer.get("user") or {}
    return str(user["id"]) if user.get("id") else None


async def rest(parts: Parts, workspace_id: str, found: Fault) -> None:
    """Let a workspace be asked about nobody for as long as Slack wants, whichever process asks."""
    if found.retry_after is not None:
        async with parts.database.write() as tx:
            until = parts.clock.now() + found.retry_after
            await workspaces.change(tx, workspace_id, lookups_after=until)


async def _owner(parts: Parts, slack: Slack, workspace_id: str) -> str | None:
    """The primary owner; where Slack does not name one, the first owner."""
    client = (await slack.of(workspace_id)).client
    cursor, owner = "", None
    for _ in range(PAGES):
        try:
            answer = await client.users_list(limit=PAGE, cursor=cursor or None)
        except CALL_FAILED as error:
            await rest(parts, workspace_id, fault(error))
            raise MembersError(
                say("Slack could not say who administers it. Try again soon.")
            ) from error
        for user in answer.get("members") or ():
            if user.get("deleted") or user.get("is_bot"):
                continue
            if user.get("is_primary_owner"):
                return str(user["id"])
            if user.get("is_owner") and owner is None:
                owner = str(user["id"])
        cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            break
    return owner
