"""Making checks afterwards: of a rule that is new here, or of a person whose settings changed."""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from bot.coaching.checking import AGAIN, known_of, moment
from bot.runtime.parts import Parts
from coach import engine
from coach.knowledge import Knowledge
from coach.models import Person, Subject
from storage import check_plans, checks, ending, messages, mirror, people, rounds, workspaces
from storage.check_plans import Plan, Thing
from storage.checks import Check, Key
from storage.database import Tx, is_passing

log = logging.getLogger(__name__)

#: Things whose checks are made in one transaction.
PAGE = 1000


async def announce(parts: Parts, tx: Tx) -> None:
    """Say that this version runs; rules that are new to a workspace get their checks by and by."""
    kinds = {name: rule.kind for name, rule in engine.time_rules(parts.rules).items()}
    await check_plans.announce(tx, kinds, parts.clock.now())
    await rounds.enlist(tx, engine.person_rules(parts.rules), parts.clock.now())


async def reconsider(
    parts: Parts, tx: Tx, person: Person, changed: Collection[str] | None = None
) -> None:
    """Have a person's checks made anew, and then have what is due looked at.

    `changed` names the settings that did; a rule's own number moves the checks of that rule alone.
    """
    now = parts.clock.now()
    rules = engine.time_rules(parts.rules)
    looking = {*rules, *engine.person_rules(parts.rules)}
    numbers = {rule.setting for rule in rules.values()}
    if changed is not None and numbers.issuperset(changed):
        rules = {name: rule for name, rule in rules.items() if rule.setting in changed}
        looking = {*rules}
    kinds = {name: rule.kind for name, rule in rules.items()}
    await check_plans.again(tx, person.workspace_id, [person.id], kinds, now)
    await rounds.wake(tx, person.workspace_id, [person.id], now, looking)


async def switched(parts: Parts, tx: Tx, person: Person, which: Collection[str]) -> None:
    """Have the checks made, or dropped, of rules that a person has switched on or off.

    `person` is as they were. What was to be said of one that is off now ends.
    """
    now, workspace_id = parts.clock.now(), person.workspace_id
    rules = {name: rule for name, rule in parts.rules.items() if rule.switch in which}
    kinds = {name: rule.kind for name, rule in engine.time_rules(rules).items()}
    await check_plans.again(tx, workspace_id, [person.id], kinds, now)
    await rounds.wake(tx, workspace_id, [person.id], now, rules)
    off = {name for name in rules if name in person.settings.also}
    if off:
        await ending.expire_unsaid(tx, workspace_id, person.id, off, now)


async def learned(parts: Parts, tx: Tx, workspace_id: str, what: Knowledge[Any]) -> None:
    """Have all checks made anew by rules that go by something of which more is known now.

    They are those of people who are there: what comes of it is no backlog.
    """
    kinds = {
        name: rule.kind
        for name, rule in engine.time_rules(parts.rules).items()
        if what in rule.knows
    }
    now = parts.clock.now()
    for kind in sorted(set(kinds.values())):
        whose = await check_plans.owners(tx, workspace_id, kind)
        theirs = {name: each for name, each in kinds.items() if each is kind}
        await check_plans.again(tx, workspace_id, whose, theirs, now)
        await rounds.wake(tx, workspace_id, whose, now, theirs)


async def plan_some(parts: Parts, now: datetime) -> bool:
    """Make the next page of checks that are still to be made; says whether there were any."""
    rules = engine.time_rules(parts.rules)
    async with parts.database.read() as tx:
        plan = await check_plans.unfinished(tx, rules)
    if plan is None:
        return False
    try:
        await _make(parts, plan, PAGE, now)
    except Exception as error:
        if is_passing(error):
            raise
        log.warning("Some checks of %s could not be made; going on one by one", plan.rule)
        for _ in range(PAGE):
            if not await _make_one(parts, plan, now):
                break
    return True


async def _make_one(parts: Parts, plan: Plan, now: datetime) -> bool:
    """Make one check; what is wrong with a thing is kept in its place."""
    try:
        return await _make(parts, plan, 1, now)
    except Exception as error:
        if is_passing(error):
            raise
        why = f"{type(error).__name__}: {error}"
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, plan.workspace_id)
        found = await check_plans.still(tx, plan)
        things = await check_plans.next_things(tx, found, 1) if found else []
        if found:
            made = [
                Check(_key(found, thing), thing.person_id, now + AGAIN, why)
                for thing in things
                if thing.person_id
            ]
            await checks.save(tx, plan.workspace_id, made, ())
            await check_plans.advance(tx, found, things, done=not things)
    return bool(things)


async def _make(parts: Parts, plan: Plan, most: int, now: datetime) -> bool:
    """Make so many checks; says whether there may be more."""
    rule = engine.time_rules(parts.rules)[plan.rule]
    async with parts.database.write() as tx:
        # What is read here must not change before its check is made.
        await workspaces.lock(tx, parts.database, plan.workspace_id)
        found = await check_plans.still(tx, plan)
        if found is None:
            # Another process has come to its end.
            return False
        things = await check_plans.next_things(tx, found, most)
        subjects = await _load(tx, found, things)
        whom = await people.load(
            tx, plan.workspace_id, {each.person_id for each in subjects if each.person_id}
        )
        asked = [each for each in subjects if rule.asks_of(each)]
        known = await known_of(parts, tx, plan.workspace_id, rule, asked)
        made: list[Check] = []
        gone: list[Key] = []
        for subject in subjects:
            key = Key(plan.rule, plan.kind, subject.connection_id, subject.id)
            when = moment(rule, subject, whom, known, now)
            if when.at is None or subject.person_id is None:
                gone.append(key)
            else:
                # What a new rule finds was so before; of one that is known it stays as it was.
                old = (None if plan.person_id else True) if when.at <= now else False
                made.append(Check(key, subject.person_id, when.at, when.error, old))
        await checks.save(tx, plan.workspace_id, made, gone)
        backlog = {check.person_id for check in made if check.old}
        await people.backlog_came(tx, plan.workspace_id, backlog, now)
        await messages.of_now(tx, plan.workspace_id, "backlog", set(whom))
        more = len(things) == most
        await check_plans.advance(tx, found, things, done=not more)
    return more


def _key(plan: Plan, thing: Thing) -> Key:
    return Key(plan.rule, plan.kind, thing.connection_id, thing.id)


async def _load(tx: Tx, plan: Plan, things: Sequence[Thing]) -> list[Subject]:
    by_connection: dict[str, list[str]] = {}
    for thing in things:
        by_connection.setdefault(thing.connection_id, []).append(thing.id)
    found: list[Subject] = []
    for connection_id, ids in by_connection.items():
        loaded = await mirror.load(tx, plan.kind, plan.workspace_id, connection_id, ids)
        found += loaded.values()
    return found
