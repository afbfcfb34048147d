"""The team's channel is chosen here, and administrators are told of that and of its trouble."""

import logging
import re
from collections.abc import Mapping
from dataclasses import replace

from bot.coaching import enrolling
from bot.coaching.actor import Actor
from bot.coaching.team_channel import HELLO
from bot.runtime.parts import Parts
from bot.slack import members
from bot.slack.blocks import team_channel as blocks
from bot.slack.blocks.team_channel import AMOUNTS, CHANNEL, FIGURES, WINS
from bot.slack.faults import CALL_FAILED, Means, fault
from bot.slack.installed import NotInstalledError, Slack
from bot.slack.posting import post
from coach import team_week
from coach.action import FieldErrors
from coach.models import MessageState, Person
from coach.phrases import Phrase, say, to_json
from storage import homes, messages, team_channels, team_wins, workspaces
from storage.database import Tx
from storage.messages import Message
from storage.team_channels import TeamChannel

log = logging.getLogger(__name__)

#: How often it is seen whether there is trouble to tell of, in seconds.
EVERY = 60.0

#: What Slack calls channels, public and private (https://docs.slack.dev/reference/objects).
_ID = re.compile(r"[CG][A-Z0-9]{2,30}")

#: Slack's words for a channel that takes nothing of ours
#: (https://docs.slack.dev/reference/methods/chat.postMessage).
_CLOSED = frozenset({"not_in_channel", "channel_not_found", "is_archived"})


def is_closed(code: str) -> bool:
    """Whether it is the channel that Slack refuses, and not this one message."""
    return code in _CLOSED or code.startswith("restricted_action")


async def choose(
    parts: Parts, slack: Slack, actor: Actor, channel: str, ticked: frozenset[str], key: str
) -> FieldErrors | Phrase:
    """Have these things told in this channel; with nothing ticked, nothing. Says what came of it.

    A channel that is new is told so by the coach: what Slack answers to that shows whether it can
    be. Administrators are told. `key` names the window. Raises `Refusal` for who does not
    administer.
    """
    others = await members.only_administrators(parts, slack, actor)
    async with parts.database.read() as tx:
        before = await team_channels.of(tx, actor.workspace_id)
    wins, figures = WINS in ticked, FIGURES in ticked
    if not (wins or figures):
        await _end(parts, actor, before, others)
        return say("Saved. Nothing is told in a channel.")
    if not _ID.fullmatch(channel):
        return FieldErrors({CHANNEL: say("Choose a channel.")})
    person = await enrolling.person_of(parts, actor)
    said = {"by": person.name, "wins": wins, "figures": figures}
    params = {**said, "voice": [person.time_zone, person.locale]}
    hello = Message(actor.workspace_id, f"{HELLO}:{key}", HELLO, channel, params)
    is_new = before is None or before.channel != channel or before.trouble is not None
    if is_new:
        posted = await _post(parts, slack, hello, person)
        if isinstance(posted, Phrase):
            return FieldErrors({CHANNEL: posted})
        hello = posted
    now = parts.clock.now()
    keeps_turn = before is not None and before.figures and not is_new
    figures_at = (
        (before.figures_at if keeps_turn and before else None) or team_week.told_at(now, person)
        if figures
        else None
    )
    chosen = TeamChannel(
        actor.workspace_id, channel, wins, figures, AMOUNTS in ticked, actor.slack_user_id, now,
        figures_at, before.too_few if keeps_turn and before else None,
    )  # fmt: skip
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, actor.workspace_id)
        await team_channels.save(tx, chosen)
        if is_new:
            await _leave(tx, before)
            await messages.keep_posted(tx, hello, now)
        else:
            await _say_there(tx, chosen, said)
        if not wins:
            await team_wins.drop_untold(tx, actor.workspace_id)
        # What deals are worth may be told of them now, or not any more.
        await team_wins.look_again(tx, actor.workspace_id, now)
        await homes.all_changed(tx, actor.workspace_id, now)
        told = say("{by} has chosen what the team's channel is told:", by=person.name)
        await _tell(parts, tx, actor, others, told, channel)
    parts.wake.ring({"sender", "team", "home"})
    return _saved(is_new=is_new, others=bool({*others} - {actor.slack_user_id}))


def _saved(*, is_new: bool, others: bool) -> Phrase:
    """What came of it: who is told."""
    if is_new and others:
        return say("Saved. The channel was told so, and so are the other administrators.")
    if is_new:
        return say("Saved. The channel was told so.")
    return say("Saved. The other administrators are told.") if others else say("Saved.")


