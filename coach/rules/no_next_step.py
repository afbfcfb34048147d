"""Open deals for which no task is pending.

When: two working days after the deal came to its stage, or its last task was done. Why it helps: a
deal moves by what is done next, and what is not written down is forgotten. Off until somebody wants
it: where next steps are kept in heads or calendars, it would speak of every deal. What it must not
say: that nothing is planned; it knows of tasks in the CRM alone.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from coach import settling
from coach.calendar import after_working_days
from coach.circumstances import of_deal
from coach.concern import is_open_deal
from coach.keys import about, subject_key
from coach.knowledge import CONTACTS_OF_DEALS, TASKS_OF_DEALS, Known
from coach.models import (
    Deal,
    DealStatus,
    Draft,
    Level,
    Person,
    Priority,
    Subject,
    SubjectKind,
    Suggestion,
    Task,
    TaskStatus,
)
from coach.one_by_one import drafted, one_by_one
from coach.phrases import counted, say, together
from coach.promising import largest_first
from coach.rule import TimeLook, TimeRule, Verdict
from coach.truth import Changed, Over, Standing, TruthLook

#: A deal may be without a task for so many working days.
PATIENCE = 2

GAP = timedelta(days=7)

#: How many of one person's deals are spoken of in a day.
A_DAY = 2


def due(subject: Subject, person: Person, known: Known) -> datetime | None:
    """When a deal has been without a task for too long; never with one, or where it is not open."""
    if not is_open_deal(subject):
        return None
    tasks = known[TASKS_OF_DEALS].get(subject_key(subject), ())
    since = _without_since(subject, tasks)
    return None if since is None else after_working_days(since, PATIENCE, person)


def _without_since(deal: Deal, tasks: Sequence[Task]) -> datetime | None:
    """Since when there is nothing to be done; `None` where there is, or nobody knows."""
    if any(task.status is TaskStatus.PENDING for task in tasks):
        return None
    moments = [deal.created_at, deal.stage_since, *(task.completed_at for task in tasks)]
    return max((at for at in moments if at is not None), default=None)


def is_another_step(before: Subject | None, after: Subject) -> bool:
    """Whether a task is to be done for a deal for which it was not, or not any more."""
    return _step(before) != _step(after)


def _step(task: Subject | None) -> tuple[str | None, TaskStatus] | None:
    return (task.deal_id, task.status) if isinstance(task, Task) and not task.deleted else None


def evaluate(look: TimeLook) -> Verdict:
    """The largest first, at most two a person a day, each once a week."""
    deals = [each for each in look.due if isinstance(each, Deal)]
    return one_by_one(
        look,
        largest_first(deals, look.now),
        lambda deal: _draft(look, deal),
        gap=GAP,
        a_day=A_DAY,
    )


def still_true(look: TruthLook) -> Standing:
    """While no task is pending and it is open."""
    for deal in look.left:
        if isinstance(deal, Deal):
            return _said(look.person, look.known, deal, look.now)
    its = look.only(Deal)
    if its is None:
        return Over(settling.gone(look))
    if its.status is not DealStatus.OPEN or its.person_id != look.person.id:
        return Over(settling.moved_on(look, its))
    for task in look.known[TASKS_OF_DEALS].get(subject_key(its), ()):
        if task.status is TaskStatus.PENDING:
            return Over(settling.planned(look, task))
    # It has just come to another stage, or something was just done for it.
    return Over(say("Something has happened with {deal} again.", deal=its.thing))


def _draft(look: TimeLook, deal: Deal) -> Draft:
    said = _said(look.person, look.known, deal, look.now)
    return drafted(
        look,
        deal,
        said,
        priority=Priority.MEDIUM,
        lasts=GAP,
    )


def _said(person: Person, known: Known, deal: Deal, now: datetime) -> Changed:
    reason = say("A deal moves by what is done next.")
    contact = known[CONTACTS_OF_DEALS].get(subject_key(deal))
    if circumstances := of_deal(deal, contact, person, now):
        reason = together(reason, circumstances)
    return Changed(
        say("There is no task for {deal}. What is next?", deal=deal.thing),
        reason,
        Suggestion(
            "create_task",
            {
                "connection_id": deal.connection_id,
                "title": say("Next step for {deal}", deal=deal.thing),
                "priority": "medium",
                "deal_id": deal.id,
                "contact_id": deal.contact_id,
                "mail": "next_step",
            },
        ),
        (about(deal), *((about(contact),) if contact else ())),
    )


RULE = TimeRule(
    called=say("Next steps"),
    summary=say("Open deals for which no task is pending."),
    level=Level.MINIMAL,
    kind=SubjectKind.DEAL,
    due=due,
    evaluate=evaluate,
    still_true=still_true,
    counts=lambda count: counted(
        "{count} deal without a task", "{count} deals without a task", "count", count=count
    ),
    knows=(TASKS_OF_DEALS,),
    asks_of=is_open_deal,
    shown=(CONTACTS_OF_DEALS,),
    largest_first=True,
    latest_first=True,
    moved_by=frozenset({SubjectKind.TASK}),
    moved_when=is_another_step,
    # The tip for a new deal says the same.
    instead_of=frozenset({"follow_up", "stuck_deals"}),
    switch="no_next_step",
)
