"""A tick of the clock: what has become due is looked at, expired insights end."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.coaching.recording import store_insights
from bot.runtime.parts import Parts
from coach import engine
from coach.engine import TimeLook, TimeRule, Verdict, subject_key
from coach.models import InsightType, Person, Subject, SubjectKind
from storage import insights, job_slots, knowledge, mirror, people, workspaces
from storage.database import Tx
from storage.insights import NewInsight

log = logging.getLogger(__name__)

#: Subjects looked at in one transaction.
CHUNK = 1000

#: How often the clock ticks, in seconds.
EVERY = 30


@dataclass(frozen=True, slots=True)
class Ticked:
    """What a tick came to."""

    due: int = 0
    insights: int = 0
    expired: int = 0


async def tick(parts: Parts) -> Ticked:
    """Look at everything due now; a tick with nothing due reads three empty indexes and ends."""
    now = parts.clock.now()
    async with parts.database.read() as tx:
        expiring = await insights.any_expired(tx, now)
    expired = 0
    if expiring:
        async with parts.database.write() as tx:
            expired = await insights.expire(tx, now)
    due = made = 0
    while found := await _due(parts, now):
        for workspace_id, kinds in found.items():
            # All kinds in one transaction: of what a tick brings the most important is sent first.
            async with parts.database.write() as tx:
                await workspaces.lock(tx, parts.database, workspace_id)
                for kind, subjects in kinds.items():
                    made += await look(parts, tx, workspace_id, kind, subjects, now)
                    due += len(subjects)
    if made or expired:
        parts.wake.sender.set()
    return Ticked(due, made, expired)


async def _due(
    parts: Parts, now: datetime
) -> dict[str, dict[SubjectKind, Sequence[tuple[str, str, str | None]]]]:
    """What is to be looked at next, by workspace and kind; at most a chunk of each kind."""
    found: dict[str, dict[SubjectKind, Sequence[tuple[str, str, str | None]]]] = {}
    async with parts.database.read() as tx:
        for kind in SubjectKind:
            for workspace_id, subjects in (await mirror.due(tx, kind, now, CHUNK)).items():
                found.setdefault(workspace_id, {})[kind] = subjects
    return found


async def _anything_due(tx: Tx, now: datetime) -> bool:
    if await insights.any_expired(tx, now):
        return True
    for kind in SubjectKind:
        if await mirror.due(tx, kind, now, 1):
            return True
    return False


async def slotted_tick(parts: Parts) -> Ticked | None:
    """A tick, unless another process has this turn: one winner for each slot."""
    now = parts.clock.now()
    async with parts.database.read() as tx:
        idle = not await _anything_due(tx, now)
    if idle:
        # Nothing to take turns about: no disk is touched.
        return Ticked()
    slot = datetime.fromtimestamp(int(now.timestamp()) // EVERY * EVERY, tz=now.tzinfo)
    async with parts.database.write() as tx:
        if not await job_slots.claim(tx, "tick", slot):
            return None
    return await tick(parts)


async def look(
    parts: Parts,
    tx: Tx,
    workspace_id: str,
    kind: SubjectKind,
    due: Sequence[tuple[str, str, str | None]],
    now: datetime,
) -> int:
    """Ask the time rules about the people whose subjects are due; set every next check."""
    known = await people.load(tx, workspace_id, {person for _, _, person in due if person})
    rules = {
        name: rule
        for name, rule in parts.rules.items()
        if isinstance(rule, TimeRule) and rule.kind is kind
    }
    past = await insights.past(tx, workspace_id, rules, known, now)
    ripe: dict[str, Mapping[str, Sequence[Subject]]] = {}
    large: Mapping[str, float] = {}
    for name, rule in rules.items():
        cutoffs = {person_id: rule.cutoff(now, person) for person_id, person in known.items()}
        ripe[name] = await mirror.ripe(tx, kind, workspace_id, rule.since, cutoffs)
        if rule.wants_large_value and ripe[name]:
            large = await knowledge.large_values(tx, workspace_id, ripe[name])
    verdicts: dict[tuple[str, str], Verdict] = {}
    new: list[NewInsight] = []
    for name in rules:
        for person_id, person in known.items():
            view = TimeLook(
                now,
                person,
                ripe[name].get(person_id, ()),
                past.get((name, person_id), ()),
                large.get(person_id),
            )
            verdict = engine.on_time(parts.rules, name, view)
            verdicts[name, person_id] = verdict
            new += [
                NewInsight(
                    name, InsightType.TIME, draft, engine.first_state(person, draft.priority)
                )
                for draft in verdict.drafts
            ]
    made = await store_insights(tx, workspace_id, new, known, now)
    checks = await _next_checks(tx, workspace_id, kind, due, known, rules, ripe, verdicts, now)
    await mirror.set_checks(tx, kind, workspace_id, checks)
    return made


async def _next_checks(
    tx: Tx,
    workspace_id: str,
    kind: SubjectKind,
    due: Sequence[tuple[str, str, str | None]],
    known: Mapping[str, Person],
    rules: Mapping[str, TimeRule],
    ripe: Mapping[str, Mapping[str, Sequence[Subject]]],
    verdicts: Mapping[tuple[str, str], Verdict],
    now: datetime,
) -> dict[tuple[str, str], datetime | None]:
    """When each subject that was due is looked at next: what is ripe when its rule says, what is
    not yet ripe when it becomes so, what belongs to nobody never.
    """
    checks: dict[tuple[str, str], datetime | None] = {}
    subjects: dict[tuple[str, str], Subject] = {}
    by_connection: dict[str, list[str]] = {}
    for connection_id, id, _ in due:
        by_connection.setdefault(connection_id, []).append(id)
    for connection_id, ids in by_connection.items():
        for id, subject in (await mirror.load(tx, kind, workspace_id, connection_id, ids)).items():
            subjects[connection_id, id] = subject
    ripe_keys = {
        name: {subject_key(s) for each in by_person.values() for s in each}
        for name, by_person in ripe.items()
    }
    for connection_id, id, person_id in due:
        subject = subjects[connection_id, id]
        if subject.person_id != person_id:
            # It went to somebody else after it was found due, and waits to be found again.
            continue
        person = known.get(person_id or "")
        moments: list[datetime] = []
        if person is not None:
            key = subject_key(subject)
            for name, rule in rules.items():
                if key in ripe_keys[name]:
                    verdict = verdicts[name, person.id]
                    again = verdict.again_at_for.get(key, verdict.again_at)
                else:
                    again = rule.ripe_at(subject, person)
                if again is not None:
                    # Never now again: a rule that is wrong about its times must not spin.
                    moments.append(max(again, now + timedelta(minutes=1)))
        checks[connection_id, id] = min(moments, default=None)
    return checks


async def adopt_rules(parts: Parts, workspace_id: str) -> None:
    """Have everything looked at once when the rules are not those the checks were made for."""
    mark = " ".join(sorted(parts.rules))
    async with parts.database.write() as tx:
        workspace = await workspaces.get(tx, workspace_id)
        if workspace is not None and workspace.rules != mark:
            if workspace.rules is not None:
                await mirror.check_everything_now(tx, workspace_id, parts.clock.now())
            await workspaces.change(tx, workspace_id, rules=mark)
