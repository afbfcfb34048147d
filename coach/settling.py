"""How what an insight was about came to be settled, in words for its card."""

from collections.abc import Sequence

from coach.keys import subject_key
from coach.knowledge import DEALS_WITH, Dealings
from coach.models import Contact, Deal, DealStatus, Task, TaskStatus
from coach.phrases import Phrase, counted, names, say
from coach.truth import TruthLook

#: How many things are named; the others are counted.
NAMED = 3


def gone(look: TruthLook) -> Phrase:
    """The CRM has deleted what it is about."""
    if not look.things:
        return say("The CRM does not have it any more.")
    deleted = [each for each in look.things if each.deleted] or look.things
    named = names([each.thing for each in deleted], NAMED)
    return say("No longer in the CRM: {things}.", things=named)


def done(look: TruthLook, tasks: Sequence[Task]) -> Phrase:
    """Tasks that were completed."""
    named = names([task.thing for task in tasks], NAMED)
    if look.is_ours(tasks):
        return say("Done: {tasks}.", tasks=named)
    return say("Done in the CRM: {tasks}.", tasks=named)


def planned(look: TruthLook, task: Task) -> Phrase:
    """There is a task for what was suggested, be it to be done or done already."""
    if task.status is TaskStatus.COMPLETED:
        return done(look, [task])
    if look.is_ours([task]):
        return say("Planned: {task}.", task=task.thing)
    return say("Planned in the CRM: {task}.", task=task.thing)


def by_task(settled: Phrase) -> bool:
    """Whether it was a task that has settled something, one to be done or done already."""
    return not settled.values.keys().isdisjoint({"task", "tasks"})


def late_no_more(look: TruthLook) -> Phrase:
    """None of the tasks is overdue: they were done, or else moved, handed on or deleted."""
    tasks = [each for each in look.gone if isinstance(each, Task) and not each.deleted]
    completed = [task for task in tasks if task.status is TaskStatus.COMPLETED]
    if completed:
        return done(look, completed)
    if not tasks:
        return gone(look)
    named = names([task.thing for task in tasks], NAMED)
    return say("No longer overdue for you: {tasks}.", tasks=named)


def cold_no_more(look: TruthLook) -> Phrase:
    """None of the leads waits for a word: somebody spoke to them, or they are no lead of yours.

    With a client a deal was won; with others all were lost.
    """
    leads = [each for each in look.gone if isinstance(each, Contact) and not each.deleted]
    if not leads:
        return gone(look)
    silent_since = {(each.connection_id, each.id): each.mark for each in look.about}
    spoken_to = [
        lead
        for lead in leads
        if str(lead.silent_since) != silent_since[lead.connection_id, lead.id]
    ]
    clients = [lead for lead in leads if _dealings(look, lead).won]
    lost = [lead for lead in leads if _dealings(look, lead).lost]
    named = names([lead.thing for lead in spoken_to or clients or lost or leads], NAMED)
    if clients and not spoken_to:
        return counted(
            "A client now: {leads}.",
            "Clients now: {leads}.",
            "count",
            leads=named,
            count=len(clients),
        )
    if lost and not spoken_to:
        return say("No longer warm, for their deals were lost: {leads}.", leads=named)
    if not spoken_to:
        return say("No longer going cold for you: {leads}.", leads=named)
    if look.is_ours(spoken_to):
        return say("Contacted: {leads}.", leads=named)
    return say("Contacted, says the CRM: {leads}.", leads=named)


def _dealings(look: TruthLook, lead: Contact) -> Dealings:
    return look.known[DEALS_WITH].get(subject_key(lead), Dealings())


def moved_on(look: TruthLook, deal: Deal) -> Phrase:
    """A deal is no longer where it was: closed, in another stage, or somebody else's."""
    if deal.status is DealStatus.OPEN and deal.person_id != look.person.id:
        return handed_on(deal)
    stage = deal.stage or say("no stage")
    if look.is_ours([deal]):
        return say("Moved: {deal} is in {stage} now.", deal=deal.thing, stage=stage)
    if deal.status is DealStatus.WON:
        return say("Won in the CRM: {deal}.", deal=deal.thing)
    if deal.status is DealStatus.LOST:
        return say("Lost in the CRM: {deal}.", deal=deal.thing)
    return say("Moved in the CRM: {deal} is in {stage} now.", deal=deal.thing, stage=stage)


def handed_on(deal: Deal) -> Phrase:
    """A deal that is somebody else's now, or nobody's."""
    return say("{deal} is no longer yours.", deal=deal.thing)
