"""What a screen is drawn from: the things an insight is about, as the mirror has them now."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

from bot.coaching.permission import action_of
from bot.runtime.parts import Parts
from coach.action import ActionView, Shows
from coach.calendar import local_date
from coach.keys import subject_key
from coach.knowledge import USUAL_STAYS, Known
from coach.models import Contact, Deal, Insight, Person, Ref, Subject, SubjectKind, Task
from coach.staying import Limit, limit_of
from storage import crm_writes, lists, mirror, mutes, namesakes, snoozes, stages, usual
from storage.database import Tx


async def view_of(
    parts: Parts, tx: Tx, insight: Insight, person: Person, standing: Sequence[Ref] = ()
) -> ActionView:
    """Everything the insight's action asks to be shown.

    `standing` is what an open screen of a list shows already, in its order: that keeps its place,
    whatever becomes of it. A list that is opened anew shows what is left.
    """
    now = parts.clock.now()
    today = local_date(now, person)
    action = action_of(parts, insight)
    params, shows = insight.suggestion.params, action.shows
    workspace_id = insight.workspace_id
    task: Task | None = None
    deal: Deal | None = None
    contact: Contact | None = None
    contacts: list[Contact] = []
    tasks: list[Task] = []
    more = 0
    way: list[str] = []
    limit: Limit | None = None
    seen_to = {
        Ref(write.connection_id, write.subject_id): write.words
        for write in await crm_writes.of_insight(tx, workspace_id, insight.fingerprint)
    }
    done = {ref.id: said for ref, said in seen_to.items() if not action.lists or ref in standing}
    if Shows.TASK in shows:
        task = _only(Task, await _one(tx, SubjectKind.TASK, insight, params["task_id"]))
    if Shows.DEAL in shows:
        deal = _only(Deal, await _one(tx, SubjectKind.DEAL, insight, params["deal_id"]))
        if deal is not None:
            (deal,) = await namesakes.told_apart(tx, workspace_id, [deal])
            way = await stages.of_deal(tx, workspace_id, deal)
            stays = await usual.stays(tx, workspace_id)
            limit = limit_of(deal, person, Known({USUAL_STAYS.name: stays}))
        if deal is not None and deal.contact_id:
            found = await _one(tx, SubjectKind.CONTACT, insight, deal.contact_id)
            contact = _only(Contact, found)
    if Shows.ABOUT in shows:
        deal, contact = await _about(tx, insight)
    if Shows.CONTACTS in shows:
        wanted: dict[str, list[str]] = {}
        listed = [Ref(connection_id, id) for connection_id, id in params["contacts"]]
        if action.lists:
            listed = [ref for ref in listed if ref not in seen_to]
        for ref in {*listed, *standing}:
            wanted.setdefault(ref.connection_id, []).append(ref.id)
        for connection_id, ids in wanted.items():
            known = await mirror.load(tx, SubjectKind.CONTACT, workspace_id, connection_id, ids)
            contacts += [each for each in known.values() if isinstance(each, Contact)]
        contacts = _in_place(contacts, [*standing, *listed])
    if Shows.OVERDUE_TASKS in shows:
        tasks = await lists.tasks_of(tx, workspace_id, person.id, due_before=today)
        count = await lists.how_many_tasks(tx, workspace_id, person.id, due_before=today)
        more = count - len(tasks)
        muted = (await mutes.of(tx, workspace_id, [person.id], now)).get(person.id, ())
        put_off = await snoozes.withheld(tx, workspace_id, [person.id])
        silent = {each.what for each in muted}
        silent |= {
            key
            for key, there in put_off.get((insight.rule, person.id), {}).items()
            if there.expires_at > now and there.fingerprint != insight.fingerprint
        }
        tasks = [each for each in tasks if subject_key(each) not in silent]
        # What was finished or moved since this screen was opened stays on it.
        shown = {Ref(task.connection_id, task.id) for task in tasks}
        others = set(standing) - shown
        tasks += [
            task
            for task in await lists.tasks_by_id(tx, workspace_id, {ref.id for ref in others})
            if Ref(task.connection_id, task.id) in others
        ]
        tasks = _in_place(tasks, standing)
    deals: list[Deal] = []
    if Shows.OLD_DEALS in shows:
        days = int(params["days"])
        deals = await lists.old_deals_of(tx, person, days, now)
        count = await lists.how_many_old_deals(tx, person, days, now)
        more = count - len(deals)
        deals = await _with_standing(tx, workspace_id, deals, standing)
    # What was made and taken back is not made a second time under its old name.
    taken_back = await crm_writes.undone(tx, workspace_id, insight.fingerprint)
    name = ":".join((workspace_id, insight.fingerprint, *sorted(taken_back)))
    digest = hashlib.sha256(name.encode()).hexdigest()
    return ActionView(
        now=now,
        person=person,
        today=today,
        params=params,
        new_id=f"coach-{digest[:20]}",
        task=task,
        deal=deal,
        limit=limit,
        contact=contact,
        contacts=contacts,
        tasks=tasks,
        deals=deals,
        more=more,
        ways=await _ways(tx, workspace_id, deals),
        stages=way,
        done=done,
    )


async def _with_standing(
    tx: Tx, workspace_id: str, deals: Sequence[Deal], standing: Sequence[Ref]
) -> list[Deal]:
    """Those deals, and what was seen to since the screen was opened: that stays on it."""
    shown = {Ref(deal.connection_id, deal.id) for deal in deals}
    found = list(deals)
    others: dict[str, list[str]] = {}
    for ref in set(standing) - shown:
        others.setdefault(ref.connection_id, []).append(ref.id)
    for connection_id, ids in others.items():
        known = await mirror.load(tx, SubjectKind.DEAL, workspace_id, connection_id, ids)
        found += [each for each in known.values() if isinstance(each, Deal)]
    return _in_place(await namesakes.told_apart(tx, workspace_id, found), standing)


async def _ways(tx: Tx, workspace_id: str, deals: Sequence[Deal]) -> dict[str, Sequence[str]]:
    """The stages each of these may go to, by id: asked once for all in one stage of a pipeline."""
    ways: dict[tuple[str, str | None, str | None], Sequence[str]] = {}
    found: dict[str, Sequence[str]] = {}
    for deal in deals:
        place = (deal.connection_id, deal.pipeline, deal.stage)
        if place not in ways:
            ways[place] = await stages.of_deal(tx, workspace_id, deal)
        found[deal.id] = ways[place]
    return found


T = TypeVar("T", Deal, Contact, Task)


def _in_place(things: Sequence[T], order: Sequence[Ref]) -> list[T]:
    """Things in this order, what is not in it after them."""
    places = {ref: place for place, ref in reversed(list(enumerate(order)))}
    last = len(order)
    return sorted(things, key=lambda each: places.get(Ref(each.connection_id, each.id), last))


def _only(cls: type[T], found: Subject | None) -> T | None:
    return found if isinstance(found, cls) else None


async def _about(tx: Tx, insight: Insight) -> tuple[Deal | None, Contact | None]:
    """The deal and contact that something new is about; of a deal, whom it is with by now."""
    params = insight.suggestion.params
    deal: Deal | None = None
    contact_id = params.get("contact_id")
    if deal_id := params.get("deal_id"):
        deal = _only(Deal, await _one(tx, SubjectKind.DEAL, insight, str(deal_id)))
    if deal is not None:
        (deal,) = await namesakes.told_apart(tx, insight.workspace_id, [deal])
        contact_id = deal.contact_id
    if not contact_id:
        return deal, None
    found = await _one(tx, SubjectKind.CONTACT, insight, str(contact_id))
    return deal, _only(Contact, found)


async def _one(tx: Tx, kind: SubjectKind, insight: Insight, id: str) -> Subject | None:
    connection_id = insight.suggestion.params["connection_id"]
    return (await mirror.load(tx, kind, insight.workspace_id, connection_id, [id])).get(id)
