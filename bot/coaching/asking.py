"""The question whether to go on with a kind of advice that went unanswered, and its answer."""

from bot.coaching import silencing
from bot.coaching.actor import Actor
from bot.coaching.attending import attend
from bot.coaching.permission import Refusal
from bot.runtime.parts import Parts
from coach.muting import KIND
from coach.phrases import say
from storage import asking, deciding, messages, people, rounds, workspaces
from storage.messages import Message
from storage.mutes import Muted


async def answer(parts: Parts, actor: Actor, message_id: str, *, go_on: bool) -> None:
    """Keep what was answered and let the question say so. Raises `Refusal` for another's."""
    now = parts.clock.now()
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, actor.workspace_id)
        person = await people.by_slack_user(tx, actor.workspace_id, actor.slack_user_id)
        asked = await messages.get(tx, actor.workspace_id, message_id)
        if person is None or asked is None or not _is_theirs(asked, person.id):
            raise Refusal(say("This question is not yours to answer."))
        if asked.params.get("state") != "asked":
            raise Refusal(say("You have answered this already."))
        rule = str(asked.params["rule"])
        # Rounds come before people: whoever looks at them takes them in this order.
        await rounds.hold(tx, actor.workspace_id, [person.id])
        await deciding.reconsider(tx, actor.workspace_id, [person.id], now)
        if go_on:
            await silencing.speak_again(parts, tx, person, f"{KIND}{rule}")
            await asking.go_on(tx, actor.workspace_id, person.id, rule)
        else:
            # It was silent since it was asked; from now on what stands of it is so too.
            await silencing.silence(parts, tx, person, Muted(f"{KIND}{rule}", "", None, now))
        state = "on" if go_on else "stopped"
        await messages.redraw(tx, actor.workspace_id, message_id, {**asked.params, "state": state})
        await attend(parts, tx, actor.workspace_id, [person.id])
    parts.wake.tick.set()
    parts.wake.attention.set()
    parts.wake.sender.set()


def _is_theirs(asked: Message, person_id: str) -> bool:
    return asked.kind == "question" and asked.person_id == person_id
