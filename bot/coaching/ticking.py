"""A tick of the clock: rounds that have become due are made, expired insights end."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from bot.coaching import planning, silencing
from bot.coaching.advising import store_insights
from bot.coaching.checking import AGAIN
from bot.coaching.due import NOTHING, all_of, due_with, in_truth, key_of
from bot.runtime.parts import Parts
from coach import backlogs, engine, precedence
from coach.calendar import next_work
from coach.errors import RuleFaultError
from coach.keys import subject_key
from coach.knowledge import UNKNOWN
from coach.models import Draft, InsightType, PastInsight, Person
from coach.muting import KIND
from coach.repetition import past_of
from coach.rule import Rule, TimeLook, TimeRule, Verdict
from coach.timetable import has_just_begun
from storage import (
    checks,
    ending,
    insights,
    loader,
    mutes,
    people,
    rounds,
    sayings,
    snoozes,
    undoing,
)
from storage.checks import Due, Key
from storage.database import Tx, is_passing
from storage.insights import NewInsight
from storage.loader import Asked
from storage.rounds import Next, Round

log = logging.getLogger(__name__)

#: Rounds made in one transaction.
CHUNK = 100

#: How often the clock ticks, in seconds.
EVERY = 30

#: A rule that is wrong about its times must not have the clock spin.
LEAST = timedelta(minutes=1)

#: The longest wait before a round that failed is tried again.
LONGEST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Ticked:
    """What a tick came to: things that were due, insights made of them, insights that ended."""

    due: int = 0
    insights: int = 0
    expired: int = 0


@dataclass(frozen=True, slots=True)
class _Made:
    """What rounds came to."""

    rounds: int = 0
    due: int = 0
    insights: int = 0


async def tick(parts: Parts) -> Ticked:
    """Look at everything due now; with nothing due a few empty indexes are read and no more.

    Any number of processes may tick at once: they share the rounds between them.
    """
    now = parts.clock.now()
    async with parts.database.read() as tx:
        expiring = await ending.any_expired(tx, now)
        fading = await undoing.any_over(tx, now)
    expired = 0
    if expiring:
        async with parts.database.write() as tx:
            expired = await ending.expire(tx, now)
    if fading:
        async with parts.database.write() as tx:
            await undoing.end(tx, now)
        parts.wake.sender.set()
    spoken_again = await silencing.let_end(parts, now)
    due = made = 0
    while True:
        planned = await planning.plan_some(parts, now)
        done = await _rounds(parts, now)
        due += done.due
        made += done.insights
        if not planned and not done.rounds:
            break
    if made or expired or spoken_again:
        parts.wake.attention.set()
        parts.wake.sender.set()
    return Ticked(due, made, expired)


async def _rounds(parts: Parts, now: datetime) -> _Made:
    """Make some of the rounds that are due and nobody else makes."""
    rules = {*engine.time_rules(parts.rules), *engine.person_rules(parts.rules)}
    async with parts.database.read() as tx:
        if not await rounds.due(tx, rules, now, 1):
            return _Made()
    try:
        async with parts.database.write() as tx:
            return await _look(parts, tx, await rounds.claim(tx, rules, now, CHUNK), now)
    except Exception as error:
        if is_passing(error):
            raise
        log.warning("One of these rounds cannot be made; going on one by one", exc_info=error)
    return await _one_by_one(parts, rules, now)


async def _one_by_one(parts: Parts, rules: Iterable[str], now: datetime) -> _Made:
    """The same, each in a transaction of its own: what fails is kept with its person and rule."""
    async with parts.database.read() as tx:
        waiting = await rounds.due(tx, list(rules), now, CHUNK)
    total = _Made()
    for one in waiting:
        try:
            async with parts.database.write() as tx:
                if not await rounds.claim_one(tx, one, now):
                    continue
                made = await _look(parts, tx, [one], now)
        except Exception as error:
            if is_passing(error):
                raise
            why = f"{type(error).__name__}: {error}"
            async with parts.database.write() as tx:
                await _put_off(tx, one, why, now)
            made = _Made(rounds=1)
        total = _Made(
            total.rounds + made.rounds, total.due + made.due, total.insights + made.insights
        )
    return total


async def _put_off(tx: Tx, failed: Round, why: str, now: datetime) -> None:
    log.warning("%s cannot look at %s: %s", failed.rule, failed.person_id, why)
    wait = min(AGAIN * 2 ** min(failed.attempts, 10), LONGEST)
    await rounds.put_off(tx, failed, now + wait, why)


async def _look(parts: Parts, tx: Tx, claimed: Sequence[Round], now: datetime) -> _Made:
    """Ask the rules whose rounds these are, keep what they say, and set when they come again."""
    due = made = 0
    for workspace_id, group in groupby(sorted(claimed), key=lambda each: each.workspace_id):
        theirs = list(group)
        whom = await people.load(tx, workspace_id, {each.person_id for each in theirs})
        theirs = await _at_work(parts, tx, theirs, whom, now)
        names = {each.rule for each in theirs}
        rules = parts.rules
        heard = precedence.related(rules, names).union(
            *(precedence.speakers(rules, name) for name in names)
        )
        past = await insights.past(tx, workspace_id, heard, whom, now)
        put_off = {
            key: {subject: each.expires_at for subject, each in its.items()}
            for key, its in (await snoozes.withheld(tx, workspace_id, whom)).items()
        }
        muted = await _muted_kinds(tx, workspace_id, names, rules, whom, now)
        digests = await sayings.in_digests(tx, workspace_id, whom)
        # A line of a digest is answered there, and is not said a second time beside it.
        to_answer = {
            key: {**digests.get(key, {}), **put_off.get(key, {})} for key in {*digests, *put_off}
        }
        new: list[NewInsight] = []
        for name in precedence.strongest_first(rules, names):
            mine = [each for each in theirs if each.rule == name]
            if name in engine.person_rules(parts.rules):
                new += await _ask_by_person(parts, tx, name, mine, whom, past, now)
                continue
            open_ = put_off if engine.time_rules(rules)[name].lists else to_answer
            related = precedence.related(rules, [name])
            silent = {
                each.person_id: _silent(
                    rules, name, related, whom[each.person_id], past, open_, muted, now
                )
                for each in mine
            }
            count, said = await _ask(parts, tx, workspace_id, name, mine, whom, past, silent, now)
            due += count
            for one in said:
                whose = one.draft.person_id
                # The weaker ones are asked after it, and know.
                past.setdefault((name, whose), []).insert(0, past_of(name, one.draft, now))
                instead_of = precedence.weaker(rules, name)
                new.append(one if name in muted[whose] else replace(one, instead_of=instead_of))
        made += await store_insights(parts, tx, workspace_id, new, now)
    return _Made(len(claimed), due, made)


async def _at_work(
    parts: Parts, tx: Tx, claimed: Sequence[Round], whom: Mapping[str, Person], now: datetime
) -> list[Round]:
    """Those of people who are at work; the others' come as their work begins.

    A rule that looks at people by themselves has chosen its time.
    """
    waiting: list[Next] = []
    looked_at: list[Round] = []
    by_person = engine.person_rules(parts.rules)
    for each in claimed:
        person = whom[each.person_id]
        if each.rule in by_person:
            looked_at.append(each)
            continue
        try:
            at = next_work(now, person)
        except ValueError:
            # A week that is none is the fault of each of their checks, and kept there.
            at = now
        if has_just_begun(person, now):
            at = now
        # An import comes in many pieces: it is told of when it is there.
        at = max(at, backlogs.whole_at(person))
        if at > now:
            waiting.append(Next(each, at, at))
        else:
            looked_at.append(each)
    await rounds.finish(tx, waiting)
    return looked_at


async def _muted_kinds(
    tx: Tx,
    workspace_id: str,
    names: Collection[str],
    rules: Mapping[str, Rule],
    whom: Mapping[str, Person],
    now: datetime,
) -> Mapping[str, set[str]]:
    """Of which rules each person hears nothing, where it matters to others of these."""
    found: dict[str, set[str]] = defaultdict(set)
    if any(precedence.speakers(rules, each) for each in names) or any(
        precedence.weaker(rules, each) for each in precedence.related(rules, names)
    ):
        for person_id, its in (await mutes.of(tx, workspace_id, whom, now)).items():
            found[person_id] = {each.what.removeprefix(KIND) for each in its}
    return found


def _silent(
    rules: Mapping[str, Rule],
    name: str,
    related: Collection[str],
    person: Person,
    past: Mapping[tuple[str, str], Sequence[PastInsight]],
    open_: Mapping[tuple[str, str], Mapping[str, datetime]],
    muted: Mapping[str, set[str]],
    now: datetime,
) -> dict[str, datetime]:
    """Of which subjects a rule says nothing to somebody, and until when.

    Those of which one that is `related` has spoken instead, what a list leaves out, and what is
    `open_`: put off alone, or in a digest.
    """
    speakers = precedence.speakers(rules, name)
    its = {other: past.get((other, person.id), ()) for other in {*related, *speakers}}
    not_heard = muted[person.id]
    told = {other: its[other] for other in related}
    silent = precedence.silent_until(rules, name, told, not_heard, now)
    out = precedence.left_out_until(rules, name, its, not_heard, person, now)
    for each in (out, *(open_.get((other, person.id), {}) for other in related)):
        for subject, until in each.items():
            silent[subject] = max(until, silent.get(subject, until))
    return silent


async def _ask(
    parts: Parts,
    tx: Tx,
    workspace_id: str,
    name: str,
    claimed: Sequence[Round],
    whom: Mapping[str, Person],
    past: Mapping[tuple[str, str], Sequence[PastInsight]],
    silent: Mapping[str, Mapping[str, datetime]],
    now: datetime,
) -> tuple[int, list[NewInsight]]:
    """Ask one rule about some people of a workspace: how much was due, and what it says."""
    rule = engine.time_rules(parts.rules)[name]
    ids = [each.person_id for each in claimed]
    told = [id for id in ids if whom[id].backlog_at is not None]
    found = await due_with(tx, workspace_id, name, rule, ids, now, told=told)
    asked = Asked(workspace_id, found.people, found.subjects)
    known = await loader.find(tx, parts.loaders, (*rule.knows, *rule.shown), asked)
    gone: list[Key] = []
    later: list[tuple[Key, datetime, str | None]] = []
    verdicts: dict[Round, Verdict] = {}
    new: list[NewInsight] = []
    grown_old: dict[str, list[str]] = {}
    count = 0
    for each in claimed:
        person = whom[each.person_id]
        news, old = (
            in_truth(name, rule, which.get(person.id, NOTHING), whom, known, silent[person.id], now)
            for which in (found.news, found.old)
        )
        count += news.due.count + old.due.count
        gone += news.gone + old.gone
        later += news.later + old.later
        look = TimeLook(
            now, person, (), 0, past.get((name, person.id), ()), known.get(person.id, UNKNOWN)
        )
        try:
            said = _say(rule, look, news.due, old.due)
        except RuleFaultError as error:
            await _put_off(tx, each, str(error), now)
            continue
        verdict = verdicts[each] = said.verdict
        if person.backlog_at is not None and not rule.lists:
            grown_old[person.id] = [subject_key(subject) for subject in old.due.subjects]
        for subject in (*news.due.subjects, *old.due.subjects):
            if (at := verdict.later.get(subject_key(subject))) is not None:
                later.append((key_of(name, subject), max(at, now + LEAST), None))
        new += said.insights(name)
    await checks.drop(tx, workspace_id, gone)
    await checks.put_off(tx, workspace_id, later)
    await insights.grow_old(tx, workspace_id, name, grown_old)
    await _set_next(tx, workspace_id, name, verdicts, now)
    return count, new


@dataclass(frozen=True, slots=True)
class _Said:
    """What a rule says to one person: of what came up, and of what was so before."""

    verdict: Verdict
    news: Sequence[Draft]
    backlog: Sequence[Draft] = ()

    def insights(self, name: str) -> list[NewInsight]:
        return [
            *(NewInsight(name, InsightType.TIME, draft) for draft in self.news),
            *(NewInsight(name, InsightType.TIME, draft, backlog=True) for draft in self.backlog),
        ]


def _say(rule: TimeRule, look: TimeLook, news: Due, old: Due) -> _Said:
    """Ask a rule about what came up, and by itself about a backlog that waits to be told of.

    Of one list there is one word: that of the backlog, if there is any.
    """
    backlog = Verdict()
    if rule.lists:
        before = frozenset(subject_key(subject) for subject in old.subjects)
        whole = all_of(news, old)
        anew = replace(look, due=whole.subjects, count=whole.count, old=old.count, before=before)
    else:
        anew = replace(look, due=news.subjects, count=news.count)
    if old.count and look.person.backlog_at is not None:
        waits = anew
        if not rule.lists:
            waits = replace(look, due=old.subjects, count=old.count, old=old.count)
        backlog = engine.on_time(rule, replace(waits, at_once=backlogs.LINES))
        # What was found out at the same moment before it was a backlog was another occasion.
        waits_since = look.person.backlog_at.isoformat()
        drafts = [
            replace(
                draft,
                occasion=f"{draft.occasion} of a backlog of {waits_since}",
                expires_at=max(draft.expires_at, look.now + backlogs.LASTS),
            )
            for draft in backlog.drafts
        ]
        backlog = replace(backlog, drafts=drafts)
        if rule.lists and drafts:
            return _Said(backlog, (), drafts)
    verdict = engine.on_time(rule, anew if news.count else look)
    both = replace(verdict, later={**backlog.later, **verdict.later})
    return _Said(both, verdict.drafts, backlog.drafts)


async def _ask_by_person(
    parts: Parts,
    tx: Tx,
    name: str,
    claimed: Sequence[Round],
    whom: Mapping[str, Person],
    past: Mapping[tuple[str, str], Sequence[PastInsight]],
    now: datetime,
) -> list[NewInsight]:
    """Ask a rule that looks at people by themselves about some people of a workspace."""
    rule, workspace_id = engine.person_rules(parts.rules)[name], claimed[0].workspace_id
    asked = Asked(workspace_id, {each.person_id for each in claimed})
    known = await loader.find(tx, parts.loaders, rule.shown, asked)
    verdicts: dict[Round, Verdict] = {}
    for each in claimed:
        said_before = past.get((name, each.person_id), ())
        look = TimeLook(now, whom[each.person_id], (), 0, said_before, known[each.person_id])
        try:
            verdicts[each] = engine.on_person(rule, look)
        except RuleFaultError as error:
            await _put_off(tx, each, str(error), now)
    await _set_next(tx, workspace_id, name, verdicts, now)
    return [
        NewInsight(name, rule.type, draft)
        for verdict in verdicts.values()
        for draft in verdict.drafts
    ]


async def _set_next(
    tx: Tx,
    workspace_id: str,
    name: str,
    verdicts: Mapping[Round, Verdict],
    now: datetime,
) -> None:
    """A round comes again when its rule said, or else when something more becomes due."""
    open_ = [each.person_id for each, verdict in verdicts.items() if verdict.again_at is None]
    coming = await checks.upcoming(tx, workspace_id, name, open_, now)
    done: list[Next] = []
    for each, verdict in verdicts.items():
        if verdict.again_at is None:
            done.append(Next(each, coming.get(each.person_id)))
        else:
            at = max(verdict.again_at, now + LEAST)
            done.append(Next(each, at, at))
    await rounds.finish(tx, done)
