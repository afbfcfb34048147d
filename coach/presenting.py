"""Things of the CRM as items on a screen, in the words every screen shares."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from coach.action import ActionView
from coach.calendar import local_date, working_days_between
from coach.models import Contact, Deal, DealStatus, Message, Ref, Span, Task, TaskStatus, say
from coach.screens import Control, Item

#: How many things one screen shows: each takes up to three blocks of the 100 a modal may have.
SHOWN = 20


def money(value: Decimal | None, currency: str | None) -> str:
    """An amount as people write it, without needless cents."""
    if value is None:
        return "no value"
    digits = f"{value:,.0f}" if value == value.to_integral_value() else f"{value:,.2f}"
    return f"{digits} {currency}" if currency else digits


def task_item(task: Task, view: ActionView) -> Item:
    """A task with its date, priority and note, to complete or move."""
    due = f"Due {task.due_date:%a %-d %b %Y}" if task.due_date else "No due date"
    if task.due_date and task.due_date < view.today and task.status is TaskStatus.PENDING:
        late = (view.today - task.due_date).days
        due += f" ({late} day{'s' if late != 1 else ''} late)"
    facts = [due, f"{task.priority.capitalize()} priority"]
    if task.note:
        facts.append(task.note)
    done = (view.done or {}).get(task.id)
    if task.status is TaskStatus.COMPLETED and done is None:
        done = "Completed"
    controls = () if done else (Control.COMPLETE_TASK, Control.RESCHEDULE_TASK)
    return Item(
        Ref(task.connection_id, task.id),
        say(Span(task.name, task.url)),
        facts,
        controls,
        due_date=task.due_date,
        done=done,
    )


def deal_item(deal: Deal, view: ActionView) -> Item:
    """A deal with its value and stage, to move to another stage."""
    facts = [money(deal.value, deal.currency)]
    if deal.stage:
        stage = f"Stage: {deal.stage}"
        if deal.stage_entered_at and deal.status is DealStatus.OPEN:
            days = working_days_between(deal.stage_entered_at, view.now, view.person)
            stage += f", for {days} working day{'s' if days != 1 else ''}"
        facts.append(stage)
    if deal.status is not DealStatus.OPEN:
        facts.append(f"Closed {deal.status}")
    done = (view.done or {}).get(deal.id)
    stages = [deal.stage, *(each for each in view.stages if each != deal.stage)]
    return Item(
        Ref(deal.connection_id, deal.id),
        say(Span(deal.name, deal.url)),
        facts,
        () if done else (Control.MOVE_DEAL,),
        stages=[each for each in stages if each],
        stage=deal.stage,
        done=done,
    )


def contact_item(contact: Contact, view: ActionView) -> Item:
    """A contact with how long it has been quiet, to log a contact."""
    facts = []
    if contact.status:
        facts.append(contact.status.capitalize())
    if contact.last_contacted_at:
        days = max((view.today - local_date(contact.last_contacted_at, view.person)).days, 0)
        ago = "today" if days == 0 else f"{days} day{'s' if days != 1 else ''} ago"
        facts.append(f"Last contacted {ago}")
    else:
        facts.append("Never contacted")
    if contact.email:
        facts.append(contact.email)
    done = (view.done or {}).get(contact.id)
    controls = (Control.LOG_CALL, Control.LOG_EMAIL, Control.LOG_MEETING)
    return Item(
        Ref(contact.connection_id, contact.id),
        say(Span(contact.name, contact.url)),
        facts,
        () if done else controls,
        done=done,
    )


def longest_first(contacts: Iterable[Contact]) -> list[Contact]:
    """Contacts in the order in which they have been quiet."""
    return sorted(
        contacts, key=lambda each: (each.silent_since or datetime.max.replace(tzinfo=UTC), each.id)
    )


def done_outcome(view: ActionView, nothing: str) -> Message:
    """The card's words after a screen of controls: what was done, or `nothing`."""
    done = list((view.done or {}).values())
    if not done:
        return say(nothing)
    if len(done) == 1:
        return say(f"{done[0]}.")
    return say(
        f"{len(done)} things done: {'; '.join(done[:5])}" + ("; …" if len(done) > 5 else ".")
    )
