"""Take Action and Dismiss, the controls on the screens behind them, and their submission."""

from functools import partial

from bot.coaching import decisions, enrolling, following, muting, tuning, undoing
from bot.coaching.actor import Actor
from bot.slack.blocks.asides import sentence_modal
from bot.slack.blocks.card import promise_of
from bot.slack.blocks.lists import insight_list
from bot.slack.blocks.pieces import Blocks, Json
from bot.slack.blocks.screen import (
    control_of,
    fingerprint_of,
    ref_of,
    screen_modal,
    standing_of,
    values_of,
)
from bot.slack.blocks.undoing import reason_chosen
from bot.slack.listeners.home import refresh
from bot.slack.listeners.pressing import Press
from bot.slack.listeners.submitting import Submission, shown
from coach.action import FieldErrors
from coach.models import Person
from coach.phrases import say
from coach.postponing import next_day


async def take(press: Press) -> None:
    """Open the screen behind Take Action."""
    await press.show(partial(_screen, press))


async def _screen(press: Press) -> Json:
    actor = await press.actor()
    opened = await decisions.open_screen(press.parts, actor, press.insight)
    voice = press.parts.voices.to(opened.person)
    return screen_modal(opened.screen, voice, opened.insight.fingerprint)


async def dismiss(press: Press) -> None:
    """Send the insight away; its card is changed by the sender, a list is changed here."""
    actor = await press.actor()
    await decisions.dismiss(press.parts, actor, press.insight)
    await show_again(press, actor)


async def show_again(press: Press, actor: Actor) -> None:
    """Have what was pressed shown as it is now where no sender does: in Home, in an answer."""
    refresh(press.desk, press.client, actor)
    if press.in_answer:
        person = await enrolling.person_of(press.parts, actor)
        await press.respond(*await _waiting(press, actor, person), replace=True)


async def explain(press: Press) -> None:
    """Note why the insight was sent away; its message says what that changes."""
    chosen = reason_chosen(press.action)
    if chosen is None:
        await press.tell(say("This can no longer be chosen here."))
        return
    why, fingerprint = chosen
    actor = await press.actor()
    await tuning.explain(press.parts, actor, fingerprint, why)
    refresh(press.desk, press.client, actor)


async def undo(press: Press) -> None:
    """Take back what was decided; what its message does not say is said beside it."""
    actor = await press.actor()
    undone = await undoing.undo(press.parts, actor, press.value)
    refresh(press.desk, press.client, actor)
    if undone.said is not None and not undone.is_shown:
        await press.tell(undone.said)


async def show_all(press: Press) -> None:
    """Show everything that waits, the rest of a brief or digest with it."""
    actor = await press.actor()
    person = await enrolling.person_of(press.parts, actor)
    await press.respond(*await _waiting(press, actor, person))


async def _waiting(press: Press, actor: Actor, person: Person) -> tuple[str, Blocks]:
    left = await following.pending(press.parts, actor.workspace_id, person.id)
    promise = partial(promise_of, press.parts.actions)
    now = press.parts.clock.now()
    muted = await muting.of(press.parts, actor.workspace_id, person.id)
    voice = press.parts.voices.to(person)
    morning = next_day(person, now)
    return insight_list(left, voice, promise, now=now, morning=morning, muted=len(muted))


async def use_control(press: Press) -> None:
    """Do at once what a control on the screen says, and show the screen as it is then."""
    view, modal_id = press.view, press.modal_id
    used = control_of(press.action)
    ref = ref_of(view or {}, str(press.action.get("block_id") or ""))
    if view is None or modal_id is None or used is None or ref is None:
        await press.tell(
            say("This can no longer be changed here. Close the window and open it again.")
        )
        return
    control, value = used
    fingerprint = fingerprint_of(view)
    async with press.desk.turn(modal_id):
        actor = await press.actor()
        opened = await decisions.use_control(
            press.parts, actor, fingerprint, control, ref, value, standing_of(view)
        )
        voice = press.parts.voices.to(opened.person)
        screen = screen_modal(opened.screen, voice, fingerprint)
        await press.client.views_update(view_id=modal_id, view=screen)


async def closed(submission: Submission) -> None:
    """The modal was closed without its button: what was done on it is done all the same."""
    fingerprint = fingerprint_of(submission.view)
    actor = await submission.actor()
    if await decisions.leave(submission.desk.parts, actor, fingerprint):
        refresh(submission.desk, submission.client, actor)


async def submit(submission: Submission) -> Json:
    """Take the insight with what was filled in; field errors go to their fields."""
    view = submission.view
    fingerprint = fingerprint_of(view)
    if not fingerprint:
        return {
            "response_action": "update",
            "view": sentence_modal(say("Please open this anew."), await submission.voice()),
        }
    actor = await submission.actor()
    result = await decisions.submit(submission.desk.parts, actor, fingerprint, values_of(view))
    if isinstance(result, FieldErrors):
        return {"response_action": "errors", "errors": shown(result, await submission.voice())}
    refresh(submission.desk, submission.client, actor)
    return {}
