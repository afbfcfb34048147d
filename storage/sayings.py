"""When insights were said, each time, and by which kind of message."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Text, bindparam, func, select, update

from coach.history import Said
from coach.models import Dismissed, InsightState
from coach.phrases import Phrase
from coach.verdicts import Reason, Verdict
from storage.among import among, texts
from storage.columns import UtcDateTime
from storage.database import Tx
from storage.prepared import Prepared
from storage.tables import OPEN_INSIGHT, insights

_NOW = bindparam("_now", type_=UtcDateTime)
_SAID = Prepared(
    update(insights)
    .where(
        insights.c.workspace_id == bindparam("_workspace"),
        among(insights.c.fingerprint, texts("_fingerprints")),
    )
    .values(
        seen_at=func.coalesce(insights.c.seen_at, _NOW),
        said_at=_NOW,
        said_by=bindparam("_by"),
        sayings=func.coalesce(insights.c.sayings + " ", "") + bindparam("_saying", type_=Text),
        verdict=Verdict.NOW.value,
        verdict_reason=Reason.SAID.value,
        verdict_until=None,
    )
)


class Saying(NamedTuple):
    """One time at which an insight was put before its person."""

    at: datetime
    #: The kind of message: `card`, `brief`, `digest` or `backlog`.
    by: str


async def said(
    tx: Tx, workspace_id: str, fingerprints: Sequence[str], by: str, now: datetime
) -> None:
    """Note that a message of the kind `by` that shows these stands in Slack."""
    if fingerprints:
        given = {
            "_workspace": workspace_id,
            "_fingerprints": fingerprints,
            "_by": by,
            "_now": now,
            "_saying": f"{by}@{now.isoformat()}",
        }
        await _SAID.do(tx, given)


def of_row(row: Any) -> tuple[Saying, ...]:
    """Every time that the insight of a row was said, the latest last."""
    if row.said_at is None:
        return ()
    if not row.sayings:
        # Nobody kept each time, or what went unanswered until then counts no more.
        return (Saying(row.said_at, row.said_by or "card"),)
    told = (each.partition("@") for each in row.sayings.split())
    return tuple(Saying(datetime.fromisoformat(at), by) for by, _, at in told)


def said_of(row: Any) -> list[Said]:
    """The same, each time with how it was answered: as attention looks back at it."""
    times = of_row(row)
    later = row.snoozed_until
    return [
        Said(
            row.rule,
            row.subject,
            each.at,
            each.by,
            InsightState(row.state),
            Dismissed(row.dismissed_as) if row.dismissed_as else None,
            answered=_is_in_hand(row.outcome) or (later is not None and each.at < later),
            again=each is not times[-1],
        )
        for each in times
    ]


def _is_in_hand(outcome: Phrase | None) -> bool:
    """Whether something of a list was done; what was taken back says so, and was not."""
    return outcome is not None and "undone" not in outcome.values


_STANDS = (
    OPEN_INSIGHT,
    insights.c.workspace_id == bindparam("workspace"),
    among(insights.c.person_id, texts("people")),
    insights.c.said_by == "digest",
    insights.c.snoozed_until.is_(None),
)
_IN_DIGESTS = Prepared(
    select(insights.c.person_id, insights.c.rule, insights.c.subject, insights.c.expires_at).where(
        *_STANDS, insights.c.subject.not_like("person:%")
    )
)
_LISTS_IN_DIGESTS = Prepared(
    select(insights.c.person_id, insights.c.rule, insights.c.subject, insights.c.fingerprint).where(
        *_STANDS,
        insights.c.subject.like("person:%"),
        insights.c.expires_at > bindparam("now", type_=UtcDateTime),
    )
)


async def in_digests(
    tx: Tx, workspace_id: str, person_ids: Collection[str]
) -> dict[tuple[str, str], dict[str, datetime]]:
    """Until when what stands in these people's digests is open, to be answered there.

    By (rule, person id) and subject; lists are not among it.
    """
    asked = {"workspace": workspace_id, "people": sorted(person_ids)}
    found: dict[tuple[str, str], dict[str, datetime]] = {}
    for person_id, rule, subject, until in await _IN_DIGESTS.rows(tx, asked):
        found.setdefault((rule, person_id), {})[subject] = until
    return found


async def lists_in_digests(
    tx: Tx, workspace_id: str, person_ids: Collection[str], now: datetime
) -> dict[tuple[str, str, str], str]:
    """The lists that stand in these people's digests, in time: (person id, rule, subject)."""
    asked = {"workspace": workspace_id, "people": sorted(person_ids), "now": now}
    return {
        (person_id, rule, subject): print_
        for person_id, rule, subject, print_ in await _LISTS_IN_DIGESTS.rows(tx, asked)
    }
