"""What attention is shown of people's open insights, and what it decided about them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update

from coach.attention import Decided, Reason, Verdict, Waiting
from coach.models import MessageState, Priority
from storage.among import among, texts
from storage.columns import UtcDateTime
from storage.database import Tx, chunks
from storage.tables import OPEN_INSIGHT, insights, message_insights, messages


@dataclass(frozen=True, slots=True)
class Open:
    """An open insight, with what was decided about it before and the message that shows it."""

    waiting: Waiting
    decided: Decided | None
    message_id: str | None


#: Of several messages that show an insight the one counts that is furthest on its way.
_FURTHEST = (
    MessageState.SENT,
    MessageState.SENDING,
    MessageState.DUE,
    MessageState.FAILED,
    MessageState.WITHDRAWN,
)

_links = message_insights

_OPEN = (
    select(
        insights.c.person_id,
        insights.c.fingerprint,
        insights.c.priority,
        insights.c.created_at,
        insights.c.expires_at,
        insights.c.verdict,
        insights.c.verdict_reason,
        insights.c.verdict_until,
        messages.c.id,
        messages.c.state,
        messages.c.sent_at,
        messages.c.not_before,
    )
    .select_from(
        insights.outerjoin(
            _links,
            (_links.c.workspace_id == insights.c.workspace_id)
            & (_links.c.fingerprint == insights.c.fingerprint),
        ).outerjoin(
            messages,
            (messages.c.workspace_id == _links.c.workspace_id)
            & (messages.c.id == _links.c.message_id),
        )
    )
    .where(
        OPEN_INSIGHT,
        insights.c.workspace_id == bindparam("workspace"),
        among(insights.c.person_id, texts("people")),
    )
)


async def open_of(
    tx: Tx, workspace_id: str, person_ids: Collection[str]
) -> dict[str, dict[str, Open]]:
    """The open insights of these people: person id -> fingerprint -> insight."""
    found: dict[str, dict[str, Open]] = {}
    for piece in chunks(sorted(person_ids)):
        for row in await tx.execute(_OPEN, {"workspace": workspace_id, "people": piece}):
            theirs = found.setdefault(row.person_id, {})
            state = MessageState(row.state) if row.state else None
            known = theirs.get(row.fingerprint)
            if known is not None and _rank(known.waiting.message) <= _rank(state):
                continue
            theirs[row.fingerprint] = Open(
                Waiting(
                    row.fingerprint,
                    Priority(row.priority),
                    row.created_at,
                    row.expires_at,
                    state,
                    row.sent_at,
                    row.not_before,
                ),
                _decided(row),
                row.id,
            )
    return found


def _rank(state: MessageState | None) -> int:
    return len(_FURTHEST) if state is None else _FURTHEST.index(state)


def _decided(row: Any) -> Decided | None:
    if row.verdict is None:
        return None
    return Decided(Verdict(row.verdict), Reason(row.verdict_reason), row.verdict_until)


_KEEP = (
    update(insights)
    .where(
        OPEN_INSIGHT,
        insights.c.workspace_id == bindparam("_workspace"),
        insights.c.fingerprint == bindparam("_fingerprint"),
    )
    .values(
        verdict=bindparam("_verdict"),
        verdict_reason=bindparam("_reason"),
        verdict_until=bindparam("_until", type_=UtcDateTime),
    )
)


async def keep(tx: Tx, workspace_id: str, decided: Mapping[str, Decided]) -> None:
    """Keep the last word on each of these insights, by fingerprint."""
    if decided:
        await tx.execute(
            _KEEP,
            [
                {
                    "_workspace": workspace_id,
                    "_fingerprint": print_,
                    "_verdict": each.verdict.value,
                    "_reason": each.reason.value,
                    "_until": each.until,
                }
                for print_, each in sorted(decided.items())
            ],
        )


_HELD = (
    select(insights.c.person_id)
    .where(
        OPEN_INSIGHT,
        insights.c.workspace_id == bindparam("workspace"),
        among(insights.c.person_id, texts("people")),
        insights.c.verdict == Verdict.HOLD.value,
    )
    .distinct()
)


async def held(tx: Tx, workspace_id: str, person_ids: Collection[str]) -> list[str]:
    """Those of these people of whose something is held back, waiting for its turn."""
    asked = {"workspace": workspace_id, "people": sorted(person_ids)}
    return list((await tx.execute(_HELD, asked)).scalars())
