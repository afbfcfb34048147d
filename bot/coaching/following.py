"""What was said follows the CRM: rules are asked whether it is still true, and so it becomes."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.coaching import listed_now
from bot.coaching.checking import Touched
from bot.runtime.parts import Parts
from coach import engine
from coach.errors import RuleFaultError
from coach.importance import most_important_first
from coach.keys import belongs_to, key_of, kind_of, subject_key
from coach.knowledge import UNKNOWN
from coach.models import About, Insight, InsightState, SubjectKind
from coach.muting import mute_of, names_of
from coach.namesakes import apart, deals_in, suggested_apart
from coach.phrases import Phrase, names, say
from coach.rule import ActionRule, PersonRule, Rule, TimeRule
from coach.settling import NAMED
from coach.truth import TRUE, Changed, Over, Standing, TruthLook
from storage import (
    deciding,
    ending,
    insights,
    loader,
    mutes,
    namesakes,
    people,
    showing,
    worth,
)
from storage import following as kept
from storage.database import Tx
from storage.following import Moved
from storage.loader import Asked

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Review:
    """Those of some insights that are not true as they were said."""

    over: dict[str, Over] = field(default_factory=dict)
    changed: dict[str, Changed] = field(default_factory=dict)
    #: What the changed ones were about until now.
    before: dict[str, Sequence[About]] = field(default_factory=dict)
    #: Whose they are.
    people: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        """Whether there is any such insight."""
        return bool(self.over or self.changed)

    def after(self, insight: Insight, now: datetime) -> Insight:
        """An insight as it is once `act` was done."""
        if (over := self.over.get(insight.fingerprint)) is not None:
            state = InsightState.RESOLVED
            return replace(insight, state=state, outcome=over.words, decided_at=now)
        if (new := self.changed.get(insight.fingerprint)) is None:
            return insight
        suggestion = replace(new.suggestion, params=new.suggestion.kept)
        return replace(insight, message=new.message, reason=new.reason, suggestion=suggestion)


async def review_of(
    parts: Parts,
    tx: Tx,
    workspace_id: str,
    touched: Sequence[Touched],
    now: datetime,
    *,
    here: frozenset[str] = frozenset(),
    taking: str | None = None,
) -> Review:
    """What of all that was said of these things, just changed, is not true any more.

    `here` are those that a person has changed by the coach, by `subject_key`; the insight from
    which they are doing it is left alone (`taking`): it ends when they are done.
    """
    if not touched:
        return Review()
    found = await kept.concerned(tx, workspace_id, _moved(parts.rules, touched))
    asked = [each for each in found if each.fingerprint != taking]
    return await ask(parts, tx, workspace_id, asked, now, here=here)


def _moved(rules: Mapping[str, Rule], touched: Sequence[Touched]) -> Moved:
    """The things, what they belong to where a rule goes by that, and who may have another first.

    Or who may have more of what is listed.
    """
    moved = Moved(touched[0].after.connection_id, {kind: set() for kind in SubjectKind})
    kinds = {kind_of(each.after) for each in touched}
    picked: set[SubjectKind] = set()
    for name, rule in rules.items():
        picks: frozenset[SubjectKind] = frozenset()
        if isinstance(rule, ActionRule):
            picks = rule.picks_from
        elif isinstance(rule, TimeRule) and rule.lists:
            picks = frozenset({rule.kind})
        if picks & kinds:
            picked |= picks
            moved.rules.add(name)
    movers = {kind: _movers(rules, kind) for kind in kinds}
    for touch in touched:
        kind = kind_of(touch.after)
        moved.things[kind].add(touch.after.id)
        always, perhaps = movers[kind]
        moves = always or any(rule.moved_when(touch.before, touch.after) for rule in perhaps)
        # As it was before counts too: it may have been taken from a deal, or from somebody.
        for each in touch:
            if each is None:
                continue
            if moves:
                for one in (SubjectKind.DEAL, SubjectKind.CONTACT):
                    if (id := belongs_to(each, one)) is not None:
                        moved.things[one].add(id)
            if kind in picked and each.person_id is not None:
                moved.people.add(each.person_id)
    return moved


def _movers(rules: Mapping[str, Rule], kind: SubjectKind) -> tuple[bool, list[TimeRule]]:
    """Whether a rule goes by things of this kind in what it says of what those belong to.

    Some do whatever has changed of them, the others look at the change first.
    """
    its = [r for r in rules.values() if not isinstance(r, PersonRule) and kind in r.moved_by]
    looking = [rule for rule in its if isinstance(rule, TimeRule)]
    return len(looking) < len(its), looking


async def ask(
    parts: Parts,
    tx: Tx,
    workspace_id: str,
    open_: Sequence[Insight],
    now: datetime,
    *,
    here: frozenset[str] = frozenset(),
) -> Review:
    """Ask the rules of these open insights whether they are still true.

    One from which something was done already is left alone, unless it lists things: its person is
    at it. One whose rule fails stays as it is, and stops no other.
    """
    review = Review()
    if not open_:
        return review
    prints = [each.fingerprint for each in open_]
    at_work = await kept.worked_on(tx, workspace_id, prints)
    asked = [each for each in open_ if each.fingerprint not in at_work or is_list(parts, each)]
    if not asked:
        return review
    about = await insights.subjects(tx, workspace_id, prints)
    places = [(each.kind, each.connection_id, each.id) for all_ in about.values() for each in all_]
    things = await showing.by_places(tx, workspace_id, places)
    whom = await people.load(tx, workspace_id, {each.person_id for each in asked})
    wanted = engine.known_for_truth(parts.rules, {each.rule for each in asked})
    muted = await mutes.of(tx, workspace_id, whom, now)
    due = await listed_now.listed(parts, tx, workspace_id, asked, now)
    silent_in = await listed_now.not_listed(parts, tx, workspace_id, due, whom, muted, now)
    subjects = [*things.values(), *(one for each in due.values() for one in each.subjects)]
    known = await loader.find(tx, parts.loaders, wanted, Asked(workspace_id, set(whom), subjects))
    standings: dict[str, Standing] = {}
    for insight in asked:
        its = about.get(insight.fingerprint, ())
        its_things = [
            thing
            for each in its
            if (thing := things.get((each.kind, each.connection_id, each.id))) is not None
        ]
        person = whom[insight.person_id]
        look = TruthLook(
            now, person, insight, its, its_things, known.get(person.id, UNKNOWN), here=here
        )
        if insight.rule in due:
            its_own = silent_in.get((insight.rule, person.id), {})
            look = listed_now.with_listed(parts, look, due[insight.rule], whom, known, its_own)
        silent = {each.what for each in muted.get(person.id, ())}
        standings[insight.fingerprint] = _without(parts, look, silent)
    standings = await _told_apart(tx, workspace_id, standings)
    for insight in asked:
        print_ = insight.fingerprint
        match standings[print_]:
            case Over() as over:
                review.over[print_] = over
            case Changed() as new if not new.says_the_same(insight, about.get(print_, ())):
                review.changed[print_] = new
                review.before[print_] = about.get(print_, ())
            case _:
                continue
        review.people.add(insight.person_id)
    return review


def is_list(parts: Parts, insight: Insight) -> bool:
    """Whether it lists things, each to be seen to by itself."""
    action = parts.actions.get(insight.suggestion.action)
    return action is not None and action.lists


def _without(parts: Parts, look: TruthLook, silent: Collection[str]) -> Standing:
    """Whether it is true, without what its person wants to hear nothing of."""
    heard = [each for each in look.things if subject_key(each) not in silent]
    if len(heard) == len(look.things) or len(look.about) == 1:
        return _standing(parts, look)
    found = _standing(parts, replace(look, things=heard))
    if isinstance(found, Over) and not isinstance(whole := _standing(parts, look), Over):
        # Nothing but that has settled it.
        named = names([each.thing for each in look.things if each not in heard], NAMED)
        found = Over(say("Muted: {things}", things=named))
    elif isinstance(found, Over):
        found = whole
    return found


def _standing(parts: Parts, look: TruthLook) -> Standing:
    try:
        return engine.still_true(parts.rules, look)
    except RuleFaultError as error:
        insight = look.insight
        log.error("%s cannot tell whether %s is true: %s", insight.rule, insight.fingerprint, error)
        return TRUE


async def _told_apart(
    tx: Tx, workspace_id: str, standings: Mapping[str, Standing]
) -> dict[str, Standing]:
    """The same, with deals that share a title told apart."""
    phrases = [
        phrase
        for each in standings.values()
        if isinstance(each, Changed)
        for phrase in (each.message, each.reason, *each.suggestion.params.values())
        if isinstance(phrase, Phrase)
    ]
    phrases += [each.words for each in standings.values() if isinstance(each, Over)]
    named = await namesakes.of(tx, workspace_id, deals_in(phrases))
    if not named:
        return dict(standings)
    found: dict[str, Standing] = {}
    for print_, each in standings.items():
        match each:
            case Changed(message, reason, suggestion):
                found[print_] = replace(
                    each,
                    message=apart(message, named),
                    reason=apart(reason, named),
                    suggestion=suggested_apart(suggestion, named),
                )
            case Over(words):
                found[print_] = Over(apart(words, named))
            case _:
                found[print_] = each
    return found


async def act(
    tx: Tx, workspace_id: str, review: Review, now: datetime, *, also: Iterable[str] = ()
) -> int:
    """Let insights follow what they are about: end them, or say them anew; returns how many.

    Their messages are drawn again or taken back, and attention decides anew about their people;
    about `also` too, whose turn is noted together with theirs: in one step nobody waits in a ring.
    Afterwards the caller rings the bells of attention and the sender.
    """
    if not review:
        return 0
    await deciding.reconsider(tx, workspace_id, {*review.people, *also}, now)
    owners = await ending.still_open(tx, workspace_id, {*review.over, *review.changed})
    over = {print_: each.words for print_, each in review.over.items() if print_ in owners}
    changed = {print_: each for print_, each in review.changed.items() if print_ in owners}
    await ending.resolve(tx, workspace_id, owners, over, now)
    await kept.say_anew(tx, workspace_id, changed, review.before)
    return len(over) + len(changed)


async def as_of_now(parts: Parts, shown: Collection[Insight]) -> list[Insight]:
    """Insights that are about to be shown, as they are now; those that were open are asked about.

    What is not true any more is ended or said anew, and comes back so. A few queries, however many
    insights there are.
    """
    now = parts.clock.now()
    by_workspace: dict[str, list[Insight]] = {}
    for each in shown:
        if each.state is InsightState.OPEN and each.expires_at > now:
            by_workspace.setdefault(each.workspace_id, []).append(each)
    if not by_workspace:
        return list(shown)
    async with parts.database.read() as tx:
        found = {id: await ask(parts, tx, id, open_, now) for id, open_ in by_workspace.items()}
    now_so: dict[tuple[str, str], Insight] = {}
    for id, review in sorted(found.items()):
        if review:
            prints = [*review.over, *review.changed]
            async with parts.database.write() as tx:
                for each in await _follow(parts, tx, id, review.people, prints, now):
                    now_so[id, each.fingerprint] = each
    if now_so:
        parts.wake.attention.set()
        parts.wake.sender.set()
    return [now_so.get((each.workspace_id, each.fingerprint), each) for each in shown]


async def _follow(
    parts: Parts,
    tx: Tx,
    workspace_id: str,
    whose: Collection[str],
    fingerprints: Sequence[str],
    now: datetime,
) -> list[Insight]:
    # Asked once more now that nobody else can change what is said to these people: what was read
    # before may be older than what an event has made of it meanwhile.
    await deciding.reconsider(tx, workspace_id, whose, now)
    found = await kept.these(tx, workspace_id, fingerprints)
    open_ = [each for each in found if each.state is InsightState.OPEN]
    review = await ask(parts, tx, workspace_id, open_, now)
    await act(tx, workspace_id, review, now)
    return [review.after(each, now) for each in found]


async def ask_again(
    parts: Parts, tx: Tx, workspace_id: str, fingerprints: Collection[str], now: datetime
) -> set[str]:
    """Let these insights follow what they are about, whose people nobody else decides about.

    Returns whose have ended or are said anew.
    """
    found = await kept.these(tx, workspace_id, fingerprints)
    review = await ask(parts, tx, workspace_id, found, now)
    await act(tx, workspace_id, review, now)
    return review.people


async def pending(parts: Parts, workspace_id: str, person_id: str) -> list[Insight]:
    """A person's open insights that are true now, the most important first.

    What they have muted is left out.
    """
    async with parts.database.read() as tx:
        now = parts.clock.now()
        found = await insights.pending(tx, workspace_id, person_id, now)
        found = await _heard(tx, workspace_id, person_id, found, now)
    open_ = [each for each in await as_of_now(parts, found) if each.state is InsightState.OPEN]
    async with parts.database.read() as tx:
        at_stake = await worth.of(tx, workspace_id, [each.fingerprint for each in open_])
    return most_important_first(open_, at_stake)


async def _heard(
    tx: Tx, workspace_id: str, person_id: str, open_: Sequence[Insight], now: datetime
) -> list[Insight]:
    muted = mutes.plainly((await mutes.of(tx, workspace_id, [person_id], now)).get(person_id, ()))
    if not muted:
        return list(open_)
    about = await insights.subjects(tx, workspace_id, [each.fingerprint for each in open_])
    heard: list[Insight] = []
    for each in open_:
        its = set(map(key_of, about.get(each.fingerprint, ())))
        by_names = names_of(each.rule, each.type, each.subject, its)
        if mute_of(by_names, muted, now) is None:
            heard.append(each)
    return heard
