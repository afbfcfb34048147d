"""`/coach connect`: the CRMs that are linked, how each is, and linking one."""

from bot.slack.blocks.connecting import linked_list
from bot.slack.command import Answer, Call, Group, Subcommand
from bot.slack.connecting import only_administrator
from coach.phrases import say


async def run(call: Call) -> Answer:
    """What is linked and a menu of what can be, for the administrator."""
    await only_administrator(call.parts, call.slack, call.actor)
    linked = await call.connecting.linked(call.workspace_id)
    vendors = await call.connecting.vendors(call.workspace_id)
    return Answer(*linked_list(linked, vendors, call.voice))


SUBCOMMAND = Subcommand(
    "connect",
    say("link a CRM, and see how those are that are linked (administrator)"),
    run,
    group=Group.SETUP,
    also=("crm", "hubspot", "pipedrive", "salesforce", "integrate"),
)
