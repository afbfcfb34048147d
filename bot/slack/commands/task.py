"""`/coach task`: a new task, by one line."""

import asyncio

from bot.coaching import acts
from bot.coaching.acts import NewTask
from bot.slack.blocks.things import done_alone
from bot.slack.command import Answer, Call, Group, Subcommand, says
from coach.phrases import say
from coach.when import read_task


async def run(call: Call) -> Answer:
    """Make a task of what was typed; a day at its end is when it is due."""
    if not call.args.strip():
        return says(
            say(
                "Say what is to be done and by when, as in `/coach task Call Ana friday`, `… in 3 "
                "days`, `… next week`, `… end of month` or `… by 5 december`."
            ),
            call.voice,
        )
    now = call.parts.clock.now()
    # What reads dates is imported the first time, which takes a while.
    typed = await asyncio.to_thread(read_task, call.args, call.person, now)
    wanted = NewTask(typed.title, typed.due)
    done = await acts.create_task(call.parts, call.actor, call.key, wanted)
    return Answer(*done_alone(done, call.voice))


SUBCOMMAND = Subcommand(
    "task TITLE [WHEN]",
    say("make a task, due on the day at its end"),
    run,
    group=Group.WORK,
    example="task Call Ana friday",
    also=("remind", "reminder", "remember", "todo", "add"),
)
