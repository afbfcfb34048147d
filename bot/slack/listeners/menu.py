"""The menu of an insight: put it off, or hear nothing of its kind; and taking that back."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from bot.coaching import decisions, enrolling, muting, silencing, snoozing
from bot.coaching.permission import Refusal
from bot.coaching.snoozing import Until
from bot.slack.blocks import menu
from bot.slack.blocks.mutes import chosen_in, mute_list, mute_modal, without
from bot.slack.blocks.pieces import Json
from bot.slack.blocks.snooze import day_in, snooze_modal, whose
from bot.slack.listeners import why
from bot.slack.listeners.home import refresh
from bot.slack.listeners.insight import show_again
from bot.slack.listeners.pressing import Press
from bot.slack.listeners.submitting import Submission, shown
from coach import postponing
from coach.action import FieldErrors
from coach.errors import SettingError
from coach.phrases import say


async def choose(press: Press) -> None:
    """Do what was chosen in the menu of an insight."""
    chosen, day = menu.chosen(press.chosen)
    if day is not None and chosen == "tomorrow":
        await _snooze(partial(postponing.on_morning, day), press, press.insight)
        return
    entry = CHOICES.get(chosen)
    if entry is None:
        raise Refusal(
            say("This entry is from an older version. `/coach insights` shows what is open.")
        )
    await entry(press, press.insight)


async def _snooze(until: Until, press: Press, fingerprint: str) -> None:
    actor = await press.actor()
    await snoozing.snooze(press.parts, actor, fingerprint, until)
    await show_again(press, actor)


async def _ask_day(press: Press, fingerprint: str) -> None:
    await press.show(partial(_day_modal, press, fingerprint))


async def _day_modal(press: Press, fingerprint: str) -> Json:
    person = await snoozing.may(press.parts, await press.actor(), fingerprint)
    first = postponing.next_week(person, press.parts.clock.now())
    return snooze_modal(fingerprint, first, person, press.parts.voices.to(person))


async def _dismiss(press: Press, fingerprint: str) -> None:
    actor = await press.actor()
    await decisions.dismiss(press.parts, actor, fingerprint)
    await show_again(press, actor)


async def _ask_mute(press: Press, fingerprint: str) -> None:
    await press.show(partial(_mute_modal, press, fingerprint))


async def _mute_modal(press: Press, fingerprint: str) -> Json:
    person, found = await muting.choices(press.parts, await press.actor(), fingerprint)
    rules = press.parts.rules
    offered = [(each.what, silencing.called(rules, each.what, each.name)) for each in found]
    return mute_modal(fingerprint, offered, press.parts.voices.to(person))


#: What each entry of the menu does, by its value.
CHOICES: Mapping[str, Callable[[Press, str], Awaitable[None]]] = {
    "dismiss": _dismiss,
    "hour": partial(_snooze, postponing.in_an_hour),
    "tomorrow": partial(_snooze, postponing.tomorrow),
    "day": _ask_day,
    "mute": _ask_mute,
    "why": why.explain,
}


async def unsnooze(press: Press) -> None:
    """Take a snooze back."""
    actor = await press.actor()
    await snoozing.undo(press.parts, actor, press.insight)
    await show_again(press, actor)


async def snooze_until(submission: Submission) -> Json:
    """Put an insight off until the day that was chosen."""
    view, parts = submission.view, submission.desk.parts
    actor = await submission.actor()
    try:
        await snoozing.snooze(parts, actor, whose(view), partial(postponing.on_day, day_in(view)))
    except SettingError as error:
        errors = FieldErrors({error.setting: error.said})
        return {"response_action": "errors", "errors": shown(errors, await submission.voice())}
    refresh(submission.desk, submission.client, actor)
    return {}


async def mute(submission: Submission) -> Json:
    """Mute what was chosen."""
    view, parts = submission.view, submission.desk.parts
    actor = await submission.actor()
    person, found = await muting.choices(parts, actor, whose(view))
    what, day = chosen_in(view)
    choice = next((each for each in found if each.what == what), None)
    if choice is None:
        raise Refusal(
            say("This is no longer to be muted here. Close the window and open it again.")
        )
    try:
        now = parts.clock.now()
        until = postponing.on_day(day, person, now) if day else None
    except SettingError as error:
        errors = FieldErrors({error.setting: error.said})
        return {"response_action": "errors", "errors": shown(errors, await submission.voice())}
    await muting.mute(parts, actor, choice, until)
    refresh(submission.desk, submission.client, actor)
    return {}


async def undo_mute(press: Press) -> None:
    """Take back what silenced an insight."""
    actor = await press.actor()
    await muting.undo(press.parts, actor, press.insight)
    refresh(press.desk, press.client, actor)


async def unmute(press: Press) -> None:
    """Take a mute off the list, wherever that is shown."""
    actor = await press.actor()
    await muting.unmute(press.parts, actor, press.value)
    refresh(press.desk, press.client, actor)
    if press.modal_id and press.view:
        view = without(press.view, press.value)
        await press.client.views_update(view_id=press.modal_id, view=view)
    elif press.in_answer:
        person = await enrolling.person_of(press.parts, actor)
        muted = await muting.of(press.parts, actor.workspace_id, person.id)
        rules = press.parts.rules
        answer = mute_list(
            muted,
            press.parts.voices.to(person),
            lambda each: silencing.called(rules, each.what, each.name),
        )
        await press.respond(*answer, replace=True)
