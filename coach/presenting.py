"""Things of the CRM as items on a screen, in the words every screen shares."""

from collections.abc import Sequence

from coach.action import ActionView
from coach.calendar import days_between
from coach.knowledge import UNKNOWN
from coach.models import Contact, Deal, DealStatus, Ref, Task, TaskStatus
from coach.phrases import (
    DateWithYear,
    Joint,
    Money,
    Phrase,
    Series,
    Value,
    counted,
    say,
    verbatim,
)
from coach.promising import days_silent
from coach.screens import Control, Item, Note
from coach.staying import limit_of
from coach.terms import CLOSED, PRIORITY_FACTS

#: How many things one screen shows: each takes up to three blocks of the 100 a modal may have.
SHOWN = 20


#: How many things that were done are named on a card.
NAMED = 5


def value_of(deal: Deal) -> Value:
    """What a deal is worth, or that nobody has said."""
    return say("no value") if deal.value is None else Money(deal.value, deal.currency)


def task_item(task: Task, view: ActionView) -> Item:
    """A task with its date, priority and note, to complete or move."""
    known = [_due(task, view), PRIORITY_FACTS[task.priority]]
    if task.note:
        known.append(verbatim(task.note))
    done = (view.done or {}).get(task.id)
    if task.status is TaskStatus.COMPLETED and done is None:
        done = say("Completed")
    controls = () if done else (Control.COMPLETE_TASK, Control.RESCHEDULE_TASK)
    return Item(
        Ref(task.connection_id, task.id),
        verbatim(task.thing),
        known,
        controls,
        due_date=task.due_date,
        done=done,
    )


def _due(task: Task, view: ActionView) -> Phrase:
    if task.due_date is None:
        return say("No due date")
    date = DateWithYear(task.due_date)
    if task.due_date >= view.today or task.status is not TaskStatus.PENDING:
        return say("Due {date}", date=date)
    return counted(
        "Due {date} ({days} day late)",
        "Due {date} ({days} days late)",
        "days",
        date=date,
        days=(view.today - task.due_date).days,
    )


def deal_item(deal: Deal, view: ActionView, way: Sequence[str] | None = None) -> Item:
    """A deal with its value and stage, to move to another stage: of its `way`, or the view's."""
    known = [verbatim(value_of(deal))]
    if deal.stage:
        known.append(_stage(deal, deal.stage, view))
    if deal.status is not DealStatus.OPEN:
        known.append(CLOSED[deal.status])
    done = (view.done or {}).get(deal.id)
    way = view.stages if way is None else way
    stages = [deal.stage, *(each for each in way if each != deal.stage)]
    return Item(
        Ref(deal.connection_id, deal.id),
        verbatim(deal.thing),
        known,
        () if done else (Control.MOVE_DEAL,),
        stages=[each for each in stages if each],
        stage=deal.stage,
        done=done,
    )


def _stage(deal: Deal, stage: str, view: ActionView) -> Phrase:
    """A deal's stage, and for how long it has been there as far as that is worth saying."""
    if deal.status is DealStatus.OPEN and deal.stage_entered_at:
        days = days_between(deal.stage_entered_at, view.now, view.person)
        if days <= 0:
            return say("Stage: {stage}, since today", stage=stage)
        return counted(
            "Stage: {stage}, for {days} day",
            "Stage: {stage}, for {days} days",
            "days",
            stage=stage,
            days=days,
        )
    seen_at, limit = deal.stage_seen_at, view.limit or limit_of(deal, view.person, UNKNOWN)
    # Where its age is not known, it is said only once it is long for certain, as on its card.
    if (
        deal.status is DealStatus.OPEN
        and seen_at
        and limit.over_at(seen_at, view.person) <= view.now
    ):
        return counted(
            "Stage: {stage}, for at least {days} day",
            "Stage: {stage}, for at least {days} days",
            "days",
            stage=stage,
            days=days_between(seen_at, view.now, view.person),
        )
    return say("Stage: {stage}", stage=stage)


def contact_item(contact: Contact, view: ActionView) -> Item:
    """A contact with how long it has been quiet, to log a contact."""
    known = [verbatim(contact.status.capitalize())] if contact.status else []
    known.append(_contacted(contact, view))
    if contact.email:
        known.append(verbatim(contact.email))
    done = (view.done or {}).get(contact.id)
    controls = (Control.LOG_CALL, Control.LOG_EMAIL, Control.LOG_MEETING)
    return Item(
        Ref(contact.connection_id, contact.id),
        verbatim(contact.thing),
        known,
        () if done else controls,
        done=done,
    )


def _contacted(contact: Contact, view: ActionView) -> Phrase:
    days = days_silent(contact, view.now, view.person)
    if contact.last_contacted_at is not None:
        if days == 0:
            return say("Last contacted today")
        return counted(
            "Last contacted {days} day ago", "Last contacted {days} days ago", "days", days=days
        )
    if contact.silent_since is None or days == 0:
        return say("Never contacted")
    return counted(
        "Never contacted in {days} day", "Never contacted in {days} days", "days", days=days
    )


def left_in_crm(count: int) -> Note:
    """How many things a screen has no room for."""
    return Note(
        counted(
            "… and {count} more in your CRM.",
            "… and {count} more in your CRM.",
            "count",
            count=count,
        )
    )


def done_outcome(view: ActionView, nothing: Phrase) -> Phrase:
    """The card's words after a screen of controls: what was done, or `nothing`."""
    done = list((view.done or {}).values())
    return all_done(done) if done else nothing


def done_so_far(done: Sequence[Phrase]) -> Phrase:
    """What was done of a list that is not done yet; counts how many things that were."""
    named = Series(tuple(done[:NAMED]), Joint.SEMICOLON)
    if len(done) > NAMED:
        return counted("{done}; …", "{done}; …", "count", count=len(done), done=named)
    return counted("{done}", "{done}", "count", count=len(done), done=named)


def all_done(done: Sequence[Phrase]) -> Phrase:
    """What was done, each by a phrase, once there is nothing left to do."""
    if len(done) == 1:
        return say("{done}.", done=done[0])
    if len(done) > NAMED:
        return counted(
            "{count} thing done: {done}; …",
            "{count} things done: {done}; …",
            "count",
            count=len(done),
            done=Series(tuple(done[:NAMED]), Joint.SEMICOLON),
        )
    return counted(
        "{count} thing done: {done}.",
        "{count} things done: {done}.",
        "count",
        count=len(done),
        done=Series(tuple(done), Joint.SEMICOLON),
    )
