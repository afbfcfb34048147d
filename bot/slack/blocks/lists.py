"""What `/coach insights`, `tasks` and `deals` answer: lists for the one who asked."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import TypeVar

from bot.slack.blocks.asides import sentence
from bot.slack.blocks.card import buttons, importance, promised, what_and_why
from bot.slack.blocks.pieces import (
    Blocks,
    Json,
    context,
    fitted,
    header,
    line,
    paragraph,
    plain_text,
)
from coach.models import Deal, Insight, Message, Span, Task, TaskPriority, say
from coach.presenting import money

#: How many things one list shows.
INSIGHTS, ROWS = 10, 25

#: How many things are counted at most.
MOST = 1000

_ELSEWHERE = "If the CRM knows you by another address: `/coach link EMAIL`."

T = TypeVar("T")


def insight_rows(
    insights: Sequence[Insight], promise: Callable[[Insight], str], share: float = 1.0
) -> Blocks:
    """Each insight with its buttons; the last line counts those left out."""
    shown = insights[: max(int(INSIGHTS * share), 1)]
    text_share = min(share, 0.5)
    blocks: Blocks = []
    for insight in shown:
        blocks += [
            what_and_why(insight, text_share),
            context(importance(insight), *promised(promise(insight), text_share)),
            buttons(insight),
        ]
    return blocks + _left(len(insights) - len(shown), "insight")


def insight_list(
    insights: Sequence[Insight], promise: Callable[[Insight], str]
) -> tuple[str, Blocks]:
    """Pending insights, the most important first, each with its buttons.

    `promise` tells of an insight what Take Action will do.
    """
    if not insights:
        return sentence("Nothing waits for you. Well done!")
    title = _count(len(insights), "insight") + " for you"
    return title, fitted(lambda share: [header(title), *insight_rows(insights, promise, share)])


def task_list(tasks: Sequence[Task], today: date) -> tuple[str, Blocks]:
    """Pending tasks, earliest due first."""
    if not tasks:
        return sentence(f"You have no open tasks in the CRM. {_ELSEWHERE}")

    def row(task: Task) -> Message:
        late = " (overdue)" if task.due_date and task.due_date < today else ""
        due = f"due {task.due_date:%a %-d %b}{late}" if task.due_date else "no due date"
        facts = [due]
        if task.priority in {TaskPriority.HIGH, TaskPriority.URGENT}:
            facts.append(f"{task.priority} priority")
        return say(Span(task.name, task.url), f" – {', '.join(facts)}")

    return _listed(tasks, "open task", row)


def deal_list(deals: Sequence[Deal]) -> tuple[str, Blocks]:
    """Open deals, largest first."""
    if not deals:
        return sentence(f"You have no open deals in the CRM. {_ELSEWHERE}")

    def row(deal: Deal) -> Message:
        facts = f" – {money(deal.value, deal.currency)}, {deal.stage or 'no stage'}"
        return say(Span(deal.name, deal.url), facts)

    return _listed(deals, "open deal", row)


def _listed(things: Sequence[T], noun: str, row: Callable[[T], Message]) -> tuple[str, Blocks]:
    title = f"Your {_count(len(things), noun)}"

    def build(share: float) -> Blocks:
        shown = things[: max(int(ROWS * share), 1)]
        rows: list[Json] = [
            {"type": "rich_text_section", "elements": line(row(thing), 240, links=share > 0.2)}
            for thing in shown
        ]
        bullets: Json = {"type": "rich_text_list", "style": "bullet", "elements": rows}
        return [
            header(title),
            {"type": "rich_text", "elements": [bullets]},
            *_left(len(things) - len(shown), noun),
        ]

    return title, fitted(build)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"


def _left(number: int, noun: str) -> Blocks:
    return [context(plain_text(f"… and {_count(number, noun)} more."))] if number > 0 else []


def note(text: str) -> Blocks:
    """A sentence of our own among the blocks."""
    return [paragraph(line(text, 600))]
