"""Muting a kind of advice or one thing, and taking that back; what is open follows at once."""

from dataclasses import dataclass
from datetime import datetime

from bot.coaching import enrolling, silencing
from bot.coaching.actor import Actor
from bot.coaching.permission import Refusal, theirs
from bot.runtime.parts import Parts
from coach.keys import subject_key
from coach.models import Deal, Insight, InsightState, Person
from coach.muting import KIND
from coach.phrases import say
from coach.wording import plain
from storage import deciding, insights, mutes, namesakes, rounds, showing, workspaces
from storage.database import Tx
from storage.mutes import Muted

#: So many things of a list are offered to be muted.
MOST = 50


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that can be muted: a kind of advice, or one thing."""

    what: str
    #: What the thing is called; empty for a kind, which its rule names.
    name: str = ""


async def choices(parts: Parts, actor: Actor, fingerprint: str) -> tuple[Person, list[Choice]]:
    """What somebody may want to hear nothing of, seeing this insight of theirs.

    First the one thing it is about; of a list, its kind. Raises `Refusal`.
    """
    async with parts.database.read() as tx:
        insight, person = await theirs(parts, tx, actor, fingerprint)
        things = await _things(tx, insight)
        found = [Choice(f"{KIND}{insight.rule}"), *things]
        return person, sorted(found, key=lambda each: each.what != insight.subject)


async def _things(tx: Tx, insight: Insight) -> list[Choice]:
    """The things it is about, as far as the mirror has them."""
    workspace_id, print_ = insight.workspace_id, insight.fingerprint
    about = (await insights.subjects(tx, workspace_id, [print_])).get(print_, ())[:MOST]
    places = [(each.kind, each.connection_id, each.id) for each in about]
    things = await showing.by_places(tx, workspace_id, places)
    deals = [each for each in things.values() if isinstance(each, Deal)]
    apart = {
        subject_key(each): each for each in await namesakes.told_apart(tx, workspace_id, deals)
    }
    found = [apart.get(subject_key(each), each) for each in things.values()]
    named = [Choice(subject_key(each), plain(say("{thing}", thing=each.thing))) for each in found]
    return sorted(named, key=lambda each: (each.name.casefold(), each.what))


async def of(parts: Parts, workspace_id: str, person_id: str) -> list[Muted]:
    """What a person has muted, the oldest first."""
    async with parts.database.read() as tx:
        now = parts.clock.now()
        return (await mutes.of(tx, workspace_id, [person_id], now)).get(person_id, [])


async def mute(parts: Parts, actor: Actor, choice: Choice, until: datetime | None) -> Muted:
    """Mute something until then, or for good. What is open of it is answered by that."""
    async with parts.database.write() as tx:
        person = await enrolling.ensure(parts, tx, actor)
        workspace_id, now = actor.workspace_id, parts.clock.now()
        await deciding.reconsider(tx, workspace_id, [person.id], now)
        made = Muted(choice.what, choice.name, until, now)
        await silencing.silence(parts, tx, person, made)
    parts.wake.attention.set()
    parts.wake.sender.set()
    return made


async def unmute(parts: Parts, actor: Actor, what: str) -> Muted:
    """Take a mute back: what it silenced is open again, if it is in time. Raises `Refusal`."""
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, actor.workspace_id)
        person = await enrolling.ensure(parts, tx, actor)
        gone = await _unmute(parts, tx, person, what)
    _ring(parts)
    return gone


async def undo(parts: Parts, actor: Actor, fingerprint: str) -> Muted:
    """Take back what silenced an insight. Raises `Refusal` where nothing does any more."""
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, actor.workspace_id)
        now = parts.clock.now()
        insight = await insights.get(tx, actor.workspace_id, fingerprint)
        person = await enrolling.ensure(parts, tx, actor)
        if insight is None or insight.person_id != person.id:
            raise Refusal(say("This insight is for somebody else, so only they can answer it."))
        about = await insights.subjects(tx, actor.workspace_id, [fingerprint])
        names = silencing.names(insight, about.get(fingerprint, ()))
        in_force = (await mutes.of(tx, actor.workspace_id, [person.id], now)).get(person.id, [])
        found = [each for each in in_force if each.what in names]
        # Of several it was the one made when it was silenced.
        found.sort(key=lambda each: each.created_at != insight.decided_at)
        if insight.state is not InsightState.MUTED or not found:
            raise Refusal(say("This is not muted any more."))
        gone = await _unmute(parts, tx, person, found[0].what)
    _ring(parts)
    return gone


def _ring(parts: Parts) -> None:
    parts.wake.tick.set()
    parts.wake.attention.set()
    parts.wake.sender.set()


async def _unmute(parts: Parts, tx: Tx, person: Person, what: str) -> Muted:
    workspace_id, now = person.workspace_id, parts.clock.now()
    # Rounds come before people: whoever looks at them takes them in this order.
    await rounds.hold(tx, workspace_id, [person.id])
    await deciding.reconsider(tx, workspace_id, [person.id], now)
    gone = await silencing.speak_again(parts, tx, person, what)
    if gone is None:
        raise Refusal(say("This is not muted any more."))
    return gone
