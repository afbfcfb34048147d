"""Whatever people press, the CRM tells and the clock does: what holds holds after each step.

The steps are drawn at random, and the same in every run. `tests/bot/coaching/quick.py` takes them.
"""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot.coaching import enrolling, following
from coach import postponing
from coach.calendar import is_at_work, local_date
from coach.chain import FRESH, silenced
from coach.errors import CoachError
from coach.models import Dismissed, Enrolment, Insight, InsightState, Level, MessageState
from coach.states import INSIGHT_WAYS, MESSAGE_WAYS, Press, presses
from coach.thresholds import daily_cap
from tests import databases
from tests.bot.coaching.quick import Button, Posted, Quick
from tests.bot.coaching.test_following import done
from tests.bot.coaching.test_ticking import LONG_AGO, lead, open_deal, task
from tests.conftest import FOLDER, make_schema
from tests.world import ANA as ANA_IN_SLACK
from tests.world import WORKSPACE, by, told, won

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

#: Kinds of message that are advice.
ADVICE = {"card", "brief", "digest"}

NUMBERS = st.integers(0, 2)
KINDS = st.sampled_from(
    ["referral_ask", "next_priority", "follow_up", "stale_leads", "stuck_deals", "overdue_tasks"]
)
CHOICES = {
    Press.TAKE: ["do", "look"],
    Press.MENU: ["hour", "tomorrow", "day", "kind", "thing", "dismiss"],
    Press.EXPLAIN: [each.value for each in Dismissed],
}


