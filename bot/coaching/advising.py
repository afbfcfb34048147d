"""What rules answer to what happened, and what becomes of new insights, whoever has made them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.coaching import following, snoozing, staying
from bot.coaching.attending import attend
from bot.runtime.parts import Parts
from coach import engine
from coach.bulk import in_one_go
from coach.keys import subject_key
from coach.knowledge import TOLD_TASKS, UNKNOWN
from coach.models import Activity, InsightType, Origin, Person, SubjectKind, Verb
from coach.namesakes import deals_named, told_apart
from coach.repetition import past_of
from coach.rule import ActionLook, ActionRule
from storage import deciding, ending, insights, loader, namesakes, snoozes
from storage.database import Tx
from storage.insights import Marked, NewInsight
from storage.loader import Asked

#: For so many people at once it is decided together with the recording what they are told.
AT_ONCE = 50


async def answers(
    parts: Parts,
    tx: Tx,
    workspace_id: str,
    told: Sequence[tuple[Activity, datetime]],
    known: Mapping[str, Person],
    now: datetime,
) -> list[NewInsight]:
    """What the action rules say of activities, each with when it was told of; not of old ones.

    `known` are their people.
    """
    asked = [
        (activity, received_at)
        for activity, received_at in told
        if activity.origin is not Origin.IMPORT
        and activity.person_id in known
        and engine.is_news(activity.occurred_at, received_at)
    ]
    if not asked:
        return []
    times: dict[tuple[str, Verb], list[datetime]] = defaultdict(list)
    for activity, received_at in asked:
        times[activity.person_id or "", activity.verb].append(received_at)
    bulk = {which: in_one_go(its) for which, its in times.items()}
    verbs = {activity.verb for activity, _ in asked}
    # Each activity is put before these alone, and not before all rules there are.
    rules = {
        name: rule for name, rule in engine.action_rules(parts.rules).items() if rule.verbs & verbs
    }
    shown = engine.shown(rules, verbs)
    persons = {activity.person_id for activity, _ in asked if activity.person_id}
    things = {
        subject_key(each): each
        for activity, _ in asked
        for each in (activity.deal, activity.contact, activity.task)
        if each is not None
    }
    wanted = Asked(workspace_id, persons, list(things.values()))
    found = await loader.find(tx, parts.loaders, shown, wanted)
    recalled = [engine.recalled(rules, activity) for activity, _ in asked]
    said = await insights.marked(
        tx, workspace_id, {place for each in recalled for place in each.items()}, persons, now
    )
    new: list[NewInsight] = []
    for (activity, received_at), marks in zip(asked, recalled, strict=True):
        person = known[activity.person_id or ""]
        before = [
            each
            for rule, mark in marks.items()
            for each in said.get(Marked(person.id, rule, mark), ())
        ]
        known_ = found.get(person.id, UNKNOWN)
        look = ActionLook(now, person, activity, known_, received_at, tuple(before))
        for rule, draft in engine.on_activity(rules, look):
            new.append(
                NewInsight(
                    rule,
                    InsightType.ACTION,
                    draft,
                    own_act=activity.own_act,
                    told_at=received_at,
                    in_bulk=received_at in bulk[person.id, activity.verb],
                )
            )
            # What was said a moment ago counts for the rest of the batch.
            for mark in {each.mark for each in draft.about if each.mark}:
                said[Marked(person.id, rule, mark)].insert(0, past_of(rule, draft, now))
    return new


async def store_insights(
    parts: Parts, tx: Tx, workspace_id: str, new: Sequence[NewInsight], now: datetime
) -> int:
    """Store insights and decide what their people are told now; returns how many were new.

    When they are for many people, these are left to attention's own turn: it decides about each
    of them once, however much has come for them until then. The caller rings both bells.
    """
    if not new:
        return 0
    named = await namesakes.of(tx, workspace_id, deals_named(each.draft for each in new))
    if named:
        new = [replace(each, draft=told_apart(each.draft, named)) for each in new]
    new = await snoozing.followed(tx, workspace_id, new, now)
    new = await staying.left_standing(tx, workspace_id, new, now)
    made = await insights.add(tx, workspace_id, new, now)
    persons = {each.draft.person_id for _, each in made}
    places = {
        (each.draft.person_id, rule, each.draft.subject)
        for _, each in made
        if each.type is InsightType.TIME
        for rule in (each.rule, *each.instead_of)
    }
    if places:
        # What time brings is there once: the newer says what the older does, and what is so since.
        await deciding.reconsider(tx, workspace_id, {whose for whose, _, _ in places}, now)
        await ending.replace(tx, workspace_id, {print_ for print_, _ in made}, places, now)
    if len(persons) <= AT_ONCE:
        await attend(parts, tx, workspace_id, persons)
        await _give_way(parts, tx, workspace_id, made, now)
    else:
        # What is said twice by what comes of that is found out before it is sent.
        await deciding.reconsider(tx, workspace_id, persons, now)
    return len(made)


async def _give_way(
    parts: Parts,
    tx: Tx,
    workspace_id: str,
    made: Sequence[tuple[str, NewInsight]],
    now: datetime,
) -> None:
    """What was put off and has come back ends if what time brings says the same by now."""
    rules = {
        name
        for name, rule in parts.rules.items()
        if isinstance(rule, ActionRule) and TOLD_TASKS in rule.knows
    }
    whose = {
        each.draft.person_id
        for _, each in made
        if each.type is InsightType.TIME
        and any(thing.kind is SubjectKind.TASK for thing in each.draft.about)
    }
    if not rules or not whose:
        return
    back = {
        each.fingerprint
        for (rule, _), its in (await snoozes.waiting(tx, workspace_id, whose)).items()
        if rule in rules
        for each in its.values()
        if each.snoozed_until <= now < each.expires_at
    }
    if back:
        await following.ask_again(parts, tx, workspace_id, back, now)
