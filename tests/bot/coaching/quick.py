"""The bot and its Slack in one process, without HTTP and without loops: for very many steps.

The parts, the store, the sender and the stand-in for Slack are the real ones; what is pressed is
handed to the use case that its listener calls.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import text

from bot.app import prepare
from bot.coaching import (
    asking,
    attending,
    backlogs,
    decisions,
    enrolling,
    following,
    muting,
    silencing,
    snoozing,
    ticking,
    tuning,
    undoing,
)
from bot.coaching.muting import Choice
from bot.playground.slack.api import SlackStandIn
from bot.playground.slack.things import Message
from bot.runtime.parts import Parts
from bot.slack.blocks import backlog, question
from bot.slack.blocks.menu import insight_in
from bot.slack.blocks.undoing import reason_chosen
from bot.slack.sender import Sender
from coach import postponing
from coach.action import FieldErrors
from coach.errors import CoachError
from coach.models import Enrolment, Insight, InsightState, Person
from coach.muting import KIND, mute_of
from coach.screens import ChoiceField, Control, DateField, Item, TextField
from coach.states import Press
from coach.wording import plain
from storage import insights, messages, mutes, people
from storage.insights import shown_by
from tests.bot.slack.posting import one_client
from tests.world import (
    ANA,
    BOT_TOKEN,
    MEMBERS,
    SIGNING_SECRET,
    WORKSPACE,
    FixedClock,
    by,
    connect,
    deliver,
    enrol,
    make_test_parts,
    native,
)

#: Every change of state is noted here by the database itself.
_NOTED = """
CREATE TABLE noted (what TEXT, id TEXT, before TEXT, after TEXT);
CREATE TRIGGER noted_insights AFTER UPDATE OF state ON insights WHEN OLD.state <> NEW.state
BEGIN INSERT INTO noted VALUES ('insight', NEW.fingerprint, OLD.state, NEW.state); END;
CREATE TRIGGER noted_messages AFTER UPDATE OF state ON messages WHEN OLD.state <> NEW.state
BEGIN INSERT INTO noted VALUES ('message', NEW.id, OLD.state, NEW.state); END;
"""

#: More turns than that are turns in a ring.
TURNS = 40


class _Here(AsyncWebClient):
    """A client of Slack that hands each call to the stand-in at once."""

    def __init__(self, slack: SlackStandIn, before_post: Callable[[], Awaitable[None]]) -> None:
        super().__init__(token=BOT_TOKEN)
        self._slack = slack
        self._before_post = before_post

    async def api_call(self, api_method: str, **given: Any) -> Any:
        if api_method == "chat.postMessage":
            await self._before_post()
        args: dict[str, Any] = {}
        for name in ("params", "data", "json"):
            args |= {k: v for k, v in (given.get(name) or {}).items() if v is not None}
        answer = self._slack._answer(api_method, args, BOT_TOKEN)
        if not answer["ok"]:
            raise SlackApiError(str(answer), answer)  # type: ignore[no-untyped-call]
        return _Answered(answer)


class _Answered(dict[str, Any]):
    """An answer, with its content where Slack's library has it too."""

    @property
    def data(self) -> dict[str, Any]:
        return self


@dataclass(frozen=True)
class Button:
    """Something that stands in a message: what it is called, what it says and of which insight."""

    ts: str
    action_id: str
    value: str
    insight: str = ""


@dataclass(frozen=True)
class Posted:
    """A message that was posted, with its person as they were then."""

    message: messages.Message
    insights: tuple[Insight, ...]
    person: Person
    at: datetime
    #: Whether all that it says as open is true, in these words.
    is_true: bool


