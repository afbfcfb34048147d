"""A change that a CRM has refused: here it is taken back, and the card it was made from says so."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.coaching import following, undelivered
from bot.coaching.recording import apply
from bot.coaching.undoing import as_it_is
from bot.runtime.parts import Parts
from coach import writes
from coach.events import Change, Event
from coach.models import Insight, InsightState, SubjectKind, Verb
from coach.phrases import Phrase, counted, say
from coach.presenting import all_done, done_so_far
from coach.writes import CompleteTask, CreateTask, LogContact
from storage import activities, crm_writes, deciding, mirror, people, rounds, undoing
from storage import following as kept
from storage.crm_writes import UNDO, StoredWrite
from storage.database import Tx

#: How long advice that is open again is of use at least.
AT_LEAST = timedelta(days=1)


async def take_back(
    parts: Parts, tx: Tx, write: StoredWrite, why: str, *, gone: bool = False
) -> None:
    """Have the mirror show again what the CRM has, and the insight's messages say so.

    The insight is open again, if it is true. What is `gone` there is gone here. The caller holds
    the workspace's lock.
    """
    workspace_id, now = write.workspace_id, parts.clock.now()
    found = await kept.these(tx, workspace_id, [write.fingerprint])
    if found:
        # Rounds come before people: whoever looks at them takes them in this order.
        await rounds.hold(tx, workspace_id, [found[0].person_id])
        await deciding.reconsider(tx, workspace_id, [found[0].person_id], now)
    if not write.takes_back:
        await _is_not_done(parts, tx, write, now)
    elif not gone:
        await _is_still_done(parts, tx, write, why, now)
    if gone:
        await _is_gone(parts, tx, write, now)
    if not found:
        # An act of their own has no card that would say so.
        await undelivered.tell(parts, tx, write)
    elif not write.takes_back:
        await _open_again(parts, tx, found[0], write, why, now)


async def _is_not_done(parts: Parts, tx: Tx, write: StoredWrite, now: datetime) -> None:
    workspace_id, connection_id = write.workspace_id, write.connection_id
    kind, id = writes.subject(write.write)
    thing = (await mirror.load(tx, kind, workspace_id, connection_id, [id])).get(id)
    if thing is None or not writes.still_stands(write.write, write.made_at, thing):
        # It has been told of since.
        return
    event = writes.refused(
        write.write,
        write.before,
        made_at=write.made_at,
        dedupe_key=f"coach:{write.key}:refused",
        at=now,
    )
    await apply(parts, tx, workspace_id, connection_id, [event], taking=write.fingerprint)
    if isinstance(write.write, LogContact):
        # It is no contact that was made, either.
        for key in (f"coach:{write.key}", event.dedupe_key):
            await activities.forget(tx, workspace_id, connection_id, key)


async def _is_gone(parts: Parts, tx: Tx, write: StoredWrite, now: datetime) -> None:
    kind, id = writes.subject(write.write)
    change = Change(kind, id, now, {"deleted": True})
    verb = Verb.DEAL_DELETED if kind is SubjectKind.DEAL else Verb.TASK_DELETED
    event = Event(f"coach:{write.key}:gone", verb, now, (change,), observed=True)
    place = write.workspace_id, write.connection_id
    await apply(parts, tx, *place, [event], taking=write.fingerprint)


async def _open_again(
    parts: Parts, tx: Tx, insight: Insight, write: StoredWrite, why: str, now: datetime
) -> None:
    workspace_id, print_ = write.workspace_id, write.fingerprint
    is_list = following.is_list(parts, insight)
    if is_list:
        kind, id = writes.subject(write.write)
        await kept.about_again(tx, workspace_id, print_, kind, write.connection_id, id)
    left = [each.words for each in await crm_writes.of_insight(tx, workspace_id, print_)]
    outcome = _said(left, write, why, is_list=is_list)
    if insight.state is InsightState.OPEN:
        await undoing.tell(tx, workspace_id, print_, outcome)
    elif insight.state is InsightState.TAKEN:
        until = max(insight.expires_at, now + AT_LEAST)
        kept_open = {} if left else {"undo_until": None}
        await undoing.reopen(
            tx, insight, outcome, now, snoozed_until=None, expires_at=until, **kept_open
        )
    else:
        return
    person = (await people.load(tx, workspace_id, [insight.person_id]))[insight.person_id]
    await as_it_is(parts, tx, person, print_, now)


def _said(left: list[Phrase], write: StoredWrite, why: str, *, is_list: bool) -> Phrase:
    if left and is_list:
        return counted(
            "{done}; refused by the CRM and undone here: {refused} ({why})",
            "{done}; refused by the CRM and undone here: {refused} ({why})",
            "count",
            count=len(left),
            done=done_so_far(left),
            refused=write.words,
            why=why,
        )
    said = say(
        "The CRM refused this, so it is undone here: {done}. Why: {why}.", done=write.words, why=why
    )
    return say("{done} {refused}", done=all_done(left), refused=said) if left else said


async def _is_still_done(parts: Parts, tx: Tx, write: StoredWrite, why: str, now: datetime) -> None:
    """What was taken back here stands in the CRM, which will not take it back."""
    workspace_id, connection_id = write.workspace_id, write.connection_id
    done = await crm_writes.one(tx, workspace_id, write.key.removesuffix(UNDO))
    kind, id = writes.subject(write.write)
    thing = (await mirror.load(tx, kind, workspace_id, connection_id, [id])).get(id)
    if done is None or thing is None or write.made_at not in thing.told.values():
        return
    await apply(parts, tx, workspace_id, connection_id, [_done_again(done, write, now)])
    said = say(
        "The CRM refused to take this back, so it is done here too: {done}. Why: {why}.",
        done=done.words,
        why=why,
    )
    for insight in await kept.these(tx, workspace_id, [write.fingerprint]):
        if insight.state is InsightState.OPEN and insight.progress is None:
            await undoing.tell(tx, workspace_id, write.fingerprint, said)


def _done_again(done: StoredWrite, write: StoredWrite, now: datetime) -> Event:
    event = writes.event(done.write, dedupe_key=f"coach:{write.key}:refused", at=now, owner=None)
    (change,) = event.changes
    since = {CompleteTask: "completed_at", CreateTask: "created_at"}.get(type(done.write))
    fields = {**change.fields, **({since: done.made_at} if since else {})}
    return replace(event, changes=(replace(change, fields=fields),))
