"""The one way to fall silent about a kind of advice or one thing, and to speak of it again.

Whoever mutes comes through here, be it by the menu, a command, a reason for sending something away
or the answer to a question: what is open of it ends, its messages say so, and taking it back has it
open again.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from bot.coaching import following
from bot.runtime.parts import Parts
from coach.keys import key_of
from coach.models import About, Insight, InsightState, Person
from coach.muting import KIND, mute_of, names_of
from coach.phrases import Phrase, say
from coach.presenting import done_so_far
from coach.rule import Rule
from storage import crm_writes, deciding, insights, messages, mutes, people, rounds, workspaces
from storage.database import Tx
from storage.mutes import Muted


def called(rules: Mapping[str, Rule], what: str, name: str = "") -> Phrase:
    """What something that is muted, or can be, is called."""
    if not what.startswith(KIND):
        return say("{name}", name=name or what)
    rule = rules.get(what.removeprefix(KIND))
    return rule.called if rule else say("{name}", name=what.removeprefix(KIND))


async def silence(parts: Parts, tx: Tx, person: Person, made: Muted) -> None:
    """Say nothing more of it to this person, whose turn was noted before.

    What is open of it as a whole ends; a list goes on without it. Afterwards the caller rings the
    bells of attention and the sender.
    """
    workspace_id, now = person.workspace_id, made.created_at
    await mutes.add(tx, workspace_id, person.id, made)
    # It is not counted any more.
    await messages.of_now(tx, workspace_id, "backlog", [person.id])
    open_ = await insights.pending(tx, workspace_id, person.id, now)
    about = await insights.subjects(tx, workspace_id, [each.fingerprint for each in open_])
    whole, lists = [], []
    for each in open_:
        its = about.get(each.fingerprint, ())
        if made.what in names(each, its):
            whole.append(each.fingerprint)
        elif made.what in _keys(its):
            lists.append(each)
    said = _said(called(parts.rules, made.what, made.name), made.until)
    await mutes.silence(tx, workspace_id, person.id, whole, said, now)
    review = await following.ask(parts, tx, workspace_id, lists, now)
    await following.act(tx, workspace_id, review, now)


async def stay_silent(parts: Parts, tx: Tx, person: Person, insight: Insight) -> bool:
    """End an insight that was opened again but is muted by now; says whether it is."""
    workspace_id, now, print_ = person.workspace_id, parts.clock.now(), insight.fingerprint
    in_force = (await mutes.of(tx, workspace_id, [person.id], now)).get(person.id, [])
    if not in_force:
        return False
    about = (await insights.subjects(tx, workspace_id, [print_])).get(print_, ())
    found = mute_of(names(insight, about), mutes.plainly(in_force), now)
    if found is None:
        return False
    name = next(each.name for each in in_force if each.what == found.what)
    said = _said(called(parts.rules, found.what, name), found.until)
    await mutes.silence(tx, workspace_id, person.id, [print_], said, now)
    return True


def _said(what: Phrase, until: datetime | None) -> Phrase:
    if until is None:
        return say("Muted: {what}", what=what)
    return say("Muted until {time}: {what}", time=until, what=what)


def _keys(about: tuple[About, ...]) -> set[str]:
    return set(map(key_of, about))


def names(insight: Insight, about: tuple[About, ...]) -> set[str]:
    """By which names this insight, about these things, can be muted as a whole."""
    return names_of(insight.rule, insight.type, insight.subject, _keys(about))


async def speak_again(parts: Parts, tx: Tx, person: Person, what: str) -> Muted | None:
    """Take a mute back: what it has ended is open again, if it is in time and true.

    Returns what was taken back; `None` when it is not in force any more. The person's rounds are
    held and their turn was noted, in this order; the caller rings the bells of the clock, attention
    and the sender afterwards.
    """
    workspace_id, now = person.workspace_id, parts.clock.now()
    gone = await mutes.remove(tx, workspace_id, person.id, what, now)
    if gone is not None:
        await _open_again(parts, tx, person, {what}, now)
    return gone


async def let_end(parts: Parts, now: datetime) -> bool:
    """Have what was muted until now open again, as if that were taken back; says whether any was.

    Afterwards the caller rings the bells of attention and the sender.
    """
    async with parts.database.read() as tx:
        over = await mutes.over(tx, now)
    for workspace_id, ids in over.items():
        async with parts.database.write() as tx:
            await workspaces.lock(tx, parts.database, workspace_id)
            await rounds.hold(tx, workspace_id, ids)
            await deciding.reconsider(tx, workspace_id, ids, now)
            known = await people.load(tx, workspace_id, ids)
            for id, whats in (await mutes.end(tx, workspace_id, ids, now)).items():
                await _open_again(parts, tx, known[id], whats, now)
    return bool(over)


async def _open_again(
    parts: Parts, tx: Tx, person: Person, whats: Collection[str], now: datetime
) -> None:
    """What was muted by these names and is by none any more is open again, if it is in time."""
    workspace_id = person.workspace_id
    await messages.of_now(tx, workspace_id, "backlog", [person.id])
    left = mutes.plainly((await mutes.of(tx, workspace_id, [person.id], now)).get(person.id, []))
    silent = await mutes.silenced(tx, workspace_id, person.id)
    about = await insights.subjects(tx, workspace_id, [each.fingerprint for each in silent])
    open_ = await insights.pending(tx, workspace_id, person.id, now)
    taken = {(each.rule, each.subject) for each in open_}
    to: dict[str, InsightState] = {}
    so_far: dict[str, Phrase | None] = {}
    for each in silent:
        its_names = names(each, about.get(each.fingerprint, ()))
        if its_names.isdisjoint(whats) or mute_of(its_names, left, now) is not None:
            continue
        place = (each.rule, each.subject)
        if each.expires_at > now and place not in taken:
            to[each.fingerprint] = InsightState.OPEN
            taken.add(place)
        else:
            to[each.fingerprint] = InsightState.EXPIRED
        if following.is_list(parts, each):
            # What was done of it before it was muted stays done.
            done = await crm_writes.of_insight(tx, workspace_id, each.fingerprint)
            so_far[each.fingerprint] = done_so_far([one.words for one in done]) if done else None
    await mutes.unsilence(tx, workspace_id, person.id, to, so_far, now)
    pending = await insights.pending(tx, workspace_id, person.id, now)
    again = [each for each in pending if to.get(each.fingerprint) is InsightState.OPEN]
    review = await following.ask(parts, tx, workspace_id, again, now)
    await following.act(tx, workspace_id, review, now)
    # Nobody looked at it as long as it was muted.
    await rounds.wake(tx, workspace_id, [person.id], now)
