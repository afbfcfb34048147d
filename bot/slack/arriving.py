"""Greeting whoever has installed the app, once, in one message that follows what they do next."""

from datetime import datetime, timedelta
from typing import Any

from bot.runtime.parts import Parts
from bot.slack.blocks.arrival import STEPS
from coach.models import Enrolment
from storage import connections, installations, messages, people
from storage.database import Tx
from storage.installations import Arrival
from storage.messages import Message

#: How soon it is looked at again whether a step was done: on the first day, and later on.
AT_FIRST, LATER = timedelta(seconds=10), timedelta(minutes=5)
FIRST = timedelta(days=1)

#: How often it is seen whether anybody is to be looked at, in seconds.
EVERY = 5.0

#: Who has not gone on by then is not followed any more.
ENOUGH = timedelta(days=30)


async def greet_due(parts: Parts) -> int:
    """Greet who has arrived, and follow those who were greeted; returns how many these were."""
    now = parts.clock.now()
    async with parts.database.read() as tx:
        if not await installations.any_arrival(tx, now):
            return 0
    async with parts.database.write() as tx:
        due = await installations.claim_arrivals(tx, now, now + AT_FIRST)
        for each in due:
            again = await _follow(tx, each, now)
            await installations.change(tx, each.id, **again)
    if due:
        parts.wake.sender.set()
    return len(due)


async def _follow(tx: Tx, each: Arrival, now: datetime) -> dict[str, object]:
    """Have the message of one say how it is; returns what is to be kept of it."""
    if each.workspace_id is None:
        # Of an organisation no team has spoken so far.
        return {"steps_at": now + LATER}
    params = await _params(tx, each.workspace_id, each.installed_by)
    over = all(params[name] for name in STEPS)
    greeted = each.greeted_at
    if greeted is None and over:
        # It came back, with everything.
        return {"greeted_at": now, "steps_at": None}
    greeted = greeted or now
    id = f"arrival:{each.id}:{greeted.isoformat(timespec='seconds')}"
    standing = await messages.get(tx, each.workspace_id, id)
    if standing is None:
        made = Message(each.workspace_id, id, "arrival", each.installed_by, params)
        await messages.make(tx, [(made, [])], now)
    elif standing.params != params:
        await messages.redraw(tx, each.workspace_id, id, params)
    since = now - greeted
    at = None if over or since > ENOUGH else now + (AT_FIRST if since < FIRST else LATER)
    return {"greeted_at": greeted, "steps_at": at}


async def _params(tx: Tx, workspace_id: str, installed_by: str) -> dict[str, Any]:
    matched = await people.how_many_matched(tx, workspace_id)
    unmatched = len(await people.unmatched(tx, workspace_id))
    who = await people.by_slack_user(tx, workspace_id, installed_by)
    return {
        "crm": bool(await connections.count(tx, workspace_id)),
        "people": bool(matched) and not unmatched,
        "started": who is not None and who.enrolment is Enrolment.STARTED,
        "matched": matched,
        "unmatched": unmatched,
    }
