"""The steps of the first message: who of the CRM is not found in Slack."""

from bot.slack import members
from bot.slack.listeners.home import refresh
from bot.slack.listeners.pressing import Press
from coach.phrases import names, say
from storage import people

#: How many are named.
NAMED = 5


async def missing(press: Press) -> None:
    """Say who is not found, and where that is mended; for administrators."""
    actor = await press.actor()
    await members.only_administrators(press.parts, press.desk.slack, actor)
    async with press.parts.database.read() as tx:
        found = [each.name for each, _ in await people.unmatched(tx, actor.workspace_id)]
        matched = await people.how_many_matched(tx, actor.workspace_id)
    refresh(press.desk, press.client, actor)
    if found:
        said = say(
            "Not found in Slack: {names}. In my Home tab you can say who each of them is.",
            names=names(found, NAMED),
        )
    elif matched:
        said = say("Everybody who owns something in the CRM is found in Slack.")
    else:
        said = say("Nobody owns anything yet. Connect a CRM first; I look for its people then.")
    await press.tell(said)
