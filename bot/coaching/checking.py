"""Checks: from when on a thing is each time rule's business, told anew whenever it changes."""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bot.runtime.parts import Parts
from coach import engine
from coach.errors import RuleFaultError
from coach.keys import belongs_to, kind_of
from coach.knowledge import UNKNOWN, Known
from coach.models import Contact, Person, Subject, SubjectKind
from coach.rule import TimeRule
from storage import check_plans, checks, loader, mirror, people
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


NEVER = Moment(None)


async def appoint(
    parts: Parts,
    tx: Tx,
    workspace_id: str,
    touched: Sequence[Touched],
    whom: Mapping[str, Person],
    now: datetime,
    *,
    history: Container[tuple[SubjectKind, str]] = frozenset(),
) -> set[str]:
    """Make, move and drop the checks of things that changed; `whom` are the people they belong to.

    Of `history` nothing has happened now: it was only learnt of, and what of it is due already is
    backlog. Returns of whom anything is.

    A check whose rule would say the same as before is left as it is. A rule that a newer version
    has brought here while this one still runs gets a check that is due at once: whoever knows the
    rule then asks it.
    """
    if not touched:
        return set()
    made: list[Check] = []
    gone: list[Key] = []
    rules = engine.time_rules(parts.rules)
    with_ = await _deals_with(tx, workspace_id, rules.values(), touched)
    by_kind: dict[SubjectKind, list[Touched]] = {kind: [] for kind in SubjectKind}
    for each in touched:
        by_kind[kind_of(each.after)].append(each)
    moved = {name: _moved(rule, by_kind, with_) for name, rule in rules.items()}
    others = await _others(tx, workspace_id, set().union(*moved.values()), touched)
    whom = await _with_owners(tx, workspace_id, whom, others.values())
    for name, rule in rules.items():
        theirs = list(by_kind[rule.kind])
        theirs += [others[place] for place in moved[name] if place in others]
        # As they were before counts too: a check that was made then may have to go.
        asked = [each.after for each in theirs if any(one and rule.asks_of(one) for one in each)]
        known = await known_of(parts, tx, workspace_id, rule, asked)
        for before, after in theirs:
            then = moment(rule, before, whom, known, now) if before else NEVER
            since = moment(rule, after, whom, known, now)
            same_person = before is not None and before.person_id == after.person_id
            # What was known before of one that another has moved is not known any more.
            same = since == then and not (moved[name] and _place(after) in moved[name])
            if same and (same_person or since.at is None) and since.error is None:
                continue
            if since.at is None and before is None:
                # There never was any.
                continue
            key = Key(name, rule.kind, after.connection_id, after.id)
            if since.at is None:
                gone.append(key)
            else:
                old = since.at <= now and (rule.kind, after.id) in history
                made.append(Check(key, after.person_id or "", since.at, since.error, old))
    for rule_ in await check_plans.announced(tx, workspace_id):
        if rule_.rule in parts.rules:
            continue
        if now - rule_.at > GONE:
            await check_plans.forget(tx, workspace_id, rule_.rule)
            continue
        for _, after in by_kind[rule_.kind]:
            key = Key(rule_.rule, rule_.kind, after.connection_id, after.id)
            if after.person_id is None:
                gone.append(key)
            else:
                made.append(Check(key, after.person_id, AT_ONCE))
    await checks.save(tx, workspace_id, made, gone)
    return {check.person_id for check in made if check.old}


class _Place(NamedTuple):
    """Where a thing is in the mirror."""

    kind: SubjectKind
    connection_id: str
    id: str


def _place(subject: Subject) -> _Place:
    return _Place(kind_of(subject), subject.connection_id, subject.id)


def _moved(
    rule: TimeRule,
    touched: Mapping[SubjectKind, Sequence[Touched]],
    deals_with: Mapping[_Place, Sequence[str]],
) -> set[_Place]:
    """What the things belong to, and belonged to before, that move checks of this rule.

    A contact moves the deals that are with it.
    """
    if not rule.moved_by:
        return set()
    moving = [
        one
        for kind in rule.moved_by
        for one in touched[kind]
        if rule.moved_when(one.before, one.after)
    ]
    found = {
        _Place(rule.kind, each.connection_id, id)
        for one in moving
        for each in one
        if each is not None and (id := belongs_to(each, rule.kind)) is not None
    }
    if rule.kind is SubjectKind.DEAL:
        found |= {
            _Place(rule.kind, one.after.connection_id, id)
            for one in moving
            for id in deals_with.get(_place(one.after), ())
        }
    return found


async def _deals_with(
    tx: Tx, workspace_id: str, rules: Iterable[TimeRule], touched: Sequence[Touched]
) -> Mapping[_Place, Sequence[str]]:
    """The open deals with those of the contacts that move them by any rule."""
    looking = [
        rule
        for rule in rules
        if rule.kind is SubjectKind.DEAL and SubjectKind.CONTACT in rule.moved_by
    ]
    wanted: dict[str, set[str]] = {}
    for before, after in touched:
        if isinstance(after, Contact) and any(rule.moved_when(before, after) for rule in looking):
            wanted.setdefault(after.connection_id, set()).add(after.id)
    found: dict[_Place, Sequence[str]] = {}
    for connection_id, ids in wanted.items():
        with_ = await mirror.open_deals_with(tx, workspace_id, connection_id, ids)
        for id, its in with_.items():
            found[_Place(SubjectKind.CONTACT, connection_id, id)] = its
    return found


async def _others(
    tx: Tx,
    workspace_id: str,
    moved: Collection[_Place],
    touched: Sequence[Touched],
) -> dict[_Place, Touched]:
    """Those moved that did not change themselves, as far as the mirror has them."""
    wanted: dict[tuple[SubjectKind, str], set[str]] = {}
    if not moved:
        return {}
    for place in set(moved).difference(_place(each.after) for each in touched):
        wanted.setdefault((place.kind, place.connection_id), set()).add(place.id)
    found: dict[_Place, Touched] = {}
    for (kind, connection_id), ids in wanted.items():
        loaded = await mirror.load(tx, kind, workspace_id, connection_id, ids)
        found.update({_place(each): Touched(each, each) for each in loaded.values()})
    return found


async def _with_owners(
    tx: Tx, workspace_id: str, whom: Mapping[str, Person], others: Iterable[Touched]
) -> Mapping[str, Person]:
    owners = {each.after.person_id for each in others if each.after.person_id}
    missing = owners.difference(whom)
    return {**whom, **await people.load(tx, workspace_id, missing)} if missing else whom


async def known_of(
    parts: Parts, tx: Tx, workspace_id: str, rule: TimeRule, subjects: Sequence[Subject]
) -> Mapping[str, Known]:
    """What a rule's `due` is to know of the people these things belong to."""
    if not rule.knows or not subjects:
        return {}
    owners = {subject.person_id for subject in subjects if subject.person_id}
    return await loader.find(tx, parts.loaders, rule.knows, Asked(workspace_id, owners, subjects))


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
        return NEVER
    try:
        return Moment(engine.due(rule, subject, person, known.get(person.id, UNKNOWN)))
    except RuleFaultError as error:
        return Moment(now + AGAIN, str(error))
