"""Tells a short story in the terminal through the same parts as the page: `coach demo --tour`."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from bot.playground.crm.seed import ANA
from bot.playground.mornings import until_morning
from bot.playground.server import Playground
from bot.playground.slack.api import Answer, Message, words_of
from bot.playground.slack.reading import buttons, read, read_view
from bot.playground.story import plain
from bot.playground.team import PEOPLE
from coach.errors import CoachError

T = TypeVar("T")

TAKE, DISMISS = "Take Action", "Dismiss"
STEP = timedelta(seconds=61)
"""A person gets at most one unanswered card a minute; this lets the next one through."""
STEP_SECONDS = 0.7
"""How long, in real time, each step of the clock is waited for."""


class TourError(CoachError):
    """The story did not go as it should; the text says where and what was seen instead."""


async def play(playground: Playground, console: Console, *, patience: float = 20.0) -> None:
    """Play the story to its end; each wait lasts at most ``patience`` seconds.

    Raises:
        TourError: something that should have happened did not.
    """
    tour = Tour(playground, console, patience)
    await tour.begin()
    await tour.won_deal()
    await tour.dismissal()
    await tour.morning_brief()
    console.print(Text("`coach demo` opens the same on a page.\n"))
    console.print(Text("The end.", style="bold"))
    # What the coach does while it ends is not part of the story.
    console.quiet = True


class Tour:
    def __init__(self, playground: Playground, console: Console, patience: float) -> None:
        self.playground = playground
        self.slack = playground.slack
        self.crm = playground.crm
        self.console = console
        self.patience = patience

    async def begin(self) -> None:
        """The coach learns the team; Ana agrees to be written to when she is asked."""
        self._heading("The coach reads the team's CRM")
        try:
            await self.crm.deliveries.settled(self.patience)
        except TimeoutError as error:
            raise self._fault(str(error)) from None

    async def won_deal(self) -> None:
        """A deal is won; the card's button makes a task in the CRM."""
        deal = next(
            (one for one in self.crm.deals.values() if self._open_deal_with_contact(one)), None
        )
        if deal is None:
            raise self._fault("Ana has no open deal left to win. Try `coach demo --tour --fresh`.")
        self._heading(f"Ana wins “{deal['title']}”")
        before = set(self.crm.tasks)
        self.crm.change_deal(deal["id"], {"stage": "Closed Won"})
        card = await self._card("referral")
        self._show("Coach to Ana", read(card.blocks))
        self._heading(f"Ana presses {TAKE}")
        await self._press(card, TAKE)
        view = await self._wait(lambda: self.slack.top_view(ANA), "the window behind the button")
        self._show("A window opens", read_view(view))
        self._heading("Ana sends the form as it is filled in")
        answer = await self.slack.submit(ANA, view["id"])
        if answer.errors:
            raise self._fault(f"The form was refused: {' '.join(answer.errors.values())}")
        self._check(answer, "Sending the form")
        task = await self._wait(lambda: self._new_task(before), "the task to appear in the CRM")
        due = f", due {task['due_date']}" if task["due_date"] else ""
        self._show("The CRM", f"A new task: {task['title']}{due} ({task['priority']})")
        await self._answered(card)

    async def dismissal(self) -> None:
        """A card that is of no use is put away."""
        task = next((one for one in self.crm.tasks.values() if self._can_wait(one)), None)
        if task is None:
            raise self._fault("Ana has no task left to do. Try `coach demo --tour --fresh`.")
        self._heading(f"Ana completes “{task['title']}” in the CRM")
        self.crm.change_task(task["id"], {"completed": True})
        card = await self._card("Next priority")
        self._show("Coach to Ana", read(card.blocks))
        self._heading(f"Ana presses {DISMISS}")
        await self._press(card, DISMISS)
        await self._answered(card)

    async def morning_brief(self) -> None:
        """The next morning; what is to be done is in one message."""
        self._heading("The next morning of work")
        messages = self.slack.messages(ANA)
        after = messages[-1].ts if messages else ""
        await self.playground.move_clock(until_morning(self.playground.clock.now(), 1))
        card = await self._card("going cold", after=after)
        self._show("Coach to Ana", read(card.blocks))
        self._heading(f"Ana presses {TAKE}")
        await self._press(card, TAKE)
        view = await self._wait(lambda: self.slack.top_view(ANA), "the window behind the button")
        self._show("A window opens", read_view(view))
        self._check(await self.slack.dismiss(ANA, everything=True), "Closing the window")

    # What the story waits for

    async def _card(self, containing: str, *, after: str = "") -> Message:
        """The newest card with these words whose button waits; time passes until it comes."""

        def waiting() -> Message | None:
            for message in reversed(self.slack.messages(ANA)):
                if message.ts > after and containing in words_of(message):
                    return message if TAKE in buttons(message.blocks) else None
            return None

        what = f"a card with the words “{containing}” and the button {TAKE}"
        for _ in range(max(1, int(self.patience / STEP_SECONDS))):
            try:
                found: Message = await self.slack.until(waiting, what, STEP_SECONDS)
            except TimeoutError:
                await self.playground.move_clock(STEP)
            else:
                return found
        raise self._fault(f"Waited {self.patience:g} seconds in vain for {what}.")

    async def _press(self, card: Message, label: str) -> None:
        try:
            answer = await self.slack.press(ANA, card.ts, label=label)
        except LookupError as error:
            raise self._fault(str(error)) from None
        self._check(answer, f"Pressing {label}")

    async def _answered(self, card: Message) -> None:
        """The same message, now without its buttons."""
        what = "the card to say what was done and to lose its buttons"
        await self._wait(lambda: TAKE not in buttons(card.blocks), what)
        self._show("The same message now", read(card.blocks) or card.text)

    async def _wait(self, done: Callable[[], T | None], what: str) -> T:
        try:
            found: T = await self.slack.until(done, what, self.patience)
        except TimeoutError as error:
            raise self._fault(str(error)) from None
        return found

    def _new_task(self, before: set[str]) -> dict[str, str] | None:
        return next((task for key, task in self.crm.tasks.items() if key not in before), None)

    def _open_deal_with_contact(self, deal: dict[str, str]) -> bool:
        return deal["owner"] == ANA and deal["status"] == "open" and bool(deal["contact_id"])

    def _can_wait(self, task: dict[str, str]) -> bool:
        mine = task["owner"] == ANA and task["status"] == "pending"
        zone = ZoneInfo(next(person.tz for person in PEOPLE if person.id == ANA))
        today = self.playground.clock.now().astimezone(zone).date().isoformat()
        overdue = bool(task["due_date"]) and task["due_date"] < today
        return mine and task["priority"] in ("low", "medium") and not overdue

    # What the terminal shows

    def _check(self, answer: Answer, what: str) -> None:
        if answer.problem is not None:
            raise self._fault(f"{what} failed. {answer.problem}")

    def _fault(self, sentence: str) -> TourError:
        refused = [
            f"{one.method}: {one.code} {' '.join(one.messages)}".strip()
            for one in self.slack.refusals[-3:]
        ]
        refused += [str(entry["problem"]) for entry in list(self.playground.log)[-5:]
                    if entry["problem"] and entry["direction"] != "to Slack"]  # fmt: skip
        seen = [plain(one.text, 80) for one in self.slack.messages(ANA)[-3:]]
        told = [sentence]
        if refused:
            told.append(
                "What went wrong before: " + "; ".join(one.rstrip(".") for one in refused) + "."
            )
        told.append(
            "Ana's last messages: "
            + ("; ".join(one.rstrip(".") for one in seen) if seen else "none")
            + "."
        )
        return TourError(" ".join(told))

    def _heading(self, text: str) -> None:
        self.console.print()
        self.console.print(Text(f"▸ {plain(text)}", style="bold cyan"))

    def _show(self, title: str, text: str) -> None:
        lines = "\n".join(plain(line, 1000) for line in text.split("\n"))
        self.console.print(Panel(Text(lines), title=Text(title), title_align="left", width=78))
