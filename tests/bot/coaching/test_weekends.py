"""What a Friday's digest holds is there on Monday, whatever happened at the weekend.

A line goes when its person answers it or the CRM settles it; else it stands there, or is told of
elsewhere. What happens is drawn at random, and the same in every run.
"""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

import pytest

from bot.coaching import enrolling, snoozing, undoing
from coach import postponing
from coach.errors import CoachError
from coach.models import Enrolment, Insight, InsightState, Level, Often
from coach.states import Press
from storage import people
from tests.bot.coaching.quick import Button, Quick
from tests.bot.coaching.test_following import done
from tests.bot.coaching.test_ticking import lead, open_deal, task
from tests.world import ANA, WORKSPACE, by, told

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Weekend:
    """Ana, who hears of next to nothing but by the digest of the week."""

    def __init__(self, quick: Quick, chance: random.Random) -> None:
        self.quick = quick
        self.chance = chance
        #: What stood in a digest, and Ana has not answered since.
        self.unanswered: set[str] = set()

    async def begin(self) -> None:
        """Much has waited for long, and is too small to interrupt her."""
        await self.quick.begin(Enrolment.STARTED)
        person = await self.quick.person()
        level = self.chance.choice([Level.MINIMAL, Level.BALANCED])
        brief = level is Level.MINIMAL and self.chance.random() < 0.5
        async with self.quick.parts.database.write() as tx:
            await people.change(
                tx, WORKSPACE, person.id, level=int(level), brief=brief,
                digest=Often.WEEKLY.value, holidays=self.chance.choice([None, "ES"]),
            )  # fmt: skip
        for number in range(2):
            await self.quick.crm(open_deal(f"D-{number}", 100 + number))
            await self.quick.crm(lead(f"C-{number}", f"Lead {number}"))
            await self.quick.crm(task(f"T-{number}", f"2026-11-1{number}"))

    async def go_to(self, at: datetime) -> None:
        """Time passes until then, and is looked at every two hours."""
        while (now := self.quick.clock.now()) < at:
            await self.quick.pass_time(min(2 * HOUR, at - now))
            await self.look()

    async def look(self) -> None:
        """Nothing of a digest has gone that is not answered."""
        known, now = await self.quick.insights(), self.quick.clock.now()
        live = [
            known[each.insight] for each in self.quick.buttons() if each.action_id == Press.TAKE
        ]
        for print_ in list(self.unanswered):
            insight = known[print_]
            if _is_answered(insight, now):
                self.unanswered.discard(print_)
                continue
            same = [each for each in live if _what(each) == _what(insight)]
            assert same, (now, insight, [each.text for each in self.quick.messages()])
            if insight.fingerprint not in {each.fingerprint for each in same}:
                # It is told of elsewhere.
                self.unanswered.discard(print_)

    async def note(self) -> None:
        """The digest has come: what stands in it is what is not to go."""
        (digest,) = [each for each in self.quick.messages() if each.text.startswith("Worth a")]
        self.unanswered |= {each.insight for each in self._takes() if each.ts == digest.ts}
        assert self.unanswered

    async def something_happens(self) -> None:
        """One of the things that people and CRMs do at weekends."""
        now, n = self.quick.clock.now(), self.chance.randrange(3)
        worth = {"id": f"D-{n}", "value": 7}
        things: list[Callable[[], Awaitable[object]]] = [
            partial(self.quick.crm, task(f"T-{n + 3}", "2026-11-12")),
            partial(self.quick.crm, done(f"T-{n}", now, title=f"Task T-{n}")),
            partial(self.quick.crm, lead(f"C-{n + 3}", f"Lead {n + 3}")),
            partial(self.quick.crm, open_deal(f"D-{n + 3}", 50)),
            partial(self.quick.crm, told("deal_updated", deal=worth, at=now)),
            partial(self.put_off, "for good"),
            partial(self.put_off, "and back"),
            self.answer_and_undo,
            self.be_silent,
            self.quick.restart,
        ]
        await self.chance.choice(things)()
        await self.quick.settle()

    async def _one(self) -> str | None:
        takes = self._takes()
        return self.chance.choice(takes).insight if takes else None

    def _takes(self) -> list[Button]:
        return [each for each in self.quick.buttons() if each.action_id == Press.TAKE]

    async def put_off(self, how: str) -> None:
        """Something is put off until the next morning, or has been by mistake."""
        if (print_ := await self._one()) is None:
            return
        await snoozing.snooze(self.quick.parts, by(ANA), print_, postponing.tomorrow)
        await self.quick.settle()
        if how == "and back":
            await snoozing.undo(self.quick.parts, by(ANA), print_)

    async def answer_and_undo(self) -> None:
        """Something is sent away by mistake."""
        dismiss = [each for each in self.quick.buttons() if each.action_id == Press.DISMISS]
        menus = [each for each in self.quick.buttons() if each.action_id == Press.MENU]
        if not (dismiss or menus):
            return
        pressed = self.chance.choice([*dismiss, *menus])
        await self.quick.press(pressed, "dismiss")
        await undoing.undo(self.quick.parts, by(ANA), pressed.insight)

    async def be_silent(self) -> None:
        """She turns the coach off for an hour."""
        try:
            await enrolling.pause(self.quick.parts, by(ANA), self.quick.clock.now() + HOUR)
        except CoachError:
            return


def _is_answered(insight: Insight, now: datetime) -> bool:
    answered = {
        InsightState.TAKEN, InsightState.DISMISSED, InsightState.MUTED, InsightState.RESOLVED,
    }  # fmt: skip
    return insight.state in answered or insight.is_put_off(now)


def _what(insight: Insight) -> tuple[str, str]:
    return insight.rule, insight.subject


@pytest.fixture
async def quick(sqlite_url: str) -> AsyncIterator[Quick]:
    made = Quick(sqlite_url)
    yield made
    await made.end()


@pytest.mark.parametrize("seed", range(6))
async def test_a_fridays_digest_is_there_on_monday_and_on_tuesday(quick: Quick, seed: int) -> None:
    weekend = Weekend(quick, random.Random(seed))
    await weekend.begin()
    now = quick.clock.now()
    friday = (now + (4 - now.weekday()) % 7 * DAY).replace(hour=16, minute=1)
    await weekend.go_to(friday)
    await weekend.note()
    for at in (3 * HOUR, 10 * HOUR, 30 * HOUR, 50 * HOUR, 62 * HOUR, 64 * HOUR + MINUTE):
        await weekend.go_to(friday + at)
        await weekend.something_happens()
        await weekend.look()
    # As the work of Tuesday draws to its end two working days are over.
    await weekend.go_to(friday + 4 * DAY - 2 * MINUTE)
