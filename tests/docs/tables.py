"""Writes the tables of documents that follow from the code: `python -m tests.docs.tables`."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from typer.main import get_command

from bot.crm.provider import load_providers
from bot.slack.command import load_subcommands
from bot.terminal.cli import app
from bot.terminal.show import LISTINGS
from bot.terminal.showing import activities, insights
from bot.terminal.showing.listing import Names
from bot.terminal.what import What
from coach.engine import load_rules, type_of
from coach.models import (
    Contact,
    Deal,
    Insight,
    InsightState,
    InsightType,
    Person,
    Priority,
    Suggestion,
    Task,
    Verb,
)
from coach.phrases import say
from coach.wording import plain
from storage.activities import ActivityRow
from storage.messages import Message
from storage.showing import Advice, Put

ROOT = Path(__file__).parents[2]

#: The documents with such tables.
DOCUMENTS = ("README.md", "docs/crm/README.md")


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    # A bar would end the cell.
    cells = [[cell.replace("|", "\\|") for cell in line] for line in (header, *rows)]
    lines = [f"| {' | '.join(line)} |" for line in cells]
    return "\n".join([lines[0], "|---" * len(header) + "|", *lines[1:]])


def rules() -> str:
    """Every rule: what it watches for, what calls it, from which level it is heard."""
    return _table(
        ("rule", "what it speaks of", "called by", "from level"),
        (
            (f"`{name}`", plain(rule.summary), _CALLS[type_of(rule).value], str(int(rule.level)))
            for name, rule in load_rules().items()
        ),
    )


_CALLS = {"action": "what you do", "time": "time passing", "pattern": "your own figures"}


def commands() -> str:
    """Every `/coach` sub-command."""
    return _table(
        ("type", "to"),
        ((f"`/coach {each.usage}`", plain(each.summary)) for each in load_subcommands().values()),
    )


def providers() -> str:
    """Every CRM provider."""
    return _table(
        ("provider", "for"),
        ((f"`{name}`", provider.summary) for name, provider in load_providers().items()),
    )


def pages() -> str:
    """Every CRM that has a page of its own."""
    return _table(
        ("page", "CRM"),
        (
            (f"[{name}.md]({name}.md)", provider.summary)
            for name, provider in load_providers().items()
            if (ROOT / "docs" / "crm" / f"{name}.md").exists()
        ),
    )


def terminal() -> str:
    """Every command of the console."""
    return _table(
        ("command", "what it does"),
        ((f"`coach {name}`", summary) for name, summary in sorted(_leaves(get_command(app)))),
    )


def _leaves(command: object, path: str = "") -> Iterable[tuple[str, str]]:
    inner: Mapping[str, object] = getattr(command, "commands", {})
    if not inner or getattr(command, "invoke_without_command", False):
        yield path, (getattr(command, "help", "") or "").partition("\n")[0]
    for name, each in inner.items():
        yield from _leaves(each, f"{path} {name}".strip())


def show() -> str:
    """The fields of everything that `coach show --json` prints."""
    now, nobody = datetime(2026, 11, 25, tzinfo=UTC), Person("w", "p", "")
    nothing = say("")
    insight = Insight(
        *("w", "f", "p", "r", InsightType.ACTION, Priority.LOW, "s", nothing, nothing),
        *(Suggestion("a"), InsightState.OPEN, now, now),
    )
    samples: Mapping[What, object] = {
        What.ACTIVITIES: ActivityRow("c", "k", Verb.COMMAND_USED, now, now),
        What.INSIGHTS: Advice(insight),
        What.MESSAGES: Put(Message("w", "m", "card", "U"), now),
        What.DEALS: Deal("c", "d"),
        What.CONTACTS: Contact("c", "c"),
        What.TASKS: Task("c", "t"),
        What.PEOPLE: (nobody, now),
    }
    rows = {what.value: LISTINGS[what].json(samples[what], Names()) for what in What}
    rows["activities --counts"] = dict.fromkeys(activities.COUNTED)
    rows["insights --counts"] = dict.fromkeys(insights.COUNTED)
    return _table(
        ("coach show", "fields of a row with `--json`"),
        ((f"`{name}`", ", ".join(f"`{each}`" for each in row)) for name, row in rows.items()),
    )


TABLES: Mapping[str, Callable[[], str]] = {
    "rules": rules,
    "commands": commands,
    "providers": providers,
    "pages": pages,
    "terminal": terminal,
    "show": show,
}


def written(text: str) -> str:
    """A document with every table as the code has it now."""

    def put(match: re.Match[str]) -> str:
        return f"<!-- table: {match[1]} -->\n{TABLES[match[1]]()}\n<!-- end -->"

    return re.sub(r"<!-- table: (\w+) -->\n.*?<!-- end -->", put, text, flags=re.DOTALL)


if __name__ == "__main__":
    for each in DOCUMENTS:
        document = ROOT / each
        document.write_text(written(document.read_text(encoding="utf-8")), encoding="utf-8")
