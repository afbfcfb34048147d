"""Advice: insights, the newest first, what became of each and why it was or was not said."""

from collections.abc import Iterable, Sequence

from bot.terminal.showing.listing import Json, Listing, Names, Wish
from bot.terminal.showing.values import value
from coach.models import Insight
from coach.phrases import Phrase
from coach.wording import Voice, plain
from storage import explaining, showing
from storage.database import Tx
from storage.showing import Advice, Place


async def _page(tx: Tx, wish: Wish, after: Advice | None, most: int) -> Sequence[Advice]:
    return await showing.advice(
        tx,
        wish.workspace_id,
        person_id=wish.person_id,
        since=wish.since,
        after=after,
        most=most,
    )


def _needs(advice: Advice) -> tuple[Iterable[str | None], Iterable[Place]]:
    places = [(each.kind, each.connection_id, each.id) for each in advice.about]
    return [advice.insight.person_id], places


def said(phrase: Phrase | None, person_id: str | None, names: Names) -> str | None:
    """A phrase in words, with times as this person's clock has them."""
    if phrase is None:
        return None
    person = names.person(person_id)
    return plain(phrase, Voice(time_zone=person.time_zone if person else None))


def _json(advice: Advice, names: Names) -> Json:
    insight, decided = advice.insight, advice.decided
    return {
        "id": insight.fingerprint,
        "created_at": value(insight.created_at),
        **names.of(insight.person_id),
        "rule": insight.rule,
        "type": value(insight.type),
        "priority": insight.priority.name.lower(),
        "message": _said(insight, insight.message, names),
        "reason": _said(insight, insight.reason, names),
        "about": [
            {
                "kind": value(each.kind),
                "connection_id": each.connection_id,
                "id": each.id,
                "name": names.name(each.kind, each.connection_id, each.id),
            }
            for each in advice.about
        ],
        "action": insight.suggestion.action,
        "state": value(insight.state),
        "verdict": value(decided.verdict if decided else None),
        "verdict_reason": value(decided.reason if decided else None),
        "verdict_until": value(decided.until if decided else None),
        "expires_at": value(insight.expires_at),
        "seen_at": value(insight.seen_at),
        "decided_at": value(insight.decided_at),
        "outcome": _said(insight, insight.outcome, names),
    }


def _said(insight: Insight, phrase: Phrase | None, names: Names) -> str | None:
    return said(phrase, insight.person_id, names)


def _cells(advice: Advice, names: Names) -> tuple[str, ...]:
    insight = advice.insight
    outcome = _said(insight, insight.outcome, names)
    why = plain(advice.decided.reason.sentence) if advice.decided else ""
    return (
        names.when(insight.created_at, insight.person_id),
        names.who(insight.person_id),
        insight.priority.name.lower(),
        _said(insight, insight.message, names) or "",
        insight.state.value,
        # Once it is decided, what was done says more than why it was said.
        outcome or (why if insight.decided_at is None else ""),
        names.when(insight.seen_at, insight.person_id),
    )


INSIGHTS = Listing(
    days=30,
    page=_page,
    needs=_needs,
    json=_json,
    columns=("when", "who", "priority", "what", "state", "why, or what was done", "seen"),
    cells=_cells,
)


#: The fields of a row of `counts`.
COUNTED = (
    *("rule", "sent", "done", "dismissed", "dismissed_as", "muted", "resolved", "expired"),
    "open",
)


async def counts(tx: Tx, wish: Wish) -> list[Json]:
    """What became of what was put before somebody, or everybody together, by rule."""
    found = await explaining.outcomes(
        tx, wish.workspace_id, person_id=wish.person_id, since=wish.since
    )
    return [
        dict(
            zip(
                COUNTED,
                (
                    *(rule, each.told, each.done, each.dismissed),
                    {why.value: count for why, count in each.dismissed_as.items()},
                    *(each.muted, each.resolved, each.expired, each.waiting),
                ),
                strict=True,
            )
        )
        for rule, each in found.items()
    ]


def counted_cells(row: Json) -> tuple[str, ...]:
    """The same row in words, one for each of `COUNTED`."""
    reasons = ", ".join(f"{count} × {why}" for why, count in row["dismissed_as"].items())
    return tuple(
        reasons.replace("_", " ") if name == "dismissed_as" else str(row[name]) for name in COUNTED
    )
