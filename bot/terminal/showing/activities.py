"""What happened: activities, newest first, and how often each verb was among them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from bot.terminal.showing.listing import Json, Listing, Names, Wish, words
from bot.terminal.showing.values import value
from coach.models import SubjectKind, Verb
from coach.phrases import DateWithYear, Money
from coach.terms import VERBS
from coach.wording import plain
from storage import activities
from storage.activities import ActivityRow, Which, kind_of
from storage.database import Tx
from storage.showing import Place


def which(wish: Wish) -> Which:
    """What is asked for, in the store's terms."""
    return Which(wish.person_id, wish.verb, wish.thing, since=wish.since, until=wish.now)


def what(verb: Verb) -> str:
    """A verb in words."""
    return plain(VERBS[verb])


async def _page(tx: Tx, wish: Wish, after: ActivityRow | None, most: int) -> Sequence[ActivityRow]:
    return await activities.recent(tx, wish.workspace_id, which(wish), after=after, most=most)


def _places(row: ActivityRow) -> Iterator[Place]:
    for kind, id in zip(SubjectKind, (row.deal_id, row.contact_id, row.task_id), strict=True):
        if id:
            yield kind, row.connection_id, id


def _owners(row: ActivityRow) -> list[Any]:
    return row.changes.get("person_id") or []


def _needs(row: ActivityRow) -> tuple[Iterable[str | None], Iterable[Place]]:
    return [row.person_id, *_owners(row)], _places(row)


def _changes(row: ActivityRow, names: Names) -> dict[str, Any]:
    """What changed; owners by their names, as their ids are our own and mean nothing outside."""
    told: dict[str, Any] = {n: pair for n, pair in row.changes.items() if n != "person_id"}
    if owners := _owners(row):
        told["person"] = [names.who(id) or None for id in owners]
    return told


def _json(row: ActivityRow, names: Names) -> Json:
    named = {place[0]: names.name(*place) for place in _places(row)}
    return {
        "occurred_at": value(row.occurred_at),
        "recorded_at": value(row.recorded_at),
        "verb": value(row.verb),
        "kind": value(kind_of(row.verb)),
        **names.of(row.person_id),
        "connection_id": row.connection_id,
        "deal_id": row.deal_id,
        "deal": named.get(SubjectKind.DEAL),
        "contact_id": row.contact_id,
        "contact": named.get(SubjectKind.CONTACT),
        "task_id": row.task_id,
        "task": named.get(SubjectKind.TASK),
        "origin": value(row.origin),
        "changes": _changes(row, names),
    }


def _cells(row: ActivityRow, names: Names) -> tuple[str, ...]:
    # What was deleted has only its id left.
    things = [names.name(*place) or place[2] for place in _places(row)]
    changes = [
        f"{name.replace('_', ' ')}: {_shown(name, before)} → {_shown(name, after)}"
        for name, (before, after) in _changes(row, names).items()
    ]
    return (
        names.when(row.occurred_at, row.person_id),
        names.who(row.person_id),
        what(row.verb),
        " · ".join(things),
        ", ".join(changes),
    )


def _shown(name: str, value: Any) -> str:
    """One side of a change, as people write it."""
    if value in (None, ""):
        return "–"
    try:
        if name == "value":
            return words(Money(Decimal(value)))
        if name == "due_date":
            return words(DateWithYear(date.fromisoformat(value)))
    except (ValueError, TypeError, ArithmeticError):
        # What was kept long ago may be of another form.
        return str(value)
    return str(value)


ACTIVITIES = Listing(
    days=30,
    page=_page,
    needs=_needs,
    json=_json,
    columns=("when", "who", "what", "thing", "changes"),
    cells=_cells,
)


#: The fields of a row of `counts`.
COUNTED = ("verb", "kind", "count")


async def counts(tx: Tx, wish: Wish, days: int) -> list[Json]:
    """How often each verb was, most frequent first, with the kind of thing it happens to."""
    found = await activities.counts_by_verb(
        tx, wish.workspace_id, which(wish), now=wish.now, days=days
    )
    return [
        dict(zip(COUNTED, (value(verb), value(kind_of(verb)), count), strict=True))
        for verb, count in found.items()
    ]
