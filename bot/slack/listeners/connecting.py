"""Linking a CRM: chosen in a menu, filled in, and tried by a button."""

from functools import partial

from bot.coaching.connecting import ConnectError, FieldError
from bot.coaching.permission import Refusal
from bot.slack.blocks.asides import sentence, sentence_modal
from bot.slack.blocks.connecting import (
    IN_BROWSER,
    begun_modal,
    connect_modal,
    given_in,
    named,
    outcome_modal,
)
from bot.slack.blocks.pieces import Json
from bot.slack.connecting import only_administrator
from bot.slack.listeners.pressing import Press
from bot.slack.listeners.submitting import Submission
from coach.errors import CoachError
from coach.phrases import Phrase, say
from coach.wording import plain


async def choose(press: Press) -> None:
    """Open the window for the vendor that was chosen."""
    await press.show(partial(_asking, press))


async def _asking(press: Press) -> Json:
    actor = await press.actor()
    await only_administrator(press.parts, press.desk.slack, actor)
    vendors = await press.desk.connecting.vendors(actor.workspace_id)
    chosen = next((each for each in vendors if named(each) == press.chosen), None)
    if chosen is None:
        raise Refusal(say("This version does not know such a CRM. `/coach connect` lists all."))
    return connect_modal(chosen, await press.desk.voice(press.team_id, press.user))


async def link(submission: Submission) -> Json:
    """Link what was filled in; what will not do is told at its field, where it can be corrected."""
    desk, actor = submission.desk, await submission.actor()
    await only_administrator(desk.parts, desk.slack, actor)
    name, given = given_in(submission.view)
    try:
        # One at a time: who presses twice finds it linked.
        async with desk.turn(f"connect:{actor.workspace_id}"):
            if name.endswith(IN_BROWSER):
                vendor = name.removesuffix(IN_BROWSER)
                begun = await desk.connecting.begin(actor.workspace_id, vendor, given)
                view = begun_modal(begun, await submission.voice())
                return {"response_action": "update", "view": view}
            outcome = await desk.connecting.link(actor.workspace_id, name, given)
    except ConnectError as error:
        fields = [str(e["block_id"]) for e in submission.view["blocks"] if e["type"] == "input"]
        if not fields:
            raise
        at = error.name if isinstance(error, FieldError) and error.name in fields else fields[0]
        told = plain(error.said, await submission.voice())
        return {"response_action": "errors", "errors": {at: told}}
    view = outcome_modal(outcome, await submission.voice())
    return {"response_action": "update", "view": view}


async def opened(press: Press) -> None:
    """A button that opens a browser was pressed: all that follows is told there."""


async def test(press: Press) -> None:
    """Have a test event come in, and say what came of it; above the window with the secrets."""
    if press.modal_id is None:
        voice = await press.desk.voice(press.team_id, press.user)
        await press.respond(*sentence(await _tried(press), voice))
        return
    await press.show(partial(_told, press))


async def _told(press: Press) -> Json:
    try:
        said = await _tried(press)
    except CoachError as error:
        # Told in the window itself it would take the place of what is shown once.
        said = error.said
    return sentence_modal(said, await press.desk.voice(press.team_id, press.user))


async def _tried(press: Press) -> Phrase:
    actor = await press.actor()
    await only_administrator(press.parts, press.desk.slack, actor)
    return await press.desk.connecting.test(actor.workspace_id, press.value)
