"""Who may link a CRM in Slack: the administrator, and nobody else."""

from bot.coaching.actor import Actor
from bot.coaching.permission import Refusal
from bot.runtime.parts import Parts
from bot.slack import members
from bot.slack.installed import Slack
from coach.phrases import say
from storage import people


async def only_administrator(parts: Parts, slack: Slack, actor: Actor) -> None:
    """Raises `Refusal` for everybody else, naming who can, and `MembersError` when nobody can."""
    allowed, *others = await members.administrators(parts, slack, actor.workspace_id)
    if actor.slack_user_id in {allowed, *others}:
        return
    async with parts.database.read() as tx:
        known = await people.by_slack_user(tx, actor.workspace_id, allowed)
    if known is None or known.name == allowed:
        raise Refusal(
            say("CRMs are linked by the administrator of this workspace; please ask them.")
        )
    raise Refusal(
        say(
            "CRMs are linked by {name}, who administers the coach; please ask them.",
            name=known.name,
        )
    )
