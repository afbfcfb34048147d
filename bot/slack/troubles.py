"""Telling the administrator when the webhooks of a CRM are in trouble, and when that is mended."""

import logging

from bot.runtime.parts import Parts
from bot.slack import members
from bot.slack.installed import NotInstalledError, Slack
from storage import messages, troubles
from storage.database import Tx
from storage.messages import Message
from storage.troubles import Trouble

log = logging.getLogger(__name__)


async def tell_due(parts: Parts, slack: Slack) -> int:
    """Tell of what nobody was told of yet; returns how much that was.

    Where nobody can be found to tell it stays in the doctor, and is tried again.
    """
    async with parts.database.read() as tx:
        waiting = await troubles.untold(tx)
    done = 0
    for trouble in waiting:
        try:
            whom = await members.administrator(parts, slack, trouble.workspace_id)
        except (members.MembersError, NotInstalledError) as error:
            log.warning("nobody can be told of trouble with %s: %s", trouble.connection_id, error)
            continue
        async with parts.database.write() as tx:
            await _tell(tx, trouble, whom, parts)
        done += 1
    if done:
        parts.wake.sender.set()
    return done


async def _tell(tx: Tx, trouble: Trouble, whom: str, parts: Parts) -> None:
    id = f"trouble:{trouble.connection_id}:{trouble.since.isoformat(timespec='seconds')}"
    params = {
        "connection": trouble.connection_id,
        "why": trouble.why,
        "state": "mended" if trouble.mended else "found",
    }
    await messages.make(
        tx, [(Message(trouble.workspace_id, id, "trouble", whom, params), [])], parts.clock.now()
    )
    # It may stand there already, with what was wrong before.
    await messages.redraw(tx, trouble.workspace_id, id, params)
    await troubles.told(tx, trouble)
