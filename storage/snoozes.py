"""Insights that their people have put off: set, taken back, and found."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, case, func, select, update

from coach.keys import FINISHED, key_of
from coach.models import About, Insight, SubjectKind
from storage import messages
from storage.among import among, texts
from storage.columns import UtcDateTime
from storage.database import Tx, add_new
from storage.insights import from_row
from storage.prepared import Prepared
from storage.tables import OPEN_INSIGHT, PUT_OFF, decisions, insight_subjects, insights

_NOW = bindparam("_now", type_=UtcDateTime)
_UNTIL = bindparam("_until", type_=UtcDateTime)
_THIS = (
    OPEN_INSIGHT,
    insights.c.workspace_id == bindparam("_workspace"),
    insights.c.fingerprint == bindparam("_fingerprint"),
    insights.c.expires_at > _NOW,
)
_PUT_OFF = (
    update(insights)
    .where(*_THIS, insights.c.snoozed_until.is_(None) | (insights.c.snoozed_until <= _NOW))
    .values(
        snoozed_until=_UNTIL,
        lasts_until=func.coalesce(insights.c.lasts_until, insights.c.expires_at),
        expires_at=bindparam("_expires_at", type_=UtcDateTime),
    )
    .returning(insights)
)
_TAKEN_BACK = (
    update(insights)
    .where(*_THIS, insights.c.snoozed_until > _NOW)
    .values(
        snoozed_until=None,
        lasts_until=None,
        # What would be over by now was wanted longer, and what is in a digest lasts for its sake.
        expires_at=case(
            (
                (insights.c.lasts_until > _NOW) & insights.c.said_by.is_distinct_from("digest"),
                insights.c.lasts_until,
            ),
            else_=insights.c.expires_at,
        ),
    )
    .returning(insights)
)


async def put_off(
    tx: Tx,
    workspace_id: str,
    fingerprint: str,
    until: datetime,
    expires_at: datetime,
    now: datetime,
) -> Insight | None:
    """Put an open insight off; `None` when it is over, or put off already.

    Kept in the history; messages that show it are drawn again. Its person's turn is noted before.
    """
    given = {"_until": until, "_expires_at": expires_at}
    return await _set(tx, workspace_id, fingerprint, _PUT_OFF, given, "snoozed", now)


async def take_back(tx: Tx, workspace_id: str, fingerprint: str, now: datetime) -> Insight | None:
    """Undo the same, as long as it lasts; `None` when there is nothing to undo."""
    return await _set(tx, workspace_id, fingerprint, _TAKEN_BACK, {}, "unsnoozed", now)


async def _set(
    tx: Tx,
    workspace_id: str,
    fingerprint: str,
    statement: object,
    given: dict[str, datetime],
    decision: str,
    now: datetime,
) -> Insight | None:
    asked = {"_workspace": workspace_id, "_fingerprint": fingerprint, "_now": now, **given}
    row = (await tx.execute(statement, asked)).first()  # type: ignore[call-overload]
    if row is None:
        return None
    insight = from_row(row)
    kept = {
        "workspace_id": workspace_id,
        "fingerprint": fingerprint,
        "at": now,
        "decision": decision,
        "person_id": insight.person_id,
    }
    await add_new(tx, decisions, [kept])
    await messages.changed(tx, workspace_id, [fingerprint])
    return insight


_WAITING = Prepared(
    select(
        insights.c.person_id,
        insights.c.rule,
        insights.c.subject,
        insights.c.fingerprint,
        insights.c.expires_at,
        insights.c.snoozed_until,
    ).where(
        PUT_OFF,
        insights.c.workspace_id == bindparam("workspace"),
        among(insights.c.person_id, texts("people")),
    )
)


class Waiting(NamedTuple):
    """Something put off, and until when it is open."""

    fingerprint: str
    #: Until then it is open, be it that it has come back before.
    expires_at: datetime
    snoozed_until: datetime


async def waiting(
    tx: Tx, workspace_id: str, person_ids: Collection[str]
) -> dict[tuple[str, str], dict[str, Waiting]]:
    """What these people have put off and not answered since: (rule, person id) -> by subject."""
    asked = {"workspace": workspace_id, "people": sorted(person_ids)}
    found: dict[tuple[str, str], dict[str, Waiting]] = {}
    for row in await _WAITING.rows(tx, asked):
        theirs = found.setdefault((row.rule, row.person_id), {})
        theirs[row.subject] = Waiting(row.fingerprint, row.expires_at, row.snoozed_until)
    return found


_WITHHELD = Prepared(
    select(
        insights.c.person_id,
        insights.c.rule,
        insights.c.fingerprint,
        insights.c.expires_at,
        insights.c.snoozed_until,
        insight_subjects.c.kind,
        insight_subjects.c.connection_id,
        insight_subjects.c.subject_id,
    )
    .join(
        insight_subjects,
        (insight_subjects.c.workspace_id == insights.c.workspace_id)
        & (insight_subjects.c.fingerprint == insights.c.fingerprint),
    )
    .where(
        PUT_OFF,
        insights.c.workspace_id == bindparam("workspace"),
        among(insights.c.person_id, texts("people")),
        insights.c.subject.not_like("person:%"),
        insight_subjects.c.mark != FINISHED,
    )
)


async def withheld(
    tx: Tx, workspace_id: str, person_ids: Collection[str]
) -> dict[tuple[str, str], dict[str, Waiting]]:
    """The things of which these people have put off to hear: (rule, person id) -> by `key_of`.

    A list that was put off withholds nothing: what comes to it is counted in it.
    """
    asked = {"workspace": workspace_id, "people": sorted(person_ids)}
    found: dict[tuple[str, str], dict[str, Waiting]] = {}
    for row in await _WITHHELD.rows(tx, asked):
        key = key_of(About(SubjectKind(row.kind), row.connection_id, row.subject_id))
        theirs = found.setdefault((row.rule, row.person_id), {})
        theirs[key] = Waiting(row.fingerprint, row.expires_at, row.snoozed_until)
    return found


_LAST = Prepared(
    update(insights)
    .where(
        OPEN_INSIGHT,
        insights.c.workspace_id == bindparam("_workspace"),
        insights.c.fingerprint == bindparam("_fingerprint"),
    )
    .values(lasts_until=bindparam("_until", type_=UtcDateTime))
)


async def last(tx: Tx, workspace_id: str, until: Mapping[str, datetime]) -> None:
    """What would end then, had it not been put off, by fingerprint: it was said anew."""
    await _LAST.do_each(
        tx,
        [
            {"_workspace": workspace_id, "_fingerprint": print_, "_until": at}
            for print_, at in sorted(until.items())
        ],
    )
