"""How time passes in the playground: the coach lives through whatever it would do on the way."""

import asyncio
from datetime import timedelta

from bot.coaching import attending, team_channel, ticking
from bot.runtime.clock import MovableClock
from bot.runtime.parts import Parts
from coach import engine
from storage import journal, sending, team_wins

#: The clock stops on its way at least so far apart.
LEAST = timedelta(minutes=1)

#: Longer than what is under way is claimed for: who claimed it has it ready again by then.
CLAIMED = timedelta(minutes=2)

#: So long, in seconds, what is due at a stop is waited for: Slack may have been made to refuse it.
PATIENCE = 3.0


async def pass_by(parts: Parts, clock: MovableClock, by: timedelta) -> None:
    """Let so much time pass, and stop wherever the coach has something to do meanwhile."""
    rules = [*engine.time_rules(parts.rules), *engine.person_rules(parts.rules)]
    left = by
    while True:
        now = clock.now()
        async with parts.database.read() as tx:
            ahead = (await journal.upcoming(tx, rules)).at, await team_wins.upcoming(tx)
        at = min((each for each in ahead if each is not None), default=None)
        step = left if at is None else min(max(at - now, LEAST), left)
        clock.advance(step)
        left -= step
        if not left:
            break
        await _settled(parts)
    await ticking.tick(parts)
    parts.wake.ring_all()


async def _settled(parts: Parts) -> None:
    """Do all that is due now, and wait until it was said."""
    now = parts.clock.now()
    await ticking.tick(parts)
    while await attending.turn(parts):
        pass
    await team_channel.turn(parts)
    parts.wake.ring_all()
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE
    while loop.time() < end:
        async with parts.database.read() as tx:
            if not await sending.any_waiting(tx, now + CLAIMED):
                return
        await asyncio.sleep(0.01)
