"""The end of insights: taken, dismissed, resolved or expired, each once."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from operator import itemgetter

from sqlalchemy import Update, bindparam, case, or_, select, update

from coach.models import Insight, InsightState
from coach.phrases import Phrase
from coach.verdicts import SETTLED, Reason
from storage import deciding, messages
from storage.among import among, texts
from storage.database import Tx, add_new, chunks
from storage.insights import from_row
from storage.prepared import Prepared
from storage.tables import OPEN_INSIGHT, decisions, insights

#: What can be decided only before the insight's time is up.
_IN_TIME = frozenset({InsightState.TAKEN, InsightState.DISMISSED})


@cache
def _ending(to: InsightState, columns: tuple[str, ...]) -> Update:
    """The conditional update of `end`: made once for each kind of it."""
    query = (
        update(insights)
        .where(
            OPEN_INSIGHT,
            insights.c.workspace_id == bindparam("_workspace"),
            insights.c.fingerprint == bindparam("_fingerprint"),
        )
        .values(state=to.value, **{name: bindparam(f"_{name}") for name in columns})
        .returning(insights)
    )
    if to in _IN_TIME:
        query = query.where(insights.c.expires_at > bindparam("_now"))
    return query


async def end(
    tx: Tx,
    workspace_id: str,
    fingerprint: str,
    to: InsightState,
    now: datetime,
    **values: object,
) -> Insight | None:
    """Bring an open insight to its end: the claim of a click.

    Returns it as it is afterwards, or `None` when somebody or something was faster. The decision
    is kept in the history, and messages that show it are marked to be drawn again. Whoever ends an
    insight has had its person's attention reconsidered before (`deciding.reconsider`): the order in
    which rows are locked is people, insights, messages.
    """
    values |= {"decided_at": now}
    given: dict[str, object] = {f"_{name}": value for name, value in values.items()}
    given |= {"_workspace": workspace_id, "_fingerprint": fingerprint}
    if to in _IN_TIME:
        given["_now"] = now
    row = (await tx.execute(_ending(to, tuple(values)), given)).first()
    if row is None:
        return None
    insight = from_row(row)
    await _ended(tx, workspace_id, {insight.fingerprint: insight.person_id}, to, now)
    return insight


async def _ended(
    tx: Tx, workspace_id: str, made: Mapping[str, str], to: InsightState, now: datetime
) -> None:
    """Keep what was decided, by fingerprint and person, and have it shown."""
    await add_new(
        tx,
        decisions,
        [
            {
                "workspace_id": workspace_id,
                "fingerprint": print_,
                "at": now,
                "decision": to.value,
                "person_id": person_id,
            }
            for print_, person_id in made.items()
        ],
    )
    await messages.changed(tx, workspace_id, made)


async def any_expired(tx: Tx, now: datetime) -> bool:
    """Whether the time of any open insight is up."""
    query = (
        select(insights.c.fingerprint).where(OPEN_INSIGHT, insights.c.expires_at <= now).limit(1)
    )
    return (await tx.execute(query)).first() is not None


async def expire(tx: Tx, now: datetime) -> int:
    """End every open insight whose time is up; what is next for their people is decided anew.

    Those of people whom another is busy with wait for the next time.
    """
    query = select(insights.c.workspace_id, insights.c.person_id, insights.c.fingerprint).where(
        OPEN_INSIGHT, insights.c.expires_at <= now
    )
    found: dict[str, dict[str, str]] = {}
    for workspace_id, person_id, print_ in await tx.execute(query):
        found.setdefault(workspace_id, {})[print_] = person_id
    count = 0
    for workspace_id, owners in found.items():
        free = await deciding.free_of(tx, workspace_id, owners.values())
        await deciding.reconsider(tx, workspace_id, free, now)
        theirs = [print_ for print_, person_id in owners.items() if person_id in free]
        count += await expire_these(tx, workspace_id, theirs, now)
    return count


async def expire_these(
    tx: Tx, workspace_id: str, fingerprints: Collection[str], now: datetime
) -> int:
    """End those of these insights that are still open; returns how many."""
    made: dict[str, str] = {}
    for piece in chunks(sorted(fingerprints)):
        query = (
            update(insights)
            .where(
                OPEN_INSIGHT,
                insights.c.workspace_id == workspace_id,
                insights.c.fingerprint.in_(piece),
            )
            .values(state=InsightState.EXPIRED.value, decided_at=now)
            .returning(insights.c.fingerprint, insights.c.person_id)
        )
        made.update({row[0]: row[1] for row in await tx.execute(query)})
    await _ended(tx, workspace_id, made, InsightState.EXPIRED, now)
    return len(made)


async def expire_unsaid(
    tx: Tx, workspace_id: str, person_id: str, rules: Collection[str], now: datetime
) -> int:
    """End what these rules say to somebody and they were not told; what they put off waits on."""
    query = select(insights.c.fingerprint).where(
        OPEN_INSIGHT,
        insights.c.workspace_id == workspace_id,
        insights.c.person_id == person_id,
        insights.c.rule.in_(sorted(rules)),
        insights.c.said_at.is_(None),
        or_(insights.c.snoozed_until.is_(None), insights.c.snoozed_until <= now),
    )
    return await expire_these(tx, workspace_id, (await tx.execute(query)).scalars().all(), now)


_PLACE = ("person_id", "rule", "subject")
_PUT_BEFORE = Prepared(
    select(insights.c.fingerprint, *(insights.c[name] for name in _PLACE)).where(
        OPEN_INSIGHT,
        insights.c.workspace_id == bindparam("workspace"),
        among(insights.c.person_id, texts("people")),
        among(insights.c.rule, texts("rules")),
        among(insights.c.subject, texts("subjects")),
    )
)


async def replace(
    tx: Tx,
    workspace_id: str,
    made: Collection[str],
    places: Collection[tuple[str, str, str]],
    now: datetime,
) -> int:
    """End what was said before in these places, each a person, a rule and a subject.

    Returns how much that was; `made`, the new ones by fingerprint, are left. Their people's turns
    are noted before.
    """
    if not places:
        return 0
    whose, rules, subjects = (sorted(set(each)) for each in zip(*places, strict=True))
    asked = {"workspace": workspace_id, "people": whose, "rules": rules, "subjects": subjects}
    before = [
        print_
        for print_, *place in await _PUT_BEFORE.rows(tx, asked)
        if print_ not in made and tuple(place) in places
    ]
    return await expire_these(tx, workspace_id, before, now) if before else 0


_STILL_OPEN = Prepared(
    select(insights.c.fingerprint, insights.c.person_id).where(
        OPEN_INSIGHT,
        insights.c.workspace_id == bindparam("workspace"),
        among(insights.c.fingerprint, texts("fingerprints")),
    )
)
_UNSAID = insights.c.verdict_reason.is_distinct_from(Reason.SAID.value)
_RESOLVE = Prepared(
    update(insights)
    .where(
        OPEN_INSIGHT,
        insights.c.workspace_id == bindparam("_workspace"),
        insights.c.fingerprint == bindparam("_fingerprint"),
    )
    .values(
        state=InsightState.RESOLVED.value,
        decided_at=bindparam("_now"),
        outcome=bindparam("_outcome"),
        # What was said is no more dropped than what was dismissed.
        verdict=case((_UNSAID, SETTLED.verdict.value), else_=insights.c.verdict),
        verdict_reason=case((_UNSAID, SETTLED.reason.value), else_=insights.c.verdict_reason),
        verdict_until=None,
    )
)


async def still_open(tx: Tx, workspace_id: str, fingerprints: Collection[str]) -> dict[str, str]:
    """Those of these insights that are open, with whose each is."""
    asked = {"workspace": workspace_id, "fingerprints": sorted(fingerprints)}
    return {row[0]: row[1] for row in await _STILL_OPEN.rows(tx, asked)}


async def resolve(
    tx: Tx,
    workspace_id: str,
    owners: Mapping[str, str],
    outcomes: Mapping[str, Phrase],
    now: datetime,
) -> None:
    """End open insights that are not true any more, each with the words for what has settled it.

    `owners` are those of `still_open`, asked for after their people's turns were noted. A message
    that shows one is drawn again; one that is merely due is taken back.
    """
    if not outcomes:
        return
    rows = [
        {"_workspace": workspace_id, "_fingerprint": print_, "_now": now, "_outcome": outcome}
        for print_, outcome in sorted(outcomes.items(), key=itemgetter(0))
    ]
    await _RESOLVE.do_each(tx, rows)
    ended = {print_: owners[print_] for print_ in outcomes}
    await _ended(tx, workspace_id, ended, InsightState.RESOLVED, now)
    await messages.withdraw(tx, workspace_id, [messages.card_id(print_) for print_ in ended])
