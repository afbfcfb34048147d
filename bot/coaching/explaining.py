"""Why somebody sees an insight: everything that its explanation is drawn from, as it is now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.coaching import following, silencing
from bot.coaching.actor import Actor
from bot.coaching.permission import Refusal
from bot.runtime.parts import Parts
from coach import engine
from coach.explaining import Outcomes, Told, of_kind
from coach.knowledge import UNKNOWN, Known
from coach.models import Deal, Insight, Person, Subject, Task
from coach.muting import KIND
from coach.phrases import Phrase, say
from coach.rule import Rule
from storage import explaining, insights, loader, namesakes, people, showing
from storage.loader import Asked

#: How many of the things that an insight is about are told.
THINGS = 5

#: How far back it is told what became of all that somebody was told.
LATELY = timedelta(days=30)

#: How many insights there are to choose from.
CHOICES = 20


@dataclass(frozen=True, slots=True)
class Explanation:
    """All there is to tell about one insight."""

    told: Told
    person: Person
    #: `None` when this version does not have it any more.
    rule: Rule | None
    #: The first of the things that it is about, and how many they are.
    things: Sequence[Subject]
    count: int
    outcomes: Outcomes
    #: What the rule knows of its person and these things.
    known: Known = UNKNOWN


async def explain(parts: Parts, actor: Actor, fingerprint: str) -> Explanation:
    """Everything about an insight of the one who asks, whatever became of it. Raises `Refusal`."""
    workspace_id = actor.workspace_id
    async with parts.database.read() as tx:
        found = await explaining.told(tx, workspace_id, fingerprint)
        person = await people.by_slack_user(tx, workspace_id, actor.slack_user_id)
    if found is None:
        raise Refusal(
            say("This insight is not known any more. `/coach insights` shows what is open.")
        )
    if person is None or found.insight.person_id != person.id:
        raise Refusal(say("This insight is for somebody else, so only they can see why."))
    await following.as_of_now(parts, [found.insight])
    async with parts.database.read() as tx:
        told = await explaining.told(tx, workspace_id, fingerprint) or found
        about = (await insights.subjects(tx, workspace_id, [fingerprint])).get(fingerprint, ())
        places = [(each.kind, each.connection_id, each.id) for each in about]
        known = await showing.by_places(tx, workspace_id, places)
        found_now = _first([known[place] for place in places if place in known])[:THINGS]
        deals = [each for each in found_now if isinstance(each, Deal)]
        apart = iter(await namesakes.told_apart(tx, workspace_id, deals))
        things = [next(apart) if isinstance(each, Deal) else each for each in found_now]
        kind = found.insight.rule
        became = await explaining.outcomes(tx, workspace_id, person_id=person.id, rule=kind)
        wanted = engine.known_for_truth(parts.rules, [kind])
        asked = Asked(workspace_id, [person.id], things)
        known_ = (await loader.find(tx, parts.loaders, wanted, asked))[person.id]
    rule, outcomes = parts.rules.get(kind), became.get(kind, Outcomes())
    return Explanation(told, person, rule, things, len(about), outcomes, known_)


def _first(things: Sequence[Subject]) -> list[Subject]:
    """Tasks as their lists have them, the oldest first; what else there is stays in its order."""
    last = date.max
    return sorted(
        things, key=lambda each: (each.due_date or last, each.id) if isinstance(each, Task) else ()
    )


async def helped(parts: Parts, person: Person) -> list[Phrase]:
    """What became of what this person was told of late, a line for each kind."""
    async with parts.database.read() as tx:
        since = parts.clock.now() - LATELY
        found = await explaining.outcomes(tx, person.workspace_id, person_id=person.id, since=since)
    return [
        of_kind(silencing.called(parts.rules, f"{KIND}{rule}"), outcomes)
        for rule, outcomes in found.items()
    ]


async def choices(parts: Parts, actor: Actor) -> list[Insight]:
    """What can be explained to the one who asks: the latest that was said to them first."""
    async with parts.database.read() as tx:
        person = await people.by_slack_user(tx, actor.workspace_id, actor.slack_user_id)
        if person is None:
            return []
        now = parts.clock.now()
        return await explaining.latest(tx, actor.workspace_id, person.id, now, CHOICES)
