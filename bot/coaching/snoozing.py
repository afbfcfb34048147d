"""Putting an insight off until later, and taking that back."""

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.coaching.actor import Actor
from bot.coaching.permission import Refusal, refused, theirs
from bot.runtime.parts import Parts
from coach.keys import fingerprint
from coach.models import Insight, InsightType, Person
from coach.phrases import Phrase, say
from coach.postponing import lasts
from coach.truth import said_anew
from storage import checks, deciding, ending, following, insights, rounds, snoozes, workspaces
from storage.database import Tx
from storage.insights import NewInsight

#: Until when, for a person at a moment.
Until = Callable[[Person, datetime], datetime]


async def may(parts: Parts, actor: Actor, fingerprint: str) -> Person:
    """The person, if they may put this insight off. Raises `Refusal`."""
    async with parts.database.read() as tx:
        insight, person = await theirs(parts, tx, actor, fingerprint)
    if insight.is_put_off(parts.clock.now()):
        raise Refusal(_already(insight))
    return person


async def snooze(parts: Parts, actor: Actor, fingerprint: str, until: Until) -> Insight:
    """Put an insight off. Raises `Refusal`, and whatever `until` raises."""
    async with parts.database.write() as tx:
        insight, person = await theirs(parts, tx, actor, fingerprint)
        now = parts.clock.now()
        if insight.is_put_off(now):
            raise Refusal(_already(insight))
        at = until(person, now)
        await deciding.reconsider(tx, actor.workspace_id, [person.id], now)
        await insights.see(tx, actor.workspace_id, [fingerprint], now)
        expires_at = lasts(at, insight.expires_at, person)
        later = await snoozes.put_off(tx, actor.workspace_id, fingerprint, at, expires_at, now)
        if later is None:
            raise Refusal(await _why(tx, actor, fingerprint, now))
    parts.wake.attention.set()
    parts.wake.sender.set()
    return later


async def undo(parts: Parts, actor: Actor, fingerprint: str) -> Insight:
    """Have an insight back that was put off. Raises `Refusal`."""
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, actor.workspace_id)
        _, person = await theirs(parts, tx, actor, fingerprint)
        now = parts.clock.now()
        # Rounds come before people: whoever looks at them takes them in this order.
        await rounds.hold(tx, actor.workspace_id, [person.id])
        await deciding.reconsider(tx, actor.workspace_id, [person.id], now)
        back = await snoozes.take_back(tx, actor.workspace_id, fingerprint, now)
        if back is None:
            raise Refusal(say("This is not put off any more."))
        await _look_again(tx, back)
    parts.wake.attention.set()
    parts.wake.sender.set()
    return back


async def _look_again(tx: Tx, back: Insight) -> None:
    """Its rule looks at what it speaks of again as if it had not been put off."""
    workspace_id, print_, at = back.workspace_id, back.fingerprint, back.expires_at
    about = (await insights.subjects(tx, workspace_id, [print_])).get(print_, ())
    if back.subject == f"person:{back.person_id}":
        # A list that was put off has withheld nothing.
        return
    keys = [checks.Key(back.rule, each.kind, each.connection_id, each.id) for each in about]
    if keys and back.type is InsightType.TIME:
        await rounds.hasten(tx, workspace_id, {(back.person_id, back.rule): at})
        await checks.put_off(tx, workspace_id, [(key, at, None) for key in keys])


async def _why(tx: Tx, actor: Actor, fingerprint: str, now: datetime) -> Phrase:
    """Somebody was faster: what they did."""
    found = await insights.get(tx, actor.workspace_id, fingerprint)
    return _already(found) if found and found.is_put_off(now) else refused(found)


def _already(insight: Insight) -> Phrase:
    return say("You have put this off already, until {time}.", time=insight.snoozed_until or "")


async def followed(
    tx: Tx, workspace_id: str, new: Sequence[NewInsight], now: datetime
) -> list[NewInsight]:
    """The drafts, without those that say anew what their person has put off.

    What was put off then says what they would have said, and waits on.
    """
    waiting = await snoozes.waiting(tx, workspace_id, {each.draft.person_id for each in new})
    if not waiting:
        return list(new)
    left: list[NewInsight] = []
    back: dict[str, str] = {}
    anew: dict[str, NewInsight] = {}
    for each in new:
        draft = each.draft
        there = waiting.get((each.rule, draft.person_id), {}).get(draft.subject)
        if there is None or there.expires_at <= now:
            left.append(each)
        elif each.type is InsightType.ACTION and there.snoozed_until <= now:
            # It has come back; what answers something done since takes its place, for its own time.
            left.append(each)
            if fingerprint(workspace_id, each.rule, draft) != there.fingerprint:
                back[there.fingerprint] = draft.person_id
        else:
            anew[there.fingerprint] = each
    whose = {*back.values(), *(each.draft.person_id for each in anew.values())}
    await deciding.reconsider(tx, workspace_id, whose, now)
    if back:
        await ending.expire_these(tx, workspace_id, back, now)
    if anew:
        before = await insights.subjects(tx, workspace_id, anew)
        said = {print_: said_anew(each.draft) for print_, each in anew.items()}
        await following.say_anew(tx, workspace_id, said, before)
        lasting = {print_: each.draft.expires_at for print_, each in anew.items()}
        await snoozes.last(tx, workspace_id, lasting)
    return left
