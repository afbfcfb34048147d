"""Why somebody has sent an insight away, and what that changes in what they are told."""

from collections.abc import Sequence
from datetime import datetime

from bot.coaching import silencing
from bot.coaching.actor import Actor
from bot.coaching.permission import Refusal, own
from bot.runtime.parts import Parts
from coach import presenting
from coach.action import ActionView
from coach.calendar import local_date
from coach.history import TO_DIGEST, TO_MUTE
from coach.keys import key_of
from coach.models import Deal, Dismissed, Insight, InsightState, Often, Person, Subject, Task
from coach.muting import KIND
from coach.phrases import Joint, Phrase, Series, counted, facts, say
from coach.postponing import lasts, tomorrow
from storage import attention as kept
from storage import deciding, insights, namesakes, showing, snoozes, undoing
from storage.database import Tx
from storage.mutes import Muted

#: How many things are named when it is told what the CRM says of them.
NAMED = 3


async def explain(parts: Parts, actor: Actor, fingerprint: str, why: Dismissed) -> Insight:
    """Note why an insight was sent away, and let it count; what it changes is said in its message.

    Raises `Refusal` when it was not sent away, was explained already, or that is too long ago.
    """
    now, workspace_id = parts.clock.now(), actor.workspace_id
    async with parts.database.write() as tx:
        insight, person = await own(tx, actor, fingerprint)
        await deciding.reconsider(tx, workspace_id, [person.id], now)
        explained = await undoing.explain(tx, workspace_id, fingerprint, why, now)
        if explained is None:
            raise Refusal(_too_late(await insights.get(tx, workspace_id, fingerprint) or insight))
        said: Phrase | None = None
        match why:
            case Dismissed.NOT_RELEVANT:
                said = await _not_relevant(parts, tx, explained, person, now)
            case Dismissed.ALREADY_DONE:
                said = say(
                    "Counted as done. The CRM may not know it yet: until it does, this may come "
                    "up again."
                )
            case Dismissed.WRONG_DATA:
                said = await _says_the_crm(tx, explained, person, now)
            case Dismissed.BAD_TIMING:
                said = await _put_off(parts, tx, explained, person, now)
            case Dismissed.STOP_KIND:
                await _mute(parts, tx, explained, person, now)
                said = say(
                    "“{kind}”: you hear nothing of it any more.", kind=called(parts, insight)
                )
        if said is not None:
            await undoing.tell(tx, workspace_id, fingerprint, said)
        after = await insights.get(tx, workspace_id, fingerprint)
    parts.wake.attention.set()
    parts.wake.sender.set()
    return after or explained


def called(parts: Parts, insight: Insight) -> Phrase:
    """What advice like this is called."""
    return silencing.called(parts.rules, f"{KIND}{insight.rule}")


def _too_late(insight: Insight) -> Phrase:
    if insight.state is not InsightState.DISMISSED:
        return say("This is not dismissed any more.")
    if insight.dismissed_as is not None:
        return say("You have said already why you dismissed this.")
    return say("You dismissed this more than ten minutes ago; it counts as it is.")


async def _not_relevant(
    parts: Parts, tx: Tx, insight: Insight, person: Person, now: datetime
) -> Phrase:
    past = await kept.past_of(tx, person.workspace_id, [person], now)
    times = max(past[person.id].not_relevant.get(insight.rule, 0), 1)
    kind = called(parts, insight)
    if times >= TO_MUTE:
        await _mute(parts, tx, insight, person, now)
        return say(
            "Not relevant {times} times running. “{kind}”: you hear nothing of it any more.",
            times=times,
            kind=kind,
        )
    if times < TO_DIGEST:
        return counted(
            "Not relevant. After {count} time more in a row, “{kind}” interrupts you no more.",
            "Not relevant. After {count} times more in a row, “{kind}” interrupts you no more.",
            "count",
            count=TO_DIGEST - times,
            kind=kind,
        )
    if person.settings.digest is Often.OFF:
        return say(
            "Not relevant {times} times running. “{kind}” comes no more by itself: "
            "`/coach insights` shows it.",
            times=times,
            kind=kind,
        )
    return say(
        "Not relevant {times} times running. “{kind}” comes in your digest from now on.",
        times=times,
        kind=kind,
    )


async def _mute(parts: Parts, tx: Tx, insight: Insight, person: Person, now: datetime) -> None:
    """Mute its kind for good; its rule says what that is called."""
    await silencing.silence(parts, tx, person, Muted(f"{KIND}{insight.rule}", "", None, now))


async def _put_off(
    parts: Parts, tx: Tx, insight: Insight, person: Person, now: datetime
) -> Phrase | None:
    """Until the next day of work begins, as if that had been chosen in its menu.

    Says why not, where it cannot be put off.
    """
    if insight.expires_at <= now:
        return say("Its time is up, so it does not come back. If it is still true, you hear of it.")
    await undoing.reopen(tx, insight, insight.outcome, now, undo_until=None)
    if await silencing.stay_silent(parts, tx, person, insight):
        return None
    until = tomorrow(person, now)
    expires_at = lasts(until, insight.expires_at, person)
    await snoozes.put_off(tx, insight.workspace_id, insight.fingerprint, until, expires_at, now)
    return None


async def _says_the_crm(tx: Tx, insight: Insight, person: Person, now: datetime) -> Phrase:
    """What the coach goes by, so that they can put it right where it stands."""
    workspace_id = insight.workspace_id
    subjects = await insights.subjects(tx, workspace_id, [insight.fingerprint])
    # What it is about comes before what is only named in it; a list in the order of its names.
    listed = [tuple(each) for each in insight.suggestion.params.get("contacts", ())]
    order = {place: number for number, place in enumerate(listed)}
    about = sorted(
        subjects.get(insight.fingerprint, ()),
        key=lambda each: (
            key_of(each) != insight.subject,
            order.get((each.connection_id, each.id), len(order)),
        ),
    )
    places = [(each.kind, each.connection_id, each.id) for each in about][:NAMED]
    found = await showing.by_places(tx, workspace_id, places)
    things: list[Subject] = [found[place] for place in places if place in found]
    deals = iter(
        await namesakes.told_apart(
            tx, workspace_id, [each for each in things if isinstance(each, Deal)]
        )
    )
    things = [next(deals) if isinstance(each, Deal) else each for each in things]
    if not things:
        return say("The CRM has nothing of it any more, so you hear nothing of it either.")
    said = Series(tuple(_as_told(things, person, now)), Joint.SEMICOLON)
    if len(about) > len(things):
        return say(
            "The CRM says: {said}; and so on. Put it right there: until something of it changes, "
            "you hear nothing of these {count}.",
            said=said,
            count=len(about),
        )
    return say(
        "The CRM says: {said}. Put it right there: until it changes, you hear nothing of it.",
        said=said,
    )


def _as_told(things: Sequence[Subject], person: Person, now: datetime) -> list[Phrase]:
    view = ActionView(now, person, local_date(now, person), {}, "")
    said: list[Phrase] = []
    for each in things:
        if isinstance(each, Deal):
            item = presenting.deal_item(each, view)
        elif isinstance(each, Task):
            item = presenting.task_item(each, view)
        else:
            item = presenting.contact_item(each, view)
        said.append(say("{thing} – {facts}", thing=item.title, facts=facts(*item.facts)))
    return said
