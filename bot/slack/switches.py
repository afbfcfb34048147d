"""What an administrator switches on for a whole workspace: it is off until somebody does."""

from enum import StrEnum

from bot.coaching.actor import Actor
from bot.coaching.permission import Refusal
from bot.runtime.parts import Parts
from bot.slack import members
from bot.slack.installed import Slack
from coach.phrases import say
from storage import workspaces


class Switch(StrEnum):
    """One of them; its value is kept, and is the `callback_id` of the shortcut it is about."""

    MAKE_TASK = "make_task"
    LOG_CALL = "log_call"
    #: No shortcut: links to deals that somebody posts get a button that shows the deal's state.
    LINKS = "links"


#: Those that are shortcuts.
SHORTCUTS = frozenset({Switch.MAKE_TASK, Switch.LOG_CALL})


async def are_on(parts: Parts, workspace_id: str) -> frozenset[Switch]:
    """Those that are on; what an older or newer version knows alone is left out."""
    async with parts.database.read() as tx:
        workspace = await workspaces.get(tx, workspace_id)
    named = workspace.switched_on.split() if workspace is not None else []
    return frozenset(each for each in Switch if each.value in named)


async def need(parts: Parts, workspace_id: str, switch: Switch) -> None:
    """Raises `Refusal` where it is off."""
    if switch not in await are_on(parts, workspace_id):
        raise Refusal(
            say(
                "This is switched off. Whoever administers the coach can switch it on in their "
                "Home tab."
            )
        )


async def flip(parts: Parts, slack: Slack, actor: Actor, switch: Switch) -> None:
    """Switch one on, or off again. Raises `Refusal` for who does not administer."""
    await members.only_administrators(parts, slack, actor)
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, actor.workspace_id)
        workspace = await workspaces.get(tx, actor.workspace_id)
        named = set(workspace.switched_on.split() if workspace is not None else ())
        named ^= {switch.value}
        await workspaces.change(tx, actor.workspace_id, switched_on=" ".join(sorted(named)))