class EveryWay(RuleBasedStateMachine):
    """Ana, her CRM and the clock."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="every-way-"))
        shutil.copyfile(self.template, self.folder / "coach.db")
        self.quick = Quick(f"sqlite+aiosqlite:///{self.folder / 'coach.db'}")
        #: All that could ever be pressed: whoever has an old window presses it once more.
        self.known: list[Button] = []
        self.looked_at = 0

    def teardown(self) -> None:
        self.run(self.quick.end())
        self.loop.close()
        shutil.rmtree(self.folder)

    def run(self, step: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(step)

    @initialize(started=st.booleans(), level=st.sampled_from([*Level]), stock=st.booleans())
    def begin(self, started: bool, level: Level, stock: bool) -> None:
        self.run(self.quick.begin(Enrolment.STARTED if started else Enrolment.NEW))
        if started:
            self.run(enrolling.set_level(self.quick.parts, by(ANA_IN_SLACK), level))
        if stock:
            for number in range(2):
                self.there_is_a_deal_that_stands_still(number)
                self.a_task_is_overdue(number)
                self.a_task_is_pressing(number)
                self.a_lead_is_cold(number)
            self.the_next_morning_comes(1)

    # The CRM

    @rule(number=NUMBERS)
    def a_deal_is_won(self, number: int) -> None:
        self.run(self.quick.crm(won(f"D-{number}", at=self.quick.clock.now())))

    @rule(number=NUMBERS)
    def a_deal_was_won_some_time_ago(self, number: int) -> None:
        self.run(self.quick.crm(won(f"D-{number}", at=self.quick.clock.now() - 2 * HOUR)))

    @rule(number=NUMBERS)
    def there_is_a_deal_that_stands_still(self, number: int) -> None:
        self.run(self.quick.crm(open_deal(f"D-{number}", since=LONG_AGO)))

    @rule(number=NUMBERS)
    def a_deal_is_new(self, number: int) -> None:
        self.run(self.quick.crm(open_deal(f"N-{number}", since=self.quick.clock.now())))

    @rule(number=NUMBERS)
    def a_deal_moves(self, number: int) -> None:
        deal = {"id": f"D-{number}", "stage": f"Stage {number}", "status": "open"}
        at = self.quick.clock.now()
        self.run(self.quick.crm(told("deal_stage_changed", deal=deal, at=at)))

    @rule(number=NUMBERS)
    def a_deal_goes(self, number: int) -> None:
        event = told("deal_deleted", deal={"id": f"D-{number}"}, at=self.quick.clock.now())
        self.run(self.quick.crm(event))

    @rule(number=NUMBERS)
    def a_task_is_overdue(self, number: int) -> None:
        self.run(self.quick.crm(task(f"T-{number}", f"2026-11-1{number}")))

    @rule(number=NUMBERS)
    def a_task_is_pressing(self, number: int) -> None:
        given = {"id": f"P-{number}", "title": f"Task P-{number}", "priority": "high"}
        event = told("task_created", task={**given, "due_date": f"2027-01-1{number}"}, at=LONG_AGO)
        self.run(self.quick.crm(event))

    @rule(number=NUMBERS, pressing=st.booleans())
    def a_task_is_done(self, number: int, pressing: bool) -> None:
        id = f"{'P' if pressing else 'T'}-{number}"
        self.run(self.quick.crm(done(id, self.quick.clock.now(), title=f"Task {id}")))

    @rule(number=NUMBERS)
    def a_lead_is_cold(self, number: int) -> None:
        self.run(self.quick.crm(lead(f"C-{number}", f"Lead {number}")))

    @rule(number=NUMBERS)
    def a_lead_is_called(self, number: int) -> None:
        contact = {"id": f"C-{number}"}
        event = told("call_logged", contact=contact, at=self.quick.clock.now())
        self.run(self.quick.crm(event))

    # The clock

    @rule(by_=st.sampled_from([2 * MINUTE, 20 * MINUTE, HOUR, 5 * HOUR]))
    def a_while_passes(self, by_: timedelta) -> None:
        self.run(self.quick.pass_time(by_))

    @rule(days=st.sampled_from([1, 1, 1, 2, 5]))
    def the_next_morning_comes(self, days: int) -> None:
        now = self.quick.clock.now()
        morning = (now + days * DAY).replace(hour=8, minute=1)
        self.run(self.quick.pass_time(morning - now))

    @rule()
    def the_end_of_the_week_comes(self) -> None:
        now = self.quick.clock.now()
        friday = (now + (4 - now.weekday()) % 7 * DAY).replace(hour=16, minute=1)
        if friday > now:
            self.run(self.quick.pass_time(friday - now))

    @rule()
    def the_bot_is_started_anew(self) -> None:
        self.run(self.quick.restart())

    # Ana

    @precondition(lambda self: self.pressable(Press.TAKE, Press.DISMISS))
    @rule(data=st.data())
    def something_is_answered(self, data: st.DataObject) -> None:
        self._press(data, self.pressable(Press.TAKE, Press.DISMISS))

    @precondition(lambda self: self.pressable(Press.MENU))
    @rule(data=st.data())
    def the_menu_is_used(self, data: st.DataObject) -> None:
        self._press(data, self.pressable(Press.MENU))

    @precondition(lambda self: self.pressable(Press.EXPLAIN))
    @rule(data=st.data())
    def it_is_said_why(self, data: st.DataObject) -> None:
        self._press(data, self.pressable(Press.EXPLAIN))

    @precondition(lambda self: self.pressable(Press.UNDO, Press.UNMUTE, Press.UNSNOOZE))
    @rule(data=st.data())
    def something_is_taken_back(self, data: st.DataObject) -> None:
        self._press(data, self.pressable(Press.UNDO, Press.UNMUTE, Press.UNSNOOZE))

    @precondition(lambda self: self.quick.messages())
    @rule(data=st.data())
    def anything_is_pressed(self, data: st.DataObject) -> None:
        self._press(data, self.quick.buttons())

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def an_old_window_is_pressed(self, data: st.DataObject) -> None:
        self._press(data, self.known)

    def pressable(self, *which: Press) -> list[Button]:
        """What stands there of these."""
        return [each for each in self.quick.buttons() if each.action_id in which]

    def _press(self, data: st.DataObject, buttons: list[Button]) -> None:
        if not buttons:
            return
        button = data.draw(st.sampled_from(buttons))
        is_ours = button.action_id in {*Press}
        choices = CHOICES.get(Press(button.action_id), [""]) if is_ours else [""]
        self.run(self.quick.press(button, data.draw(st.sampled_from(choices))))

    @rule(kind=KINDS, for_good=st.booleans())
    def a_kind_is_muted(self, kind: str, for_good: bool) -> None:
        async def step() -> None:
            person = await self.quick.person()
            until = None if for_good else postponing.tomorrow(person, self.quick.clock.now())
            await self.quick.mute(kind, until)

        self.run(step())

    @rule()
    def all_mutes_are_taken_back(self) -> None:
        self.run(self.quick.unmute_all())

    @rule(on=st.booleans())
    def it_is_turned_on_or_off(self, on: bool) -> None:
        async def step() -> None:
            turn = enrolling.turn_on if on else enrolling.turn_off
            await turn(self.quick.parts, by(ANA_IN_SLACK))
            await self.quick.settle()

        self.run(step())

    @rule(hours=st.sampled_from([None, 2, 30]))
    def it_is_paused_or_the_pause_ends(self, hours: int | None) -> None:
        async def step() -> None:
            until = None if hours is None else self.quick.clock.now() + hours * HOUR
            try:
                await enrolling.pause(self.quick.parts, by(ANA_IN_SLACK), until)
            except CoachError:
                return
            await self.quick.settle()

        self.run(step())

    @rule(level=st.sampled_from([*Level]))
    def the_level_is_changed(self, level: Level) -> None:
        async def step() -> None:
            await enrolling.set_level(self.quick.parts, by(ANA_IN_SLACK), level)
            await self.quick.settle()

        self.run(step())

    # What always holds

    @invariant()
    def what_stands_there_is_what_is(self) -> None:
        if not hasattr(self.quick, "parts"):
            return
        known = self.run(self.quick.insights())
        buttons = self.quick.buttons()
        self.known = list({**dict.fromkeys(self.known), **dict.fromkeys(buttons)})[-60:]
        self._one_live_message_each(buttons, known)
        self._nothing_to_press_on_what_is_decided(buttons, known)
        self._nothing_untrue_stands(buttons, known)
        self._every_way_is_known()
        for place in range(self.looked_at, len(self.quick.posted)):
            self._could_be_posted(self.quick.posted[place], self.quick.posted[:place])
        self.looked_at = len(self.quick.posted)

    def _one_live_message_each(self, buttons: list[Button], known: dict[str, Insight]) -> None:
        live = Counter(each.insight for each in buttons if each.action_id == Press.TAKE)
        assert all(count == 1 for count in live.values()), live
        matters = Counter((known[each].rule, known[each].subject) for each in live)
        assert all(count == 1 for count in matters.values()), matters

    def _nothing_to_press_on_what_is_decided(
        self, buttons: list[Button], known: dict[str, Insight]
    ) -> None:
        now = self.quick.clock.now()
        for each in buttons:
            if each.action_id in {*Press}:
                insight = known[each.insight]
                assert each.action_id in presses(insight, now), (each, insight)

    def _nothing_untrue_stands(self, buttons: list[Button], known: dict[str, Insight]) -> None:
        open_ = [known[each.insight] for each in buttons if each.action_id == Press.TAKE]

        async def step() -> Any:
            async with self.quick.parts.database.read() as tx:
                now = self.quick.clock.now()
                return await following.ask(self.quick.parts, tx, WORKSPACE, open_, now)

        assert not self.run(step()).over
        assert not self.run(self.quick.muted(open_))

    def _every_way_is_known(self) -> None:
        for what, id, before, after in self.run(self.quick.noted()):
            if what == "insight":
                ways = INSIGHT_WAYS[InsightState(before)]
                assert InsightState(after) in ways, (id, before, after)
            else:
                # Slack takes everything here: what it did not take would be a fault of ours.
                assert after != MessageState.FAILED.value, id
                where = MESSAGE_WAYS[MessageState(before)]
                assert MessageState(after) in where, (id, before, after)

    def _could_be_posted(self, posted: Posted, before: list[Posted]) -> None:
        person, at, kind = posted.person, posted.at, posted.message.kind
        if kind == "welcome":
            return
        assert silenced(person, at) is None, posted
        open_ = [each for each in posted.insights if each.state is InsightState.OPEN]
        if kind in ADVICE:
            assert posted.is_true, posted
            assert any(each.expires_at > at and not each.is_put_off(at) for each in open_), posted
        own = any(self._is_at_it(each, at) for each in open_)
        begun = person.began_at is not None and person.began_at <= at < person.began_at + FRESH
        assert is_at_work(at, person) or own or begun, posted
        if kind == "card":
            today = local_date(at, person)
            others = [
                each
                for each in before
                if each.message.kind in ADVICE and local_date(each.at, person) == today
            ]
            assert len(others) < daily_cap(person), posted

    def _is_at_it(self, insight: Insight, at: Any) -> bool:
        later = insight.snoozed_until
        if later is not None:
            return bool(at - FRESH < later <= at)
        return insight.type.value == "action" and insight.created_at + FRESH > at


@pytest.mark.filterwarnings("ignore")
def test_whatever_happens_in_whatever_order_what_holds_holds(pytestconfig: pytest.Config) -> None:
    class OnTemplate(EveryWay):
        template = databases.sqlite_template(pytestconfig.stash[FOLDER], make_schema)

    run_state_machine_as_test(
        OnTemplate,
        settings=settings(
            derandomize=True,
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            # The steps as they were tell enough; to make them fewer takes minutes.
            phases=[Phase.generate],
            suppress_health_check=[*HealthCheck],
        ),
    )


#: As much as fits into a few seconds; more are tried by hand when something here changes.
EXAMPLES, STEPS = 12, 30
