"""`/coach insights`: what waits for an answer, each with its buttons."""

from functools import partial

from bot.coaching import following, muting
from bot.slack.blocks.card import promise_of
from bot.slack.blocks.lists import INSIGHTS, in_order, insight_list
from bot.slack.command import Answer, Call, Group, Subcommand
from coach.phrases import say
from coach.postponing import next_day
from storage import insights


async def run(call: Call) -> Answer:
    """Pending insights by priority, then newest; those listed count as seen."""
    now = call.parts.clock.now()
    pending = await following.pending(call.parts, call.workspace_id, call.person.id)
    shown = in_order(pending, now)[:INSIGHTS]
    unseen = [each.fingerprint for each in shown if not each.seen]
    if unseen:
        async with call.parts.database.write() as tx:
            await insights.see(tx, call.workspace_id, unseen, now)
    promise = partial(promise_of, call.parts.actions)
    muted = await muting.of(call.parts, call.workspace_id, call.person.id)
    morning = next_day(call.person, now)
    listed = insight_list(pending, call.voice, promise, now=now, morning=morning, muted=len(muted))
    return Answer(*listed)


SUBCOMMAND = Subcommand(
    "insights",
    say("show what waits for you, with its buttons"),
    run,
    group=Group.ADVICE,
    also=("advice", "waiting", "next", "brief", "today", "important"),
)
