"""Create a task in the CRM, prefilled and to be checked by the person, with a mail to copy."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from coach.action import Action, ActionView, FieldErrors, Shows, Submission
from coach.mails import drafted
from coach.models import TaskPriority
from coach.phrases import Phrase, from_json, say
from coach.screens import ChoiceField, DateField, Element, Screen, TextField
from coach.terms import PRIORITY_CHOICES
from coach.writes import CreateTask

#: Longest title and note, in characters.
TITLE, NOTE = 255, 2000


def promise(params: Mapping[str, Any]) -> Phrase:
    """What pressing the button will do."""
    return say(
        "Take Action opens a task to check and create: “{title}”.",
        title=from_json(params["title"]),
    )


def next_working_day(today: date, working_days: tuple[int, ...]) -> date:
    """The first working day after today."""
    day = today + timedelta(days=1)
    while working_days and day.isoweekday() not in working_days:
        day += timedelta(days=1)
    return day


def screen(view: ActionView) -> Screen:
    """Title, due date, priority and a note that names deal and contact; and a mail, if any."""
    elements: list[Element] = [
        TextField("title", say("Title"), from_json(view.params["title"]), max_length=TITLE),
        DateField(
            "due_date",
            say("Due date"),
            next_working_day(view.today, view.person.settings.working_days),
        ),
        ChoiceField(
            "priority",
            say("Priority"),
            [(each.value, PRIORITY_CHOICES[each]) for each in reversed(TaskPriority)],
            str(view.params.get("priority") or TaskPriority.MEDIUM),
        ),
        TextField("note", say("Note"), _named(view), long=True, optional=True, max_length=NOTE),
    ]
    contact = view.contact if view.contact and not view.contact.deleted else None
    if mail := drafted(view.params, contact, view.person.name):
        elements.append(mail)
    return Screen(say("Create a task"), say("Create task"), elements)


def _named(view: ActionView) -> tuple[Phrase, ...]:
    """What the task is about, a line each: whoever reads it in the CRM knows what is meant."""
    deal, contact = view.deal, view.contact
    lines: list[Phrase] = []
    if deal is not None and not deal.deleted and deal.title:
        lines.append(say("Deal: {deal}", deal=deal.thing))
    if contact is not None and not contact.deleted and contact.name_given and contact.email:
        lines.append(say("Contact: {contact}, {email}", contact=contact.thing, email=contact.email))
    elif contact is not None and not contact.deleted and (contact.name_given or contact.email):
        lines.append(say("Contact: {contact}", contact=contact.thing))
    elif deal is not None and not deal.deleted and deal.account:
        lines.append(say("Company: {account}", account=deal.account))
    return tuple(lines)


def submit(view: ActionView, values: Mapping[str, str | None]) -> Submission | FieldErrors:
    """The task to create, or what to correct."""
    errors: dict[str, Phrase] = {}
    title = " ".join((values.get("title") or "").split())
    if not title:
        errors["title"] = say("Give the task a title.")
    due: date | None = None
    try:
        due = date.fromisoformat(text) if (text := values.get("due_date")) else None
    except ValueError:
        errors["due_date"] = say("Pick a date.")
    if due and due < view.today:
        errors["due_date"] = say("Pick today or a later day.")
    priority = values.get("priority") or TaskPriority.MEDIUM
    if priority not in set(TaskPriority):
        errors["priority"] = say("Choose one of these.")
    if errors:
        return FieldErrors(errors)
    write = CreateTask(
        connection_id=str(view.params["connection_id"]),
        task_id=view.new_id,
        title=title[:TITLE],
        due_date=due,
        priority=TaskPriority(priority),
        note=(values.get("note") or "").strip()[:NOTE] or None,
        contact_id=view.params.get("contact_id"),
        deal_id=view.params.get("deal_id"),
    )
    if due is None:
        return Submission([write], say("Created the task “{task}” without a due date.", task=title))
    return Submission([write], say("Created the task “{task}” for {date}.", task=title, date=due))


ACTION = Action(promise, Shows.ABOUT, screen, submit)
