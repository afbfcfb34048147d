"""Checks: from when on a thing is each time rule's business, told anew whenever it changes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bot.runtime.parts import Parts
from coach import engine
from coach.errors import RuleFaultError
from coach.keys import kind_of
from coach.knowledge import UNKNOWN, Known
from coach.models import Person, Subject
from coach.rule import TimeRule
from storage import check_plans, checks, loader
from storage.checks import Check, Key
from storage.database import Tx
from storage.loader import Asked

#: After how long a rule is asked again that failed over a thing or a person.
AGAIN = timedelta(hours=1)

#: A rule this version does not know, and no other has announced for so long, is gone.
GONE = timedelta(days=7)

#: Due before everything else: for a rule that only a newer version can ask.
AT_ONCE = datetime.fromtimestamp(0, UTC)


class Touched(NamedTuple):
    """A thing as it was, if it was there, and as it is now."""

    before: Subject | None
    after: Subject


class Moment(NamedTuple):
    """When a thing is a rule's business; where that could not be told, why and when to ask."""

    at: datetime | None
    error: str | None = None


async def appoint(
    parts: Parts,
    tx: Tx,
    workspace_id: str,
    touched: Sequence[Touched],
    whom: Mapping[str, Person],
    now: datetime,
) -> None:
    """Make, move and drop the checks of things that changed; `whom` are the people they belong to.

    A check whose rule would say the same as before is left as it is. A rule that a newer version
    has brought here while this one still runs gets a check that is due at once: whoever knows the
    rule then asks it.
    """
    if not touched:
        return
    made: list[Check] = []
    gone: list[Key] = []
    for name, rule in engine.time_rules(parts.rules).items():
        theirs = [each for each in touched if kind_of(each.after) is rule.kind]
        known = await known_of(parts, tx, workspace_id, rule, [each.after for each in theirs])
        for before, after in theirs:
            then = moment(rule, before, whom, known, now) if before else Moment(None)
            since = moment(rule, after, whom, known, now)
            same_person = before is not None and before.person_id == after.person_id
            if since == then and (same_person or since.at is None) and since.error is None:
                continue
            key = Key(name, rule.kind, after.connection_id, after.id)
            if since.at is None:
                gone.append(key)
            else:
                made.append(Check(key, after.person_id or "", since.at, since.error))
    for rule_ in await check_plans.announced(tx, workspace_id):
        if rule_.rule in parts.rules:
            continue
        if now - rule_.at > GONE:
            await check_plans.forget(tx, workspace_id, rule_.rule)
            continue
        for _, after in touched:
            if kind_of(after) is rule_.kind:
                key = Key(rule_.rule, rule_.kind, after.connection_id, after.id)
                if after.person_id is None:
                    gone.append(key)
                else:
                    made.append(Check(key, after.person_id, AT_ONCE))
    await checks.save(tx, workspace_id, made, gone)


async def known_of(
    parts: Parts, tx: Tx, workspace_id: str, rule: TimeRule, subjects: Sequence[Subject]
) -> Mapping[str, Known]:
    """What a rule's `due` is to know of the people these things belong to."""
    if not rule.knows or not subjects:
        return {}
    people = {subject.person_id for subject in subjects if subject.person_id}
    return await loader.find(tx, parts.loaders, rule.knows, Asked(workspace_id, people, subjects))


def moment(
    rule: TimeRule,
    subject: Subject,
    whom: Mapping[str, Person],
    known: Mapping[str, Known],
    now: datetime,
) -> Moment:
    """When a thing is a rule's business; never when it belongs to nobody."""
    person = whom.get(subject.person_id or "")
    if person is None:
        return Moment(None)
    try:
        return Moment(engine.due(rule, subject, person, known.get(person.id, UNKNOWN)))
    except RuleFaultError as error:
        return Moment(now + AGAIN, str(error))
