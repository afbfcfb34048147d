"""A person's own choices: to start, to stop, how much to hear, and when a thing is too late."""

from collections.abc import Awaitable, Callable
from dataclasses import fields, replace
from datetime import datetime

from bot.coaching import planning, wins_told
from bot.coaching.actor import Actor
from bot.coaching.attending import attend
from bot.coaching.permission import Refusal
from bot.runtime.parts import Parts
from coach import engine
from coach.countries import not_chosen
from coach.models import Enrolment, Level, Person, Settings
from coach.phrases import say, to_json
from storage import checks, ending, messages, people, personal, rounds, team_wins, workspaces
from storage.database import Tx


async def person_of(parts: Parts, actor: Actor) -> Person:
    """The person who is this Slack user; one nobody knew yet is made and looked up in Slack."""
    async with parts.database.read() as tx:
        person = await people.by_slack_user(tx, actor.workspace_id, actor.slack_user_id)
    if person is not None:
        return person
    async with parts.database.write() as tx:
        person = await ensure(parts, tx, actor)
    parts.wake.lookup.set()
    return person


async def ensure(parts: Parts, tx: Tx, actor: Actor) -> Person:
    """The person who acts; somebody nobody knew yet is made."""
    now = parts.clock.now()
    return await people.ensure_slack_user(
        tx, actor.workspace_id, actor.slack_user_id, now, parts.new_id, actor.name
    )


async def start(parts: Parts, actor: Actor) -> Person:
    """The person agrees to be coached; what was held for them is on its way."""

    async def work(tx: Tx, person: Person) -> None:
        await _begin(parts, tx, person)

    return await _choose(parts, actor, work)


async def turn_on(parts: Parts, actor: Actor) -> Person:
    """The same, by command: whoever turns the coach on agrees to be coached."""
    return await start(parts, actor)


async def decline(parts: Parts, actor: Actor) -> Person:
    """The person does not want to be coached now; what waits can still be looked at."""
    return await _choose(parts, actor, _decline)


async def turn_off(parts: Parts, actor: Actor) -> Person:
    """Silence; everything is still recorded. Who never started has thereby declined."""

    async def work(tx: Tx, person: Person) -> None:
        if person.enrolment is not Enrolment.STARTED:
            await _decline(tx, person)
            return
        await people.change(tx, actor.workspace_id, person.id, enabled=False)

    return await _choose(parts, actor, work)


async def forget(parts: Parts, actor: Actor) -> int:
    """Delete what is kept of the person, who is not written to any more; returns how much it was.

    What the CRM says of their things stays, and so does what is on its way there.
    """
    gone = 0

    async def work(tx: Tx, person: Person) -> None:
        nonlocal gone
        anybody = frozenset(Enrolment)
        declined = Enrolment.DECLINED
        await people.enrol(tx, person.workspace_id, person.id, declined, only_from=anybody)
        await _save(parts, tx, person, Settings())
        await people.change(tx, person.workspace_id, person.id, **dict.fromkeys(_DATES))
        gone = await personal.forget(tx, personal.Link(person.workspace_id, person.id))

    await _choose(parts, actor, work)
    return gone


#: When what happened to somebody; all else of them they have set, or Slack and the CRM tell.
_DATES = (
    "began_at",
    "paused_until",
    "dnd_until",
    "dnd_asked_at",
    "brief_made_at",
    "digest_made_at",
    "backlog_at",
    "backlog_made_at",
    "home_seen_at",
)


async def pause(parts: Parts, actor: Actor, until: datetime | None) -> Person:
    """Silence until then, or its end with `None`. Raises `Refusal` where there is none to end."""

    async def work(tx: Tx, person: Person) -> None:
        if person.enrolment is not Enrolment.STARTED or not person.settings.enabled:
            raise Refusal(say("Your coach is off, so there is nothing to pause."))
        now = parts.clock.now()
        if until is None and (person.paused_until is None or person.paused_until <= now):
            raise Refusal(say("Your coach is not paused."))
        await people.change(tx, actor.workspace_id, person.id, paused_until=until)

    return await _choose(parts, actor, work)


async def set_level(parts: Parts, actor: Actor, level: Level) -> Person:
    """The person wants to hear more or less."""

    async def work(tx: Tx, person: Person) -> None:
        await _save(parts, tx, person, replace(person.settings, level=level))

    return await _choose(parts, actor, work)


async def hear(parts: Parts, actor: Actor, rule: str, *, on: bool) -> Person:
    """The person wants to hear of a kind that is off until somebody wants it, or not any more."""

    async def work(tx: Tx, person: Person) -> None:
        others = set(person.settings.also) - {rule}
        also = tuple(sorted({*others, rule} if on else others))
        await _save(parts, tx, person, replace(person.settings, also=also))

    return await _choose(parts, actor, work)


async def be_named(parts: Parts, actor: Actor, *, named: bool) -> Person:
    """The team's channel may name the person when they win a deal, or may not."""

    async def work(tx: Tx, person: Person) -> None:
        await _save(parts, tx, person, replace(person.settings, named=named))

    return await _choose(parts, actor, work)


