"""`/coach tasks`: the person's open tasks."""

from bot.slack.blocks.lists import ROWS, task_list
from bot.slack.command import Answer, Call, Subcommand
from coach.calendar import local_date
from coach.phrases import say
from storage import lists


async def run(call: Call) -> Answer:
    """Open tasks, earliest due first."""
    async with call.parts.database.read() as tx:
        found = await lists.tasks_of(tx, call.workspace_id, call.person.id, most=ROWS)
        count = await lists.how_many_tasks(tx, call.workspace_id, call.person.id)
    today = local_date(call.parts.clock.now(), call.person)
    return Answer(*task_list(found, call.voice, today, count))


SUBCOMMAND = Subcommand("tasks", say("show your open tasks, the earliest due first"), run)
