"""What attention is shown of people's open insights, and what it decided about them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update

from coach.history import MEMORY, Mute, Past, Said, looked_back
from coach.models import InsightType, MessageState, Person, Priority
from coach.verdicts import Decided, Reason, Verdict
from coach.waiting import Waiting
from storage import deciding, sayings, worth
from storage.among import among, texts
from storage.columns import UtcDateTime
from storage.database import Tx, chunks
from storage.prepared import Prepared
from storage.tables import (
    OPEN_INSIGHT,
    insight_subjects,
    insights,
    message_insights,
    messages,
    mutes,
    people,
)


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

# By themselves, so that messages are looked up by their keys: joined at once, PostgreSQL may read
# all of the workspace for each insight, as long as it does not know how many there are.
_insights = (
    select(insights)
    .where(
        OPEN_INSIGHT,
        insights.c.workspace_id == bindparam("workspace"),
        among(insights.c.person_id, texts("people")),
    )
    .cte("open")
    .prefix_with("MATERIALIZED", dialect="postgresql")
)
_OPEN = Prepared(
    select(
        _insights.c.person_id,
        _insights.c.fingerprint,
        _insights.c.priority,
        _insights.c.created_at,
        _insights.c.expires_at,
        _insights.c.rule,
        _insights.c.type,
        _insights.c.subject,
        _insights.c.own_act,
        _insights.c.told_at,
        _insights.c.in_bulk,
        _insights.c.backlog,
        _insights.c.snoozed_until,
        _insights.c.lasts_until,
        _insights.c.rank,
        _insights.c.said_at,
        _insights.c.as_of,
        _insights.c.verdict,
        _insights.c.verdict_reason,
        _insights.c.verdict_until,
        messages.c.id,
        messages.c.kind,
        messages.c.state,
        messages.c.sent_at,
        messages.c.not_before,
        messages.c.superseded,
    ).select_from(
        _insights.outerjoin(
            _links,
            (_links.c.workspace_id == _insights.c.workspace_id)
            & (_links.c.fingerprint == _insights.c.fingerprint),
        ).outerjoin(
            messages,
            (messages.c.workspace_id == _links.c.workspace_id)
            & (messages.c.id == _links.c.message_id),
        )
    )
)


async def open_of(
    tx: Tx, workspace_id: str, person_ids: Collection[str]
) -> dict[str, dict[str, Open]]:
    """The open insights of these people: person id -> fingerprint -> insight."""
    found: dict[str, dict[str, Open]] = {}
    for piece in chunks(sorted(person_ids)):
        for row in await _OPEN.rows(tx, {"workspace": workspace_id, "people": piece}):
            theirs = found.setdefault(row.person_id, {})
            state = MessageState(row.state) if row.state else None
            behind = state is MessageState.SENT and row.said_at is None
            left_out = row.superseded or _is_put_off(row)
            if left_out or behind:
                # It shows only what was done, or until when this was put off; or has it behind its
                # button.
                state = MessageState.WITHDRAWN
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
                    rule=row.rule,
                    type=InsightType(row.type),
                    subject=row.subject,
                    own_act=row.own_act,
                    shown_by=row.kind or "card",
                    snoozed_until=row.snoozed_until,
                    fresh_until=row.lasts_until,
                    rank=row.rank,
                    told_at=row.told_at or row.created_at,
                    in_bulk=row.in_bulk,
                    backlog=row.backlog,
                    as_of=row.as_of,
                    behind=behind and not left_out,
                ),
                _decided(row),
                row.id,
            )
    return found


_SAID = Prepared(
    select(
        insights.c.person_id,
        insights.c.rule,
        insights.c.subject,
        insights.c.said_at,
        insights.c.said_by,
        insights.c.sayings,
        insights.c.state,
        insights.c.dismissed_as,
        insights.c.snoozed_until,
        insights.c.outcome,
    ).where(
        insights.c.workspace_id == bindparam("workspace"),
        among(insights.c.person_id, texts("people")),
        insights.c.said_at > bindparam("since", type_=UtcDateTime),
    )
)
_MUTES = Prepared(
    select(mutes.c.person_id, mutes.c.what, mutes.c.until).where(
        mutes.c.workspace_id == bindparam("workspace"),
        among(mutes.c.person_id, texts("people")),
    )
)


async def past_of(
    tx: Tx, workspace_id: str, persons: Collection[Person], now: datetime
) -> dict[str, Past]:
    """What attention goes by besides what is open, by person id."""
    if not persons:
        return {}
    asked = {"workspace": workspace_id, "people": sorted(person.id for person in persons)}
    said: dict[str, list[Said]] = defaultdict(list)
    for row in await _SAID.rows(tx, {**asked, "since": now - MEMORY}):
        said[row.person_id] += sayings.said_of(row)
    muted: dict[str, list[Mute]] = defaultdict(list)
    for person_id, what, until in await _MUTES.rows(tx, asked):
        muted[person_id].append(Mute(what, until))
    return {
        person.id: looked_back(person, said[person.id], muted[person.id], now) for person in persons
    }


_ABOUT = Prepared(
    select(
        insight_subjects.c.fingerprint,
        insight_subjects.c.kind,
        insight_subjects.c.connection_id,
        insight_subjects.c.subject_id,
    ).where(
        insight_subjects.c.workspace_id == bindparam("workspace"),
        among(insight_subjects.c.fingerprint, texts("fingerprints")),
    )
)


async def with_things(tx: Tx, workspace_id: str, open_: Mapping[str, Open]) -> dict[str, Open]:
    """The same open insights with the things that they are about."""
    about: dict[str, set[str]] = defaultdict(set)
    asked = {"workspace": workspace_id, "fingerprints": sorted(open_)}
    for row in await _ABOUT.rows(tx, asked):
        about[row.fingerprint].add(f"{row.kind}:{row.connection_id}:{row.subject_id}")
    return {
        print_: replace(each, waiting=replace(each.waiting, about=frozenset(about[print_])))
        for print_, each in open_.items()
    }


async def with_worth(
    tx: Tx,
    workspace_id: str,
    open_: Mapping[str, Mapping[str, Open]],
    *,
    anew: Collection[str] = (),
) -> dict[str, dict[str, Open]]:
    """The same with the money at stake, by which the one comes before the other.

    Of people of whom no two wait that are as important it is not asked; `anew` are those before
    whom what stands already may be put once more, in the order of all of it.
    """
    asked = [
        print_
        for id, theirs in open_.items()
        if _are_alike([each.waiting for each in theirs.values()], all_=id in anew)
        for print_ in theirs
    ]
    known = await worth.of(tx, workspace_id, asked) if asked else {}
    return {
        id: {
            print_: replace(each, waiting=replace(each.waiting, worth=known.get(print_)))
            if print_ in known
            else each
            for print_, each in theirs.items()
        }
        for id, theirs in open_.items()
    }


def _are_alike(waiting: Sequence[Waiting], *, all_: bool) -> bool:
    unsaid = [each.priority for each in waiting if all_ or each.is_unsaid]
    return len(unsaid) > len(set(unsaid))


def _is_put_off(row: Any) -> bool:
    """Whether the insight was put off since this message was sent."""
    later = row.snoozed_until
    return later is not None and row.sent_at is not None and bool(row.sent_at < later)


def _rank(state: MessageState | None) -> int:
    return len(_FURTHEST) if state is None else _FURTHEST.index(state)


def _decided(row: Any) -> Decided | None:
    if row.verdict is None:
        return None
    return Decided(Verdict(row.verdict), Reason(row.verdict_reason), row.verdict_until)


_KEEP = Prepared(
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
        await _KEEP.do_each(
            tx,
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


_LET_LAST = Prepared(
    update(insights)
    .where(
        OPEN_INSIGHT,
        insights.c.workspace_id == bindparam("_workspace"),
        insights.c.fingerprint == bindparam("_fingerprint"),
    )
    .values(
        expires_at=bindparam("_at", type_=UtcDateTime),
        lasts_until=func.coalesce(insights.c.lasts_until, insights.c.expires_at),
    )
)


async def let_last(tx: Tx, workspace_id: str, until: Mapping[str, datetime]) -> None:
    """Let these insights last until then, by fingerprint; when they would end is kept."""
    if until:
        await _LET_LAST.do_each(
            tx,
            [
                {"_workspace": workspace_id, "_fingerprint": print_, "_at": at}
                for print_, at in sorted(until.items())
            ],
        )


_ASKED = Prepared(
    update(insights)
    .where(
        OPEN_INSIGHT,
        insights.c.workspace_id == bindparam("_workspace"),
        among(insights.c.fingerprint, texts("_fingerprints")),
    )
    .values(as_of=bindparam("_now", type_=UtcDateTime))
)


async def asked(tx: Tx, workspace_id: str, fingerprints: Collection[str], now: datetime) -> None:
    """Note that it was asked of these insights whether they are so as they stand in Slack."""
    if prints := sorted(fingerprints):
        given = {"_workspace": workspace_id, "_fingerprints": prints, "_now": now}
        await _ASKED.do(tx, given)


_HOLD_APART = Prepared(
    deciding.reconsidering(
        people.c.id.in_(
            select(insights.c.person_id).where(
                OPEN_INSIGHT,
                insights.c.workspace_id == bindparam("_workspace"),
                among(insights.c.person_id, texts("_ids")),
                insights.c.verdict == Verdict.HOLD.value,
            )
        )
    )
)


async def hold_apart(
    tx: Tx, workspace_id: str, person_ids: Collection[str], until: datetime
) -> None:
    """Have attention decide then about those of these people of whom something is held back."""
    if ids := sorted(set(person_ids)):
        await _HOLD_APART.do(tx, {"_workspace": workspace_id, "_ids": ids, "_at": until})
