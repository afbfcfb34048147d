"""`/coach done`: a task is done."""

from bot.coaching import acts
from bot.coaching.listing import Kind, Place, listed
from bot.slack.blocks.things import done_alone, thing_list
from bot.slack.command import Answer, Call, Group, Subcommand
from coach.models import Ref
from coach.phrases import say
from coach.screens import Control


async def run(call: Call) -> Answer:
    """Complete the open task that is called so; where several may be meant, list those."""
    place = Place(Kind.TASKS, sought=call.args.strip())
    listing = await listed(call.parts, call.person, place)
    if not place.sought or listing.count != 1:
        return Answer(*thing_list(listing, call.voice, call.parts.clock.now()))
    (task,) = listing.things
    ref = Ref(task.connection_id, task.id)
    done = await acts.use(call.parts, call.actor, call.key, Control.COMPLETE_TASK, [ref])
    return Answer(*done_alone(done, call.voice))


SUBCOMMAND = Subcommand(
    "done TASK",
    say("mark one of your tasks as done"),
    run,
    group=Group.WORK,
    example="done Call Ana",
    also=("complete", "completed", "finish", "finished"),
)
