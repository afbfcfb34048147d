"""What people do of themselves: the menus of their lists, the windows behind them, and Undo."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from functools import partial

from slack_sdk.web.async_client import AsyncWebClient

from bot.coaching import acts, enrolling
from bot.coaching.actor import Actor
from bot.coaching.acts import Act, NewTask
from bot.coaching.listing import Kind, Place, listed
from bot.coaching.permission import FieldRefusal, Refusal
from bot.slack.blocks.act_forms import (
    About,
    chosen_in,
    chosen_one,
    chosen_thing,
    date_form,
    log_form,
    several_form,
    stage_form,
    task_form,
    value_in,
)
from bot.slack.blocks.asides import sentence
from bot.slack.blocks.pieces import Blocks, Json, modal
from bot.slack.blocks.things import done_alone, done_row, ref_in, thing_list
from bot.slack.listeners.desk import Desk
from bot.slack.listeners.home import refresh
from bot.slack.listeners.links import window
from bot.slack.listeners.pressing import Press
from bot.slack.listeners.response_url import respond
from bot.slack.listeners.submitting import Submission, shown
from coach.action import FieldErrors
from coach.calendar import local_date
from coach.models import Deal, Ref, SubjectKind, Task, TaskPriority
from coach.phrases import Phrase, say
from coach.postponing import next_week
from coach.screens import Control
from coach.wording import plain

_OLD = say("This entry is from an older version. Ask for the list again.")

#: What an entry that logs something logs.
_LOGS = {
    "call": Control.LOG_CALL,
    "email": Control.LOG_EMAIL,
    "meeting": Control.LOG_MEETING,
}


async def choose(press: Press) -> None:
    """Do what was pressed in a list: an entry of a menu, a page, several at once, or Undo."""
    _, name, place = (*str(press.action.get("action_id") or "").split(":", 2), "", "")[:3]
    if name == "undo":
        await _undo(press)
        return
    try:
        where = Place.read(place)
    except ValueError as error:
        raise Refusal(_OLD) from error
    match name:
        case "page":
            await _show(press, where)
        case "several":
            await press.show(partial(_several, press, where))
        case "menu":
            await _entry(press, where)
        case _:
            raise Refusal(_OLD)


async def _entry(press: Press, where: Place) -> None:
    found = ref_in(str(press.action.get("block_id") or ""))
    if found is None:
        raise Refusal(_OLD)
    kind, ref = found
    match press.chosen:
        case "open":
            # Slack has opened the link itself.
            return
        case "done":
            done = await _use(press, Control.COMPLETE_TASK, ref)
        case "tomorrow":
            person = await enrolling.person_of(press.parts, await press.actor())
            day = local_date(press.parts.clock.now(), person) + timedelta(days=1)
            done = await _use(press, Control.RESCHEDULE_TASK, ref, day.isoformat())
        case "date" | "stage" | "task" | "call" | "email" | "meeting" as entry:
            await press.show(partial(_window, press, entry, kind, ref, where))
            return
        case _:
            raise Refusal(_OLD)
    await _show(press, where, done)


async def _use(press: Press, control: Control, ref: Ref, value: str | None = None) -> Act:
    actor = await press.actor()
    return await acts.use(press.parts, actor, press.trigger_id, control, [ref], value)


async def _show(press: Press, where: Place, done: Act | None = None) -> None:
    """The list as it is now, in its own place."""
    actor = await press.actor()
    if press.is_in_home:
        # What was done is done, whether or not the tab can be drawn at this moment.
        refresh(press.desk, press.client, actor)
        return
    text, blocks = await _drawn(press.desk, actor, where, done)
    await press.respond(text, blocks, replace=True)
    if done is not None:
        refresh(press.desk, press.client, actor)


async def _drawn(desk: Desk, actor: Actor, where: Place, done: Act | None) -> tuple[str, Blocks]:
    person = await enrolling.person_of(desk.parts, actor)
    listing = await listed(desk.parts, person, where)
    voice = desk.parts.voices.to(person)
    return thing_list(listing, voice, desk.parts.clock.now(), done)


async def _undo(press: Press) -> None:
    actor = await press.actor()
    said = await acts.undo(press.parts, actor, press.value)
    refresh(press.desk, press.client, actor)
    if press.view is not None:
        _behind(press.desk, press.client, press.team_id, actor, press.view)
    if press.response_url is None:
        await press.tell(said)
        return
    voice = await press.desk.voice(press.team_id, press.user)
    await press.respond(*sentence(said, voice), replace=True)


async def _window(press: Press, entry: str, kind: SubjectKind, ref: Ref, where: Place) -> Json:
    actor = await press.actor()
    thing = await acts.own(press.parts, actor, kind, ref)
    person = await enrolling.person_of(press.parts, actor)
    voice, now = press.parts.voices.to(person), press.parts.clock.now()
    does = "log" if entry in _LOGS else entry
    about = About(does, kind, ref, where, press.response_url or "")
    match entry, thing:
        case "date", Task():
            return date_form(about, thing, next_week(person, now), voice)
        case "stage", Deal():
            stages = await acts.stages_of(press.parts, actor, thing)
            if not stages:
                raise Refusal(say("No other stage of this deal's pipeline is known yet."))
            return stage_form(about, thing, stages, voice)
        case "task", _:
            return task_form(about, voice, thing=thing)
        case _ if entry in _LOGS:
            return log_form(about, thing, _LOGS[entry], voice)
        case _:
            raise Refusal(_OLD)


async def _several(press: Press, where: Place) -> Json:
    person = await enrolling.person_of(press.parts, await press.actor())
    listing = await listed(press.parts, person, where)
    kind = SubjectKind.CONTACT if where.kind is Kind.CONTACTS else SubjectKind.TASK
    if not listing.things:
        raise Refusal(say("Nothing is left on this list."))
    about = About("several", kind, None, where, press.response_url or "")
    monday = next_week(person, press.parts.clock.now())
    return several_form(about, listing.things, monday, press.parts.voices.to(person))


async def submit(submission: Submission) -> Json:
    """Do what a window says; what is wrong is told at its field."""
    try:
        about = About.of(submission.view)
        doing = _FORMS[about.does]
    except (KeyError, TypeError, ValueError) as error:
        raise Refusal(_OLD) from error
    actor = await submission.actor()
    result = await doing(submission, actor, about)
    if isinstance(result, FieldErrors):
        return {"response_action": "errors", "errors": shown(result, await submission.voice())}
    refresh(submission.desk, submission.client, actor)
    if about.place is not None and about.place.kind is Kind.HOME:
        return {}
    if not about.url:
        _behind(submission.desk, submission.client, submission.team_id, actor, submission.view)
        return {"response_action": "update", "view": await _done(submission, result)}
    _answer(submission, actor, about, result)
    return {}


def _answer(submission: Submission, actor: Actor, about: About, done: Act) -> None:
    """Have the list replaced that the window was opened on; the window need not wait for it."""
    desk = submission.desk

    async def work() -> None:
        voice = await submission.voice()
        said = (
            await _drawn(desk, actor, about.place, done)
            if about.place is not None
            else done_alone(done, voice)
        )
        await respond(submission.client, desk.parts.slack_api_url, about.url, *said, replace=True)

    async def tell(_: Phrase) -> None:
        """It is done all the same, and the next look at the list shows it."""

    desk.begin(submission.team_id, "showing a list again", work, tell)


async def _done(submission: Submission, done: Act) -> Json:
    voice = await submission.voice()
    return modal(
        plain(say("Coach"), voice),
        done_row(done, voice),
        callback_id="aside",
        close=plain(say("Close"), voice),
        # What it was about, for Undo.
        private_metadata=str(submission.view.get("private_metadata") or ""),
    )


def _behind(desk: Desk, client: AsyncWebClient, team_id: str, actor: Actor, view: Json) -> None:
    """Have the window below show a deal as it is now, if it is one that shows a deal."""
    below = view.get("previous_view_id")
    try:
        about = About.of(view)
    except (KeyError, TypeError, ValueError):
        return
    ref = about.ref
    if not below or ref is None or about.kind is not SubjectKind.DEAL or about.url:
        return

    async def work() -> None:
        await client.views_update(view_id=str(below), view=await window(desk, actor, ref))

    async def tell(_: Phrase) -> None:
        """It is done all the same, and the window can be opened anew."""

    desk.begin(team_id, "showing a deal again", work, tell)


def _key(submission: Submission) -> str:
    """One window does its work once, however often it is submitted."""
    return str(submission.view["id"])


async def _move(submission: Submission, actor: Actor, about: About) -> Act | FieldErrors:
    control = {"date": Control.RESCHEDULE_TASK, "stage": Control.MOVE_DEAL}[about.does]
    value = value_in(submission.view, about.does)
    parts, refs = submission.desk.parts, [about.ref] if about.ref else []
    try:
        return await acts.use(parts, actor, _key(submission), control, refs, value)
    except FieldRefusal as error:
        return FieldErrors({error.field: error.said})


async def _log(submission: Submission, actor: Actor, about: About) -> Act | FieldErrors:
    control = _control(value_in(submission.view, "what"))
    if control is None:
        return FieldErrors({"what": say("Choose one of these.")})
    refs = chosen_in(submission.view) if about.does == "several" else [about.ref]
    whom = [each for each in refs if each is not None]
    if not whom:
        return FieldErrors({"things": say("Tick at least one.")})
    kind = about.kind or SubjectKind.CONTACT
    return await _logged(submission, actor, control, [(kind, each) for each in whom])


async def _call(submission: Submission, actor: Actor, about: About) -> Act | FieldErrors:
    control = _control(value_in(submission.view, "what"))
    try:
        whom = chosen_one(submission.view, "whom")
    except ValueError:
        whom = None
    if control is None or whom is None:
        return FieldErrors({"whom": say("Choose one of these.")})
    return await _logged(submission, actor, control, [(SubjectKind.CONTACT, whom)])


async def _logged(
    submission: Submission,
    actor: Actor,
    control: Control,
    about: Sequence[tuple[SubjectKind, Ref]],
) -> Act:
    note = value_in(submission.view, "note")
    parts = submission.desk.parts
    return await acts.log(parts, actor, _key(submission), control, about, note)


def _control(text: str | None) -> Control | None:
    return next((each for each in _LOGS.values() if each.value == text), None)


async def _task(submission: Submission, actor: Actor, about: About) -> Act | FieldErrors:
    view, day = submission.view, value_in(submission.view, "date")
    priority = value_in(view, "priority") or TaskPriority.MEDIUM.value
    if priority not in {each.value for each in TaskPriority}:
        return FieldErrors({"priority": say("Choose one of these.")})
    try:
        chosen = chosen_thing(view, "about")
    except ValueError:
        return FieldErrors({"about": say("Choose one of these.")})
    kind, ref = chosen or (about.kind or SubjectKind.DEAL, about.ref)
    try:
        wanted = NewTask(
            title=value_in(view, "title") or "",
            due=date.fromisoformat(day) if day else None,
            priority=TaskPriority(priority),
            note=value_in(view, "note"),
            about=ref,
            kind=kind,
        )
    except ValueError:
        return FieldErrors({"date": say("Pick a date.")})
    try:
        return await acts.create_task(submission.desk.parts, actor, _key(submission), wanted)
    except FieldRefusal as error:
        return FieldErrors({error.field: error.said})
    except Refusal as error:
        if chosen is None:
            raise
        return FieldErrors({"about": error.said})


async def _see_to(submission: Submission, actor: Actor, about: About) -> Act | FieldErrors:
    if about.kind is SubjectKind.CONTACT:
        return await _log(submission, actor, about)
    chosen = chosen_in(submission.view)
    if not chosen:
        return FieldErrors({"things": say("Tick at least one.")})
    what, day = value_in(submission.view, "what"), value_in(submission.view, "date")
    control = Control.COMPLETE_TASK if what == "done" else Control.RESCHEDULE_TASK
    parts = submission.desk.parts
    try:
        return await acts.use(parts, actor, _key(submission), control, chosen, day)
    except FieldRefusal as error:
        return FieldErrors({error.field: error.said})


#: What each window does, by its name.
_FORMS: dict[str, Callable[[Submission, Actor, About], Awaitable[Act | FieldErrors]]] = {
    "date": _move,
    "stage": _move,
    "log": _log,
    "call": _call,
    "task": _task,
    "several": _see_to,
}
