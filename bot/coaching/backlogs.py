"""What a person does with their backlog: look at all of it, or let it rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.coaching.actor import Actor
from bot.coaching.permission import Refusal
from bot.runtime.parts import Parts
from coach import engine
from coach.models import Person, Subject
from coach.phrases import Phrase, say
from coach.rule import Rule
from storage import checks, messages, people

#: How many things of each kind are looked at.
MOST = 100


@dataclass(frozen=True, slots=True)
class Kind:
    """What there is of a backlog of one kind: its number, and the first of it."""

    counted: Phrase
    things: Sequence[Subject]
    more: int


def counts_before(rules: Mapping[str, Rule], person: Person) -> set[tuple[str, str]]:
    """Which rule counts a thing of somebody's before which other: each thing counts once."""
    return {
        (name, weaker)
        for name, rule in engine.time_rules(rules).items()
        if rule.counts is not None and engine.is_heard(rule, person)
        for weaker in rule.instead_of
    }


async def everything(parts: Parts, person: Person) -> list[Kind]:
    """All that was so before the coach knew of it and is so still."""
    found: list[Kind] = []
    async with parts.database.read() as tx:
        now, workspace_id = parts.clock.now(), person.workspace_id
        before = counts_before(parts.rules, person)
        counts = (await checks.backlog(tx, workspace_id, [person.id], before, now))[person.id]
        for name, rule in engine.time_rules(parts.rules).items():
            count = counts.get(name, 0)
            if not count or rule.counts is None or not engine.is_heard(rule, person):
                continue
            things = await checks.old_of(
                tx, workspace_id, name, rule.kind, person.id, before, now,
                most=MOST, largest_first=rule.largest_first,
            )  # fmt: skip
            found.append(Kind(rule.counts(count), things, count - len(things)))
    return found


async def let_rest(parts: Parts, actor: Actor, message_id: str, *, rests: bool) -> None:
    """Take the lines of a summary away, or bring them back. Raises `Refusal` for another's."""
    async with parts.database.write() as tx:
        person = await people.by_slack_user(tx, actor.workspace_id, actor.slack_user_id)
        summary = await messages.get(tx, actor.workspace_id, message_id)
        if person is None or summary is None or summary.kind != "backlog":
            raise Refusal(say("This is not yours to answer."))
        if summary.person_id != person.id:
            raise Refusal(say("This is not yours to answer."))
        params = {**summary.params, "rests": rests}
        await messages.redraw(tx, actor.workspace_id, message_id, params)
    parts.wake.sender.set()