async def save_settings(parts: Parts, actor: Actor, settings: Settings) -> Person:
    """Store a filled-in settings form; `enabled` is the coach's switch as the person left it.

    On starts a coach that had not started. Off for someone who never started changes nothing: they
    have neither agreed nor declined.
    """

    async def work(tx: Tx, person: Person) -> None:
        started, wanted = person.enrolment is Enrolment.STARTED, settings
        if not settings.enabled and not started:
            wanted = replace(settings, enabled=person.settings.enabled)
        await _save(parts, tx, person, wanted)
        if settings.enabled and not (started and person.settings.enabled):
            await _begin(parts, tx, replace(person, settings=wanted))

    return await _choose(parts, actor, work)


async def _choose(
    parts: Parts,
    actor: Actor,
    work: Callable[[Tx, Person], Awaitable[None]],
) -> Person:
    async with parts.database.write() as tx:
        # The worker must not put next checks back that it made for the settings of before.
        await workspaces.lock(tx, parts.database, actor.workspace_id)
        person = await ensure(parts, tx, actor)
        # Rounds come before people: whoever looks at them takes them in this order.
        await rounds.hold(tx, actor.workspace_id, [person.id])
        await work(tx, person)
        # At once, and not at attention's next turn: who says stop is sent nothing more.
        await attend(parts, tx, actor.workspace_id, [person.id])
        after = (await people.load(tx, actor.workspace_id, [person.id]))[person.id]
        if after.is_named != person.is_named:
            # What the team's channel was told of them with their name, or without.
            await team_wins.look_again(tx, actor.workspace_id, parts.clock.now())
            await wins_told.unname(tx, actor.workspace_id)
    # Only now can the other parts see it.
    parts.wake.tick.set()
    parts.wake.sender.set()
    parts.wake.lookup.set()
    parts.wake.team.set()
    return after


async def _begin(parts: Parts, tx: Tx, person: Person) -> None:
    anybody = frozenset(Enrolment)
    await people.enrol(tx, person.workspace_id, person.id, Enrolment.STARTED, only_from=anybody)
    now = parts.clock.now()
    await people.change(
        tx, person.workspace_id, person.id, enabled=True, began_at=now, paused_until=None
    )
    if person.began_at is None and person.enrolment is not Enrolment.STARTED:
        # What was so before is no news: it comes in one summary. Who was coached before has been
        # told of it.
        await checks.grow_old(tx, person.workspace_id, person.id, now)
        # What waits to be said is of some of it, and of then: it is said anew of all, as of now.
        its = engine.time_rules(parts.rules)
        await ending.expire_unsaid(tx, person.workspace_id, person.id, its, now)
        await people.backlog_came(tx, person.workspace_id, [person.id], now)
    await messages.replay(tx, person.workspace_id, now, person_id=person.id)
    await rounds.enlist(tx, engine.person_rules(parts.rules), now, (person.workspace_id, person.id))
    # Nothing was looked at for somebody who did not listen.
    await rounds.wake(tx, person.workspace_id, [person.id], now)
    await _show_welcome(tx, person, "started")


async def _decline(tx: Tx, person: Person) -> None:
    anybody = frozenset(Enrolment)
    await people.enrol(tx, person.workspace_id, person.id, Enrolment.DECLINED, only_from=anybody)
    await _show_welcome(tx, person, "declined")


async def _save(parts: Parts, tx: Tx, person: Person, settings: Settings) -> None:
    await people.save_settings(tx, person, settings)
    changed = {
        field.name
        for field in fields(settings)
        if getattr(settings, field.name) != getattr(person.settings, field.name)
    } - {"enabled", "named"}
    # At another level other kinds are counted.
    await messages.of_now(tx, person.workspace_id, "backlog", [person.id] if changed else ())
    if "also" in changed:
        which = set(settings.also).symmetric_difference(person.settings.also)
        await planning.switched(parts, tx, person, which)
    if moving := changed & _MOVES:
        await planning.reconsider(parts, tx, person, moving)
    if changed - _MOVES - {"also"}:
        # Nothing becomes due at another time, but they may hear what they were not told.
        await rounds.wake(tx, person.workspace_id, [person.id], parts.clock.now())


#: The settings that decide when a thing becomes due.
_MOVES = frozenset(
    {
        *("stale_lead_days", "stuck_deal_days", "working_days", "holidays"),
        # How long a lead has waited for a first word is counted in hours at work.
        *("work_from", "work_until"),
    }
)


async def _show_welcome(tx: Tx, person: Person, state: str) -> None:
    """Let the welcome message, if there is one, say what was chosen and lose its buttons."""
    id = f"welcome:{person.id}"
    welcome = await messages.get(tx, person.workspace_id, id)
    if welcome is not None and welcome.params.get("state") != state:
        at_work = not_chosen(person) if state == "started" else None
        holidays = to_json(at_work) if at_work else None
        params = {**welcome.params, "state": state, "holidays": holidays}
        await messages.redraw(tx, person.workspace_id, id, params)
