"""The team's channel in the Home tab: chosen by administrators, and who wants to be named there."""

from bot.coaching import enrolling
from bot.slack import members, team_channel
from bot.slack.blocks import team_channel as blocks
from bot.slack.blocks.asides import sentence_modal
from bot.slack.blocks.pieces import Json
from bot.slack.listeners.home import draw, refresh
from bot.slack.listeners.pressing import Press
from bot.slack.listeners.submitting import Submission, shown
from coach.action import FieldErrors


async def open_form(press: Press) -> None:
    """The window in which the channel is chosen."""

    async def view() -> Json:
        actor = await press.actor()
        await members.only_administrators(press.parts, press.desk.slack, actor)
        person = await enrolling.person_of(press.parts, actor)
        known = await team_channel.known_to(press.parts, actor.workspace_id)
        return blocks.form(known, press.parts.voices.to(person))

    await press.show(view)


async def submit(submission: Submission) -> Json:
    """Keep what was chosen; what stands in the way is told at its field."""
    desk, actor = submission.desk, await submission.actor()
    channel, ticked = blocks.chosen_in(submission.view)
    came = await team_channel.choose(
        desk.parts, desk.slack, actor, channel, ticked, str(submission.view["id"])
    )
    voice = await submission.voice()
    if isinstance(came, FieldErrors):
        return {"response_action": "errors", "errors": shown(came, voice)}
    refresh(desk, submission.client, actor)
    return {"response_action": "update", "view": sentence_modal(came, voice)}


async def be_named(press: Press) -> None:
    """The channel may name who presses, from now on."""
    await _set(press, named=True)


async def be_unnamed(press: Press) -> None:
    """It may not."""
    await _set(press, named=False)


async def _set(press: Press, *, named: bool) -> None:
    actor = await press.actor()
    await enrolling.be_named(press.parts, actor, named=named)
    await draw(press.desk, press.client, actor)