async def _post(parts: Parts, slack: Slack, hello: Message, person: Person) -> Message | Phrase:
    """Say in the channel what it is for; where Slack does not take it, what to do about that."""
    try:
        client = (await slack.of(hello.workspace_id)).client
        text, said = blocks.hello(hello.params, parts.voices.to(person))
        answer = await post(client, hello, text, said)
    except NotInstalledError:
        return say("The coach is not installed here any more.")
    except CALL_FAILED as error:
        found = fault(error)
        if found.code in {"not_in_channel", "channel_not_found"}:
            return say(
                "The coach is not in this channel. Type /invite and the coach's name there, then "
                "save again."
            )
        if found.code == "is_archived":
            return say("This channel is archived. Choose another one.")
        if found.means is Means.AGAIN:
            return say("Slack did not answer. Save again in a moment.")
        return say(
            "Slack does not let the coach write there ({code}). Choose another one.",
            code=found.code,
        )
    sent = parts.clock.now()
    return replace(
        hello,
        state=MessageState.SENT,
        channel=str(answer["channel"]),
        ts=str(answer["ts"]),
        sent_at=sent,
    )


async def _end(parts: Parts, actor: Actor, before: TeamChannel | None, others: list[str]) -> None:
    """Nothing is told in any channel from now on."""
    if before is None:
        return
    person = await enrolling.person_of(parts, actor)
    now = parts.clock.now()
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, actor.workspace_id)
        await team_channels.end(tx, actor.workspace_id)
        await team_wins.drop_untold(tx, actor.workspace_id)
        await _leave(tx, before)
        await homes.all_changed(tx, actor.workspace_id, now)
        told = say("{by} has ended what the team's channel was told:", by=person.name)
        await _tell(parts, tx, actor, others, told, before.channel)
    parts.wake.ring({"sender", "home"})


async def _leave(tx: Tx, before: TeamChannel | None) -> None:
    """What is still on its way to the channel of before is not sent, and it is told so."""
    if before is not None:
        await messages.withdraw_to(tx, before.workspace_id, before.channel)
        await _say_there(tx, before, {"wins": False, "figures": False})


async def _say_there(tx: Tx, chosen: TeamChannel, said: Mapping[str, object]) -> None:
    """Have what the channel was told first say what it is told by now."""
    for each in await messages.standing(tx, chosen.workspace_id, HELLO, chosen.channel):
        params = {**each.params, **said}
        if params != each.params:
            await messages.redraw(tx, chosen.workspace_id, each.id, params)


async def tell_due(parts: Parts, slack: Slack) -> None:
    """Tell administrators of channels in which nothing can be told any more.

    Where nobody can be found to tell it stays in the Home tab, and is tried again.
    """
    async with parts.database.read() as tx:
        waiting = await team_channels.untold(tx)
    for known in waiting:
        try:
            whom = await members.administrators(parts, slack, known.workspace_id)
        except (members.MembersError, NotInstalledError) as error:
            log.warning("nobody can be told of the team's channel: %s", error)
            continue
        said = say(
            "Nothing is told in the team's channel any more: {why}. Choose it again in my Home "
            "tab, or another. It was:",
            why=blocks.trouble(known.trouble or ""),
        )
        async with parts.database.write() as tx:
            if await team_channels.told(tx, known):
                nobody = Actor(known.workspace_id, "")
                await _tell(parts, tx, nobody, whom, said, known.channel)
        parts.wake.ring({"sender"})


async def _tell(
    parts: Parts, tx: Tx, actor: Actor, whom: list[str], said: Phrase, channel: str
) -> None:
    params = {"said": to_json(said), "channel": channel}
    made = [
        Message(actor.workspace_id, f"team_news:{parts.new_id()}", "team_news", each, params)
        for each in whom
        if each != actor.slack_user_id
    ]
    await messages.make(tx, [(each, []) for each in made], parts.clock.now())


async def refused(tx: Tx, message: Message, code: str) -> None:
    """Slack has refused a message to the channel for good."""
    if is_closed(code):
        await team_channels.refused(tx, message.workspace_id, message.addressee, code)


async def known_to(parts: Parts, workspace_id: str) -> TeamChannel | None:
    """The channel of a workspace, where one was chosen."""
    async with parts.database.read() as tx:
        return await team_channels.of(tx, workspace_id)