class Quick:
    """Ana before her messages."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.clock = FixedClock()
        self.slack = SlackStandIn(
            MEMBERS, bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET, clock=self.clock
        )
        self.client = _Here(self.slack, self._note)
        self.parts: Parts
        self.sender: Sender
        self.posted: list[Posted] = []
        self._events = 0

    async def begin(self, enrolment: Enrolment) -> None:
        self._build()
        await prepare(self.parts, WORKSPACE)
        await connect(self.parts, native("https://crm.example/callback"))
        await enrol(self.parts, ANA, enrolment)
        async with self.parts.database.write() as tx:
            for statement in _NOTED.strip().split(";\n"):
                # A trigger has a semicolon of its own.
                await tx.execute(text(statement.strip().removesuffix(";")))

    def _build(self) -> None:
        self.parts = make_test_parts(self.url, self.clock)
        self.sender = Sender(self.parts, one_client(self.client), channel_pace=0)

    async def restart(self) -> None:
        """Other parts on the same database."""
        await self.parts.database.close()
        self._build()

    async def end(self) -> None:
        await self.parts.database.close()
        await self.slack.close()

    # What happens

    async def crm(self, *events: Mapping[str, Any]) -> None:
        """The CRM tells of something."""
        self._events += 1
        named = [{**each, "id": f"e-{self._events}-{n}"} for n, each in enumerate(events)]
        await deliver(self.parts, *named)
        await self.settle()

    async def pass_time(self, by: timedelta) -> None:
        self.clock.advance(by)
        await ticking.tick(self.parts)
        await self.settle()

    async def settle(self) -> None:
        """Let everything come to its end."""
        for _ in range(TURNS):
            if self.parts.wake.tick.is_set():
                self.parts.wake.tick.clear()
                await ticking.tick(self.parts)
            more = await attending.turn(self.parts)
            if not (await self.sender.send_due()) and not more:
                break
        else:
            raise AssertionError("it goes on and on")

    async def _note(self) -> None:
        """Note what is being posted: of one addressee never two at once."""
        async with self.parts.database.read() as tx:
            claimed = text("SELECT id FROM messages WHERE state = 'sending' AND ts IS NULL")
            id = (await tx.execute(claimed)).scalar_one()
            message = await messages.get(tx, WORKSPACE, id)
            assert message is not None
            shown = (await shown_by(tx, [(WORKSPACE, id)])).get((WORKSPACE, id), [])
            known = await people.load(tx, WORKSPACE, [message.person_id or ""])
            now = self.clock.now()
            open_ = [each for each in shown if each.state is InsightState.OPEN]
            review = await following.ask(self.parts, tx, WORKSPACE, open_, now)
        person = known[message.person_id or ""]
        self.posted.append(Posted(message, tuple(shown), person, now, not review))

    # What there is

    async def person(self) -> Person:
        async with self.parts.database.read() as tx:
            found = await people.by_slack_user(tx, WORKSPACE, ANA)
        assert found is not None
        return found

    async def insights(self) -> dict[str, Insight]:
        person = await self.person()
        async with self.parts.database.read() as tx:
            found = await insights.recent(tx, WORKSPACE, person.id, 1000)
        return {each.fingerprint: each for each in found}

    async def muted(self, open_: Collection[Insight]) -> list[Insight]:
        """Those of these insights that Ana wants to hear nothing of."""
        person, now = await self.person(), self.clock.now()
        async with self.parts.database.read() as tx:
            in_force = (await mutes.of(tx, WORKSPACE, [person.id], now)).get(person.id, [])
            about = await insights.subjects(tx, WORKSPACE, [each.fingerprint for each in open_])
        return [
            each
            for each in open_
            if mute_of(
                silencing.names(each, about.get(each.fingerprint, ())),
                mutes.plainly(in_force),
                now,
            )
        ]

    async def noted(self) -> list[tuple[str, str, str, str]]:
        async with self.parts.database.read() as tx:
            rows = await tx.execute(text("SELECT what, id, before, after FROM noted"))
            return [tuple(row) for row in rows]

    def messages(self) -> list[Message]:
        return [each for each in self.slack.messages(ANA) if each.sender == "bot"]

    def buttons(self) -> list[Button]:
        """Everything that can be pressed in Ana's messages."""
        return [
            Button(
                message.ts,
                element["action_id"],
                str(element.get("value") or ""),
                insight_in(block.get("block_id", ""))
                or str(element.get("value") or "")
                or _of_reason(element),
            )
            for message in self.messages()
            for block in message.blocks
            if block["type"] == "actions"
            for element in block["elements"]
        ]

    # Ana's hands

    async def press(self, button: Button, choose: str = "") -> bool:
        """Press a button, be it one that stands there no more; says whether it was followed."""
        try:
            await self._press(button, choose)
        except CoachError:
            return False
        finally:
            await self.settle()
        return True

    async def _press(self, button: Button, choose: str) -> None:
        parts, ana, print_ = self.parts, by(ANA), button.insight
        match button.action_id:
            case Press.TAKE:
                await self._take(print_, choose)
            case Press.DISMISS:
                await decisions.dismiss(parts, ana, print_)
            case Press.UNSNOOZE:
                await snoozing.undo(parts, ana, print_)
            case Press.UNMUTE:
                await muting.undo(parts, ana, print_)
            case Press.UNDO:
                await undoing.undo(parts, ana, print_)
            case Press.EXPLAIN:
                chosen = reason_chosen({"selected_option": {"value": f"{choose}:{print_}"}})
                assert chosen is not None
                await tuning.explain(parts, ana, print_, chosen[0])
            case Press.MENU:
                await self._menu(print_, choose)
            case question.GO_ON:
                await asking.answer(parts, ana, button.value, go_on=True)
            case question.STOP:
                await asking.answer(parts, ana, button.value, go_on=False)
            case "welcome:start":
                await enrolling.start(parts, ana)
            case "welcome:later":
                await enrolling.decline(parts, ana)
            case backlog.REST | backlog.WAKE:
                rests = button.action_id == backlog.REST
                await backlogs.let_rest(parts, ana, button.value, rests=rests)
            case backlog.ALL:
                await backlogs.everything(parts, await self.person())
            case "brief:all":
                await following.pending(parts, WORKSPACE, (await self.person()).id)
            case other:
                raise AssertionError(f"nobody presses {other}")

    async def _menu(self, print_: str, choose: str) -> None:
        parts, ana = self.parts, by(ANA)
        match choose:
            case "hour":
                await snoozing.snooze(parts, ana, print_, postponing.in_an_hour)
            case "tomorrow":
                await snoozing.snooze(parts, ana, print_, postponing.tomorrow)
            case "day":
                person = await snoozing.may(parts, ana, print_)
                day = postponing.next_week(person, self.clock.now()).isoformat()
                until = partial(postponing.on_day, day)
                await snoozing.snooze(parts, ana, print_, until)
            case "kind" | "thing":
                person, found = await muting.choices(parts, ana, print_)
                until_ = postponing.tomorrow(person, self.clock.now())
                kinds = [each for each in found if each.what.startswith(KIND)]
                things = [each for each in found if each not in kinds]
                chosen = (kinds if choose == "kind" else things or kinds)[0]
                await muting.mute(parts, ana, chosen, until_)
            case _:
                await decisions.dismiss(parts, ana, print_)

    async def _take(self, print_: str, choose: str) -> None:
        """Do the first thing that the screen offers; or the form, as it is; or only look."""
        parts, ana = self.parts, by(ANA)
        opened = await decisions.open_screen(parts, ana, print_)
        if choose == "look":
            await decisions.leave(parts, ana, print_)
            return
        items = [each for each in opened.screen.elements if isinstance(each, Item)]
        for item in items:
            if item.controls:
                control = item.controls[0]
                values = {
                    Control.RESCHEDULE_TASK: "2027-06-01",
                    Control.MOVE_DEAL: item.stages[-1] if item.stages else None,
                }
                await decisions.use_control(
                    parts, ana, print_, control, item.ref, values.get(control),
                    [each.ref for each in items],
                )  # fmt: skip
                break
        fields = [each for each in opened.screen.elements if not isinstance(each, Item)]
        values_: dict[str, str | None] = {}
        for field in fields:
            match field:
                case TextField(name=name, initial=initial):
                    lines = initial if isinstance(initial, tuple) else (initial,)
                    values_[name] = "\n".join(
                        each if isinstance(each, str) else plain(each) for each in lines
                    )
                case DateField(name=name, initial=day):
                    values_[name] = day.isoformat() if day else None
                case ChoiceField(name=name, initial=chosen):
                    values_[name] = chosen
        if fields and values_:
            result = await decisions.submit(parts, ana, print_, values_)
            assert not isinstance(result, FieldErrors), result
        else:
            await decisions.leave(parts, ana, print_)

    async def mute(self, rule: str, until: datetime | None) -> None:
        await muting.mute(self.parts, by(ANA), Choice(f"{KIND}{rule}"), until)
        await self.settle()

    async def unmute_all(self) -> None:
        for each in await muting.of(self.parts, WORKSPACE, (await self.person()).id):
            await muting.unmute(self.parts, by(ANA), each.what)
        await self.settle()


def _of_reason(element: Mapping[str, Any]) -> str:
    options = element.get("options") or [{"value": ""}]
    return str(options[0]["value"]).partition(":")[2]
