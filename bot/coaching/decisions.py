"""What people decide on insights: open, use a control, submit, dismiss; each counts once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.coaching import following, undelivered
from bot.coaching.actor import Actor
from bot.coaching.changes import make, write_of
from bot.coaching.permission import Refusal, action_of, refused, theirs
from bot.coaching.views import view_of
from bot.runtime.parts import Parts
from coach.action import Action, ActionView, FieldErrors
from coach.calendar import local_date
from coach.errors import UnknownSubjectError
from coach.models import Insight, InsightState, Person, Ref
from coach.phrases import say
from coach.presenting import all_done, done_so_far
from coach.screens import Control, Item, Screen, not_offered
from storage import crm_writes, deciding, ending, insights, rounds, undoing, workspaces
from storage import following as kept
from storage.database import Tx


@dataclass(frozen=True, slots=True)
class Opened:
    """An insight with the screen behind its Take Action."""

    insight: Insight
    person: Person
    screen: Screen


async def open_screen(parts: Parts, actor: Actor, fingerprint: str) -> Opened:
    """What Take Action shows; notes that the person has seen the insight.

    The card is brought up to date with it: both count the same days and things.

    Raises `Refusal`, or `UnknownSubjectError` when the CRM no longer has what it is about.
    """
    async with parts.database.read() as tx:
        said = await insights.get(tx, actor.workspace_id, fingerprint)
    if said is not None:
        await following.as_of_now(parts, [said])
    async with parts.database.write() as tx:
        insight, person = await theirs(parts, tx, actor, fingerprint)
        view = await view_of(parts, tx, insight, person)
        await insights.opened(tx, insight, parts.clock.now())
    return Opened(insight, person, action_of(parts, insight).screen(view))


async def use_control(
    parts: Parts,
    actor: Actor,
    fingerprint: str,
    control: Control,
    ref: Ref,
    value: str | None,
    standing: Sequence[Ref] = (),
) -> Opened:
    """Do what a control on the screen says, in the mirror and on its way to the CRM, once.

    Only what the screen offers can be done: a forged press is refused. `standing` are the things
    that the screen shows, in its order.
    """
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, actor.workspace_id)
        insight, person = await theirs(parts, tx, actor, fingerprint, worked_off=True)
        action = action_of(parts, insight)
        before = action.screen(await view_of(parts, tx, insight, person, standing))
        item = next(
            (each for each in before.elements if isinstance(each, Item) and each.ref == ref), None
        )
        if item is None:
            raise Refusal(say("This is no longer on the screen. Close it and open it again."))
        if item.done is None:
            if control not in item.controls:
                raise Refusal(say("This cannot be done here. Close the screen and open it again."))
            if insight.state is not InsightState.OPEN:
                raise Refusal(refused(insight))
            today = local_date(parts.clock.now(), person)
            write = write_of(control, ref, value, item.stages, today)
            # Rounds come before people: whoever looks at them takes them in this order.
            await rounds.hold(tx, actor.workspace_id, [person.id])
            await deciding.reconsider(tx, actor.workspace_id, [person.id], parts.clock.now())
            await make(parts, tx, fingerprint, person, [write])
            if action.lists:
                insight = await _see_to(parts, tx, insight, person)
        after = action.screen(await view_of(parts, tx, insight, person, standing))
    parts.wake.outbox.set()
    parts.wake.attention.set()
    parts.wake.sender.set()
    return Opened(insight, person, after)


async def _see_to(parts: Parts, tx: Tx, insight: Insight, person: Person) -> Insight:
    """Let a list follow what was done of it: it says what is left, or is taken when nothing is."""
    now, workspace_id = parts.clock.now(), insight.workspace_id
    done = await crm_writes.of_insight(tx, workspace_id, insight.fingerprint)
    said = [each.words for each in done]
    review = await following.ask(parts, tx, workspace_id, [insight], now)
    await undoing.allow(tx, workspace_id, insight.fingerprint, now + undoing.WITHIN)
    view = await view_of(parts, tx, review.after(insight, now), person)
    if insight.fingerprint in review.over or _is_worked_off(action_of(parts, insight), view):
        taken = await ending.end(
            tx,
            workspace_id,
            insight.fingerprint,
            InsightState.TAKEN,
            now,
            outcome=all_done(said),
        )
        return await _as_it_stands(tx, taken) if taken else insight
    await following.act(tx, workspace_id, review, now)
    so_far = done_so_far(said)
    await kept.note_progress(tx, workspace_id, insight.fingerprint, so_far)
    return replace(review.after(insight, now), outcome=so_far)


async def _as_it_stands(tx: Tx, taken: Insight) -> Insight:
    """It says as well what of it was given up already and is not in the CRM."""
    return replace(taken, outcome=await undelivered.say_on(tx, taken))


def _is_worked_off(action: Action, view: ActionView) -> bool:
    try:
        screen = action.screen(view)
    except UnknownSubjectError:
        return True
    return not any(isinstance(each, Item) and each.controls for each in screen.elements)


async def submit(
    parts: Parts,
    actor: Actor,
    fingerprint: str,
    values: Mapping[str, str | None],
) -> Insight | FieldErrors:
    """End a screen: the changes are made and the insight is taken, both or neither.

    Returns what to correct, by field, when the values cannot be used. What was done of a list
    counts already: it stays open while anything of it is left.
    """
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, actor.workspace_id)
        insight, person = await theirs(parts, tx, actor, fingerprint, worked_off=True)
        action = action_of(parts, insight)
        if action.lists:
            return insight
        view = await view_of(parts, tx, insight, person)
        # A screen that asks nothing sends nothing, and may be ended when its thing is gone.
        if values and (errors := not_offered(action.screen(view), values)):
            return FieldErrors(errors)
        result = action.submit(view, values)
        if isinstance(result, FieldErrors):
            return result
        await rounds.hold(tx, actor.workspace_id, [person.id])
        await deciding.reconsider(tx, actor.workspace_id, [person.id], parts.clock.now())
        taken = await ending.end(
            tx,
            actor.workspace_id,
            fingerprint,
            InsightState.TAKEN,
            parts.clock.now(),
            outcome=result.outcome,
        )
        if taken is None:
            raise Refusal(refused(await insights.get(tx, actor.workspace_id, fingerprint)))
        await make(parts, tx, fingerprint, person, result.writes)
        done = await crm_writes.of_insight(tx, actor.workspace_id, fingerprint)
        if done and (until := done[-1].made_at + undoing.WITHIN) > parts.clock.now():
            await undoing.allow(tx, actor.workspace_id, fingerprint, until)
        taken = await _as_it_stands(tx, taken)
    parts.wake.attention.set()
    parts.wake.sender.set()
    parts.wake.outbox.set()
    return taken


async def leave(parts: Parts, actor: Actor, fingerprint: str) -> bool:
    """The person closed a screen: an insight from which something was done is taken.

    Returns whether anything was done; an insight from which nothing was, and a list of which
    something is left, stay open.
    """
    async with parts.database.read() as tx:
        made = await crm_writes.of_insight(tx, actor.workspace_id, fingerprint)
        insight = await insights.get(tx, actor.workspace_id, fingerprint)
    if made and insight is not None and following.is_list(parts, insight):
        return True
    if not made or insight is None or insight.state is not InsightState.OPEN:
        return False
    return isinstance(await submit(parts, actor, fingerprint, {}), Insight)


async def dismiss(parts: Parts, actor: Actor, fingerprint: str) -> Insight:
    """Send an insight away; for a while it can be taken back. Raises `Refusal`."""
    async with parts.database.write() as tx:
        _, person = await theirs(parts, tx, actor, fingerprint)
        now = parts.clock.now()
        await deciding.reconsider(tx, actor.workspace_id, [person.id], now)
        await insights.see(tx, actor.workspace_id, [fingerprint], now)
        gone = await ending.end(
            tx,
            actor.workspace_id,
            fingerprint,
            InsightState.DISMISSED,
            now,
            undo_until=now + undoing.WITHIN,
        )
        if gone is None:
            raise Refusal(refused(await insights.get(tx, actor.workspace_id, fingerprint)))
    parts.wake.attention.set()
    parts.wake.sender.set()
    return gone
