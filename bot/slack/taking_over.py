"""Telling the administrator how far an account is taken over, in one message that follows it."""

import logging
from datetime import datetime, timedelta
from typing import Any

from bot.coaching.connecting import Connecting, Linked
from bot.runtime.parts import Parts
from bot.slack import members
from bot.slack.installed import NotInstalledError, Slack
from coach.owners import shown
from storage import messages, takeovers
from storage.database import Tx
from storage.messages import Message
from storage.takeovers import EVERY, Owners, Takeover

log = logging.getLogger(__name__)

#: When to look again while nothing comes, and while nobody is found to tell.
AT_REST = timedelta(seconds=30)

#: What was over so long ago before anybody could be told is no news.
STALE = timedelta(days=1)

#: How many of the owners whom Slack does not know are named.
NAMED = 5


async def tell_due(parts: Parts, slack: Slack, connecting: Connecting) -> int:
    """Tell of every account whose turn it is; returns how many these were."""
    now = parts.clock.now()
    async with parts.database.read() as tx:
        if not await takeovers.any_due(tx, now):
            return 0
    until = now + AT_REST
    async with parts.database.write() as tx:
        due = await takeovers.claim(tx, now, until)
    for each in due:
        at = await _tell(parts, slack, connecting, each, now)
        async with parts.database.write() as tx:
            await takeovers.again(tx, each, until, at)
    if due:
        parts.wake.sender.set()
    return len(due)


async def _tell(
    parts: Parts, slack: Slack, connecting: Connecting, takeover: Takeover, now: datetime
) -> datetime | None:
    """Have the message of one say how it is by now; when to look again, `None` for no more."""
    linked = await connecting.linked(takeover.workspace_id)
    account = next((each for each in linked if each.id == takeover.connection_id), None)
    if account is None or not account.taken:
        return None
    async with parts.database.read() as tx:
        place = takeover.workspace_id, takeover.connection_id
        owners = await takeovers.owners_of(tx, *place, now)
        standing = await messages.get(tx, takeover.workspace_id, takeover.message_id)
    under_way = any(not each.whole and each.error is None for each in account.taken)
    goes_on = under_way or owners.asking
    if standing is not None:
        whom = standing.addressee
    elif not goes_on and now - takeover.since > STALE:
        return None
    else:
        try:
            whom = await members.administrator(parts, slack, takeover.workspace_id)
        except (members.MembersError, NotInstalledError) as error:
            log.warning("nobody can be told how far %s is: %s", takeover.connection_id, error)
            return now + AT_REST
    params = _params(account, owners, under_way=under_way)
    if standing is None or standing.params != params:
        async with parts.database.write() as tx:
            await _say(tx, takeover, whom, params, now)
    if not goes_on:
        return None
    at_rest = account.paused_until or any(each.held_up for each in account.taken)
    return now + (AT_REST if at_rest or not under_way else EVERY)


def _params(account: Linked, owners: Owners, *, under_way: bool) -> dict[str, Any]:
    paused = account.paused_until if under_way else None
    return {
        "connection": account.id,
        "provider": account.provider,
        "account": account.name or account.account or account.id,
        "state": "under_way" if under_way else "over",
        "kinds": [
            {
                "called": each.called,
                "count": each.brought,
                "whole": each.whole,
                "error": each.error,
                "held_up": each.held_up,
            }
            for each in account.taken
        ],
        "paused_until": paused.isoformat() if paused else None,
        "owners": owners.count,
        "unknown": len(owners.unknown),
        "names": [name for _, name in owners.unknown[:NAMED]],
        "key": shown(owners.unknown[0][0]) if owners.unknown else "",
        "asking": owners.asking,
    }


async def _say(
    tx: Tx, takeover: Takeover, whom: str, params: dict[str, Any], now: datetime
) -> None:
    if not await takeovers.hold(tx, takeover):
        return
    made = Message(takeover.workspace_id, takeover.message_id, "taking_over", whom, params)
    await messages.make(tx, [(made, [])], now)
    # It may stand there already, with how far it was before.
    await messages.redraw(tx, takeover.workspace_id, takeover.message_id, params)
