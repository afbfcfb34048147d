"""Time passes in a copy: what happened happens again, rules look, attention decides, it is said."""

import heapq
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.coaching import attending, following, learning, pattern_turns, saying, ticking
from bot.coaching.saying import Stands
from bot.simulating.answers import Answers
from bot.simulating.history import Told
from bot.simulating.world import World, tell
from coach import engine
from coach.attention import still_wanted
from coach.calendar import next_work
from coach.models import Insight, InsightState, MessageState, Person
from coach.phrases import Phrase
from coach.verdicts import Reason, Verdict
from storage import deciding, ending, insights, journal, patterns, sending
from storage.database import Tx
from storage.sending import Claimed, Paused

log = logging.getLogger(__name__)

#: How long a claim lasts in the copy, where nobody else claims.
LEASE = timedelta(minutes=1)

#: Messages claimed at a time.
TOGETHER = 500

#: Whoever answers does so within so much of their work.
WITHIN = timedelta(hours=8)

#: Of those who answer some, every so many-th insight is answered.
SOME = 3

#: Whatever goes on at one instant has come to rest after so many turns.
TURNS = 100


#: Why what is behind a message's button is held, by its kind; what a digest has there waits for it.
_BEHIND = {"brief": Reason.BRIEF, "backlog": Reason.BACKLOG}


