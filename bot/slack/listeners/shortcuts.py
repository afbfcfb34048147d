"""Shortcuts where people are: a message becomes a task, and a call is logged from anywhere."""

from dataclasses import dataclass
from functools import partial

from slack_sdk.web.async_client import AsyncWebClient

from bot.coaching import choosing, enrolling
from bot.coaching.actor import Actor
from bot.coaching.permission import Refusal
from bot.slack import switches
from bot.slack.blocks.act_forms import About, call_form, task_form
from bot.slack.blocks.asides import sentence_modal
from bot.slack.blocks.pieces import Json
from bot.slack.blocks.text import one_line, shortened
from bot.slack.listeners.command import typed
from bot.slack.listeners.desk import Desk
from bot.slack.listeners.pressing import show, team_of
from bot.slack.switches import Switch
from coach.actions.create_task import NOTE, TITLE
from coach.phrases import Phrase, say


@dataclass(frozen=True, slots=True)
class Shortcut:
    """One use of a shortcut, by one person."""

    desk: Desk
    client: AsyncWebClient
    body: Json

    async def tell(self, said: Phrase) -> None:
        """Say a sentence to them in a window."""
        voice = await self.desk.voice(team_of(self.body), self.body["user"], said)
        view = sentence_modal(said, voice)
        await self.client.views_open(trigger_id=str(self.body["trigger_id"]), view=view)


_OTHER = say("This shortcut is from another version of the coach.")


async def answer(shortcut: Shortcut) -> None:
    """Open the window it is for
    (https://docs.slack.dev/interactivity/implementing-shortcuts).
    """
    desk, body = shortcut.desk, shortcut.body
    making = {Switch.MAKE_TASK: _task, Switch.LOG_CALL: _call}
    try:
        which = Switch(str(body.get("callback_id") or ""))
    except ValueError as error:
        raise Refusal(_OTHER) from error
    actor = await desk.actor(team_of(body), body["user"])
    await switches.need(desk.parts, actor.workspace_id, which)
    if (opened := making.get(which)) is None:
        raise Refusal(_OTHER)
    view = partial(opened, desk, actor, body)
    await show(desk, shortcut.client, str(body["trigger_id"]), view)


async def _task(desk: Desk, actor: Actor, body: Json) -> Json:
    """The message's first words are the title, and all of it is the note."""
    person = await enrolling.person_of(desk.parts, actor)
    text = typed(str((body.get("message") or {}).get("text") or ""))
    title = shortened(one_line(text).strip(), TITLE)
    note = text[:NOTE] if text != title else ""
    choice = await choosing.deals_and_contacts(desk.parts, person)
    voice = desk.parts.voices.to(person)
    return task_form(About("task"), voice, title=title, note=note, choice=choice)


async def _call(desk: Desk, actor: Actor, body: Json) -> Json:
    """Whom the call was with, of the person's own contacts."""
    person = await enrolling.person_of(desk.parts, actor)
    whom = await choosing.contacts(desk.parts, person)
    if not whom.things:
        raise Refusal(
            say("You have no contacts in the CRM, so there is nobody to log a call with.")
        )
    return call_form(About("call"), whom, desk.parts.voices.to(person))
