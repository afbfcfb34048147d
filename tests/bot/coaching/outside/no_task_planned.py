"""A rule as somebody else might write it: open deals for which nothing is planned."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from coach.calendar import after_working_days, start_of_day
from coach.keys import about, subject_key
from coach.knowledge import Knowledge, Known
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
)
from coach.phrases import say
from coach.repetition import next_allowed
from coach.rule import TimeLook, TimeRule, Verdict
from coach.truth import TRUE, Over, Standing, TruthLook
from storage.database import Tx
from storage.loader import Asked, Loader
from storage.tables import PENDING_TASK, tasks

#: A new deal may be without a plan for so many working days.
PATIENCE = 2

GAP = timedelta(days=7)

#: Until when something is planned for each deal; `date.max` where the task has no date.
PLANNED: Knowledge[Mapping[str, date]] = Knowledge("planned_until", {})


async def planned_until(tx: Tx, asked: Asked) -> dict[str, dict[str, date]]:
    """For the deals that are asked about."""
    owners = {each.id: each for each in asked.subjects}
    query = (
        select(tasks.c.connection_id, tasks.c.deal_id, func.max(tasks.c.due_date))
        .where(
            tasks.c.workspace_id == asked.workspace_id,
            tasks.c.deal_id.in_(sorted(owners)),
            PENDING_TASK,
        )
        .group_by(tasks.c.connection_id, tasks.c.deal_id)
    )
    found: dict[str, dict[str, date]] = {}
    for connection_id, id, until in await tx.execute(query):
        owner = owners[id].person_id or ""
        found.setdefault(owner, {})[f"deal:{connection_id}:{id}"] = until or date.max
    return found


LOADER = Loader(planned_until)


def due(subject: Subject, person: Person, known: Known) -> datetime | None:
    """The day after the last task that is planned; a few days after its creation without one."""
    if not isinstance(subject, Deal) or subject.deleted or subject.status is not DealStatus.OPEN:
        return None
    until = known[PLANNED].get(subject_key(subject))
    if until == date.max or subject.created_at is None:
        return None
    if until is not None:
        return start_of_day(until + timedelta(days=1), person)
    return after_working_days(subject.created_at, PATIENCE, person)


def evaluate(look: TimeLook) -> Verdict:
    """Each deal for itself, at most once in a week."""
    drafts: list[Draft] = []
    later: dict[str, datetime] = {}
    for deal in look.due:
        if not isinstance(deal, Deal):
            continue
        key = subject_key(deal)
        said = [earlier for earlier in look.past if earlier.subject == key]
        allowed = next_allowed(said, gap=GAP, about=(about(deal),), now=look.now)
        if allowed is not None and allowed <= look.now:
            drafts.append(_draft(look, deal))
            allowed = look.now + GAP
        if allowed is not None:
            later[key] = allowed
    return Verdict(drafts, later=later)


def still_true(look: TruthLook) -> Standing:
    """While there is no task for it."""
    return TRUE if look.left else Over(say("Something is planned for it, says the CRM."))


def _draft(look: TimeLook, deal: Deal) -> Draft:
    return Draft(
        person_id=look.person.id,
        subject=subject_key(deal),
        occasion=look.now.isoformat(),
        priority=Priority.MEDIUM,
        message=say("Nothing is planned for {deal}.", deal=deal.thing),
        reason=say("A deal moves by what is done next."),
        suggestion=Suggestion(
            "create_task",
            {
                "connection_id": deal.connection_id,
                "title": say("Plan what is next for {deal}", deal=deal.thing),
                "deal_id": deal.id,
            },
        ),
        expires_at=look.now + GAP,
        about=(about(deal),),
    )


RULE = TimeRule(
    called=say("Deals without a task"),
    summary=say("Open deals without a task for the days to come."),
    level=Level.MINIMAL,
    kind=SubjectKind.DEAL,
    due=due,
    evaluate=evaluate,
    still_true=still_true,
    knows=(PLANNED,),
    moved_by=frozenset({SubjectKind.TASK}),
)