class Outcome(StrEnum):
    """What became of an insight."""

    SENT = "sent"
    DIGEST = "digest"
    HOLD = "hold"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Said:
    """A message that was put before somebody."""

    person: Person
    at: datetime
    id: str
    #: `card`, `brief`, `digest`, `backlog` or `question`.
    kind: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about one insight at one time."""

    person: Person
    at: datetime
    rule: str
    #: What it is about: `deal:native:D-17`.
    subject: str
    outcome: Outcome
    reason: Reason
    words: Phrase
    #: Of what was sent: the message that said it.
    by: Said | None = None


@dataclass(slots=True)
class Course:
    """All that happened in the copy."""

    said: list[Said]
    decisions: list[Decision]


async def run(
    world: World,
    *,
    answers: Answers = Answers.NONE,
    seed: int = 0,
    progress: Callable[[datetime], None] = lambda at: None,
) -> Course:
    """Let time pass until the end; `progress` is told how far it is."""
    running = _Running(world, answers, random.Random(seed))  # noqa: S311 (no secret)
    coming, place = world.coming, 0
    while (at := await running.next(coming[place : place + 1])) is not None and at < world.until:
        world.clock.run_to(at)
        begin = place
        while place < len(coming) and coming[place].event.occurred_at <= at:
            place += 1
        await running.step(coming[begin:place])
        progress(at)
    return running.course


class _Running:
    def __init__(self, world: World, answers: Answers, chance: random.Random) -> None:
        self._world = world
        self._parts = world.parts
        self._answers = answers
        self._chance = chance
        self.course = Course([], [])
        self._rules = [
            *engine.time_rules(world.parts.rules),
            *engine.person_rules(world.parts.rules),
        ]
        #: When which insight is answered.
        self._waiting: list[tuple[datetime, str]] = []
        self._last: dict[str, tuple[Outcome, Reason]] = {}
        #: When it may be time to look at the team's figures again; `None`: nobody hears of them.
        self._look_at = world.clock.now() if _is_anybody_told(world) else None
        # Nothing in Slack is drawn anew: what it would look like matters to nobody.
        self._undrawn = Paused(drawing=[world.workspace_id])

    async def next(self, coming: Sequence[Told]) -> datetime | None:
        """When anything is to be done: by the coach, by the CRM, or by somebody who answers."""
        async with self._parts.database.read() as tx:
            soonest = (await journal.upcoming(tx, self._rules)).at
        times = [soonest, *(each.event.occurred_at for each in coming)]
        times += [at for at, _ in self._waiting[:1]]
        return min((at for at in times if at is not None), default=None)

    async def step(self, told: Sequence[Told]) -> None:
        """All that is to be done now."""
        parts, now = self._parts, self._world.clock.now()
        if told:
            await tell(parts, self._world.workspace_id, told)
        await self._answer(now)
        await learning.learn_due(parts)
        await self._look(now)
        for _ in range(TURNS):
            async with parts.database.read() as tx:
                soonest = await journal.upcoming(tx, self._rules)
            ticks = soonest.tick is not None and soonest.tick <= now
            if ticks:
                await ticking.tick(parts)
            if ticks or (soonest.attention is not None and soonest.attention <= now):
                while await attending.turn(parts):
                    pass
            await self._note(now)
            if not await self._send(now) and not ticks:
                return
        log.error("what is to be done at %s does not come to an end", now.isoformat())

    async def _look(self, now: datetime) -> None:
        """Look at the team's figures, each week as it comes."""
        if self._look_at is not None and self._look_at <= now:
            await pattern_turns.turn(self._parts, self._world.figures)
            async with self._parts.database.read() as tx:
                self._look_at = await patterns.next_look(tx, self._world.workspace_id)

    async def _note(self, now: datetime) -> None:
        async with self._parts.database.write() as tx:
            noted = await journal.taken(tx)
        for insight, verdict, reason in noted:
            # What is to be said now has its line when it is.
            if verdict is not Verdict.NOW:
                self._decided(insight, now, Outcome(verdict.value), reason)

    def _decided(
        self,
        insight: Insight,
        now: datetime,
        outcome: Outcome,
        reason: Reason,
        message: Said | None = None,
    ) -> None:
        if self._last.get(insight.fingerprint) == (outcome, reason) and message is None:
            return
        person = self._world.people.get(insight.person_id)
        if person is None:
            return
        self._last[insight.fingerprint] = (outcome, reason)
        made = Decision(
            person, now, insight.rule, insight.subject, outcome, reason, insight.message, message
        )
        self.course.decisions.append(made)

    async def _send(self, now: datetime) -> bool:
        """Say what is due, as the sender does, but to nobody; says whether there was anything."""
        parts = self._parts
        async with parts.database.read() as tx:
            if not await sending.any_waiting(tx, now, self._undrawn):
                return False
        async with parts.database.write() as tx:
            claimed = await sending.claim(tx, now, lease=LEASE, most=TOGETHER, paused=self._undrawn)
        open_ = {each.fingerprint: each for one in claimed for each in one.insights}
        true = {each.fingerprint: each for each in await following.as_of_now(parts, open_.values())}
        stand: list[tuple[Claimed, Stands]] = []
        async with parts.database.write() as tx:
            for each in claimed:
                shows = [true[one.fingerprint] for one in each.insights]
                stands = Stands(each.message, shows)
                if self._is_wanted(each, stands, now):
                    stand.append((each, stands))
                    continue
                if each.message.person_id:
                    await self._reconsider(tx, each.message.person_id, now)
                withdrawn = MessageState.WITHDRAWN.value
                await sending.record(tx, each.message, state=withdrawn, attempts=0)
            advice = [stands for _, stands in stand if stands.insights]
            await saying.said(tx, self._world.workspace_id, advice, now)
            posted = [
                (
                    stands.message,
                    saying.posted(stands.message.addressee, stands.message.id[:32], now),
                )
                for _, stands in stand
            ]
            await sending.record_all(tx, posted)
        for each, stands in stand:
            self._said(each, stands, now)
        return bool(claimed)

    def _is_wanted(self, each: Claimed, stands: Stands, now: datetime) -> bool:
        """Whether it is still to be said, as the sender asks, and shows anything."""
        if not stands.insights:
            return True
        person = each.person
        return (
            person is not None
            and any(waits(insight, now) for insight in stands.shown(now))
            and any(still_wanted(person, insight, now) for insight in stands.insights)
        )

    async def _reconsider(self, tx: Tx, person_id: str, now: datetime) -> None:
        await deciding.reconsider(tx, self._world.workspace_id, [person_id], now)

    def _said(self, each: Claimed, stands: Stands, now: datetime) -> None:
        person = self._world.people.get(each.message.person_id or "")
        if person is None:
            return
        said = Said(person, now, each.message.id, each.message.kind)
        self.course.said.append(said)
        for insight in stands.insights:
            if not waits(insight, now):
                continue
            if insight in stands.shown(now):
                self._decided(insight, now, Outcome.SENT, Reason.TURN, said)
                self._will_answer(insight, person, now)
            elif said.kind in _BEHIND:
                # Behind the button: it has its place in the next one.
                self._decided(insight, now, Outcome.HOLD, _BEHIND[said.kind])

    def _will_answer(self, insight: Insight, person: Person, now: datetime) -> None:
        if self._answers is Answers.NONE:
            return
        if self._answers is Answers.SOME and self._chance.randrange(SOME):
            return
        at = next_work(now + WITHIN * self._chance.random(), person)
        at = min(at, insight.expires_at - timedelta(seconds=1))
        heapq.heappush(self._waiting, (max(at, now), insight.fingerprint))

    async def _answer(self, now: datetime) -> None:
        """Let people answer what they were told: half is taken, half is sent away."""
        due: list[str] = []
        while self._waiting and self._waiting[0][0] <= now:
            due.append(heapq.heappop(self._waiting)[1])
        if not due:
            return
        workspace_id = self._world.workspace_id
        async with self._parts.database.write() as tx:
            for print_ in due:
                insight = await insights.get(tx, workspace_id, print_)
                to = self._chance.choice((InsightState.TAKEN, InsightState.DISMISSED))
                if insight is None or not waits(insight, now):
                    continue
                await self._reconsider(tx, insight.person_id, now)
                await ending.end(tx, workspace_id, print_, to, now)


def _is_anybody_told(world: World) -> bool:
    """Whether anybody hears of patterns: to look for them costs a second or more."""
    rule = world.parts.rules.get(pattern_turns.RULE)
    return rule is not None and any(engine.is_heard(rule, each) for each in world.people.values())


def waits(insight: Insight, now: datetime) -> bool:
    """Whether it waits for an answer: open, in time, and not put off."""
    is_open = insight.state is InsightState.OPEN and insight.expires_at > now
    return is_open and not insight.is_put_off(now)
