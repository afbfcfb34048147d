"""What the rules that list things have to list now: a list is true while it counts that."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.coaching.due import NOTHING, Found, all_of, due_with, in_truth
from bot.runtime.parts import Parts
from coach import engine, precedence
from coach.keys import subject_key
from coach.knowledge import Known
from coach.models import Insight, Person
from coach.muting import KIND
from coach.truth import TruthLook
from storage import insights, mutes, snoozes
from storage.database import Tx


async def listed(
    parts: Parts, tx: Tx, workspace_id: str, asked: Sequence[Insight], now: datetime
) -> dict[str, Found]:
    """What is due with those of the rules that list, by their names."""
    found: dict[str, Found] = {}
    for name, rule in engine.time_rules(parts.rules).items():
        whose = {each.person_id for each in asked if each.rule == name}
        if rule.lists and whose:
            found[name] = await due_with(tx, workspace_id, name, rule, whose, now, told=whose)
    return found


async def not_listed(
    parts: Parts,
    tx: Tx,
    workspace_id: str,
    lists: Collection[str],
    whom: Mapping[str, Person],
    muted: Mapping[str, Sequence[mutes.Muted]],
    now: datetime,
) -> dict[tuple[str, str], dict[str, datetime]]:
    """What these lists leave out, and until when: (rule, person id) -> by `subject_key`.

    What was put off by itself, and what is told of by itself.
    """
    if not lists:
        return {}
    found = {
        place: {key: each.expires_at for key, each in its.items()}
        for place, its in (await snoozes.withheld(tx, workspace_id, whom)).items()
    }
    speakers = set[str]().union(*(precedence.speakers(parts.rules, name) for name in lists))
    past = await insights.past(tx, workspace_id, speakers, whom, now) if speakers else {}
    for name in lists if speakers else ():
        for person in whom.values():
            kinds = {each.what.removeprefix(KIND) for each in muted.get(person.id, ())}
            said = {each: past.get((each, person.id), ()) for each in speakers}
            out = precedence.left_out_until(parts.rules, name, said, kinds, person, now)
            found.setdefault((name, person.id), {}).update(out)
    return found


def with_listed(
    parts: Parts,
    look: TruthLook,
    due: Found,
    whom: Mapping[str, Person],
    known: Mapping[str, Known],
    silent: Mapping[str, datetime],
) -> TruthLook:
    """The look with all that the list is to count now."""
    name, person_id = look.insight.rule, look.person.id
    if look.insight.subject != f"person:{person_id}":
        # It speaks of some of them by themselves.
        return look
    rule = engine.time_rules(parts.rules)[name]
    news, old = (
        in_truth(name, rule, which.get(person_id, NOTHING), whom, known, silent, look.now).due
        for which in (due.news, due.old)
    )
    if not (news.count or look.insight.backlog or look.insight.seen):
        # What it was to be said for is settled, and what was so before is no news.
        before = {subject_key(each) for each in old.subjects}
        return replace(
            look, things=[each for each in look.things if subject_key(each) not in before]
        )
    whole = all_of(news, old)
    return replace(look, listed=whole.subjects, listed_count=whole.count, old=old.count)
